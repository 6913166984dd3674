//! `causeflow schema`: JSON Schemas.

use causeflow_scenarios::definition::{events_schema, scenario_schema};

use crate::args::SchemaOf;
use crate::errors::Failure;
use crate::output::print_json;

/// Runs the command.
pub fn run(what: SchemaOf) -> Result<(), Failure> {
    print_json(&match what {
        SchemaOf::Model => causeflow_models::schema(),
        SchemaOf::Scenario => scenario_schema(),
        SchemaOf::Events => events_schema(),
        SchemaOf::Manifest => causeflow_outputs::manifest_schema(),
        SchemaOf::Baseline => causeflow_outputs::baseline_schema(),
    })
}
