//! `causeflow schema`: JSON Schemas.

use crate::args::SchemaOf;
use crate::errors::Failure;
use crate::output::print_json;

/// Runs the command.
pub fn run(what: SchemaOf) -> Result<(), Failure> {
    print_json(&match what {
        SchemaOf::Model => causeflow_models::schema(),
        SchemaOf::Manifest => causeflow_outputs::manifest_schema(),
    })
}
