//! Reads a small table of a finished run as a whole, such as its effects.

use crate::error::Error;
use crate::read::text::read_texts;
use crate::read::{FinishedRun, unreadable};
use crate::text_file::TextFormat;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchReader, new_null_array};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Float64Type, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use arrow::util::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::fs::File;
use std::path::{Path, PathBuf};

/// A table that has been read.
#[derive(Debug)]
pub struct SmallTable {
    path: PathBuf,
    rows: RecordBatch,
}

/// The first row at which two columns of the same length differ.
fn first_difference(a: &ArrayRef, b: &ArrayRef) -> Option<usize> {
    if a == b {
        return None;
    }
    let same = |row: &usize| a.slice(*row, 1) == b.slice(*row, 1);
    Some((0..a.len()).find(|row| !same(row)).unwrap_or(0))
}

fn shown(column: &ArrayRef, row: usize) -> String {
    match array_value_to_string(column, row) {
        Ok(_) if column.is_null(row) => "nothing".to_owned(),
        Ok(text) => text,
        Err(error) => error.to_string(),
    }
}

impl FinishedRun {
    /// The table of this name beside the manifest, such as `effects`; nothing if the run has none.
    ///
    /// # Errors
    /// [`Error::Input`] when the file is missing, damaged, or not what the manifest says; [`Error::Io`] when the disk
    /// fails.
    pub fn table(&self, name: &str) -> Result<Option<SmallTable>, Error> {
        let wanted = format!("{name}.{}", self.manifest().format.ending());
        let mut files = self.manifest().files.iter();
        let Some(entry) = files.find(|file| file.path == wanted) else {
            return Ok(None);
        };
        self.check(&[entry])?;
        SmallTable::read(&self.folder().join(&entry.path)).map(Some)
    }
}

fn whole(
    schema: &SchemaRef,
    batches: impl Iterator<Item = Result<RecordBatch, ArrowError>>,
) -> Result<RecordBatch, ArrowError> {
    let batches = batches.collect::<Result<Vec<RecordBatch>, ArrowError>>()?;
    concat_batches(schema, &batches)
}

/// Reads a whole file. Text has no types: its columns are texts, which [`SmallTable`] turns into what is asked for.
fn read(path: &Path, file: File) -> Result<RecordBatch, ArrowError> {
    let text = |format| {
        let rows = read_texts(file.try_clone()?, format);
        rows.map_err(ArrowError::ParseError)
    };
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => text(TextFormat::Csv),
        Some("jsonl") => text(TextFormat::Jsonl),
        Some("arrow") => {
            let reader = FileReader::try_new_buffered(file, None)?;
            whole(&reader.schema(), reader)
        }
        _ => {
            let reader = ParquetRecordBatchReaderBuilder::try_new(file)?.build()?;
            whole(&RecordBatchReader::schema(&reader), reader)
        }
    }
}

fn damaged(path: &Path, error: &ArrowError) -> Error {
    Error::input(path, format!("cannot be read: {error}; play the run again"))
}

/// The first place at which a table is not as another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableDifference {
    /// The row's place, from 0; nothing where columns or numbers of rows differ.
    pub row: Option<u64>,
    /// The column.
    pub column: Option<String>,
    /// What this table has.
    pub found: String,
    /// What the other one has.
    pub expected: String,
}

impl SmallTable {
    /// Reads a file of a table, in whichever format it is.
    ///
    /// # Errors
    /// [`Error::Input`] when it is missing or damaged; [`Error::Io`] when the disk fails.
    pub fn open(path: &Path) -> Result<SmallTable, Error> {
        SmallTable::read(path)
    }

    /// How this table differs from another one, if its rows do.
    pub fn difference(&self, other: &SmallTable) -> Option<TableDifference> {
        let (a, b) = (&self.rows, &other.rows);
        let shape = |rows: &RecordBatch| {
            let schema = rows.schema();
            let columns = schema.fields().iter().map(|field| field.name().as_str());
            format!(
                "{} rows of {}",
                rows.num_rows(),
                columns.collect::<Vec<_>>().join(", ")
            )
        };
        if shape(a) != shape(b) {
            return Some(TableDifference {
                row: None,
                column: None,
                found: shape(a),
                expected: shape(b),
            });
        }
        let schema = a.schema();
        let columns = schema.fields().iter().zip(a.columns()).zip(b.columns());
        columns
            .filter_map(|((field, a), b)| {
                let row = first_difference(a, b)?;
                Some((row, field.name(), a, b))
            })
            .min_by_key(|(row, ..)| *row)
            .map(|(row, name, a, b)| TableDifference {
                row: Some(row as u64),
                column: Some(name.clone()),
                found: shown(a, row),
                expected: shown(b, row),
            })
    }

    pub(crate) fn read(path: &Path) -> Result<SmallTable, Error> {
        let file = File::open(path).map_err(|error| unreadable(path, error))?;
        let rows = read(path, file).map_err(|error| damaged(path, &error))?;
        let path = path.to_owned();
        Ok(SmallTable { path, rows })
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows.num_rows()
    }

    /// A column of texts.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no such column.
    pub fn texts(&self, column: &str) -> Result<Vec<Option<String>>, Error> {
        let texts = self.column(column, &DataType::Utf8)?;
        let texts = texts.as_string::<i32>();
        Ok(texts.iter().map(|text| text.map(str::to_owned)).collect())
    }

    /// A column of numbers of any kind; those from 2^53 on lose their last digits.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no such column.
    pub fn numbers(&self, column: &str) -> Result<Vec<Option<f64>>, Error> {
        let numbers = self.column(column, &DataType::Float64)?;
        Ok(numbers.as_primitive::<Float64Type>().iter().collect())
    }

    /// A column of times, in microseconds since 1970.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no such column.
    pub fn times(&self, column: &str) -> Result<Vec<Option<i64>>, Error> {
        let times = self.column(column, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
        let times = times.as_primitive::<TimestampMicrosecondType>();
        Ok(times.iter().collect())
    }

    fn column(&self, name: &str, kind: &DataType) -> Result<ArrayRef, Error> {
        let Some(column) = self.rows.column_by_name(name) else {
            // Where no row has a value, JSON lines do not know of a column.
            if self
                .path
                .extension()
                .is_some_and(|ending| ending == "jsonl")
            {
                return Ok(new_null_array(kind, self.rows()));
            }
            let message = format!(
                "has no column `{name}`: the file was changed, or another version wrote it; play the run again"
            );
            return Err(Error::input(&self.path, message));
        };
        let column = cast(column, kind).map_err(|error| damaged(&self.path, &error))?;
        debug_assert_eq!(column.len(), self.rows());
        Ok(column)
    }
}
