//! A file of a table in any of the formats, as batches of typed rows.

use super::columns::{ATTRIBUTION, TIME, specs};
use super::run::unreadable;
use super::text::TextReader;
use crate::arrays::same_bits;
use crate::arrow::array::{ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use crate::arrow::datatypes::{DataType, FieldRef, Int64Type, Schema, UInt64Type};
use crate::arrow::error::ArrowError;
use crate::arrow::ipc::reader::FileReader;
use crate::error::Error;
use crate::options::Format;
use crate::row_text::TextFormat;
use crate::schema::is_bigint;
use causeflow_engine::base::table::ColumnSpec;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::io::BufReader;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Rows that are decoded at once: their columns fit the second-level cache.
const BATCH_ROWS: usize = 16_384;

/// Whether the column of a stream's attributions is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Attribution {
    #[default]
    Always,
    /// Where a row has one, as far as the format tells.
    WhereThere,
    Never,
}

/// What is to be read of a file; all of it by default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    /// The places of the columns.
    pub columns: Option<Vec<usize>>,
    pub attribution: Attribution,
    /// Rows of other times may be left out, if the format tells.
    pub times: Option<Range<i64>>,
}

/// A file that is being read.
pub(crate) struct Source {
    columns: Vec<ColumnSpec>,
    wanted: Wanted,
    rows: Rows,
}

enum Rows {
    Parquet(Box<Groups>),
    Arrow(Box<FileReader<BufReader<File>>>),
    Text(Box<TextReader>),
}

/// A Parquet file, a row group at a time.
struct Groups {
    file: File,
    metadata: ArrowReaderMetadata,
    begun: usize,
    batches: Option<ParquetRecordBatchReader>,
}

impl Source {
    /// Opens a file. Text says nothing about its columns: `columns` are those that it should have.
    pub fn open(
        path: &Path,
        format: Format,
        columns: Option<&[ColumnSpec]>,
        wanted: Wanted,
    ) -> Result<Source, Error> {
        let file = File::open(path).map_err(|error| unreadable(path, error))?;
        let wrong = |message: String| Error::input(path, format!("{message}; play the run again"));
        let of_schema = |schema: &Schema| specs(schema).map_err(wrong);
        let text = |file, format| {
            let columns = columns
                .ok_or_else(|| wrong("is text, and nothing says which columns it has".into()))?;
            let rows = TextReader::new(file, format, columns).map_err(wrong)?;
            Ok::<_, Error>((columns.to_vec(), Rows::Text(Box::new(rows))))
        };
        let (columns, rows) = match format {
            Format::Parquet => {
                let groups = Groups::open(file).map_err(|error| {
                    wrong(format!("is no Parquet file that can be read: {error}"))
                })?;
                (
                    of_schema(groups.metadata.schema())?,
                    Rows::Parquet(Box::new(groups)),
                )
            }
            Format::Arrow => {
                let reader = FileReader::try_new_buffered(file, None).map_err(|error| {
                    wrong(format!("is no Arrow file that can be read: {error}"))
                })?;
                (of_schema(&reader.schema())?, Rows::Arrow(Box::new(reader)))
            }
            Format::Csv => text(file, TextFormat::Csv)?,
            Format::Jsonl => text(file, TextFormat::Jsonl)?,
        };
        Ok(Source {
            columns,
            wanted,
            rows,
        })
    }

    /// The file's columns.
    pub fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    /// How many rows the file says that it has, if its format says so.
    pub fn rows(&self) -> Option<u64> {
        match &self.rows {
            Rows::Parquet(groups) => {
                let rows = groups.metadata.metadata().file_metadata().num_rows();
                u64::try_from(rows).ok()
            }
            Rows::Arrow(_) | Rows::Text(_) => None,
        }
    }

    /// A single row by its place, of a file of which nothing else has been read.
    pub fn row(mut self, row: usize) -> Result<RecordBatch, String> {
        if let Rows::Parquet(groups) = &self.rows {
            let row = groups.row(row).map_err(|error| error.to_string())?;
            return Ok(with_ids(row));
        }
        let mut before = 0;
        while let Some(batch) = self.next()? {
            if row - before < batch.num_rows() {
                return Ok(batch.slice(row - before, 1));
            }
            before += batch.num_rows();
        }
        Err("it ends before its last row".to_owned())
    }

