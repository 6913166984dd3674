//! A sink that keeps as much of the rows as the tests look at.

use std::collections::BTreeMap;

use causeflow_engine::base::table::{Chunk, RowSink, SinkError, Values};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::Program;

use crate::columns::{ATTRIBUTION, CAUSE, EVENT, ROOT, has_value, identifiers, times};

/// What is kept of a row.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub id: u64,
    pub time: Time,
    /// 0 where nothing caused it.
    pub cause: u64,
    pub root: u64,
    /// The dictionary's code of who made or changed it; 0 for nobody.
    pub by: u16,
    /// The number that was asked for, of its fields.
    pub number: f64,
}

/// Events of an hour: all of them, and those that nothing caused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub all: u64,
    pub rooted: u64,
}

/// Counts and keeps rows.
pub struct Keep {
    /// Streams to be kept, and the column of the number.
    kept: BTreeMap<usize, Option<usize>>,
    pub hours: BTreeMap<usize, BTreeMap<i64, Counts>>,
    pub rows: BTreeMap<usize, Vec<Row>>,
}

impl Keep {
    /// Keeps the rows of streams, with the number among their fields that is looked at, if any.
    pub fn new(program: &Program, kept: &[(&str, &str)]) -> Keep {
        let column = |(name, field): &(&str, &str)| {
            let stream = program.stream(name)?;
            let fields = &program.streams[stream].fields;
            let field = fields.iter().position(|(column, _)| column.name == *field);
            Some((stream.index(), field.map(|at| ATTRIBUTION + 1 + at)))
        };
        Keep {
            kept: kept.iter().filter_map(column).collect(),
            hours: BTreeMap::new(),
            rows: BTreeMap::new(),
        }
    }
}

impl RowSink for Keep {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        for chunk in &chunks {
            let hours = self.hours.entry(chunk.table).or_default();
            for (row, &time) in times(chunk).iter().enumerate() {
                let hour = hours.entry(Time(time).index_of(Span::HOUR)).or_default();
                hour.all += 1;
                hour.rooted += u64::from(!has_value(&chunk.columns[CAUSE], row));
            }
            if let Some(&number) = self.kept.get(&chunk.table) {
                let rows = self.rows.entry(chunk.table).or_default();
                rows.extend((0..chunk.rows).map(|row| row_of(chunk, row, number)));
            }
        }
        Ok(())
    }
}

fn row_of(chunk: &Chunk, row: usize, number: Option<usize>) -> Row {
    let columns = &chunk.columns;
    let cause = has_value(&columns[CAUSE], row).then(|| identifiers(&columns[CAUSE].values)[row]);
    let by = match &columns[ATTRIBUTION].values {
        Values::Text(codes) if has_value(&columns[ATTRIBUTION], row) => codes[row],
        _ => 0,
    };
    let number = number.map_or(0.0, |column| match &columns[column].values {
        Values::Float(numbers) => numbers[row],
        Values::Int(numbers) => f64::from(numbers[row]),
        other => panic!("{other:?} are not numbers"),
    });
    Row {
        id: identifiers(&columns[EVENT].values)[row],
        time: Time(times(chunk)[row]),
        cause: cause.unwrap_or(0),
        root: identifiers(&columns[ROOT].values)[row],
        by,
        number,
    }
}
