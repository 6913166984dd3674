//! A writer that is left half-way and gone on with.

use super::{EventWriter, Part, Place, Stream};
use crate::error::{Error, io_error};
use crate::file::{FileEntry, check_complete};
use crate::options::{Compression, Format, Options};
use crate::rows::FrozenRows;
use crate::run_folder::remove_others;
use crate::table_file::{FrozenFile, TableFile};
use causeflow_engine::table::{Dictionary, TableSchema};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::path::Path;

/// How far an [`EventWriter`] is: its finished files, how far the open ones go, and the rows that it holds. With the
/// files it is all that [`EventWriter::resume`] needs. It is meant for [`write_state`](crate::write_state).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FrozenEvents {
    format: Format,
    compression: Compression,
    /// A digest over schemas and dictionary, which the kept rows and files only fit together with.
    shape: String,
    streams: Vec<FrozenStream>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct FrozenStream {
    files: Vec<FileEntry>,
    part: Option<FrozenPart>,
    rows: FrozenRows,
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
            finished.sum::<u64>() + open + stream.rows.rows()
        };
        self.streams.iter().map(rows).sum()
    }
}

impl EventWriter {
    /// Writes out what has been encoded, and tells what is needed to go on from here. The writer itself goes on, too.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk fails. The writer is of no use afterwards.
    pub fn freeze(&mut self) -> Result<FrozenEvents, Error> {
        let streams: Result<Vec<FrozenStream>, Error> =
            self.streams.par_iter_mut().map(Stream::freeze).collect();
        let schemas = self.streams.iter().map(|stream| &stream.schema);
        Ok(FrozenEvents {
            format: self.place.options.format(),
            compression: self.place.options.compression(),
            shape: shape(schemas, &self.place.texts.dictionary),
            streams: streams?,
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
        if !known || shape(&schemas, &dictionary) != frozen.shape {
            let message = "holds an unfinished run of another model or other streams: start it anew with --force";
            return Err(Error::input(folder, message));
        }
        let options = Options::new(frozen.format, Some(frozen.compression))?;
        let mut writer = EventWriter::new(folder, schemas, dictionary, options);
        remove_later_files(folder, frozen)?;
        let place = &writer.place;
        writer
            .streams
            .par_iter_mut()
            .zip(&frozen.streams)
            .try_for_each(|(stream, frozen)| stream.thaw(frozen, place))?;
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
            rows: self.buffer.freeze()?,
        })
    }

    fn thaw(&mut self, frozen: &FrozenStream, place: &Place) -> Result<(), Error> {
        let files = frozen.files.par_iter();
        files.try_for_each(|entry| check_complete(&place.folder, entry))?;
        self.files.clone_from(&frozen.files);
        if let Some(FrozenPart { file, groups }) = &frozen.part {
            let (texts, options) = (&place.texts, place.options);
            let file = TableFile::resume(&place.folder, file, &self.schema, texts, options)?;
            let groups = *groups;
            self.part = Some(Part { file, groups });
        }
        self.buffer.thaw(&frozen.rows)
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
fn shape<'a>(schemas: impl IntoIterator<Item = &'a TableSchema>, texts: &Dictionary) -> String {
    let schemas: Vec<&TableSchema> = schemas.into_iter().collect();
    let all = format!("{schemas:?}{texts:?}");
    blake3::hash(all.as_bytes()).to_hex().to_string()
}
