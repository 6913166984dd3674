//! `causeflow explain`: a stream, a scenario or an event template in words.

use std::path::Path;

use causeflow_runs::about::explain;
use causeflow_runs::{library, load};

use crate::control::Front;
use crate::errors::Failure;
use crate::interrupt;
use crate::output::print_as;

/// Runs the command.
pub fn run(model: &str, name: &str, folder: Option<&Path>, json: bool) -> Result<(), Failure> {
    let model = load(model, &())?;
    interrupt::listen()?;
    let front = Front { quiet: true };
    let (text, explained) = explain(&model, name, || library(&model, folder), &front)?;
    print_as(json, &explained, || text)
}
