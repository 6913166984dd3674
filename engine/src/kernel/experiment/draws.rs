//! Draws of a replication, which can be mirrored.

use super::quick_ln::quick_ln;
use crate::base::draw::{Key, Purpose};
use crate::base::sample;
use crate::base::time::Span;
use serde::{Deserialize, Serialize};

/// What draws come from: a key, and whether every uniform draw `u` is mirrored to `1 - u`.
///
/// Draws are functions of (key, purpose), so two systems that key their draws by customer see the same customers: common random
/// numbers need nothing else. All samplers invert a distribution, so where a draw is large its mirror image is small: the
/// two replications of an antithetic pair lean opposite ways.
///
/// ```
/// use causeflow_engine::base::draw::{Key, purpose};
/// use causeflow_engine::base::time::Span;
/// use causeflow_engine::kernel::experiment::Draws;
///
/// let customer = Draws::new(Key::new(42, purpose("bank"))).child(purpose("customer"), 7);
/// let u = customer.uniform(purpose("service"));
/// assert_eq!(customer.mirrored().uniform(purpose("service")), 1.0 - u);
/// let service = customer.exponential(purpose("service"), Span::MINUTE);
/// assert_eq!(service, customer.exponential(purpose("service"), Span::MINUTE));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draws {
    key: Key,
    is_mirrored: bool,
}

impl Draws {
    /// Plain draws of a key.
    pub const fn new(key: Key) -> Draws {
        Draws {
            key,
            is_mirrored: false,
        }
    }

    /// The same draws, mirrored; mirroring twice gives the first again.
    pub const fn mirrored(self) -> Draws {
        Draws {
            key: self.key,
            is_mirrored: !self.is_mirrored,
        }
    }

    /// The key.
    pub const fn key(self) -> Key {
        self.key
    }

    /// The draws of the `ordinal`-th thing that follows from this one through `what`, such as a customer.
    #[inline]
    pub fn child(self, what: Purpose, ordinal: u64) -> Draws {
        Draws {
            key: self.key.child(what, ordinal),
            is_mirrored: self.is_mirrored,
        }
    }

    /// A uniform number, strictly between 0 and 1.
    #[inline]
    pub fn uniform(self, what: Purpose) -> f64 {
        let u = self.key.uniform(what);
        if self.is_mirrored { 1.0 - u } else { u }
    }

    /// True with this probability.
    #[inline]
    pub fn happens(self, what: Purpose, probability: f64) -> bool {
        sample::bernoulli(self.uniform(what), probability)
    }

    /// Exponential with this mean, to the microsecond; a mean that is not positive gives zero.
    #[inline]
    pub fn exponential(self, what: Purpose, mean: Span) -> Span {
        // 1 - u is exact and neither 0 nor 1.
        rounded(-quick_ln(1.0 - self.uniform(what)) * mean.0.max(0) as f64)
    }

    /// Uniform from `low` to `high`, to the microsecond.
    #[inline]
    pub fn between(self, what: Purpose, low: Span, high: Span) -> Span {
        rounded(sample::uniform(
            self.uniform(what),
            low.0 as f64,
            high.0 as f64,
        ))
    }

    /// Normal with this mean and standard deviation, at least zero, to the microsecond.
    #[inline]
    pub fn normal(self, what: Purpose, mean: Span, deviation: Span) -> Span {
        let span = sample::normal(self.uniform(what), mean.0 as f64, deviation.0 as f64);
        rounded(span.max(0.0))
    }

    /// Lognormal with this median, `sigma` being the standard deviation of the natural logarithm, to the microsecond.
    #[inline]
    pub fn lognormal(self, what: Purpose, median: Span, sigma: f64) -> Span {
        rounded(sample::lognormal(
            self.uniform(what),
            median.0 as f64,
            sigma,
        ))
    }

    /// Gamma with this mean and shape (an Erlang distribution for a whole shape), to the microsecond.
    #[inline]
    pub fn gamma(self, what: Purpose, mean: Span, shape: f64) -> Span {
        rounded(sample::gamma(self.uniform(what), shape, mean.0 as f64))
    }
}

/// To the nearest microsecond.
#[inline]
fn rounded(us: f64) -> Span {
    // Among numbers of this magnitude neighbours differ by one, so adding it rounds, and leaves the result in the last bits.
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    if us.abs() < ROUNDER / 4.0 {
        return Span((us + ROUNDER).to_bits() as i64 - ROUNDER.to_bits() as i64);
    }
    Span(us.round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_rounded_to_the_nearest_microsecond() {
        for whole in [
            -3_000_000_000_007,
            -5,
            0,
            1,
            8,
            1_000_000_007,
            9_000_000_000_000_000,
        ] {
            for part in [-0.4, 0.0, 0.4] {
                assert_eq!(rounded(whole as f64 + part), Span(whole));
            }
        }
        assert_eq!(rounded(f64::MAX), Span(i64::MAX));
    }
}
