//! The arguments of commands about versions of parts of a run: `regenerate`, `versions` and `reset`.

use std::path::PathBuf;

use clap::Args;

use super::again::SourceArgs;
use super::values::threads;

pub(super) const REGENERATE_EXAMPLES: &str = "\
Examples:
  causeflow regenerate out/tutoring-42 --from day10 --to day11 --scenario payment-outage@day10T10:00
  causeflow regenerate out/tutoring-42 --from day10 --to day11 --until day14 --event blog-viral@day10T02:00 --name viral
  causeflow diff out/tutoring-42 --version viral                  what it changed, event by event

What is put in begins in the window. What lies before it is not touched. What of it acts after the window, and what follows
from it there, is shown by --until; without it, all is cut off at the window's end, and a warning says what was. The run itself stays as it is: versions lie beside it, in its
folder versions/. A run that was played with --snapshot-every 1d starts from the snapshot before the window.";

#[derive(Debug, Args)]
pub struct RegenerateArgs {
    /// The folder of a finished run
    pub out: PathBuf,
    /// The beginning of the window: an instant, a date and time in the model's time zone, a date, or a day of the run such as day10
    #[arg(long, value_name = "TIME")]
    pub from: String,
    /// The end of the window
    #[arg(long, value_name = "TIME")]
    pub to: String,
    /// Plays on after the window, to show what reaches across its end: up to a time, or `end`
    #[arg(long, value_name = "TIME")]
    pub until: Option<String>,
    /// Starts a scenario in the window, such as payment-outage@day10T10:00. Repeatable
    #[arg(long = "scenario", value_name = "ID@TIME[+DURATION]")]
    pub scenario: Vec<String>,
    /// Lets an external event happen in the window, such as blog-viral@day10T02:00. Repeatable
    #[arg(long = "event", value_name = "TEMPLATE@TIME")]
    pub event: Vec<String>,
    /// The version's name; v1, v2 and so on by default
    #[arg(long)]
    pub name: Option<String>,
    /// Replaces a version of that name
    #[arg(long, requires = "name")]
    pub force: bool,
    #[command(flatten)]
    pub sources: SourceArgs,
    /// How many threads play and write; all cores by default. The result is the same
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// No progress and no warnings
    #[arg(long, short)]
    pub quiet: bool,
    /// Prints the outcome as one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct VersionsArgs {
    /// The folder of a finished run
    pub out: PathBuf,
    /// Prints JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ResetArgs {
    /// The folder of a finished run
    pub out: PathBuf,
    /// The names of the versions to drop; all of them by default
    pub names: Vec<String>,
    /// Prints what was dropped as JSON
    #[arg(long)]
    pub json: bool,
}
