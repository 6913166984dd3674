//! Counts of successes and of failures: binomial and negative binomial.
use super::beta::fraction;
use super::counts::poisson_share;
use super::gamma::gamma_share;
use super::normal::normal_share;
use super::share::{Bounds, Share, least_whole};
use super::{floor, gamma, inside, poisson, polynomial, tame, within};
use std::f64::consts::TAU;

/// Up to this mean adding up probabilities from 0 is the fastest exact way.
const SEQUENTIAL: f64 = 30.0;

/// So many probabilities are added up before the cumulative probability is asked instead.
const MOST_TERMS: u32 = 1000;

/// Beyond this variance the start is off by far less than 1, or than what the cumulative probability can tell.
const ASYMPTOTIC: f64 = 1e9;

/// Above this not every whole number is an `f64`.
const MOST: f64 = (1u64 << 53) as f64;

/// The successes in a number of trials, each with the given probability: the least k with P(X <= k) >= `u`.
///
/// `trials` is rounded down; `trials <= 0` and `probability <= 0` give 0, `probability >= 1` gives all. More than 2^53 trials count as
/// 2^53. Exact as [`poisson`](fn@super::poisson) is, and by the same way: by adding up, or from the Cornish-Fisher quantile.
#[inline]
pub fn binomial(u: f64, trials: f64, probability: f64) -> f64 {
    binomial_quantile(Share::of(u), trials, probability)
}

/// [`binomial`] conditioned on the whole numbers from `low` to `high`, which are rounded up and down; where that leaves none, the rounded
/// `low`. The parameters are those before truncation.
#[inline]
pub fn binomial_truncated(u: f64, trials: f64, probability: f64, low: f64, high: f64) -> f64 {
    let share = |k| binomial_share(k, trials, probability);
    Bounds::whole(low, high).quantile(u, share, |wanted| {
        binomial_quantile(wanted, trials, probability)
    })
}

fn binomial_quantile(wanted: Share, trials: f64, probability: f64) -> f64 {
    let (n, p) = binomial_parameters(trials, probability);
    if n <= 0.0 || p <= 0.0 {
        return 0.0;
    }
    if p >= 1.0 {
        return n;
    }
    let (mean, odds) = (n * p, p / (1.0 - p));
    if mean < SEQUENTIAL && p <= 0.5 && !wanted.is_far() {
        let first = libm::exp(n * libm::log1p(-p));
        let found = add_up(wanted.below, first, |k| odds * (n - k) / (k + 1.0));
        if let Ok(k) = found {
            return within(k, 0.0, n);
        }
    }
    let variance = mean * (1.0 - p);
    let z = wanted.score();
    let skew = (1.0 - 2.0 * p) * (z * z - 1.0) / 6.0;
    let guess = mean + z * variance.sqrt() + skew;
    if variance > ASYMPTOTIC {
        return within(floor(guess + 0.5), 0.0, n);
    }
    least_whole(guess, (0.0, n), |k| binomial_share(k, n, p).reaches(wanted))
}

/// P(X <= x) and P(X > x) of [`binomial`].
pub(super) fn binomial_share(x: f64, trials: f64, probability: f64) -> Share {
    let ((n, p), k) = (binomial_parameters(trials, probability), floor(tame(x)));
    if k < 0.0 {
        return Share::NONE;
    }
    if k >= n || p <= 0.0 {
        return Share::ALL;
    }
    if p >= 1.0 {
        return Share::NONE;
    }
    let variance = n * p * (1.0 - p);
    if variance > ASYMPTOTIC {
        return normal_share(k + 0.5, n * p, variance.sqrt());
    }
    incomplete_beta(n - k, k + 1.0, 1.0 - p, p)
}

fn binomial_parameters(trials: f64, probability: f64) -> (f64, f64) {
    let p = within(tame(probability), 0.0, 1.0);
    (within(floor(tame(trials)), 0.0, MOST), p)
}

/// Counts with the given mean and a variance of `mean + mean² / shape`, a Poisson number whose mean is drawn from a gamma distribution of that
/// shape: the least k with P(X <= k) >= `u`.
///
/// `mean <= 0` gives 0; `shape` is brought into [1e-4, 1e12]: from there on it is Poisson. Shape 1 is [`geometric`](super::geometric).
#[inline]
pub fn negative_binomial(u: f64, mean: f64, shape: f64) -> f64 {
    negative_binomial_quantile(Share::of(u), mean, shape)
}

/// [`negative_binomial`] conditioned on the whole numbers from `low` to `high`, which are rounded up and down; where that leaves none, the
/// rounded `low`. The parameters are those before truncation.
#[inline]
pub fn negative_binomial_truncated(u: f64, mean: f64, shape: f64, low: f64, high: f64) -> f64 {
    let share = |k| negative_binomial_share(k, mean, shape);
    Bounds::whole(low, high).quantile(u, share, |wanted| {
        negative_binomial_quantile(wanted, mean, shape)
    })
}

