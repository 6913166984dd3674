//! The arguments, their limits and their help texts.

use std::path::PathBuf;

use causeflow_runs::schema::Named;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

mod again;
mod baseline;
mod live;
mod range;
mod report;
mod run;
mod set;
mod test;
mod values;
mod versions;

use again::{REPLAY_EXAMPLES, VERIFY_EXAMPLES};
pub use again::{ReplayArgs, VerifyArgs};
use baseline::{BASELINE_EXAMPLES, HISTORY_EXAMPLES, STATS_EXAMPLES};
pub use baseline::{BaselineArgs, BaselineFormat, HistoryArgs, StatsArgs};
pub use live::{Deed, ServeArgs, SteerArgs, WatchArgs};
use live::{SERVE_EXAMPLES, STEER_EXAMPLES, WATCH_EXAMPLES};
use report::REPORT_EXAMPLES;
pub use report::ReportArgs;
use run::RUN_EXAMPLES;
pub use run::RunArgs;
pub use set::SetArgs;
use test::TEST_EXAMPLES;
pub use test::TestArgs;
pub use values::GraphFormat;
use values::Schemas;
use versions::REGENERATE_EXAMPLES;
pub use versions::{RegenerateArgs, ResetArgs, VersionsArgs};

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    a check or a comparison found a difference
  2    bad input: arguments, a model, an output folder in use
  3    the machine failed us: disk, memory, threads
  130  interrupted (Ctrl-C)";

const DIFF_EXAMPLES: &str = "\
Examples:
  causeflow diff out/edited out/plain                      how many events differ, by stream
  causeflow diff out/edited out/plain --hours --stream 'booking.*'
  causeflow diff out/edited out/plain --out effect         the events themselves, in Parquet
  causeflow diff out/tutoring-42 --version v1              what a version changed in its part of the run

An event's id follows from its lineage, so whatever the edit did not reach is the same in both runs.";

const CHECK_EXAMPLES: &str = "\
Examples:
  causeflow check ./my-model                              the model and what lies in its folder scenarios
  causeflow check short-outage.yaml --model tutoring      a scenario or a file of external events";

const EFFECTS_EXAMPLES: &str = "\
Examples:
  causeflow effects out/tutoring-42                                what each intervention did
  causeflow effects out/tutoring-42 --event payment-outage         which streams it changed
  causeflow effects out/tutoring-42 --stream payment.failure       what changed this stream";

/// Plays the data of a whole business on a virtual clock, bit for bit the same every time
#[derive(Debug, Parser)]
#[command(name = "causeflow", version, after_help = EXIT_CODES, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

impl Cli {
    /// Reads the process's arguments; what is wrong with them ends it with a message.
    pub fn read() -> Cli {
        let matches = Cli::command().get_matches();
        let mut cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        if let (Command::Run(run), Some((_, matches))) = (&mut cli.command, matches.subcommand()) {
            run.given = given(matches);
        }
        cli
    }
}

