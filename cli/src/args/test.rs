//! The arguments of `causeflow test`.

use clap::Args;

use super::set::SetArgs;
use super::values::{days, scale, seed, threads};

pub(super) const TEST_EXAMPLES: &str = "\
Examples:
  causeflow test ./shop                                    five seeds over the model's reference days
  causeflow test ./shop --seeds 20 --days 7 --scale 0.1
  causeflow test ./shop --only 'cancelled*' --json         some of what it expects, for a program";

#[derive(Debug, Args)]
pub struct TestArgs {
    /// A built-in model's name or the path of a model's folder
    pub model: String,
    #[command(flatten)]
    pub set: SetArgs,
    /// How many seeds to play
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub seeds: u32,
    /// The first of them; the others follow it
    #[arg(long, default_value = "42", value_parser = seed, allow_negative_numbers = true)]
    pub seed: u64,
    /// The first day; that of the model's reference days by default
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    pub start: Option<String>,
    /// How many days of the calendar in the model's time zone; the model's reference days by default
    #[arg(long, value_parser = days, allow_negative_numbers = true)]
    pub days: Option<f64>,
    /// Size of the population and of the traffic: 0.01 is a hundredth of the model's
    #[arg(long, default_value = "1", value_parser = scale, allow_negative_numbers = true)]
    pub scale: f64,
    /// Only expectations whose names match: * is any text, ? any character. Repeatable
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    pub only: Vec<String>,
    /// How many threads play; all cores by default. The result is the same
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// No progress and no warnings
    #[arg(long, short)]
    pub quiet: bool,
    /// Prints the outcome as one JSON object
    #[arg(long)]
    pub json: bool,
}
