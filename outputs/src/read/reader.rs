//! Reads a stream of a run batch by batch, and holds the files to what their manifest says.

use super::columns::{TIME, check_common};
use super::run::FinishedRun;
use super::source::{Attribution, Source, Wanted};
use crate::arrow::array::{AsArray, RecordBatch};
use crate::arrow::datatypes::TimestampMicrosecondType;
use crate::error::Error;
use crate::file::FileEntry;
use causeflow_engine::base::table::ColumnSpec;
use std::path::PathBuf;

/// The rows of one stream in their order, `attribution` only where asked for.
pub(crate) struct Reader<'a> {
    run: &'a FinishedRun,
    parts: std::vec::IntoIter<&'a FileEntry>,
    columns: Vec<ColumnSpec>,
    attribution: Attribution,
    part: Option<Part>,
    last_time: i64,
}

/// A file that is being read.
struct Part {
    path: PathBuf,
    source: Source,
    /// Rows that have been read, and those that the manifest says; nothing where some are left out.
    rows: u64,
    expected: Option<u64>,
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
            attribution: match attribution {
                true => Attribution::WhereThere,
                false => Attribution::Never,
            },
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
        let times = self.run.part().cloned();
        let wanted = Wanted {
            columns: None,
            attribution: self.attribution,
            times: times.clone(),
        };
        let source = self.run.source(entry, wanted)?;
        let found = source.columns();
        check_common(found).map_err(&wrong)?;
        if self.columns.is_empty() {
            self.columns = found.to_vec();
        } else if self.columns != found {
            return Err(wrong(
                "has other columns than the first part of its stream".into(),
            ));
        }
        if let Some(rows) = source.rows()
            && rows != entry.rows
        {
            return Err(wrong(other_rows(rows, entry.rows)));
        }
        self.part = Some(Part {
            path,
            source,
            rows: 0,
            expected: times.is_none().then_some(entry.rows),
        });
        Ok(true)
    }

    /// The next rows, at least one, or nothing at the end.
    pub fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        while let Some(part) = &mut self.part {
            match part.next()? {
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
    fn next(&mut self) -> Result<Option<RecordBatch>, Error> {
        let wrong =
            |message: String| Error::input(&self.path, format!("{message}; play the run again"));
        let batch = self.source.next();
        let batch = batch.map_err(|error| wrong(format!("cannot be decoded: {error}")))?;
        match (&batch, self.expected) {
            (Some(batch), _) => self.rows += batch.num_rows() as u64,
            (None, Some(expected)) if self.rows != expected => {
                return Err(wrong(other_rows(self.rows, expected)));
            }
            (None, _) => {}
        }
        Ok(batch)
    }
}

fn other_rows(found: u64, expected: u64) -> String {
    format!("has {found} rows, and the manifest says {expected}")
}
