//! Numbered places for values that come and go: a place is reused, and a ticket for a value that has left never comes to mean another.

use serde::{Deserialize, Serialize};

/// The end of the list of free places.
const NONE: u32 = u32::MAX;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Entry<T> {
    Free { next: u32 },
    Taken { number: u64, value: T },
}

/// A slab. Values are numbered 0, 1, 2, ... in the order in which they come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Slab<T> {
    places: Vec<Entry<T>>,
    first_free: u32,
    next_number: u64,
    len: usize,
}

impl<T> Slab<T> {
    pub(super) const fn new() -> Slab<T> {
        Slab {
            places: Vec::new(),
            first_free: NONE,
            next_number: 0,
            len: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// All values, in the order of their places.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.places.iter_mut().filter_map(|place| match place {
            Entry::Taken { value, .. } => Some(value),
            Entry::Free { .. } => None,
        })
    }

    /// Stores a value and says where, and which number it got. O(1), and allocates only when more are stored than ever before.
    #[inline]
    pub(super) fn insert(&mut self, value: T) -> (u32, u64) {
        let number = self.next_number;
        self.next_number += 1;
        self.len += 1;
        let taken = Entry::Taken { number, value };
        let slot = self.first_free;
        match self.places.get_mut(slot as usize) {
            Some(place) => {
                let Entry::Free { next } = *place else {
                    unreachable!("the list of free places holds free places only");
                };
                self.first_free = next;
                *place = taken;
                (slot, number)
            }
            None => {
                let slot = u32::try_from(self.places.len()).unwrap_or(NONE);
                assert!(slot != NONE, "a resource holds fewer than 2^32 - 1 values");
                self.places.push(taken);
                (slot, number)
            }
        }
    }

    /// The value with this number, if it is still here. O(1).
    #[inline]
    pub(super) fn get(&self, slot: u32, number: u64) -> Option<&T> {
        match self.places.get(slot as usize)? {
            Entry::Taken {
                number: here,
                value,
            } if *here == number => Some(value),
            _ => None,
        }
    }

    /// As [`get`](Slab::get), to be changed. O(1).
    #[inline]
    pub(super) fn get_mut(&mut self, slot: u32, number: u64) -> Option<&mut T> {
        match self.places.get_mut(slot as usize)? {
            Entry::Taken {
                number: here,
                value,
            } if *here == number => Some(value),
            _ => None,
        }
    }

    /// The value at a place that the resource knows to be taken, and its number. O(1).
    #[inline]
    pub(super) fn at(&self, slot: u32) -> (u64, &T) {
        match &self.places[slot as usize] {
            Entry::Taken { number, value } => (*number, value),
            Entry::Free { .. } => unreachable!("place {slot} is taken"),
        }
    }

    /// As [`at`](Slab::at), to be changed. O(1).
    #[inline]
    pub(super) fn at_mut(&mut self, slot: u32) -> (u64, &mut T) {
        match &mut self.places[slot as usize] {
            Entry::Taken { number, value } => (*number, value),
            Entry::Free { .. } => unreachable!("place {slot} is taken"),
        }
    }

    /// Takes the value out of a place that the resource knows to be taken. O(1).
    #[inline]
    pub(super) fn remove(&mut self, slot: u32) -> (u64, T) {
        let free = Entry::Free {
            next: self.first_free,
        };
        match std::mem::replace(&mut self.places[slot as usize], free) {
            Entry::Taken { number, value } => {
                self.first_free = slot;
                self.len -= 1;
                (number, value)
            }
            Entry::Free { .. } => unreachable!("place {slot} is taken"),
        }
    }
}
