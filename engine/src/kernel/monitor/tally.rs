//! How values were distributed.

use serde::{Deserialize, Serialize};

/// The distribution of values by its moments, in whatever unit the values have.
///
/// Source: Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4 (1962); merging
/// after Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances" (1979). Unlike the
/// exact [`SpanTally`](super::SpanTally), the last bits depend on the order of the records.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    count: u64,
    mean: f64,
    /// Sum of the squares of the distances from the mean.
    squares: f64,
    least: f64,
    most: f64,
}

impl Default for Tally {
    fn default() -> Tally {
        Tally {
            count: 0,
            mean: 0.0,
            squares: 0.0,
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
        }
    }
}

impl Tally {
    /// Adds a value.
    #[inline]
    pub fn record(&mut self, value: f64) {
        self.count += 1;
        let distance = value - self.mean;
        self.mean += distance / self.count as f64;
        self.squares += distance * (value - self.mean);
        self.least = self.least.min(value);
        self.most = self.most.max(value);
    }

    /// Adds what another tally has recorded.
    pub fn merge(&mut self, other: &Tally) {
        if other.count == 0 {
            return;
        }
        let (own, others) = (self.count as f64, other.count as f64);
        let distance = other.mean - self.mean;
        self.count += other.count;
        self.mean += distance * others / self.count as f64;
        self.squares += other.squares + distance * distance * own * others / self.count as f64;
        self.least = self.least.min(other.least);
        self.most = self.most.max(other.most);
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; none when there is no value.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// Their variance (divisor: count - 1); none when there are fewer than two.
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1).then(|| self.squares / (self.count - 1) as f64)
    }

    /// Their standard deviation; none when there are fewer than two.
    pub fn deviation(&self) -> Option<f64> {
        self.variance().map(f64::sqrt)
    }

    /// The least; none when there is no value.
    pub fn least(&self) -> Option<f64> {
        (self.count > 0).then_some(self.least)
    }

    /// The greatest; none when there is no value.
    pub fn most(&self) -> Option<f64> {
        (self.count > 0).then_some(self.most)
    }

    /// Forgets all, as at the end of a warm-up.
    pub fn reset(&mut self) {
        *self = Tally::default();
    }
}

impl Extend<f64> for Tally {
    fn extend<I: IntoIterator<Item = f64>>(&mut self, values: I) {
        values.into_iter().for_each(|value| self.record(value));
    }
}

impl FromIterator<f64> for Tally {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Tally {
        let mut tally = Tally::default();
        tally.extend(values);
        tally
    }
}
