//! Distributions whose quantile has a closed form.
use super::share::Share;
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

/// Weibull: P(X > x) = exp(-(x / `scale`)^`shape`), in the unit of `scale`. `scale <= 0` gives 0; `shape` is brought into [1e-2, 1e4],
/// and a shape that is not positive gives `scale`. Shape 1 is exponential. The mean is `scale * Γ(1 + 1 / shape)`.
#[inline]
pub fn weibull(u: f64, scale: f64, shape: f64) -> f64 {
    weibull_at(-libm::log1p(-inside(u)), scale, shape)
}

/// [`weibull`] conditioned on [`low`, `high`]; `scale` is that before truncation. `low > high` gives `low`.
#[inline]
pub fn weibull_truncated(u: f64, scale: f64, shape: f64, low: f64, high: f64) -> f64 {
    let (scale, low, high) = (tame(scale), tame(low), tame(high));
    if scale <= 0.0 || tame(shape) <= 0.0 || low >= high {
        return within(scale.max(0.0), low, high);
    }
    let exponent = |x: f64| hazard(x, scale, shape);
    let x = exponential_truncated(u, 1.0, exponent(low), exponent(high));
    within(weibull_at(x, scale, shape), low, high)
}

/// The value at which the hazard has added up to `hazard`.
fn weibull_at(hazard: f64, scale: f64, shape: f64) -> f64 {
    let (scale, shape) = (tame(scale), tame(shape));
    if scale <= 0.0 {
        return 0.0;
    }
    if shape <= 0.0 {
        return scale;
    }
    let root = libm::pow(hazard, 1.0 / within(shape, LEAST_SHAPE, MOST_SHAPE));
    within(scale * root, 0.0, f64::MAX)
}

/// What the hazard of a Weibull law adds up to until `x`.
fn hazard(x: f64, scale: f64, shape: f64) -> f64 {
    let ratio = if x > 0.0 { x / scale } else { 0.0 };
    let hazard = libm::pow(ratio, within(shape, LEAST_SHAPE, MOST_SHAPE));
    within(hazard, 0.0, f64::MAX)
}

const LEAST_SHAPE: f64 = 1e-2;
const MOST_SHAPE: f64 = 1e4;

/// The mean of [`weibull`].
pub(super) fn weibull_mean(scale: f64, shape: f64) -> f64 {
    scale * libm::tgamma(1.0 + 1.0 / within(shape, LEAST_SHAPE, MOST_SHAPE))
}

/// P(X <= x) and P(X > x) of [`weibull`].
pub(super) fn weibull_share(x: f64, scale: f64, shape: f64) -> Share {
    let (x, scale, shape) = (tame(x), tame(scale), tame(shape));
    match scale <= 0.0 || shape <= 0.0 {
        true => Share::at_point(x, scale.max(0.0)),
        false => Share::after(-hazard(x, scale, shape)),
    }
}

/// P(X <= x) and P(X > x) of [`uniform`](fn@uniform).
pub(super) fn uniform_share(x: f64, low: f64, high: f64) -> Share {
    let (x, low, high) = (tame(x), tame(low), tame(high));
    match low < high {
        true => Share::from_below((x - low) / (high - low)),
        false => Share::at_point(x, low),
    }
}

/// The same of [`integer`].
pub(super) fn integer_share(x: f64, low: f64, high: f64) -> Share {
    let (x, low, high) = (floor(tame(x)), -floor(-tame(low)), floor(tame(high)));
    match low < high {
        true => Share::from_below((x - low + 1.0) / (high - low + 1.0)),
        false => Share::at_point(x, low),
    }
}

/// The same of [`exponential`].
pub(super) fn exponential_share(x: f64, mean: f64) -> Share {
    weibull_share(x, mean, 1.0)
}

/// The same of [`exponential_truncated`].
pub(super) fn exponential_truncated_share(x: f64, mean: f64, low: f64, high: f64) -> Share {
    let (x, mean, low, high) = (tame(x), tame(mean), tame(low), tame(high));
    let start = if low > 0.0 { low } else { 0.0 };
    if mean <= 0.0 || high <= start {
        return Share::at_point(x, within(0.0, low, high));
    }
    let minus_mass = |x: f64| libm::expm1(-(within(x, start, high) - start) / mean);
    Share::from_below(minus_mass(x) / minus_mass(high))
}

/// The same of [`weibull_truncated`].
pub(super) fn weibull_truncated_share(
    x: f64,
    (scale, shape): (f64, f64),
    low: f64,
    high: f64,
) -> Share {
    let (scale, shape, low, high) = (tame(scale), tame(shape), tame(low), tame(high));
    if scale <= 0.0 || shape <= 0.0 || low >= high {
        return Share::at_point(tame(x), within(scale.max(0.0), low, high));
    }
    let exponent = |x: f64| hazard(x, scale, shape);
    match tame(x) < low {
        true => Share::NONE,
        // So far out that all of it lies within the rounding of `low`.
        false if exponent(low) * f64::EPSILON > 1.0 => Share::ALL,
        false => exponential_truncated_share(exponent(x), 1.0, exponent(low), exponent(high)),
    }
}

/// The same of [`pareto`].
pub(super) fn pareto_share(x: f64, low: f64, shape: f64) -> Share {
    let (x, low, shape) = (tame(x), tame(low), tame(shape));
    if low <= 0.0 || shape <= 0.0 {
        return Share::at_point(x, low.max(0.0));
    }
    match x < low {
        true => Share::NONE,
        false => Share::after(shape * (libm::log(low) - libm::log(x))),
    }
}

/// The same of [`triangular`].
pub(super) fn triangular_share(x: f64, low: f64, mode: f64, high: f64) -> Share {
    let (x, low, mode, high) = (tame(x), tame(low), tame(mode), tame(high));
    let (width, mode) = (high - low, within(mode, low, high));
    if width <= 0.0 {
        return Share::at_point(x, low);
    }
    let x = within(x, low, high);
    let (from, to) = (x - low, high - x);
    match x < mode {
        true => Share::from_below(from / width * (from / (mode - low))),
        false if to > 0.0 => Share::from_above(to / width * (to / (high - mode))),
        false => Share::ALL,
    }
}

/// The same of [`bernoulli`], whose draws are 1 or 0.
pub(super) fn bernoulli_share(x: f64, p: f64) -> Share {
    match tame(x) {
        x if x < 0.0 => Share::NONE,
        x if x < 1.0 => Share::from_above(tame(p)),
        _ => Share::ALL,
    }
}
