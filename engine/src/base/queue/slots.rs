//! Where the payloads of pending events live, one slot each, so that the queue sorts small entries
//! and never moves a payload. A stamp, never given twice, says which event a slot holds now.

use super::Handle;
use serde::{Deserialize, Serialize};

/// Marks a slot as free; its lower 32 bits then link to the next free one.
const FREE: u64 = 1 << 63;
/// The end of the list of free slots.
const NO_SLOT: u32 = u32::MAX;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Slot<T> {
    stamp: u64,
    value: Option<T>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Slots<T> {
    slots: Vec<Slot<T>>,
    /// The slot freed last is reused first, while it is still in the cache.
    first_free: u32,
    next_stamp: u64,
    len: usize,
}

impl<T> Slots<T> {
    pub(super) const fn new() -> Self {
        Self {
            slots: Vec::new(),
            first_free: NO_SLOT,
            next_stamp: 0,
            len: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    fn stamp(&mut self) -> u64 {
        let stamp = self.next_stamp;
        self.next_stamp += 1;
        stamp
    }

    /// Stores `value`. O(1).
    #[inline]
    pub(super) fn insert(&mut self, value: T) -> Handle {
        let stamp = self.stamp();
        self.len += 1;
        if let Some(slot) = self.slots.get_mut(self.first_free as usize) {
            let index = std::mem::replace(&mut self.first_free, slot.stamp as u32);
            *slot = Slot {
                stamp,
                value: Some(value),
            };
            return Handle { slot: index, stamp };
        }
        let index = u32::try_from(self.slots.len()).unwrap_or(NO_SLOT);
        assert!(
            index != NO_SLOT,
            "a queue holds fewer than 2^32 - 1 pending events"
        );
        self.slots.push(Slot {
            stamp,
            value: Some(value),
        });
        Handle { slot: index, stamp }
    }

    /// Whether `handle` is still pending. O(1).
    #[inline]
    pub(super) fn holds(&self, handle: Handle) -> bool {
        self.slots
            .get(handle.slot as usize)
            .is_some_and(|slot| slot.stamp == handle.stamp)
    }

    /// The payload of `handle`, if it is still pending. O(1).
    pub(super) fn get(&self, handle: Handle) -> Option<&T> {
        let slot = self.slots.get(handle.slot as usize)?;
        if slot.stamp == handle.stamp {
            slot.value.as_ref()
        } else {
            None
        }
    }

    /// Takes the payload out and frees the slot. O(1).
    #[inline]
    pub(super) fn remove(&mut self, handle: Handle) -> Option<T> {
        let slot = self.slots.get_mut(handle.slot as usize)?;
        if slot.stamp != handle.stamp {
            return None;
        }
        slot.stamp = FREE | u64::from(std::mem::replace(&mut self.first_free, handle.slot));
        let value = slot.value.take();
        self.len -= 1;
        if self.len == 0 {
            // A list of free slots in the order of removal would scatter the next events; from here
            // they are stored one after the other again. Stamps never return, so old handles stay stale.
            self.slots.clear();
            self.first_free = NO_SLOT;
        }
        value
    }

    /// Leaves the payload where it is, but makes `handle` and the entry that carries it stale. O(1).
    pub(super) fn restamp(&mut self, handle: Handle) -> Option<Handle> {
        if !self.holds(handle) {
            return None;
        }
        let stamp = self.stamp();
        self.slots[handle.slot as usize].stamp = stamp;
        Some(Handle {
            slot: handle.slot,
            stamp,
        })
    }

    /// Whether these slots can have come from here, rather than from a damaged file. O(n).
    pub(super) fn are_whole(&self) -> bool {
        let held = |slot: &&Slot<T>| slot.value.is_some();
        let sound = |slot: &Slot<T>| match slot.value {
            Some(_) => slot.stamp < self.next_stamp,
            None => slot.stamp & FREE != 0,
        };
        // The list of free slots ends, and visits each of them.
        let mut free = self.slots.len() - self.slots.iter().filter(held).count();
        let mut next = self.first_free;
        while let Some(slot) = self.slots.get(next as usize) {
            if slot.value.is_some() || free == 0 {
                return false;
            }
            free -= 1;
            next = slot.stamp as u32;
        }
        free == 0
            && next == NO_SLOT
            && self.slots.iter().filter(held).count() == self.len
            && self.next_stamp < FREE
            && self.slots.iter().all(sound)
    }
}
