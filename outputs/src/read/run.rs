//! Finished runs, checked before a row is read.

use super::source::{Source, Wanted};
use crate::columns_file::{COLUMNS_NAME, Columns, read_columns};
use crate::error::{Error, io_error};
use crate::file::FileEntry;
use crate::manifest::{GENERATOR_NAME, MANIFEST_NAME, MANIFEST_VERSION, Manifest, StreamEntry};
use crate::options::Format;
use crate::run_folder::LOCK_NAME;
use crate::time_text::rfc3339;
use rayon::prelude::*;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is read at once to digest a file.
const DIGEST_BYTES: usize = 256 * 1024;

/// A finished run.
#[derive(Clone, Debug)]
pub struct FinishedRun {
    folder: PathBuf,
    manifest: Manifest,
    /// Whether the files may have changed since they were written.
    check_digests: bool,
    /// The part of its time that is looked at, in microseconds since 1970; nothing for all of it.
    part: Option<Range<i64>>,
    /// The columns of its tables, where its files do not say.
    columns: Arc<Columns>,
}

impl FinishedRun {
    /// Opens the folder of a finished run. Its files are digested before they are read, so that a
    /// damaged one is named instead of being taken for a difference.
    ///
    /// # Errors
    /// [`Error::Input`] when the folder holds no finished run; [`Error::Io`] when the disk fails.
    pub fn open(folder: &Path) -> Result<FinishedRun, Error> {
        let manifest = Manifest::read(folder)?;
        let run = FinishedRun::written(folder, manifest)?;
        let run = FinishedRun {
            check_digests: true,
            ..run
        };
        let columns = run.manifest.files.iter();
        let columns: Vec<&FileEntry> = columns.filter(|file| file.path == COLUMNS_NAME).collect();
        run.check(&columns)?;
        Ok(run)
    }

    /// A run whose files this process has just written below `folder`. The manifest need not be
    /// there yet, and the files are not digested again.
    ///
    /// # Errors
    /// [`Error::Input`] when the run is in text, and the file that says which columns it has cannot be read.
    pub fn written(folder: &Path, manifest: Manifest) -> Result<FinishedRun, Error> {
        let columns = match manifest.format {
            Format::Parquet | Format::Arrow => Columns::default(),
            Format::Csv | Format::Jsonl => read_columns(folder)?,
        };
        Ok(FinishedRun {
            columns: Arc::new(columns),
            folder: folder.to_owned(),
            manifest,
            check_digests: false,
            part: None,
        })
    }

    /// The same run, of which only the rows with times in this range are looked at, in microseconds since 1970.
    pub fn within(mut self, part: Range<i64>) -> FinishedRun {
        let bounds = (rfc3339(part.start), rfc3339(part.end));
        if let (Some(start), Some(end)) = bounds {
            (self.manifest.start, self.manifest.end) = (start, end);
        }
        FinishedRun {
            part: Some(part),
            ..self
        }
    }

    /// The part of its time that is looked at.
    pub(crate) fn part(&self) -> Option<&Range<i64>> {
        self.part.as_ref()
    }

    /// The run's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the run says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The stream of this name, if the run has it.
    pub(crate) fn stream(&self, name: &str) -> Option<&StreamEntry> {
        let mut streams = self.manifest.streams.iter();
        streams.find(|stream| stream.name == name)
    }

    /// The files of a stream in their order.
    pub(crate) fn parts(&self, stream: &str) -> Result<Vec<&FileEntry>, Error> {
        let prefix = format!("events/stream={stream}/part-");
        let files = self.manifest.files.iter();
        let parts: Vec<&FileEntry> = files.filter(|f| f.path.starts_with(&prefix)).collect();
        if parts.is_empty() {
            let message = format!(
                "lists the stream `{stream}` and no file of it: the manifest was changed; play the run again"
            );
            return Err(Error::input(&self.folder.join(MANIFEST_NAME), message));
        }
        Ok(parts)
    }

    /// A file of a stream or of entities, to be read.
    pub(crate) fn source(&self, entry: &FileEntry, wanted: Wanted) -> Result<Source, Error> {
        let path = self.folder.join(&entry.path);
        let columns = self.columns.of(&entry.path);
        Source::open(&path, self.manifest.format, columns, wanted)
    }

    /// Checks that these files are what was written, on the current rayon pool.
    pub(crate) fn check(&self, files: &[&FileEntry]) -> Result<(), Error> {
        files.par_iter().try_for_each(|entry| {
            check_file(&self.folder.join(&entry.path), entry, self.check_digests)
        })
    }
}

