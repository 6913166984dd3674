//! The arguments of commands about live sessions: `serve`, `watch` and `steer`.

use std::net::SocketAddr;
use std::path::PathBuf;

use causeflow_server::Speed;
use clap::{Args, Subcommand};

use super::set::SetArgs;
use super::values::{scale, seed};
use crate::log::{LogFormat, LogLevel};

pub(super) const SERVE_EXAMPLES: &str = "\
Examples:
  causeflow serve tutoring                                    in real time, at http://127.0.0.1:7777/admin
  causeflow serve tutoring --speed 3600 --from -30d           thirty days at once, then an hour a second
  causeflow serve tutoring --journal incidents.jsonl          a schedule of incidents
  causeflow serve tutoring --dir out/live-tutoring-42         goes on where it was, however it ended

A session lies in a folder: its journal, snapshots and position. What is done to it is in the journal before it counts, and
`causeflow replay` of the folder gives the same events again. Tokens are read from CAUSEFLOW_READ_TOKEN and CAUSEFLOW_STEER_TOKEN.";

pub(super) const WATCH_EXAMPLES: &str = "\
Examples:
  causeflow watch http://127.0.0.1:7777 --topics 'payment.*,anomalies'
  causeflow watch http://127.0.0.1:7777 --raw --count 1000             messages as they come, for a program
  causeflow watch http://127.0.0.1:7777 --check --seconds 60           whether what comes is what the journal gives

It comes back by itself when the connection breaks, and goes on after the last event that it has seen.";

pub(super) const STEER_EXAMPLES: &str = "\
Examples:
  causeflow steer http://127.0.0.1:7777 scenario payment-outage --duration 4h
  causeflow steer http://127.0.0.1:7777 stop
  causeflow steer http://127.0.0.1:7777 inject blog-viral
  causeflow steer http://127.0.0.1:7777 inject blog-viral --at day3T10:00    if that is past, as a version of it
  causeflow steer http://127.0.0.1:7777 clock --speed 3600";

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// A built-in model's name or the path of a model's folder
    pub model: String,
    /// Everything drawn follows from it
    #[arg(long, default_value = "42", value_parser = seed, allow_negative_numbers = true)]
    pub seed: u64,
    #[command(flatten)]
    pub set: SetArgs,
    /// The first day, a date and time such as 2026-02-02T06:00, or an instant such as 2026-02-02T06:00:00Z
    #[arg(
        long,
        default_value = "2026-02-02",
        value_name = "DATE",
        conflicts_with = "from"
    )]
    pub start: String,
    /// Begins so long ago, such as -30d: what has happened since then is there at once, and it goes on from now
    #[arg(long, value_name = "-SPAN", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Size of the population and of the traffic: 0.01 is a hundredth of the model's
    #[arg(long, default_value = "1", value_parser = scale, allow_negative_numbers = true)]
    pub scale: f64,
    /// Virtual seconds in each second, up to 100000; `max` for as fast as possible, `stepped` for steps from outside
    #[arg(long, default_value = "1", value_parser = Speed::parse)]
    pub speed: Speed,
    /// Stands still until it is told to go
    #[arg(long)]
    pub paused: bool,
    /// Where to listen; other machines reach it only with tokens
    #[arg(long, default_value = "127.0.0.1:7777", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
    /// The folder of the session; out/live-MODEL-SEED by default. One that is there is gone on with
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// A journal of commands that lie ahead, for a new session
    #[arg(long, value_name = "FILE")]
    pub journal: Option<PathBuf>,
    /// A finished run or a baseline to score hours against; without one, what the session would be without interventions
    #[arg(long, value_name = "DIR")]
    pub baseline: Option<PathBuf>,
    /// A folder of scenarios in place of the model's own folder `scenarios`
    #[arg(long, value_name = "DIR")]
    pub scenarios: Option<PathBuf>,
    /// Leaves out the external events that come by themselves
    #[arg(long)]
    pub no_timeline: bool,
    /// A name besides localhost by which the server may be called. Repeatable
    #[arg(long, value_name = "NAME")]
    pub host_name: Vec<String>,
    /// An origin besides its own whose pages may steer and use WebSocket, such as `https://board.example`. Repeatable
    #[arg(long, value_name = "ORIGIN")]
    pub allow_origin: Vec<String>,
    /// Connections at once, at most
    #[arg(long, default_value = "12000", value_name = "N")]
    pub connections: usize,
    /// Requests that an address may make in a second, twice as many at once; 0 for as many as it likes
    #[arg(long, default_value = "1000", value_name = "N", value_parser = rate)]
    pub limit_requests: f64,
    /// Those of them that steer
    #[arg(long, default_value = "200", value_name = "N", value_parser = rate)]
    pub limit_commands: f64,
    /// Messages that a client may send on a WebSocket in a second
    #[arg(long, default_value = "20", value_name = "N", value_parser = rate)]
    pub limit_messages: f64,
    /// How the lines are written that say what the server does
    #[arg(long, default_value = "text", value_name = "FORMAT")]
    pub log: LogFormat,
    /// What they say: this, and what is worse
    #[arg(long, default_value = "info", value_name = "LEVEL")]
    pub log_level: LogLevel,
    /// A collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`: it gets spans of requests, commands and windows
    #[cfg(feature = "otlp")]
    #[arg(long, value_name = "URL")]
    pub otlp: Option<String>,
    /// No progress, and nothing said but what is refused and what fails
    #[arg(long, short)]
    pub quiet: bool,
}

