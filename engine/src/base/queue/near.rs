//! The events due next, in order: a sorted run, and a heap for what comes into its time too late to be sorted.

use super::Entry;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// How far from the next event an entry is still moved into the run; further back the heap is cheaper.
const REACH: usize = 32;
/// So many entries in the heap mean that the run covers too long a time.
const HEAP_LIMIT: usize = 128;

/// So many bits number the entries that are sorted as words.
const PLACE_BITS: u32 = 6;

/// What taking an entry comes to.
pub(super) enum Taken {
    Entry(Entry),
    NotDue,
    Empty,
}

pub(super) struct Near {
    /// Latest first, so that the next event is taken off the end.
    run: Vec<Entry>,
    late: BinaryHeap<Reverse<Entry>>,
    /// The memory of what is being sorted; empty otherwise.
    unsorted: Vec<Entry>,
    words: Vec<u64>,
}

impl Near {
    pub(super) const fn new() -> Self {
        Self {
            run: Vec::new(),
            late: BinaryHeap::new(),
            unsorted: Vec::new(),
            words: Vec::new(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.run.is_empty() && self.late.is_empty()
    }

    /// How many entries there are. O(1).
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.run.len() + self.late.len()
    }

    /// The next entry. O(1).
    #[inline]
    pub(super) fn first(&self) -> Option<&Entry> {
        match (self.run.last(), self.late.peek()) {
            (Some(run), Some(Reverse(late))) => Some(run.min(late)),
            (Some(run), None) => Some(run),
            (None, late) => late.map(|Reverse(entry)| entry),
        }
    }

    /// Takes the next entry if its time is due. O(1) from the run, O(log n) from the heap.
    #[inline]
    pub(super) fn take_if(&mut self, is_due: impl Fn(i64) -> bool) -> Taken {
        let is_in_run = self.late.is_empty();
        let first = if is_in_run {
            self.run.last()
        } else {
            self.first()
        };
        match first.copied() {
            None => Taken::Empty,
            Some(entry) if !is_due(entry.time_us) => Taken::NotDue,
            Some(entry) => {
                if is_in_run {
                    self.run.pop();
                } else {
                    self.pop_earlier();
                }
                Taken::Entry(entry)
            }
        }
    }

    /// Takes the next entry. O(1) from the run, O(log n) from the heap.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        self.pop_earlier()
    }

    /// Takes the earlier of what is next in the run and in the heap.
    fn pop_earlier(&mut self) -> Option<Entry> {
        match (self.run.last(), self.late.peek()) {
            (Some(run), Some(Reverse(late))) if run < late => self.run.pop(),
            (_, None) => self.run.pop(),
            _ => self.late.pop().map(|Reverse(entry)| entry),
        }
    }

    /// Adds an entry. O(1) close to the next event, O(log n) further back.
    #[inline]
    pub(super) fn insert(&mut self, entry: Entry) {
        let floor = self.run.len().saturating_sub(REACH);
        if floor > 0 && self.run[floor] < entry {
            self.late.push(Reverse(entry));
            return;
        }
        let reachable = &self.run[floor..];
        let later = reachable.iter().rposition(|other| *other > entry);
        self.run.insert(floor + later.map_or(0, |at| at + 1), entry);
    }

    /// Adds an entry where there are no more than the run can hold sorted: those due before it make room one by one.
    #[inline(always)]
    pub(super) fn insert_among_few(&mut self, entry: Entry) {
        debug_assert!(self.late.is_empty(), "the run holds all of a few entries");
        let mut at = self.run.len();
        self.run.push(entry);
        while at > 0 && self.run[at - 1] < entry {
            self.run[at] = self.run[at - 1];
            at -= 1;
        }
        self.run[at] = entry;
    }

    /// Whether the heap has grown so far that cutting up this time is due.
    ///
    /// It may outgrow a long run once before all is moved: that keeps the cost of a push bounded on average.
    pub(super) fn is_crowded(&self) -> bool {
        self.late.len() > self.run.len().max(HEAP_LIMIT)
    }

    /// Fills the empty run and sorts it. O(n log n).
    pub(super) fn fill(&mut self, fill: impl FnOnce(&mut Vec<Entry>)) {
        debug_assert!(
            self.is_empty(),
            "a bucket is entered when all before it has been taken"
        );
        fill(&mut self.run);
        if self.run.len() > 1 << PLACE_BITS || !self.sort_by_time() {
            self.run.sort_unstable_by(|a, b| b.cmp(a));
        }
    }

    /// Sorts the run by time, or returns false when that is not enough because some share their time.
    ///
    /// Moving whole entries around is most of what sorting a few of them costs. So what is sorted here are words:
    /// the time since the earliest, and the place of the entry.
    fn sort_by_time(&mut self) -> bool {
        let times = self.run.iter().map(|entry| entry.time_us);
        let (least_us, most_us) = times.fold((i64::MAX, i64::MIN), |(least, most), time_us| {
            (least.min(time_us), most.max(time_us))
        });
        let spread_us = most_us.wrapping_sub(least_us) as u64;
        if spread_us == 0 || spread_us >> (u64::BITS - PLACE_BITS) > 0 {
            return false;
        }
        let entries = (0..).zip(&self.run);
        let words = entries.map(|(place, entry): (u64, _)| {
            (entry.time_us.wrapping_sub(least_us) as u64) << PLACE_BITS | place
        });
        self.words.clear();
        self.words.extend(words);
        self.words.sort_unstable();
        let same_time = |pair: &[u64]| (pair[0] ^ pair[1]) >> PLACE_BITS == 0;
        if self.words.windows(2).any(same_time) {
            return false;
        }
        std::mem::swap(&mut self.run, &mut self.unsorted);
        let place = |word: &u64| (word & ((1 << PLACE_BITS) - 1)) as usize;
        let latest_first = self.words.iter().rev();
        self.run
            .extend(latest_first.map(|word| self.unsorted[place(word)]));
        self.unsorted.clear();
        true
    }

    /// The time of the latest entry of the run.
    pub(super) fn latest_us(&self) -> Option<i64> {
        self.run.first().map(|entry| entry.time_us)
    }

    /// The entries, in no particular order. O(n).
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.run
            .iter()
            .chain(self.late.iter().map(|Reverse(entry)| entry))
    }

    /// Takes all entries out, in no particular order. O(n).
    pub(super) fn drain(&mut self) -> impl Iterator<Item = Entry> {
        self.run
            .drain(..)
            .chain(self.late.drain().map(|Reverse(entry)| entry))
    }
}
