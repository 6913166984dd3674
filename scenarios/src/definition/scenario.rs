//! The format of a scenario's file.

use causeflow_models::Duration;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EventSeverity, Quantity};

/// A scenario: what goes differently for some time, and how it comes back. One file holds one.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// The name by which it is started, such as `payment-outage`.
    pub id: String,
    /// Another scenario, of which this one is a variant: what is not said here is as it is there.
    pub extends: Option<String>,
    /// Its name for people.
    pub name: Option<String>,
    /// What happens in it, in a sentence or two.
    pub description: Option<String>,
    /// How long it is active, such as 72h.
    pub duration: Option<Duration>,
    /// How long its modifiers take to rise to full strength; at once by default.
    pub onset: Option<Duration>,
    /// How its modifiers let go once it is over; `immediate` by default.
    pub settling: Option<SettlingDef>,
    /// A share of what it held back that happens once it is over.
    pub backlog: Option<BacklogDef>,
    /// What it changes from its start on.
    #[serde(default)]
    pub modifiers: Vec<ModifierDef>,
    /// What it changes later on.
    #[serde(default)]
    pub cascades: Vec<CascadeDef>,
    /// External events that are made known in its course.
    #[serde(default)]
    pub events: Vec<InjectionDef>,
}

/// One parameter and what is done to it: exactly one of `multiply`, `add`, `override` and `shift`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModifierDef {
    /// The address of the parameter: STREAM/rate, /volume, /probability, /delay, /count, or STREAM/FIELD; those of
    /// causes may name one, as in support.ticket.created/probability/payment.failure.
    pub on: String,
    /// A factor, such as 1.8.
    pub multiply: Option<f64>,
    /// What is added: 60/h to a rate, 30m to a delay, -1.2 to a field.
    pub add: Option<Quantity>,
    /// What it is instead.
    pub r#override: Option<Quantity>,
    /// What is added to a probability, such as +0.10.
    pub shift: Option<Quantity>,
    /// Those with a higher one act later, so that an override has the last word; 0 by default.
    #[schemars(range(min = -100, max = 100))]
    pub precedence: Option<i32>,
    /// How long it takes to rise to full strength; the scenario's by default.
    pub onset: Option<Duration>,
    /// How it lets go; the scenario's by default.
    pub settling: Option<SettlingDef>,
    /// In a variant: drops the modifiers that the extended scenario has at this address.
    #[serde(default)]
    pub remove: bool,
}

/// What changes some time after the start, and stays until the end.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CascadeDef {
    /// How long after the scenario's start it begins.
    pub after: Duration,
    /// What it changes.
    #[serde(default)]
    pub modifiers: Vec<ModifierDef>,
    /// In a variant: drops the cascade that the extended scenario has at this time.
    #[serde(default)]
    pub remove: bool,
}

/// An external event that is made known in the course of a scenario.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InjectionDef {
    /// The template.
    pub template: String,
    /// How long after the scenario's start; before it with a minus sign, such as -1d.
    pub at: Duration,
    /// Another title than the template's.
    pub title: Option<String>,
    /// Another description than the template's.
    pub description: Option<String>,
    /// Another severity than the template's.
    pub severity: Option<EventSeverity>,
    /// Whether the event only announces what the scenario does, or has the impact of its template besides.
    #[serde(default)]
    pub impact: Impact,
    /// In a variant: drops this event of the extended scenario.
    #[serde(default)]
    pub remove: bool,
}

/// Whose impact an injected event has.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Impact {
    /// The scenario's.
    #[default]
    Scenario,
    /// Its template's, besides the scenario's.
    Own,
}

/// How a modifier lets go.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(untagged)]
pub enum SettlingDef {
    /// At once.
    Word(SettlingWord),
    /// Over some time.
    Curve(CurveDef),
}

/// A settling without a length.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum SettlingWord {
    /// At once.
    Immediate,
}

/// A settling over some time: exactly one of both.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct CurveDef {
    /// Evenly, over this time.
    pub linear: Option<Duration>,
    /// Exponentially, by half in each of these times.
    pub half_life: Option<Duration>,
}

/// A share of the events that did not happen as usual happens once the scenario is over.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BacklogDef {
    /// The stream of the events that happened instead, such as payment.failure.
    pub of: String,
    /// The stream of the events that come late, such as payment.success.
    pub r#as: String,
    /// How many of them come, such as 80%.
    pub share: Quantity,
    /// How long it takes until all have come, such as 2h.
    pub within: Duration,
}