fn negative_binomial_quantile(wanted: Share, mean: f64, shape: f64) -> f64 {
    let (mean, shape) = (tame(mean), within(tame(shape), LEAST_SHAPE, MOST_SHAPE));
    if mean <= 0.0 {
        return 0.0;
    }
    if shape >= MOST_SHAPE && !wanted.is_far() {
        return poisson(wanted.below, mean) as f64;
    }
    let odds = mean / (shape + mean);
    if mean < SEQUENTIAL && !wanted.is_far() {
        let first = libm::exp(-shape * libm::log1p(mean / shape));
        let found = add_up(wanted.below, first, |k| odds * (k + shape) / (k + 1.0));
        if let Ok(k) = found {
            return k;
        }
    }
    // A gamma distribution of the same mean and variance.
    let u = inside(wanted.below);
    let guess = gamma(u, 1.0 / (1.0 / mean + 1.0 / shape), mean);
    if mean > ASYMPTOTIC {
        return floor(within(guess, 0.0, f64::MAX));
    }
    least_whole(guess, (0.0, MOST), |k| {
        negative_binomial_share(k, mean, shape).reaches(wanted)
    })
}

const LEAST_SHAPE: f64 = 1e-4;
const MOST_SHAPE: f64 = 1e12;

/// P(X <= x) and P(X > x) of [`negative_binomial`].
pub(super) fn negative_binomial_share(x: f64, mean: f64, shape: f64) -> Share {
    let (mean, shape) = (tame(mean), within(tame(shape), LEAST_SHAPE, MOST_SHAPE));
    let k = floor(tame(x));
    if k < 0.0 {
        return Share::NONE;
    }
    if mean <= 0.0 {
        return Share::ALL;
    }
    if shape >= MOST_SHAPE {
        return poisson_share(k, mean);
    }
    if mean > ASYMPTOTIC || k > MOST {
        return gamma_share(k + 0.5, 1.0 / (1.0 / mean + 1.0 / shape), mean);
    }
    let all = shape + mean;
    incomplete_beta(shape, k + 1.0, shape / all, mean / all)
}

/// The least k at which probabilities, added up from that of 0, reach `u`; after too many, the one that was reached.
fn add_up(u: f64, first: f64, ratio: impl Fn(f64) -> f64) -> Result<f64, f64> {
    let (mut probability, mut sum) = (first, first);
    let mut k = 0.0;
    for _ in 0..MOST_TERMS {
        if u <= sum {
            return Ok(k);
        }
        probability *= ratio(k);
        let next = sum + probability;
        if next == sum && ratio(k) < 1.0 {
            // `u` lies within rounding of 1: nothing is left to add.
            return Ok(k);
        }
        sum = next;
        k += 1.0;
    }
    Err(k)
}

/// The regularised incomplete beta function I(x; a, b), and 1 less it, with y = 1 - x.
///
/// The power before the continued fraction is that of a binomial probability, as Loader works it out ("Fast and Accurate Computation of
/// Binomial Probabilities", 2000): no logarithms of large factorials that cancel each other.
fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> Share {
    let n = a + b;
    let stirling = stirling_error(n) - stirling_error(a) - stirling_error(b);
    let exponent = stirling - deviance(a, n * x) - deviance(b, n * y);
    let power = (a * b / (TAU * n)).sqrt() * libm::exp(exponent);
    if x < (a + 1.0) / (n + 2.0) {
        Share::from_below(power * fraction(a, b, x) / a)
    } else {
        Share::from_above(power * fraction(b, a, y) / b)
    }
}

/// ln Γ(z + 1) less Stirling's formula.
fn stirling_error(z: f64) -> f64 {
    /// ln √(2π).
    const HALF_LN_TAU: f64 = 0.918_938_533_204_672_8;
    if z < 16.0 {
        return libm::lgamma(z + 1.0) - (z + 0.5) * libm::log(z) + z - HALF_LN_TAU;
    }
    let y = 1.0 / (z * z);
    let series = [
        1.0 / 12.0,
        -1.0 / 360.0,
        1.0 / 1260.0,
        -1.0 / 1680.0,
        1.0 / 1188.0,
    ];
    polynomial(y, &series) / z
}

/// x ln(x / m) + m - x, without cancellation where the two are near to each other.
fn deviance(x: f64, m: f64) -> f64 {
    let far = x * libm::log(x / m) + m - x;
    if (x - m).abs() >= 0.1 * (x + m) {
        return far;
    }
    let v = (x - m) / (x + m);
    let (mut sum, mut term) = ((x - m) * v, 2.0 * x * v);
    for j in 1..100 {
        term *= v * v;
        let next = sum + term / f64::from(2 * j + 1);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}
