//! A file of a table in any of the formats, as batches of typed rows.

use super::columns::{ATTRIBUTION, TIME, specs};
use super::run::unreadable;
use super::text::TextReader;
use crate::error::Error;
use crate::options::Format;
use crate::text_file::TextFormat;
use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use arrow::error::ArrowError;
use arrow::ipc::reader::FileReader;
use causeflow_engine::table::ColumnSpec;
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
            return groups.row(row).map_err(|error| error.to_string());
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
            Rows::Parquet(groups) => return groups.next(&self.wanted).map_err(|e| e.to_string()),
            Rows::Arrow(reader) => reader.next().transpose().map_err(|e| e.to_string())?,
            Rows::Text(reader) => reader.next(BATCH_ROWS)?,
        };
        let columns = self.wanted.places(self.columns.len(), || false);
        let cut = batch.map(|batch| batch.project(&columns));
        cut.transpose().map_err(|error| error.to_string())
    }
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