/// So many in a second.
fn rate(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok();
    let number = number.filter(|number| (0.0..=1e9).contains(number));
    number.ok_or_else(|| "give a number from 0 to 1e9; 0 is no limit".to_owned())
}

#[derive(Debug, Args)]
pub struct WatchArgs {
    /// Where the server is, such as `http://127.0.0.1:7777`
    pub url: String,
    /// Topics with commas between them: *, customer.*, cadence:high, a stream, anomalies, state, twin:diff, versions
    #[arg(long, default_value = "*", value_delimiter = ',')]
    pub topics: Vec<String>,
    /// A position such as 0123456789ab:42: everything after it comes
    #[arg(long, value_name = "EPOCH:SEQ", conflicts_with = "last")]
    pub after: Option<String>,
    /// So many of the last events of each stream first
    #[arg(long, value_name = "N")]
    pub last: Option<u32>,
    /// Ends after so many events
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
    /// Ends after so many seconds
    #[arg(long, value_name = "S")]
    pub seconds: Option<f64>,
    /// Compares what came with what the session's journal gives, and exits with 1 if anything differs, lacks or came twice
    #[arg(long)]
    pub check: bool,
    /// Prints messages as they come, a line of JSON each
    #[arg(long)]
    pub raw: bool,
}

#[derive(Debug, Args)]
pub struct SteerArgs {
    /// Where the server is, such as `http://127.0.0.1:7777`
    pub url: String,
    #[command(subcommand)]
    pub deed: Deed,
    /// Prints the answer as it comes, in JSON
    #[arg(long, global = true)]
    pub raw: bool,
}

/// What is done.
#[derive(Debug, Subcommand)]
pub enum Deed {
    /// Starts a scenario
    Scenario {
        /// Its id
        id: String,
        /// How long, such as 4h; as long as it says itself by default
        #[arg(long)]
        duration: Option<String>,
        /// When, if not now; at a time that is past it makes a version of that
        #[arg(long)]
        at: Option<String>,
    },
    /// Lets the scenario that is active settle, or something else that acts
    Stop {
        /// What, by the name that `state` shows, such as `blog-viral@2026-02-02T10:00:00Z`; the scenario by default
        intervention: Option<String>,
    },
    /// Goes back to the baseline
    Reset,
    /// Lets an external event happen
    Inject {
        /// The template's id
        template: String,
        /// Another title than the template's
        #[arg(long)]
        title: Option<String>,
        /// When, if not now; at a time that is past it makes a version of that
        #[arg(long)]
        at: Option<String>,
        /// Without the template's impact: a red herring
        #[arg(long)]
        red_herring: bool,
    },
    /// Adds a scenario of one's own, from its file
    Define {
        /// The file
        file: PathBuf,
    },
    /// Shows the versions of what is past: a scenario or an event at a time that is past makes one
    Versions,
    /// Gives a version up
    Drop {
        /// Its name
        name: String,
    },
    /// Sets the clock, or shows it
    Clock {
        /// Virtual seconds in each second, max, or stepped
        #[arg(long)]
        speed: Option<String>,
        /// Stands still
        #[arg(long, conflicts_with = "resume")]
        pause: bool,
        /// Goes on
        #[arg(long)]
        resume: bool,
        /// Goes on so far, such as 1h
        #[arg(long)]
        step: Option<String>,
    },
    /// Shows how the session stands
    State,
}
