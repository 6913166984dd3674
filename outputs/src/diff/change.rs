//! One event that differs, and how many there are of each kind.

use super::store::Store;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const HOUR_US: i64 = 3_600_000_000;

/// In which way an event differs between run A and its twin, run B.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Only in A.
    Added,
    /// Only in B.
    Removed,
    /// In both at different times; other values may differ too.
    Moved,
    /// In both at the same time, with another cause, root, cell or field.
    Changed,
}

impl ChangeKind {
    /// All kinds.
    pub const ALL: [ChangeKind; 4] = [
        ChangeKind::Added,
        ChangeKind::Removed,
        ChangeKind::Moved,
        ChangeKind::Changed,
    ];

    /// The word that stands in the column `change`.
    pub fn name(self) -> &'static str {
        match self {
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Moved => "moved",
            ChangeKind::Changed => "changed",
        }
    }
}

/// Numbers of events that differ, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Only in A.
    pub added: u64,
    /// Only in B.
    pub removed: u64,
    /// At different times.
    pub moved: u64,
    /// At the same time with other values.
    pub changed: u64,
}

impl Counts {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.added + self.removed + self.moved + self.changed
    }

    /// Counts one more.
    pub fn count(&mut self, kind: ChangeKind) {
        match kind {
            ChangeKind::Added => self.added += 1,
            ChangeKind::Removed => self.removed += 1,
            ChangeKind::Moved => self.moved += 1,
            ChangeKind::Changed => self.changed += 1,
        }
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.added += other.added;
        self.removed += other.removed;
        self.moved += other.moved;
        self.changed += other.changed;
    }
}

/// An event that differs: its kind and its places in the stores of the sides that have it.
#[derive(Clone, Copy)]
pub(super) struct Change {
    pub kind: ChangeKind,
    a: u32,
    b: u32,
}

impl Change {
    /// How many rows a store may have.
    pub const MOST_ROWS: usize = Change::NONE as usize;
    const NONE: u32 = u32::MAX;

    /// The places must be below [`MOST_ROWS`](Self::MOST_ROWS).
    pub fn new(kind: ChangeKind, a: Option<usize>, b: Option<usize>) -> Change {
        let place = |row: Option<usize>| row.map_or(Change::NONE, |row| row as u32);
        let (a, b) = (place(a), place(b));
        Change { kind, a, b }
    }

    /// The event's place in the store of A.
    pub fn a(&self) -> Option<usize> {
        (self.a != Change::NONE).then_some(self.a as usize)
    }

    /// The event's place in the store of B.
    pub fn b(&self) -> Option<usize> {
        (self.b != Change::NONE).then_some(self.b as usize)
    }

    /// What `get` finds in A, or in B if the event is not in A.
    pub fn either<T>(&self, a: &Store, b: &Store, get: impl Fn(&Store, usize) -> T) -> Option<T> {
        let here = self.a().map(|row| (a, row));
        here.or(self.b().map(|row| (b, row)))
            .map(|(store, row)| get(store, row))
    }

    /// The event's time in A, or in B if it is not in A: what changes are sorted by.
    pub fn when(&self, a: &Store, b: &Store) -> i64 {
        self.either(a, b, Store::time).unwrap_or_default()
    }

    /// The event's id.
    pub fn id(&self, a: &Store, b: &Store) -> u64 {
        self.either(a, b, Store::id).unwrap_or_default()
    }
}

/// The changes by kind.
pub(super) fn count(changes: &[Change]) -> Counts {
    let mut counts = Counts::default();
    for change in changes {
        counts.count(change.kind);
    }
    counts
}

/// The changes by hour and kind. An event counts at the hour in which it is in B, as that is when
/// it would have been; only one that is added counts at its hour in A.
pub(super) fn by_hour(changes: &[Change], a: &Store, b: &Store) -> BTreeMap<i64, Counts> {
    let mut hours: BTreeMap<i64, Counts> = BTreeMap::new();
    for change in changes {
        let time = change.b().map(|row| b.time(row));
        let time = time.unwrap_or_else(|| change.when(a, b));
        let hour = time.div_euclid(HOUR_US) * HOUR_US;
        hours.entry(hour).or_default().count(change.kind);
    }
    hours
}
