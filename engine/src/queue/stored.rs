//! The future-event list as plain values: cloned, compared, stored and read back with every handle still valid.
//!
//! How pending entries are spread over rungs and buckets is not part of it: it never shows in what the queue hands out.

use super::slots::Slots;
use super::{Entry, FutureEvents};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// An entry's time in microseconds, rank, key, slot and stamp.
type EntryWords = (i64, u32, u64, u32, u64);

/// What is stored of a queue, borrowed.
#[derive(Serialize)]
struct Borrowed<'a, T> {
    slots: &'a Slots<T>,
    entries: Vec<EntryWords>,
}

/// What is read back.
#[derive(Deserialize)]
struct Owned<T> {
    slots: Slots<T>,
    entries: Vec<EntryWords>,
}

impl<T> FutureEvents<T> {
    fn words(&self) -> Vec<EntryWords> {
        let entries = self.pending_entries().into_iter();
        let words = |e: Entry| (e.time_us, e.rank, e.key, e.slot, e.stamp);
        entries.map(words).collect()
    }

    /// Entries of events that the slots do not hold are left out.
    fn of_words(slots: Slots<T>, entries: Vec<EntryWords>) -> FutureEvents<T> {
        let mut queue = FutureEvents {
            slots,
            ..FutureEvents::new()
        };
        for (time_us, rank, key, slot, stamp) in entries {
            if queue.slots.holds(super::Handle { slot, stamp }) {
                queue.place(time_us, rank, key, slot, stamp);
            }
        }
        queue
    }
}

impl<T: Clone> Clone for FutureEvents<T> {
    fn clone(&self) -> Self {
        FutureEvents::of_words(self.slots.clone(), self.words())
    }
}

/// Equal queues hand out the same, give the same handles to what is pushed next, and know the same handles.
impl<T: PartialEq> PartialEq for FutureEvents<T> {
    fn eq(&self, other: &Self) -> bool {
        self.slots == other.slots && self.words() == other.words()
    }
}

impl<T: fmt::Debug> fmt::Debug for FutureEvents<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let events = self.iter().map(|(_, order, event)| (order, event));
        f.debug_list().entries(events).finish()
    }
}

impl<T: Serialize> Serialize for FutureEvents<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let stored = Borrowed {
            slots: &self.slots,
            entries: self.words(),
        };
        stored.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for FutureEvents<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Owned { slots, entries } = Owned::deserialize(deserializer)?;
        Ok(FutureEvents::of_words(slots, entries))
    }
}
