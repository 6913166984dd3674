//! How far a run has come, why it ended early, and what came of it.

use crate::base::fingerprint::Fingerprint;
use crate::base::table::SinkError;
use crate::base::time::Time;
use crate::streams::attribution::{Impact, PartedRow};
use crate::streams::cell::LogicalProcess;
use crate::streams::kept::Kept;
use crate::streams::program::Program;
use crate::streams::series::Series;
use crate::streams::world::World;

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
    /// A ring of causes grows without end, and would take all memory.
    Growing(Growing),
    /// An exact number does not fit.
    TooLarge(Box<TooLarge>),
    /// The sink could not store the rows.
    Sink(SinkError),
}

/// An exact number that does not fit, the first of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// What it is, as scenarios address it if they do.
    pub what: String,
    /// The event, or else the entity, in whose values it stands.
    pub id: u64,
    /// Whether it is an event.
    pub of_event: bool,
    /// When that took place.
    pub time: Time,
}

impl TooLarge {
    pub(super) fn of(kept: &Kept, program: &Program) -> Box<TooLarge> {
        let (time, id) = kept.counted.first;
        Box::new(TooLarge {
            what: kept.described(program).0,
            id,
            of_event: kept.is_of_event(),
            time,
        })
    }
}

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let TooLarge { what, id, time, .. } = self;
        let of = if self.of_event { "event" } else { "entity" };
        write!(
            f,
            "{what} of the {of} {id} at {time} is an exact number with more digits than there is room for"
        )
    }
}

/// A ring of causes that grows without end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Growing {
    /// Its streams, each of which causes the next and the last the first; the first is the one that grew too large.
    pub ring: Vec<String>,
    /// How many events of rings there were on one process.
    pub events: u64,
    /// Whether they waited for their time, or had come to be within one window.
    pub waiting: bool,
    /// The end of the window in which that was.
    pub before: Time,
}

impl std::fmt::Display for Growing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Growing {
            ring,
            events,
            before,
            ..
        } = self;
        let first = ring.first().map_or("", String::as_str);
        let how = match self.waiting {
            true => "wait in one cell",
            false => "came to be in one cell within one window",
        };
        write!(
            f,
            "{first} grows without end: before {before} {events} events of its ring of causes {how} ({} -> {first})",
            ring.join(" -> ")
        )
    }
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RunError::Interrupted => f.write_str("the run was interrupted"),
            RunError::Growing(growing) => growing.fmt(f),
            RunError::TooLarge(number) => number.fmt(f),
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
    pub impact: Impact,
    /// How many events there were, and what their values come to, by hour and on each side.
    pub series: Series,
    /// Versions of events that are not the same on all sides, by event, if [they are kept](super::Player::keep_parted).
    pub parted: Vec<PartedRow>,
}

/// What a run came to.
pub struct RunResult {
    /// What was fixed for the run.
    pub world: World,
    /// The processes as they are at the end.
    pub cells: Vec<LogicalProcess>,
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
