//! What lies in a folder, and whether it may be replaced.

use super::lock::{LOCK_NAME, is_locked};
use super::strangers::{own_manifest, strangers};
use super::{REPLACED_MARK, RESUME_NAME};
use crate::advice::Advice;
use crate::baseline::BASELINE_NAME;
use crate::error::{Error, io_error};
use crate::manifest::MANIFEST_NAME;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// What is said of a folder that another run is writing to.
pub(crate) const BUSY: &str = "another run is writing to this folder: wait for it to end";

/// What can be asked for where nothing may be replaced, and where it may.
pub(crate) const ELSEWHERE: [Advice; 1] = [Advice::OtherFolder];
const REPLACE: [Advice; 2] = [Advice::Replace, Advice::OtherFolder];

/// What was found at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    Missing,
    Empty,
    /// A folder with causeflow's manifest.
    Run,
    /// A folder with a baseline.
    Baseline,
    /// A folder that a run left unfinished.
    Unfinished,
    /// A folder that a run is writing to.
    Busy,
    /// A folder with anything else.
    Foreign,
    /// Not a folder.
    File,
}

impl Contents {
    /// Refuses with the reason and what to do instead.
    pub fn refuse_unless_replaceable(self, path: &Path, force: bool) -> Result<(), Error> {
        self.refuse_unless_ours(path, force)?;
        match self {
            Contents::Run | Contents::Baseline => refuse_strangers(path),
            _ => Ok(()),
        }
    }

    /// Likewise, whatever somebody else has put beside the files of a run.
    pub fn refuse_unless_ours(self, path: &Path, force: bool) -> Result<(), Error> {
        let (message, advice): (_, &[Advice]) = match self {
            Contents::Missing | Contents::Empty => return Ok(()),
            Contents::Run | Contents::Baseline | Contents::Unfinished if force => return Ok(()),
            Contents::Run => ("holds a finished run", &REPLACE),
            Contents::Baseline => ("holds a baseline", &REPLACE),
            Contents::Unfinished => ("holds an unfinished run", &REPLACE),
            Contents::Busy => (BUSY, &ELSEWHERE),
            Contents::Foreign => (
                "holds files that are not from causeflow, which are never replaced: empty it yourself",
                &ELSEWHERE,
            ),
            Contents::File => ("is not a folder", &ELSEWHERE),
        };
        Err(Error::folder(path, message).advising(advice))
    }
}

/// Refuses to replace a run or a baseline together with what somebody else has put beside its files.
fn refuse_strangers(path: &Path) -> Result<(), Error> {
    let found = strangers(path)?;
    let Some(first) = found.first() else {
        return Ok(());
    };
    let others = match found.len() {
        1 => String::new(),
        2 => " and another file".to_owned(),
        all => format!(" and {} other files", all - 1),
    };
    let message = format!(
        "holds `{first}`{others}, which causeflow has not written and would be gone with the run: move what you need elsewhere"
    );
    Err(Error::folder(path, message).advising(&ELSEWHERE))
}

/// Looks at what lies at `path`.
pub(crate) fn inspect(path: &Path) -> Result<Contents, Error> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Contents::Missing),
        Err(error) => return Err(io_error("looking up", path)(error)),
        Ok(meta) if !meta.is_dir() => return Ok(Contents::File),
        Ok(_) => {}
    }
    let mut entries = fs::read_dir(path).map_err(io_error("reading", path))?;
    if entries.next().is_none() {
        return Ok(Contents::Empty);
    }
    let has_lock = path.join(LOCK_NAME).is_file();
    Ok(if has_lock && is_locked(path) {
        Contents::Busy
    } else if own_manifest(path, MANIFEST_NAME).is_some() {
        // The manifest comes last: one that was killed before it could remove its lock is whole.
        Contents::Run
    } else if own_manifest(path, BASELINE_NAME).is_some() {
        Contents::Baseline
    } else if has_lock {
        Contents::Unfinished
    } else {
        Contents::Foreign
    })
}

/// Whether a folder holds an unfinished run that can be gone on with.
pub(crate) fn can_go_on(staging: &Path) -> bool {
    staging.join(RESUME_NAME).is_file()
}

/// Removes everything in `folder` but the entry `keep`. What says that the run can be gone on with goes first.
pub(crate) fn clear(folder: &Path, keep: &str) -> Result<(), Error> {
    let state = folder.join(RESUME_NAME);
    if can_go_on(folder) {
        fs::remove_file(&state).map_err(io_error("removing", &state))?;
    }
    remove_others(folder, &[folder.join(keep)])
}

/// Removes everything below `folder` but the files and whole folders that are listed.
pub(crate) fn remove_others(folder: &Path, kept: &[PathBuf]) -> Result<(), Error> {
    let entries = fs::read_dir(folder).map_err(io_error("reading", folder))?;
    for entry in entries {
        let path = entry.map_err(io_error("reading", folder))?.path();
        if kept.contains(&path) {
            continue;
        }
        let kind = fs::symlink_metadata(&path).map_err(io_error("looking up", &path))?;
        let removed = if kind.is_dir() && kept.iter().any(|kept| kept.starts_with(&path)) {
            remove_others(&path, kept)?;
            Ok(())
        } else if kind.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.map_err(io_error("removing", &path))?;
    }
    Ok(())
}

/// Ends what a run that was killed while it replaced an earlier one had begun: with nothing at
/// `out`, or an empty folder, the earlier run goes back there; with the new run there, its remains are removed. With anything
/// else there they stay: nothing has taken the earlier run's place.
pub(crate) fn put_back_interrupted(out: &Path, aside: &Path) -> Result<(), Error> {
    let in_the_way = || {
        let message = "is needed to replace a run and holds something else: rename it";
        Error::folder(aside, message).advising(&ELSEWHERE)
    };
    match inspect(aside)? {
        Contents::Missing => return Ok(()),
        _ if aside.join(REPLACED_MARK).is_file() => {}
        _ => return Err(in_the_way()),
    }
    match inspect(out)? {
        Contents::Missing => {}
        Contents::Empty => fs::remove_dir(out).map_err(io_error("removing", out))?,
        // Only a folder that was put there has a lock that nobody holds.
        Contents::Run | Contents::Baseline | Contents::Unfinished => {
            return match super::let_go(aside)? {
                true => Err(in_the_way()),
                false => Ok(()),
            };
        }
        Contents::Busy | Contents::Foreign | Contents::File => return Ok(()),
    }
    fs::rename(aside, out).map_err(io_error("putting back", out))?;
    let mark = out.join(REPLACED_MARK);
    fs::remove_file(&mark).map_err(io_error("removing", &mark))
}
