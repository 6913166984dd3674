//! Forces what a run has written to the disk, so that what looks whole is whole after a loss of power, too.

use crate::error::{Error, io_error};
use crate::file::FileEntry;
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::Path;

/// Forces the files of a manifest, and the folders below its own in which they lie, to the disk.
///
/// # Errors
/// [`Error::Io`] when the disk fails: then some of what was written may not be there.
pub(super) fn sync_files(folder: &Path, files: &[FileEntry]) -> Result<(), Error> {
    let entries = files.par_iter().with_max_len(1);
    entries.try_for_each(|entry| {
        let path = folder.join(&entry.path);
        let opened = OpenOptions::new().write(true).open(&path);
        let synced = opened.and_then(|file| file.sync_all());
        synced.map_err(io_error("writing", &path))
    })?;
    let folders = files
        .iter()
        .flat_map(|entry| Path::new(&entry.path).ancestors().skip(1));
    let folders: BTreeSet<&Path> = folders.collect();
    folders
        .into_iter()
        .try_for_each(|below| sync_folder(&folder.join(below)))
}

/// Forces the names in a folder to the disk, where the system and the file system can do that.
///
/// # Errors
/// [`Error::Io`] when the disk fails.
pub(super) fn sync_folder(folder: &Path) -> Result<(), Error> {
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported
            ) =>
        {
            Ok(())
        }
        synced => synced.map_err(io_error("writing", folder)),
    }
}
