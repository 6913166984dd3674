//! The folder of a baseline: statistics over several seeds, and what they were made from.

use crate::advice::Advice;
use crate::error::Error;
use crate::file::FileEntry;
use crate::manifest::{GENERATOR_NAME, Generator, ModelEntry};
use crate::read::{check_file, unreadable};
use crate::table_reader::SmallTable;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The file that makes a folder a baseline.
pub const BASELINE_NAME: &str = "baseline.json";

/// The version of that file's shape.
pub const BASELINE_VERSION: u32 = 1;

/// What a baseline was made from, and its files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BaselineManifest {
    /// The version of this shape.
    pub baseline_version: u32,
    /// The program that wrote the baseline.
    pub generator: Generator,
    /// Grows whenever any generated value changes from one version of the program to the next.
    pub stream_stability_version: u32,
    /// The model that was played.
    pub model: ModelEntry,
    /// The seeds that were played, in order, as decimal strings.
    pub seeds: Vec<String>,
    /// The first instant of the runs, RFC 3339 in UTC.
    pub start: String,
    /// The first instant after the runs, RFC 3339 in UTC.
    pub end: String,
    /// The share of the model's population and traffic that was played.
    pub scale: f64,
    /// Names of the streams, in the model's order.
    pub streams: Vec<String>,
    /// The files, with paths relative to this one.
    pub files: Vec<FileEntry>,
}

impl BaselineManifest {
    /// The text of `baseline.json`: indented JSON that ends with a line break.
    ///
    /// # Errors
    /// When `scale` is not a finite number.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        if !self.scale.is_finite() {
            let message = format!("scale {} is not a finite number", self.scale);
            return Err(serde::ser::Error::custom(message));
        }
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

/// The JSON Schema of `baseline.json`.
pub fn baseline_schema() -> serde_json::Value {
    schemars::schema_for!(BaselineManifest).to_value()
}

/// A finished baseline.
#[derive(Clone, Debug)]
pub struct FinishedBaseline {
    folder: PathBuf,
    manifest: BaselineManifest,
}

impl FinishedBaseline {
    /// Whether a folder is, or was meant to be, a baseline's.
    pub fn is_at(folder: &Path) -> bool {
        folder.join(BASELINE_NAME).exists()
    }

    /// Opens the folder of a baseline.
    ///
    /// # Errors
    /// [`Error::Input`] when it holds none; [`Error::Io`] when the disk fails.
    pub fn open(folder: &Path) -> Result<FinishedBaseline, Error> {
        let no_baseline = |path: &Path, found: &str| {
            let message = format!("{found}: give the folder of a baseline");
            Error::input(path, message).advising(&[Advice::MakeBaseline])
        };
        let path = folder.join(BASELINE_NAME);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Err(match folder.exists() {
                    true => no_baseline(folder, &format!("holds no {BASELINE_NAME}")),
                    false => no_baseline(folder, "there is no such folder"),
                });
            }
            Err(error) => return Err(unreadable(&path, error)),
        };
        let damaged = |error: serde_json::Error| {
            let message = format!("is damaged or was changed: {error}; make the baseline again");
            Error::input(&path, message)
        };
        let json: serde_json::Value = serde_json::from_slice(&text).map_err(damaged)?;
        if json["generator"]["name"] != GENERATOR_NAME {
            return Err(no_baseline(&path, &format!("is not from {GENERATOR_NAME}")));
        }
        let version = &json["baseline_version"];
        if *version != BASELINE_VERSION {
            let message = format!(
                "has version {version} of the baseline, and this program reads version {BASELINE_VERSION}: make the baseline again"
            );
            return Err(Error::input(&path, message));
        }
        Ok(FinishedBaseline {
            folder: folder.to_owned(),
            manifest: serde_json::from_value(json).map_err(damaged)?,
        })
    }

    /// What the baseline says about itself.
    pub fn manifest(&self) -> &BaselineManifest {
        &self.manifest
    }

    /// The table of this name, such as `statistics`; its file is digested before it is read.
    ///
    /// # Errors
    /// [`Error::Input`] when there is none, or the file is damaged; [`Error::Io`] when the disk fails.
    pub fn table(&self, name: &str) -> Result<SmallTable, Error> {
        let wanted = format!("{name}.parquet");
        let mut files = self.manifest.files.iter();
        let Some(entry) = files.find(|file| file.path == wanted) else {
            let message = format!("lists no {wanted}: make the baseline again");
            return Err(Error::input(&self.folder.join(BASELINE_NAME), message));
        };
        let path = self.folder.join(&entry.path);
        check_file(&path, entry, true)?;
        SmallTable::read(&path)
    }
}