    /// The next rows, or nothing at the end.
    pub fn next(&mut self) -> Result<Option<RecordBatch>, String> {
        let batch = match &mut self.rows {
            // It leaves out columns itself, since decoding them would be wasted.
            Rows::Parquet(groups) => {
                let batch = groups.next(&self.wanted).map_err(|e| e.to_string())?;
                return Ok(batch.map(with_ids));
            }
            Rows::Arrow(reader) => reader.next().transpose().map_err(|e| e.to_string())?,
            Rows::Text(reader) => reader.next(BATCH_ROWS)?,
        };
        let columns = self.wanted.places(self.columns.len(), || false);
        let cut = batch.map(|batch| batch.project(&columns).map(with_ids));
        cut.transpose().map_err(|error| error.to_string())
    }
}

/// Ids as the engine has them, without a sign, which they have in files for the sake of other readers. Nothing is copied.
fn with_ids(batch: RecordBatch) -> RecordBatch {
    let unsigned =
        |(field, column): (&FieldRef, &ArrayRef)| match column.as_primitive_opt::<Int64Type>() {
            Some(_) if is_bigint(field) => (Arc::clone(field), Arc::clone(column)),
            None => (Arc::clone(field), Arc::clone(column)),
            Some(ids) => {
                let field = field.as_ref().clone().with_data_type(DataType::UInt64);
                let ids: ArrayRef = Arc::new(same_bits::<_, UInt64Type>(ids));
                (Arc::new(field), ids)
            }
        };
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let (fields, columns): (Vec<FieldRef>, Vec<ArrayRef>) = columns.map(unsigned).unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let made = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &options);
    // Types follow from the columns themselves.
    made.unwrap_or(batch)
}

impl Wanted {
    /// The places of the columns that are read, of a part in which attributions are missing or not.
    fn places(&self, all: usize, misses_attribution: impl Fn() -> bool) -> Vec<usize> {
        let attribution = match self.attribution {
            Attribution::Always => true,
            Attribution::WhereThere => !misses_attribution(),
            Attribution::Never => false,
        };
        let places = match &self.columns {
            Some(columns) => columns.clone(),
            None => (0..all).collect(),
        };
        places
            .into_iter()
            .filter(|&place| place != ATTRIBUTION || attribution)
            .collect()
    }
}

