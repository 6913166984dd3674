//! `causeflow explain`: a stream, a parameter, a scenario or an event template in words, or a model with its parameters.

use std::path::Path;

use causeflow_runs::about::{explain, explain_model};
use causeflow_runs::{library, load_with};

use crate::args::SetArgs;
use crate::control::Front;
use crate::errors::Failure;
use crate::interrupt;
use crate::output::print_as;

/// Runs the command.
pub fn run(
    model: &str,
    name: Option<&str>,
    set: &SetArgs,
    folder: Option<&Path>,
    json: bool,
) -> Result<(), Failure> {
    let model = load_with(model, &set.given(), &())?;
    let Some(name) = name else {
        let (text, explained) = explain_model(&model);
        return print_as(json, &explained, || text);
    };
    interrupt::listen()?;
    let front = Front { quiet: true };
    let (text, explained) = explain(&model, name, || library(&model, folder), &front)?;
    print_as(json, &explained, || text)
}
