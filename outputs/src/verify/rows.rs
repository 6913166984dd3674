//! Reads a file of a stream from end to end: fingerprint, order, range, and what each row says about other events.

use super::finding::{Check, Finding, Findings};
use super::hash::{TextHashes, add};
use super::order::Standing;
use super::records::Packing;
use super::rules::{Rules, StreamRules};
use super::store::Outbox;
use super::tables::{Entities, Names};
use crate::arrays::exact_units;
use crate::arrow::array::{Array, AsArray, RecordBatch, UInt64Array};
use crate::arrow::buffer::ScalarBuffer;
use crate::arrow::datatypes::{
    ArrowPrimitiveType, Float64Type, Int32Type, TimestampMicrosecondType, UInt16Type, UInt64Type,
};
use crate::error::Error;
use crate::file::FileEntry;
use crate::read::columns::{ATTRIBUTION, CAUSE_ID, CELL, EVENT_ID, FIELDS, ROOT_ID, TIME};
use crate::read::{FinishedRun, Reader};
use crate::time_text::shown;
use causeflow_engine::base::fingerprint::{Digest, RowHashes};
use causeflow_engine::base::table::{ColumnSpec, ColumnType};
use std::ops::Range;

/// What all files are checked against.
pub(super) struct Context<'a> {
    pub run: &'a FinishedRun,
    pub range: Range<i64>,
    pub packing: &'a Packing,
    pub rules: Option<&'a Rules>,
    pub entities: &'a Entities,
    /// What rows may be attributed to; nothing if that cannot be read.
    pub names: Option<&'a Names>,
}

/// What came of a file.
#[derive(Default)]
pub(super) struct FileRows {
    pub digest: Digest,
    pub first: Option<Standing>,
    pub last: Option<Standing>,
    pub findings: Findings,
    /// References of rows to other events.
    pub links: u64,
    /// Ids in fields that are missing, as what is referred to is nobody.
    pub nobody: u64,
    /// Whole numbers in fields that are the least or the greatest that 32 bits hold.
    pub at_bounds: u64,
}

/// Reads a file of the stream at this place of the manifest.
pub(super) fn read_file(
    context: &Context<'_>,
    stream: usize,
    entry: &FileEntry,
    outbox: &mut Outbox<'_>,
) -> Result<FileRows, Error> {
    let mut rows = FileRows::default();
    let opened = Reader::new(context.run, vec![entry], true);
    let mut reader = match opened {
        Ok(reader) => reader,
        Err(error) => return unreadable(rows, stream, entry, Check::Schema, error),
    };
    let name = &context.run.manifest().streams[stream].name;
    let rules = context.rules.map(|rules| (rules, &rules.streams[stream]));
    if let Some((_, rules)) = rules
        && let Some((found, expected)) = difference(reader.columns(), &rules.columns)
    {
        rows.findings
            .add(Check::Schema, (stream, 0, 0), || Finding {
                file: Some(entry.path.clone()),
                table: Some(name.clone()),
                found,
                expected,
                ..Finding::default()
            });
        // Its fields mean something else, then: nothing can be said about them.
        return Ok(rows);
    }
    let mut file = FileCheck {
        context,
        stream,
        name,
        rules,
        path: &entry.path,
        columns: reader.columns().to_vec(),
        texts: Vec::new(),
        before: 0,
        rows,
    };
    file.texts = file.columns.iter().map(|_| TextHashes::default()).collect();
    loop {
        match reader.next() {
            Ok(Some(batch)) => file.batch(&batch, outbox)?,
            Ok(None) => return Ok(file.rows),
            Err(error) => return unreadable(file.rows, stream, entry, Check::Unreadable, error),
        }
    }
}

/// Notes that a file cannot be read, if that is the file's fault.
fn unreadable(
    mut rows: FileRows,
    stream: usize,
    entry: &FileEntry,
    check: Check,
    error: Error,
) -> Result<FileRows, Error> {
    let Error::Input { message, .. } = error else {
        return Err(error);
    };
    rows.findings.add(check, (stream, 0, 0), || Finding {
        file: Some(entry.path.clone()),
        found: message,
        expected: "a file of the stream as it was written".into(),
        ..Finding::default()
    });
    Ok(rows)
}

/// How two lists of columns differ: what was found, and what was expected.
pub(super) fn difference(
    found: &[ColumnSpec],
    expected: &[ColumnSpec],
) -> Option<(String, String)> {
    if found == expected {
        return None;
    }
    let shown = |column: Option<&ColumnSpec>| match column {
        None => "no more columns".to_owned(),
        Some(column) => {
            let unit = column
                .unit
                .as_ref()
                .map_or(String::new(), |unit| format!(", in {unit}"));
            let missing = if column.nullable {
                ", may be missing"
            } else {
                ""
            };
            format!(
                "column `{}` ({:?}{unit}{missing})",
                column.name, column.kind
            )
        }
    };
    let most = found.len().max(expected.len());
    let place = (0..most).find(|&at| found.get(at) != expected.get(at))?;
    let (mut a, mut b) = (shown(found.get(place)), shown(expected.get(place)));
    if a == b {
        (a, b) = (
            a + " with another description",
            b + " with the model's description",
        );
    }
    Some((a, b))
}

