//! The arguments of `report`.

use std::path::PathBuf;

use clap::Args;

/// The longest window that charts show, in days.
const LONGEST: i64 = 30;

pub(super) const REPORT_EXAMPLES: &str = "\
Examples:
  causeflow report out/tutoring-42                          the page report.html in this folder
  causeflow report out/tutoring-42 -o outage.html --from 2026-02-04 --days 3
  causeflow report out/shop-42 --model ./shop               a run of a model of one's own

The page is one file that needs neither a network nor scripts. The same run gives the same page.";

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The folder of a finished run in Parquet
    pub out: PathBuf,
    /// The file to write; `-` is the standard output
    #[arg(
        short = 'o',
        long = "output",
        value_name = "FILE",
        default_value = "report.html"
    )]
    pub output: PathBuf,
    /// Replaces a file that is no report
    #[arg(long)]
    pub force: bool,
    /// From when on charts show the run: a date (its midnight in the model's time zone), a date and time there, an instant, or a day of the run such as day3
    ///
    /// By default two days before the first scenario, or the end of the run if it has none.
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// How many days the charts show, at most 30
    #[arg(long, value_name = "N", default_value_t = 7,
        value_parser = clap::value_parser!(i64).range(1..=LONGEST), allow_negative_numbers = true)]
    pub days: i64,
    /// The folder of the run's model, for the causal graph; a built-in model needs none
    #[arg(long, value_name = "DIR")]
    pub model: Option<String>,
}
