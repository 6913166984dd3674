//! How long things took.

use crate::base::time::Span;
use serde::{Deserialize, Serialize};

/// The distribution of spans by its moments, from exact sums: the result does not depend on the order of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpanTally {
    count: u64,
    sum_us: i128,
    /// In square microseconds. A 64-bit span squared takes 126 bits; a billion spans of ten years fit.
    sum_of_squares: i128,
    least: Span,
    most: Span,
}

impl Default for SpanTally {
    fn default() -> SpanTally {
        SpanTally {
            count: 0,
            sum_us: 0,
            sum_of_squares: 0,
            least: Span(i64::MAX),
            most: Span(i64::MIN),
        }
    }
}

impl SpanTally {
    /// Adds a span.
    #[inline]
    pub fn record(&mut self, span: Span) {
        let us = i128::from(span.0);
        self.count += 1;
        self.sum_us += us;
        self.sum_of_squares = self.sum_of_squares.saturating_add(us * us);
        self.least = self.least.min(span);
        self.most = self.most.max(span);
    }

    /// Adds what another tally has recorded.
    pub fn merge(&mut self, other: &SpanTally) {
        self.count += other.count;
        self.sum_us += other.sum_us;
        self.sum_of_squares = self.sum_of_squares.saturating_add(other.sum_of_squares);
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }

    /// How many spans there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their sum, in microseconds. Exact.
    pub fn sum_us(&self) -> i128 {
        self.sum_us
    }

    /// Their mean, in seconds; `None` when there is none.
    pub fn mean_seconds(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_us as f64 / self.count as f64 / Span::SECOND.0 as f64)
    }

    /// Their standard deviation, in seconds (divisor: count - 1); `None` when there are fewer than two.
    pub fn deviation_seconds(&self) -> Option<f64> {
        if self.count < 2 {
            return None;
        }
        // Around the mean rounded to a whole number, the sum of squares is a small exact integer: nothing cancels.
        let count = i128::from(self.count);
        let centre = self.sum_us.div_euclid(count);
        let rest = self.sum_us.rem_euclid(count) as f64;
        let around = self.sum_of_squares - 2 * centre * self.sum_us + count * centre * centre;
        let about_mean = around as f64 - rest * rest / self.count as f64;
        Some((about_mean.max(0.0) / (self.count - 1) as f64).sqrt() / Span::SECOND.0 as f64)
    }

    /// The shortest; `None` when there is none.
    pub fn least(&self) -> Option<Span> {
        (self.count > 0).then_some(self.least)
    }

    /// The longest; `None` when there is none.
    pub fn most(&self) -> Option<Span> {
        (self.count > 0).then_some(self.most)
    }

    /// Forgets all, as at the end of a warm-up.
    pub fn reset(&mut self) {
        *self = SpanTally::default();
    }
}
