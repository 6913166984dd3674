//! Changes of the clock that were asked for by a key, on the disk: one that is asked for again is not made twice, also when the server was
//! killed meanwhile. Those of commands stand in the journal.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use causeflow_engine::base::time::Time;
use serde::{Deserialize, Serialize};

use super::journal::failed;
use crate::error::Result;
use crate::numbers::json_line;

const FILE: &str = "clock-keys.jsonl";
/// So many are remembered.
const KEPT: usize = 1000;

/// A change of the clock by a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The key.
    pub key: String,
    /// What was asked for.
    pub said: String,
    /// Where a step leads, in microseconds since the epoch of time.
    pub to_us: Option<i64>,
    /// Whether the process that made it is no more: what it did to the clock is gone with that, but for how far it led.
    #[serde(skip)]
    pub is_of_before: bool,
}

impl Asked {
    /// Where a step leads.
    pub fn to(&self) -> Option<Time> {
        self.to_us.map(Time)
    }
}

/// The last of them.
pub struct Keys {
    file: File,
    path: PathBuf,
    known: VecDeque<Asked>,
}

impl Keys {
    /// Those of the session in a folder.
    pub(super) fn open(folder: &Path) -> Result<Keys> {
        let path = folder.join(FILE);
        // The first one is still to come, as a rule.
        let text = fs::read_to_string(&path).unwrap_or_default();
        // A line that was cut off was never acknowledged.
        let lines = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        let mut known: VecDeque<Asked> = lines.collect();
        known.drain(..known.len().saturating_sub(KEPT));
        let mut kept = String::new();
        for asked in &mut known {
            kept += &json_line(asked)?;
            asked.is_of_before = true;
        }
        let beside = path.with_extension("unfinished");
        fs::write(&beside, kept).map_err(failed("write", &beside))?;
        fs::rename(&beside, &path).map_err(failed("put in place", &path))?;
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(failed("open", &path))?;
        Ok(Keys { file, path, known })
    }

    /// What was asked for by a key.
    pub fn find(&self, key: &str) -> Option<&Asked> {
        self.known.iter().find(|asked| asked.key == key)
    }

    /// Remembers a change, which is on the disk when this returns.
    ///
    /// # Errors
    /// When it cannot be written: the change must not be made then.
    pub fn note(&mut self, asked: Asked) -> Result<()> {
        let line = json_line(&asked)?;
        let written = self.file.write_all(line.as_bytes());
        written
            .and_then(|()| self.file.sync_data())
            .map_err(failed("write", &self.path))?;
        self.known.retain(|known| known.key != asked.key);
        self.known.push_back(asked);
        if self.known.len() > KEPT {
            self.known.pop_front();
        }
        Ok(())
    }
}
