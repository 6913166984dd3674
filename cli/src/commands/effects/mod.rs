//! `causeflow effects`: what scenarios and external events did in a finished run.

use causeflow_runs::Finished;

use crate::args::EffectsArgs;
use crate::errors::Failure;

mod show;

/// Runs the command.
pub fn run(args: &EffectsArgs) -> Result<(), Failure> {
    let run = Finished::open(&args.out)?;
    let effects = run.effects_of(args.event.as_deref(), args.stream.as_deref())?;
    show::show(args, &effects)
}