impl Groups {
    fn open(file: File) -> Result<Groups, ParquetError> {
        Ok(Groups {
            metadata: ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())?,
            file,
            begun: 0,
            batches: None,
        })
    }

    fn row(&self, row: usize) -> Result<RecordBatch, ArrowError> {
        let file = self.file.try_clone()?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mut rows = builder.with_offset(row).with_limit(1).build()?;
        let missing = || ArrowError::ParquetError("it ends before its last row".into());
        rows.next().ok_or_else(missing)?
    }

    fn next(&mut self, wanted: &Wanted) -> Result<Option<RecordBatch>, ParquetError> {
        loop {
            if let Some(batches) = &mut self.batches
                && let Some(batch) = batches.next()
            {
                return Ok(Some(batch?));
            }
            if self.begun == self.metadata.metadata().num_row_groups() {
                return Ok(None);
            }
            let times = wanted.times.as_ref();
            let meets = times.is_none_or(|times| self.may_meet(self.begun, times));
            self.batches = match meets {
                true => Some(self.begin_group(wanted)?),
                false => None,
            };
            self.begun += 1;
        }
    }

    fn begin_group(&self, wanted: &Wanted) -> Result<ParquetRecordBatchReader, ParquetError> {
        let group = self.begun;
        let all = self.metadata.schema().fields().len();
        let columns = wanted.places(all, || self.misses_attribution(group));
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), columns);
        let file = self.file.try_clone()?;
        ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone())
            .with_row_groups(vec![group])
            .with_projection(mask)
            .with_batch_size(BATCH_ROWS)
            .build()
    }

    /// Whether rows of the group may have times in this range, by its statistics.
    fn may_meet(&self, group: usize, wanted: &Range<i64>) -> bool {
        let group = self.metadata.metadata().row_group(group);
        let bounds = match group.column(TIME).statistics() {
            Some(Statistics::Int64(times)) => times.min_opt().zip(times.max_opt()),
            _ => None,
        };
        bounds.is_none_or(|(&first, &last)| first < wanted.end && wanted.start <= last)
    }

    /// Whether no row of the group has an attribution: then reading it would be wasted.
    fn misses_attribution(&self, group: usize) -> bool {
        let group = self.metadata.metadata().row_group(group);
        let statistics = group.column(ATTRIBUTION).statistics();
        let missing = statistics.and_then(|statistics| statistics.null_count_opt());
        missing.is_some_and(|missing| i64::try_from(missing) == Ok(group.num_rows()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrow::array::StringArray;
    use crate::arrow::compute::concat_batches;
    use crate::arrow::datatypes::UInt16Type;
    use crate::columns_file::{read_columns, write_columns};
    use crate::options::Options;
    use crate::table_file::write_table;
    use causeflow_engine::base::table::{
        Chunk, Column, ColumnType, Dictionary, TableSchema, Validity, Values,
    };
    use proptest::prelude::*;

    const FORMATS: [Format; 4] = [Format::Parquet, Format::Arrow, Format::Csv, Format::Jsonl];

    fn schema() -> TableSchema {
        let column = |name: &str, kind, nullable| ColumnSpec {
            name: name.to_owned(),
            kind,
            unit: Some("u".to_owned()),
            description: None,
            nullable,
        };
        TableSchema {
            name: "things".to_owned(),
            columns: vec![
                column("id", ColumnType::Id, true),
                column("time", ColumnType::Time, true),
                column("float", ColumnType::Float, true),
                column("int, quoted", ColumnType::Int, true),
                column("small", ColumnType::Small, false),
                column("flag", ColumnType::Bool, true),
                column("text", ColumnType::Text, true),
            ],
        }
    }

    /// The rows of a file, with texts as they are and not by their codes.
    fn read(folder: &Path, format: Format) -> RecordBatch {
        let path = folder.join(format!("entities/thing.{}", format.ending()));
        let columns = read_columns(folder).expect("columns");
        let columns = columns.of("entities/thing.csv");
        let mut source = Source::open(&path, format, columns, Wanted::default()).expect("a file");
        assert_eq!(source.columns(), schema().columns);
        let mut batches = Vec::new();
        while let Some(batch) = source.next().expect("rows") {
            batches.push(batch);
        }
        let schema = batches[0].schema();
        let all = concat_batches(&schema, &batches).expect("one schema");
        let last = schema.fields().len() - 1;
        let codes = all.column(last).as_dictionary::<UInt16Type>().clone();
        let texts = codes.downcast_dict::<StringArray>().expect("texts");
        let texts: StringArray = texts.into_iter().collect();
        let mut columns = all.columns().to_vec();
        columns[last] = Arc::new(texts);
        let plain = columns.into_iter().zip(schema.fields());
        let plain = plain.map(|(column, field)| (field.name().clone(), column, true));
        RecordBatch::try_from_iter_with_nullable(plain).expect("columns")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn rows_that_were_written_are_read_in_every_format(
            rows in prop::collection::vec(
                (0..=i64::MAX.cast_unsigned(), -62_135_596_800_000_000i64..253_402_207_200_000_000, any::<f64>(), any::<i32>(), any::<u16>(), 0..128u8, 0..6u16),
                1..40,
            ),
        ) {
            let texts = ["", "plain", "with, comma", "with \"quotes\"", "two\nlines", "null"];
            let dictionary: Dictionary = texts.iter().map(|text| (*text).to_owned()).collect();
            let mask = |bit: u8| Validity::Mask(rows.iter().map(|row| row.5 >> bit & 1 == 1).collect());
            // What is no number has no place in JSON.
            let float = |f: f64| if f.is_finite() { f } else { 0.1 };
            let columns = vec![
                Column { values: Values::Id(rows.iter().map(|r| r.0).collect()), validity: mask(0) },
                Column { values: Values::Time(rows.iter().map(|r| r.1).collect()), validity: mask(1) },
                Column { values: Values::Float(rows.iter().map(|r| float(r.2)).collect()), validity: mask(2) },
                Column { values: Values::Int(rows.iter().map(|r| r.3).collect()), validity: mask(3) },
                Column { values: Values::Small(rows.iter().map(|r| r.4).collect()), validity: Validity::All },
                Column { values: Values::Bool(rows.iter().map(|r| r.4 % 2 == 0).collect()), validity: mask(4) },
                Column { values: Values::Text(rows.iter().map(|r| r.6).collect()), validity: mask(5) },
            ];
            let chunk = Chunk { table: 0, rows: rows.len(), columns };
            let folder = tempfile::tempdir().expect("a temporary folder");
            let tables = [("entities/thing".to_owned(), schema())];
            write_columns(folder.path(), &tables).expect("room");
            for format in FORMATS {
                let options = Options::new(format, None).expect("a format");
                write_table(folder.path(), "entities/thing", &schema(), &dictionary, [&chunk], options).expect("room");
                prop_assert_eq!(read(folder.path(), format), read(folder.path(), Format::Parquet));
            }
        }
    }
}
