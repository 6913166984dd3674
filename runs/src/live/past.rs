//! What is past of a session: played again from snapshot and journal, as it was.

use std::path::Path;
use std::sync::{Arc, PoisonError};

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::StreamResult;
use causeflow_engine::streams::program::Program;
use schemars::JsonSchema;
use serde::Serialize;

use super::against::Given;
use super::journal::{Entry, Header, acknowledged};
use super::script::Timed;
use super::store::{Barrier, Kept, Store};
use super::unusual::Usual;
use super::version::{Shelf, Version};
use super::{Encoder, Live, Origin, Tables, Track, Window, resets};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::interventions::Interventions;
use crate::numbers::{as_instant, instant};

/// What is past of a session, as it was when this was made: it can be looked at while the session goes on.
#[derive(Clone)]
pub struct Past {
    pub(super) origin: Arc<Origin>,
    pub(super) commands: Arc<[Timed]>,
    pub(super) entries: Arc<[Entry]>,
    pub(super) versions: Arc<[Version]>,
    pub(super) shelf: Arc<Shelf>,
    pub(super) kept: Vec<Kept>,
    pub(super) barriers: Vec<Barrier>,
    pub(super) windows: Vec<Arc<Window>>,
    pub(super) interventions: Arc<Interventions>,
    /// The program as it is played.
    pub(super) bent: Arc<Program>,
    pub(super) streams: Arc<Vec<StreamResult>>,
    pub(super) tables: Tables,
    pub(super) epoch: String,
    pub(super) resets: u32,
    pub(super) given_baseline: Option<Arc<Given>>,
    pub(super) usual: Arc<Usual>,
    /// Where events are given out: what is usual now is that up to this day.
    pub(super) at: Time,
}

impl Past {
    pub(super) fn of(live: &Live) -> Past {
        let track = &live.track;
        let at = track
            .windows
            .first()
            .map_or(live.given_out(), |window| window.from);
        let mut usual = live.usual.lock().unwrap_or_else(PoisonError::into_inner);
        Past {
            origin: live.origin.clone(),
            commands: live.commands.clone().into(),
            entries: live.entries.clone().into(),
            versions: live.versions.clone().into(),
            shelf: live.shelf.clone(),
            kept: track.kept.clone(),
            barriers: track.barriers.clone(),
            windows: track.windows.clone(),
            interventions: track.planned.interventions.clone(),
            bent: track.planned.program.clone(),
            streams: track.streams.clone(),
            tables: track.tables.clone(),
            epoch: live.epoch(),
            resets: live.resets(),
            given_baseline: live.baseline.clone(),
            usual: Usual::after(&mut usual, live.resets()),
            at,
        }
    }

    /// The same as it was planned with so many lines of its journal, up to and with a time.
    ///
    /// # Errors
    /// When it cannot be planned, which it could.
    pub fn as_of(&self, lines: usize, time: Time) -> Result<Past> {
        let commands = self.commands.iter().filter(|timed| timed.number < lines);
        let commands: Vec<Timed> = commands.cloned().collect();
        let planned = self.origin.plan(&commands, time + Span(1))?;
        let resets = resets(&commands, time);
        Ok(Past {
            commands: commands.into(),
            entries: self.entries[..lines.min(self.entries.len())].into(),
            interventions: planned.interventions,
            bent: planned.program,
            epoch: self.origin.epoch(resets),
            resets,
            ..self.clone()
        })
    }

    /// The first instant of the session.
    pub fn start(&self) -> Time {
        self.origin.settings.start
    }

    /// From when on it is live.
    pub fn live_from(&self) -> Time {
        self.origin.live_from
    }

    /// Reads a time of the session.
    ///
    /// # Errors
    /// When it is none.
    pub fn time(&self, text: &str) -> Result<Time> {
        Ok(self.origin.script().clock().time(text)?)
    }

