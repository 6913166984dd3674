//! What is past of a session: played again from snapshot and journal, as it was.

use std::path::Path;
use std::sync::Arc;

use causeflow_engine::base::time::Time;

use super::journal::Journal;
use super::script::Timed;
use super::store::{Barrier, Kept, Store};
use super::{Live, Origin, Track, Window};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::numbers::instant;

/// What is past of a session, as it was when this was made: it can be looked at while the session goes on.
#[derive(Clone)]
pub struct Past {
    origin: Arc<Origin>,
    commands: Arc<[Timed]>,
    kept: Vec<Kept>,
    barriers: Vec<Barrier>,
    windows: Vec<Arc<Window>>,
}

impl Past {
    pub(super) fn of(live: &Live) -> Past {
        let track = &live.track;
        Past {
            origin: live.origin.clone(),
            commands: live.commands.clone().into(),
            kept: track.kept.clone(),
            barriers: track.barriers.clone(),
            windows: track.windows.clone(),
        }
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Up to when it was played: the last barrier before which all events had been given out.
    pub until: Time,
    /// How many events there are until then.
    pub events: u64,
    /// Digest of them.
    pub fingerprint: String,
    /// How many barriers were compared.
    pub compared: usize,
    /// What is not as it was, if anything is.
    pub difference: Option<String>,
}

/// Plays the session in a folder again, from its first instant and its journal alone, and compares it with what it was.
///
/// # Errors
/// When there is no session, or it cannot be played.
pub fn replay(folder: &Path, control: &dyn Control) -> Result<Verdict> {
    let (_, header, entries) = Journal::open(&Store::journal(folder))?;
    let (barriers, given_out) = Store::noted(folder)?;
    let origin = Origin::of(header, control)?;
    let script = origin.script();
    let commands = entries.iter().map(|entry| script.timed(entry));
    let commands = commands.collect::<Result<Vec<Timed>>>()?;
    let until = given_out.unwrap_or(origin.live_from);
    let first = origin.barrier_after(origin.settings.start);
    let times = (origin.settings.start, first);
    let mut track = Track::from_last(&origin, &commands, (Vec::new(), Vec::new()), times)?;
    let (mut compared, mut difference) = (0, None);
    while track.player.time() + origin.window() <= until {
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
    let last = track.barriers.last();
    Ok(Verdict {
        until: last.map_or(origin.settings.start, Barrier::time),
        events: last.map_or(0, |barrier| barrier.events),
        fingerprint: last
            .map(|barrier| barrier.fingerprint.clone())
            .unwrap_or_default(),
        compared,
        difference,
    })
}
