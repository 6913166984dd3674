//! A file that is digested while it is written, and its entry in the manifest.

use crate::advice::Advice;
use crate::error::{Error, io_error};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

/// Bytes gathered before they are digested and written: BLAKE3 is at full speed from 16 KiB on.
const BUFFER_BYTES: usize = 128 * 1024;

/// Bytes of a file after which the disk is made to catch up with it.
const BEHIND_BYTES: u64 = 16 << 20;

/// One file of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// Where it lies in the run's folder, with `/` between the parts.
    pub path: String,
    /// Number of rows.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// `blake3:` and the digest of the file's bytes in hexadecimal.
    pub digest: String,
}

/// How far a file was written, and a digest over that much of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prefix {
    /// As in a [`FileEntry`].
    pub path: String,
    pub bytes: u64,
    pub digest: String,
}

/// Writes a file and digests what it writes.
pub(crate) struct DigestFile {
    file: File,
    relative: String,
    path: PathBuf,
    buffer: Vec<u8>,
    hasher: Box<blake3::Hasher>,
    bytes: u64,
    /// So many bytes from the beginning lie in the file already and are not written again.
    there: u64,
    behind: Behind,
}

/// Forces what has been written of a file to the disk while more is written: a run that left all of it to its end would
/// have to wait for the disk there.
#[derive(Default)]
struct Behind {
    /// How far the file was when this was last begun.
    begun_at: u64,
    under_way: Option<JoinHandle<io::Result<()>>>,
}

impl Behind {
    /// Begins once more if enough has been written since, and the disk has caught up with what was before.
    fn catch_up(&mut self, file: &File, bytes: u64) -> io::Result<()> {
        if self.is_busy() || bytes < self.begun_at + BEHIND_BYTES {
            return Ok(());
        }
        self.wait()?;
        self.begun_at = bytes;
        // Where there is no thread or no handle to be had, the file is forced to the disk in the end all the same.
        self.under_way = file.try_clone().ok().and_then(|file| {
            let sync = move || file.sync_data();
            thread::Builder::new().spawn(sync).ok()
        });
        Ok(())
    }

    fn is_busy(&self) -> bool {
        self.under_way.as_ref().is_some_and(|it| !it.is_finished())
    }

    /// Waits for what is under way: what the system could not write it may tell only once.
    fn wait(&mut self) -> io::Result<()> {
        match self.under_way.take().map(JoinHandle::join) {
            Some(Ok(synced)) => synced,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(()),
        }
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        // Some systems do not remove a file as long as somebody holds it. Whoever drops it unfinished has an error already.
        let _ = self.under_way.take().map(JoinHandle::join);
    }
}

impl DigestFile {
    /// Creates `folder/relative` and the folders on the way. An existing file is an error.
    pub fn create(folder: &Path, relative: String) -> Result<DigestFile, Error> {
        let path = folder.join(&relative);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).map_err(io_error("creating folder", parent))?;
        }
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(io_error("creating", &path))?;
        Ok(DigestFile {
            file,
            relative,
            path,
            buffer: Vec::new(),
            hasher: Box::default(),
            bytes: 0,
            there: 0,
            behind: Behind::default(),
        })
    }

    /// Opens a file again to go on after `prefix`; what lies beyond is cut off.
    ///
    /// # Errors
    /// [`Error::Input`] when the file does not begin with what was written, [`Error::Io`] when the disk fails.
    pub fn reopen(folder: &Path, prefix: &Prefix) -> Result<DigestFile, Error> {
        let path = folder.join(&prefix.path);
        let mut options = OpenOptions::new();
        let opened = options.read(true).write(true).open(&path);
        let mut file = opened.map_err(|error| missing(&path, error))?;
        let hasher = check(&path, &file, prefix)?;
        file.set_len(prefix.bytes)
            .and_then(|()| file.seek(SeekFrom::Start(prefix.bytes)))
            .map_err(io_error("cutting off the end of", &path))?;
        Ok(DigestFile {
            file,
            relative: prefix.path.clone(),
            path,
            buffer: Vec::new(),
            hasher: Box::new(hasher),
            bytes: prefix.bytes,
            there: prefix.bytes,
            behind: Behind {
                begun_at: prefix.bytes,
                under_way: None,
            },
        })
    }

    /// Takes what the reopened file holds from the beginning once more: it is digested and counted, and not written.
    /// For formats whose footer names all that was written, which their writers have to see.
    pub fn begin_again(&mut self) {
        self.hasher.reset();
        self.bytes = 0;
    }

    /// Checks that what was taken once more since [`begin_again`](Self::begin_again) is what the file holds.
    pub fn end_again(&mut self, prefix: &Prefix) -> Result<(), Error> {
        if self.prefix()? == *prefix {
            return Ok(());
        }
        let message = "what was written before cannot be written again in the same way: another version of this program has written it";
        Err(Error::input(&self.path, message).advising(&[Advice::Anew]))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what is left and tells how far the file is.
    pub fn prefix(&mut self) -> Result<Prefix, Error> {
        self.flush().map_err(io_error("writing", &self.path))?;
        Ok(Prefix {
            path: self.relative.clone(),
            bytes: self.bytes,
            digest: shown(&self.hasher),
        })
    }

    /// The digest of what has been [flushed](Self::prefix).
    pub fn digest(&self) -> blake3::Hash {
        self.hasher.finalize()
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let there = self.there.saturating_sub(self.bytes);
        let there = usize::try_from(there)
            .unwrap_or(bytes.len())
            .min(bytes.len());
        self.file.write_all(&bytes[there..])?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        self.behind.catch_up(&self.file, self.bytes)
    }

    /// Writes what is left and describes the file; nothing may be written afterwards.
    pub fn finish(&mut self, rows: u64) -> Result<FileEntry, Error> {
        let Prefix {
            path,
            bytes,
            digest,
        } = self.prefix()?;
        self.behind
            .wait()
            .map_err(io_error("writing", &self.path))?;
        Ok(FileEntry {
            path,
            rows,
            bytes,
            digest,
        })
    }
}

