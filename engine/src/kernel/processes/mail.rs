//! The mail between partitions: what one has for another, kept until the window ends and then handed over whole.

use super::ProcessId;
use super::event::Pending;
use crate::base::queue::Order;
use serde::{Deserialize, Serialize};

/// Messages for the processes of one partition.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Letters<M> {
    /// The time of the first of them; `i64::MAX` without any.
    earliest_us: i64,
    letters: Vec<(Order, Pending<M>)>,
}

impl<M> Letters<M> {
    pub(super) const fn new() -> Self {
        Self {
            earliest_us: i64::MAX,
            letters: Vec::new(),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, order: Order, event: Pending<M>) {
        self.earliest_us = self.earliest_us.min(order.time_us);
        self.letters.push((order, event));
    }

    /// Takes the letters out and keeps their memory.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (Order, Pending<M>)> {
        self.earliest_us = i64::MAX;
        self.letters.drain(..)
    }

    pub(super) const fn len(&self) -> usize {
        self.letters.len()
    }

    /// For whom the letters are.
    pub(super) fn receivers(&self) -> impl Iterator<Item = ProcessId> {
        self.letters.iter().map(|(_, event)| event.to())
    }
}

/// What a partition sends and what it has been sent, in letters for and from each partition.
pub(super) struct Mail<M> {
    pub(super) to: Vec<Letters<M>>,
    pub(super) from: Vec<Letters<M>>,
}

impl<M> Mail<M> {
    pub(super) fn new(partitions: u32) -> Self {
        let letters = || (0..partitions).map(|_| Letters::new()).collect();
        Self {
            to: letters(),
            from: letters(),
        }
    }

    /// The time of the first message that is on its way from here; `i64::MAX` without any.
    pub(super) fn earliest_us(&self) -> i64 {
        let all = self.to.iter().map(|letters| letters.earliest_us);
        all.min().unwrap_or(i64::MAX)
    }

    /// How many messages are on their way from here.
    pub(super) fn len(&self) -> usize {
        self.to.iter().map(Letters::len).sum()
    }
}
