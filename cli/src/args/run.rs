//! The arguments of `causeflow run`.

use std::path::PathBuf;

use causeflow_engine::base::time::Span;
use causeflow_outputs::Format;
use causeflow_runs::RunSpec;
use clap::Args;

use super::range::RangeArgs;
use super::set::SetArgs;
use super::values::{CompressionArg, CounterfactualArg, FormatArg, seed, span};

pub(super) const RUN_EXAMPLES: &str = "\
Examples:
  causeflow run tutoring                            30 days, about 52 million rows, into out/tutoring-42
  causeflow run tutoring --scale 0.01 --days 7      a hundredth of it, for a week
  causeflow run tutoring --dry-run                  what would come out, and how large
  causeflow run tutoring --streams 'booking.*' --streams 'payment.*' --format csv
  causeflow run tutoring --no-output --json         the fingerprints only, for a program
  causeflow run tutoring --scenario payment-outage@day3T10:00 --counterfactual
  causeflow run ./my-model --start 2026-06-01 --days 90 --seed 7 --out summer
  causeflow run tutoring --days 300 --snapshot-every 1d --out year
  causeflow run --resume --out year                 goes on with it, whatever stopped it

The same model, seed, start, days, scale and version give the same bytes, on any number of threads.
A run that fails or is interrupted leaves nothing behind unless it keeps snapshots, and an earlier run in its place as
it was.";

#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// A built-in model's name or the path of a model's folder
    #[arg(required_unless_present = "resume")]
    pub model: Option<String>,
    /// Everything drawn follows from it: a whole number up to 2^64 - 1
    #[arg(long, default_value = "42", value_parser = seed, allow_negative_numbers = true)]
    pub seed: u64,
    #[command(flatten)]
    pub set: SetArgs,
    #[command(flatten)]
    pub range: RangeArgs,
    /// The folder to write to; `out/<model>-<seed>` by default
    #[arg(long, value_name = "DIR", conflicts_with = "no_output")]
    pub out: Option<PathBuf>,
    /// Replaces an earlier run in that folder
    #[arg(long, conflicts_with_all = ["no_output", "resume"])]
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
    /// Takes about twice as long. With `each`, also without one of them at a time, which stands in counterfactual/each/
    /// and takes as long again for each.
    #[arg(long, value_enum, value_name = "WHAT", num_args = 0..=1, default_missing_value = "together")]
    #[arg(conflicts_with = "no_output")]
    pub counterfactual: Option<CounterfactualArg>,
    /// Scores the history against this baseline; by default against what the run would be without interventions
    #[arg(long, value_name = "DIR", conflicts_with = "no_output")]
    pub baseline: Option<PathBuf>,
    /// The format of the files; parquet by default
    #[arg(long, value_enum, conflicts_with = "no_output")]
    pub format: Option<FormatArg>,
    /// The compression of the files; zstd for parquet, none for the others by default
    #[arg(long, value_enum, conflicts_with = "no_output")]
    pub compression: Option<CompressionArg>,
    /// Keeps a snapshot of the run every so often, such as 6h or 1d, so that it can be resumed
    ///
    /// They stand in snapshots/ and stay there: a later day can be played again from the one before it.
    #[arg(long, value_name = "SPAN", value_parser = span, conflicts_with_all = ["no_output", "dry_run"])]
    pub snapshot_every: Option<Span>,
    /// Goes on with a run that was stopped, from its last snapshot
    ///
    /// It needs no more than the run's folder: --out DIR. The result is the same, byte by byte, as if it had not been
    /// stopped.
    #[arg(long, conflicts_with_all = ["no_output", "dry_run"])]
    pub resume: bool,
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
    /// Names of the fields above that were given, not left to their defaults.
    #[arg(skip)]
    pub given: Vec<String>,
}

impl RunArgs {
    /// What is asked for, apart from where it goes and how it is told.
    pub fn spec(&self) -> RunSpec {
        RunSpec {
            seed: self.seed,
            parameters: self.set.given(),
            start: self.range.start.clone(),
            days: self.range.days,
            scale: self.range.scale,
            streams: self.streams.clone(),
            scenarios: self.scenario.clone(),
            events: self.event.clone(),
            event_files: self.events.clone(),
            timeline: !self.no_events,
            scenario_folder: self.scenarios.clone(),
            counterfactual: self.counterfactual.map(Into::into),
            baseline: self.baseline.clone(),
            format: self.format.map_or(Format::Parquet, Into::into),
            compression: self.compression.map(Into::into),
            snapshot_every: self.snapshot_every,
            // One is always there unless a run is resumed.
            ..RunSpec::of(self.model.clone().unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        run: RunArgs,
    }

    fn spec_of(arguments: &[&str]) -> RunSpec {
        let words = std::iter::once(&"run").chain(arguments);
        Line::try_parse_from(words).expect("arguments").run.spec()
    }

    fn spec_in(json: &str) -> RunSpec {
        RunSpec::from_json(json).expect("a request")
    }

    /// The command's defaults stand in clap's attributes, those of a request in serde's.
    #[test]
    fn arguments_ask_for_what_a_request_does() {
        let named = r#"{"spec_version": 1, "model": "tutoring"}"#;
        assert_eq!(spec_of(&["tutoring"]), spec_in(named));
        let all = r#"{"spec_version": 1, "model": "./shop", "parameters": {"tea_share": "5%"}, "seed": "18446744073709551615",
            "start": "2026-06-01", "days": 2.5, "scale": 0.01, "streams": ["booking.*", "payment.failure"],
            "scenarios": ["payment-outage@day1T10:00+6h", "surge@day2"], "events": ["blog-viral@day2T18:00"],
            "event_files": ["own.yaml"], "timeline": false, "scenario_folder": "mine", "counterfactual": "each",
            "baseline": "usual", "format": "csv", "compression": "lz4", "snapshot_every": "6h"}"#;
        let arguments = [
            "./shop",
            "--set",
            "tea_share=5%",
            "--seed",
            "18446744073709551615",
            "--start",
            "2026-06-01",
            "--days",
            "2.5",
            "--scale",
            "0.01",
            "--streams",
            "booking.*,payment.failure",
            "--scenario",
            "payment-outage@day1T10:00+6h",
            "--scenario",
            "surge@day2",
            "--event",
            "blog-viral@day2T18:00",
            "--events",
            "own.yaml",
            "--no-events",
            "--scenarios",
            "mine",
            "--counterfactual",
            "each",
            "--baseline",
            "usual",
            "--format",
            "csv",
            "--compression",
            "lz4",
            "--snapshot-every",
            "6h",
        ];
        assert_eq!(spec_of(&arguments), spec_in(all));
        // Each field has another value than without it, so that none of them can be lost on both ways.
        let fields = |json: &str| match serde_json::to_value(spec_in(json)) {
            Ok(serde_json::Value::Object(fields)) => fields,
            other => panic!("{other:?}"),
        };
        let (given, defaults) = (fields(all), fields(named));
        for (field, value) in &given {
            assert!(
                field == "spec_version" || defaults.get(field) != Some(value),
                "{field} has its default"
            );
        }
    }
}
