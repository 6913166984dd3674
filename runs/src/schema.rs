//! The JSON Schemas of all that is read and printed as JSON, by name.

use causeflow_outputs::{baseline_schema, manifest_schema};
use causeflow_scenarios::definition::{events_schema, scenario_schema};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use crate::about::{Explained, Finding, ModelShown, ScenariosShown, StreamShown};
use crate::baseline::Usual;
use crate::diff::Compared;
use crate::finished::{EffectsShown, PointsShown, StatisticsShown};
use crate::job::{Estimate, Outcome};
use crate::regenerate::Regenerated;
use crate::replay::Replayed;
use crate::spec::RunSpec;
use crate::verify::Verified;
use crate::versions::{Dropped, VersionsShown};

/// A schema: its name, what it is of, and how it is made.
pub type Named = (&'static str, &'static str, fn() -> Value);

/// All schemas: of files and of requests first, then of what commands print with `--json`.
pub const SCHEMAS: &[Named] = &[
    ("model", "a model's files", causeflow_models::schema),
    ("scenario", "a scenario's file", scenario_schema),
    ("events", "a file of external events", events_schema),
    ("manifest", "a run's manifest.json", manifest_schema),
    ("baseline", "a baseline.json", baseline_schema),
    ("run-spec", "a run as it is asked for", of::<RunSpec>),
    ("run-output", "run --json", of::<Outcome>),
    ("dry-run-output", "run --dry-run --json", of::<Estimate>),
    ("models-output", "models --json", of::<Vec<ModelShown>>),
    ("streams-output", "streams --json", of::<Vec<StreamShown>>),
    ("scenarios-output", "scenarios --json", of::<ScenariosShown>),
    ("explain-output", "explain --json", of::<Explained>),
    ("check-output", "check --json", of::<Vec<Finding>>),
    ("diff-output", "diff --json", of::<Compared>),
    ("effects-output", "effects --json", of::<EffectsShown>),
    ("replay-output", "replay --json", of::<Replayed>),
    ("regenerate-output", "regenerate --json", of::<Regenerated>),
    ("versions-output", "versions --json", of::<VersionsShown>),
    ("reset-output", "reset --json", of::<Dropped>),
    ("baseline-output", "baseline --json", of::<Usual>),
    ("stats-output", "stats --json", of::<StatisticsShown>),
    ("history-output", "history --json", of::<PointsShown>),
    ("verify-output", "verify --json", of::<Verified>),
];

fn of<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}
