//! Finds one event of a run by its id.

use super::columns::{ATTRIBUTION, CAUSE_ID, EVENT_ID, FIELDS, TIME, columns};
use super::run::{FinishedRun, unreadable};
use crate::error::Error;
use crate::time_text::shown;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int32Type, TimestampMicrosecondType, UInt16Type, UInt64Type};
use arrow::error::ArrowError;
use causeflow_engine::table::ColumnType;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use serde_json::Value;
use std::fs::File;

/// Ids that are looked at at once.
const BATCH_ROWS: usize = 65_536;

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
            let wrong = |error: &dyn std::fmt::Display| {
                Error::input(
                    &path,
                    format!("cannot be read: {error}; play the run again"),
                )
            };
            let file = File::open(&path).map_err(|error| unreadable(&path, error))?;
            let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
                .map_err(|error| wrong(&error))?;
            let kinds = columns(metadata.schema()).map_err(|error| wrong(&error))?;
            let Some(row) = find(&file, &metadata, id).map_err(|error| wrong(&error))? else {
                continue;
            };
            let batch = read_row(&file, &metadata, row).map_err(|error| wrong(&error))?;
            let kinds = kinds.iter().map(|column| column.kind);
            return Ok(Some(event_row(stream, &entry.path, row, &batch, kinds)));
        }
        Ok(None)
    }
}

/// The place of an id in a file.
fn find(file: &File, metadata: &ArrowReaderMetadata, id: u64) -> Result<Option<usize>, ArrowError> {
    let mask = ProjectionMask::roots(metadata.parquet_schema(), [EVENT_ID]);
    let reader = open(file, metadata)?
        .with_projection(mask)
        .with_batch_size(BATCH_ROWS)
        .build()?;
    let mut before = 0;
    for batch in reader {
        let batch = batch?;
        let ids = batch.column(0).as_primitive::<UInt64Type>().values();
        if let Some(at) = ids.iter().position(|&found| found == id) {
            return Ok(Some(before + at));
        }
        before += ids.len();
    }
    Ok(None)
}

fn read_row(
    file: &File,
    metadata: &ArrowReaderMetadata,
    row: usize,
) -> Result<RecordBatch, ArrowError> {
    let mut reader: ParquetRecordBatchReader = open(file, metadata)?
        .with_offset(row)
        .with_limit(1)
        .build()?;
    let missing = || ArrowError::ParquetError("it ends before its last row".into());
    reader.next().ok_or_else(missing)?
}

fn open(
    file: &File,
    metadata: &ArrowReaderMetadata,
) -> Result<ParquetRecordBatchReaderBuilder<File>, ArrowError> {
    let file = file.try_clone()?;
    Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(
        file,
        metadata.clone(),
    ))
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
        ColumnType::Small => array.as_primitive::<UInt16Type>().value(0).into(),
        ColumnType::Bool => array.as_boolean().value(0).into(),
        ColumnType::Text => {
            let texts = array.as_dictionary::<UInt16Type>();
            let key = texts.keys().value(0);
            let texts = texts.values().as_string::<i32>();
            let known = usize::from(key) < texts.len();
            known.then(|| texts.value(usize::from(key))).into()
        }
    }
}
