//! A writer that is left half-way and gone on with.

use super::{EventWriter, Part, Shared, Stream};
use crate::advice::Advice;
use crate::error::{Error, io_error};
use crate::file::{FileEntry, Prefix, check_complete};
use crate::options::{Compression, Format, Options};
use crate::rows::{Segment, Spool};
use crate::run_folder::remove_others;
use crate::table_file::{FrozenFile, TableFile};
use causeflow_engine::base::table::{Dictionary, TableSchema};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How far an [`EventWriter`] is: its finished files, how far the open ones go, and where the rows stand that it holds. With
/// the files it is all that [`EventWriter::resume`] needs. It is meant for [`write_state`](crate::write_state).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FrozenEvents {
    format: Format,
    compression: Compression,
    /// A digest over schemas and dictionary, which the kept rows and files only fit together with.
    shape: String,
    streams: Vec<FrozenStream>,
    /// The file with the rows that wait.
    spool: Option<Prefix>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct FrozenStream {
    files: Vec<FileEntry>,
    part: Option<FrozenPart>,
    waiting: Vec<Segment>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct FrozenPart {
    file: FrozenFile,
    groups: u64,
}

impl FrozenEvents {
    /// How many rows the writer had taken.
    pub fn rows(&self) -> u64 {
        let rows = |stream: &FrozenStream| {
            let finished = stream.files.iter().map(|file| file.rows);
            let open = stream.part.as_ref().map_or(0, |part| part.file.rows);
            let waiting = stream.waiting.iter().map(|segment| segment.rows);
            finished.sum::<u64>() + open + waiting.sum::<u64>()
        };
        self.streams.iter().map(rows).sum()
    }
}

impl EventWriter {
    /// Writes out what has been encoded and what waits, and tells what is needed to go on from here. The writer itself goes
    /// on, too. Rows that wait are written once, however often this is called, and what was told the time before last may
    /// be of no use any more.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk fails. The writer is of no use afterwards.
    pub fn freeze(&mut self) -> Result<FrozenEvents, Error> {
        self.shared.spool.forget_before()?;
        if !self.shared.spool.is_named() || self.is_wasteful() {
            self.renew_spool(true)?;
        }
        let waiting = self.streams.par_iter().map(|it| it.buffer.unspooled());
        let waiting: Vec<(Vec<u8>, usize)> = waiting.collect();
        for (stream, (records, rows)) in self.streams.iter_mut().zip(waiting) {
            stream
                .buffer
                .spool(&records, rows, &mut self.shared.spool)?;
        }
        let streams: Result<Vec<FrozenStream>, Error> =
            self.streams.par_iter_mut().map(Stream::freeze).collect();
        Ok(FrozenEvents {
            format: self.shared.options.format(),
            compression: self.shared.options.compression(),
            shape: self.shape().to_owned(),
            streams: streams?,
            spool: self.shared.spool.prefix(),
        })
    }

    fn shape(&self) -> &str {
        let shared = &self.shared;
        shared.shape.get_or_init(|| {
            let schemas = self.streams.iter().map(|stream| &stream.schema);
            shape(&schemas.collect::<Vec<_>>(), &shared.texts.dictionary)
        })
    }

    /// Goes on below `folder` from where a writer was [frozen](Self::freeze), whatever that has written since: it
    /// is removed. Files then end up as if the writer had never been left. Runs on the current rayon pool.
    ///
    /// # Errors
    /// [`Error::Input`] when the schemas, the dictionary or the files are not those of the writer that was frozen: one
    /// is missing or was changed. [`Error::Io`] when the disk fails.
    pub fn resume(
        folder: &Path,
        schemas: Vec<TableSchema>,
        dictionary: Dictionary,
        frozen: &FrozenEvents,
    ) -> Result<EventWriter, Error> {
        let known = schemas.len() == frozen.streams.len();
        if !known || shape(&schemas.iter().collect::<Vec<_>>(), &dictionary) != frozen.shape {
            let message = "holds an unfinished run of another model or other streams";
            return Err(Error::input(folder, message).advising(&[Advice::Anew]));
        }
        let options = Options::new(frozen.format, Some(frozen.compression))?;
        let mut writer = EventWriter::new(folder, schemas, dictionary, options);
        remove_later_files(folder, frozen)?;
        if let Some(prefix) = &frozen.spool {
            writer.shared.spool = Spool::reopen(folder, prefix)?;
        }
        let shared = &writer.shared;
        writer
            .streams
            .par_iter_mut()
            .zip(&frozen.streams)
            .try_for_each(|(stream, frozen)| stream.thaw(frozen, shared))?;
        Ok(writer)
    }
}

impl Stream {
    fn freeze(&mut self) -> Result<FrozenStream, Error> {
        let part = match &mut self.part {
            Some(part) => Some(FrozenPart {
                file: part.file.freeze()?,
                groups: part.groups,
            }),
            None => None,
        };
        Ok(FrozenStream {
            files: self.files.clone(),
            part,
            waiting: self.buffer.spooled().to_vec(),
        })
    }

    fn thaw(&mut self, frozen: &FrozenStream, shared: &Shared) -> Result<(), Error> {
        let files = frozen.files.par_iter();
        files.try_for_each(|entry| check_complete(&shared.folder, entry))?;
        self.files.clone_from(&frozen.files);
        if let Some(FrozenPart { file, groups }) = &frozen.part {
            let (texts, options) = (&shared.texts, shared.options);
            let file = TableFile::resume(&shared.folder, file, &self.schema, texts, options)?;
            let groups = *groups;
            self.part = Some(Part { file, groups });
        }
        self.buffer.resume(&frozen.waiting, &shared.spool)
    }
}

/// Removes files below `events` that did not exist yet.
fn remove_later_files(folder: &Path, frozen: &FrozenEvents) -> Result<(), Error> {
    let finished = |stream: &FrozenStream| stream.files.iter().map(|f| f.path.clone()).collect();
    let paths = frozen.streams.iter().flat_map(|stream| {
        let open = stream
            .part
            .as_ref()
            .map(|part| part.file.prefix.path.clone());
        let mut paths: Vec<String> = finished(stream);
        paths.extend(open);
        paths
    });
    let kept: Vec<_> = paths.map(|path| folder.join(path)).collect();
    let events = folder.join("events");
    match events
        .try_exists()
        .map_err(io_error("looking up", &events))?
    {
        true => remove_others(&events, &kept),
        false => Ok(()),
    }
}

/// A digest over what rows and files have to fit to: their columns, and the texts that codes stand for.
fn shape(schemas: &[&TableSchema], texts: &Dictionary) -> String {
    let all = format!("{schemas:?}{texts:?}");
    blake3::hash(all.as_bytes()).to_hex().to_string()
}
