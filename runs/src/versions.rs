//! Versions of parts of a run: where they lie, which there are, and how one is dropped.

use std::fs;
use std::path::{Path, PathBuf};

use causeflow_models::suggestion;
use causeflow_outputs::{MANIFEST_NAME, Manifest, VERSIONS_NAME, VersionEntry};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::Error;

/// A version of a part of a run.
pub struct Version {
    /// Where it lies.
    pub folder: PathBuf,
    /// Its own manifest.
    pub manifest: Manifest,
    /// What that says about it as a version.
    pub entry: VersionEntry,
}

/// Versions, as they are shown to programs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VersionsShown {
    /// By name.
    pub versions: Vec<VersionShown>,
}

/// A version, as it is shown to programs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VersionShown {
    /// Its name.
    pub name: String,
    /// Where it lies.
    pub folder: String,
    /// The beginning of the window in which what was put in begins, RFC 3339 in UTC.
    pub from: String,
    /// The first instant after that window.
    pub to: String,
    /// The first instant after the version.
    pub until: String,
    /// What was put in.
    pub put_in: Vec<String>,
    /// Events that it has.
    pub rows: u64,
    /// A digest over them.
    pub fingerprint: String,
    /// Whether it is of the run that lies there now.
    pub of_this_run: bool,
}

/// Names of versions that were dropped.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Dropped {
    /// The names.
    pub dropped: Vec<String>,
}

impl VersionsShown {
    /// The versions of a run.
    pub fn of(versions: &[Version], run: &Manifest) -> VersionsShown {
        let shown = |version: &Version| VersionShown {
            name: version.entry.name.clone(),
            folder: version.folder.display().to_string(),
            from: version.entry.from.clone(),
            to: version.entry.to.clone(),
            until: version.manifest.end.clone(),
            put_in: version.put_in(),
            rows: version.rows(),
            fingerprint: version.manifest.fingerprint.clone(),
            of_this_run: version.entry.of == run.fingerprint,
        };
        VersionsShown {
            versions: versions.iter().map(shown).collect(),
        }
    }
}

/// Drops the versions of these names, or all of them. Nothing is dropped if one of the names is not that of a version.
///
/// # Errors
/// When a name is not that of a version, and when the disk fails.
pub fn reset(out: &Path, names: &[String]) -> Result<Dropped, Error> {
    Manifest::read(out)?;
    let versions: Vec<Version> = match names.is_empty() {
        true => all(out)?,
        false => {
            let mut names = names.to_vec();
            names.sort();
            names.dedup();
            let found = names.iter().map(|name| find(out, name));
            found.collect::<Result<_, Error>>()?
        }
    };
    let mut dropped = Vec::new();
    for version in &versions {
        version.remove()?;
        dropped.push(version.entry.name.clone());
    }
    Ok(Dropped { dropped })
}

/// The place of a version of this name.
pub(crate) fn place(out: &Path, name: &str) -> PathBuf {
    out.join(VERSIONS_NAME).join(name)
}

/// Refuses what cannot be the name of a version: it becomes that of a folder.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(fits) {
        return Ok(());
    }
    Err(Error::input(
        format!("`{name}` cannot be the name of a version"),
        "write 1 to 64 letters, digits, `-` or `_`",
    ))
}

/// The first of v1, v2 and so on that is free.
pub(crate) fn free_name(out: &Path) -> String {
    let names = (1_u32..).map(|number| format!("v{number}"));
    let mut free = names.filter(|name| !place(out, name).exists());
    free.next().unwrap_or_else(|| "v".to_owned())
}

/// The versions of a run, by name.
///
/// # Errors
/// When one of them cannot be read.
pub fn all(out: &Path) -> Result<Vec<Version>, Error> {
    let folder = out.join(VERSIONS_NAME);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |error| Error::machine(format!("reading {} failed: {error}", folder.display()));
    let mut versions = Vec::new();
    for entry in fs::read_dir(&folder).map_err(failed)? {
        let folder = entry.map_err(failed)?.path();
        // One that is being written, or was left unfinished, has no manifest.
        if folder.join(MANIFEST_NAME).is_file() {
            versions.push(read(folder)?);
        }
    }
    versions.sort_by(|a, b| a.entry.name.cmp(&b.entry.name));
    Ok(versions)
}

/// The version of this name.
///
/// # Errors
/// When there is none.
pub fn find(out: &Path, name: &str) -> Result<Version, Error> {
    let versions = all(out)?;
    let names: Vec<String> = versions.iter().map(|v| v.entry.name.clone()).collect();
    let mut found = versions.into_iter().filter(|v| v.entry.name == name);
    found.next().ok_or_else(|| {
        let help = suggestion(name, names.iter().map(String::as_str));
        let help = help.or_else(|| match names.is_empty() {
            true => Some("there is none yet".to_owned()),
            false => Some(format!("there are: {}", names.join(", "))),
        });
        Error::wrong(format!("{} has no version `{name}`", out.display()), help)
    })
}

fn read(folder: PathBuf) -> Result<Version, Error> {
    let manifest = Manifest::read(&folder)?;
    match manifest.version.clone() {
        Some(entry) => Ok(Version {
            folder,
            manifest,
            entry,
        }),
        None => Err(Error::input(
            format!("{} holds a run that is not a version", folder.display()),
            "move it elsewhere",
        )),
    }
}

impl Version {
    /// What was put in, in words.
    pub fn put_in(&self) -> Vec<String> {
        let scenarios = self.entry.scenarios.iter().map(|s| s.attribution.clone());
        let events = self.entry.events.iter();
        let events = events.map(|event| format!("{}@{}", event.template, event.time));
        scenarios.chain(events).collect()
    }

    /// How many events it has.
    pub fn rows(&self) -> u64 {
        self.manifest.streams.iter().map(|stream| stream.rows).sum()
    }

    /// Removes it. The manifest goes first, so that what is left by a failure is not taken for a version.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remove(&self) -> Result<(), Error> {
        let removed = fs::remove_file(self.folder.join(MANIFEST_NAME))
            .and_then(|()| fs::remove_dir_all(&self.folder));
        removed.map_err(|error| {
            Error::machine(format!(
                "removing {} failed: {error}",
                self.folder.display()
            ))
        })
    }
}
