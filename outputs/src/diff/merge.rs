//! Compares one stream of two runs: walks along both in step and keeps only what differs.
//!
//! Rows stand in the order of time, and what is in both runs stands in the same order in both. So
//! the walk compares runs of equal ids column by column; where the ids part, the earlier row is put
//! aside, and at equal times the rows of that time are matched by id. What is put aside on either
//! side is matched by id at the end: those are the events that moved in time.

use super::change::{Change, ChangeKind};
use super::lanes::{Lane, Marks, Pairs};
use super::side::RunSide;
use super::store::Store;
use super::texts::Texts;
use crate::error::Error;
use crate::read::columns::{ATTRIBUTION, EVENT_ID};

/// Ids that are compared at once when looking for the next difference.
const BLOCK: usize = 128;

/// A stream of two runs while it is compared.
pub(super) struct Merge<'a> {
    a: RunSide<'a>,
    b: RunSide<'a>,
    texts: Texts,
    marks: Marks,
    /// Places in the stores: of both sides of an event, and of events without a counterpart so far.
    both: Vec<(usize, usize)>,
    only_a: Vec<usize>,
    only_b: Vec<usize>,
}

/// What came out: the rows that differ, and how.
pub(super) struct Merged {
    pub a: Store,
    pub b: Store,
    pub texts: Texts,
    pub changes: Vec<Change>,
    /// How many rows either side has.
    pub rows: [u64; 2],
}

impl<'a> Merge<'a> {
    pub fn new(a: RunSide<'a>, b: RunSide<'a>, texts: Texts) -> Merge<'a> {
        Merge {
            a,
            b,
            texts,
            marks: Marks::default(),
            both: Vec::new(),
            only_a: Vec::new(),
            only_b: Vec::new(),
        }
    }

    pub fn run(mut self) -> Result<Merged, Error> {
        loop {
            self.refill()?;
            let (ids_a, ids_b) = (self.a.ids(), self.b.ids());
            match (ids_a.len(), ids_b.len()) {
                (0, 0) => return self.finish(),
                (rows, 0) => self.put_aside_a(rows),
                (0, rows) => self.put_aside_b(rows),
                _ => match common(ids_a, ids_b) {
                    0 => self.part(),
                    rows => self.compare(rows),
                },
            }
        }
    }

    /// Makes sure that both sides have rows at hand as long as there are any. Both decode at the
    /// same time: a batch ahead, because one is done a little before the other.
    fn refill(&mut self) -> Result<(), Error> {
        if self.a.is_short() || self.b.is_short() {
            let (a, b) = rayon::join(|| self.a.load(), || self.b.load());
            a.and(b)?;
        }
        self.a.turn(&mut self.texts)?;
        self.b.turn(&mut self.texts)
    }

    /// Compares the next rows, whose ids are equal.
    fn compare(&mut self, rows: usize) {
        self.marks.clear();
        let ((lanes_a, a), (lanes_b, b)) = (self.a.here(), self.b.here());
        let pairs = Pairs { a, b, rows };
        for (x, y) in compared(lanes_a, lanes_b) {
            self.marks.compare(x, y, pairs);
        }
        for place in self.marks.iter() {
            self.both.push((self.a.pick(place), self.b.pick(place)));
        }
        self.a.skip(rows);
        self.b.skip(rows);
    }

    /// Goes on where the ids part.
    fn part(&mut self) {
        let (time_a, time_b) = (self.a.times()[0], self.b.times()[0]);
        let before = |times: &[i64], end: i64| times.iter().take_while(|&&t| t < end).count();
        if time_a < time_b {
            self.put_aside_a(before(self.a.times(), time_b));
        } else if time_b < time_a {
            self.put_aside_b(before(self.b.times(), time_a));
        } else {
            self.match_time(time_a);
        }
    }

    /// Matches the rows of one time by their ids, as far as the batches at hand go.
    fn match_time(&mut self, time: i64) {
        let here = |side: &RunSide<'_>| -> Vec<(u64, usize)> {
            let rows = side.times().iter().take_while(|&&t| t == time).count();
            (0..rows).map(|row| (side.ids()[row], row)).collect()
        };
        let (rows_a, rows_b) = (here(&self.a), here(&self.b));
        let (skip_a, skip_b) = (rows_a.len(), rows_b.len());
        for pair in matched(rows_a, rows_b) {
            match pair {
                (Some(a), Some(b)) if self.is_same(a, b) => {}
                (Some(a), Some(b)) => self.both.push((self.a.pick(a), self.b.pick(b))),
                (Some(a), None) => self.only_a.push(self.a.pick(a)),
                (None, b) => self.only_b.extend(b.map(|b| self.b.pick(b))),
            }
        }
        self.a.skip(skip_a);
        self.b.skip(skip_b);
    }

    fn is_same(&mut self, ahead_a: usize, ahead_b: usize) -> bool {
        self.marks.clear();
        let ((lanes_a, a), (lanes_b, b)) = (self.a.here(), self.b.here());
        let (a, b, rows) = (a + ahead_a, b + ahead_b, 1);
        for (x, y) in compared(lanes_a, lanes_b) {
            self.marks.compare(x, y, Pairs { a, b, rows });
        }
        self.marks.iter().next().is_none()
    }

    fn put_aside_a(&mut self, rows: usize) {
        for row in 0..rows {
            self.only_a.push(self.a.pick(row));
        }
        self.a.skip(rows);
    }

    fn put_aside_b(&mut self, rows: usize) {
        for row in 0..rows {
            self.only_b.push(self.b.pick(row));
        }
        self.b.skip(rows);
    }

    /// Matches what was put aside, and brings all changes into their order.
    fn finish(self) -> Result<Merged, Error> {
        let rows = [self.a.rows(), self.b.rows()];
        let (a, b) = (self.a.store, self.b.store);
        if a.rows().max(b.rows()) > Change::MOST_ROWS {
            return Err(self.texts.error(
                "has more than four billion events that differ, which is more than can be compared",
            ));
        }
        let pair = |(i, j): (usize, usize)| {
            let kind = if a.time(i) != b.time(j) {
                ChangeKind::Moved
            } else {
                ChangeKind::Changed
            };
            Change::new(kind, Some(i), Some(j))
        };
        let mut changes: Vec<Change> = self.both.into_iter().map(pair).collect();
        let by_id = |rows: Vec<usize>, store: &Store| -> Vec<(u64, usize)> {
            rows.into_iter().map(|row| (store.id(row), row)).collect()
        };
        for found in matched(by_id(self.only_a, &a), by_id(self.only_b, &b)) {
            match found {
                // The same time, but in batches that were never at hand together.
                (Some(i), Some(j)) if a.differing(i, &b, j).next().is_none() => {}
                (Some(i), Some(j)) => changes.push(pair((i, j))),
                (Some(i), None) => changes.push(Change::new(ChangeKind::Added, Some(i), None)),
                (None, j) => changes.push(Change::new(ChangeKind::Removed, None, j)),
            }
        }
        changes.sort_by_cached_key(|change| (change.when(&a, &b), change.id(&a, &b), change.kind));
        Ok(Merged {
            a,
            b,
            texts: self.texts,
            changes,
            rows,
        })
    }
}

