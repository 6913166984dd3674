//! Draws that go together: a Gaussian copula.
//!
//! Each draw has a score, the normal quantile of its uniform number. The score of one that goes together with others is a sum of theirs and of its own, with
//! factors that give it the correlations asked for and a variance of 1. What they are drawn from does not matter, and theirs stay as they are.

use std::collections::BTreeMap;

use causeflow_engine::base::draw::Purpose;
use causeflow_engine::base::sample::{Dist, Yield};
use causeflow_engine::streams::program::{Correlated, Distribution, Expr};

use super::Compiler;
use super::lower::{About, Scope};
use super::parts::draws;
use super::report::At;
use crate::definition::Map;
use crate::diagnostic::{number, suggestion};

/// The factors of the scores of which the score of a draw is made, by their purposes.
type Scores = BTreeMap<u64, f64>;

/// Less than this is rounding.
const ROUNDING: f64 = 1e-9;

impl Compiler {
    /// A value whose draw goes together with those of others.
    pub(super) fn together(
        &mut self,
        mut value: Expr,
        others: &Map<f64>,
        scope: &Scope,
        name: &str,
    ) -> Option<Expr> {
        let at = scope.at.key("correlates");
        let Some((_, own)) = the_draw(&value) else {
            let message = format!(
                "`{name}` is not made of one draw of a number, so nothing can go together with it"
            );
            let help = "draw in a field of its own, a `let` or an attribute";
            self.report.error_at_key(&at, message, Some(help.into()));
            return None;
        };
        let (mut scores, mut wanted, mut wrong) = (Vec::new(), Vec::new(), false);
        for (other, correlation) in others {
            let at = at.key(other);
            if !(-1.0..=1.0).contains(correlation) {
                let message = format!(
                    "found the correlation {}, expected -1 to 1",
                    number(*correlation)
                );
                self.report.certain_error(&at, message, None);
                wrong = true;
            }
            match self.scores_of(other, scope, &at) {
                Some(found) => scores.push(found),
                None => wrong = true,
            }
            wanted.push(*correlation);
        }
        if wrong {
            return None;
        }
        let Some((factors, rest)) = combine(&scores, &wanted) else {
            let message = "no draw can go together with all of these as closely as that";
            let help = "make some of the correlations smaller, or give those named here one with each other";
            self.report.certain_error(&at, message, Some(help.into()));
            return None;
        };
        let mut all = Scores::new();
        for (scores, factor) in scores.iter().zip(factors) {
            for (purpose, score) in scores {
                *all.entry(*purpose).or_default() += factor * score;
            }
        }
        let sign = sign_of(&value);
        let mut list: Vec<_> = all
            .into_iter()
            .map(|(purpose, x)| (Purpose(purpose), sign * x))
            .collect();
        list.push((own, rest));
        value.rewrite(&mut |e| {
            let from = match e {
                Expr::Draw(dist, args, _) => Distribution::Dist(*dist, std::mem::take(args)),
                Expr::Law(law, _) => Distribution::Law(law.clone()),
                _ => return,
            };
            let scores = list.clone();
            *e = Expr::Correlated(Box::new(Correlated { from, scores }));
        });
        Some(value)
    }

    /// The scores of another value of the same event or entity.
    fn scores_of(&mut self, other: &str, scope: &Scope, at: &At) -> Option<Scores> {
        let value = match scope.about {
            About::Stream { stream, inside, .. } => {
                let own = &self.units[stream].own;
                let place = own.iter().position(|own| own.name == other);
                let names = own.iter().enumerate().filter(|(i, _)| Some(*i) != inside);
                let names: Vec<String> = names.map(|(_, own)| own.name.clone()).collect();
                let Some(place) = place.filter(|place| Some(*place) != inside) else {
                    let message = format!("`{other}` is no other field or `let` of this stream");
                    let help = suggestion(other, names.iter().map(String::as_str));
                    self.report.error_at_key(at, message, help);
                    return None;
                };
                match self.variable(stream, place) {
                    Ok(Some(typed)) => typed.expr,
                    Ok(None) | Err(_) => return None,
                }
            }
            About::Entity { kind, .. } => {
                let kind = &self.kinds[kind];
                let Some(value) = kind.values.get(other) else {
                    let known = kind.values.keys().map(String::as_str);
                    let help = suggestion(other, known);
                    let message = format!(
                        "`{other}` is not an attribute of {} that stands above",
                        kind.name
                    );
                    self.report.error_at_key(at, message, help);
                    return None;
                };
                value.clone()
            }
            About::Row(_) => return None,
        };
        let Some((scores, _)) = the_draw(&value) else {
            let message = format!(
                "`{other}` is not made of one draw of a number, so nothing can go together with it"
            );
            let help = "name a value that is one draw, such as 'normal(10, 2)'";
            self.report.error_at_key(at, message, Some(help.into()));
            return None;
        };
        let sign = sign_of(&value);
        let scores = scores
            .into_iter()
            .map(|(purpose, factor)| (purpose.0, sign * factor));
        Some(scores.collect())
    }
}

