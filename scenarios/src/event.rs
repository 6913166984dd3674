//! External events: requests for them, and what a run has of them.

use causeflow_engine::base::draw::Key;
use causeflow_engine::base::time::{Span, Time};
use causeflow_models::Diagnostics;

use crate::clock::{Clock, at_time};
use crate::definition::{Direction, EventSeverity, EventType, Magnitude, OwnEventDef};
use crate::template::Template;

/// A request for an external event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRequest {
    /// The template's id.
    pub template: String,
    /// When, as in [`Clock::time`].
    pub at: String,
    /// Another title than the template's.
    pub title: Option<String>,
    /// Another description than the template's.
    pub description: Option<String>,
    /// Another severity than the template's.
    pub severity: Option<EventSeverity>,
    /// Whether it has its template's impact.
    pub causal: bool,
    /// When its impact begins to let go, if that is sooner than its template says.
    pub until: Option<Time>,
}

impl EventRequest {
    /// Reads `TEMPLATE@TIME`; the event has its template's impact.
    ///
    /// # Errors
    /// When there is no time. Whether it can be read shows when the run is planned.
    pub fn parse(text: &str) -> Result<EventRequest, Diagnostics> {
        let example = "blog-viral@2026-02-14T10:00";
        let (template, at) = at_time(text, "the event is to happen", example)?;
        Ok(EventRequest {
            template: template.to_owned(),
            at: at.to_owned(),
            title: None,
            description: None,
            severity: None,
            causal: true,
            until: None,
        })
    }

    pub(crate) fn of(def: &OwnEventDef) -> EventRequest {
        EventRequest {
            template: def.template.clone(),
            at: def.at.clone(),
            title: def.title.clone(),
            description: def.description.clone(),
            severity: def.severity,
            causal: def.causal.unwrap_or(true),
            until: None,
        }
    }

    pub(crate) fn time(&self, clock: &Clock) -> Result<Time, Diagnostics> {
        clock.time(&self.at)
    }
}

/// An external event of a run: a row of its table.
#[derive(Clone, Debug, PartialEq)]
pub struct ExternalEvent {
    /// Its identity.
    pub id: Key,
    /// When it happens.
    pub time: Time,
    /// The template's id.
    pub template: String,
    /// Which part of the world it comes from.
    pub kind: EventType,
    /// A headline.
    pub title: String,
    /// What has happened.
    pub description: String,
    /// How serious it looks.
    pub severity: EventSeverity,
    /// The name of a symbol.
    pub icon: String,
    /// The streams that it is expected to move, whether or not it does.
    pub streams: Vec<String>,
    /// Which way they are expected to move.
    pub direction: Direction,
    /// How much they are expected to move.
    pub magnitude: Magnitude,
    /// How long after the event the expected impact begins.
    pub delay: Span,
    /// How long the expected impact lasts.
    pub duration: Span,
    /// Whether it moves anything, itself or through the scenario that it is of; a red herring does not.
    pub is_causal: bool,
    /// Whether the run has it without being asked for it.
    pub of_timeline: bool,
    /// The scenario that made it known, by the name rows are attributed to.
    pub injected_by: Option<String>,
    /// The name that rows are attributed to which it changed; the scenario's where that has the impact. Nothing for
    /// red herrings.
    pub attribution: Option<String>,
}

impl ExternalEvent {
    /// An event of a template, which nothing is attributed to yet.
    pub(crate) fn of(template: &Template, id: Key, time: Time, is_causal: bool) -> ExternalEvent {
        ExternalEvent {
            id,
            time,
            template: template.id.clone(),
            kind: template.kind,
            title: template.title.clone(),
            description: template.description.clone(),
            severity: template.severity,
            icon: template.icon.clone(),
            streams: template.streams.clone(),
            direction: template.direction,
            magnitude: template.magnitude,
            delay: template.delay,
            duration: template.duration,
            is_causal,
            of_timeline: false,
            injected_by: None,
            attribution: None,
        }
    }
}
