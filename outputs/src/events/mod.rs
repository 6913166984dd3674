//! The streams of a run: `events/stream=<name>/part-0000.<ending>` and so on.

mod frozen;

use crate::error::Error;
use crate::file::FileEntry;
use crate::options::Options;
use crate::rows::{GROUP_ROWS, RowBuffer, Segment, Spool};
use crate::table_file::{TableFile, Texts};
use causeflow_engine::base::table::{Chunk, Dictionary, RowSink, SinkError, TableSchema};
pub use frozen::FrozenEvents;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Row groups of a part; the next one begins a new file.
const GROUPS_PER_PART: u64 = 64;

/// About so many bytes of rows wait in memory for their groups to be full, over all streams.
const HELD_BYTES: usize = 32 << 20;

/// Fewer bytes of a stream are not worth a place on the disk.
const ASIDE_BYTES: usize = 64 << 10;

/// Rows of a full part file: 4,194,304.
pub const PART_ROWS: u64 = GROUPS_PER_PART * GROUP_ROWS as u64;

/// Writes the events of a run as they come, each stream into files of its own.
///
/// The bytes of a stream's files depend on its rows alone: not on how they were cut into chunks,
/// on the other streams, or on the number of threads (it runs on the current rayon pool). Up to
/// 65,536 rows of each stream are held until they are encoded together: in memory those of the streams that
/// bring so many soon, up to a limit, and the others in a temporary file in the folder.
pub struct EventWriter {
    shared: Shared,
    streams: Vec<Stream>,
}

/// What all streams share.
struct Shared {
    folder: PathBuf,
    texts: Texts,
    options: Options,
    spool: Spool,
    /// A digest over what a writer that goes on has to fit to, once it has been asked for.
    shape: OnceLock<String>,
}

struct Stream {
    schema: TableSchema,
    buffer: RowBuffer,
    /// How many rows it has brought.
    brought: u64,
    part: Option<Part>,
    files: Vec<FileEntry>,
}

struct Part {
    file: TableFile,
    groups: u64,
}

impl EventWriter {
    /// Prepares to write one stream a schema below `folder`, a chunk's `table` being the index in
    /// `schemas`. Files are created when they get their first rows.
    pub fn new(
        folder: &Path,
        schemas: Vec<TableSchema>,
        dictionary: Dictionary,
        options: Options,
    ) -> EventWriter {
        let strings = dictionary.len();
        let stream = |schema: TableSchema| Stream {
            buffer: RowBuffer::new(schema.clone(), strings),
            brought: 0,
            schema,
            part: None,
            files: Vec::new(),
        };
        EventWriter {
            streams: schemas.into_iter().map(stream).collect(),
            shared: Shared {
                folder: folder.to_owned(),
                texts: Texts::new(dictionary),
                options,
                spool: Spool::new(folder),
                shape: OnceLock::new(),
            },
        }
    }

    /// Takes the next chunks; the rows of each stream must arrive in its total order.
    ///
    /// # Errors
    /// [`Error::Rows`] when a chunk does not fit its schema, [`Error::Io`] when the disk fails. The
    /// writer is of no use afterwards: abandon the run.
    pub fn write_chunks(&mut self, chunks: Vec<Chunk>) -> Result<(), Error> {
        let mut inbox: Vec<Vec<Chunk>> = self.streams.iter().map(|_| Vec::new()).collect();
        for chunk in chunks {
            let (table, known) = (chunk.table, inbox.len());
            let message = || format!("only {known} streams are known");
            let place = inbox.get_mut(table);
            place
                .ok_or_else(|| Error::rows(&format!("#{table}"), message()))?
                .push(chunk);
        }
        // One stream after the other: the columns of a group are encoded in parallel, and no more than one group is
        // under way.
        for (stream, chunks) in self.streams.iter_mut().zip(inbox) {
            stream.take_in(chunks, &self.shared)?;
        }
        self.make_room()
    }

