//! Zipf's law on a finite number of ranks.
use super::share::{Share, least_whole};
use super::{floor, inside, tame, within};

/// Up to this rank the sum is taken term by term.
const DIRECT: f64 = 32.0;

/// Beyond this exponent hardly anything but the first rank is left.
const MOST_EXPONENT: f64 = 64.0;

/// Above this not every whole number is an `f64`.
const MOST_RANKS: f64 = (1u64 << 53) as f64;

/// Most ranks of a table for ranks that are drawn from often.
const MOST_IN_TABLE: f64 = 65_536.0;

/// A rank from 1 to `ranks`, of which the k-th has a probability proportional to k^-`exponent`: the least k with P(X <= k) >= `u`.
///
/// `ranks` is rounded down; fewer than 1 give 1, more than 2^53 count as 2^53. `exponent <= 0` makes all ranks alike; it is at most 64.
#[inline]
pub fn zipf(u: f64, ranks: f64, exponent: f64) -> f64 {
    zipf_truncated(u, ranks, exponent, 1.0, MOST_RANKS)
}

/// [`zipf`] conditioned on the ranks from `low` to `high`, which are rounded up and down; where that leaves none, the rounded `low`.
#[inline]
pub fn zipf_truncated(u: f64, ranks: f64, exponent: f64, low: f64, high: f64) -> f64 {
    let ranks = number(ranks);
    let (low, high) = (-floor(-tame(low)), floor(tame(high)));
    if low > high || low > ranks || high < 1.0 {
        return within(within(1.0, low, high), low, f64::MAX);
    }
    let (first, last) = (low.max(1.0), high.min(ranks));
    let sum = Powers::new(first, exponent);
    let (u, all) = (inside(u), sum.up_to(last));
    least_whole(first, (first, last), |k| sum.up_to(k) / all >= u)
}

/// P(X <= x) and P(X > x) of [`zipf`].
pub(super) fn zipf_share(x: f64, ranks: f64, exponent: f64) -> Share {
    let (k, ranks) = (floor(tame(x)), number(ranks));
    if k < 1.0 {
        return Share::NONE;
    }
    if k >= ranks {
        return Share::ALL;
    }
    let sum = Powers::new(1.0, exponent);
    Share::from_below(sum.up_to(k) / sum.up_to(ranks))
}

/// P(X <= k) for k from 0, unless there are too many ranks.
pub(super) fn zipf_table(ranks: f64, exponent: f64) -> Option<Vec<f64>> {
    let ranks = number(ranks);
    if ranks > MOST_IN_TABLE {
        return None;
    }
    let sum = Powers::new(1.0, exponent);
    let all = sum.up_to(ranks);
    let upper = (1..=ranks as u32).map(|k| sum.up_to(f64::from(k)) / all);
    Some(std::iter::once(0.0).chain(upper).collect())
}

/// The mean of [`zipf`].
pub(super) fn zipf_mean(ranks: f64, exponent: f64) -> f64 {
    let (ranks, sum) = (number(ranks), Powers::new(1.0, exponent));
    Powers::of(1.0, sum.exponent - 1.0).up_to(ranks) / sum.up_to(ranks)
}

fn number(ranks: f64) -> f64 {
    within(floor(tame(ranks)), 1.0, MOST_RANKS)
}

/// Sums of (i / first)^-exponent over whole numbers i from `first` on.
struct Powers {
    first: f64,
    exponent: f64,
    /// The last number of those that are added one by one, and their sum.
    head: (f64, f64),
}

impl Powers {
    fn new(first: f64, exponent: f64) -> Powers {
        Powers::of(first, within(tame(exponent), 0.0, MOST_EXPONENT))
    }

    fn of(first: f64, exponent: f64) -> Powers {
        let mut sum = Powers {
            first,
            exponent,
            head: (0.0, 0.0),
        };
        let last = first.max(DIRECT);
        sum.head = (last, sum.one_by_one(last));
        sum
    }

    fn power(&self, i: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(i / self.first))
    }

    fn one_by_one(&self, last: f64) -> f64 {
        let count = (last - self.first) as u32 + 1;
        let terms = (0..count).map(|i| self.power(self.first + f64::from(i)));
        terms.sum()
    }

    /// The sum up to `last`, by Euler's and Maclaurin's formula (DLMF 2.10.1) where it has many terms.
    fn up_to(&self, last: f64) -> f64 {
        let ((from, head), s) = (self.head, self.exponent);
        if last <= from {
            return self.one_by_one(last);
        }
        let growth = libm::log(last / from);
        let (begin, end) = (self.power(from), self.power(last));
        let area = match s == 1.0 {
            true => growth,
            false => libm::expm1((1.0 - s) * growth) / (1.0 - s),
        };
        // The odd derivatives are -s/x, -s (s + 1) (s + 2)/x^3 and so on times the power.
        let odd = |x: f64| {
            let y = 1.0 / (x * x);
            let third = (s + 1.0) * (s + 2.0) * y;
            let fifth = third * (s + 3.0) * (s + 4.0) * y;
            let seventh = fifth * (s + 5.0) * (s + 6.0) * y;
            s / x * (1.0 / 12.0 - third / 720.0 + fifth / 30_240.0 - seventh / 1_209_600.0)
        };
        head + begin * from * area + (end - begin) / 2.0 + (begin * odd(from) - end * odd(last))
    }
}
