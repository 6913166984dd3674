//! One run's rows of a stream while two are compared: the batch at hand and what is kept of it.

use super::lanes::Lane;
use super::store::Store;
use super::texts::{Texts, Translator};
use crate::arrow::array::{AsArray, RecordBatch};
use crate::arrow::buffer::ScalarBuffer;
use crate::arrow::datatypes::{TimestampMicrosecondType, UInt64Type};
use crate::error::Error;
use crate::read::Reader;
use crate::read::columns::{ATTRIBUTION, EVENT_ID, TIME};
use causeflow_engine::base::table::ColumnSpec;

/// Walks along the rows of a stream.
pub(super) struct RunSide<'a> {
    reader: Option<Reader<'a>>,
    /// The columns in the order of side A, and the texts of each.
    columns: Vec<(ColumnSpec, Translator)>,
    next: Option<RecordBatch>,
    lanes: Vec<Lane>,
    ids: ScalarBuffer<u64>,
    times: ScalarBuffer<i64>,
    at: usize,
    /// Rows of all batches so far.
    read: u64,
    /// Rows of the batch that go to the store when the batch is done.
    picked: Vec<usize>,
    pub store: Store,
}

impl<'a> RunSide<'a> {
    /// A side of no rows if there is no reader.
    pub fn new(reader: Option<Reader<'a>>, columns: &[ColumnSpec]) -> RunSide<'a> {
        let columns = columns
            .iter()
            .map(|column| (column.clone(), Translator::default()));
        let columns: Vec<_> = columns.collect();
        RunSide {
            reader,
            store: Store::new(columns.iter().map(|(column, _)| column.kind)),
            columns,
            next: None,
            lanes: Vec::new(),
            ids: ScalarBuffer::default(),
            times: ScalarBuffer::default(),
            at: 0,
            read: 0,
            picked: Vec::new(),
        }
    }

    /// The ids from the current row to the end of the batch; empty at the end of the stream.
    pub fn ids(&self) -> &[u64] {
        &self.ids[self.at..]
    }

    /// The times from the current row to the end of the batch.
    pub fn times(&self) -> &[i64] {
        &self.times[self.at..]
    }

    /// The columns of the batch, and the place of the current row in it.
    pub fn here(&self) -> (&[Lane], usize) {
        (&self.lanes, self.at)
    }

    /// Whether a batch is wanted: the last one is done, and there may be more.
    pub fn is_short(&self) -> bool {
        self.at == self.ids.len() && self.next.is_none() && self.reader.is_some()
    }

    /// Decodes the next batch if none waits.
    pub fn load(&mut self) -> Result<(), Error> {
        if let (None, Some(reader)) = (&self.next, &mut self.reader) {
            // The comparison walks along both runs in step, which takes rows in the order of time.
            self.next = reader.next_in_order()?;
            if self.next.is_none() {
                self.reader = None;
            }
        }
        Ok(())
    }

    /// Goes on to the batch that waits, when the current one is done.
    pub fn turn(&mut self, texts: &mut Texts) -> Result<(), Error> {
        if self.at < self.ids.len() {
            return Ok(());
        }
        self.keep();
        let Some(batch) = self.next.take() else {
            return Ok(());
        };
        self.ids = batch
            .column(EVENT_ID)
            .as_primitive::<UInt64Type>()
            .values()
            .clone();
        self.times = batch
            .column(TIME)
            .as_primitive::<TimestampMicrosecondType>()
            .values()
            .clone();
        self.at = 0;
        self.read += self.ids.len() as u64;
        self.lanes.clear();
        for (place, (column, translator)) in self.columns.iter_mut().enumerate() {
            let lane = match batch.column_by_name(&column.name) {
                Some(array) => Lane::new(array, column.kind, translator, texts)?,
                None => {
                    debug_assert_eq!(place, ATTRIBUTION, "all others are always read");
                    Lane::Missing
                }
            };
            self.lanes.push(lane);
        }
        Ok(())
    }

    /// How many rows there were so far, with those of the batch at hand.
    pub fn rows(&self) -> u64 {
        self.read
    }

    /// Goes on by so many rows.
    pub fn skip(&mut self, rows: usize) {
        self.at += rows;
    }

    /// Keeps the row that is so many after the current one, and returns its place in the store.
    pub fn pick(&mut self, ahead: usize) -> usize {
        self.picked.push(self.at + ahead);
        self.store.rows() + self.picked.len() - 1
    }

    /// Moves what was picked to the store.
    fn keep(&mut self) {
        self.store.extend(&self.lanes, &self.picked);
        self.picked.clear();
    }
}