pub(crate) fn shown(hasher: &blake3::Hasher) -> String {
    format!("blake3:{}", hasher.finalize().to_hex())
}

/// Checks that a file of an unfinished run begins as it was written, and returns the digest's state.
pub(crate) fn check(path: &Path, file: &File, prefix: &Prefix) -> Result<blake3::Hasher, Error> {
    let changed = |what: &str| {
        let message = format!("{what} since the run stopped");
        Error::input(path, message).advising(&[Advice::Anew])
    };
    let found = file.metadata().map_err(io_error("looking up", path))?.len();
    if found < prefix.bytes {
        return Err(changed("has lost its end"));
    }
    let mut hasher = blake3::Hasher::new();
    let read = hasher.update_reader(file.take(prefix.bytes));
    read.map_err(io_error("reading", path))?;
    match shown(&hasher) == prefix.digest {
        true => Ok(hasher),
        false => Err(changed("was changed")),
    }
}

/// Checks that a file of an unfinished run that was complete when the run stopped still is.
pub(crate) fn check_complete(folder: &Path, entry: &FileEntry) -> Result<(), Error> {
    let path = folder.join(&entry.path);
    let file = File::open(&path).map_err(|error| missing(&path, error))?;
    let found = file.metadata().map_err(io_error("looking up", &path))?;
    if found.len() > entry.bytes {
        let error = Error::input(&path, "has grown since the run stopped");
        return Err(error.advising(&[Advice::Anew]));
    }
    let FileEntry {
        path: relative,
        bytes,
        digest,
        ..
    } = entry.clone();
    let whole = Prefix {
        path: relative,
        bytes,
        digest,
    };
    check(&path, &file, &whole).map(drop)
}

pub(crate) fn missing(path: &Path, error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => {
            let error = Error::input(path, "is missing, and the unfinished run needs it");
            error.advising(&[Advice::Anew])
        }
        _ => io_error("opening", path)(error),
    }
}

impl Write for DigestFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.len() >= BUFFER_BYTES {
            self.flush()?;
            self.put(bytes)?;
            return Ok(bytes.len());
        }
        if self.buffer.len() + bytes.len() > BUFFER_BYTES {
            self.flush()?;
        }
        self.buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        let result = self.put(&buffer);
        buffer.clear();
        self.buffer = buffer;
        result
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Nothing that `/dev/full` stands for can be forced to a disk.
    #[test]
    fn what_the_disk_refuses_while_a_file_is_written_is_told_once_it_is_known() {
        let file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut behind = Behind::default();
        behind.catch_up(&file, BEHIND_BYTES - 1).unwrap();
        assert!(behind.under_way.is_none(), "too little to begin with");
        behind.catch_up(&file, BEHIND_BYTES).unwrap();
        behind.wait().unwrap_err();
        behind.wait().unwrap();
        // The next one begins after as many bytes again, and is told by whoever writes then.
        behind.catch_up(&file, 2 * BEHIND_BYTES - 1).unwrap();
        assert!(behind.under_way.is_none());
        behind.catch_up(&file, 2 * BEHIND_BYTES).unwrap();
        while behind.is_busy() {
            thread::yield_now();
        }
        behind.catch_up(&file, 3 * BEHIND_BYTES).unwrap_err();
    }
}
