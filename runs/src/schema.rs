//! The JSON Schemas of all that is read and printed as JSON, by name.

use causeflow_outputs::{baseline_schema, manifest_schema};
use causeflow_scenarios::definition::{events_schema, scenario_schema};
use schemars::{JsonSchema, schema_for};
use serde_json::Value;

use crate::about::{Explained, Finding, ModelShown, ScenariosShown, StreamShown};
use crate::baseline::Usual;
use crate::diff::Compared;
use crate::expect::Tested;
use crate::finished::{EffectsShown, PointsShown, StatisticsShown};
use crate::job::{Estimate, Outcome};
use crate::live::{Entry, Header, Verdict};
use crate::regenerate::Regenerated;
use crate::replay::Replayed;
use crate::spec::RunSpec;
use crate::verify::Verified;
use crate::versions::{Dropped, VersionsShown};

/// A schema: its name, what it is of, and how it is made.
pub type Named = (&'static str, &'static str, fn() -> Value);

/// All schemas: of files and of requests first, then of what is told when something is done.
pub const SCHEMAS: &[Named] = &[
    ("model", "a model's files", causeflow_models::schema),
    ("scenario", "a scenario's file", scenario_schema),
    ("events", "a file of external events", events_schema),
    ("manifest", "a run's manifest.json", manifest_schema),
    ("baseline", "a baseline.json", baseline_schema),
    ("run-spec", "a run as it is asked for", of::<RunSpec>),
    ("run-output", "what `run` comes to", of::<Outcome>),
    (
        "dry-run-output",
        "what a pilot of a run comes to",
        of::<Estimate>,
    ),
    (
        "models-output",
        "what `models` comes to",
        of::<Vec<ModelShown>>,
    ),
    (
        "streams-output",
        "what `streams` comes to",
        of::<Vec<StreamShown>>,
    ),
    (
        "scenarios-output",
        "what `scenarios` comes to",
        of::<ScenariosShown>,
    ),
    ("explain-output", "what `explain` comes to", of::<Explained>),
    ("check-output", "what `check` comes to", of::<Vec<Finding>>),
    ("test-output", "what `test` comes to", of::<Tested>),
    ("diff-output", "what `diff` comes to", of::<Compared>),
    (
        "effects-output",
        "what `effects` comes to",
        of::<EffectsShown>,
    ),
    ("replay-output", "what `replay` comes to", of::<Replayed>),
    (
        "regenerate-output",
        "what `regenerate` comes to",
        of::<Regenerated>,
    ),
    (
        "versions-output",
        "what `versions` comes to",
        of::<VersionsShown>,
    ),
    ("reset-output", "what `reset` comes to", of::<Dropped>),
    ("baseline-output", "what `baseline` comes to", of::<Usual>),
    (
        "stats-output",
        "what `stats` comes to",
        of::<StatisticsShown>,
    ),
    (
        "history-output",
        "what `history` comes to",
        of::<PointsShown>,
    ),
    (
        "session-replay-output",
        "what `replay` of a session comes to",
        of::<Verdict>,
    ),
    ("journal", "the first line of a journal", of::<Header>),
    ("journal-entry", "each other line of a journal", of::<Entry>),
    ("verify-output", "what `verify` comes to", of::<Verified>),
];

fn of<T: JsonSchema>() -> Value {
    schema_for!(T).to_value()
}
