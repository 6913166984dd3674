//! The primitives that both ways of evaluation share. Numbers are the bits of an `f64`.

use std::cell::Cell;

use crate::base::rounding::{floor, round_even};
use crate::streams::kept::Undefined;
use crate::streams::program::{Binary, Unary};

thread_local! {
    /// What has been worked out without a value since somebody asked.
    static UNDEFINED: Cell<Option<Undefined>> = const { Cell::new(None) };
}

/// Whether something without a value has been worked out on this thread since this was last asked, and why it has none: the worst of it.
#[inline(always)]
pub fn take_undefined() -> Option<Undefined> {
    let found = UNDEFINED.get();
    if found.is_some() {
        UNDEFINED.set(None);
    }
    found
}

/// Says what [`take_undefined`] is to find, if anything.
pub fn set_undefined(found: Option<Undefined>) {
    if found.is_some() {
        UNDEFINED.set(found.max(UNDEFINED.get()));
    }
}

/// Keeps a result finite: what has no real value is 0, and somebody may ask about it.
#[inline(always)]
pub fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { undefined() }
}

#[cold]
fn undefined() -> f64 {
    set_undefined(Some(Undefined::NotFinite));
    0.0
}

/// Keeps each result of a column finite, without a branch that would part the loop. `found` tells whether any was not.
#[inline(always)]
pub fn finite_in_column(x: f64, found: &mut bool) -> f64 {
    let is_finite = x.is_finite();
    *found |= !is_finite;
    if is_finite { x } else { 0.0 }
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
        Binary::Rest => {
            let rest = libm::fmod(x, y);
            if rest * y < 0.0 { rest + y } else { rest }
        }
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
