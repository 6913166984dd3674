//! `causeflow graph`: what causes what, as a drawing.

use causeflow_runs::about::{dot, mermaid};
use causeflow_runs::load;

use crate::args::GraphFormat;
use crate::errors::Failure;
use crate::output::print;

/// Runs the command.
pub fn run(model: &str, format: GraphFormat) -> Result<(), Failure> {
    let model = load(model, &())?;
    print(&match format {
        GraphFormat::Mermaid => mermaid(&model),
        GraphFormat::Dot => dot(&model),
    })
}
