//! What an event is called, where it stands among those of the same time, and what is pending of it.

use super::ProcessId;
use crate::base::draw::mix;
use crate::base::queue::Order;
use crate::base::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// So many bits of an event's id name its sender: up to 16,777,215 processes, and the outside.
pub(super) const SENDER_BITS: u32 = 24;
/// The others count what the sender has scheduled.
const COUNT_BITS: u32 = 64 - SENDER_BITS;

/// The identity of an event: who scheduled it, and how many events that process had scheduled before.
///
/// Of every process the first event, with the count 0, is its own [start](super::Process::start).
/// It follows from the model alone, so threads and partitions cannot show in it. A rescheduled event, and each
/// occurrence of a periodic one, has an id of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId(u64);

impl EventId {
    /// The event that `sender` schedules after `count` others.
    ///
    /// # Panics
    /// When a process has scheduled 2^40 events, a million million.
    #[inline]
    pub(super) fn new(sender: ProcessId, count: u64) -> Self {
        assert!(
            count >> COUNT_BITS == 0,
            "a process schedules fewer than 2^40 events"
        );
        Self(u64::from(sender.0) << COUNT_BITS | count)
    }

    /// Who scheduled it.
    pub const fn sender(self) -> ProcessId {
        ProcessId((self.0 >> COUNT_BITS) as u32)
    }

    /// How many events its sender had scheduled before.
    pub const fn count(self) -> u64 {
        self.0 & ((1 << COUNT_BITS) - 1)
    }

    /// All 64 bits.
    pub const fn bits(self) -> u64 {
        self.0
    }
}

impl fmt::Display for EventId {
    /// Sender and count, such as `17.3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.sender(), self.count())
    }
}

/// Which of the events of one time comes first: the one with the lower priority value. 0 unless something else is said.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Priority(pub i32);

/// How ties of time and priority are broken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ties {
    /// Set when ties are shuffled.
    mask: Option<u64>,
}

impl Ties {
    pub(super) fn shuffled(seed: u64) -> Self {
        let mask = Some(mix(seed));
        Self { mask }
    }

    /// Where an event stands in the total order.
    #[inline]
    pub(super) fn order(self, time: Time, priority: Priority, id: EventId) -> Order {
        Order {
            time_us: time.0,
            // Flipping the sign bit makes the order of unsigned numbers that of signed ones.
            rank: priority.0 as u32 ^ 1 << 31,
            key: match self.mask {
                None => id.0,
                // A bijection, so that two events never get one key.
                Some(mask) => mix(id.0 ^ mask),
            },
        }
    }

    /// The event that stands at a place of the total order.
    #[inline]
    pub(super) fn id(self, order: Order) -> EventId {
        match self.mask {
            None => EventId(order.key),
            Some(mask) => EventId(crate::base::draw::unmix(order.key) ^ mask),
        }
    }
}

/// What is pending.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Pending<M> {
    /// A message.
    Once { to: ProcessId, message: M },
    /// The next occurrence of what is scheduled periodically.
    Again { to: ProcessId, series: u32 },
}

impl<M> Pending<M> {
    pub(super) const fn to(&self) -> ProcessId {
        match self {
            Self::Once { to, .. } | Self::Again { to, .. } => *to,
        }
    }
}