    /// Whether what is usual is a baseline that was given.
    pub fn is_held_against_a_baseline(&self) -> bool {
        self.given_baseline.is_some()
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.origin.settings.seed
    }

    /// The model's program, as nothing has bent it.
    pub fn program(&self) -> &Program {
        self.origin.base()
    }

    /// What names the order of its events.
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// What its journal holds.
    pub fn journal(&self) -> (&Header, &[Entry]) {
        (&self.origin.header, &self.entries)
    }

    /// What happens in it, as far as is known by now.
    pub fn interventions(&self) -> &Interventions {
        &self.interventions
    }

    /// What the columns of its streams mean.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// How many events come before a time, which has been played.
    ///
    /// # Errors
    /// When it has not been played.
    pub fn events_before(&self, time: Time, control: &dyn Control) -> Result<u64> {
        if time <= self.start() {
            return Ok(0);
        }
        let window = self.window_at(Time(time.0 - 1), control)?;
        Ok(window.before + window.until(time) as u64)
    }

    /// The windows that are at hand.
    pub fn windows(&self) -> &[Arc<Window>] {
        &self.windows
    }

    /// The window in which an event is, given by how many events come before it.
    ///
    /// # Errors
    /// When it has not been played, or was cancelled.
    pub fn window_of(&self, event: u64, control: &dyn Control) -> Result<Arc<Window>> {
        let after = self
            .barriers
            .partition_point(|barrier| barrier.events <= event);
        if after == self.barriers.len() {
            return Err(Error::input(
                format!("event {event} has not happened yet"),
                "ask for an earlier one",
            ));
        }
        let time = match after.checked_sub(1) {
            Some(at) => self.barriers[at].time(),
            None => self.origin.settings.start,
        };
        self.window_at(time, control)
    }

    /// The window that holds a time.
    ///
    /// # Errors
    /// When it has not been played, or was cancelled.
    pub fn window_at(&self, time: Time, control: &dyn Control) -> Result<Arc<Window>> {
        let holds = |window: &&Arc<Window>| window.from <= time && time < window.to;
        if let Some(window) = self.windows.iter().find(holds) {
            return Ok(window.clone());
        }
        if self.barriers.last().is_none_or(|last| last.time() <= time) {
            return Err(Error::input(
                format!("{} has not been played yet", instant(time)),
                "ask for an earlier time",
            ));
        }
        let known = (&self.commands[..], self.kept.clone(), Vec::new());
        Track::at(&self.origin, known, time, None, control)?.last()
    }
}

/// What came of playing a session again from its journal.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct Verdict {
    /// Whether it is the same.
    pub identical: bool,
    /// Up to when it was played: the last barrier before which all events had been given out. RFC 3339 in UTC.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub until: Time,
    /// How many events there are until then.
    pub events: u64,
    /// Digest of them.
    pub fingerprint: String,
    /// How many barriers were compared.
    pub compared: usize,
    /// How many versions of what was past were made again.
    pub versions: usize,
    /// What is not as it was, if anything is.
    pub difference: Option<String>,
    /// The first event that is not as it was, as it is told from the session's own snapshots, and as the journal alone gives it.
    pub first: Option<[String; 2]>,
}

impl Verdict {
    /// Fails if it is not the same.
    ///
    /// # Errors
    /// Of the kind [`Difference`](crate::Kind::Difference).
    pub fn check(&self) -> Result<()> {
        match &self.difference {
            None => Ok(()),
            Some(difference) => Err(Error::difference(difference.clone())),
        }
    }
}

/// The folder of a session, of which a path names the folder or the journal in it; nothing if it is none.
pub fn folder_of(path: &Path) -> Option<&Path> {
    let folder = match path.is_dir() {
        true => path,
        false => path.parent()?,
    };
    let journal = Store::journal(folder);
    let is_named = path.is_dir() || path.file_name() == journal.file_name();
    (is_named && journal.exists() && Store::is_begun(folder)).then_some(folder)
}

