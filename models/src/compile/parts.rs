//! Parts of a number that is divided by chance: a multinomial draw.
//!
//! The parts stand in the order of their names. Each sum of the first parts is a binomial draw from the next greater sum, so each part is the difference of
//! two draws that all parts have in common: they add up exactly, whichever of them are read, and where.

use causeflow_engine::base::draw::{Purpose, purpose};
use causeflow_engine::base::sample::Dist;
use causeflow_engine::streams::program::{Binary, Expr, Unary};

use super::Compiler;
use super::lower::{About, Scope};
use super::types::{Ty, Typed};
use crate::definition::{Expression, PartDef, ValueDef};
use crate::diagnostic::number;

/// Most parts of a number.
const MOST_PARTS: usize = 100;

/// Those values that are parts: (of what, name, weight).
pub(super) fn parts_of<'a>(
    values: impl Iterator<Item = (&'a String, &'a ValueDef)>,
) -> Vec<(String, String, f64)> {
    let part = |(name, value): (&String, &ValueDef)| match value {
        ValueDef::Long(long) => {
            let part = long.part.as_ref()?;
            Some((part.of.0.trim().to_owned(), name.clone(), part.weight))
        }
        ValueDef::Short(_) => None,
    };
    values.filter_map(part).collect()
}

/// Whether an expression draws anything itself.
pub(super) fn draws(e: &Expr) -> bool {
    matches!(
        e,
        Expr::Draw(..)
            | Expr::Law(..)
            | Expr::Correlated(_)
            | Expr::Choice(..)
            | Expr::Pick(..)
            | Expr::PickWhere(_)
            | Expr::PickIf(..)
            | Expr::Appointment(..)
    )
}

impl Compiler {
    pub(super) fn part(&mut self, part: &PartDef, scope: &Scope, name: &str) -> Option<Typed> {
        let (beside, owner) = self.parts_beside(scope);
        let Expression(of) = &part.of;
        let of = of.trim();
        let mut parts: Vec<(String, f64)> = beside
            .into_iter()
            .filter(|(whole, ..)| whole == of)
            .map(|(_, name, weight)| (name, weight))
            .collect();
        parts.sort_by(|a, b| a.0.cmp(&b.0));
        let total = self.total(of, scope)?;
        let Some(place) = parts.iter().position(|part| part.0 == name) else {
            let message = "a `part` stands by itself, not in a case";
            self.report.certain_error(&scope.at, message, None);
            return None;
        };
        if parts.len() > MOST_PARTS {
            let message = format!(
                "`{of}` has {} parts, at most {MOST_PARTS} are possible",
                parts.len()
            );
            self.report.certain_error(&scope.at, message, None);
            return None;
        }
        if !(part.weight >= 0.0 && part.weight.is_finite()) {
            let message = format!(
                "found the weight {}, expected 0 or more",
                number(part.weight)
            );
            self.report
                .certain_error(&scope.at.key("weight"), message, None);
            return None;
        }
        let all: f64 = parts.iter().map(|part| part.1).sum();
        if !(all > 0.0 && all.is_finite()) {
            let message = format!(
                "the weights of the parts of `{of}` add up to {}, expected more than 0",
                number(all)
            );
            self.report
                .certain_error(&scope.at.key("weight"), message, None);
            return None;
        }
        // How much lies before each part, and what the draw between the two is for.
        let before = |at: usize| parts[..at].iter().map(|part| part.1).sum::<f64>();
        let earlier = |at: usize, sum: Expr| -> Expr {
            let share = before(at) / (before(at) + parts[at].1).max(f64::MIN_POSITIVE);
            let purpose: Purpose = purpose(&format!("{owner}/{of}/part/{}", parts[at].0));
            Expr::Draw(Dist::Binomial, vec![sum, Expr::Num(share)], purpose)
        };
        let sum = (place + 1..parts.len())
            .rev()
            .fold(total, |sum, at| earlier(at, sum));
        if place == 0 {
            return Some(Typed::new(sum, Ty::Number));
        }
        let first = earlier(place, sum.clone());
        let difference = Expr::Binary(Binary::Subtract, Box::new(sum), Box::new(first));
        Some(Typed::new(not_below_0(difference), Ty::Number))
    }

    /// The number that is divided.
    fn total(&mut self, of: &str, scope: &Scope) -> Option<Expr> {
        let at = scope.at.key("of");
        let total = self.expression_of(of, &mut scope.at(at.clone()), &[Ty::Number])?;
        if total.expr.any(draws) {
            let message =
                "each part would draw a number of its own here, and they would not add up";
            let help =
                "make it a field, a `let` or an attribute of its own, and write its name here";
            self.report.certain_error(&at, message, Some(help.into()));
            return None;
        }
        Some(Expr::Unary(Unary::Floor, Box::new(not_below_0(total.expr))))
    }

    /// The parts that stand beside one, and the name of whom they are about.
    fn parts_beside(&self, scope: &Scope) -> (Vec<(String, String, f64)>, String) {
        match scope.about {
            About::Stream { stream, .. } => {
                let unit = &self.units[stream];
                let own = unit.own.iter();
                let own = own.filter_map(|own| Some((&own.name, own.definition.as_ref()?)));
                (parts_of(own), unit.name.clone())
            }
            About::Entity { kind, .. } => {
                let kind = &self.kinds[kind];
                (kind.parts.clone(), kind.name.clone())
            }
            About::Row(_) => (Vec::new(), String::new()),
        }
    }
}

fn not_below_0(e: Expr) -> Expr {
    Expr::Binary(Binary::Max, Box::new(e), Box::new(Expr::Num(0.0)))
}
