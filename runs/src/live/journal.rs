//! The journal of a session: what it is made from, and what was done to it, in order.
//!
//! A file of JSON lines. The first says what is played; each other one is a command and the virtual time from which on it
//! acts. A line is forced to the disk before the command counts, and a line that was cut off by the end of a process never
//! did. People can write one by hand: only the command and its time are needed.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use causeflow_scenarios::definition::{EventSeverity, TemplateDef};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Place, Result};
use crate::numbers::json_line;
use crate::spec::RunSpec;

/// The version of a journal's shape.
pub const JOURNAL_VERSION: u32 = 1;

/// What a session is made from: the first line of its journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// The version of this shape, 1.
    #[schemars(range(min = 1, max = 1))]
    pub journal_version: u32,
    /// What is played. The session goes on after its days.
    pub spec: RunSpec,
    /// From when on it is live, RFC 3339 or as in a [`RunSpec`]: what comes before is played at once. The start by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_from: Option<String>,
    /// Digest of the model's files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_digest: Option<String>,
    /// The version of generated values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stream_stability_version: Option<u32>,
}

/// A command and the virtual time from which on it acts: a line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Entry {
    /// When: an instant, a date and time in the model's time zone, or a day of the session such as `day3T10:00`.
    pub at: String,
    /// What is done.
    #[serde(flatten)]
    pub command: Command,
    /// By what name whoever gave the command knows it, so that it is not done twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The version in which it acts, in place of the session itself: its time was past already when it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionOf>,
}

impl Header {
    /// The header of a session that is live from its start, with the model as it is now.
    pub fn of(spec: RunSpec) -> Header {
        Header {
            journal_version: JOURNAL_VERSION,
            spec,
            live_from: None,
            model_digest: None,
            stream_stability_version: None,
        }
    }
}

impl Entry {
    /// A command to the session itself.
    pub fn new(at: impl Into<String>, command: Command) -> Entry {
        Entry {
            at: at.into(),
            command,
            key: None,
            version: None,
        }
    }

    /// Whether it is about a version, and does nothing to the session itself.
    pub fn is_of_version(&self) -> bool {
        self.version.is_some() || matches!(self.command, Command::Drop { .. })
    }
}

/// A version of what is past of a session: it begins where its command acts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VersionOf {
    /// Its name.
    pub name: String,
    /// The first instant after it, as `at`: up to here events had been given out.
    pub to: String,
}

/// Something that is done to a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "command", rename_all = "kebab-case")]
pub enum Command {
    /// A scenario begins.
    Scenario {
        /// Its id.
        scenario: String,
        /// How long it is active, such as `6h`; as long as it says itself by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        duration: Option<String>,
    },
    /// The scenario that is active begins to settle, or something else that acts.
    Stop {
        /// The name of what is to let go, as the state has it: of an external event that was put in, or a change of a parameter. The
        /// scenario that is active by default.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        intervention: Option<String>,
    },
    /// Everything that was done before is taken back: the world is the one without it, and always was.
    Reset,
    /// An external event happens.
    Inject {
        /// What happens.
        #[serde(flatten)]
        event: Injection,
    },
    /// There is a scenario of one's own from now on.
    Define {
        /// Its file, as YAML or JSON.
        text: String,
    },
    /// A version of what is past is given up.
    Drop {
        /// Its name.
        name: String,
    },
}

/// An external event that is put in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Injection {
    /// The id of its template. One that is defined here gets this id, if it is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// A template of its own, as in a file of external events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<TemplateDef>")]
    pub definition: Option<serde_json::Value>,
    /// Another title than the template's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Another description than the template's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Another severity than the template's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<EventSeverity>,
    /// Whether it has its template's impact; one without is a red herring.
    #[serde(default = "yes")]
    pub causal: bool,
}

fn yes() -> bool {
    true
}

impl Command {
    /// Its name, as a journal writes it.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Scenario { .. } => "scenario",
            Command::Stop { .. } => "stop",
            Command::Reset => "reset",
            Command::Inject { .. } => "inject",
            Command::Define { .. } => "define",
            Command::Drop { .. } => "drop",
        }
    }
}

/// The file of a journal, to which is added.
pub(super) struct Journal {
    file: File,
    path: PathBuf,
    /// So much of it counts.
    length: u64,
}

impl Journal {
    /// A new one, with what the session is made from and what is to be done already.
    pub fn create(path: &Path, header: &Header, entries: &[Entry]) -> Result<Journal> {
        let mut text = json_line(header)?;
        for entry in entries {
            text += &json_line(entry)?;
        }
        // Whole or not at all: it is written beside and then gets its name.
        let beside = path.with_extension("unfinished");
        let mut file = File::create(&beside).map_err(failed("create", &beside))?;
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .map_err(failed("write", &beside))?;
        std::fs::rename(&beside, path).map_err(failed("put in place", path))?;
        Ok(Journal {
            file,
            path: path.to_owned(),
            length: text.len() as u64,
        })
    }

