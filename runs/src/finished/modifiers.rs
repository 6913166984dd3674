//! When which intervention acts on what.

use causeflow_engine::base::time::Time;

use super::{Columns, Finished};
use crate::error::Result;

/// An intervention's hold on one parameter, for some time.
#[derive(Clone, Debug)]
pub struct Modifier {
    /// The name that rows are attributed to.
    pub intervention: String,
    /// The parameter, such as `payment.failure/rate`; it begins with a stream.
    pub address: String,
    /// From when on it acts.
    pub start: Time,
    /// From when on it does nothing any more.
    pub settled: Time,
}

impl Modifier {
    /// The stream that it acts on.
    pub fn stream(&self) -> &str {
        self.address.split('/').next().unwrap_or_default()
    }
}

impl Finished {
    /// What acted when; nothing where nothing did.
    ///
    /// # Errors
    /// When the table is damaged or of another shape.
    pub fn modifiers(&self) -> Result<Vec<Modifier>> {
        let Some(table) = self.table("modifiers")? else {
            return Ok(Vec::new());
        };
        let columns = Columns(&table);
        let (intervention, address) = (columns.words("intervention")?, columns.words("address")?);
        let (start, settled) = (columns.times("start")?, columns.times("settled")?);
        let rows = (0..table.rows()).map(|row| Modifier {
            intervention: intervention[row].clone(),
            address: address[row].clone(),
            start: start[row],
            settled: settled[row],
        });
        Ok(rows.collect())
    }
}
