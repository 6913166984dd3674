//! What there is to tell about models, without playing more than a pilot run.

mod check;
mod explain;
mod graph;
mod scenarios;
mod streams;

pub use check::{Finding, Summary, check, findings};
pub use explain::{
    BacklogShown, CauseShown, Definition, EventShown, Explained, FieldShown, FollowerShown,
    ModelExplained, OutcomeShown, ParameterExplained, RuleShown, ScenarioExplained,
    StreamExplained, TemplateExplained, explain, explain_model,
};
pub use graph::{dot, mermaid};
pub use scenarios::{ScenarioShown, ScenariosShown, TemplateShown, one_line, pattern};
pub use streams::{ModelShown, StreamShown, models, streams};
