//! The difference of a run from its twin without what was asked for.

use super::{Columns, Finished};
use crate::error::Result;

/// A stream and how it differs from its twin.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The stream.
    pub stream: String,
    /// Its events.
    pub rows: u64,
    /// Those in the twin.
    pub twin_rows: u64,
    /// Only in the run.
    pub added: u64,
    /// Only in the twin.
    pub removed: u64,
    /// At another time in the twin.
    pub moved: u64,
    /// At the same time with other values.
    pub changed: u64,
}

impl Finished {
    /// How each stream differs from the twin; nothing if the run was played without one.
    ///
    /// # Errors
    /// When the table is damaged or of another shape.
    pub fn counterfactual(&self) -> Result<Option<Vec<Compared>>> {
        let Some(table) = self.table("counterfactual/summary")? else {
            return Ok(None);
        };
        let columns = Columns(&table);
        let stream = columns.words("stream")?;
        let (rows, twin_rows) = (columns.counts("rows")?, columns.counts("twin_rows")?);
        let (added, removed) = (columns.counts("added")?, columns.counts("removed")?);
        let (moved, changed) = (columns.counts("moved")?, columns.counts("changed")?);
        let all = (0..table.rows()).map(|row| Compared {
            stream: stream[row].clone(),
            rows: rows[row],
            twin_rows: twin_rows[row],
            added: added[row],
            removed: removed[row],
            moved: moved[row],
            changed: changed[row],
        });
        Ok(Some(all.collect()))
    }
}
