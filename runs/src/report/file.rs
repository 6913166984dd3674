//! Writes the page whole or not at all, and over nothing but an earlier report.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use crate::error::{Advice, Error};

/// What a report has among its first bytes.
pub const MARK: &str = "<meta name=\"generator\" content=\"causeflow report\">";

/// Within how many bytes the mark stands.
const HEAD: u64 = 1024;

/// Writes the page to `path`, whole or not at all; `run` is the folder that it tells about.
///
/// # Errors
/// When the file would lie in the folder of the run, is no report and may not be replaced, or cannot be written.
pub fn write(path: &Path, run: &Path, page: &str, force: bool) -> Result<(), Error> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    check(path, folder, run, force)?;
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Error::advised(
            format!("may not write to {}: {error}", folder.display()),
            &[Advice::OtherFile],
        ),
        _ => Error::machine(format!("writing {} failed: {error}", path.display())),
    };
    let mut file = builder().tempfile_in(folder).map_err(failed)?;
    file.write_all(page.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".causeflow-report-").suffix(".partial");
    // A page is for others to read, too: what the user's mask leaves of these.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    builder
}

fn check(path: &Path, folder: &Path, run: &Path, force: bool) -> Result<(), Error> {
    let Ok(folder) = folder.canonicalize() else {
        return Err(Error::input(
            format!("there is no folder {}", folder.display()),
            "make it first",
        )
        .advising(&[Advice::OtherFile]));
    };
    if run.canonicalize().is_ok_and(|run| folder.starts_with(run)) {
        return Err(Error::advised(
            format!(
                "{} would lie in the folder of the run, which holds only what its manifest lists",
                path.display()
            ),
            &[Advice::OtherFile],
        ));
    }
    if path.is_dir() {
        return Err(Error::advised(
            format!("{} is a folder", path.display()),
            &[Advice::OtherFile],
        ));
    }
    if !force && path.exists() && !is_report(path) {
        return Err(Error::advised(
            format!("{} exists and is no report of causeflow", path.display()),
            &[Advice::OtherFile, Advice::Replace],
        ));
    }
    Ok(())
}

fn is_report(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    read.is_ok() && String::from_utf8_lossy(&head).contains(MARK)
}
