//! Which share of things took no longer than so much.

use crate::base::time::Span;
use serde::{Deserialize, Serialize};

/// Bits of a span that a bucket keeps below its leading one.
const KEPT: u32 = 7;

/// The distribution of spans by counts in buckets, each less than 1 % wide: quantiles to within 0.8 % of their value.
///
/// Its memory follows the logarithm of the longest span: at most 58 KiB. Merging is exact, so the result does not depend on the order
/// of the records. Source: the log-linear buckets of Gil Tene's HdrHistogram.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanQuantiles {
    counts: Vec<u64>,
    count: u64,
}

/// Spans below 2^(KEPT + 1) microseconds have a bucket each; above, each doubling is cut into 2^KEPT buckets.
fn bucket(span: Span) -> usize {
    let us = span.0.max(0) as u64;
    let shift = (64 - us.leading_zeros()).saturating_sub(KEPT + 1);
    ((shift as usize) << KEPT) + (us >> shift) as usize
}

/// The greatest span that falls into a bucket.
fn upper_end(bucket: usize) -> Span {
    let shift = (bucket >> KEPT).saturating_sub(1);
    let leading = (bucket - (shift << KEPT)) as u128;
    Span((((leading + 1) << shift) - 1) as i64)
}

impl SpanQuantiles {
    /// Adds a span; a negative one counts as zero.
    #[inline]
    pub fn record(&mut self, span: Span) {
        let bucket = bucket(span);
        if self.counts.len() <= bucket {
            self.counts.resize(bucket + 1, 0);
        }
        self.counts[bucket] += 1;
        self.count += 1;
    }

    /// Adds what another has recorded.
    pub fn merge(&mut self, other: &SpanQuantiles) {
        if self.counts.len() < other.counts.len() {
            self.counts.resize(other.counts.len(), 0);
        }
        for (own, others) in self.counts.iter_mut().zip(&other.counts) {
            *own += others;
        }
        self.count += other.count;
    }

    /// How many spans there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// A span that at least this share of the records does not exceed: the least such one, rounded up to the end of its bucket.
    /// A share outside [0, 1] counts as the nearer end. None when there is no record.
    pub fn quantile(&self, share: f64) -> Option<Span> {
        let rank = (share * self.count as f64)
            .ceil()
            .clamp(1.0, (self.count as f64).max(1.0)) as u64;
        let mut passed = 0;
        let reached = self.counts.iter().position(|count| {
            passed += count;
            passed >= rank
        });
        reached.map(upper_end)
    }

    /// The share of records that are no longer than `span`, to the end of its bucket; none when there is no record.
    pub fn share_within(&self, span: Span) -> Option<f64> {
        let within: u64 = self.counts.iter().take(bucket(span) + 1).sum();
        (self.count > 0).then(|| within as f64 / self.count as f64)
    }

    /// Forgets all, as at the end of a warm-up.
    pub fn reset(&mut self) {
        self.counts.clear();
        self.count = 0;
    }
}