/// Checks that a file is what was written: its size, and its digest if that is asked for.
pub(crate) fn check_file(path: &Path, entry: &FileEntry, digests: bool) -> Result<(), Error> {
    let found = fs::metadata(path)
        .map_err(|error| unreadable(path, error))?
        .len();
    let expected = entry.bytes;
    if found != expected {
        let message = format!(
            "has {found} bytes, and the manifest says {expected}: the file is damaged or was changed; play the run again"
        );
        return Err(Error::input(path, message));
    }
    if digests && digest(path)? != entry.digest {
        let message = "does not have the digest that the manifest gives: the file is damaged or was changed; play the run again";
        return Err(Error::input(path, message));
    }
    Ok(())
}

/// What the operating system says about a file of a run: bad input where the file is to blame.
pub(crate) fn unreadable(path: &Path, error: io::Error) -> Error {
    match error.kind() {
        ErrorKind::NotFound => Error::input(
            path,
            "is missing, and the manifest lists it: the run is not whole any more; play it again",
        ),
        ErrorKind::PermissionDenied => {
            Error::input(path, "may not be read: have its owner allow reading")
        }
        _ => io_error("reading", path)(error),
    }
}

/// The digest of a file as manifests write it.
///
/// # Errors
/// [`Error::Input`] when the file is not there or may not be read; [`Error::Io`] when the disk fails.
pub fn digest(path: &Path) -> Result<String, Error> {
    let mut file = File::open(path).map_err(|error| unreadable(path, error))?;
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; DIGEST_BYTES];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(format!("blake3:{}", hasher.finalize().to_hex())),
            Ok(read) => hasher.update(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(path, error)),
        };
    }
}

const WANTED: &str = "give the folder of a finished run, such as out/tutoring-42";

impl Manifest {
    /// Reads the manifest of a finished run: `place` is its folder or the file itself.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none, or one that is damaged, was changed, or is of another program or of another
    /// version of the manifest; [`Error::Io`] when the disk fails.
    pub fn read(place: &Path) -> Result<Manifest, Error> {
        let (manifest, is_as_written) = Manifest::read_as_it_is(place)?;
        if is_as_written {
            return Ok(manifest);
        }
        let message = "does not have the digest that it gives for itself: it was changed; take it from a copy of the run, or play the run again";
        Err(Error::input(&path_of(place), message))
    }

    /// Likewise, and whether it is as it was written, so that a check can name all that is wrong.
    ///
    /// # Errors
    /// As with [`read`](Self::read), but for one that was changed and can still be read.
    pub fn read_as_it_is(place: &Path) -> Result<(Manifest, bool), Error> {
        let path = path_of(place);
        let text = match place.is_file() {
            true => fs::read(place).map_err(|error| unreadable(place, error))?,
            false => read_text(place, &path)?,
        };
        let manifest = parse_manifest(&path, &text)?;
        let is_as_written = str::from_utf8(&text).is_ok_and(|text| manifest.is_as_written(text));
        Ok((manifest, is_as_written))
    }
}

/// The manifest of a folder, or the file itself.
fn path_of(place: &Path) -> PathBuf {
    match place.is_file() {
        true => place.to_owned(),
        false => place.join(MANIFEST_NAME),
    }
}

fn read_text(folder: &Path, path: &Path) -> Result<Vec<u8>, Error> {
    match fs::read(path) {
        Ok(text) => Ok(text),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let message = if !folder.exists() {
                format!("there is no such folder: {WANTED}")
            } else if !folder.is_dir() {
                format!("is not a folder: {WANTED}")
            } else if folder.join(LOCK_NAME).exists() {
                "holds an unfinished run: wait for it to end, or play it again".to_owned()
            } else {
                format!("holds no {MANIFEST_NAME}, so it is no finished run: {WANTED}")
            };
            Err(Error::input(folder, message))
        }
        Err(error) => Err(unreadable(path, error)),
    }
}

fn parse_manifest(path: &Path, text: &[u8]) -> Result<Manifest, Error> {
    let damaged = |error: serde_json::Error| {
        let message = format!("is damaged or was changed: {error}; play the run again");
        Error::input(path, message)
    };
    let json: serde_json::Value = serde_json::from_slice(text).map_err(damaged)?;
    if json["generator"]["name"] != GENERATOR_NAME {
        let message = format!("is not from {GENERATOR_NAME}: {WANTED}");
        return Err(Error::input(path, message));
    }
    let version = &json["manifest_version"];
    if *version != MANIFEST_VERSION {
        let message = format!(
            "has version {version} of the manifest, and this program reads version {MANIFEST_VERSION}: use the version of {GENERATOR_NAME} that wrote it, or play the run again"
        );
        return Err(Error::input(path, message));
    }
    serde_json::from_value(json).map_err(damaged)
}
