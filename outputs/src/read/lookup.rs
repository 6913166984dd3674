//! Finds one event of a run by its id.

use super::columns::{ATTRIBUTION, CAUSE_ID, EVENT_ID, FIELDS, TIME, check_common};
use super::run::FinishedRun;
use super::source::{Source, Wanted};
use crate::arrays::exact_units;
use crate::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use crate::arrow::datatypes::{
    Float64Type, Int32Type, TimestampMicrosecondType, UInt16Type, UInt64Type,
};
use crate::error::Error;
use crate::time_text::shown;
use causeflow_engine::base::table::ColumnType;
use serde_json::Value;

/// An event as its stream's file has it.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// The stream.
    pub stream: String,
    /// The file, relative to the manifest.
    pub file: String,
    /// The row's place in it, from 0.
    pub row: u64,
    /// Its time, in microseconds since 1970.
    pub time_us: i64,
    /// Its cause's id; nothing if nothing caused it.
    pub cause_id: Option<u64>,
    /// Who made or changed it.
    pub attribution: Option<String>,
    /// All columns in order: ids and times as text, `Null` for a missing value.
    pub columns: Vec<(String, Value)>,
}

impl FinishedRun {
    /// The event of this id in one of the run's streams; nothing if it is not there.
    ///
    /// Reads the ids of the whole stream until it is found. The digests of files are not checked.
    ///
    /// # Errors
    /// [`Error::Input`] when a file is missing, damaged, or of another shape; [`Error::Io`] when the disk fails.
    pub fn event(&self, stream: &str, id: u64) -> Result<Option<EventRow>, Error> {
        if self.stream(stream).is_none() {
            return Ok(None);
        }
        for entry in self.parts(stream)? {
            let path = self.folder().join(&entry.path);
            let wrong = |error: String| {
                let message = format!("cannot be read: {error}; play the run again");
                Error::input(&path, message)
            };
            let ids = Wanted {
                columns: Some(vec![EVENT_ID]),
                ..Wanted::default()
            };
            let mut ids = self.source(entry, ids)?;
            check_common(ids.columns()).map_err(wrong)?;
            let Some(row) = find(&mut ids, id).map_err(wrong)? else {
                continue;
            };
            let source = self.source(entry, Wanted::default())?;
            let kinds: Vec<ColumnType> = source.columns().iter().map(|c| c.kind).collect();
            let batch = source.row(row).map_err(wrong)?;
            return Ok(Some(event_row(
                stream,
                &entry.path,
                row,
                &batch,
                kinds.into_iter(),
            )));
        }
        Ok(None)
    }
}

/// The place of an id in a file.
fn find(source: &mut Source, id: u64) -> Result<Option<usize>, String> {
    let mut before = 0;
    while let Some(batch) = source.next()? {
        let ids = batch.column(0).as_primitive::<UInt64Type>().values();
        if let Some(at) = ids.iter().position(|&found| found == id) {
            return Ok(Some(before + at));
        }
        before += ids.len();
    }
    Ok(None)
}

fn event_row(
    stream: &str,
    file: &str,
    row: usize,
    batch: &RecordBatch,
    kinds: impl Iterator<Item = ColumnType>,
) -> EventRow {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns()).zip(kinds);
    let columns: Vec<(String, Value)> = columns
        .map(|((field, array), kind)| (field.name().clone(), value(array, kind)))
        .collect();
    debug_assert!(columns.len() >= FIELDS, "the columns were checked");
    let cause = batch.column(CAUSE_ID).as_primitive::<UInt64Type>();
    let times = batch
        .column(TIME)
        .as_primitive::<TimestampMicrosecondType>();
    EventRow {
        stream: stream.to_owned(),
        file: file.to_owned(),
        row: row as u64,
        time_us: times.value(0),
        cause_id: cause.is_valid(0).then(|| cause.value(0)),
        attribution: columns[ATTRIBUTION].1.as_str().map(str::to_owned),
        columns,
    }
}

/// The value in the first row of a column.
fn value(array: &ArrayRef, kind: ColumnType) -> Value {
    if array.is_null(0) {
        return Value::Null;
    }
    match kind {
        ColumnType::Id => array
            .as_primitive::<UInt64Type>()
            .value(0)
            .to_string()
            .into(),
        ColumnType::Time => {
            let time = array.as_primitive::<TimestampMicrosecondType>().value(0);
            shown(time).into()
        }
        ColumnType::Float => array.as_primitive::<Float64Type>().value(0).into(),
        ColumnType::Int => array.as_primitive::<Int32Type>().value(0).into(),
        ColumnType::Exact(digits) => {
            let shown = digits.show(exact_units(array).value(0)).to_string();
            match digits.fit_a_float() {
                true => shown.parse::<f64>().map_or(Value::Null, Value::from),
                false => shown.into(),
            }
        }
        ColumnType::Small => array.as_primitive::<UInt16Type>().value(0).into(),
        ColumnType::Bool => array.as_boolean().value(0).into(),
        ColumnType::String => array.as_string::<i32>().value(0).into(),
        ColumnType::Text => {
            let texts = array.as_dictionary::<UInt16Type>();
            let key = texts.keys().value(0);
            let texts = texts.values().as_string::<i32>();
            let known = usize::from(key) < texts.len();
            known.then(|| texts.value(usize::from(key))).into()
        }
    }
}