/// A file while it is read.
pub(super) struct FileCheck<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) stream: usize,
    name: &'a str,
    pub(super) rules: Option<(&'a Rules, &'a StreamRules)>,
    path: &'a str,
    pub(super) columns: Vec<ColumnSpec>,
    texts: Vec<TextHashes>,
    /// Rows before the batch.
    before: u64,
    pub(super) rows: FileRows,
}

/// The columns of a batch that every stream has.
pub(super) struct Heads {
    pub(super) ids: ScalarBuffer<u64>,
    pub(super) times: ScalarBuffer<i64>,
    pub(super) causes: UInt64Array,
    pub(super) roots: ScalarBuffer<u64>,
    pub(super) cells: ScalarBuffer<u16>,
}

fn values<T: ArrowPrimitiveType>(batch: &RecordBatch, column: usize) -> ScalarBuffer<T::Native> {
    batch.column(column).as_primitive::<T>().values().clone()
}

impl FileCheck<'_> {
    fn batch(&mut self, batch: &RecordBatch, outbox: &mut Outbox<'_>) -> Result<(), Error> {
        let heads = Heads {
            ids: values::<UInt64Type>(batch, EVENT_ID),
            times: values::<TimestampMicrosecondType>(batch, TIME),
            causes: batch.column(CAUSE_ID).as_primitive::<UInt64Type>().clone(),
            roots: values::<UInt64Type>(batch, ROOT_ID),
            cells: values::<UInt16Type>(batch, CELL),
        };
        self.digest(batch);
        self.notable(batch);
        self.range(&heads);
        self.ids(batch, &heads);
        self.numbers(batch, &heads);
        self.digits(batch, &heads);
        self.attribution(batch, &heads);
        // The place of each row's effect among the stream's incoming ones.
        let effects = match self.rules {
            Some((rules, of_stream)) => {
                let effects = self.follow(batch, &heads, rules, of_stream, outbox)?;
                self.fields(batch, &heads, of_stream, &effects, outbox)?;
                self.lines(batch, &heads, outbox)?;
                self.joins(batch, &heads, outbox)?;
                self.histories(batch, &heads, outbox)?;
                Some(effects)
            }
            None => {
                self.follow_without_rules(&heads, outbox)?;
                None
            }
        };
        self.order(&heads, effects.as_deref());
        self.before += batch.num_rows() as u64;
        Ok(())
    }

    fn digest(&mut self, batch: &RecordBatch) {
        let rows = batch.num_rows();
        let mut hashes = RowHashes::new(rows);
        let columns = self.columns.iter().zip(&mut self.texts);
        // The reader leaves `attribution` out where no row has one.
        let mut arrays = batch.columns().iter();
        let left_out = batch.num_columns() < self.columns.len();
        for (place, (column, texts)) in columns.enumerate() {
            match arrays.as_slice().first() {
                _ if left_out && place == ATTRIBUTION => hashes.missing(),
                Some(array) => {
                    add(&mut hashes, array, column.kind, texts);
                    arrays.next();
                }
                None => hashes.missing(),
            }
        }
        self.rows.digest.merge(&hashes.finish());
    }

    /// Counts what is no fault, but worth knowing: ids of nobody, and whole numbers at the bounds of what they can be.
    fn notable(&mut self, batch: &RecordBatch) {
        let left_out = self.columns.len() - batch.num_columns();
        let arrays = &batch.columns()[FIELDS - left_out..];
        for (column, array) in self.columns[FIELDS..].iter().zip(arrays) {
            match column.kind {
                ColumnType::Id => self.rows.nobody += array.null_count() as u64,
                ColumnType::Int => {
                    let values = array.as_primitive::<Int32Type>().values();
                    let bound = |value: &&i32| **value == i32::MIN || **value == i32::MAX;
                    self.rows.at_bounds += values.iter().filter(bound).count() as u64;
                }
                ColumnType::Time
                | ColumnType::Float
                | ColumnType::Exact(_)
                | ColumnType::Small
                | ColumnType::Bool
                | ColumnType::Text
                | ColumnType::String => {}
            }
        }
    }

    fn range(&mut self, heads: &Heads) {
        let range = &self.context.range;
        let inside = |time: &i64| range.contains(time);
        if heads
            .times
            .iter()
            .fold(true, |all, time| all & inside(time))
        {
            return;
        }
        let outside = heads.times.iter().enumerate();
        for (row, &time) in outside.filter(|(_, time)| !inside(time)) {
            let range = range.clone();
            self.add(Check::Range, heads, row, None, || {
                (
                    shown(time),
                    format!(
                        "a time from {} to before {}",
                        shown(range.start),
                        shown(range.end)
                    ),
                )
            });
        }
    }

    /// Checks that ids are such as every reader can take for a positive signed number.
    fn ids(&mut self, batch: &RecordBatch, heads: &Heads) {
        let left_out = self.columns.len() - batch.num_columns();
        for place in 0..self.columns.len() {
            if self.columns[place].kind != ColumnType::Id {
                continue;
            }
            let at = if place > ATTRIBUTION {
                place - left_out
            } else {
                place
            };
            let ids = batch
                .column(at)
                .as_primitive::<UInt64Type>()
                .values()
                .clone();
            if ids.iter().fold(0, |all, id| all | id) <= i64::MAX.cast_unsigned() {
                continue;
            }
            for (row, id) in ids.iter().enumerate() {
                if id.cast_signed() < 0 {
                    self.add(Check::Id, heads, row, Some(place), || {
                        let expected = "a positive number of 63 bits".to_owned();
                        (id.cast_signed().to_string(), expected)
                    });
                }
            }
        }
    }

    /// Checks that exact numbers have no more digits than their columns say.
    fn digits(&mut self, batch: &RecordBatch, heads: &Heads) {
        let left_out = self.columns.len() - batch.num_columns();
        for place in FIELDS..self.columns.len() {
            let ColumnType::Exact(digits) = self.columns[place].kind else {
                continue;
            };
            let numbers = exact_units(batch.column(place - left_out));
            for (row, units) in numbers.iter().enumerate() {
                if let Some(units) = units.filter(|&units| !digits.hold(units)) {
                    self.add(Check::Number, heads, row, Some(place), || {
                        (digits.show(units).to_string(), format!("a {digits}"))
                    });
                }
            }
        }
    }

    /// Checks that numbers are finite, as all are that expressions come to.
    fn numbers(&mut self, batch: &RecordBatch, heads: &Heads) {
        let left_out = self.columns.len() - batch.num_columns();
        for place in ATTRIBUTION + 1..self.columns.len() {
            if self.columns[place].kind != ColumnType::Float {
                continue;
            }
            let array = batch.column(place - left_out);
            let values = array.as_primitive::<Float64Type>().values().clone();
            if values.iter().fold(true, |all, x| all & x.is_finite()) {
                continue;
            }
            for (row, x) in values.iter().enumerate().filter(|(_, x)| !x.is_finite()) {
                self.add(Check::Number, heads, row, Some(place), || {
                    (x.to_string(), "a finite number".to_owned())
                });
            }
        }
    }

    fn attribution(&mut self, batch: &RecordBatch, heads: &Heads) {
        if batch.num_columns() < self.columns.len() {
            return;
        }
        let array = batch.column(ATTRIBUTION).as_dictionary::<UInt16Type>();
        let keys = array.keys();
        if keys.null_count() == keys.len() {
            return;
        }
        let texts = array.values().as_string::<i32>();
        let Some(names) = self.context.names else {
            return;
        };
        let starts: Vec<Option<i64>> = (0..texts.len())
            .map(|at| names.start(texts.value(at)))
            .collect();
        for (row, key) in keys.iter().enumerate() {
            let Some(key) = key.map(usize::from) else {
                continue;
            };
            let time = heads.times[row];
            match starts.get(key) {
                Some(Some(start)) if *start <= time => {}
                start => self.add(Check::Attribution, heads, row, Some(ATTRIBUTION), || {
                    let name = match key < texts.len() {
                        true => texts.value(key),
                        false => "a text that the file does not have",
                    };
                    match start {
                        Some(Some(start)) => (
                            format!("`{name}`, which begins at {}", shown(*start)),
                            format!("something that had begun by {}", shown(time)),
                        ),
                        _ => (
                            format!("`{name}`"),
                            "a scenario of the manifest or an event of external_events".to_owned(),
                        ),
                    }
                }),
            }
        }
    }

    /// Notes a finding on a row of the batch: what was found, and what was expected.
    pub(super) fn add(
        &mut self,
        check: Check,
        heads: &Heads,
        row: usize,
        column: Option<usize>,
        what: impl FnOnce() -> (String, String),
    ) {
        let (id, time) = (heads.ids[row], heads.times[row]);
        let (path, name, columns) = (self.path, self.name, &self.columns);
        let at = self.before + row as u64;
        self.rows.findings.add(check, (self.stream, time, id), || {
            let (found, expected) = what();
            Finding {
                file: Some(path.to_owned()),
                row: Some(at),
                table: Some(name.to_owned()),
                id: Some(id),
                column: column.map(|column| columns[column].name.clone()),
                found,
                expected,
                advice: None,
            }
        });
    }
}

/// Stands for the effect of an event without a cause.
pub(super) const NO_EFFECT: u16 = u16::MAX;
/// Stands for the effect of an event that no effect explains.
pub(super) const UNKNOWN: u16 = u16::MAX - 1;
