//! Reads a small table of a finished run as a whole, such as its effects.

use crate::arrays::exact_units;
use crate::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchReader};
use crate::arrow::compute::concat_batches;
use crate::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float64Type, Int32Type, Int64Type, SchemaRef, TimeUnit,
    TimestampMicrosecondType, UInt16Type,
};
use crate::arrow::error::ArrowError;
use crate::arrow::ipc::reader::FileReader;
use crate::error::Error;
use crate::read::text::read_texts;
use crate::read::{FinishedRun, unreadable};
use crate::row_text::TextFormat;
use crate::time_text;
use causeflow_engine::base::exact::Digits;
use jiff::Timestamp;
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
    let one = column.slice(row, 1);
    let shown = texts_of(&one).into_iter().next().flatten();
    shown.unwrap_or_else(|| "nothing".to_owned())
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
        self.column(column, texts_of)
    }

    /// A column of numbers of any kind; those from 2^53 on lose their last digits.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no such column.
    pub fn numbers(&self, column: &str) -> Result<Vec<Option<f64>>, Error> {
        self.column(column, numbers_of)
    }

    /// A column of times, in microseconds since 1970.
    ///
    /// # Errors
    /// [`Error::Input`] when there is no such column.
    pub fn times(&self, column: &str) -> Result<Vec<Option<i64>>, Error> {
        self.column(column, times_of)
    }

    fn column<T: Clone>(
        &self,
        name: &str,
        values: impl Fn(&ArrayRef) -> Vec<Option<T>>,
    ) -> Result<Vec<Option<T>>, Error> {
        let Some(column) = self.rows.column_by_name(name) else {
            // Where no row has a value, JSON lines do not know of a column.
            if self
                .path
                .extension()
                .is_some_and(|ending| ending == "jsonl")
            {
                return Ok(vec![None; self.rows()]);
            }
            let message = format!(
                "has no column `{name}`: the file was changed, or another version wrote it; play the run again"
            );
            return Err(Error::input(&self.path, message));
        };
        let values = values(column);
        debug_assert_eq!(values.len(), self.rows());
        Ok(values)
    }
}

/// The values of a column of a primitive type, each as something else.
fn primitive<T: ArrowPrimitiveType, U>(
    column: &ArrayRef,
    value: impl Fn(T::Native) -> U,
) -> Vec<Option<U>> {
    let values = column.as_primitive::<T>().iter();
    values.map(|one| one.map(&value)).collect()
}

/// A column as texts, whatever it is of: numbers as they are written, times as RFC 3339.
fn texts_of(column: &ArrayRef) -> Vec<Option<String>> {
    match column.data_type() {
        DataType::Utf8 => {
            let texts = column.as_string::<i32>().iter();
            texts.map(|text| text.map(str::to_owned)).collect()
        }
        DataType::Dictionary(..) => {
            let codes = column.as_dictionary::<UInt16Type>();
            let texts = codes.values().as_string::<i32>();
            let codes = codes.keys().iter();
            codes
                .map(|code| code.map(|code| texts.value(usize::from(code)).to_owned()))
                .collect()
        }
        DataType::Boolean => {
            let truths = column.as_boolean().iter();
            truths
                .map(|truth| truth.map(|truth| truth.to_string()))
                .collect()
        }
        DataType::Timestamp(..) => {
            primitive::<TimestampMicrosecondType, _>(column, time_text::shown)
        }
        DataType::Int64 => primitive::<Int64Type, _>(column, |number| number.to_string()),
        DataType::Decimal128(_, scale) => {
            let digits = Digits::with_scale(scale.cast_unsigned());
            let units = exact_units(column);
            let shown = units.iter().map(|one| Some(digits.show(one?).to_string()));
            shown.collect()
        }
        _ => {
            let numbers = numbers_of(column).into_iter();
            numbers
                .map(|one| one.map(|number| number.to_string()))
                .collect()
        }
    }
}

/// A column as numbers; nothing where a text is none.
fn numbers_of(column: &ArrayRef) -> Vec<Option<f64>> {
    match column.data_type() {
        DataType::Float64 => primitive::<Float64Type, _>(column, |number| number),
        DataType::Int64 => primitive::<Int64Type, _>(column, |number| number as f64),
        DataType::Decimal128(..) => {
            let texts = texts_of(column).into_iter();
            texts.map(|text| text?.parse().ok()).collect()
        }
        DataType::Int32 => primitive::<Int32Type, _>(column, f64::from),
        DataType::UInt16 => primitive::<UInt16Type, _>(column, f64::from),
        DataType::Boolean => {
            let truths = column.as_boolean().iter();
            truths
                .map(|truth| truth.map(|truth| f64::from(u8::from(truth))))
                .collect()
        }
        DataType::Utf8 | DataType::Dictionary(..) => {
            let texts = texts_of(column).into_iter();
            texts.map(|text| text?.parse().ok()).collect()
        }
        _ => vec![None; column.len()],
    }
}

/// A column as times; nothing where a text is none.
fn times_of(column: &ArrayRef) -> Vec<Option<i64>> {
    match column.data_type() {
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            primitive::<TimestampMicrosecondType, _>(column, |time| time)
        }
        _ => {
            let texts = texts_of(column).into_iter();
            let time = |text: String| Some(text.parse::<Timestamp>().ok()?.as_microsecond());
            texts.map(|text| text.and_then(time)).collect()
        }
    }
}
