//! Distributions whose quantile has a closed form.
use super::{floor, inside, tame, within};

/// Uniform on [`low`, `high`], in the unit of `low` and `high`. `low > high` gives `low`.
#[inline]
pub fn uniform(u: f64, low: f64, high: f64) -> f64 {
    let (low, high) = (tame(low), tame(high));
    within(low + inside(u) * (high - low), low, high)
}

/// A whole number, each of those in [`low`, `high`] with the same probability, both ends included. `low` is rounded up
/// and `high` down; where that leaves no whole number, the result is the rounded `low`. Above 2^53 not every whole number
/// is an `f64`.
#[inline]
pub fn integer(u: f64, low: f64, high: f64) -> f64 {
    let (low, high) = (-floor(-tame(low)), floor(tame(high)));
    within(low + floor(inside(u) * (high - low + 1.0)), low, high)
}

/// True with probability `p`: `u < p`. So raising `p` only adds; `p` is as good as clamped to [0, 1], and NaN gives false.
#[inline]
pub fn bernoulli(u: f64, p: f64) -> bool {
    inside(u) < p
}

/// Exponential with the given mean (1/rate), in the mean's unit. `mean <= 0` gives 0.
#[inline]
pub fn exponential(u: f64, mean: f64) -> f64 {
    let mean = tame(mean);
    let mean = if mean > 0.0 { mean } else { 0.0 };
    -mean * libm::log1p(-inside(u))
}

/// Exponential with the given mean *before* truncation, conditioned on [`low`, `high`].
///
/// No memory, hence: `low` plus an exponential conditioned on at most `high - low`; exact also where both lie far out.
/// `mean <= 0` gives 0, brought into [`low`, `high`]; `low > high` gives `low`.
#[inline]
pub fn exponential_truncated(u: f64, mean: f64, low: f64, high: f64) -> f64 {
    let (u, mean, low, high) = (inside(u), tame(mean), tame(low), tame(high));
    let start = if low > 0.0 { low } else { 0.0 };
    if mean <= 0.0 || high <= start {
        return within(0.0, low, high);
    }
    let minus_mass = libm::expm1(-(high - start) / mean);
    within(start - mean * libm::log1p(u * minus_mass), start, high)
}

/// Pareto (type I): P(X > x) = (`low` / x)^`shape` from `low` on. `low <= 0` gives 0; `shape <= 0` gives `low`; at most
/// `f64::MAX`. Falls as `shape` rises. The mean is finite for `shape > 1`: `low * shape / (shape - 1)`.
#[inline]
pub fn pareto(u: f64, low: f64, shape: f64) -> f64 {
    let (u, low, shape) = (inside(u), tame(low), tame(shape));
    if low <= 0.0 {
        return 0.0;
    }
    if shape <= 0.0 {
        return low;
    }
    within(low * libm::exp(-libm::log1p(-u) / shape), low, f64::MAX)
}

/// Pareto conditioned on at most `high`, also called bounded Pareto. `high <= low` gives `low`; otherwise as [`pareto`].
#[inline]
pub fn pareto_truncated(u: f64, low: f64, shape: f64, high: f64) -> f64 {
    let (u, low, shape, high) = (inside(u), tame(low), tame(shape), tame(high));
    if low <= 0.0 {
        return 0.0;
    }
    if shape <= 0.0 || high <= low {
        return low;
    }
    // ln(high/low) as a difference, because the quotient may overflow.
    let minus_mass = libm::expm1(shape * (libm::log(low) - libm::log(high)));
    let growth = -libm::log1p(u * minus_mass) / shape;
    within(low * libm::exp(growth), low, high)
}

/// Triangular on [`low`, `high`] with the greatest density at `mode`. `mode` is brought into [`low`, `high`]; `low >= high` gives `low`.
#[inline]
pub fn triangular(u: f64, low: f64, mode: f64, high: f64) -> f64 {
    let (u, low, mode, high) = (inside(u), tame(low), tame(mode), tame(high));
    let width = high - low;
    if width <= 0.0 {
        return low;
    }
    let below = (within(mode, low, high) - low) / width;
    let x = if u < below {
        low + width * (u * below).sqrt()
    } else {
        high - width * ((1.0 - u) * (1.0 - below)).sqrt()
    };
    within(x, low, high)
}
