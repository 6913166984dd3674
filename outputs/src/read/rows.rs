//! The rows of a stream or of a kind of entity, for whoever wants some of its columns, or those of some time.

use super::columns::{TIME, check_common};
use super::run::FinishedRun;
use super::source::{Source, Wanted};
use crate::arrow::array::{AsArray, RecordBatch};
use crate::arrow::datatypes::TimestampMicrosecondType;
use crate::error::Error;
use crate::file::FileEntry;
use crate::manifest::EntityEntry;
use std::ops::Range;
use std::path::PathBuf;

/// The rows of a stream, batch by batch, in the order of time, or those of a kind of entity; none is empty.
pub struct StreamRows<'a> {
    run: &'a FinishedRun,
    parts: std::vec::IntoIter<&'a FileEntry>,
    /// The columns that are wanted, in this order; all without any.
    names: Vec<String>,
    times: Option<Range<i64>>,
    part: Option<Part>,
    failed: bool,
}

/// A file that is being read.
struct Part {
    path: PathBuf,
    source: Source,
    /// Where among the columns that are read the time is, and those that are wanted.
    time: usize,
    wanted: Vec<usize>,
}

impl FinishedRun {
    /// The rows of a stream: these columns in this order, or all without any, and only those with times in this range, in
    /// microseconds since 1970.
    ///
    /// The digests of files are not checked.
    ///
    /// # Errors
    /// [`Error::Input`] when the run does not have the stream, or the stream not one of the columns, and when a file is
    /// missing, damaged, or of another shape; [`Error::Io`] when the disk fails. What is wrong with a later file is told
    /// when its turn comes.
    pub fn rows(
        &self,
        stream: &str,
        columns: &[&str],
        times: Option<Range<i64>>,
    ) -> Result<StreamRows<'_>, Error> {
        if self.stream(stream).is_none() {
            let message = format!("has no stream `{stream}`: its manifest lists those that it has");
            return Err(Error::input(self.folder(), message));
        }
        let times = match (times, self.part()) {
            (Some(asked), Some(part)) => Some(asked.start.max(part.start)..asked.end.min(part.end)),
            (asked, part) => asked.or_else(|| part.cloned()),
        };
        StreamRows::of(self, self.parts(stream)?, columns, times)
    }

    /// The entities of a kind as they were at the end, whoever was there: these columns in this order, or all without any.
    ///
    /// # Errors
    /// As for [`rows`](FinishedRun::rows).
    pub fn entities(&self, kind: &str, columns: &[&str]) -> Result<StreamRows<'_>, Error> {
        let entries = &self.manifest().entities;
        self.table_of_kind(("entities", "entities"), entries, kind, columns)
    }

    /// The same as they were when the run's window began, of a kind of which its model asks for that (`opening: true`).
    ///
    /// # Errors
    /// As for [`rows`](FinishedRun::rows).
    pub fn entities_start(&self, kind: &str, columns: &[&str]) -> Result<StreamRows<'_>, Error> {
        let place = ("entities_start", "entities at its start");
        self.table_of_kind(place, &self.manifest().entities_start, kind, columns)
    }

    fn table_of_kind(
        &self,
        (folder, what): (&str, &str),
        entries: &[EntityEntry],
        kind: &str,
        columns: &[&str],
    ) -> Result<StreamRows<'_>, Error> {
        let path = format!("{folder}/{kind}.{}", self.manifest().format.ending());
        let files = self.manifest().files.iter();
        let parts: Vec<&FileEntry> = files.filter(|file| file.path == path).collect();
        if parts.is_empty() {
            let kinds: Vec<&str> = entries.iter().map(|entry| entry.kind.as_str()).collect();
            let kinds = match kinds.is_empty() {
                true => "none".to_owned(),
                false => kinds.join(", "),
            };
            let message = format!("has no {what} of the kind `{kind}`; it has {kinds}");
            return Err(Error::input(self.folder(), message));
        }
        StreamRows::of(self, parts, columns, None)
    }
}

impl<'a> StreamRows<'a> {
    fn of(
        run: &'a FinishedRun,
        parts: Vec<&'a FileEntry>,
        columns: &[&str],
        times: Option<Range<i64>>,
    ) -> Result<StreamRows<'a>, Error> {
        let mut rows = StreamRows {
            run,
            parts: parts.into_iter(),
            names: columns.iter().map(ToString::to_string).collect(),
            times,
            part: None,
            failed: false,
        };
        rows.open_next()?;
        Ok(rows)
    }

    fn open_next(&mut self) -> Result<(), Error> {
        self.part = None;
        let Some(entry) = self.parts.next() else {
            return Ok(());
        };
        let path = self.run.folder().join(&entry.path);
        let wrong = |message: String| Error::input(&path, format!("{message}; play the run again"));
        // What columns there are only the opened file tells.
        let found = self.run.source(entry, Wanted::default())?;
        let found = found.columns();
        if entry.path.starts_with("events/") {
            check_common(found).map_err(wrong)?;
        }
        let mut places = Vec::new();
        for name in &self.names {
            let place = found.iter().position(|column| column.name == *name);
            places.push(place.ok_or_else(|| {
                let names: Vec<&str> = found.iter().map(|column| column.name.as_str()).collect();
                let message = format!("has no column `{name}`; it has {}", names.join(", "));
                Error::input(&path, message)
            })?);
        }
        if self.names.is_empty() {
            places = (0..found.len()).collect();
        }
        // They are read in the order of the file, with the time by which rows are chosen.
        let mut read = places.clone();
        read.extend(self.times.is_some().then_some(TIME));
        read.sort_unstable();
        read.dedup();
        let among = |place: usize| read.partition_point(|&column| column < place);
        let wanted = Wanted {
            columns: Some(read.clone()),
            times: self.times.clone(),
            ..Wanted::default()
        };
        self.part = Some(Part {
            source: self.run.source(entry, wanted)?,
            path: path.clone(),
            time: among(TIME),
            wanted: places.into_iter().map(among).collect(),
        });
        Ok(())
    }

    fn advance(&mut self) -> Result<Option<RecordBatch>, Error> {
        while let Some(part) = &mut self.part {
            let wrong = |message: String| {
                Error::input(
                    &part.path,
                    format!("cannot be read: {message}; play the run again"),
                )
            };
            let Some(batch) = part.source.next().map_err(wrong)? else {
                self.open_next()?;
                continue;
            };
            let batch = match &self.times {
                None => batch,
                Some(times) => {
                    let found = batch.column(part.time);
                    let found = found.as_primitive::<TimestampMicrosecondType>().values();
                    let from = found.partition_point(|&time| time < times.start);
                    let to = found.partition_point(|&time| time < times.end);
                    batch.slice(from, to.saturating_sub(from))
                }
            };
            if batch.num_rows() > 0 {
                let batch = batch.project(&part.wanted);
                return batch.map(Some).map_err(|error| wrong(error.to_string()));
            }
        }
        Ok(None)
    }
}

impl Iterator for StreamRows<'_> {
    type Item = Result<RecordBatch, Error>;

    fn next(&mut self) -> Option<Result<RecordBatch, Error>> {
        if self.failed {
            return None;
        }
        let next = self.advance();
        self.failed = next.is_err();
        next.transpose()
    }
}
