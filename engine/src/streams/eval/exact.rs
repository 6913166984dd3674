//! Operations on exact numbers, one by one and on whole columns. What does not fit is 0, and is asked for with
//! [`take_undefined`](super::take_undefined): the run then ends.

use super::primitive::{finite, set_undefined};
use crate::base::exact::{self, divided, of_float, rescaled, to_float};
use crate::streams::kept::Undefined;
use crate::streams::program::{ExactBinary, ExactUnary};

/// A number that fits, or else 0.
#[inline(always)]
fn fitting(units: Option<i64>) -> u64 {
    match units {
        Some(units) => units as u64,
        None => too_large(),
    }
}

#[cold]
fn too_large() -> u64 {
    set_undefined(Some(Undefined::TooLarge));
    0
}

/// An operation on one word.
#[inline(always)]
pub fn unary(op: ExactUnary, word: u64) -> u64 {
    let units = word as i64;
    match op {
        ExactUnary::OfNumber(scale) => fitting(of_float(f64::from_bits(word), scale)),
        ExactUnary::ToNumber(scale) => to_float(units, scale).to_bits(),
        ExactUnary::Rescale(more) => fitting(rescaled(units, more)),
        ExactUnary::Within(digits) => fitting(Some(units).filter(|&units| digits.hold(units))),
        ExactUnary::Negate => fitting(units.checked_neg()),
        ExactUnary::Abs => fitting(units.checked_abs()),
    }
}

/// An operation on two words.
#[inline(always)]
pub fn binary(op: ExactBinary, a: u64, b: u64) -> u64 {
    let (a, b) = (a as i64, b as i64);
    let truth = |holds: bool| f64::from(holds).to_bits();
    match op {
        ExactBinary::Add => fitting(a.checked_add(b)),
        ExactBinary::Subtract => fitting(a.checked_sub(b)),
        ExactBinary::Multiply => fitting(a.checked_mul(b)),
        // As of all numbers, what is divided by 0 is noted, and 0.
        ExactBinary::Divide(_) if b == 0 => finite(f64::NAN).to_bits(),
        ExactBinary::Divide(more) => fitting(divided(a, b, more)),
        ExactBinary::Min => a.min(b) as u64,
        ExactBinary::Max => a.max(b) as u64,
        ExactBinary::Less => truth(a < b),
        ExactBinary::AtMost => truth(a <= b),
    }
}

/// A part of a whole: how many there are, and which of them it is. One that there is not has no value.
pub fn split(total: u64, [parts, place]: [i64; 2]) -> u64 {
    match exact::split(total as i64, parts, place) {
        Some(part) => part as u64,
        None => finite(f64::NAN).to_bits(),
    }
}

/// An operation on each word; one loop for each, so that none has to find out which it is.
pub fn unary_in_column(op: ExactUnary, out: &mut [u64]) {
    macro_rules! loops {
        ($($name:ident $(($of:ident))?),*) => {
            match op {
                $(ExactUnary::$name $(($of))? => out
                    .iter_mut()
                    .for_each(|word| *word = unary(ExactUnary::$name $(($of))?, *word)),)*
            }
        };
    }
    loops!(
        OfNumber(scale),
        ToNumber(scale),
        Rescale(more),
        Within(digits),
        Negate,
        Abs
    );
}

/// Likewise for two words.
pub fn binary_in_column(op: ExactBinary, out: &mut [u64], right: impl Iterator<Item = u64>) {
    macro_rules! loops {
        ($($name:ident $(($of:ident))?),*) => {
            match op {
                $(ExactBinary::$name $(($of))? => for (x, y) in out.iter_mut().zip(right) {
                    *x = binary(ExactBinary::$name $(($of))?, *x, y);
                },)*
            }
        };
    }
    loops!(
        Add,
        Subtract,
        Multiply,
        Divide(more),
        Min,
        Max,
        Less,
        AtMost
    );
}
