//! A file of JSON beside the tables.

use crate::error::{Error, io_error};
use crate::file::{DigestFile, FileEntry};
use std::io::Write;
use std::path::Path;

/// Writes a new file `folder/relative` with this text. `rows` is what its entry says: how many things it lists.
///
/// # Errors
/// [`Error::Io`] when the disk fails.
pub fn write_json(
    folder: &Path,
    relative: &str,
    text: &str,
    rows: u64,
) -> Result<FileEntry, Error> {
    let mut file = DigestFile::create(folder, relative.to_owned())?;
    let path = file.path().to_owned();
    file.write_all(text.as_bytes())
        .map_err(io_error("writing", &path))?;
    file.finish(rows)
}
