//! Operands of a block of rows, and operations on whole columns of them.

use super::block::{Block, eval_block};
use super::primitive::{self, finite_in_column, set_undefined};
use crate::base::scratch;
use crate::streams::kept::Undefined;
use crate::streams::program::{Binary, Expr, Unary};

/// The word of an expression that is the same for all rows.
pub fn constant(e: &Expr) -> Option<u64> {
    match e {
        Expr::Num(x) => Some(x.to_bits()),
        Expr::Exact(units) => Some(*units as u64),
        Expr::Text(code) => Some(u64::from(*code)),
        _ => None,
    }
}

/// An expression's value where it is only read: constants and slots are not copied.
pub enum Operand<'a> {
    Constant(u64),
    Slot(&'a [u64]),
    Column(Vec<u64>),
}

impl<'a> Operand<'a> {
    pub fn new(e: &Expr, block: &'a Block<'_>) -> Operand<'a> {
        if let Some(word) = constant(e) {
            Operand::Constant(word)
        } else if let Expr::Slot(slot) = e {
            Operand::Slot(&block.slots[*slot])
        } else {
            let mut column = scratch::column();
            eval_block(e, block, &mut column);
            Operand::Column(column)
        }
    }

    /// The column, or else the word that all rows share.
    pub fn words(&self) -> Result<&[u64], u64> {
        match self {
            Operand::Constant(word) => Err(*word),
            Operand::Slot(column) => Ok(column),
            Operand::Column(column) => Ok(column),
        }
    }

    pub fn recycle(self) {
        if let Operand::Column(column) = self {
            scratch::give_column(column);
        }
    }
}

/// An operation on each word; one loop for each, so that none has to find out which it is.
pub fn unary(op: Unary, out: &mut [u64]) {
    let mut found = false;
    macro_rules! one {
        ($op:expr, $word:ident) => {
            *$word = finite_in_column(primitive::unary($op, f64::from_bits(*$word)), &mut found)
                .to_bits()
        };
    }
    macro_rules! loops {
        ($($name:ident),*) => {
            match op {
                $(Unary::$name => out.iter_mut().for_each(|word| one!(Unary::$name, word)),)*
                Unary::Round(power) => out.iter_mut().for_each(|word| one!(Unary::Round(power), word)),
            }
        };
    }
    loops!(Negate, Not, Abs, Floor, Ceil, Sqrt, Exp, Log);
    set_undefined(found.then_some(Undefined::NotFinite));
}

/// Likewise for two words.
pub fn binary(op: Binary, out: &mut [u64], right: impl Iterator<Item = u64>) {
    let mut found = false;
    macro_rules! loops {
        ($($name:ident),*) => {
            match op {
                $(Binary::$name => for (x, y) in out.iter_mut().zip(right) {
                    *x = finite_in_column(primitive::binary(Binary::$name, *x, y), &mut found).to_bits();
                },)*
            }
        };
    }
    loops!(
        Add, Subtract, Multiply, Divide, Rest, Power, Min, Max, Less, AtMost, Equal, Same, And, Or
    );
    set_undefined(found.then_some(Undefined::NotFinite));
}
