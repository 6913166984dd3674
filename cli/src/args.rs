//! The arguments, their limits and their help texts.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use causeflow_outputs::{Compression, Format};
use clap::{Args, Parser, Subcommand, ValueEnum};

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a check or a comparison found a difference
  2    bad input: arguments, a model, an output folder in use
  3    the machine failed us: disk, memory, threads
  130  interrupted (Ctrl-C)";

const RUN_EXAMPLES: &str = "\
Examples:
  causeflow run tutoring                            30 days, about 52 million rows, into out/tutoring-42
  causeflow run tutoring --scale 0.01 --days 7      a hundredth of it, for a week
  causeflow run tutoring --dry-run                  what would come out, and how large
  causeflow run tutoring --streams 'booking.*' --streams 'payment.*' --format csv
  causeflow run tutoring --no-output --json         the fingerprints only, for a program
  causeflow run ./my-model --start 2026-06-01 --days 90 --seed 7 --out summer

The same model, seed, start, days, scale and version give the same bytes, on any number of threads.
A run that fails or is interrupted leaves nothing behind, and an earlier run in its place as it was.";

const DIFF_EXAMPLES: &str = "\
Examples:
  causeflow diff out/edited out/plain                      how many events differ, by stream
  causeflow diff out/edited out/plain --hours --stream 'booking.*'
  causeflow diff out/edited out/plain --out effect         the events themselves, in Parquet

An event's id follows from its lineage, so whatever the edit did not reach is the same in both runs.";

/// Plays the data of a whole business on a virtual clock, bit for bit the same every time
#[derive(Debug, Parser)]
#[command(name = "causeflow", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plays a model and writes its history
    #[command(after_help = format!("{RUN_EXAMPLES}\n\n{EXIT_CODES}"))]
    Run(Box<RunArgs>),
    /// Lists the built-in models
    Models {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Lists a model's streams: where they come from, how many events a day, their fields
    Streams {
        /// A built-in model's name or the path of a model's folder
        model: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Says in words what a stream means, what makes it, and what follows from it
    Explain {
        /// A built-in model's name or the path of a model's folder
        model: String,
        /// The stream's name, such as booking.confirmed
        stream: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Draws what causes what, for Mermaid or Graphviz
    #[command(
        after_help = "Example:\n  causeflow graph tutoring --format dot | dot -Tsvg -o tutoring.svg"
    )]
    Graph {
        /// A built-in model's name or the path of a model's folder
        model: String,
        /// The language of the drawing
        #[arg(long, value_enum, default_value_t = GraphFormat::Mermaid)]
        format: GraphFormat,
    },
    /// Reports everything that is wrong with a model
    Check {
        /// The path of a model's folder, or a built-in model's name
        #[arg(value_name = "DIR")]
        model: String,
        /// Print a list of findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Compares two finished runs event by event
    #[command(after_help = format!("{DIFF_EXAMPLES}\n\n{EXIT_CODES}"))]
    Diff(DiffArgs),
    /// Prints a JSON Schema
    Schema {
        /// Of a model's files, or of a run's manifest.json
        #[arg(value_enum, default_value_t = SchemaOf::Model)]
        what: SchemaOf,
    },
    /// Writes a small working model to start from
    Init {
        /// A folder that is empty or does not exist yet
        dir: PathBuf,
    },
    /// Prints a script that completes the command's arguments in a shell
    #[command(
        after_help = "Example:\n  causeflow completions bash > ~/.local/share/bash-completion/completions/causeflow"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

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

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The folder of a finished run in Parquet
    pub a: PathBuf,
    /// The folder of the run to compare it with: its twin without what is to be measured
    pub b: PathBuf,
    /// Compares only streams whose names match: * is any text, ? any character. Repeatable
    #[arg(long = "stream", value_name = "PATTERN", value_delimiter = ',')]
    pub streams: Vec<String>,
    /// Writes the events that differ to this new folder, a Parquet table a stream
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Counts by hour too
    #[arg(long)]
    pub hours: bool,
    /// How many of the events to show, the first by time
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub limit: usize,
    /// Prints the outcome as one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FormatArg {
    Parquet,
    Arrow,
    Csv,
    Jsonl,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Format {
        match format {
            FormatArg::Parquet => Format::Parquet,
            FormatArg::Arrow => Format::Arrow,
            FormatArg::Csv => Format::Csv,
            FormatArg::Jsonl => Format::Jsonl,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum CompressionArg {
    Zstd,
    Lz4,
    Snappy,
    None,
}

impl From<CompressionArg> for Compression {
    fn from(compression: CompressionArg) -> Compression {
        match compression {
            CompressionArg::Zstd => Compression::Zstd,
            CompressionArg::Lz4 => Compression::Lz4,
            CompressionArg::Snappy => Compression::Snappy,
            CompressionArg::None => Compression::None,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum GraphFormat {
    Mermaid,
    Dot,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SchemaOf {
    Model,
    Manifest,
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

/// Ten years: the profiles' tables of a longer range would take more memory than the rest.
const MAX_DAYS: f64 = 3660.0;
const SECONDS_PER_DAY: f64 = 86_400.0;

fn days(text: &str) -> Result<f64, String> {
    let days: Option<f64> = text.parse().ok();
    days.filter(|days| *days * SECONDS_PER_DAY >= 1.0 && *days <= MAX_DAYS)
        .ok_or_else(|| format!("expected a number of days from one second (0.00002) to {MAX_DAYS}, such as 30 or 0.5"))
}

/// From a millionth to a hundred times the model's size.
const SCALES: RangeInclusive<f64> = 1e-6..=100.0;

fn scale(text: &str) -> Result<f64, String> {
    let scale: Option<f64> = text.parse().ok();
    scale
        .filter(|scale| SCALES.contains(scale))
        .ok_or_else(|| "expected a number from 0.000001 to 100, such as 1 or 0.01".to_owned())
}

const MAX_THREADS: usize = 1024;

fn threads(text: &str) -> Result<usize, String> {
    let threads: Option<usize> = text.parse().ok();
    threads
        .filter(|threads| (1..=MAX_THREADS).contains(threads))
        .ok_or_else(|| format!("expected a whole number from 1 to {MAX_THREADS}"))
}
