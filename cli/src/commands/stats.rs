//! `causeflow stats`: the statistics of a finished run or of a baseline.

use causeflow_models::suggestion;
use causeflow_runs::finished::Statistic;
use causeflow_runs::{Error, matches};

use crate::args::StatsArgs;
use crate::errors::Failure;

mod show;

/// Runs the command.
pub fn run(args: &StatsArgs) -> Result<(), Failure> {
    let mut rows = Statistic::read(&args.out)?;
    for pattern in &args.streams {
        let names = rows.iter().map(|row| row.stream.as_str());
        if !names.clone().any(|name| matches(pattern, name)) {
            let message = format!(
                "--stream `{pattern}` matches no stream of {}",
                args.out.display()
            );
            return Err(Error::wrong(message, suggestion(pattern, names)).into());
        }
    }
    let wanted = |name: &str| {
        args.streams.is_empty() || args.streams.iter().any(|pattern| matches(pattern, name))
    };
    rows.retain(|row| wanted(&row.stream));
    show::show(args, rows)
}
