//! Playing a program from its beginning to its end, and what comes of it.

use std::ops::ControlFlow;

use crate::attribution::Effects;
use crate::cell::Cell;
use crate::fingerprint::Fingerprint;
use crate::kept::Kept;
use crate::program::Program;
use crate::series::Series;
use crate::simulation::Simulation;
use crate::table::{Sink, SinkError};
use crate::time::Time;
use crate::world::{Settings, World};

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Virtual time of the last barrier.
    pub time: Time,
    /// Rows handed to the sink (or digested, without one).
    pub rows: u64,
}

/// Why a run ended before its time.
#[derive(Debug)]
pub enum RunError {
    /// The caller's `watch` asked for it.
    Interrupted,
    /// The sink could not store the rows.
    Sink(SinkError),
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RunError::Interrupted => f.write_str("the run was interrupted"),
            RunError::Sink(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}

/// What a stream came to.
#[derive(Clone, Debug)]
pub struct StreamResult {
    /// The stream's name.
    pub name: String,
    /// Number of rows.
    pub rows: u64,
    /// Digest over them.
    pub fingerprint: Fingerprint,
    /// What interventions did to it; empty without any.
    pub effects: Effects,
    /// How many events there were, and what their values come to, by hour and on each side.
    pub series: Series,
}

/// What a run came to.
pub struct RunResult {
    /// What was fixed for the run.
    pub world: World,
    /// The processes as they are at the end.
    pub cells: Vec<Cell>,
    /// The written streams.
    pub streams: Vec<StreamResult>,
    /// Digest over all of them.
    pub fingerprint: Fingerprint,
    /// Events that took place, with those of the warm-up and those not written.
    pub played: u64,
    /// Pairs of rows at the same place of the total order; 0, or the order is not total.
    pub ties: u64,
    /// Reservations of slots that were not free, with those of the warm-up; they have been refused. 0, or
    /// the model reserves without asking whether it can.
    pub refused: u64,
    /// What is written and had to be kept within bounds.
    pub kept: Vec<Kept>,
}

/// Plays a program on the threads of the current rayon pool.
///
/// `watch` is called at barriers; when it breaks, the run ends with [`RunError::Interrupted`].
///
/// # Errors
/// When interrupted, and when the sink cannot store rows.
pub fn run(
    program: Program,
    settings: &Settings,
    sink: Option<&mut dyn Sink>,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<RunResult, RunError> {
    let mut simulation = Simulation::new(program, settings);
    simulation.play(settings.end, sink, watch)?;
    Ok(simulation.finish())
}
