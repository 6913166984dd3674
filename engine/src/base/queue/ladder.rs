//! How the clock climbs down the ladder: which bucket an entry goes to, and what happens to a bucket that the clock enters.

use super::arena::Bucket;
use super::rung::Rung;
use super::{Entry, FutureEvents};

/// Buckets of at most this many entries are sorted, larger ones are cut further.
const SORT_LIMIT: usize = 64;
/// So few entries are kept sorted all together, without any ladder.
const FEW: usize = 16;
/// When they have become so many, a ladder is set up: some more than `FEW`, so that a number which goes up and down sets up few.
const MANY: usize = 32;
/// So many stale entries are always tolerated before they are swept out.
pub(super) const STALE_LIMIT: usize = 1024;

impl<T> FutureEvents<T> {
    /// Puts an entry where its time belongs.
    ///
    /// It is given in parts because they then stay in registers. Passed by reference it would be read back in wider words
    /// than it was written in, which stalls until all stores before it are done, and those miss the cache.
    #[inline(always)]
    pub(super) fn place(&mut self, time_us: i64, rank: u32, key: u64, slot: u32, stamp: u64) {
        if self.rungs.is_empty() && self.near.len() < MANY {
            self.near.insert_among_few(Entry {
                time_us,
                key,
                stamp,
                rank,
                slot,
            });
        } else {
            self.place_on_ladder(time_us, rank, key, slot, stamp);
        }
    }

    // Kept out of `place`, which then needs few registers where only a few events are pending.
    #[inline(never)]
    fn place_on_ladder(&mut self, time_us: i64, rank: u32, key: u64, slot: u32, stamp: u64) {
        if self.rungs.is_empty() {
            self.set_up();
        }
        for rung in &mut self.rungs {
            if let Some(bucket) = rung.bucket_for(time_us) {
                self.arena.append(
                    bucket,
                    Entry {
                        time_us,
                        key,
                        stamp,
                        rank,
                        slot,
                    },
                );
                return;
            }
        }
        self.near.insert(Entry {
            time_us,
            key,
            stamp,
            rank,
            slot,
        });
        if self.near.is_crowded() {
            self.cut_near();
        }
    }

    /// Enters the next bucket that holds anything, or returns false when all buckets are empty.
    pub(super) fn advance(&mut self) -> bool {
        while let Some(rung) = self.rungs.last_mut() {
            if let Some(bucket) = rung.enter() {
                let is_last = rung.is_used_up();
                self.open(bucket, is_last);
                return true;
            }
            self.drop_rung();
        }
        false
    }

    /// Sorts the bucket that the clock has entered into `near`, or cuts it into a finer rung.
    /// `ends_rung` says that it was the last of its rung, which is then replaced.
    fn open(&mut self, bucket: Bucket, ends_rung: bool) {
        if ends_rung {
            self.drop_rung();
        }
        if bucket.len() > SORT_LIMIT {
            let spread = self.arena.spread(bucket);
            if spread.least_us < spread.most_us {
                let buckets = self.spare.pop().unwrap_or_default();
                self.rungs.push(Rung::cut(buckets, bucket.len(), &spread));
                self.distribute(bucket);
                return;
            }
        }
        self.sort_into_near(bucket);
        if self.rungs.is_empty() && self.near.len() <= FEW {
            return;
        }
        // What comes later than all of this is kept apart from it: the time of a last bucket has no end.
        let end_us = self
            .near
            .latest_us()
            .and_then(|latest_us| latest_us.checked_add(1));
        if let (true, Some(end_us)) = (ends_rung, end_us) {
            let buckets = self.spare.pop().unwrap_or_default();
            self.rungs.push(Rung::open_ended(buckets, end_us));
        }
    }

    /// Moves the entries of `bucket` to those of the last rung.
    fn distribute(&mut self, mut bucket: Bucket) {
        let Some(rung) = self.rungs.last_mut() else {
            return;
        };
        while bucket.len() > 0 {
            for at in 0..self.arena.front(bucket).len() {
                let entry = self.arena.front(bucket)[at];
                if let Some(finer) = rung.bucket_for(entry.time_us) {
                    self.arena.append(finer, entry);
                }
            }
            self.arena.free_front(&mut bucket);
        }
    }

    /// Sorts the entries of `bucket` into the empty `near` and leaves out stale ones.
    ///
    /// Looking at all slots in one tight loop lets their cache misses overlap, so that popping finds them in the cache.
    fn sort_into_near(&mut self, mut bucket: Bucket) {
        let Self {
            near,
            arena,
            slots,
            stale,
            ..
        } = self;
        near.fill(|run| {
            while bucket.len() > 0 {
                for entry in arena.front(bucket) {
                    if slots.holds(entry.handle()) {
                        run.push(*entry);
                    } else {
                        *stale -= 1;
                    }
                }
                arena.free_front(&mut bucket);
            }
        });
    }

    /// Begins a ladder with all that is pending, which stands in `near`.
    #[cold]
    fn set_up(&mut self) {
        let mut pending = Bucket::EMPTY;
        for entry in self.near.drain() {
            self.arena.append(&mut pending, entry);
        }
        self.begin_with(pending);
    }

    /// Cuts the time that `near` covers into a finer rung, since more came into it than can be kept sorted cheaply.
    fn cut_near(&mut self) {
        let mut bucket = Bucket::EMPTY;
        for entry in self.near.drain() {
            self.arena.append(&mut bucket, entry);
        }
        self.open(bucket, false);
    }

    /// Counts an entry that has become stale, and sweeps when they outnumber the pending events.
    pub(super) fn forget_entry(&mut self) {
        self.stale += 1;
        if self.stale > self.slots.len() + STALE_LIMIT {
            self.sweep();
        }
    }

    /// Throws all stale entries out and begins anew with the others. O(n).
    fn sweep(&mut self) {
        let mut pending = Bucket::EMPTY;
        for entry in self.near.drain() {
            if self.slots.holds(entry.handle()) {
                self.arena.append(&mut pending, entry);
            }
        }
        while let Some(mut rung) = self.rungs.pop() {
            while let Some(mut bucket) = rung.enter() {
                while bucket.len() > 0 {
                    for at in 0..self.arena.front(bucket).len() {
                        let entry = self.arena.front(bucket)[at];
                        if self.slots.holds(entry.handle()) {
                            self.arena.append(&mut pending, entry);
                        }
                    }
                    self.arena.free_front(&mut bucket);
                }
            }
            self.spare.push(rung.into_buckets());
        }
        self.stale = 0;
        self.begin_with(pending);
    }

    /// Begins a ladder whose only rung is one bucket for all time.
    pub(super) fn begin_with(&mut self, pending: Bucket) {
        let buckets = self.spare.pop().unwrap_or_default();
        let mut rung = Rung::open_ended(buckets, i64::MIN);
        if let Some(bucket) = rung.bucket_for(i64::MIN) {
            *bucket = pending;
        }
        self.rungs.push(rung);
    }

    /// Takes the last rung off and keeps its memory.
    fn drop_rung(&mut self) {
        if let Some(rung) = self.rungs.pop() {
            self.spare.push(rung.into_buckets());
        }
    }
}
