//! Files in a folder of ours that are not ours: a run that is replaced must not take them along.

use super::lock::{LOCK_NAME, is_locked};
use super::{REPLACED_MARK, RESUME_NAME, VERSIONS_NAME};
use crate::baseline::BASELINE_NAME;
use crate::error::{Error, io_error};
use crate::manifest::{GENERATOR_NAME, MANIFEST_NAME};
use crate::rows::WAITING_NAME;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The manifest of that name, when causeflow has written it.
pub(super) fn own_manifest(folder: &Path, name: &str) -> Option<serde_json::Value> {
    let text = fs::read(folder.join(name)).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&text).ok()?;
    (manifest["generator"]["name"] == GENERATOR_NAME).then_some(manifest)
}

/// Files in the folder of a finished run or baseline, and in those of its versions, that no manifest lists: paths below the
/// folder, in order. The manifest is read as loosely as can be, since a run of an earlier version may be replaced, too.
///
/// # Errors
/// [`Error::Folder`] when a version is being written at this moment, [`Error::Io`] when the disk fails.
pub(super) fn strangers(folder: &Path) -> Result<Vec<String>, Error> {
    let named = [MANIFEST_NAME, BASELINE_NAME];
    let manifests = named.map(|name| Some((name, own_manifest(folder, name)?)));
    let mut ours: BTreeSet<&str> = [RESUME_NAME, REPLACED_MARK, LOCK_NAME].into();
    for (name, manifest) in manifests.iter().flatten() {
        ours.insert(name);
        let files = manifest["files"].as_array().into_iter().flatten();
        ours.extend(files.filter_map(|file| file["path"].as_str()));
    }
    let mut found = unlisted(folder, &ours, &[VERSIONS_NAME, WAITING_NAME])?;
    let versions = folder.join(VERSIONS_NAME);
    if versions.is_dir() {
        found.extend(among_versions(&versions)?);
    }
    Ok(found)
}

/// Likewise among a run's versions. One that is unfinished has no manifest yet, only its lock.
fn among_versions(versions: &Path) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let entries = fs::read_dir(versions).map_err(io_error("reading", versions))?;
    for entry in entries {
        let path = entry.map_err(io_error("reading", versions))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = format!("{VERSIONS_NAME}/{name}");
        let kind = fs::symlink_metadata(&path).map_err(io_error("looking up", &path))?;
        if !kind.is_dir() {
            found.push(place);
        } else if is_locked(&path) {
            let message = "a version is being written there: wait for it to end";
            return Err(Error::folder(&path, message));
        } else if !path.join(LOCK_NAME).is_file() {
            let inside = strangers(&path)?;
            found.extend(inside.into_iter().map(|file| format!("{place}/{file}")));
        }
    }
    found.sort();
    Ok(found)
}

/// Files below `folder` that are not listed, with `/` between the parts of their paths, in order; the folders `apart`, which
/// are named by such paths, are not looked into.
///
/// # Errors
/// [`Error::Io`] when the disk fails.
pub(crate) fn unlisted(
    folder: &Path,
    listed: &BTreeSet<&str>,
    apart: &[&str],
) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, before)) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(io_error("reading", &folder))?;
        for entry in entries {
            let entry = entry.map_err(io_error("reading", &folder))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{before}{name}");
            let kind = entry
                .file_type()
                .map_err(io_error("looking up", &entry.path()))?;
            if kind.is_dir() {
                if !apart.contains(&path.as_str()) {
                    folders.push((entry.path(), path + "/"));
                }
            } else if !listed.contains(path.as_str()) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
