//! The future-event list: pending events, handed out in their total [`Order`].
//! A push and a pop cost O(1) amortised, however many events are pending and however they are spread over time;
//! only events that share one time cost O(log n). It adapts itself to what it holds, and what it hands out
//! depends on nothing but what was pushed.
//!
//! ```
//! use causeflow_engine::base::queue::{FutureEvents, Order};
//!
//! let at = |time_us| Order { time_us, rank: 0, key: 7 };
//! let mut queue = FutureEvents::new();
//! queue.push(at(30), "ship");
//! let reminder = queue.push(at(20), "remind");
//! queue.push(at(10), "pay");
//!
//! assert_eq!(queue.pop(), Some((at(10), "pay")));
//! assert_eq!(queue.cancel(reminder), Some("remind"));
//! assert_eq!(queue.pop_before(30), None);
//! assert_eq!(queue.pop(), Some((at(30), "ship")));
//! ```
//!
//! # How it works
//! It is a ladder queue (Tang, Goh, Thng: "Ladder queue: an O(1) priority queue structure for large-scale discrete event
//! simulation", ACM TOMACS 15(3), 2005). Time ahead is cut into buckets, to which a push only appends. When the clock
//! enters a bucket that holds a few entries they are sorted; one that holds many is cut into a rung of finer buckets first.
//! Unlike the paper's, a rung's last bucket is open to the far future, which makes the list of far events
//! a bucket like any other; a rung is cut by the mean of what it holds, so that outliers do not coarsen it;
//! and events that come into the time being played go to a heap when they cannot be sorted in cheaply, so that
//! a flood of events at one time costs O(log n) each rather than O(n). While only a few dozen events are pending, they are kept
//! sorted without a ladder.

mod arena;
mod image;
mod ladder;
mod near;
mod rung;
mod slots;

use arena::{Arena, Bucket};
pub use image::Image;
use near::{Near, Taken};
use rung::Rung;
use serde::{Deserialize, Serialize};
use slots::Slots;
use std::cmp::Ordering;

/// The total order of events, written down here only: time, then rank, then key.
///
/// What rank and key are, is for the model to say. In a stream program the rank counts the causes before an event in its
/// chain, so that a child never precedes its parent, also at zero delay. In a model of
/// [processes](crate::kernel::processes) the rank is the priority, and the key names the sender and its own count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Order {
    /// When the event is due, in microseconds since the Unix epoch, UTC.
    pub time_us: i64,
    /// Among events of one time, the lower rank comes first.
    pub rank: u32,
    /// The event's own key, which no other should have.
    pub key: u64,
}

/// Identifies one pending event of the queue that gave it.
///
/// Once the event has been popped, cancelled or rescheduled the handle is stale: it never comes to mean another event.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Handle {
    slot: u32,
    stamp: u64,
}

impl Handle {
    /// A handle that has always been stale.
    pub const STALE: Self = Self {
        slot: u32::MAX,
        stamp: u64::MAX,
    };
}

/// What is sorted in place of the event: its order, and where its payload is. Half a cache line.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Entry {
    time_us: i64,
    key: u64,
    /// Stamps grow with every push, so they also tell which of two equal orders came first.
    stamp: u64,
    rank: u32,
    slot: u32,
}

impl Entry {
    /// Stands in chunks where no entry has been written yet.
    const FILLER: Self = Self {
        time_us: 0,
        key: 0,
        stamp: 0,
        rank: 0,
        slot: 0,
    };

    const fn order(&self) -> Order {
        Order {
            time_us: self.time_us,
            rank: self.rank,
            key: self.key,
        }
    }

    const fn handle(&self) -> Handle {
        Handle {
            slot: self.slot,
            stamp: self.stamp,
        }
    }
}

