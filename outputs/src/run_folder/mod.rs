//! The folder of a run: staged beside its final place, put there in one step.
//!
//! While a run writes, its files lie in `<name>.partial`, locked against a second run. The manifest
//! is written last and then the folder gets its name. An earlier run that is replaced waits in
//! `<name>.replaced` until the new one is in place. So a run that fails or is killed at any point
//! leaves the earlier one as it was, and nothing that looks whole. The files that the manifest lists
//! are forced to the disk before it is written, so that this holds for a loss of power, too.
//!
//! A run that keeps its state in the file [`RESUME_NAME`] can be gone on with: its staging folder then stays when it
//! fails, until the run is resumed or another takes its place by force.

mod contents;
mod lock;
mod resume;
mod strangers;
mod sync;

use crate::advice::Advice;
use crate::baseline::{BASELINE_NAME, BaselineManifest};
use crate::error::{Error, io_error};
use crate::manifest::{MANIFEST_NAME, Manifest};
pub(crate) use contents::remove_others;
use contents::{Contents, ELSEWHERE, can_go_on, clear, inspect, put_back_interrupted};
pub(crate) use lock::LOCK_NAME;
use lock::Lock;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use strangers::strangers;
pub(crate) use strangers::unlisted;
use sync::{sync_files, sync_folder};

/// The name of the file, in the folder of an unfinished run, with all that is needed to go on.
pub const RESUME_NAME: &str = "resume.state";

/// The name of the folder, in that of a run, with the versions of parts of it, each with a manifest of its own.
pub const VERSIONS_NAME: &str = "versions";

/// Marks an earlier run that is being replaced, so that no other folder is taken for one.
const REPLACED_MARK: &str = ".causeflow-replaced";

/// Where a run was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Its folder.
    pub path: PathBuf,
    /// The folder of the run that it replaced, when somebody has put something into that meanwhile; otherwise it is gone.
    pub kept: Option<PathBuf>,
}

/// A run's folder while it is being written. Dropped without [`commit`](Self::commit) it is gone, unless it holds a
/// state to go on from.
#[derive(Debug)]
pub struct RunFolder {
    out: PathBuf,
    staging: PathBuf,
    force: bool,
    /// Parent folders that were made for the run, the innermost first: gone again with it.
    parents: Vec<PathBuf>,
    /// Held until the folder has its final name or is gone.
    lock: Option<Lock>,
}

impl RunFolder {
    /// Reserves `out` for a run. Nothing at `out` itself is touched before [`commit`](Self::commit).
    ///
    /// # Errors
    /// [`Error::Folder`] when `out` holds something: a finished or unfinished run without `force`,
    /// anything else always, also beside a run's own files; when it is the folder of this process or above that; when a run to this place was left unfinished and can be gone on with, without
    /// `force`; and when another run writes to the same place at this moment.
    /// [`Error::Io`] when the disk fails.
    pub fn create(out: &Path, force: bool) -> Result<RunFolder, Error> {
        if out == Path::new("-") {
            let message = "is the standard output elsewhere, and what is written here is a folder: name one, such as `out`, or `./-` if that is its name";
            return Err(Error::folder(out, message));
        }
        let parents = missing_parents(out);
        let out = resolve(out)?;
        refuse_underfoot(&out)?;
        let staging = sibling(&out, ".partial");
        inspect(&out)?.refuse_unless_replaceable(&out, force)?;
        let lock = Lock::acquire(&staging, &out)?;
        let mut folder = RunFolder {
            out,
            staging,
            force,
            parents,
            lock: Some(lock),
        };
        folder.prepare()?;
        Ok(folder)
    }

    /// Holding the lock, puts right what a killed run left and looks at `out` again: another run
    /// may have ended in between.
    fn prepare(&mut self) -> Result<(), Error> {
        put_back_interrupted(&self.out, &sibling(&self.out, ".replaced"))?;
        inspect(&self.out)?.refuse_unless_replaceable(&self.out, self.force)?;
        if can_go_on(&self.staging) && !self.force {
            let error = Error::folder(&self.out, "a run to this folder was left unfinished");
            return Err(error.advising(&[Advice::GoOn, Advice::Replace, Advice::OtherFolder]));
        }
        clear(&self.staging, LOCK_NAME)
    }

    /// The staging folder, to write the run's files into.
    pub fn path(&self) -> &Path {
        &self.staging
    }

    /// The place that it takes in the end.
    pub fn out(&self) -> &Path {
        &self.out
    }

    /// Whether it may take the place of an earlier run.
    pub fn replaces(&self) -> bool {
        self.force
    }

    /// Writes the manifest and puts the run in place. An earlier run is removed only afterwards.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk fails; an earlier run is then where it was. [`Error::Folder`]
    /// when something that may not be replaced has appeared at the place meanwhile.
    pub fn commit(self, manifest: &Manifest) -> Result<Placed, Error> {
        self.seal(manifest)?;
        self.place()
    }

    /// Does all of that but putting the run in place: forces its files to the disk, and writes the manifest.
    ///
    /// # Errors
    /// [`Error::Io`] when the disk fails.
    pub fn seal(&self, manifest: &Manifest) -> Result<(), Error> {
        sync_files(&self.staging, &manifest.files)?;
        self.write_manifest(MANIFEST_NAME, manifest.to_json())
    }

    /// Likewise for a baseline.
    ///
    /// # Errors
    /// As with [`commit`](Self::commit).
    pub fn commit_baseline(self, manifest: &BaselineManifest) -> Result<Placed, Error> {
        sync_files(&self.staging, &manifest.files)?;
        self.write_manifest(BASELINE_NAME, manifest.to_json())?;
        self.place()
    }