    /// One that is there. A last line that was cut off is taken away: its command was never acknowledged.
    pub fn open(path: &Path) -> Result<(Journal, Header, Vec<Entry>)> {
        let (header, entries, length) = acknowledged(path)?;
        let file = OpenOptions::new().write(true).open(path);
        let file = file.map_err(failed("open", path))?;
        file.set_len(length).map_err(failed("write", path))?;
        let mut journal = Journal {
            file,
            path: path.to_owned(),
            length,
        };
        journal.seek_end()?;
        Ok((journal, header, entries))
    }

    fn seek_end(&mut self) -> Result<()> {
        use std::io::{Seek, SeekFrom};
        let end = self.file.seek(SeekFrom::Start(self.length));
        end.map(drop).map_err(failed("write", &self.path))
    }

    /// Adds a command, which is on the disk when this returns. After a failure the file is as it was.
    pub fn append(&mut self, entry: &Entry) -> Result<()> {
        let line = json_line(entry)?;
        let written = self.file.write_all(line.as_bytes());
        let written = written.and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => {
                self.length += line.len() as u64;
                Ok(())
            }
            Err(error) => {
                // What has been written of it must not count later.
                let _ = self.file.set_len(self.length);
                let _ = self.seek_end();
                Err(failed("write", &self.path)(error))
            }
        }
    }
}

/// What counts of a session's journal, and how long that is. The file stays as it is: somebody may be writing to it.
pub(super) fn acknowledged(path: &Path) -> Result<(Header, Vec<Entry>, u64)> {
    let text = std::fs::read_to_string(path).map_err(failed("read", path))?;
    let whole = text.rfind('\n').map_or("", |last| &text[..=last]);
    let (header, entries) = parse(whole, path)?;
    let entries = entries.into_iter().map(|(_, entry)| entry).collect();
    Ok((header, entries, whole.len() as u64))
}

/// Reads a journal that people have written: what is played, and commands with their lines.
pub(super) fn read(path: &Path) -> Result<(Header, Vec<(usize, Entry)>)> {
    let text = std::fs::read_to_string(path).map_err(failed("read", path))?;
    parse(&text, path)
}

/// The text of a journal.
fn parse(text: &str, path: &Path) -> Result<(Header, Vec<(usize, Entry)>)> {
    let mut lines = (1..).zip(text.lines());
    let mut lines = lines.by_ref().filter(|(_, line)| !line.trim().is_empty());
    let wrong = |number: usize, error: &dyn std::fmt::Display, help: &str| {
        let message = format!("line {number} of {}: {error}", path.display());
        Error::input(message, help).at(Place::File(path.to_owned()))
    };
    let first = "the first line of a journal says what is played, such as {\"journal_version\": 1, \"spec\": \
                 {\"spec_version\": 1, \"model\": \"tutoring\"}}";
    let (number, line) = lines
        .next()
        .ok_or_else(|| wrong(1, &"nothing is there", first))?;
    let header: Header =
        serde_json::from_str(line).map_err(|error| wrong(number, &error, first))?;
    if header.journal_version != JOURNAL_VERSION {
        let found = format!(
            "the journal has version {}, and this program reads {JOURNAL_VERSION}",
            header.journal_version
        );
        return Err(wrong(number, &found, "use the program that wrote it"));
    }
    let entries = lines.map(|(number, line)| {
        let entry = entry(line).map(|entry| (number, entry));
        entry.map_err(|error| {
            let help = "each line is a command and its time, such as {\"at\": \"day3T10:00\", \"command\": \"scenario\", \
                        \"scenario\": \"payment-outage\"}";
            wrong(number, &error, help)
        })
    });
    Ok((header, entries.collect::<Result<_>>()?))
}

/// Reads a line. A key that is none of its command's would be lost without a word, so it is refused.
fn entry(line: &str) -> std::result::Result<Entry, serde_json::Error> {
    use serde::de::Error as _;
    let entry: Entry = serde_json::from_str(line)?;
    let given: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line)?;
    let read = serde_json::to_value(&entry)?;
    match given.keys().find(|key| read.get(key).is_none()) {
        Some(key) => Err(serde_json::Error::custom(format!(
            "a command `{}` has no `{key}`",
            entry.command.name()
        ))),
        None => Ok(entry),
    }
}

/// What a failure to do something with a file is.
pub(super) fn failed(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
    let path = path.to_owned();
    move |error| {
        let message = format!("cannot {what} {}: {error}", path.display());
        let found = match error.kind() {
            ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::AlreadyExists => {
                Error::input(message, "give a place that is there and may be written")
            }
            _ => Error::machine(message),
        };
        found.at(Place::File(path))
    }
}
