//! The arguments of `causeflow run`.

use std::path::PathBuf;

use clap::Args;

use super::values::{CompressionArg, FormatArg, days, scale, seed, threads};

pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  causeflow run tutoring                            30 days, about 52 million rows, into out/tutoring-42
  causeflow run tutoring --scale 0.01 --days 7      a hundredth of it, for a week
  causeflow run tutoring --dry-run                  what would come out, and how large
  causeflow run tutoring --streams 'booking.*' --streams 'payment.*' --format csv
  causeflow run tutoring --no-output --json         the fingerprints only, for a program
  causeflow run tutoring --scenario payment-outage@day3T10:00 --counterfactual
  causeflow run ./my-model --start 2026-06-01 --days 90 --seed 7 --out summer

The same model, seed, start, days, scale and version give the same bytes, on any number of threads.
A run that fails or is interrupted leaves nothing behind, and an earlier run in its place as it was.";

#[derive(Debug, Args)]
pub struct RunArgs {
    /// A built-in model's name or the path of a model's folder
    pub model: String,
    /// Everything drawn follows from it: a whole number up to 2^64 - 1
    #[arg(long, default_value = "42", value_parser = seed, allow_negative_numbers = true)]
    pub seed: u64,
    /// The first day, or an instant such as 2026-02-02T06:00:00Z
    ///
    /// A date means midnight in the model's time zone.
    #[arg(
        long,
        default_value = "2026-02-02",
        value_name = "DATE",
        allow_hyphen_values = true
    )]
    pub start: String,
    /// How many days of 24 hours; fractions such as 0.5 too
    #[arg(long, default_value = "30", value_parser = days, allow_negative_numbers = true)]
    pub days: f64,
    /// Size of the population and of the traffic: 0.01 is a hundredth of the model's
    #[arg(long, default_value = "1", value_parser = scale, allow_negative_numbers = true)]
    pub scale: f64,
    /// How many threads play and write; all cores by default. The result is the same
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// The folder to write to; `out/<model>-<seed>` by default
    #[arg(long, value_name = "DIR", conflicts_with = "no_output")]
    pub out: Option<PathBuf>,
    /// Replaces an earlier run in that folder
    #[arg(long, conflicts_with = "no_output")]
    pub force: bool,
    /// Writes only streams whose names match: * is any text, ? any character. Repeatable
    ///
    /// The rest is played all the same where it matters, so what is written does not change.
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub streams: Vec<String>,
    /// Starts a scenario, such as payment-outage@day3T10:00 or payment-outage@2026-02-04T10:00+6h. Repeatable
    ///
    /// A time is an instant, a date and time in the model's time zone, a date, or a day of the run: the first is day1.
    /// A duration takes the place of the scenario's own. `causeflow scenarios MODEL` lists what there is.
    #[arg(long = "scenario", value_name = "ID@TIME[+DURATION]")]
    pub scenario: Vec<String>,
    /// Lets an external event happen, such as blog-viral@day3T18:00. Repeatable
    #[arg(long = "event", value_name = "TEMPLATE@TIME")]
    pub event: Vec<String>,
    /// External events of one's own, from a file. Repeatable
    #[arg(long, value_name = "FILE")]
    pub events: Vec<PathBuf>,
    /// Leaves out the external events that come by themselves
    #[arg(long)]
    pub no_events: bool,
    /// A folder of scenarios in place of the model's own folder `scenarios`
    #[arg(long, value_name = "DIR")]
    pub scenarios: Option<PathBuf>,
    /// Plays the same again without the scenarios and events asked for, and writes what differs to counterfactual/
    ///
    /// Takes about twice as long. Parquet only.
    #[arg(long, conflicts_with = "no_output")]
    pub counterfactual: bool,
    /// The format of the files; parquet by default
    #[arg(long, value_enum, conflicts_with = "no_output")]
    pub format: Option<FormatArg>,
    /// The compression of the files; zstd for parquet, none for the others by default
    #[arg(long, value_enum, conflicts_with = "no_output")]
    pub compression: Option<CompressionArg>,
    /// Plays without writing files: for the fingerprint
    #[arg(long)]
    pub no_output: bool,
    /// Estimates rows and size from a small pilot run, and writes nothing
    #[arg(long, conflicts_with = "no_output")]
    pub dry_run: bool,
    /// No progress and no warnings
    #[arg(long, short)]
    pub quiet: bool,
    /// Prints the outcome as one JSON object
    #[arg(long)]
    pub json: bool,
}