/// Plays the session in a folder again, from its first instant and its journal alone, and compares it with what it was.
///
/// # Errors
/// When there is no session, or it cannot be played.
pub fn replay(folder: &Path, control: &dyn Control) -> Result<Verdict> {
    let (header, entries, _) = acknowledged(&Store::journal(folder))?;
    let (barriers, given_out) = Store::noted(folder)?;
    let origin = Origin::of(header, control)?;
    let (commands, versions) = origin.script().all_timed(&entries)?;
    let until = given_out.unwrap_or(origin.live_from);
    let first = origin.barrier_after(origin.settings.start);
    let times = (origin.settings.start, first);
    let mut track = Track::from_last(&origin, &commands, (Vec::new(), Vec::new()), times)?;
    let (mut compared, mut difference) = (0, None);
    let mut kept = Vec::new();
    while track.player.time() + origin.window() <= until {
        let from = track.player.time();
        let begins = |version: &Version| {
            (from..from + origin.window()).contains(&version.from()) && version.to <= until
        };
        if versions.iter().any(begins) {
            kept.push(Kept::in_memory(track.player.snapshot(), commands.len()));
        }
        track.play_window(&origin, &commands, Time(i64::MAX), None, control)?;
        let Some(is) = track.barriers.last() else {
            break;
        };
        let Ok(at) = barriers.binary_search_by_key(&is.time_us, |barrier| barrier.time_us) else {
            continue;
        };
        compared += 1;
        let was = &barriers[at];
        if (was.events, &was.fingerprint) != (is.events, &is.fingerprint) {
            difference = Some(format!(
                "up to {} there were {} events with fingerprint {}, and now there are {} with {}",
                instant(is.time()),
                was.events,
                was.fingerprint,
                is.events,
                is.fingerprint
            ));
            break;
        }
    }
    let mut of_versions = 0;
    for version in &versions {
        if difference.is_some() {
            break;
        }
        let noted = Shelf::noted(folder, &version.name);
        let Some(was) = noted.filter(|_| version.to <= until) else {
            continue;
        };
        let is = origin.make((&commands, &kept), version, None, control)?;
        of_versions += 1;
        if was != is {
            difference = Some(format!(
                "the version `{}` came to {}, and now comes to {}",
                version.name,
                was.in_words(),
                is.in_words()
            ));
        }
    }
    let last = track.barriers.last();
    let window = last.map(|last| Time(last.time_us - origin.window().0));
    let first = match (&difference, window) {
        (Some(_), Some(window)) if of_versions == 0 => {
            first_difference(folder, &origin, &commands, window, control)?
        }
        _ => None,
    };
    Ok(Verdict {
        identical: difference.is_none(),
        first,
        until: last.map_or(origin.settings.start, Barrier::time),
        events: last.map_or(0, |barrier| barrier.events),
        fingerprint: last
            .map(|barrier| barrier.fingerprint.to_string())
            .unwrap_or_default(),
        compared,
        versions: of_versions,
        difference,
    })
}

/// The first event of a window that is another when the session goes on from a snapshot than when it is played from its
/// beginning.
fn first_difference(
    folder: &Path,
    origin: &Origin,
    commands: &[Timed],
    window: Time,
    control: &dyn Control,
) -> Result<Option<[String; 2]>> {
    let played = |kept| {
        let track = Track::at(origin, (commands, kept, Vec::new()), window, None, control)?;
        track.last()
    };
    let (was, is) = (played(Store::kept_in(folder)?)?, played(Vec::new())?);
    let Some(at) = was.differs(&is, was.len().max(is.len())) else {
        return Ok(None);
    };
    let text = |window: &Window| -> Result<String> {
        if at >= window.len() {
            return Ok("nothing".to_owned());
        }
        let mut text = Vec::new();
        Encoder::new(&window.tables).append(window, at, &mut text)?;
        Ok(String::from_utf8_lossy(&text).into_owned())
    };
    Ok(Some([text(&was)?, text(&is)?]))
}
