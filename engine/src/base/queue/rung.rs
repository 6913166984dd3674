//! One rung of the ladder: a stretch of time cut into buckets of equal width, entered one after the other.
//! The last bucket has no end of its own: it holds whatever comes later, as far as the rung above allows.

use super::arena::{Bucket, Spread};

/// How many entries a bucket gets when they are spread evenly.
const ENTRIES_PER_BUCKET: usize = 8;
/// More buckets than this make every push miss the cache.
const MAX_BUCKETS: usize = 1 << 16;
/// The cut stretch ends at this many times the mean distance from its start: of exponential delays it takes in 98 %.
const MEANS_COVERED: u128 = 4;

pub(super) struct Rung {
    start_us: i64,
    /// Buckets are 2^shift microseconds wide.
    shift: u32,
    /// The first bucket that the clock has not entered.
    next: usize,
    buckets: Vec<Bucket>,
}

impl Rung {
    /// One bucket for all that comes at `start_us` or later. O(1).
    pub(super) fn open_ended(mut buckets: Vec<Bucket>, start_us: i64) -> Self {
        buckets.clear();
        buckets.push(Bucket::EMPTY);
        Self {
            start_us,
            shift: 63,
            next: 0,
            buckets,
        }
    }

    /// As many buckets as suit `len` entries that lie as `spread` says, of which not all share one time. O(len).
    ///
    /// The earliest and the latest of them always fall into different buckets, so cutting ends.
    pub(super) fn cut(mut buckets: Vec<Bucket>, len: usize, spread: &Spread) -> Self {
        let wanted = (len / ENTRIES_PER_BUCKET)
            .next_power_of_two()
            .clamp(2, MAX_BUCKETS);
        let covered_us = (u128::from(spread.mean_us.abs_diff(spread.least_us)) * MEANS_COVERED)
            .clamp(1, u128::from(spread.most_us.abs_diff(spread.least_us)))
            as u64;
        let shift = (u64::BITS - covered_us.leading_zeros()).saturating_sub(wanted.ilog2());
        buckets.clear();
        buckets.resize((covered_us >> shift) as usize + 1, Bucket::EMPTY);
        Self {
            start_us: spread.least_us,
            shift,
            next: 0,
            buckets,
        }
    }

    /// The bucket for an event at `time_us`, unless the clock has entered it already. O(1).
    ///
    /// The caller has asked all rungs above this one before.
    #[inline]
    pub(super) fn bucket_for(&mut self, time_us: i64) -> Option<&mut Bucket> {
        if time_us < self.start_us {
            return None;
        }
        let distance_us = time_us.wrapping_sub(self.start_us) as u64;
        let index = ((distance_us >> self.shift) as usize).min(self.buckets.len() - 1);
        if index < self.next {
            return None;
        }
        Some(&mut self.buckets[index])
    }

    /// Enters the next bucket that holds anything. O(buckets passed).
    pub(super) fn enter(&mut self) -> Option<Bucket> {
        let ahead = &self.buckets[self.next..];
        let passed = ahead.iter().position(|bucket| bucket.len() > 0)?;
        self.next += passed + 1;
        Some(self.buckets[self.next - 1])
    }

    /// Whether the clock has entered the last bucket, so that nothing can be added any more.
    pub(super) fn is_used_up(&self) -> bool {
        self.next == self.buckets.len()
    }

    /// The buckets not entered yet.
    pub(super) fn ahead(&self) -> &[Bucket] {
        &self.buckets[self.next..]
    }

    /// Gives the memory back.
    pub(super) fn into_buckets(self) -> Vec<Bucket> {
        self.buckets
    }
}
