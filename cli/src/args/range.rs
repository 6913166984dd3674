//! Which days are played, how large, and on how many threads.

use causeflow_runs::Range;
use clap::Args;

use super::values::{days, scale, threads};

#[derive(Clone, Debug, Args)]
pub struct RangeArgs {
    /// The first day, a date and time such as 2026-02-02T06:00, or an instant such as 2026-02-02T06:00:00Z
    ///
    /// What names no offset is in the model's time zone; a date means its midnight.
    #[arg(
        long,
        default_value = "2026-02-02",
        value_name = "DATE",
        allow_hyphen_values = true
    )]
    pub start: String,
    /// How many days of the calendar in the model's time zone; fractions such as 0.5 too
    #[arg(long, default_value = "30", value_parser = days, allow_negative_numbers = true)]
    pub days: f64,
    /// Size of the population and of the traffic: 0.01 is a hundredth of the model's
    #[arg(long, default_value = "1", value_parser = scale, allow_negative_numbers = true)]
    pub scale: f64,
    /// How many threads play and write; all cores by default. The result is the same
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
}

impl RangeArgs {
    /// Which days are played, and how large.
    pub fn range(&self) -> Range {
        Range {
            start: self.start.clone(),
            days: self.days,
            scale: self.scale,
        }
    }
}
