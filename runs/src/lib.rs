//! Runs as a library: what is asked for, playing it into a folder, going on with it, and reading and checking what came out.
//!
//! A front (a command, a server, a program in another language) makes a [`RunSpec`], which is a plain value, and hands over
//! a [`Control`] to hear how far it is and to cancel it. Nothing here reads arguments, prints, listens for signals, looks
//! at the clock or ends the process; an [`Error`] says of what kind it is, where, and whether the run can be gone on with.
//!
//! - [`Job`]: a run as it was asked for, played into a folder with all its files, with snapshots to go on from ([`Left`]);
//!   [`Outcome`] is what it came to.
//! - [`Run`]: a checked model with settings, interventions and the bent program, from a [`RunSpec`] or from the manifest of
//!   a finished run.
//! - [`Session`]: a run under way, step by step into a sink of one's own.
//! - [`live::Live`]: a session without a last day, which is steered while it is played and whose journal gives it again.
//! - [`Finished`]: what a finished run has left, table by table.
//! - [`expect`]: what a model expects of its rows, tested over several seeds.
//! - [`diff`], [`verify`], [`replay`], [`regenerate`], [`baseline`], [`pilot`], [`report`]: what can be done with runs. What
//!   they come to are plain values, which have JSON Schemas ([`schema`]).

// What only a front may do.
#![deny(clippy::print_stdout, clippy::print_stderr, clippy::exit)]

mod control;
mod error;
mod expected;
mod history;
mod interventions;
mod job;
mod model;
pub mod numbers;
mod opening;
mod reference;
mod run;
mod session;
mod settings;
mod snapshots;
mod spec;
mod statistics_json;
mod streams;
mod tables;

pub mod about;
pub mod baseline;
pub mod diff;
pub mod expect;
pub mod finished;
pub mod live;
pub mod pilot;
pub mod regenerate;
pub mod replay;
pub mod report;
pub mod schema;
pub mod text_table;
pub mod verify;
pub mod versions;
pub mod words;

use rayon::{ThreadPool, ThreadPoolBuilder};

pub use control::{Control, Part, Phase, Remark, Watch};
pub use error::{Advice, Error, Kind, Place, Result};
pub use finished::Finished;
pub use interventions::{Interventions, Scheduled, gathered, holds_events, library, read};
pub use job::{
    Attributed, Difference, Estimate, First, Job, KeptValues, Left, Outcome, Planned, Rows, Share,
    State, StreamDifference, StreamEstimate, StreamOutcome, Took, Written, uneven,
};
pub use model::{default_out, digest, digest_of, file_name, load, load_with};
pub use reference::Reference;
pub use run::{Run, Sources, folder_of};
pub use session::Session;
pub use settings::matches;
pub use spec::{
    Counterfactual, MAX_DAYS, Range, RunSpec, SCALES, SPEC_VERSION, days_fit, spec_schema,
};

/// So many threads to play on, or one for each core.
///
/// # Errors
/// When the system gives none.
pub fn pool(threads: Option<usize>) -> Result<ThreadPool> {
    let builder = ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0));
    builder
        .build()
        .map_err(|error| Error::machine(format!("cannot start the threads: {error}")))
}
