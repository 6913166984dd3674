//! Rows that wait on the disk, because their group fills slowly and memory is for those that fill fast.

use super::FrozenRows;
use crate::error::{Error, io_error};
use postcard::{from_bytes, to_stdvec};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Rows in a temporary file without a name, which is gone when it is closed.
#[derive(Default)]
pub(super) struct Aside {
    file: Option<Opened>,
    /// How many bytes each of the pieces takes, one after the other.
    pieces: Vec<usize>,
}

struct Opened {
    file: File,
    /// The folder in which it was made, to be named in errors.
    folder: PathBuf,
}

impl Aside {
    /// Adds rows behind those that are there.
    pub fn put(&mut self, rows: &FrozenRows, folder: &Path) -> Result<(), Error> {
        let bytes = to_stdvec(rows).map_err(|error| Error::encode(folder, error))?;
        let opened = match self.file.take() {
            Some(opened) => opened,
            None => Opened {
                file: tempfile::tempfile_in(folder)
                    .map_err(io_error("creating a temporary file in", folder))?,
                folder: folder.to_owned(),
            },
        };
        let opened = self.file.insert(opened);
        let end = self.pieces.iter().sum::<usize>() as u64;
        opened.file(|mut file| {
            file.seek(SeekFrom::Start(end))?;
            file.write_all(&bytes)
        })?;
        self.pieces.push(bytes.len());
        Ok(())
    }

    /// The rows that are there, piece by piece.
    pub fn read(&self) -> Result<Vec<FrozenRows>, Error> {
        let Some(opened) = self.file.as_ref().filter(|_| !self.pieces.is_empty()) else {
            return Ok(Vec::new());
        };
        opened.file(|mut file| {
            file.seek(SeekFrom::Start(0))?;
            let mut read = |&bytes: &usize| {
                let mut piece = vec![0; bytes];
                file.read_exact(&mut piece)?;
                from_bytes(&piece).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
            };
            self.pieces.iter().map(&mut read).collect()
        })
    }

    /// Forgets the rows, and gives their place on the disk back. The file is closed, since a process may have only so many.
    pub fn clear(&mut self) {
        self.pieces.clear();
        self.file = None;
    }
}

impl Opened {
    fn file<T>(&self, what: impl FnOnce(&File) -> io::Result<T>) -> Result<T, Error> {
        what(&self.file).map_err(io_error("using a temporary file in", &self.folder))
    }
}
