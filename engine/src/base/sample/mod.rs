//! Samplers by inverse transform: one uniform `u` and the parameters in, the quantile out.
//!
//! Each sampler is a pure function, non-decreasing in `u` and monotone in its location or scale parameter. Two runs
//! that draw the same `u` under different parameters are therefore coupled: raising a mean moves each value up, or
//! leaves it. (Monotone to the last bits: across an algorithm's internal seams two neighbouring results may be out of
//! order by rounding.) Transcendental functions come from `libm` alone, so that every platform gives the same bits.
//!
//! `u` lies strictly between 0 and 1. Callers make it as `(k + 0.5) * 2^-52` from 52 random bits `k`, which is exact
//! and reaches neither end; with 53 bits the greatest `k` would round to 1. Whatever they pass is first brought into
//! [[`U_MIN`], [`U_MAX`]], so that no `u`, be it 0, 1 or NaN, gives an infinite value.
//!
//! Parameters may come from an expression of a user's model, so no value of them is an error:
//! - a NaN parameter counts as 0, one beyond ±[`LIMIT`] (infinities included) as ±[`LIMIT`];
//! - a spread that is not positive gives the centre (`sd <= 0`: the mean; `sigma <= 0`: the median; `shape <= 0`:
//!   the gamma's mean, Pareto's `low`), and a mean or median that is not positive, where the values must be, gives 0;
//! - `low > high` gives `low`; a truncated sampler whose interval holds none of the mass gives the end nearest to it;
//! - a result too great for `f64` is `f64::MAX`; a count too great for `u64` is `u64::MAX`.
//!
//! ```
//! use causeflow_engine::base::sample;
//!
//! let u = 0.75;
//! assert_eq!(sample::uniform(u, 10.0, 20.0), 17.5);
//! assert!(sample::exponential(u, 3.0) < sample::exponential(u, 3.1));
//! assert_eq!(sample::poisson(u, 2.0), 3);
//! assert_eq!(sample::normal(u, 5.0, -1.0), 5.0, "a spread that is not positive gives the mean");
//! ```
mod beta;
mod binomial;
mod choice;
mod closed;
pub mod columns;
mod counts;
mod dist;
mod elementary;
mod empirical;
mod gamma;
mod incomplete_gamma;
mod mixture;
mod normal;
mod share;
mod zipf;

pub use beta::{beta, beta_truncated};
pub use binomial::{binomial, binomial_truncated, negative_binomial, negative_binomial_truncated};
pub use choice::{AliasTable, CumulativeTable, WeightsError};
pub use closed::{
    bernoulli, exponential, exponential_truncated, integer, pareto, pareto_truncated, triangular,
    uniform, weibull, weibull_truncated,
};
pub use counts::{geometric, geometric_truncated, poisson, poisson_table, poisson_truncated};
pub use dist::{Dist, Law, MOST_PARAMETERS, Signature, Unit, Yield};
pub use empirical::Empirical;
pub use gamma::{erlang, erlang_truncated, gamma, gamma_truncated};
pub use mixture::Mixture;
pub use normal::{
    TruncatedLognormal, TruncatedNormal, lognormal, lognormal_truncated, norm_cdf, norm_quantile,
    normal, normal_truncated,
};
pub use share::Share;
pub use zipf::{zipf, zipf_truncated};

/// The least `u` that a sampler sees: 2^-54.
pub const U_MIN: f64 = 1.0 / (1u64 << 54) as f64;

/// The greatest `u` that a sampler sees: 1 - 2^-53, the last `f64` before 1.
pub const U_MAX: f64 = 1.0 - f64::EPSILON / 2.0;

/// The greatest magnitude that a parameter can have; the sum of a few such values is still finite.
pub const LIMIT: f64 = 1e300;

/// Brings `u` into [[`U_MIN`], [`U_MAX`]]; NaN becomes [`U_MIN`].
#[inline]
fn inside(u: f64) -> f64 {
    let u = if u > U_MIN { u } else { U_MIN };
    if u < U_MAX { u } else { U_MAX }
}

/// Brings a parameter into ±[`LIMIT`]; NaN becomes 0.
#[inline]
fn tame(parameter: f64) -> f64 {
    let parameter = if parameter.is_nan() { 0.0 } else { parameter };
    parameter.clamp(-LIMIT, LIMIT)
}

/// Brings `x` into [`low`, `high`]; NaN becomes `low`, and so does everything where `low > high`.
#[inline]
fn within(x: f64, low: f64, high: f64) -> f64 {
    let x = if x < high { x } else { high };
    if x > low { x } else { low }
}

/// Evaluates `c[0] + c[1] x + c[2] x² + ...` by Horner's rule.
#[inline]
fn polynomial<const N: usize>(x: f64, c: &[f64; N]) -> f64 {
    c.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// `top(x) / bottom(x)`, the two polynomials evaluated side by side so that they share vector registers.
#[inline]
fn ratio<const N: usize>(x: f64, top: &[f64; N], bottom: &[f64; N]) -> f64 {
    let (mut t, mut b) = (0.0, 0.0);
    for (p, q) in top.iter().zip(bottom).rev() {
        (t, b) = (t * x + p, b * x + q);
    }
    t / b
}

/// The greatest whole number that is not above `x`, for a finite `x`. Without SSE 4.1, which x86-64 need not have, `f64::floor` is a
/// call; this is a few instructions.
#[inline]
fn floor(x: f64) -> f64 {
    const ALL_WHOLE: f64 = (1u64 << 52) as f64;
    let towards_zero = x as i64 as f64;
    let down = if towards_zero > x {
        towards_zero - 1.0
    } else {
        towards_zero
    };
    if x.abs() < ALL_WHOLE { down } else { x }
}
