//! What a station is asked to do, and what it tells about it.

use crate::base::queue::Handle;
use crate::base::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// A request: an item, such as a customer, and how it wants to be served.
#[derive(Clone, Debug, PartialEq)]
pub struct Job<C> {
    pub(super) item: C,
    pub(super) demand: Option<Span>,
    pub(super) priority: i32,
    pub(super) patience: Option<Span>,
}

impl<C> Job<C> {
    /// A job whose service takes so long; a negative service counts as none.
    ///
    /// The service is given with the request, not when it begins, so that it can be drawn from the customer's own key.
    pub fn taking(item: C, service: Span) -> Job<C> {
        Job {
            item,
            demand: Some(service.max(Span(0))),
            priority: 0,
            patience: None,
        }
    }

    /// A job that keeps its server until it is [released](super::Station::release).
    pub fn held(item: C) -> Job<C> {
        Job {
            item,
            demand: None,
            priority: 0,
            patience: None,
        }
    }

    /// The lower the number, the sooner it is served, where the station's discipline looks at priorities. It is 0 unless given.
    pub fn priority(mut self, priority: i32) -> Job<C> {
        self.priority = priority;
        self
    }

    /// After waiting so long without having been served at all, it leaves. Unless given, it waits for ever.
    pub fn patience(mut self, patience: Span) -> Job<C> {
        self.patience = Some(patience.max(Span(0)));
        self
    }
}

/// Identifies one job of the station that gave it; once the job has left it means nothing, and never another job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ticket {
    pub(super) number: u64,
    pub(super) slot: u32,
}

impl Ticket {
    /// How many jobs the station had let in before this one.
    pub fn number(self) -> u64 {
        self.number
    }
}

/// What a station schedules for itself. A process wraps it into its own message and hands it back to
/// [`Station::handle`](super::Station::handle).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A service is over.
    Finish {
        /// Where the job is.
        slot: u32,
        /// Which job it is.
        number: u64,
    },
    /// A patience is over.
    Renege {
        /// Where the job is.
        slot: u32,
        /// Which job it is.
        number: u64,
    },
    /// A service has begun, and that is to be told.
    Start {
        /// Where the job is.
        slot: u32,
        /// Which job it is.
        number: u64,
    },
    /// A service has been broken off, and that is to be told.
    Preempt {
        /// Where the job is.
        slot: u32,
        /// Which job it is.
        number: u64,
    },
    /// The timetable changes the capacity.
    Shift,
}

/// What has happened at a station.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice<C> {
    /// A service has begun, now; only [announcing](super::Station::announcing) stations tell. The item is still
    /// [there](super::Station::item).
    Started {
        /// Which job.
        ticket: Ticket,
        /// Who serves it.
        server: u32,
        /// How long it has waited so far.
        waited: Span,
    },
    /// A service has been broken off, now, and the job waits again; only [announcing](super::Station::announcing) stations tell.
    Preempted {
        /// Which job.
        ticket: Ticket,
        /// What is left of its service; none for a job held until it is released.
        rest: Option<Span>,
    },
    /// A job is done and has left.
    Finished(Visit<C>),
    /// A job has waited as long as its patience was, and has left.
    Reneged(Visit<C>),
}

/// A visit to a station that is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit<C> {
    /// What was served, or was to be.
    pub item: C,
    /// The ticket it had.
    pub ticket: Ticket,
    /// The priority it had.
    pub priority: i32,
    /// When it came.
    pub arrived: Time,
    /// When its service began for the first time; none if it never did.
    pub started: Option<Time>,
    /// When it left.
    pub left: Time,
    /// How long it waited in all, before its service and between its pieces.
    pub waited: Span,
    /// How long it was served in all, also in vain.
    pub served: Span,
    /// Who served it at the end; none if it left from the queue.
    pub server: Option<u32>,
    /// How often its service was broken off.
    pub preemptions: u32,
}

impl<C> Visit<C> {
    /// How long it was at the station: waited and served.
    pub fn in_system(&self) -> Span {
        self.left - self.arrived
    }
}

/// A job at the station.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Stay<C> {
    pub(super) item: C,
    pub(super) demand: Option<Span>,
    /// Of the demand.
    pub(super) rest: Span,
    pub(super) priority: i32,
    pub(super) preemptions: u32,
    pub(super) arrived: Time,
    /// When it began to wait, or to be served, as it does now.
    pub(super) since: Time,
    pub(super) started: Option<Time>,
    /// Before `since`.
    pub(super) waited: Span,
    /// Before `since`.
    pub(super) served: Span,
    /// Who serves it, if it is served.
    pub(super) server: Option<u32>,
    /// The end of its patience while it waits, or of its service while it is served.
    pub(super) pending: Option<Handle>,
}
