//! The format of files of external events: templates, and events of one's own.

use causeflow_models::Duration;
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{EventSeverity, ModifierDef, SettlingDef};

/// External events: a library of templates, and a list of events at given times.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventsFile {
    /// The templates by their id.
    #[serde(default)]
    pub templates: IndexMap<String, TemplateDef>,
    /// Events that happen; in a file of one's own.
    #[serde(default)]
    pub events: Vec<OwnEventDef>,
}

/// A kind of thing that happens outside of the model.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TemplateDef {
    /// Which part of the world it comes from.
    pub r#type: EventType,
    /// A headline.
    pub title: String,
    /// What has happened, in a sentence or two.
    pub description: String,
    /// How serious it looks.
    pub severity: EventSeverity,
    /// The name of a symbol, such as `megaphone`.
    pub icon: String,
    /// When such events come; without it they only come when they are asked for.
    pub timing: Option<TimingDef>,
    /// What people expect of it. An event without any effect looks just the same.
    pub expects: ExpectsDef,
    /// How long after the event its impact begins; at once by default.
    pub delay: Option<Duration>,
    /// How long the impact lasts before it lets go.
    pub duration: Duration,
    /// How long the impact takes to rise to full strength; at once by default.
    pub onset: Option<Duration>,
    /// How the impact lets go; `immediate` by default.
    pub settling: Option<SettlingDef>,
    /// What the impact is.
    pub modifiers: Vec<ModifierDef>,
}

/// The part of the world that an external event comes from.
#[derive(
    Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord,
)]
#[serde(rename_all = "lowercase")]
pub enum EventType {
    /// Marketing and growth.
    Marketing,
    /// The product and the platform.
    Product,
    /// Technology and weather.
    Infrastructure,
    /// The school year.
    Academic,
    /// Competitors and the market.
    Competitive,
    /// The company's own operations.
    Operational,
}

impl EventType {
    /// As files write it.
    pub fn name(self) -> &'static str {
        match self {
            EventType::Marketing => "marketing",
            EventType::Product => "product",
            EventType::Infrastructure => "infrastructure",
            EventType::Academic => "academic",
            EventType::Competitive => "competitive",
            EventType::Operational => "operational",
        }
    }
}

/// When events of a template come by themselves.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimingDef {
    /// By which pattern.
    pub pattern: Pattern,
    /// How often it comes: how long it is from one to the next on average, such as 30d. Such events come besides those
    /// of other templates.
    pub every: Option<Duration>,
    /// Instead of `every`: how often, relative to other templates, it has one of the two to five turns of a day; 1 by default.
    #[schemars(range(min = 0))]
    pub weight: Option<f64>,
    /// For `calendar`: days of every year, such as 05-01.
    #[serde(default)]
    pub dates: Vec<String>,
    /// For `calendar`: days of every month, such as 15.
    #[serde(default)]
    pub days_of_month: Vec<u32>,
    /// For `calendar`: how long after midnight; 8h by default.
    pub at: Option<Duration>,
}

/// A pattern of times.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Pattern {
    /// On given days.
    Calendar,
    /// Several within a day or two, then none for days.
    Clustered,
    /// In office hours.
    Office,
    /// At any time of the day or the night.
    Random,
}

/// What people expect of an event.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectsDef {
    /// The streams that it is expected to move.
    pub streams: Vec<String>,
    /// Which way.
    pub direction: Direction,
    /// How much.
    pub magnitude: Magnitude,
}

/// Which way streams are expected to move.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Up.
    Increase,
    /// Down.
    Decrease,
    /// Some up, some down.
    Mixed,
}

impl Direction {
    /// As files write it.
    pub fn name(self) -> &'static str {
        match self {
            Direction::Increase => "increase",
            Direction::Decrease => "decrease",
            Direction::Mixed => "mixed",
        }
    }
}

/// How much streams are expected to move.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Magnitude {
    /// By a few per cent.
    Low,
    /// By ten or twenty per cent.
    Medium,
    /// By more.
    High,
}

impl Magnitude {
    /// As files write it.
    pub fn name(self) -> &'static str {
        match self {
            Magnitude::Low => "low",
            Magnitude::Medium => "medium",
            Magnitude::High => "high",
        }
    }
}

/// An event at a given time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnEventDef {
    /// The template.
    pub template: String,
    /// When: an instant, a local date and time, a date, or a day of the run such as day12T10:00.
    pub at: String,
    /// Another title than the template's.
    pub title: Option<String>,
    /// Another description than the template's.
    pub description: Option<String>,
    /// Another severity than the template's.
    pub severity: Option<EventSeverity>,
    /// Whether it has its template's impact; true by default. One without is a red herring.
    pub causal: Option<bool>,
}
