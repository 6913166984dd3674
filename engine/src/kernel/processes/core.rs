//! What the processes of one partition share: their pending events, and the mail that leaves them.
//! It knows nothing of the processes themselves, so that a handler can be given both.

use super::ProcessId;
use super::event::{EventId, Pending, Priority, Ties};
use super::mail::Mail;
use super::series::AllSeries;
use crate::base::draw::Key;
use crate::base::queue::{FutureEvents, Handle};
use crate::base::time::{Span, Time};
use std::ops::Range;

/// What is the same for all partitions.
#[derive(Clone, Copy)]
pub(super) struct Shared {
    pub(super) seed: u64,
    /// Above the keys of all processes.
    pub(super) key: Key,
    pub(super) ties: Ties,
    pub(super) lookahead: Option<Span>,
    pub(super) processes: u32,
    /// Processes in a partition; the last one may have fewer.
    pub(super) block: u32,
}

impl Shared {
    #[inline]
    pub(super) const fn partition_of(&self, process: ProcessId) -> u32 {
        process.0 / self.block
    }

    /// Into how many partitions the processes are cut.
    pub(super) fn partitions(&self) -> u32 {
        self.processes.div_ceil(self.block).max(1)
    }

    /// The processes of a partition, by their ids.
    pub(super) fn members_of(&self, partition: u32) -> Range<u32> {
        let first = partition * self.block;
        first..self.processes.min(first + self.block)
    }
}

/// What a handler did that it must not do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    Lookahead { to: ProcessId, delay: Span },
    Past { due: Time },
    Period { period: Span },
    NoSuchProcess { to: ProcessId },
}

/// Where and when it did so. Faults are ordered by that, so that the first one of a run is the same on every machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) time: Time,
    pub(super) from: ProcessId,
    /// How many events the process had scheduled before.
    pub(super) count: u64,
    pub(super) wrong: Wrong,
}

impl Fault {
    pub(super) fn place(&self) -> (Time, ProcessId, u64) {
        (self.time, self.from, self.count)
    }
}

pub(super) struct Core<M> {
    pub(super) shared: Shared,
    /// Which partition this is.
    pub(super) number: u32,
    pub(super) queue: FutureEvents<Pending<M>>,
    pub(super) series: AllSeries<M>,
    pub(super) mail: Mail<M>,
    /// The time of the first event that is pending or on its way from here, as of the last pause; `i64::MAX`
    /// without any. It is noted by the thread that plays the partition, since finding it may mean to sort.
    pub(super) next_us: i64,
    /// Events played.
    pub(super) played: u64,
    /// The time of the last of them.
    pub(super) last: Time,
    pub(super) stop: bool,
    pub(super) fault: Option<Fault>,
}

impl<M> Core<M> {
    /// Adds an event to those of this partition.
    #[inline]
    pub(super) fn push(
        &mut self,
        time: Time,
        priority: Priority,
        id: EventId,
        event: Pending<M>,
    ) -> Handle {
        self.queue
            .push(self.shared.ties.order(time, priority, id), event)
    }

    /// Notes the time of the next event.
    pub(super) fn note_next(&mut self) {
        let first = self.queue.peek().map_or(i64::MAX, |order| order.time_us);
        self.next_us = first.min(self.mail.earliest_us());
    }

    /// Keeps the first fault.
    #[cold]
    pub(super) fn fail(&mut self, fault: Fault) {
        match &self.fault {
            Some(first) if first.place() <= fault.place() => {}
            _ => self.fault = Some(fault),
        }
    }

    /// Whether something has happened after which a simulation without windows pauses.
    #[inline]
    pub(super) const fn is_halted(&self) -> bool {
        self.stop || self.fault.is_some()
    }
}