/// The names of the arguments that were given.
fn given(matches: &ArgMatches) -> Vec<String> {
    let is_given = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    let ids = matches.ids().map(|id| id.as_str());
    ids.filter(|id| is_given(id)).map(str::to_owned).collect()
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Plays a model and writes its history
    #[command(after_help = format!("{RUN_EXAMPLES}\n\n{EXIT_CODES}"))]
    Run(Box<RunArgs>),
    /// Plays a model on a clock: live over REST, WebSocket and server-sent events, with a page to steer it
    #[command(after_help = format!("{SERVE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Serve(Box<ServeArgs>),
    /// Looks on at a live session, and can check that all that comes is right
    #[command(after_help = format!("{WATCH_EXAMPLES}\n\n{EXIT_CODES}"))]
    Watch(WatchArgs),
    /// Steers a live session: scenarios, external events, the clock
    #[command(after_help = format!("{STEER_EXAMPLES}\n\n{EXIT_CODES}"))]
    Steer(SteerArgs),
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
        #[command(flatten)]
        set: SetArgs,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Lists a model's scenarios: how long they last, what they do
    Scenarios {
        /// A built-in model's name or the path of a model's folder
        model: String,
        /// A folder of scenarios in place of the model's own folder `scenarios`
        #[arg(long, value_name = "DIR")]
        scenarios: Option<PathBuf>,
        /// Lists the templates of external events, too
        #[arg(long)]
        events: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Says in words what a stream means and what makes it, what a scenario or external event changes, or what parameters there are
    Explain {
        /// A built-in model's name or the path of a model's folder
        model: String,
        /// The name of a stream, parameter, scenario or event template, such as booking.confirmed or payment-outage; the model
        /// with its parameters by default
        name: Option<String>,
        #[command(flatten)]
        set: SetArgs,
        /// A folder of scenarios in place of the model's own folder `scenarios`
        #[arg(long, value_name = "DIR")]
        scenarios: Option<PathBuf>,
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
    /// Reports everything that is wrong with a model, its scenarios and its external events
    #[command(after_help = CHECK_EXAMPLES)]
    Check {
        /// The path of a model's folder, or a built-in model's name; with --model a scenario's file or a folder of them
        #[arg(value_name = "DIR|FILE")]
        what: String,
        /// The model that the scenarios or events to be checked are for
        #[arg(long)]
        model: Option<String>,
        /// Print a list of findings as JSON
        #[arg(long)]
        json: bool,
    },
    /// Plays several seeds of a model in memory, and says whether its rows are as it expects them
    #[command(after_help = format!("{TEST_EXAMPLES}\n\n{EXIT_CODES}"))]
    Test(TestArgs),
    /// Compares two finished runs event by event
    #[command(after_help = format!("{DIFF_EXAMPLES}\n\n{EXIT_CODES}"))]
    Diff(DiffArgs),
    /// Tells what scenarios and external events did in a finished run: the truth, and what an observer would see
    #[command(after_help = format!("{EFFECTS_EXAMPLES}\n\n{EXIT_CODES}"))]
    Effects(EffectsArgs),
    /// Writes a page with the charts of a finished run: every stream, the causal graph, what interventions did
    #[command(after_help = format!("{REPORT_EXAMPLES}\n\n{EXIT_CODES}"))]
    Report(ReportArgs),
    /// Plays a finished run again from its manifest, or a live session from its journal, and says whether it comes out the same
    #[command(after_help = format!("{REPLAY_EXAMPLES}\n\n{EXIT_CODES}"))]
    Replay(ReplayArgs),
    /// Makes a version of a part of a finished run, with scenarios or external events put into the past
    #[command(after_help = format!("{REGENERATE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Regenerate(Box<RegenerateArgs>),
    /// Lists the versions of parts of a finished run
    Versions(VersionsArgs),
    /// Drops versions of parts of a finished run
    Reset(ResetArgs),
    /// Plays several seeds without interventions and pools what is usual, for runs to be scored against
    #[command(after_help = format!("{BASELINE_EXAMPLES}\n\n{EXIT_CODES}"))]
    Baseline(BaselineArgs),
    /// Prints the statistics of a finished run or of a baseline
    #[command(after_help = STATS_EXAMPLES)]
    Stats(StatsArgs),
    /// Prints a stream of a finished run interval by interval, with scores
    #[command(after_help = HISTORY_EXAMPLES)]
    History(HistoryArgs),
    /// Checks a finished run on the data itself: files, rows, and what rows say about each other
    #[command(after_help = format!("{VERIFY_EXAMPLES}\n\n{EXIT_CODES}"))]
    Verify(VerifyArgs),
    /// Prints a JSON Schema
    Schema {
        /// Of a file, of a run as it is asked for, or of what a command prints with --json
        #[arg(value_name = "OF", default_value = "model", value_parser = Schemas)]
        what: Named,
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
pub struct DiffArgs {
    /// The folder of a finished run in Parquet
    pub a: PathBuf,
    /// The folder of the run to compare it with: its twin without what is to be measured
    #[arg(required_unless_present = "version")]
    pub b: Option<PathBuf>,
    /// Compares a version of a part of the run with what the run has there
    #[arg(long, value_name = "NAME", conflicts_with = "b")]
    pub version: Option<String>,
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

#[derive(Debug, Args)]
pub struct EffectsArgs {
    /// The folder of a finished run in Parquet
    pub out: PathBuf,
    /// Which streams this scenario or external event changed: an id such as payment-outage, or the name that rows are
    /// attributed to
    #[arg(long, value_name = "ID|NAME")]
    pub event: Option<String>,
    /// What changed this stream
    #[arg(long, value_name = "NAME")]
    pub stream: Option<String>,
    /// How many lines to show, those with the largest effect first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
    /// Prints all of it as one JSON object
    #[arg(long)]
    pub json: bool,
}
