//! Rows that wait on the disk: those of groups that fill slowly, for which memory is not meant, and those that a run which
//! is left has to find again.
//!
//! All streams share one file, to which rows are appended, each once. What has become part of a group stays in it until
//! that is more than what still waits; then what waits is copied into a new file.

use crate::error::{Error, io_error};
use crate::file::{Prefix, check, missing, shown};
use crate::run_folder::remove_others;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The folder, in that of an unfinished run, with the rows that wait.
pub(crate) const WAITING_NAME: &str = "resume.rows";

/// So many bytes of a file may be of no use, beyond as many as are of use.
const WASTE_BYTES: u64 = 64 << 20;

/// Where rows of a stream stand in the file, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Segment {
    offset: u64,
    bytes: u64,
    pub rows: u64,
}

/// The file, which is made when the first rows come.
pub(crate) struct Spool {
    folder: PathBuf,
    opened: Option<Opened>,
    /// How many bytes it has.
    end: u64,
    /// The file before this one: the state that is being replaced names it.
    before: Option<PathBuf>,
}

struct Opened {
    file: Mutex<File>,
    /// Without a name it is gone when it is closed, and nothing needs its digest.
    named: Option<Named>,
}

struct Named {
    relative: String,
    number: u64,
    hasher: blake3::Hasher,
}

impl Spool {
    /// Nothing waits. The file will lie below `folder`.
    pub fn new(folder: &Path) -> Spool {
        Spool {
            folder: folder.to_owned(),
            opened: None,
            end: 0,
            before: None,
        }
    }

    /// The file as it was left, with what was appended later cut off. Others beside it are removed.
    ///
    /// # Errors
    /// [`Error::Input`] when it is not as it was, [`Error::Io`] when the disk fails.
    pub fn reopen(folder: &Path, prefix: &Prefix) -> Result<Spool, Error> {
        let path = folder.join(&prefix.path);
        let opened = OpenOptions::new().read(true).write(true).open(&path);
        let file = opened.map_err(|error| missing(&path, error))?;
        let hasher = check(&path, &file, prefix)?;
        file.set_len(prefix.bytes)
            .map_err(io_error("cutting off the end of", &path))?;
        remove_others(&folder.join(WAITING_NAME), std::slice::from_ref(&path))?;
        let number = path
            .file_name()
            .and_then(|name| name.to_str()?.parse().ok());
        Ok(Spool {
            folder: folder.to_owned(),
            opened: Some(Opened {
                file: Mutex::new(file),
                named: Some(Named {
                    relative: prefix.path.clone(),
                    number: number.unwrap_or_default(),
                    hasher,
                }),
            }),
            end: prefix.bytes,
            before: None,
        })
    }

    /// Whether the file can be gone on with by another process.
    pub fn is_named(&self) -> bool {
        let opened = self.opened.as_ref();
        opened.is_some_and(|opened| opened.named.is_some())
    }

    /// Whether so much of it is of no use, if `live` bytes are, that those should be copied.
    pub fn is_wasteful(&self, live: u64) -> bool {
        self.end > 2 * live + WASTE_BYTES
    }

    /// Appends records.
    pub fn put(&mut self, records: &[u8], rows: u64) -> Result<Segment, Error> {
        let (folder, end) = (&self.folder, self.end);
        let opened = match &mut self.opened {
            Some(opened) => opened,
            none => none.insert(Opened {
                file: Mutex::new(
                    tempfile::tempfile_in(folder)
                        .map_err(io_error("creating a temporary file in", folder))?,
                ),
                named: None,
            }),
        };
        let written = opened.file().seek(SeekFrom::Start(end));
        written
            .and_then(|_| opened.file().write_all(records))
            .map_err(|error| opened.failed(folder, error))?;
        if let Some(named) = &mut opened.named {
            named.hasher.update(records);
        }
        self.end += records.len() as u64;
        let bytes = records.len() as u64;
        Ok(Segment {
            offset: end,
            bytes,
            rows,
        })
    }

    /// The records of a segment.
    pub fn read(&self, segment: &Segment) -> Result<Vec<u8>, Error> {
        let Some(opened) = &self.opened else {
            return Ok(Vec::new());
        };
        let mut records = vec![0; segment.bytes as usize];
        let mut file = opened.file();
        let read = file.seek(SeekFrom::Start(segment.offset));
        read.and_then(|_| file.read_exact(&mut records))
            .map_err(|error| opened.failed(&self.folder, error))?;
        Ok(records)
    }

    /// Begins a new file, into which what still waits is to be copied from this one, which is returned. With `named`
    /// another process can find it.
    pub fn renew(&mut self, named: bool) -> Result<Spool, Error> {
        let mut next = Spool::new(&self.folder);
        let named_before = self.opened.as_ref().and_then(|it| it.named.as_ref());
        if named || named_before.is_some() {
            let number = named_before.map_or(0, |named| named.number + 1);
            let relative = format!("{WAITING_NAME}/{number}");
            let path = self.folder.join(&relative);
            let parent = self.folder.join(WAITING_NAME);
            fs::create_dir_all(&parent).map_err(io_error("creating folder", &parent))?;
            let mut options = OpenOptions::new();
            let options = options.read(true).write(true).create(true).truncate(true);
            let file = options.open(&path).map_err(io_error("creating", &path))?;
            next.opened = Some(Opened {
                file: Mutex::new(file),
                named: Some(Named {
                    relative,
                    number,
                    hasher: blake3::Hasher::new(),
                }),
            });
            next.before = named_before.map(|named| self.folder.join(&named.relative));
        }
        Ok(std::mem::replace(self, next))
    }

    /// Removes the file before this one, which no state names any more.
    pub fn forget_before(&mut self) -> Result<(), Error> {
        match self.before.take() {
            Some(before) => fs::remove_file(&before).map_err(io_error("removing", &before)),
            None => Ok(()),
        }
    }

    /// How far the file is; nothing without a name.
    pub fn prefix(&self) -> Option<Prefix> {
        let named = self.opened.as_ref()?.named.as_ref()?;
        Some(Prefix {
            path: named.relative.clone(),
            bytes: self.end,
            digest: shown(&named.hasher),
        })
    }
}

impl Opened {
    /// Whoever panicked while using it has left at most a place in the file, which everybody sets.
    fn file(&self) -> MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, folder: &Path, error: io::Error) -> Error {
        match &self.named {
            Some(named) => io_error("using", &folder.join(&named.relative))(error),
            None => io_error("using a temporary file in", folder)(error),
        }
    }
}

impl Segment {
    /// How many bytes it takes.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}
