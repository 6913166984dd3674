//! The formats as types. The JSON Schemas for editors and the structural checks are both generated
//! from them; docs/scenarios.md explains every key.

mod events;
mod scenario;

use causeflow_models::Expression;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use events::{
    Direction, EventType, EventsFile, ExpectsDef, Magnitude, OwnEventDef, Pattern, TemplateDef,
    TimingDef,
};
pub use scenario::{
    BacklogDef, CascadeDef, CurveDef, Impact, InjectionDef, ModifierDef, ScenarioFile, SettlingDef,
    SettlingWord,
};

/// An amount such as `0.95`, `10%`, `60/h` or `30m`; what it may be depends on what it is for.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[serde(try_from = "serde_json::Value")]
pub struct Quantity(pub String);

impl TryFrom<serde_json::Value> for Quantity {
    type Error = &'static str;

    fn try_from(value: serde_json::Value) -> Result<Self, Self::Error> {
        Expression::try_from(value).map(|text| Quantity(text.0))
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["string", "number"],
            "description": "A number, a share such as 10%, a rate such as 60/h or a duration such as 30m"
        })
    }
}

/// How serious an external event looks.
#[derive(
    Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord,
)]
#[serde(rename_all = "lowercase")]
pub enum EventSeverity {
    /// Worth knowing.
    #[default]
    Info,
    /// Worth watching.
    Warning,
    /// Something is wrong.
    Critical,
}

impl EventSeverity {
    /// As files write it.
    pub fn name(self) -> &'static str {
        match self {
            EventSeverity::Info => "info",
            EventSeverity::Warning => "warning",
            EventSeverity::Critical => "critical",
        }
    }
}

/// The JSON Schema of a scenario's file.
pub fn scenario_schema() -> serde_json::Value {
    schemars::schema_for!(ScenarioFile).to_value()
}

/// The JSON Schema of files of external events.
pub fn events_schema() -> serde_json::Value {
    schemars::schema_for!(EventsFile).to_value()
}
