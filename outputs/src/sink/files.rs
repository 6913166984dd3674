//! A run as files, in any of the formats.

use super::{Document, FilesSoFar, Heading, Opening, Sink, TableSink};
use crate::columns_file::write_columns;
use crate::error::Error;
use crate::events::{EventWriter, FrozenEvents};
use crate::file::FileEntry;
use crate::json_file::write_json;
use crate::manifest::Manifest;
use crate::options::{Format, Options};
use crate::run_folder::{Placed, RunFolder};
use crate::table_file::TableWriter;
use causeflow_engine::base::table::{Chunk, RowSink, SinkError, TableSchema};
use std::path::{Path, PathBuf};

/// Where tables of entities are.
const ENTITIES: [&str; 2] = ["entities/", "entities_start/"];

/// Writes a run into a folder: its streams, its other tables, its texts and its manifest.
pub struct Files {
    folder: PathBuf,
    /// What puts the folder in place in the end; none if it is for whoever plays the run alone.
    staged: Option<RunFolder>,
    options: Options,
    /// Until the streams are closed.
    events: Option<EventWriter>,
    /// The columns of streams and entities, until they are written down where files do not tell them.
    columns: Vec<(String, TableSchema)>,
    files: Vec<FileEntry>,
    /// How many of them are of the streams.
    of_streams: usize,
    placed: Option<Placed>,
}

impl Files {
    /// Writes into the folder of a run, which takes its place in the end.
    pub fn staged(folder: RunFolder, options: Options) -> Files {
        Files::new(folder.path().to_owned(), Some(folder), options)
    }

    /// Writes below a folder that is there, for whoever plays the run alone: without a manifest, and nothing is removed if
    /// it fails.
    pub fn below(folder: &Path, options: Options) -> Files {
        Files::new(folder.to_owned(), None, options)
    }

    fn new(folder: PathBuf, staged: Option<RunFolder>, options: Options) -> Files {
        Files {
            folder,
            staged,
            options,
            events: None,
            columns: Vec::new(),
            files: Vec::new(),
            of_streams: 0,
            placed: None,
        }
    }

    /// The folder that the paths of the files begin in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The same, which writes what is still to come as this.
    pub fn written_as(self, options: Options) -> Files {
        Files { options, ..self }
    }

    /// Where the run was put, once it is finished.
    pub fn placed(&self) -> Option<&Placed> {
        self.placed.as_ref()
    }

    /// The finished files, taken out.
    pub fn into_files(self) -> Vec<FileEntry> {
        self.files
    }

    fn know_columns(&mut self, place: String, schema: &TableSchema) {
        if matches!(self.options.format(), Format::Csv | Format::Jsonl) {
            self.columns.push((place, schema.clone()));
        }
    }

    fn open(&mut self, run: &Opening<'_>, events: EventWriter) {
        for stream in run.streams {
            self.know_columns(format!("events/stream={}", stream.name), stream);
        }
        self.events = Some(events);
    }

    /// Writes down the columns of streams and entities, once all of these are there.
    fn write_columns(&mut self) -> Result<(), Error> {
        let columns = std::mem::take(&mut self.columns);
        if !columns.is_empty() {
            self.files.push(write_columns(&self.folder, &columns)?);
        }
        Ok(())
    }

    fn events(&mut self) -> Result<&mut EventWriter, SinkError> {
        self.events
            .as_mut()
            .ok_or_else(|| "no rows of streams are taken now".into())
    }
}

impl RowSink for Files {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        Ok(self.events()?.write_chunks(chunks)?)
    }

    fn in_parts(&self) -> bool {
        true
    }
}

impl Sink for Files {
    fn begin(&mut self, run: &Opening<'_>) -> Result<(), SinkError> {
        let schemas = run.streams.to_vec();
        let events = EventWriter::new(&self.folder, schemas, run.dictionary.clone(), self.options);
        self.open(run, events);
        Ok(())
    }

    fn resume(&mut self, run: &Opening<'_>, checkpoint: &[u8]) -> Result<(), SinkError> {
        let frozen: FrozenEvents = postcard::from_bytes(checkpoint)?;
        let schemas = run.streams.to_vec();
        let events = EventWriter::resume(&self.folder, schemas, run.dictionary.clone(), &frozen)?;
        self.open(run, events);
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<Vec<u8>, SinkError> {
        Ok(postcard::to_stdvec(&self.events()?.freeze()?)?)
    }

    fn close(&mut self) -> Result<(), SinkError> {
        if let Some(events) = self.events.take() {
            self.files.extend(events.finish()?);
            self.of_streams = self.files.len();
        }
        Ok(())
    }

    fn table<'s>(&'s mut self, table: &Heading<'_>) -> Result<Box<dyn TableSink + 's>, SinkError> {
        match ENTITIES.iter().any(|place| table.name.starts_with(place)) {
            true => self.know_columns(table.name.to_owned(), table.schema),
            false => self.write_columns()?,
        }
        let Heading {
            name,
            schema,
            dictionary,
        } = table;
        let writer = TableWriter::create(&self.folder, name, schema, dictionary, self.options)?;
        Ok(Box::new(TableOfFiles {
            writer,
            files: &mut self.files,
        }))
    }

    fn document(&mut self, document: &Document<'_>) -> Result<(), SinkError> {
        self.write_columns()?;
        let Document { name, text, rows } = *document;
        self.files.push(write_json(&self.folder, name, text, rows)?);
        Ok(())
    }

    fn prepare(&mut self, manifest: &Manifest) -> Result<(), SinkError> {
        self.write_columns()?;
        let beside = manifest.files.iter().cloned();
        self.files.splice(self.of_streams..self.of_streams, beside);
        if let Some(folder) = &self.staged {
            folder.seal(&Manifest {
                format: self.options.format(),
                compression: self.options.compression(),
                files: self.files.clone(),
                ..manifest.clone()
            })?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        if let Some(folder) = self.staged.take() {
            let placed = folder.place()?;
            self.folder.clone_from(&placed.path);
            self.placed = Some(placed);
        }
        Ok(())
    }

    fn abort(&mut self) {
        self.events = None;
        self.staged = None;
    }

    fn files(&self) -> Option<FilesSoFar<'_>> {
        Some(FilesSoFar {
            folder: &self.folder,
            run_folder: self.staged.as_ref(),
            files: &self.files,
        })
    }
}

struct TableOfFiles<'s> {
    writer: TableWriter,
    files: &'s mut Vec<FileEntry>,
}

impl TableSink for TableOfFiles<'_> {
    fn write(&mut self, chunk: &Chunk) -> Result<(), SinkError> {
        Ok(self.writer.write(chunk)?)
    }

    fn finish(self: Box<Self>) -> Result<(), SinkError> {
        let file = self.writer.finish()?;
        self.files.push(file);
        Ok(())
    }
}
