//! The arguments of commands that take up a finished run: `verify` and `replay`.

use std::path::PathBuf;

use causeflow_runs::Sources;
use clap::Args;

use super::values::threads;

pub(super) const REPLAY_EXAMPLES: &str = "\
Examples:
  causeflow replay out/tutoring-42/manifest.json
  causeflow replay out/shop-42 --model ./shop              a run of a model of one's own
  causeflow replay out/tutoring-42 --events launch.yaml    a run with templates of one's own
  causeflow replay out/live-tutoring-42                    a session, from its journal

Nothing is written. Where events differ, the first of them is shown with its chain of causes.";

pub(super) const VERIFY_EXAMPLES: &str = "\
Examples:
  causeflow verify out/tutoring-42
  causeflow verify out/tutoring-42 --quick                 whether the files are there, with the right sizes
  causeflow verify out/shop-42 --model ./shop --json       a run of a model of one's own, for a program

Digests, rows and fingerprints are compared with the manifest. With the run's model, every row is also checked to
follow from its cause: by an effect that the model declares, in its time, with the ids that it has to have.";

/// Files of one's own that a run was made from, which its manifest only names.
#[derive(Debug, Args)]
pub struct SourceArgs {
    /// The folder of the run's model; a built-in model needs none
    #[arg(long, value_name = "DIR")]
    pub model: Option<String>,
    /// The folder of scenarios that the run was given with --scenarios
    #[arg(long, value_name = "DIR")]
    pub scenarios: Option<PathBuf>,
    /// A file with templates of external events that the run was given with --events. Repeatable
    ///
    /// Which events happened stands in the manifest, so a file without templates is not needed.
    #[arg(long, value_name = "FILE")]
    pub events: Vec<PathBuf>,
}

impl SourceArgs {
    /// Where to find what a manifest only names.
    pub fn sources(&self) -> Sources<'_> {
        Sources {
            model: self.model.as_deref(),
            scenarios: self.scenarios.as_deref(),
            events: &self.events,
        }
    }
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// The folder of a finished run, or of one of its versions
    pub out: PathBuf,
    #[command(flatten)]
    pub sources: SourceArgs,
    /// Only checks that the files are there and have the right size and number of rows
    #[arg(long)]
    pub quick: bool,
    /// How many megabytes may hold what is kept of events; what does not fit goes to a temporary file
    #[arg(long, value_name = "MB", default_value_t = 512)]
    pub memory: u64,
    /// How many threads check; all cores by default. The result is the same
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// Prints the outcome as one JSON object
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The manifest of a finished run or the journal of a session, or the folder of either
    #[arg(value_name = "MANIFEST|JOURNAL")]
    pub manifest: PathBuf,
    #[command(flatten)]
    pub sources: SourceArgs,
    /// The baseline that the run was scored against with --baseline
    #[arg(long, value_name = "DIR")]
    pub baseline: Option<PathBuf>,
    /// How many threads play; all cores by default. The result is the same
    #[arg(long, value_name = "N", value_parser = threads, allow_negative_numbers = true)]
    pub threads: Option<usize>,
    /// No progress
    #[arg(long, short)]
    pub quiet: bool,
    /// Prints the outcome as one JSON object
    #[arg(long)]
    pub json: bool,
}
