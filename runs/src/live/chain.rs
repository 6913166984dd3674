//! The chain of an event of a session: what caused it, and what followed from it.

use std::collections::BTreeSet;
use std::sync::Arc;

use causeflow_engine::base::time::{Span, Time};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::journal::Entry;
use super::past::Past;
use super::script::defined_id;
use super::shown::InterventionShown;
use super::{Encoder, Window};
use crate::control::Control;
use crate::error::Result;
use crate::numbers::as_instant;

/// An event with what caused it and what followed from it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Chain {
    /// The event.
    pub event: Link,
    /// Its cause, the cause of that, and so on.
    pub causes: Vec<Link>,
    /// The cause at which the chain was lost, as a decimal string: it lies further back than was looked.
    pub lost: Option<String>,
    /// What has followed from it so far, in the order in which it happened.
    pub effects: Vec<Link>,
}

/// An event of a chain.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Link {
    /// Its number in the session.
    pub seq: u64,
    /// Its stream.
    pub stream: String,
    /// When it happened.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub timestamp: Time,
    /// Its id, as a decimal string.
    pub event_id: String,
    /// The id of its cause, as a decimal string.
    pub cause_id: Option<String>,
    /// Its row.
    pub data: Value,
}

/// So many events that follow are told.
const MOST: usize = 1000;

impl Past {
    /// The chain of an event, looked up so far back and on, but not beyond `now`. Nothing if it is not there: without its number
    /// (of events before it) only the windows at hand are searched.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn chain(
        &self,
        id: u64,
        number: Option<u64>,
        within: Span,
        now: Time,
        control: &dyn Control,
    ) -> Result<Option<Chain>> {
        let mut encoder = Encoder::new(self.tables());
        let found = match number {
            Some(number) => {
                let window = self.window_of(number, control)?;
                let at = (number - window.before) as usize;
                (window.id(at) == id).then_some((window, at))
            }
            None => self.find(id),
        };
        let Some((window, at)) = found.filter(|(window, at)| window.time(*at) < now) else {
            return Ok(None);
        };
        let event = self.link(&window, at, &mut encoder)?;
        let (time, root) = (window.time(at), window.root(at));
        let (mut causes, mut lost) = (Vec::new(), window.cause(at));
        let mut earlier = Some(window.clone());
        while let (Some(cause), Some(within_reach)) = (lost, earlier.take()) {
            // A cause comes before what follows from it, in the same window or in one before.
            let rows = 0..within_reach.until(time + Span(1)).min(within_reach.len());
            let place = rows.rev().find(|&at| within_reach.id(at) == cause);
            match place {
                Some(at) => {
                    causes.push(self.link(&within_reach, at, &mut encoder)?);
                    lost = within_reach.cause(at);
                    earlier = Some(within_reach);
                }
                None if within_reach.from > self.start() && time - within_reach.from < within => {
                    earlier = Some(self.window_at(Time(within_reach.from.0 - 1), control)?);
                }
                None => {}
            }
        }
        let mut effects = Vec::new();
        let mut known = BTreeSet::from([id]);
        let (mut later, mut first) = (window, at + 1);
        loop {
            for row in first..later.until(now) {
                let follows = later.root(row) == root
                    && later.cause(row).is_some_and(|cause| known.contains(&cause));
                if follows && effects.len() < MOST {
                    known.insert(later.id(row));
                    effects.push(self.link(&later, row, &mut encoder)?);
                }
            }
            if later.to >= now || later.to - time > within {
                break;
            }
            (later, first) = (self.window_at(later.to, control)?, 0);
        }
        Ok(Some(Chain {
            event,
            causes,
            lost: lost.map(|cause| cause.to_string()),
            effects,
        }))
    }

    /// An event in the windows at hand.
    fn find(&self, id: u64) -> Option<(Arc<Window>, usize)> {
        let mut windows = self.windows().iter();
        windows.find_map(|window| {
            let at = (0..window.len()).find(|&at| window.id(at) == id)?;
            Some((window.clone(), at))
        })
    }

    /// An event as it is told.
    pub(super) fn link(&self, window: &Window, at: usize, encoder: &mut Encoder) -> Result<Link> {
        let mut text = Vec::new();
        encoder.append(window, at, &mut text)?;
        Ok(Link {
            seq: window.before + at as u64 + 1,
            stream: self.tables().streams[window.stream(at)].name.clone(),
            timestamp: window.time(at),
            event_id: window.id(at).to_string(),
            cause_id: window.cause(at).map(|cause| cause.to_string()),
            data: serde_json::from_slice(&text).unwrap_or(Value::Null),
        })
    }

    /// What a command would do, without giving it: in a version, if its time is past.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn preview(&self, entry: &Entry, now: Time) -> Result<Vec<InterventionShown>> {
        let timed = self.origin.script().timed(self.entries.len(), entry)?;
        let at = timed.at;
        let planned = match at < now {
            true => self.planned_as_version(timed, now)?,
            false => {
                let mut commands = self.commands.to_vec();
                commands.push(timed);
                self.origin.plan(&commands, at + Span(1))?
            }
        };
        let with = Past {
            interventions: planned.interventions,
            bent: planned.program,
            ..self.clone()
        };
        let had: Vec<InterventionShown> = self.interventions_from(at);
        let mut acting = with.interventions_from(at);
        acting.retain(|one| {
            !had.iter()
                .any(|had| had.name == one.name && had.end == one.end)
        });
        Ok(acting)
    }

    /// The file of a scenario.
    pub fn scenario_file(&self, id: &str) -> Option<String> {
        let library = &self.interventions.library;
        library.scenario(id).ok()?;
        let files = library.files().iter().rev();
        let mut of = files.filter(|file| defined_id(&file.text).is_ok_and(|found| found == id));
        of.next().map(|file| file.text.clone())
    }
}