impl Ord for Entry {
    #[inline(always)]
    fn cmp(&self, other: &Self) -> Ordering {
        // Most entries differ in their time, and sorting asks for little else.
        if self.time_us != other.time_us {
            return self.time_us.cmp(&other.time_us);
        }
        let key = |entry: &Self| (entry.rank, entry.key, entry.stamp);
        key(self).cmp(&key(other))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The future-event list. See the [module](self) for what it promises and how it works.
///
/// - Events may be pushed at any time, also before the one popped last; they pop as soon as their order says.
/// - Events that tie on the whole [`Order`] pop in the order in which they were pushed.
/// - Memory is reused but not given back before the queue is dropped: it follows the most that was ever pending.
pub struct FutureEvents<T> {
    slots: Slots<T>,
    near: Near,
    /// From the coarsest, which reaches into the far future, down to the finest. Each lies
    /// before the bucket that the one above it enters next, and all of `near` before that of the last. There are none while
    /// everything is in `near`.
    rungs: Vec<Rung>,
    arena: Arena,
    /// The memory of rungs that have been used up.
    spare: Vec<Vec<Bucket>>,
    /// Entries whose event has been cancelled or rescheduled, and which have not been met yet.
    stale: usize,
}

impl<T> Default for FutureEvents<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> FutureEvents<T> {
    /// An empty queue. O(1).
    pub fn new() -> Self {
        Self {
            slots: Slots::new(),
            near: Near::new(),
            rungs: Vec::new(),
            arena: Arena::new(),
            spare: Vec::new(),
            stale: 0,
        }
    }

    /// How many events are pending. O(1).
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no event is pending. O(1).
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an event. O(1) amortised; O(log n) where many events crowd at the very time being played.
    ///
    /// # Panics
    /// When 2^32 - 1 events are pending.
    #[inline]
    pub fn push(&mut self, order: Order, event: T) -> Handle {
        let handle = self.slots.insert(event);
        self.place(
            order.time_us,
            order.rank,
            order.key,
            handle.slot,
            handle.stamp,
        );
        handle
    }

    /// The event of a handle, if it is pending. O(1).
    pub fn get(&self, handle: Handle) -> Option<&T> {
        self.slots.get(handle)
    }

    /// The order of the next event. O(1) amortised.
    ///
    /// It needs `&mut self` because finding the next event may sort the bucket that it lies in.
    pub fn peek(&mut self) -> Option<Order> {
        self.settle_first().map(|entry| entry.order())
    }

    /// Takes the next event. O(1) amortised.
    #[inline]
    pub fn pop(&mut self) -> Option<(Order, T)> {
        self.pop_if(|_| true)
    }

    /// Takes the next event if it is due strictly before `end_us`. O(1) amortised.
    #[inline]
    pub fn pop_before(&mut self, end_us: i64) -> Option<(Order, T)> {
        self.pop_if(|time_us| time_us < end_us)
    }

    /// Takes a pending event out, or returns `None` when `handle` is stale. O(1) amortised.
    ///
    /// The event is gone at once and does not show in [`peek`](Self::peek) or [`len`](Self::len); its entry is
    /// swept out later, at the latest when there are more stale entries than pending events.
    pub fn cancel(&mut self, handle: Handle) -> Option<T> {
        let event = self.slots.remove(handle)?;
        self.forget_entry();
        Some(event)
    }

    /// Gives a pending event another order, or returns `None` when `handle` is stale. O(1) amortised.
    ///
    /// The event has the new handle from now on, and comes after those pushed before that tie with its new order.
    #[must_use = "the old handle is stale from now on"]
    pub fn reschedule(&mut self, handle: Handle, order: Order) -> Option<Handle> {
        let handle = self.slots.restamp(handle)?;
        self.forget_entry();
        self.place(
            order.time_us,
            order.rank,
            order.key,
            handle.slot,
            handle.stamp,
        );
        Some(handle)
    }

    /// The pending events, in the order in which they will pop. O(n log n).
    ///
    /// Pushing them in this order into an empty queue makes one that behaves the same, but gives other handles;
    /// an [`image`](Self::image) keeps those too.
    pub fn iter(&self) -> impl Iterator<Item = (Handle, Order, &T)> {
        let ahead = self
            .rungs
            .iter()
            .flat_map(Rung::ahead)
            .flat_map(|bucket| self.arena.iter(*bucket));
        let mut entries: Vec<Entry> = self.near.iter().chain(ahead).copied().collect();
        entries.sort_unstable();
        entries.into_iter().filter_map(|entry| {
            let event = self.slots.get(entry.handle())?;
            Some((entry.handle(), entry.order(), event))
        })
    }

    /// Takes the next event if its time is due, which no later time may be when an earlier one is not.
    #[inline]
    fn pop_if(&mut self, is_due: impl Fn(i64) -> bool) -> Option<(Order, T)> {
        loop {
            let entry = match self.near.take_if(&is_due) {
                Taken::Entry(entry) => entry,
                // A stale entry may stop here too: the event to be found behind it would be later still.
                Taken::NotDue => return None,
                Taken::Empty if self.advance() => continue,
                Taken::Empty => return None,
            };
            match self.slots.remove(entry.handle()) {
                Some(event) => return Some((entry.order(), event)),
                None => self.stale -= 1,
            }
        }
    }

    /// Makes sure that the first entry of `near` is the next event, and returns it.
    fn settle_first(&mut self) -> Option<Entry> {
        loop {
            match self.near.first().copied() {
                Some(entry) if self.slots.holds(entry.handle()) => return Some(entry),
                Some(_) => {
                    self.near.pop();
                    self.stale -= 1;
                }
                None if self.advance() => {}
                None => return None,
            }
        }
    }
}

impl<T> Extend<(Order, T)> for FutureEvents<T> {
    /// Adds events whose handles are not needed. O(1) amortised each.
    fn extend<I: IntoIterator<Item = (Order, T)>>(&mut self, events: I) {
        for (order, event) in events {
            self.push(order, event);
        }
    }
}
