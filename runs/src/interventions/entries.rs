//! What the manifest says about scenarios and external events: enough to play the run again.

use causeflow_engine::base::time::{Span, Time};
use causeflow_outputs::{EventEntry, ExternalEventsEntry, ScenarioEntry};
use causeflow_scenarios::Activation;

use super::{Interventions, files};
use crate::numbers::instant;

/// A scenario of a run, and when it does what.
pub struct Scheduled<'a> {
    /// What was asked for.
    pub activation: &'a Activation,
    /// When it begins to let go.
    pub end: Time,
    /// From when on it does nothing any more.
    pub settled: Time,
}

impl Interventions {
    /// The scenarios that were asked for, in the order of their start.
    pub fn scheduled(&self) -> Vec<Scheduled<'_>> {
        let scheduled = |activation| self.schedule(activation);
        self.activations.iter().map(scheduled).collect()
    }

    fn schedule<'a>(&self, activation: &'a Activation) -> Scheduled<'a> {
        // The plan was made of these, so the scenarios are there.
        let own = self.library.scenario(&activation.scenario);
        let duration = own.map_or(Span(0), |scenario| scenario.duration);
        let end = activation.start + activation.duration.unwrap_or(duration);
        let name = activation.to_string();
        let mut interventions = self.plan.interventions().iter();
        let mut settled = end;
        if let Some(intervention) = interventions.find(|i| i.name == name) {
            let modifiers = intervention.modifiers.iter();
            let released = intervention.backlog.map(|b| b.from + b.within);
            let ends = modifiers.map(|(_, m)| m.envelope.settled());
            settled = ends.chain(released).fold(end, Time::max);
        }
        Scheduled {
            activation,
            end,
            settled,
        }
    }

    /// For the manifest: the scenarios.
    pub fn scenario_entries(&self) -> Vec<ScenarioEntry> {
        let entry = |one: Scheduled<'_>| ScenarioEntry {
            id: one.activation.scenario.clone(),
            start: instant(one.activation.start),
            end: instant(one.end),
            settled: instant(one.settled),
            attribution: one.activation.to_string(),
            digest: files::of_scenario(&self.library, &one.activation.scenario),
        };
        self.scheduled().into_iter().map(entry).collect()
    }

    /// For the manifest: the external events that were asked for.
    pub fn event_entries(&self) -> Vec<EventEntry> {
        let events = self.plan.external_events().iter();
        let asked_for = events.filter(|event| !event.of_timeline && event.injected_by.is_none());
        let entry = |event: &causeflow_scenarios::ExternalEvent| EventEntry {
            template: event.template.clone(),
            time: instant(event.time),
            title: event.title.clone(),
            description: event.description.clone(),
            severity: event.severity.name().to_owned(),
            causal: event.is_causal,
            attribution: event.attribution.clone(),
        };
        asked_for.map(entry).collect()
    }

    /// For the manifest: the external events altogether.
    pub fn external_events_entry(&self) -> ExternalEventsEntry {
        ExternalEventsEntry {
            timeline: self.timeline,
            number: self.plan.external_events().len() as u64,
            digest: files::of_events(&self.library),
        }
    }
}
