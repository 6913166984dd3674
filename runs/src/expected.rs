//! What a manifest says, and the tables that it lists, held against what follows from what it asks for.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use causeflow_outputs::verify::{Check, Finding};
use causeflow_outputs::{FileEntry, MANIFEST_NAME, Manifest, SmallTable, file_digest};
use serde_json::Value;
use tempfile::TempDir;

use crate::error::Error;
use crate::history::{STATISTICS, origin};

/// A folder for tables that are made again; it is gone with the value.
pub fn temporary() -> Result<TempDir, Error> {
    tempfile::tempdir()
        .map_err(|error| Error::machine(format!("cannot make a temporary folder: {error}")))
}

/// Whether this version of the program made a run, so that what it writes has the same bytes.
pub fn is_of_this_program(manifest: &Manifest) -> bool {
    manifest.generator.version == env!("CARGO_PKG_VERSION")
}

/// Something that is not as it should be.
pub type Wrong = (Check, Finding);

/// What a manifest says otherwise than it should, value by value. Files are compared one by one.
pub fn of_manifest(found: &Manifest, expected: &Manifest) -> Result<Vec<Wrong>, Error> {
    let value = |manifest: &Manifest| {
        let manifest = Manifest {
            files: Vec::new(),
            digest: String::new(),
            ..manifest.clone()
        };
        let unsound = |error| Error::machine(format!("a manifest cannot be written: {error}"));
        serde_json::to_value(manifest).map_err(unsound)
    };
    let mut wrong = Vec::new();
    differing("", &value(found)?, &value(expected)?, &mut wrong);
    Ok(wrong)
}

/// What a manifest says otherwise than the statistics beside it, which say what they are of. Without them, or when they cannot
/// be read, nothing: that is found as any other file's damage is.
pub fn of_statistics(folder: &Path, manifest: &Manifest) -> Vec<Wrong> {
    let path = folder.join(STATISTICS);
    let text = fs::read(&path).unwrap_or_default();
    let Ok(told @ Value::Object(_)) = serde_json::from_slice::<Value>(&text) else {
        return Vec::new();
    };
    let said = origin(manifest);
    let mut wrong = Vec::new();
    for (name, place) in [
        ("generator", "generator"),
        ("model", "model.name"),
        ("model_digest", "model.digest"),
        ("seeds", "seed"),
        ("start", "start"),
        ("end", "end"),
        ("scale", "scale"),
        ("version", "version"),
    ] {
        let of = |origin: &Value| {
            let value = origin.get(name).cloned().unwrap_or_default();
            // Of the seeds, the one.
            value.get(0).cloned().unwrap_or(value)
        };
        differing(place, &of(&said), &of(&told), &mut wrong);
    }
    for (_, finding) in &mut wrong {
        finding.expected += &format!(", as {STATISTICS} says");
    }
    wrong
}

fn differing(place: &str, found: &Value, expected: &Value, wrong: &mut Vec<Wrong>) {
    match (found, expected) {
        _ if found == expected => {}
        (Value::Object(a), Value::Object(b)) => {
            let only_b = b.keys().filter(|name| !a.contains_key(*name));
            for name in a.keys().chain(only_b) {
                let place = match place {
                    "" => name.clone(),
                    place => format!("{place}.{name}"),
                };
                let of = |map: &serde_json::Map<String, Value>| {
                    map.get(name).cloned().unwrap_or_default()
                };
                differing(&place, &of(a), &of(b), wrong);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                differing(&format!("{place}[{at}]"), a, b, wrong);
            }
        }
        _ => wrong.push((
            Check::Manifest,
            Finding {
                file: Some(MANIFEST_NAME.to_owned()),
                column: Some(place.to_owned()),
                found: found.to_string(),
                expected: expected.to_string(),
                ..Finding::default()
            },
        )),
    }
}

/// Tables that were made again, to be compared with those of a run.
pub struct Again<'a> {
    /// Where they are.
    pub folder: &'a Path,
    pub files: &'a [FileEntry],
    /// Whether the run was made by this version of the program, so that they have the same bytes.
    pub same_program: bool,
}

impl Again<'_> {
    /// How the tables of a run differ from these, of those for which `wanted` is true of the path.
    pub fn compare(
        &self,
        folder: &Path,
        manifest: &Manifest,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Wrong>, Error> {
        let of = |files: &'_ [FileEntry]| -> BTreeMap<String, FileEntry> {
            let files = files.iter().filter(|file| wanted(&file.path));
            files
                .map(|file| (file.path.clone(), file.clone()))
                .collect()
        };
        let (listed, again) = (of(&manifest.files), of(self.files));
        let mut wrong = Vec::new();
        for path in listed
            .keys()
            .chain(again.keys().filter(|path| !listed.contains_key(*path)))
        {
            let finding = match (listed.get(path), again.get(path)) {
                (Some(listed), Some(again)) => self.differs(folder, listed, again)?,
                (Some(_), None) => Some(finding(path, "a table", "no such table")),
                (None, _) => Some(finding(path, "no such table in the manifest", "a table")),
            };
            wrong.extend(finding.map(|finding| (Check::Table, finding)));
        }
        Ok(wrong)
    }

    /// How a table of a run differs from the one that was made again. A file that is not there is believed to have the
    /// digest that the manifest gives for it.
    fn differs(
        &self,
        folder: &Path,
        listed: &FileEntry,
        again: &FileEntry,
    ) -> Result<Option<Finding>, Error> {
        let path = folder.join(&listed.path);
        let there = path.is_file();
        let digest = match there {
            true => file_digest(&path)?,
            false => listed.digest.clone(),
        };
        if digest == again.digest && listed.digest == again.digest {
            let rows = |entry: &FileEntry| format!("{} rows in {} bytes", entry.rows, entry.bytes);
            let same = rows(listed) == rows(again);
            return Ok((!same).then(|| finding(&listed.path, &rows(listed), &rows(again))));
        }
        let differ = || finding(&listed.path, &digest, &again.digest);
        if !there {
            return Ok(Some(differ()));
        }
        let difference = match (
            SmallTable::open(&path),
            SmallTable::open(&self.folder.join(&again.path)),
        ) {
            (Ok(found), Ok(expected)) => found.difference(&expected),
            (Err(error), Ok(_)) => {
                return Ok(Some(finding(
                    &listed.path,
                    &error.to_string(),
                    "the table as it was written",
                )));
            }
            // No table, such as a snapshot: its bytes are all that there is.
            _ => return Ok(Some(differ())),
        };
        Ok(match difference {
            Some(difference) => Some(Finding {
                file: Some(listed.path.clone()),
                row: difference.row,
                column: difference.column,
                found: difference.found,
                expected: difference.expected,
                ..Finding::default()
            }),
            None if self.same_program => Some(differ()),
            None => None,
        })
    }
}

fn finding(path: &str, found: &str, expected: &str) -> Finding {
    Finding {
        file: Some(path.to_owned()),
        found: found.to_owned(),
        expected: expected.to_owned(),
        ..Finding::default()
    }
}
