//! Draws for whole columns.

use super::Block;
use super::choice::Choice;
use super::operand::{Operand, constant};
use crate::base::draw::{Key, Purpose, unit};
use crate::base::sample::columns::Parameter;
use crate::base::sample::{Dist, Law, MOST_PARAMETERS, norm_cdf, norm_quantile};
use crate::streams::program::{Correlated, Distribution, Expr};

/// Puts the bits of a uniform draw for each key into a column.
pub fn uniforms(keys: impl Iterator<Item = u64>, purpose: Purpose, out: &mut Vec<u64>) {
    // One loop for integers and one for floats: registers for several values cannot multiply whole integers, and the
    // compiler would use them for both if it could.
    out.clear();
    out.extend(keys.map(|key| Key(key).bits(purpose)));
    out.iter_mut()
        .for_each(|word| *word = unit(*word).to_bits());
}

/// The uniform number of a draw that goes together with others.
pub fn share_together(scores: &[(Purpose, f64)], key: Key) -> f64 {
    let score = |&(purpose, factor): &(Purpose, f64)| factor * norm_quantile(key.uniform(purpose));
    norm_cdf(scores.iter().map(score).sum())
}

/// Draws that go together with others, for every row of a block.
pub fn draw_together(correlated: &Correlated, block: &Block<'_>, out: &mut Vec<u64>) {
    let scores = &correlated.scores[..];
    let keys = block.keys.iter();
    let shares = keys.map(|&key| share_together(scores, Key(key)).to_bits());
    match &correlated.from {
        Distribution::Dist(dist, args) => {
            let operands = Operands::new(args, block);
            out.extend(shares);
            Drawn::Dist(*dist, operands.parameters()).values(out);
            operands.recycle();
        }
        Distribution::Law(law) => {
            out.extend(shares);
            Drawn::Law(law).values(out);
        }
    }
}

/// What is drawn from.
pub enum Drawn<'a> {
    /// Texts by weight: cumulative shares, and codes.
    Choice(&'a [f64], &'a [u16]),
    /// A law whose parameters are constants.
    Law(&'a Law),
    /// A distribution and its parameters.
    Dist(Dist, [Parameter<'a>; MOST_PARAMETERS]),
}

impl Drawn<'_> {
    /// What an expression draws from, and the purpose, if it depends on nothing but one draw.
    pub fn alone(e: &Expr) -> Option<(Drawn<'_>, Purpose)> {
        match e {
            Expr::Choice(shares, codes, purpose) => Some((Drawn::Choice(shares, codes), *purpose)),
            Expr::Law(law, purpose) => Some((Drawn::Law(law), *purpose)),
            Expr::Draw(dist, args, purpose) => {
                let mut parameters = [Parameter::Same(0.0); MOST_PARAMETERS];
                for (parameter, arg) in parameters.iter_mut().zip(args) {
                    *parameter = Parameter::Same(f64::from_bits(constant(arg)?));
                }
                Some((Drawn::Dist(*dist, parameters), *purpose))
            }
            _ => None,
        }
    }

    /// Replaces the bits of uniform draws by what they stand for.
    pub fn values(&self, column: &mut [u64]) {
        match *self {
            Drawn::Choice(shares, codes) => {
                Choice::new(shares, column.len()).codes(codes, column);
            }
            Drawn::Law(law) => law.quantiles(column),
            Drawn::Dist(dist, parameters) => dist.quantiles(parameters, column),
        }
    }
}

/// The parameters of a distribution for a block of rows.
pub struct Operands<'a>([Operand<'a>; MOST_PARAMETERS]);

impl<'a> Operands<'a> {
    /// Works them out.
    pub fn new(args: &[Expr], block: &'a Block<'_>) -> Operands<'a> {
        let mut operands = [const { Operand::Constant(0) }; MOST_PARAMETERS];
        for (operand, arg) in operands.iter_mut().zip(args) {
            *operand = Operand::new(arg, block);
        }
        Operands(operands)
    }

    /// As parameters of a column.
    pub fn parameters(&self) -> [Parameter<'_>; MOST_PARAMETERS] {
        self.0.each_ref().map(|operand| match operand.words() {
            Ok(column) => Parameter::Each(column),
            Err(word) => Parameter::Same(f64::from_bits(word)),
        })
    }

    /// Gives their buffers back.
    pub fn recycle(self) {
        self.0.into_iter().for_each(Operand::recycle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::draw::{mix, purpose};

    #[test]
    fn uniform_draws_have_the_bits_of_single_ones() {
        let (keys, what) = ((0..1000).map(mix), purpose("field"));
        let mut column = Vec::new();
        uniforms(keys.clone(), what, &mut column);
        let single = keys.map(|key| Key(key).uniform(what).to_bits());
        assert!(single.eq(column));
    }
}
