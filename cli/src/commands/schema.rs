//! `causeflow schema`: JSON Schemas.

use causeflow_runs::schema::Named;

use crate::errors::Failure;
use crate::output::print_json;

/// Runs the command.
pub fn run((.., schema): Named) -> Result<(), Failure> {
    print_json(&schema())
}
