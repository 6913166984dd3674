//! The state of a run that keeps snapshots: with the last of them, all that is needed to go on.

use std::path::{Path, PathBuf};

use causeflow_engine::base::time::Time;
use causeflow_outputs::{
    Advice, FileEntry, Manifest, Options, RESUME_NAME, StateKind, read_state, write_state,
};
use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::spec::RunSpec;

const KIND: StateKind = StateKind {
    name: "the state of an unfinished run",
    version: 4,
    remedy: Advice::Anew,
};

/// The state of a run at a snapshot, to go on from.
#[derive(Serialize, Deserialize)]
pub struct State {
    /// What was asked for, with absolute paths.
    #[serde(with = "as_json")]
    pub(super) spec: RunSpec,
    /// Whether it may replace an earlier run.
    pub(super) replace: bool,
    /// What the manifest will say about what the run is made from.
    #[serde(with = "as_json")]
    pub(super) manifest: Manifest,
    /// The time of the snapshot that the state belongs to.
    pub(super) time: Time,
    /// The snapshots so far.
    pub(super) snapshots: Vec<FileEntry>,
    /// Rows of the streams so far.
    pub(super) rows: u64,
    /// What the sink needs to go on.
    pub(super) sink: Vec<u8>,
}

impl State {
    /// Reads the state in a run's folder.
    pub fn read(folder: &Path) -> Result<State, Error> {
        Ok(read_state(&folder.join(RESUME_NAME), &KIND)?)
    }

    /// Writes it there, in place of the one before.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        write_state(folder, RESUME_NAME, &KIND, self)?;
        Ok(())
    }
}

/// What is asked for as it is stored: with defaults filled in, and such that it means the same in every folder.
pub fn as_stored(spec: &RunSpec, options: Options) -> Result<RunSpec, Error> {
    Ok(RunSpec {
        format: options.format(),
        compression: Some(options.compression()),
        ..spec.with_absolute_paths()?
    })
}

impl RunSpec {
    /// The same with paths that mean the same in every folder, but for the names of built-in models.
    ///
    /// # Errors
    /// When a path is not in UTF-8, or this folder cannot be found out.
    pub fn with_absolute_paths(&self) -> Result<RunSpec, Error> {
        let mut spec = self.clone();
        if causeflow_models::built_in(&spec.model).is_none() {
            spec.model = absolute(Path::new(&spec.model))?.display().to_string();
        }
        let folders = spec.scenario_folder.iter_mut().chain(&mut spec.baseline);
        for path in spec.event_files.iter_mut().chain(folders) {
            *path = absolute(path)?;
        }
        Ok(spec)
    }
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    let shown = path.display();
    // What is not there is told by whoever reads it.
    let absolute = std::fs::canonicalize(path)
        .or_else(|_| std::path::absolute(path))
        .map_err(|error| Error::machine(format!("looking up {shown} failed: {error}")))?;
    match absolute.to_str() {
        Some(_) => Ok(absolute),
        None => {
            let message = "is not a path in UTF-8, which a run that keeps snapshots cannot note";
            let error = Error::input(format!("{shown} {message}"), "rename it");
            Err(error.advising(&[Advice::NoSnapshots]))
        }
    }
}

/// Values that leave out what is missing cannot be read back from a format that does not name its fields.
mod as_json {
    use serde::de::{DeserializeOwned, Error as _};
    use serde::ser::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub fn serialize<T: Serialize, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        let text = serde_json::to_string(value).map_err(S::Error::custom)?;
        to.serialize_str(&text)
    }

    pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
        from: D,
    ) -> Result<T, D::Error> {
        let text = String::deserialize(from)?;
        serde_json::from_str(&text).map_err(D::Error::custom)
    }
}
