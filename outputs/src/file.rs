//! A file that is digested while it is written, and its entry in the manifest.

use crate::error::{Error, io_error};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Bytes gathered before they are digested and written: BLAKE3 is at full speed from 16 KiB on.
const BUFFER_BYTES: usize = 128 * 1024;

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

/// Writes a new file and digests what it writes.
pub(crate) struct DigestFile {
    file: File,
    relative: String,
    path: PathBuf,
    buffer: Vec<u8>,
    hasher: Box<blake3::Hasher>,
    bytes: u64,
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
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Writes what is left and describes the file; nothing may be written afterwards.
    pub fn finish(&mut self, rows: u64) -> Result<FileEntry, Error> {
        self.flush().map_err(io_error("writing", &self.path))?;
        Ok(FileEntry {
            path: self.relative.clone(),
            rows,
            bytes: self.bytes,
            digest: format!("blake3:{}", self.hasher.finalize().to_hex()),
        })
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