    /// Puts the folder in place as it is: for results that are not a run and have no manifest.
    ///
    /// # Errors
    /// As with [`commit`](Self::commit).
    pub fn place(mut self) -> Result<Placed, Error> {
        let found = inspect(&self.out)?;
        found.refuse_unless_ours(&self.out, self.force)?;
        let kept = match found {
            Contents::Missing => {
                self.rename_into_place()?;
                None
            }
            _ => self.replace()?,
        };
        if let Some(lock) = self.lock.take() {
            lock.remove_from(&self.out)?;
        }
        resume::remove_state(&self.out)?;
        self.out.parent().map_or(Ok(()), sync_folder)?;
        Ok(Placed {
            path: self.out.clone(),
            kept,
        })
    }

    fn write_manifest(
        &self,
        name: &str,
        text: Result<String, serde_json::Error>,
    ) -> Result<(), Error> {
        let path = self.staging.join(name);
        let text = text.map_err(|error| Error::encode(&path, error))?;
        let write = |path: &Path| {
            let mut file = File::create_new(path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write(&path).map_err(io_error("writing", &path))?;
        sync_folder(&self.staging)
    }

    fn rename_into_place(&self) -> Result<(), Error> {
        fs::rename(&self.staging, &self.out).map_err(io_error("putting in place", &self.out))
    }

    /// Moves what is at `out` aside, puts the run there, and only then removes the former. Where somebody has put something
    /// into it since this run began, it stays, and its path is returned: neither of the two is lost.
    fn replace(&self) -> Result<Option<PathBuf>, Error> {
        let aside = sibling(&self.out, ".replaced");
        let mark = self.out.join(REPLACED_MARK);
        fs::write(&mark, b"").map_err(io_error("marking", &mark))?;
        let moved = fs::rename(&self.out, &aside).map_err(io_error("moving aside", &self.out));
        if let Err(error) = moved {
            // What matters is the error that led here; a mark left behind does no harm.
            let _ = fs::remove_file(&mark);
            return Err(error);
        }
        if let Err(error) = self.rename_into_place() {
            if fs::rename(&aside, &self.out).is_ok() {
                let _ = fs::remove_file(&mark);
            }
            return Err(error);
        }
        Ok(let_go(&aside)?.then_some(aside))
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // `commit` lets go of the lock when it has succeeded. What cannot be removed here is
        // cleared by the next run to the same folder; the lock's file goes last, as its mark.
        let Some(lock) = self.lock.take() else {
            return;
        };
        if can_go_on(&self.staging) {
            // One that was sealed and not put in place does not look whole. Whoever goes on removes this, too.
            let _ = fs::remove_file(self.staging.join(MANIFEST_NAME));
        } else if clear(&self.staging, LOCK_NAME).is_ok() {
            let _ = lock.remove_from(&self.staging);
            let _ = fs::remove_dir(&self.staging);
            // One in which something else has appeared meanwhile is not empty and stays, with those above it.
            let emptied = |parent: &PathBuf| fs::remove_dir(parent).is_ok();
            let _ = self.parents.iter().all(emptied);
        }
    }
}

/// Removes the run that was replaced, unless somebody has put something into it: then it stays, without the mark by which it
/// is known as ours to remove. Returns whether it stays.
fn let_go(aside: &Path) -> Result<bool, Error> {
    let finished = [MANIFEST_NAME, BASELINE_NAME].map(|name| aside.join(name));
    let is_kept =
        finished.iter().any(|manifest| manifest.is_file()) && !strangers(aside)?.is_empty();
    let mark = aside.join(REPLACED_MARK);
    if !is_kept {
        // The manifests go next to last and the mark last: interrupted, it is still known what was ours.
        let [run, baseline] = &finished;
        remove_others(aside, &[run.clone(), baseline.clone(), mark.clone()])?;
        remove_others(aside, std::slice::from_ref(&mark))?;
    }
    fs::remove_file(&mark).map_err(io_error("removing", &mark))?;
    if !is_kept {
        fs::remove_dir(aside).map_err(io_error("removing", aside))?;
    }
    Ok(is_kept)
}

/// Creates the parent folders and follows links, so that siblings lie on the same file system.
fn resolve(out: &Path) -> Result<PathBuf, Error> {
    if fs::metadata(out).is_ok() {
        return fs::canonicalize(out).map_err(io_error("looking up", out));
    }
    if fs::symlink_metadata(out).is_ok() {
        let message = "is a link to something that is not there: remove it";
        return Err(Error::folder(out, message).advising(&ELSEWHERE));
    }
    let Some(name) = out.file_name() else {
        let message = "this is no name for a folder: give one such as `out`";
        return Err(Error::folder(out, message));
    };
    let parent = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(io_error("creating folder", parent))?;
    let parent = fs::canonicalize(parent).map_err(io_error("looking up", parent))?;
    Ok(parent.join(name))
}

/// The folders above `out` that are not there yet, the innermost first.
fn missing_parents(out: &Path) -> Vec<PathBuf> {
    let above = out.ancestors().skip(1);
    let named = above.take_while(|parent| !parent.as_os_str().is_empty());
    let missing = named.take_while(|parent| fs::symlink_metadata(parent).is_err());
    missing.map(Path::to_owned).collect()
}

/// Refuses the folder that this process works in, and those above it: a run puts a new folder in the place of the one
/// that is there, and whoever stands in that is left with nothing around.
fn refuse_underfoot(out: &Path) -> Result<(), Error> {
    let here = std::env::current_dir().and_then(fs::canonicalize);
    if here.is_ok_and(|here| here.starts_with(out)) {
        let message = "is where you are, and a run puts a new folder in its place: name a folder in it, such as `out`";
        return Err(Error::folder(out, message));
    }
    Ok(())
}

fn sibling(out: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(out.file_name().unwrap_or_default());
    name.push(ending);
    out.with_file_name(name)
}
