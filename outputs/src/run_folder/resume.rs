//! Going on with a run that was left unfinished.

use super::contents::{Contents, can_go_on, inspect, put_back_interrupted, remove_others};
use super::lock::{LOCK_NAME, Lock};
use super::{RESUME_NAME, RunFolder, resolve, sibling};
use crate::advice::Advice;
use crate::error::{Error, io_error};
use crate::file::{FileEntry, check_complete};
use crate::rows::WAITING_NAME;
use rayon::prelude::*;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

impl RunFolder {
    /// Takes the folder of the run to `out` that was left unfinished with a state to go on from, which stands in its
    /// file [`RESUME_NAME`]. Nothing in it is changed yet.
    ///
    /// # Errors
    /// [`Error::Folder`] when there is no such run, or another process is writing it at this moment; [`Error::Io`]
    /// when the disk fails.
    pub fn resume(out: &Path) -> Result<RunFolder, Error> {
        let named = out.parent().filter(|parent| !parent.as_os_str().is_empty());
        if named.is_some_and(|parent| !parent.is_dir()) {
            return Err(nothing(out, "there is no run to this folder"));
        }
        let out = resolve(out)?;
        let staging = sibling(&out, ".partial");
        if !can_go_on(&staging) {
            return Err(why_not(&out, &staging)?);
        }
        let lock = Lock::acquire(&staging, &out)?;
        let folder = RunFolder {
            out,
            staging,
            force: false,
            parents: Vec::new(),
            lock: Some(lock),
        };
        put_back_interrupted(&folder.out, &sibling(&folder.out, ".replaced"))?;
        Ok(folder)
    }

    /// Whether this run may replace an earlier one, as it was asked for when it began.
    ///
    /// # Errors
    /// As with [`create`](Self::create).
    pub fn replacing(self, force: bool) -> Result<RunFolder, Error> {
        inspect(&self.out)?.refuse_unless_replaceable(&self.out, force)?;
        let mut folder = self;
        folder.force = force;
        Ok(folder)
    }

    /// Whether the folder holds a state to go on from, so that it stays if the run fails.
    pub fn can_go_on(&self) -> bool {
        can_go_on(&self.staging)
    }

    /// Removes what the run has written after its state, which is all but the state itself, the rows that wait, these files
    /// and these whole folders, with paths below the run's.
    ///
    /// # Errors
    /// [`Error::Input`] when one of the files is missing or was changed, [`Error::Io`] when the disk fails.
    pub fn keep_only(&self, files: &[FileEntry], folders: &[&str]) -> Result<(), Error> {
        let entries = files.par_iter();
        entries.try_for_each(|entry| check_complete(&self.staging, entry))?;
        let ours = [LOCK_NAME, RESUME_NAME, WAITING_NAME];
        let files = files.iter().map(|file| file.path.as_str());
        let kept = files.chain(folders.iter().copied()).chain(ours);
        let kept: Vec<PathBuf> = kept.map(|name| self.staging.join(name)).collect();
        remove_others(&self.staging, &kept)
    }
}

/// Why there is nothing to go on with.
fn why_not(out: &Path, staging: &Path) -> Result<Error, Error> {
    if staging.join(LOCK_NAME).is_file() {
        return Ok(match inspect(staging)? {
            Contents::Busy => {
                let message = "this run is being written at this moment: wait for it to end";
                Error::folder(out, message)
            }
            _ => nothing(
                out,
                "the run to this folder was stopped before its first snapshot",
            ),
        });
    }
    Ok(match inspect(out)? {
        Contents::Run => {
            remove_state(out)?;
            let message = "holds a finished run: there is nothing to go on with";
            Error::folder(out, message)
        }
        _ => nothing(out, "there is no unfinished run to this folder"),
    })
}

fn nothing(out: &Path, found: &str) -> Error {
    Error::folder(out, found).advising(&[Advice::FromBeginning])
}

/// A run that is in place has no use for its state, nor for rows that wait.
pub(super) fn remove_state(out: &Path) -> Result<(), Error> {
    let (state, rows) = (out.join(RESUME_NAME), out.join(WAITING_NAME));
    let gone = |removed: std::io::Result<()>, path: &Path| match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error("removing", path)(error)),
        _ => Ok(()),
    };
    // The state goes last: as long as it is there, it shows that something is left to be removed.
    gone(fs::remove_dir_all(&rows), &rows)?;
    gone(fs::remove_file(&state), &state)
}
