//! What was observed: a table of quantiles, or a histogram.
use super::{inside, within};

/// A distribution by its quantiles, with straight lines between them. A jump of the values has no mass between its ends, and a value that holds
/// over a range of shares has all of that mass.
#[derive(Clone, Debug, PartialEq)]
pub struct Empirical {
    /// From 0 to 1.
    shares: Box<[f64]>,
    values: Box<[f64]>,
}

impl Empirical {
    /// From pairs of a share and the value below which it lies; both rise, or stay, and the shares go from 0 to 1. None where they do not.
    pub fn from_quantiles(pairs: &[(f64, f64)]) -> Option<Empirical> {
        let rising = |pair: &[(f64, f64)]| pair[0].0 <= pair[1].0 && pair[0].1 <= pair[1].1;
        let ends = (pairs.first()?.0, pairs.last()?.0) == (0.0, 1.0);
        let finite = pairs.iter().all(|(_, value)| value.is_finite());
        (ends && finite && pairs.windows(2).all(rising)).then(|| Empirical {
            shares: pairs.iter().map(|pair| pair.0).collect(),
            values: pairs.iter().map(|pair| pair.1).collect(),
        })
    }

    /// From ranges and their weights, each evenly spread; the ranges rise and do not overlap, and one may be a point. None where they do
    /// not, or nothing has a weight.
    pub fn from_histogram(bins: &[(f64, f64, f64)]) -> Option<Empirical> {
        let all: f64 = bins.iter().map(|bin| bin.2).sum();
        let legal = |bin: &(f64, f64, f64)| bin.0 <= bin.1 && bin.2 >= 0.0;
        if !(all > 0.0 && all.is_finite() && bins.iter().all(legal)) {
            return None;
        }
        let mut pairs = Vec::new();
        let mut sum = 0.0;
        for (low, high, weight) in bins.iter().filter(|bin| bin.2 > 0.0) {
            pairs.push((sum / all, *low));
            sum += weight;
            pairs.push((sum / all, *high));
        }
        // Rounding in the sum must not show.
        pairs.last_mut()?.0 = 1.0;
        Empirical::from_quantiles(&pairs)
    }

    /// The value below which the share `u` lies.
    #[inline]
    pub fn quantile(&self, u: f64) -> f64 {
        let u = inside(u);
        // There is one at or below `u`, and one above.
        let next = self.shares.partition_point(|&share| share <= u);
        let (from, to) = (self.shares[next - 1], self.shares[next]);
        let (low, high) = (self.values[next - 1], self.values[next]);
        within(low + (u - from) / (to - from) * (high - low), low, high)
    }

    /// The mean.
    pub fn mean(&self) -> f64 {
        let pairs = self.shares.windows(2).zip(self.values.windows(2));
        pairs
            .map(|(s, v)| (s[1] - s[0]) * (v[0] / 2.0 + v[1] / 2.0))
            .sum()
    }

    /// Whether its values are whole numbers alone.
    pub fn is_whole(&self) -> bool {
        let pairs = self.shares.windows(2).zip(self.values.windows(2));
        let mut points = pairs.filter(|(s, _)| s[0] < s[1]);
        points.all(|(_, v)| v[0] == v[1] && v[0] == v[0].floor())
    }
}