/// The columns that make two events different.
fn compared<'x>(a: &'x [Lane], b: &'x [Lane]) -> impl Iterator<Item = (&'x Lane, &'x Lane)> {
    let pairs = a.iter().zip(b).enumerate();
    pairs
        .filter(|&(place, _)| place != EVENT_ID && place != ATTRIBUTION)
        .map(|(_, pair)| pair)
}

/// How many ids are equal from the start.
fn common(a: &[u64], b: &[u64]) -> usize {
    let blocks = a.chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK));
    let start = blocks.take_while(|(x, y)| x == y).count() * BLOCK;
    let rest = a[start..].iter().zip(&b[start..]);
    start + rest.take_while(|(x, y)| x == y).count()
}

/// Joins rows by id: all of both sides in the order of the ids, those with the same id as one.
fn matched(
    mut a: Vec<(u64, usize)>,
    mut b: Vec<(u64, usize)>,
) -> impl Iterator<Item = (Option<usize>, Option<usize>)> {
    a.sort_unstable();
    b.sort_unstable();
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    std::iter::from_fn(move || {
        let (id_a, id_b) = (a.peek().map(|row| row.0), b.peek().map(|row| row.0));
        let id = id_a.into_iter().chain(id_b).min()?;
        let row_a = a.next_if(|row| row.0 == id).map(|row| row.1);
        let row_b = b.next_if(|row| row.0 == id).map(|row| row.1);
        Some((row_a, row_b))
    })
}
