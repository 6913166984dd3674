//! Reads a stream of a run batch by batch, and holds the files to what their manifest says.

use super::columns::{ATTRIBUTION, TIME, columns};
use super::run::{FinishedRun, unreadable};
use crate::error::Error;
use crate::file::FileEntry;
use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use causeflow_engine::table::ColumnSpec;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::errors::ParquetError;
use parquet::file::statistics::Statistics;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;

/// Rows that are decoded at once: their columns fit the second-level cache.
const BATCH_ROWS: usize = 16_384;

/// The rows of one stream in their order, `attribution` only where asked for.
pub(crate) struct Reader<'a> {
    run: &'a FinishedRun,
    parts: std::vec::IntoIter<&'a FileEntry>,
    columns: Vec<ColumnSpec>,
    attribution: bool,
    part: Option<Part>,
    last_time: i64,
}

/// A file that is being read, a row group at a time.
struct Part {
    path: PathBuf,
    file: File,
    metadata: ArrowReaderMetadata,
    groups_begun: usize,
    batches: Option<ParquetRecordBatchReader>,
}

impl<'a> Reader<'a> {
    /// Opens the files `parts` of a stream; there is at least one.
    pub fn new(
        run: &'a FinishedRun,
        parts: Vec<&'a FileEntry>,
        attribution: bool,
    ) -> Result<Reader<'a>, Error> {
        let mut reader = Reader {
            run,
            parts: parts.into_iter(),
            columns: Vec::new(),
            attribution,
            part: None,
            last_time: i64::MIN,
        };
        reader.open_next()?;
        Ok(reader)
    }

    /// The stream's columns.
    pub fn columns(&self) -> &[ColumnSpec] {
        &self.columns
    }

    fn open_next(&mut self) -> Result<bool, Error> {
        let Some(entry) = self.parts.next() else {
            self.part = None;
            return Ok(false);
        };
        let path = self.run.folder().join(&entry.path);
        let wrong = |message: String| Error::input(&path, format!("{message}; play the run again"));
        let file = File::open(&path).map_err(|error| unreadable(&path, error))?;
        let metadata = ArrowReaderMetadata::load(&file, ArrowReaderOptions::new())
            .map_err(|error| wrong(format!("is no Parquet file that can be read: {error}")))?;
        let found = columns(metadata.schema()).map_err(&wrong)?;
        if self.columns.is_empty() {
            self.columns = found;
        } else if self.columns != found {
            return Err(wrong(
                "has other columns than the first part of its stream".into(),
            ));
        }
        let rows = metadata.metadata().file_metadata().num_rows();
        if u64::try_from(rows) != Ok(entry.rows) {
            let expected = entry.rows;
            return Err(wrong(format!(
                "has {rows} rows, and the manifest says {expected}"
            )));
        }
        self.part = Some(Part {
            path,
            file,
            metadata,
            groups_begun: 0,
            batches: None,
        });
        Ok(true)
    }

    /// The next rows, at least one, or nothing at the end.
    pub fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        while let Some(part) = &mut self.part {
            let batch = part
                .next(self.attribution, self.run.part())
                .map_err(|error| {
                    let message = format!("cannot be decoded: {error}; play the run again");
                    Error::input(&part.path, message)
                })?;
            match batch {
                Some(batch) if batch.num_rows() == 0 => true,
                Some(batch) => return Ok(Some(batch)),
                None => self.open_next()?,
            };
        }
        Ok(None)
    }

    /// As [`Reader::next`], but rows that are not looked at are left out, and rows that do not stand in the order of
    /// time are an error.
    pub fn next_in_order(&mut self) -> Result<Option<RecordBatch>, Error> {
        while let Some(batch) = self.next()? {
            self.check_order(&batch)?;
            let batch = self.clip(batch);
            if batch.num_rows() > 0 {
                return Ok(Some(batch));
            }
        }
        Ok(None)
    }

    /// Leaves out rows that are not looked at.
    fn clip(&self, batch: RecordBatch) -> RecordBatch {
        let Some(part) = self.run.part() else {
            return batch;
        };
        let times = batch
            .column(TIME)
            .as_primitive::<TimestampMicrosecondType>()
            .values();
        let from = times.partition_point(|&time| time < part.start);
        let to = times.partition_point(|&time| time < part.end);
        batch.slice(from, to - from)
    }

    fn check_order(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let times = batch
            .column(TIME)
            .as_primitive::<TimestampMicrosecondType>()
            .values();
        let ordered = times.first().is_none_or(|&first| self.last_time <= first)
            && times
                .windows(2)
                .fold(true, |ordered, pair| ordered & (pair[0] <= pair[1]));
        if let (false, Some(part)) = (ordered, &self.part) {
            let message = "its rows do not stand in the order of time, as those of a run do: the file was changed; play the run again";
            return Err(Error::input(&part.path, message));
        }
        self.last_time = times.last().copied().unwrap_or(self.last_time);
        Ok(())
    }
}

impl Part {
    fn next(
        &mut self,
        attribution: bool,
        wanted: Option<&Range<i64>>,
    ) -> Result<Option<RecordBatch>, ParquetError> {
        loop {
            if let Some(batches) = &mut self.batches
                && let Some(batch) = batches.next()
            {
                return Ok(Some(batch?));
            }
            if self.groups_begun == self.metadata.metadata().num_row_groups() {
                return Ok(None);
            }
            let meets = wanted.is_none_or(|wanted| self.may_meet(self.groups_begun, wanted));
            self.batches = match meets {
                true => Some(self.begin_group(attribution)?),
                false => None,
            };
            self.groups_begun += 1;
        }
    }

    fn begin_group(&self, attribution: bool) -> Result<ParquetRecordBatchReader, ParquetError> {
        let group = self.groups_begun;
        let attribution = attribution && !self.misses_attribution(group);
        let wanted = (0..self.metadata.schema().fields().len())
            .filter(|&column| column != ATTRIBUTION || attribution);
        let mask = ProjectionMask::roots(self.metadata.parquet_schema(), wanted);
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
