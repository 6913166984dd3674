//! The scenarios of a model, and the templates of external events.

use causeflow_engine::base::time::{Span, Time};
use causeflow_scenarios::{Library, Scenario, Template};
use schemars::JsonSchema;
use serde::Serialize;

use crate::words::settling;

/// A scenario at a glance.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScenarioShown {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// How long it lasts.
    pub duration: String,
    /// How it lets go.
    pub settling: String,
    /// Hours after its start from when on it does nothing any more.
    pub settled_after_h: f64,
    /// How many parameters it changes.
    pub modifiers: usize,
}

/// A template of external events at a glance.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TemplateShown {
    /// Its id.
    pub id: String,
    /// What kind of event it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its headline.
    pub title: String,
    /// What happens.
    pub description: String,
    /// How serious it looks.
    pub severity: String,
    /// The pattern by which its events come by themselves, if they do.
    pub pattern: Option<String>,
    /// How often they do on average.
    pub every: Option<String>,
    /// Streams that it is expected to move.
    pub expected_streams: Vec<String>,
    /// Which way.
    pub expected_direction: String,
    /// How far.
    pub expected_magnitude: String,
    /// How long after it that begins.
    pub delay: String,
    /// For how long.
    pub duration: String,
    /// How many parameters it changes.
    pub modifiers: usize,
}

/// What can be started, and what can happen. Without events it is written as a list of scenarios.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum ScenariosShown {
    /// Scenarios alone.
    Scenarios(Vec<ScenarioShown>),
    /// Scenarios and templates of external events.
    Both {
        /// Scenarios.
        scenarios: Vec<ScenarioShown>,
        /// Templates of external events.
        events: Vec<TemplateShown>,
    },
}

impl ScenariosShown {
    /// Those of a library, with templates of external events or without.
    pub fn of(library: &Library, events: bool) -> ScenariosShown {
        let scenarios = library.scenarios().map(ScenarioShown::of).collect();
        match events {
            false => ScenariosShown::Scenarios(scenarios),
            true => ScenariosShown::Both {
                scenarios,
                events: library.event_templates().map(TemplateShown::of).collect(),
            },
        }
    }
}

impl ScenarioShown {
    /// One of a library.
    pub fn of(scenario: &Scenario) -> ScenarioShown {
        ScenarioShown {
            id: scenario.id.clone(),
            name: scenario.name.clone(),
            description: one_line(&scenario.description),
            duration: scenario.duration.to_string(),
            settling: settling(scenario.settling),
            settled_after_h: settled(scenario).days() * 24.0,
            modifiers: scenario.rules.len(),
        }
    }
}

impl TemplateShown {
    /// One of a library.
    pub fn of(template: &Template) -> TemplateShown {
        let every = template.timing.as_ref().and_then(|timing| timing.every);
        TemplateShown {
            id: template.id.clone(),
            kind: template.kind.name().to_owned(),
            title: template.title.clone(),
            description: one_line(&template.description),
            severity: template.severity.name().to_owned(),
            pattern: pattern(template),
            every: every.map(|every| every.to_string()),
            expected_streams: template.streams.clone(),
            expected_direction: template.direction.name().to_owned(),
            expected_magnitude: template.magnitude.name().to_owned(),
            delay: template.delay.to_string(),
            duration: template.duration.to_string(),
            modifiers: template.rules.len(),
        }
    }
}

/// The pattern by which a template's events come, as its file writes it.
pub fn pattern(template: &Template) -> Option<String> {
    let pattern = serde_json::to_value(template.timing.as_ref()?.pattern).ok()?;
    pattern.as_str().map(str::to_owned)
}

/// A text without its line breaks.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// From when on a scenario does nothing any more, after its start.
pub fn settled(scenario: &Scenario) -> Span {
    let begin = Time(0);
    let end = begin + scenario.duration;
    let modifiers = scenario.rules.iter().filter_map(|r| r.modifier(begin, end));
    let settled = modifiers.map(|m| m.envelope.settled());
    let released = scenario.backlog.as_ref().map(|b| end + b.within);
    settled.chain(released).fold(end, Time::max) - begin
}
