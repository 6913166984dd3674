//! The files of a run: whether they are there, and are those that the manifest lists.

use super::finding::{Check, Finding, Findings};
use crate::error::{Error, io_error};
use crate::file::FileEntry;
use crate::manifest::{MANIFEST_NAME, Manifest};
use crate::options::Format;
use crate::read::digest;
use crate::rows::WAITING_NAME;
use crate::run_folder::{LOCK_NAME, RESUME_NAME, VERSIONS_NAME, unlisted};
use causeflow_engine::base::fingerprint::{Fingerprint, combine};
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

/// Folders within that of a run that have manifests of their own, or are looked after by the run itself.
const APART: [&str; 3] = [VERSIONS_NAME, WAITING_NAME, "snapshots"];

/// What came of looking at the files.
#[derive(Default)]
pub(super) struct Files {
    pub findings: Findings,
    /// Rows by path, of those that can be read.
    pub rows: BTreeMap<String, u64>,
    /// Bytes of the files that were looked at.
    pub bytes: u64,
}

/// What came of one file.
struct Looked {
    findings: Findings,
    /// Its rows, if it can be read; those of the manifest for formats that do not say.
    rows: Option<u64>,
    bytes: u64,
}

/// Looks at all files of a manifest, and for those that it does not list.
///
/// # Errors
/// [`Error::Io`] when the disk fails.
pub(super) fn look_at(
    folder: &Path,
    manifest: &Manifest,
    digests: bool,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Files>, Error> {
    let entries = manifest.files.par_iter().enumerate().with_max_len(1);
    let looked: Vec<Option<Result<Looked, Error>>> = entries
        .map(|(place, entry)| go_on().then(|| look(folder, manifest, place, entry, digests)))
        .collect();
    let mut files = Files::default();
    for (entry, looked) in manifest.files.iter().zip(looked) {
        let Some(looked) = looked.transpose()? else {
            return Ok(None);
        };
        files.findings.merge(looked.findings);
        files.bytes += looked.bytes;
        if let Some(rows) = looked.rows {
            files.rows.insert(entry.path.clone(), rows);
        }
    }
    let listed = manifest.files.iter().map(|file| file.path.as_str());
    // A run that is killed in the moment in which its folder gets its name leaves the lock and the state that it no longer needs.
    let listed: BTreeSet<&str> = listed
        .chain([MANIFEST_NAME, RESUME_NAME, LOCK_NAME])
        .collect();
    for (place, path) in unlisted(folder, &listed, &APART)?.into_iter().enumerate() {
        let place = (manifest.files.len() + place, 0, 0);
        files.findings.add(Check::ForeignFile, place, || Finding {
            file: Some(path),
            found: "a file that is not in the manifest".to_owned(),
            expected: "the manifest and the files that it lists".to_owned(),
            ..Finding::default()
        });
    }
    counts(manifest, &mut files.findings);
    fingerprint(manifest, &mut files.findings);
    Ok(Some(files))
}

fn look(
    folder: &Path,
    manifest: &Manifest,
    place: usize,
    entry: &FileEntry,
    digests: bool,
) -> Result<Looked, Error> {
    let path = folder.join(&entry.path);
    let mut looked = Looked {
        findings: Findings::default(),
        rows: None,
        bytes: 0,
    };
    let mut add = |check, found: String, expected: String| {
        looked.findings.add(check, (place, 0, 0), || Finding {
            file: Some(entry.path.clone()),
            found,
            expected,
            ..Finding::default()
        });
    };
    let found = match fs::metadata(&path) {
        Ok(found) if found.is_file() => found.len(),
        Ok(_) => {
            add(
                Check::MissingFile,
                "no file, but a folder".to_owned(),
                "a file".to_owned(),
            );
            return Ok(looked);
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            let expected = format!("a file of {} bytes", entry.bytes);
            add(Check::MissingFile, "no file".to_owned(), expected);
            return Ok(looked);
        }
        Err(error) => return Err(io_error("looking up", &path)(error)),
    };
    looked.bytes = found;
    if found != entry.bytes {
        add(
            Check::Size,
            format!("{found} bytes"),
            format!("{} bytes", entry.bytes),
        );
        return Ok(looked);
    }
    if digests {
        let found = digest(&path)?;
        if found != entry.digest {
            add(Check::Digest, found, entry.digest.clone());
            return Ok(looked);
        }
    }
    if !entry.path.ends_with(".parquet") || manifest.format != Format::Parquet {
        // How many there are shows when they are read.
        looked.rows = Some(entry.rows);
        return Ok(looked);
    }
    let file = File::open(&path).map_err(io_error("reading", &path))?;
    match ArrowReaderMetadata::load(&file, ArrowReaderOptions::new()) {
        Err(error) => add(
            Check::Unreadable,
            error.to_string(),
            "a Parquet file as it was written".to_owned(),
        ),
        Ok(metadata) => {
            let rows = metadata.metadata().file_metadata().num_rows();
            let rows = u64::try_from(rows).unwrap_or(0);
            if rows != entry.rows {
                let expected = format!("{} rows, as the manifest says", entry.rows);
                add(Check::Rows, format!("{rows} rows"), expected);
            }
            looked.rows = Some(rows);
        }
    }
    Ok(looked)
}

/// Checks that the numbers of rows in the manifest agree with each other.
fn counts(manifest: &Manifest, findings: &mut Findings) {
    let rows_below = |prefix: String| -> u64 {
        let files = manifest.files.iter();
        let files = files.filter(|file| file.path.starts_with(&prefix));
        files.map(|file| file.rows).sum()
    };
    let streams = manifest.streams.iter();
    let streams = streams.map(|s| {
        (
            &s.name,
            s.rows,
            rows_below(format!("events/stream={}/", s.name)),
        )
    });
    let kinds = manifest.entities.iter();
    let kinds = kinds.map(|e| (&e.kind, e.rows, rows_below(format!("entities/{}.", e.kind))));
    let openings = manifest.entities_start.iter();
    let openings = openings.map(|e| {
        let below = format!("entities_start/{}.", e.kind);
        (&e.kind, e.rows, rows_below(below))
    });
    let all = streams.chain(kinds).chain(openings);
    for (place, (name, rows, of_files)) in all.enumerate() {
        if rows != of_files {
            let place = (manifest.files.len() + place, 0, 0);
            findings.add(Check::Rows, place, || Finding {
                file: Some(MANIFEST_NAME.to_owned()),
                table: Some(name.clone()),
                found: format!("{rows} rows"),
                expected: format!("{of_files} rows, as its files have together"),
                ..Finding::default()
            });
        }
    }
}

/// Checks that the fingerprint of the run follows from those of its streams, which are compared with the rows.
fn fingerprint(manifest: &Manifest, findings: &mut Findings) {
    let streams = manifest.streams.iter();
    let fingerprint = |text: &str| u128::from_str_radix(text, 16).map(Fingerprint);
    let streams = streams.map(|s| Ok((s.name.as_str(), fingerprint(&s.fingerprint)?)));
    // What is no number shows where the stream is compared.
    let streams: Result<Vec<(&str, Fingerprint)>, std::num::ParseIntError> = streams.collect();
    let Ok(streams) = streams else { return };
    let expected = combine(streams).to_string();
    if expected != manifest.fingerprint {
        findings.add(Check::RunFingerprint, (manifest.files.len(), 0, 0), || {
            Finding {
                file: Some(MANIFEST_NAME.to_owned()),
                found: manifest.fingerprint.clone(),
                expected,
                ..Finding::default()
            }
        });
    }
}
