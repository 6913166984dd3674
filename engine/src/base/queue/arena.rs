//! The memory of all unsorted buckets: chunks of a fixed size, chained per bucket and recycled.
//! A bucket costs three words, however far ahead it lies, and a drained one gives back what it held.

use super::Entry;

/// Entries in a chunk: enough to read them in a stream, few enough to waste little in a sparse bucket.
const CHUNK: usize = 8;
/// The end of a chain, and of the list of free chunks.
const NO_CHUNK: u32 = u32::MAX;

/// Unsorted entries, in the order in which they came.
#[derive(Clone, Copy)]
pub(super) struct Bucket {
    head: u32,
    tail: u32,
    len: u32,
}

impl Bucket {
    pub(super) const EMPTY: Self = Self {
        head: NO_CHUNK,
        tail: NO_CHUNK,
        len: 0,
    };

    pub(super) const fn len(self) -> usize {
        self.len as usize
    }
}

/// Where in time the entries of a bucket lie.
pub(super) struct Spread {
    pub(super) least_us: i64,
    pub(super) most_us: i64,
    pub(super) mean_us: i64,
}

pub(super) struct Arena {
    entries: Vec<[Entry; CHUNK]>,
    next: Vec<u32>,
    first_free: u32,
}

impl Arena {
    pub(super) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            next: Vec::new(),
            first_free: NO_CHUNK,
        }
    }

    fn allocate(&mut self) -> u32 {
        let chunk = self.first_free;
        if chunk != NO_CHUNK {
            self.first_free = std::mem::replace(&mut self.next[chunk as usize], NO_CHUNK);
            return chunk;
        }
        let chunk = u32::try_from(self.next.len()).unwrap_or(NO_CHUNK);
        assert!(
            chunk != NO_CHUNK,
            "a queue holds fewer than 2^32 - 1 chunks"
        );
        self.entries.push([Entry::FILLER; CHUNK]);
        self.next.push(NO_CHUNK);
        chunk
    }

    /// Adds `entry` at the end of `bucket`. O(1).
    #[inline]
    pub(super) fn append(&mut self, bucket: &mut Bucket, entry: Entry) {
        let at = bucket.len as usize % CHUNK;
        if at == 0 {
            let chunk = self.allocate();
            if bucket.len == 0 {
                bucket.head = chunk;
            } else {
                self.next[bucket.tail as usize] = chunk;
            }
            bucket.tail = chunk;
        }
        self.entries[bucket.tail as usize][at] = entry;
        bucket.len += 1;
    }

    /// The entries in the first chunk of `bucket`, none when it is empty. O(1).
    #[inline]
    pub(super) fn front(&self, bucket: Bucket) -> &[Entry] {
        match self.entries.get(bucket.head as usize) {
            Some(entries) => &entries[..CHUNK.min(bucket.len())],
            None => &[],
        }
    }

    /// Frees the first chunk of `bucket`, so that appending elsewhere reuses it while it is still in the cache. O(1).
    ///
    /// What is left of the bucket can only be taken, not appended to.
    pub(super) fn free_front(&mut self, bucket: &mut Bucket) {
        let chunk = bucket.head;
        bucket.len = bucket.len.saturating_sub(CHUNK as u32);
        let rest = std::mem::replace(&mut self.next[chunk as usize], self.first_free);
        bucket.head = if bucket.len == 0 { NO_CHUNK } else { rest };
        self.first_free = chunk;
    }

    /// The entries of `bucket`. O(len).
    pub(super) fn iter(&self, bucket: Bucket) -> impl Iterator<Item = &Entry> {
        let mut rest = bucket;
        std::iter::from_fn(move || {
            let entries = self.front(rest);
            if entries.is_empty() {
                return None;
            }
            rest.len -= entries.len() as u32;
            rest.head = if rest.len == 0 {
                NO_CHUNK
            } else {
                self.next[rest.head as usize]
            };
            Some(entries)
        })
        .flatten()
    }

    /// Where the entries of a bucket that is not empty lie. O(len).
    pub(super) fn spread(&self, bucket: Bucket) -> Spread {
        let (mut least_us, mut most_us, mut sum_us) = (i64::MAX, i64::MIN, 0_i128);
        for entry in self.iter(bucket) {
            least_us = least_us.min(entry.time_us);
            most_us = most_us.max(entry.time_us);
            sum_us += i128::from(entry.time_us);
        }
        let mean_us = (sum_us / i128::from(bucket.len)) as i64;
        Spread {
            least_us,
            most_us,
            mean_us,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FutureEvents, Order};

    #[test]
    fn memory_follows_the_most_that_was_pending() {
        let mut queue = FutureEvents::new();
        let mut chunks = 0;
        for day in 0..40_i64 {
            for second in 0..20_000_i64 {
                let order = |delay_s: i64| Order {
                    time_us: (day * 86_400 + second + delay_s) * 1_000_000,
                    rank: 0,
                    key: 0,
                };
                // Nearly every timeout is cancelled, which leaves a stale entry far ahead.
                let timeout = queue.push(order(second % 7 * 86_400), second);
                if second % 100 > 0 {
                    queue.cancel(timeout);
                } else {
                    queue.pop();
                }
                queue.push(order(second % 60), second);
                queue.pop();
            }
            if day == 19 {
                chunks = queue.arena.next.len();
            }
        }
        assert!(queue.stale <= queue.len() + super::super::ladder::STALE_LIMIT);
        assert!(
            queue.arena.next.len() <= chunks * 3 / 2,
            "{chunks} grew to {}",
            queue.arena.next.len()
        );
    }
}