    /// Puts rows aside if too many wait, those first that would wait the longest.
    fn make_room(&mut self) -> Result<(), Error> {
        let bytes = |stream: &Stream| stream.buffer.bytes();
        let mut held: usize = self.streams.iter().map(bytes).sum();
        while held > HELD_BYTES {
            let worth = self.streams.iter_mut();
            let worth = worth.filter(|stream| stream.buffer.bytes() >= ASIDE_BYTES);
            let Some(slowest) = worth.max_by(|a, b| a.wait().total_cmp(&b.wait())) else {
                break;
            };
            held -= slowest.buffer.bytes();
            slowest.buffer.put_aside(&mut self.shared.spool)?;
        }
        // What another process has to find is copied when it is written down where it is.
        if !self.shared.spool.is_named() && self.is_wasteful() {
            self.renew_spool(false)?;
        }
        Ok(())
    }

    fn is_wasteful(&self) -> bool {
        let spooled = self.streams.iter().flat_map(|s| s.buffer.spooled());
        self.shared
            .spool
            .is_wasteful(spooled.map(Segment::bytes).sum())
    }

    /// Copies what waits on the disk into a new file.
    fn renew_spool(&mut self, named: bool) -> Result<(), Error> {
        let (before, spool) = (self.shared.spool.renew(named)?, &mut self.shared.spool);
        let mut buffers = self.streams.iter_mut().map(|stream| &mut stream.buffer);
        buffers.try_for_each(|buffer| buffer.move_spooled(&before, spool))
    }

    /// Writes what is still held and closes all files. Every stream has at least one, also without
    /// rows. The entries stand in the order of the schemas, then of the parts.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk fails.
    pub fn finish(mut self) -> Result<Vec<FileEntry>, Error> {
        // Up to a group a thread is under way: what is left of each stream is mostly little.
        let streams = self.streams.par_iter_mut().with_max_len(1);
        streams.try_for_each(|stream| stream.finish(&self.shared))?;
        Ok(self.streams.into_iter().flat_map(|s| s.files).collect())
    }
}

impl RowSink for EventWriter {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        Ok(self.write_chunks(chunks)?)
    }

    fn in_parts(&self) -> bool {
        true
    }
}

impl Stream {
    fn take_in(&mut self, chunks: Vec<Chunk>, shared: &Shared) -> Result<(), Error> {
        for chunk in chunks {
            self.buffer.check(&chunk)?;
            self.brought += chunk.rows as u64;
            let chunk = match self.buffer.keep(chunk) {
                Some(chunk) => chunk,
                None if self.buffer.is_full() => {
                    self.write_group(shared)?;
                    continue;
                }
                None => continue,
            };
            let mut done = 0;
            while done < chunk.rows {
                done += self.buffer.append(&chunk, done);
                if self.buffer.is_full() {
                    self.write_group(shared)?;
                }
            }
        }
        Ok(())
    }

    /// How long it takes until the group is full, as a share of the time that there have been rows for.
    fn wait(&self) -> f64 {
        self.buffer.room() as f64 / self.brought as f64
    }

    /// Encodes what the buffer holds; a part that is then full is closed.
    fn write_group(&mut self, shared: &Shared) -> Result<(), Error> {
        let mut part = self.open_part(shared)?;
        part.file.write(self.buffer.take(&shared.spool)?)?;
        part.groups += 1;
        if part.groups == GROUPS_PER_PART {
            self.files.push(part.file.finish()?);
        } else {
            self.part = Some(part);
        }
        Ok(())
    }

    fn open_part(&mut self, shared: &Shared) -> Result<Part, Error> {
        if let Some(part) = self.part.take() {
            return Ok(part);
        }
        let (name, number) = (&self.schema.name, self.files.len());
        let relative = format!("events/stream={name}/part-{number:04}");
        let file = TableFile::create(
            &shared.folder,
            &relative,
            &self.schema,
            &shared.texts,
            shared.options,
        )?;
        Ok(Part { file, groups: 0 })
    }

    fn finish(&mut self, shared: &Shared) -> Result<(), Error> {
        if !self.buffer.is_empty() {
            self.write_group(shared)?;
        }
        if self.part.is_some() || self.files.is_empty() {
            let part = self.open_part(shared)?;
            self.files.push(part.file.finish()?);
        }
        Ok(())
    }
}
