//! What a server says while it serves, on stderr: for people or for programs.

use std::io;

use clap::ValueEnum;
use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Registry, fmt};

/// What hears of spans.
pub type Spans = Box<dyn Layer<Registry> + Send + Sync>;

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Words
    Text,
    /// A JSON object each
    Json,
}

/// What is said: this, and what is worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum LogLevel {
    /// What cannot go on
    Error,
    /// What is refused
    Warn,
    /// Commands and what is done
    Info,
    /// Requests, connections and windows
    Debug,
}

/// Says it from now on, and lets others hear of spans. Times are those of the wall, and for display alone.
pub fn begin(format: LogFormat, level: LogLevel, spans: Option<Spans>) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
    };
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false);
    let lines = match format {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let lines = lines.with_filter(filter_fn(|about| about.is_event()).and(level));
    // There is no other one in this process.
    let _ = tracing_subscriber::registry()
        .with(spans)
        .with(lines)
        .try_init();
}
