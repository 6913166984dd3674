//! The primitives that both ways of evaluation share. Numbers are the bits of an `f64`.

use std::cell::Cell;

use crate::base::sample;
use crate::streams::program::{Binary, Dist, Unary};

thread_local! {
    /// Whether something without a finite value has been worked out since somebody asked.
    static UNDEFINED: Cell<bool> = const { Cell::new(false) };
}

/// Whether something without a finite value has been worked out on this thread since this was last asked.
#[inline(always)]
pub fn take_undefined() -> bool {
    let found = UNDEFINED.get();
    if found {
        UNDEFINED.set(false);
    }
    found
}

/// Says what [`take_undefined`] is to find, if anything.
pub fn set_undefined(found: bool) {
    if found {
        UNDEFINED.set(true);
    }
}

/// Keeps a result finite: what has no real value is 0, and somebody may ask about it.
#[inline(always)]
pub fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { undefined() }
}

#[cold]
fn undefined() -> f64 {
    UNDEFINED.set(true);
    0.0
}

/// Keeps each result of a column finite, without a branch that would part the loop. `found` tells whether any was not.
#[inline(always)]
pub fn finite_in_column(x: f64, found: &mut bool) -> f64 {
    let is_finite = x.is_finite();
    *found |= !is_finite;
    if is_finite { x } else { 0.0 }
}

/// The nearest whole number, of two the even one. Without SSE 4.1, which x86-64 need not have,
/// `f64::round_ties_even` is a call; this is a few instructions. Beyond 2^52 all floats are whole, so
/// that adding as much leaves no room for a fraction, and the addition rounds as IEEE 754 says.
#[inline(always)]
pub fn round_even(x: f64) -> f64 {
    const ALL_WHOLE: f64 = (1u64 << 52) as f64;
    let away = ALL_WHOLE.copysign(x);
    // The sign is put back for what rounds to -0.
    let rounded = ((x + away) - away).copysign(x);
    if x.abs() < ALL_WHOLE { rounded } else { x }
}

/// The greatest whole number that is not above `x`, of the same sign as `x` where it is 0.
#[inline(always)]
fn floor(x: f64) -> f64 {
    let near = round_even(x);
    if near > x { near - 1.0 } else { near }
}

/// An operation on one value, which may have no finite result.
#[inline(always)]
pub fn unary(op: Unary, x: f64) -> f64 {
    match op {
        Unary::Negate => -x,
        Unary::Not => f64::from(x == 0.0),
        Unary::Abs => x.abs(),
        Unary::Floor => floor(x),
        Unary::Ceil => -floor(-x),
        // What is so large that it cannot be scaled has no decimals.
        Unary::Round(power) => match (x * power).is_finite() {
            true => round_even(x * power) / power,
            false => x,
        },
        Unary::Sqrt => x.sqrt(),
        Unary::Exp => libm::exp(x),
        Unary::Log => libm::log(x),
    }
}

/// An operation on two words, which may have no finite result.
#[inline(always)]
pub fn binary(op: Binary, a: u64, b: u64) -> f64 {
    let (x, y) = (f64::from_bits(a), f64::from_bits(b));
    match op {
        Binary::Add => x + y,
        Binary::Subtract => x - y,
        Binary::Multiply => x * y,
        Binary::Divide => x / y,
        Binary::Power => libm::pow(x, y),
        Binary::Min => x.min(y),
        Binary::Max => x.max(y),
        Binary::Less => f64::from(x < y),
        Binary::AtMost => f64::from(x <= y),
        Binary::Equal => f64::from(x == y),
        Binary::Same => f64::from(a == b),
        Binary::And => f64::from(x != 0.0 && y != 0.0),
        Binary::Or => f64::from(x != 0.0 || y != 0.0),
    }
}

/// The quantile `u` of a distribution with its parameters.
#[inline(always)]
pub fn draw(dist: Dist, u: f64, p: &[f64; 4]) -> f64 {
    match dist {
        Dist::Uniform => sample::uniform(u, p[0], p[1]),
        Dist::Integer => sample::integer(u, p[0], p[1]),
        Dist::Normal => sample::normal(u, p[0], p[1]),
        Dist::NormalWithin => sample::normal_truncated(u, p[0], p[1], p[2], p[3]),
        Dist::Lognormal => sample::lognormal(u, p[0], p[1]),
        Dist::LognormalWithin => sample::lognormal_truncated(u, p[0], p[1], p[2], p[3]),
        Dist::Exponential => sample::exponential(u, p[0]),
        Dist::ExponentialWithin => sample::exponential_truncated(u, p[0], p[1], p[2]),
        Dist::Gamma => sample::gamma(u, p[0], p[1]),
        Dist::Beta => sample::beta(u, p[0], p[1]),
        Dist::Pareto => sample::pareto(u, p[0], p[1]),
        Dist::ParetoWithin => sample::pareto_truncated(u, p[0], p[1], p[2]),
        Dist::Triangular => sample::triangular(u, p[0], p[1], p[2]),
        Dist::Poisson => sample::poisson(u, p[0]) as f64,
        Dist::Geometric => sample::geometric(u, p[0]) as f64,
        Dist::Bernoulli => f64::from(sample::bernoulli(u, p[0])),
    }
}

/// Which entry of a list of cumulative shares `u` falls on.
#[inline(always)]
pub fn choose(shares: &[f64], u: f64) -> usize {
    let last = shares.len() - 1;
    if shares.len() <= 16 {
        // Counting instead of stopping keeps the loop free of a branch that cannot be predicted.
        shares[..last]
            .iter()
            .map(|&share| usize::from(share <= u))
            .sum()
    } else {
        shares[..last].partition_point(|&share| share <= u)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_is_that_of_the_standard_library_to_the_last_bit() {
        let mut values = vec![
            0.0,
            0.5,
            1.5,
            2.5,
            1e300,
            f64::MAX,
            f64::MIN_POSITIVE,
            f64::INFINITY,
        ];
        for exponent in -60..70 {
            let power = libm::scalbn(1.0, exponent);
            for share in [
                1.0,
                1.25,
                1.5,
                1.75,
                1.999,
                1.0 + f64::EPSILON,
                2.0 - f64::EPSILON,
            ] {
                values.push(power * share);
            }
        }
        values.extend((0..2000).map(|i| f64::from(i) / 8.0));
        for x in values.iter().flat_map(|&x| [x, -x]) {
            let same = |ours: f64, theirs: f64| assert_eq!(ours.to_bits(), theirs.to_bits(), "{x}");
            same(round_even(x), x.round_ties_even());
            same(unary(Unary::Floor, x), x.floor());
            same(unary(Unary::Ceil, x), x.ceil());
        }
        assert!(round_even(f64::NAN).is_nan());
    }
}
