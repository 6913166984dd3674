//! The arguments of `causeflow baseline`, `stats` and `history`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::range::RangeArgs;
use super::set::SetArgs;
use super::values::seed;

pub(super) const BASELINE_EXAMPLES: &str = "\
Examples:
  causeflow baseline tutoring --out base                       30 days of eight seeds: what is usual
  causeflow run tutoring --baseline base                       a run that is scored against it
  causeflow baseline tutoring --out base --format json         with 30 days, statistics and events as JSON files";

pub(super) const STATS_EXAMPLES: &str = "\
Examples:
  causeflow stats out/tutoring-42                              a line a stream
  causeflow stats base --stream payment.success                what is usual for one stream, by part of the day
  causeflow stats out/tutoring-42 --stream 'booking.*' --json";

pub(super) const HISTORY_EXAMPLES: &str = "\
Examples:
  causeflow history out/tutoring-42 --stream payment.failure
  causeflow history out/tutoring-42 --stream payment.failure --hourly --from 2026-02-04 --to 2026-02-05";

/// What a baseline is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BaselineFormat {
    /// Statistics in Parquet and JSON
    Parquet,
    /// Besides these, the days, statistics and external events of the first seed as JSON files
    Json,
}

#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// A built-in model's name or the path of a model's folder
    pub model: String,
    /// How many seeds to play
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub seeds: u32,
    /// The first of them; the others follow it
    #[arg(long, default_value = "42", value_parser = seed, allow_negative_numbers = true)]
    pub seed: u64,
    #[command(flatten)]
    pub set: SetArgs,
    #[command(flatten)]
    pub range: RangeArgs,
    /// The folder to write to; `out/<model>-baseline` by default
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Replaces an earlier baseline in that folder
    #[arg(long)]
    pub force: bool,
    /// What to write
    #[arg(long, value_enum, default_value_t = BaselineFormat::Parquet)]
    pub format: BaselineFormat,
    /// Leaves the external events, which come by themselves, out of the JSON files; statistics never have them
    #[arg(long)]
    pub no_events: bool,
    /// No progress and no warnings
    #[arg(long, short)]
    pub quiet: bool,
    /// Prints the outcome as one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct StatsArgs {
    /// The folder of a finished run in Parquet, or of a baseline
    pub out: PathBuf,
    /// Only streams whose names match: * is any text, ? any character. Repeatable
    #[arg(long = "stream", value_name = "PATTERN", value_delimiter = ',')]
    pub streams: Vec<String>,
    /// Of hours in place of half days
    #[arg(long)]
    pub hourly: bool,
    /// Prints all of it, also by class, as one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The folder of a finished run in Parquet
    pub out: PathBuf,
    /// The stream
    #[arg(long, value_name = "NAME")]
    pub stream: String,
    /// Only intervals that end after this time: a date (its midnight in the model's time zone) such as 2026-02-04, a date and time there, an instant such as 2026-02-04T10:00:00Z, or a day of the run such as day3
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Only intervals that begin before it
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// Hours in place of half days
    #[arg(long)]
    pub hourly: bool,
    /// Prints the points as one JSON object
    #[arg(long)]
    pub json: bool,
}
