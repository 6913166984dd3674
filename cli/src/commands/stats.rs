//! `causeflow stats`: the statistics of a finished run or of a baseline.

use causeflow_models::suggestion;
use causeflow_outputs::diff::FinishedRun;
use causeflow_outputs::{FinishedBaseline, SmallTable};

use crate::args::StatsArgs;
use crate::errors::Failure;
use crate::settings::matches;

mod rows;
mod show;

/// Runs the command.
pub fn run(args: &StatsArgs) -> Result<(), Failure> {
    let table = open(args)?;
    let mut rows = rows::read(&table)?;
    for pattern in &args.streams {
        let names = rows.iter().map(|row| row.stream.as_str());
        if !names.clone().any(|name| matches(pattern, name)) {
            let message = format!(
                "--stream `{pattern}` matches no stream of {}",
                args.out.display()
            );
            return Err(Failure::Input(message, suggestion(pattern, names)));
        }
    }
    let wanted = |name: &str| {
        args.streams.is_empty() || args.streams.iter().any(|pattern| matches(pattern, name))
    };
    rows.retain(|row| wanted(&row.stream));
    show::show(args, &rows)
}

fn open(args: &StatsArgs) -> Result<SmallTable, Failure> {
    if FinishedBaseline::is_at(&args.out) {
        return Ok(FinishedBaseline::open(&args.out)?.table("statistics")?);
    }
    let run = FinishedRun::open(&args.out)?;
    run.table("statistics")?.ok_or_else(|| {
        Failure::input(
            format!(
                "{} has no statistics: an earlier version played it",
                args.out.display()
            ),
            "play it again",
        )
    })
}
