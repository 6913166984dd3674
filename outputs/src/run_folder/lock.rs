//! The lock of a staging folder, which is also the mark that the folder is ours.

use super::contents::{BUSY, ELSEWHERE, can_go_on};
use crate::error::{Error, io_error};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

/// The lock's name in a staging folder.
pub(crate) const LOCK_NAME: &str = ".causeflow-lock";

/// A locked staging folder.
#[derive(Debug)]
pub(crate) struct Lock {
    /// The operating system lets go of the lock when this closes, also when the process is killed.
    _file: File,
}

impl Lock {
    /// Creates `staging` if it is missing and locks it on behalf of `out`.
    pub fn acquire(staging: &Path, out: &Path) -> Result<Lock, Error> {
        match fs::create_dir(staging) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => refuse_foreign(staging)?,
            Err(error) => return Err(io_error("creating folder", staging)(error)),
        }
        let path = staging.join(LOCK_NAME);
        let opened = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path);
        let file = match opened {
            Ok(file) => file,
            // The other run has put the folder in place meanwhile: it has just ended.
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(in_use(out)),
            Err(error) => return Err(io_error("creating", &path)(error)),
        };
        match file.try_lock() {
            Ok(()) if is_same(&file, &path) => Ok(Lock { _file: file }),
            // Locked, but the other run has removed the file meanwhile: it has just ended.
            Ok(()) | Err(TryLockError::WouldBlock) => Err(in_use(out)),
            Err(TryLockError::Error(error)) => Err(io_error("locking", &path)(error)),
        }
    }

    /// Removes the lock's file, which lies in this folder now, and stays locked. The folder gets its name together with its
    /// lock: without one it could be taken for abandoned, and cleared, just before it is renamed.
    pub fn remove_from(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(LOCK_NAME);
        fs::remove_file(&path).map_err(io_error("removing", &path))
    }
}

/// Whether a run writes to this staging folder at the moment.
pub(crate) fn is_locked(staging: &Path) -> bool {
    let file = File::open(staging.join(LOCK_NAME));
    file.is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
}

fn in_use(out: &Path) -> Error {
    Error::folder(out, BUSY).advising(&ELSEWHERE)
}

/// A folder that happens to have the staging folder's name is left alone.
fn refuse_foreign(staging: &Path) -> Result<(), Error> {
    let foreign = || {
        let message = "is needed to write the run and holds something else: rename it";
        Error::folder(staging, message).advising(&ELSEWHERE)
    };
    let kind = fs::symlink_metadata(staging).map_err(io_error("looking up", staging))?;
    if !kind.is_dir() {
        return Err(foreign());
    }
    let mut entries = fs::read_dir(staging).map_err(io_error("reading", staging))?;
    // One with a state can be gone on with, also where its lock got lost, as in a copy without hidden files.
    if entries.next().is_none() || staging.join(LOCK_NAME).is_file() || can_go_on(staging) {
        return Ok(());
    }
    Err(foreign())
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let identity = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let (Ok(held), Ok(found)) = (file.metadata(), fs::metadata(path)) else {
        return false;
    };
    identity(held) == identity(found)
}

#[cfg(not(unix))]
fn is_same(_file: &File, path: &Path) -> bool {
    path.exists()
}
