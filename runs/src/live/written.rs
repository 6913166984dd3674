//! Journals that people have written: read, checked, and played from their beginning.

use std::path::{Path, PathBuf};

use causeflow_engine::base::time::{Span, Time};

use super::journal::{self, Command, Entry, Header};
use super::script::Timed;
use super::version::Version;
use super::{Live, Origin};
use crate::control::Control;
use crate::error::{Error, Place, Result};
use crate::numbers::instant;

/// A journal that people have written.
#[derive(Clone, Debug)]
pub struct Written {
    /// What is played.
    pub header: Header,
    /// What is done, in the order of the file, which need not be that of the times.
    pub entries: Vec<Entry>,
    lines: Vec<usize>,
    path: PathBuf,
}

/// What is wrong with the command in a place of a journal.
type Misplaced = (usize, Error);

impl Written {
    /// Reads one.
    ///
    /// # Errors
    /// When it cannot be read, or a line is none; the message names it.
    pub fn read(path: &Path) -> Result<Written> {
        let (header, entries) = journal::read(path)?;
        let (lines, entries) = entries.into_iter().unzip();
        Ok(Written {
            header,
            entries,
            lines,
            path: path.to_owned(),
        })
    }

    /// Checks what can be known before it is played.
    ///
    /// # Errors
    /// What is wrong, with the line.
    pub fn check(&self, control: &dyn Control) -> Result<()> {
        let origin = Origin::of(self.header.clone(), control)?;
        let checked = origin.check_ahead(&self.entries);
        checked.map(drop).map_err(|wrong| self.in_line(wrong))
    }

    fn in_line(&self, (at, error): Misplaced) -> Error {
        // Nothing is wrong with a command that is not there.
        let line = self.lines.get(at).copied().unwrap_or_default();
        let message = format!(
            "line {line} of {}: {}",
            self.path.display(),
            error.message()
        );
        let diagnostics = &error.diagnostics().list;
        let help = diagnostics.iter().find_map(|one| one.help.clone());
        Error::wrong(message, error.help().or(help)).at(Place::File(self.path.clone()))
    }
}

impl Live {
    /// Opens a session that goes by a journal that people have written: a new one, or the one in the folder that was begun by it.
    ///
    /// # Errors
    /// As with [`Live::open`]; what is wrong with a command is told with its line.
    pub fn open_written(folder: &Path, written: &Written, control: &dyn Control) -> Result<Live> {
        let (header, entries) = (written.header.clone(), &written.entries[..]);
        Live::open_with(
            folder,
            header,
            entries,
            &|wrong| written.in_line(wrong),
            control,
        )
    }
}

impl Origin {
    /// Reads and checks commands that lie ahead of a session. The first one in time is told that does not go with those before it.
    pub(super) fn check_ahead(
        &self,
        entries: &[Entry],
    ) -> std::result::Result<(Vec<Timed>, Vec<Version>), Misplaced> {
        let script = self.script();
        for (number, entry) in entries.iter().enumerate() {
            let before = &entries[..number];
            let timed = script.timed(number, entry);
            let checked = timed.and_then(|timed| self.check_alone(entry, &timed, before));
            checked.map_err(|error| (number, error))?;
        }
        // Each has been read.
        let (commands, versions) = script.all_timed(entries).map_err(|error| (0, error))?;
        self.check_together(&commands)?;
        for version in &versions {
            let number = version.timed.number;
            let known = (&commands[..], Time(i64::MAX));
            let checked = self.check_version(version, &entries[..number], known);
            checked.map_err(|error| (number, error))?;
        }
        Ok((commands, versions))
    }

    /// Checks what can be said of a command without the others.
    fn check_alone(&self, entry: &Entry, timed: &Timed, before: &[Entry]) -> Result<()> {
        let start = self.settings.start;
        if timed.at < start {
            let message = format!(
                "`{}` is {}, before the session begins at {}",
                entry.at,
                instant(timed.at),
                instant(start)
            );
            let help =
                "give a time from then on, such as `day1T10:00`, or begin the session earlier";
            return Err(Error::input(message, help).in_field("at"));
        }
        let known = |name: &str| {
            let mut named = before.iter().flat_map(|entry| &entry.version);
            named.any(|of| of.name == name)
        };
        if let Command::Drop { name } = &timed.command
            && !known(name)
        {
            let message = format!("there is no version `{name}` before it");
            return Err(Error::input(message, "leave it out").in_field("name"));
        }
        let same = |other: &Entry| other.key.is_some() && other.key == entry.key;
        if before.iter().any(same) {
            let message = "another command before it has the same `key`";
            let help = "leave the key out: it is for those who ask twice";
            return Err(Error::input(message, help).in_field("key"));
        }
        Ok(())
    }

    /// Plans all commands; where they do not go together, looks for the first one in time that does not go with those before it.
    fn check_together(&self, commands: &[Timed]) -> std::result::Result<(), Misplaced> {
        let script = self.script();
        let last = commands.iter().map(|timed| timed.at).max();
        let last = last.map_or(self.settings.start, |last| last + Span(1));
        let Err(error) = script.plan(commands, last) else {
            return Ok(());
        };
        // What is defined is there from the beginning, wherever it stands.
        let mut order: Vec<&Timed> = commands.iter().collect();
        order.sort_by_key(|one| (!matches!(one.command, Command::Define { .. }), one.at));
        for (count, next) in order.iter().enumerate() {
            let mut known: Vec<Timed> = order[..=count].iter().copied().cloned().collect();
            known.sort_by_key(|one| one.number);
            if let Err(error) = script.plan(&known, next.at + Span(1)) {
                return Err((next.number, error));
            }
        }
        Err((order.last().map_or(0, |last| last.number), error))
    }
}
