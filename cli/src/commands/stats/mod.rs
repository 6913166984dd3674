//! `causeflow stats`: the statistics of a finished run or of a baseline.

use causeflow_runs::finished::Statistic;

use crate::args::StatsArgs;
use crate::errors::Failure;

mod show;

/// Runs the command.
pub fn run(args: &StatsArgs) -> Result<(), Failure> {
    show::show(args, Statistic::matching(&args.out, &args.streams)?)
}
