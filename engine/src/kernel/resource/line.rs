//! Who waits, in the order in which they will be served. Values stand elsewhere; here they are known by their place there.

use serde::{Deserialize, Serialize};

/// The end of a list, and the place of what does not wait.
const NONE: u32 = u32::MAX;

/// A waiting line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Line {
    /// In the order in which they came, or the reverse.
    List(List),
    /// By rank.
    Heap(Heap),
}

/// What a heap is ordered by: the priority, then the number of the arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Rank {
    pub(super) priority: i32,
    pub(super) number: u64,
}

impl Line {
    pub(super) const fn list() -> Line {
        Line::List(List {
            links: Vec::new(),
            head: NONE,
            tail: NONE,
            len: 0,
        })
    }

    pub(super) const fn heap() -> Line {
        Line::Heap(Heap {
            entries: Vec::new(),
            places: Vec::new(),
        })
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        match self {
            Line::List(list) => list.len,
            Line::Heap(heap) => heap.entries.len(),
        }
    }

    /// Adds one at the end of a list, or at its rank. O(1), in a heap O(log n).
    #[inline]
    pub(super) fn push_back(&mut self, slot: u32, rank: Rank) {
        match self {
            Line::List(list) => list.push(slot, false),
            Line::Heap(heap) => heap.push(slot, rank),
        }
    }

    /// Adds one at the front of a list, or at its rank. O(1), in a heap O(log n).
    pub(super) fn push_front(&mut self, slot: u32, rank: Rank) {
        match self {
            Line::List(list) => list.push(slot, true),
            Line::Heap(heap) => heap.push(slot, rank),
        }
    }

    /// Who is next. O(1).
    pub(super) fn first(&self) -> Option<u32> {
        match self {
            Line::List(list) => (list.head != NONE).then_some(list.head),
            Line::Heap(heap) => heap.entries.first().map(|entry| entry.1),
        }
    }

    /// Takes out who is next. O(1), in a heap O(log n).
    #[inline]
    pub(super) fn pop(&mut self) -> Option<u32> {
        let first = self.first()?;
        self.remove(first);
        Some(first)
    }

    /// Takes out one that waits. O(1), in a heap O(log n).
    #[inline]
    pub(super) fn remove(&mut self, slot: u32) {
        match self {
            Line::List(list) => list.remove(slot),
            Line::Heap(heap) => heap.remove(slot),
        }
    }

    /// Those who wait, the next first. O(n), with a heap O(n log n).
    pub(super) fn in_order(&self) -> Vec<u32> {
        match self {
            Line::List(list) => list.in_order(),
            Line::Heap(heap) => {
                let mut entries = heap.entries.clone();
                entries.sort_unstable();
                entries.into_iter().map(|entry| entry.1).collect()
            }
        }
    }

    /// How many stand before one that waits. O(n).
    pub(super) fn before(&self, slot: u32) -> usize {
        match self {
            Line::List(list) => {
                let mut ahead = 0;
                let mut at = slot;
                while list.links[at as usize].before != NONE {
                    at = list.links[at as usize].before;
                    ahead += 1;
                }
                ahead
            }
            Line::Heap(heap) => {
                let own = heap.entries[heap.places[slot as usize] as usize];
                heap.entries.iter().filter(|entry| **entry < own).count()
            }
        }
    }
}

/// A doubly linked list: one leaves its middle in O(1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct List {
    /// By place.
    links: Vec<Link>,
    head: u32,
    tail: u32,
    len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Link {
    before: u32,
    after: u32,
}

impl List {
    #[inline]
    fn push(&mut self, slot: u32, at_front: bool) {
        if self.links.len() <= slot as usize {
            let unlinked = Link {
                before: NONE,
                after: NONE,
            };
            self.links.resize(slot as usize + 1, unlinked);
        }
        let (before, after) = if at_front {
            (NONE, self.head)
        } else {
            (self.tail, NONE)
        };
        self.links[slot as usize] = Link { before, after };
        self.join(before, slot);
        self.join(slot, after);
        self.len += 1;
    }

    /// Makes two stand next to each other; `NONE` is the end of the list on its side.
    #[inline]
    fn join(&mut self, before: u32, after: u32) {
        match self.links.get_mut(before as usize) {
            Some(link) => link.after = after,
            None => self.head = after,
        }
        match self.links.get_mut(after as usize) {
            Some(link) => link.before = before,
            None => self.tail = before,
        }
    }

    #[inline]
    fn remove(&mut self, slot: u32) {
        let Link { before, after } = self.links[slot as usize];
        self.join(before, after);
        self.len -= 1;
    }

    fn in_order(&self) -> Vec<u32> {
        let next = |slot: u32| {
            self.links
                .get(slot as usize)
                .map_or(NONE, |link| link.after)
        };
        let waits = |slot: &u32| *slot != NONE;
        std::iter::successors(Some(self.head).filter(waits), |slot| {
            Some(next(*slot)).filter(waits)
        })
        .collect()
    }
}

/// A binary heap that knows where each entry stands, so that one leaves its middle in O(log n).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Heap {
    entries: Vec<(Rank, u32)>,
    /// By place: where it stands among the entries.
    places: Vec<u32>,
}

impl Heap {
    fn push(&mut self, slot: u32, rank: Rank) {
        if self.places.len() <= slot as usize {
            self.places.resize(slot as usize + 1, NONE);
        }
        self.entries.push((rank, slot));
        self.rise(self.entries.len() - 1);
    }

    fn remove(&mut self, slot: u32) {
        let at = self.places[slot as usize] as usize;
        self.entries.swap_remove(at);
        if at < self.entries.len() {
            // What came from the end may belong further up as well as further down.
            let at = self.rise(at);
            self.sink(at);
        }
    }

    /// Moves an entry up to where it belongs, and says where that is.
    fn rise(&mut self, mut at: usize) -> usize {
        let entry = self.entries[at];
        while at > 0 && entry < self.entries[(at - 1) / 2] {
            self.put(at, self.entries[(at - 1) / 2]);
            at = (at - 1) / 2;
        }
        self.put(at, entry);
        at
    }

    /// Moves an entry down to where it belongs.
    fn sink(&mut self, mut at: usize) {
        let entry = self.entries[at];
        loop {
            let left = 2 * at + 1;
            let Some(&(mut child)) = self.entries.get(left) else {
                break;
            };
            let mut below = left;
            if let Some(&right) = self.entries.get(left + 1).filter(|right| **right < child) {
                (below, child) = (left + 1, right);
            }
            if entry < child {
                break;
            }
            self.put(at, child);
            at = below;
        }
        self.put(at, entry);
    }

    fn put(&mut self, at: usize, entry: (Rank, u32)) {
        self.entries[at] = entry;
        self.places[entry.1 as usize] = at as u32;
    }
}