/// The scores and the purpose of the only draw of which a value is made, if there is only one, of a number.
fn the_draw(value: &Expr) -> Option<(Vec<(Purpose, f64)>, Purpose)> {
    let (mut count, mut found) = (0, None);
    value.visit(&mut |e| {
        count += u32::from(draws(e));
        match e {
            Expr::Draw(_, _, purpose) | Expr::Law(_, purpose) => {
                found = Some((vec![(*purpose, 1.0)], *purpose));
            }
            Expr::Correlated(correlated) => {
                let own = correlated.scores.last();
                found = own.map(|(own, _)| (correlated.scores.clone(), *own));
            }
            _ => {}
        }
    });
    found.filter(|_| count == 1)
}

/// -1 where the values fall as the uniform number rises: true lies below the probability.
fn sign_of(value: &Expr) -> f64 {
    let truth = |dist: &Dist| dist.signature().values == Yield::Truth;
    let falls = |e: &Expr| match e {
        Expr::Draw(dist, ..) => truth(dist),
        Expr::Correlated(correlated) => match &correlated.from {
            Distribution::Dist(dist, _) => truth(dist),
            Distribution::Law(_) => false,
        },
        _ => false,
    };
    if value.any(falls) { -1.0 } else { 1.0 }
}

/// The factors of scores with which a sum of them has the correlations wanted with each, and what is left for a score of its own; none where there are none.
fn combine(scores: &[Scores], wanted: &[f64]) -> Option<(Vec<f64>, f64)> {
    let product = |a: &Scores, b: &Scores| -> f64 {
        a.iter()
            .map(|(purpose, x)| x * b.get(purpose).unwrap_or(&0.0))
            .sum()
    };
    let rows = scores.iter().zip(wanted).map(|(a, wanted)| {
        let row = scores.iter().map(|b| product(a, b));
        row.chain([*wanted]).collect()
    });
    let factors = solved(rows.collect())?;
    let explained: f64 = factors
        .iter()
        .zip(wanted)
        .map(|(factor, wanted)| factor * wanted)
        .sum();
    (explained <= 1.0 + ROUNDING).then(|| (factors, (1.0 - explained).max(0.0).sqrt()))
}

/// What solves linear equations, whose right sides stand last; none where they depend on one another.
fn solved(mut rows: Vec<Vec<f64>>) -> Option<Vec<f64>> {
    let count = rows.len();
    for at in 0..count {
        let greatest =
            (at..count).max_by(|&a, &b| rows[a][at].abs().total_cmp(&rows[b][at].abs()))?;
        rows.swap(at, greatest);
        if rows[at][at].abs() < ROUNDING {
            return None;
        }
        let pivot = rows[at].clone();
        let others = rows
            .iter_mut()
            .enumerate()
            .filter(|(other, _)| *other != at);
        for (_, row) in others {
            let factor = row[at] / pivot[at];
            row.iter_mut()
                .zip(&pivot)
                .for_each(|(x, y)| *x -= factor * y);
        }
    }
    Some(
        (0..count)
            .map(|at| rows[at][count] / rows[at][at])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_score_has_the_correlations_asked_for_and_a_variance_of_1() {
        let (a, b) = (Scores::from([(1, 1.0)]), Scores::from([(1, 0.6), (2, 0.8)]));
        let (factors, rest) = combine(&[a, b], &[0.5, -0.2]).expect("they can be");
        // The sum is x times the first score, y times the second, and the rest.
        let (x, y) = (factors[0] + 0.6 * factors[1], 0.8 * factors[1]);
        assert!((x - 0.5).abs() < 1e-12 && (0.6 * x + 0.8 * y + 0.2).abs() < 1e-12);
        assert!((x * x + y * y + rest * rest - 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_is_told() {
        let (a, b) = (Scores::from([(1, 1.0)]), Scores::from([(2, 1.0)]));
        assert_eq!(combine(&[a.clone(), b.clone()], &[0.8, 0.8]), None);
        assert_eq!(combine(&[a.clone(), a.clone()], &[0.5, 0.5]), None);
        let (_, rest) = combine(&[a, b], &[0.6, 0.8]).expect("just");
        assert!(rest < 1e-7);
    }
}
