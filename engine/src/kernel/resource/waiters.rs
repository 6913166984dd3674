//! Those who wait at a store or a container, on one side of it.

use super::line::{Line, Rank};
use super::slab::Slab;
use crate::base::queue::Handle;
use crate::base::time::{Span, Time};
use crate::kernel::monitor::{SpanTally, TimeWeighted};
use crate::kernel::processes::Agenda;
use serde::{Deserialize, Serialize};

/// Whether something is taken or brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    /// It is taken.
    Get,
    /// It is brought.
    Put,
}

/// Identifies a request that waits at a store or a container; once it is over it means nothing, and never another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ticket {
    pub(super) side: Direction,
    pub(super) slot: u32,
    pub(super) number: u64,
}

/// What a store or a container schedules for itself. A process wraps it into its own message and hands it back to `handle`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A request that waited has been granted, and that is to be told.
    Granted(Ticket),
    /// A patience is over.
    Renege(Ticket),
}

/// What comes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// It is granted at once, with this.
    Now(T),
    /// It waits; a notice will tell.
    Later(Ticket),
}

/// The monitors of one side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DirectionMonitors {
    /// How many wait.
    pub queue: TimeWeighted,
    /// How long those waited who were granted; those who did not wait count with zero.
    pub waited: SpanTally,
    /// How many lost patience.
    pub reneged: u64,
    /// How many were taken back.
    pub withdrawn: u64,
}

impl DirectionMonitors {
    pub(super) fn new(began: Time) -> DirectionMonitors {
        DirectionMonitors {
            queue: TimeWeighted::new(began, 0),
            waited: SpanTally::default(),
            reneged: 0,
            withdrawn: 0,
        }
    }

    pub(super) fn reset(&mut self, now: Time) {
        let waiting = self.queue.level();
        *self = DirectionMonitors::new(now);
        self.queue = TimeWeighted::new(now, waiting);
    }
}

/// One who waits, and what for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiter<C, W> {
    pub(super) who: C,
    pub(super) want: W,
    pub(super) since: Time,
    /// From the grant until it is told.
    is_granted: bool,
    patience: Option<Handle>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Waiters<C, W> {
    side: Direction,
    all: Slab<Waiter<C, W>>,
    /// Those not granted yet, in the order in which they came.
    line: Line,
    pub(super) monitors: DirectionMonitors,
}

impl<C, W> Waiters<C, W> {
    pub(super) fn new(side: Direction) -> Waiters<C, W> {
        Waiters {
            side,
            all: Slab::new(),
            line: Line::list(),
            monitors: DirectionMonitors::new(Time(0)),
        }
    }

    pub(super) fn waiting(&self) -> usize {
        self.line.len()
    }

    /// Who has waited longest, and what for.
    pub(super) fn first(&self) -> Option<(u32, &W)> {
        let slot = self.line.first()?;
        Some((slot, &self.all.at(slot).1.want))
    }

    /// Those who wait, by their places, the longest first.
    pub(super) fn in_order(&self) -> Vec<u32> {
        self.line.in_order()
    }

    pub(super) fn want(&self, slot: u32) -> &W {
        &self.all.at(slot).1.want
    }

    pub(super) fn want_mut(&mut self, slot: u32) -> &mut W {
        &mut self.all.at_mut(slot).1.want
    }

    pub(super) fn wait(
        &mut self,
        who: C,
        want: W,
        patience: Option<Span>,
        agenda: &mut impl Agenda<Event>,
    ) -> Ticket {
        let since = agenda.now();
        let (slot, number) = self.all.insert(Waiter {
            who,
            want,
            since,
            is_granted: false,
            patience: None,
        });
        let ticket = Ticket {
            side: self.side,
            slot,
            number,
        };
        if let Some(patience) = patience {
            let end = since + patience.max(Span(0));
            let handle = agenda.schedule_at(end, Event::Renege(ticket));
            self.all.at_mut(slot).1.patience = Some(handle);
        }
        let priority = 0;
        self.line.push_back(slot, Rank { priority, number });
        self.monitors.queue.add(since, 1);
        ticket
    }

    /// One who waits has what it wants. It is told by an event of its own, at the same time.
    pub(super) fn grant(&mut self, slot: u32, agenda: &mut impl Agenda<Event>) {
        let now = agenda.now();
        self.line.remove(slot);
        self.monitors.queue.add(now, -1);
        let (number, waiter) = self.all.at_mut(slot);
        self.monitors.waited.record(now - waiter.since);
        waiter.is_granted = true;
        if let Some(patience) = waiter.patience.take() {
            agenda.cancel(patience);
        }
        let side = self.side;
        agenda.schedule_at(now, Event::Granted(Ticket { side, slot, number }));
    }

    /// Takes out one whose grant is being told.
    pub(super) fn told(&mut self, ticket: Ticket) -> Option<Waiter<C, W>> {
        let waiter = self.all.get(ticket.slot, ticket.number)?;
        waiter.is_granted.then(|| self.all.remove(ticket.slot).1)
    }

    /// Takes out one that waits and has lost patience.
    pub(super) fn renege(&mut self, ticket: Ticket, now: Time) -> Option<Waiter<C, W>> {
        let waiter = self.leave(ticket, now)?;
        self.monitors.reneged += 1;
        Some(waiter)
    }

    /// Takes out one that waits; none when it has been granted or has left.
    pub(super) fn withdraw(
        &mut self,
        ticket: Ticket,
        agenda: &mut impl Agenda<Event>,
    ) -> Option<Waiter<C, W>> {
        let waiter = self.leave(ticket, agenda.now())?;
        if let Some(patience) = waiter.patience {
            agenda.cancel(patience);
        }
        self.monitors.withdrawn += 1;
        Some(waiter)
    }

    fn leave(&mut self, ticket: Ticket, now: Time) -> Option<Waiter<C, W>> {
        let waiter = self.all.get(ticket.slot, ticket.number)?;
        if waiter.is_granted {
            return None;
        }
        self.line.remove(ticket.slot);
        self.monitors.queue.add(now, -1);
        Some(self.all.remove(ticket.slot).1)
    }
}
