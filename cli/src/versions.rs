//! Versions of parts of a run: where they lie, which there are, and how one is dropped.

use std::fs;
use std::path::{Path, PathBuf};

use causeflow_models::suggestion;
use causeflow_outputs::{MANIFEST_NAME, Manifest, VERSIONS_NAME, VersionEntry};

use crate::errors::Failure;

/// A version of a part of a run.
pub struct Version {
    pub folder: PathBuf,
    pub manifest: Manifest,
    pub entry: VersionEntry,
}

/// The place of a version of this name.
pub fn place(out: &Path, name: &str) -> PathBuf {
    out.join(VERSIONS_NAME).join(name)
}

/// Refuses what cannot be the name of a version: it becomes that of a folder.
pub fn check_name(name: &str) -> Result<(), Failure> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !name.is_empty() && name.len() <= 64 && name.chars().all(fits) {
        return Ok(());
    }
    Err(Failure::input(
        format!("`{name}` cannot be the name of a version"),
        "write 1 to 64 letters, digits, `-` or `_`",
    ))
}

/// The first of v1, v2 and so on that is free.
pub fn free_name(out: &Path) -> String {
    let names = (1_u32..).map(|number| format!("v{number}"));
    let mut free = names.filter(|name| !place(out, name).exists());
    free.next().unwrap_or_else(|| "v".to_owned())
}

/// The versions of a run, by name.
pub fn all(out: &Path) -> Result<Vec<Version>, Failure> {
    let folder = out.join(VERSIONS_NAME);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |error| Failure::Machine(format!("reading {} failed: {error}", folder.display()));
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
pub fn find(out: &Path, name: &str) -> Result<Version, Failure> {
    let versions = all(out)?;
    let names: Vec<String> = versions.iter().map(|v| v.entry.name.clone()).collect();
    let mut found = versions.into_iter().filter(|v| v.entry.name == name);
    found.next().ok_or_else(|| {
        let help = suggestion(name, names.iter().map(String::as_str));
        let help = help.or_else(|| match names.is_empty() {
            true => Some("there is none yet: `causeflow regenerate` makes one".to_owned()),
            false => Some(format!("there are: {}", names.join(", "))),
        });
        Failure::Input(format!("{} has no version `{name}`", out.display()), help)
    })
}

fn read(folder: PathBuf) -> Result<Version, Failure> {
    let manifest = Manifest::read(&folder)?;
    match manifest.version.clone() {
        Some(entry) => Ok(Version {
            folder,
            manifest,
            entry,
        }),
        None => Err(Failure::input(
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
    pub fn remove(&self) -> Result<(), Failure> {
        let removed = fs::remove_file(self.folder.join(MANIFEST_NAME))
            .and_then(|()| fs::remove_dir_all(&self.folder));
        removed.map_err(|error| {
            Failure::Machine(format!(
                "removing {} failed: {error}",
                self.folder.display()
            ))
        })
    }
}
