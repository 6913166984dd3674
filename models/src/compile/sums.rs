//! What the probabilities of an outcome group add up to, where they are expressions.
//!
//! Each is taken apart into a constant and multiples of parts that are known only when an event happens, once for each
//! way in which the conditions in all of them can come out. What is left of the parts in the sum decides.

use std::collections::BTreeMap;

use causeflow_engine::streams::program::{Binary, Expr, Unary};

use super::bounds::bounds;

/// What is known of a sum that is to be 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sum {
    /// It is 1.
    One,
    /// It is not: what it is, from the least to the greatest.
    Other(Vec<(f64, f64)>),
    /// It depends on what happens.
    Open,
}

/// Rounding in sums of a few numbers is less than this.
pub(super) const ROUNDING: f64 = 1e-9;
/// Most ways in which conditions come out that are looked at.
const MOST_WAYS: usize = 256;

/// What some expressions add up to.
pub(super) fn sum<'e>(members: impl Iterator<Item = &'e Expr> + Clone) -> Sum {
    let mut forks: BTreeMap<String, Vec<Way>> = BTreeMap::new();
    members.clone().for_each(|e| find_forks(e, &mut forks));
    let ways: usize = forks.values().map(Vec::len).product();
    if ways > MOST_WAYS {
        return Sum::Open;
    }
    let mut wrong = Vec::new();
    let mut right = 0;
    for way in 0..ways {
        let mut rest = way;
        let chosen = forks.iter().map(|(fork, ways)| {
            let way = ways[rest % ways.len()];
            rest /= ways.len();
            (fork.as_str(), way)
        });
        let chosen: BTreeMap<&str, Way> = chosen.collect();
        let mut total = Linear::default();
        for e in members.clone() {
            total.add(&linear(e, &chosen), 1.0);
        }
        let (low, high) = total.range();
        if low > 1.0 + ROUNDING || high < 1.0 - ROUNDING {
            wrong.push((low, high));
        } else if total.is_constant() {
            right += 1;
        }
    }
    // Several conditions may never come out in some way together: a way is certain where there is one condition, or
    // where all of them are the same.
    let certain = forks.len() < 2 || wrong.len() == ways;
    wrong.sort_by(|a, b| a.0.total_cmp(&b.0));
    wrong.dedup();
    match wrong.is_empty() {
        true if right == ways => Sum::One,
        false if certain => Sum::Other(wrong),
        _ => Sum::Open,
    }
}

/// A way in which a condition, or a text on which cases depend, comes out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Holds(bool),
    /// A case's text; none for all others.
    Is(Option<u16>),
}

fn name(e: &Expr) -> String {
    format!("{e:?}")
}

fn find_forks(e: &Expr, forks: &mut BTreeMap<String, Vec<Way>>) {
    e.visit(&mut |e| match e {
        Expr::If(parts) => {
            let ways = vec![Way::Holds(false), Way::Holds(true)];
            forks.insert(name(&parts.0), ways);
        }
        Expr::Case(selector, cases, _) => {
            let ways = forks.entry(name(selector)).or_insert(vec![Way::Is(None)]);
            for (code, _) in cases {
                let way = Way::Is(Some(*code));
                if !ways.contains(&way) {
                    ways.push(way);
                }
            }
        }
        _ => {}
    });
}

/// A constant, and multiples of parts that are told apart by how they are worked out.
#[derive(Default)]
struct Linear {
    constant: f64,
    parts: BTreeMap<String, (f64, (f64, f64))>,
}

impl Linear {
    fn add(&mut self, other: &Linear, factor: f64) {
        self.constant += other.constant * factor;
        for (name, (times, bounds)) in &other.parts {
            self.parts.entry(name.clone()).or_insert((0.0, *bounds)).0 += times * factor;
        }
    }

    fn left(&self) -> impl Iterator<Item = &(f64, (f64, f64))> {
        self.parts
            .values()
            .filter(|(times, _)| times.abs() > ROUNDING)
    }

    fn is_constant(&self) -> bool {
        self.left().next().is_none()
    }

    fn range(&self) -> (f64, f64) {
        let (mut low, mut high) = (self.constant, self.constant);
        for &(times, (least, most)) in self.left() {
            let ends = [times * least, times * most];
            low += ends[0].min(ends[1]);
            high += ends[0].max(ends[1]);
        }
        (low, high)
    }
}

fn linear(e: &Expr, chosen: &BTreeMap<&str, Way>) -> Linear {
    let constant = |constant| Linear {
        constant,
        ..Linear::default()
    };
    let sum = |a: &Expr, b: &Expr, factor| {
        let mut sum = linear(a, chosen);
        sum.add(&linear(b, chosen), factor);
        sum
    };
    let times = |e: &Expr, factor| {
        let mut product = constant(0.0);
        product.add(&linear(e, chosen), factor);
        product
    };
    let part = || Linear {
        constant: 0.0,
        parts: [(name(e), (1.0, bounds(e)))].into(),
    };
    match e {
        Expr::Num(x) => constant(*x),
        Expr::If(parts) => match chosen.get(&name(&parts.0)[..]) {
            Some(Way::Holds(true)) => linear(&parts.1, chosen),
            _ => linear(&parts.2, chosen),
        },
        Expr::Case(selector, cases, otherwise) => {
            let way = chosen.get(&name(selector)[..]);
            let case = cases
                .iter()
                .find(|(code, _)| way == Some(&Way::Is(Some(*code))));
            linear(case.map_or(otherwise, |(_, e)| e), chosen)
        }
        Expr::Unary(Unary::Negate, e) => times(e, -1.0),
        Expr::Binary(Binary::Add, a, b) => sum(a, b, 1.0),
        Expr::Binary(Binary::Subtract, a, b) => sum(a, b, -1.0),
        Expr::Binary(op @ (Binary::Multiply | Binary::Divide), a, b) => {
            let (a, b) = (linear(a, chosen), linear(b, chosen));
            let mut product = constant(0.0);
            match (op, a.is_constant(), b.is_constant()) {
                (Binary::Multiply, true, _) => product.add(&b, a.constant),
                (Binary::Multiply, _, true) => product.add(&a, b.constant),
                (Binary::Divide, _, true) if b.constant != 0.0 => product.add(&a, 1.0 / b.constant),
                _ => return part(),
            }
            product
        }
        _ => part(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use causeflow_engine::base::draw::purpose;
    use causeflow_engine::base::sample::Dist;
    use causeflow_engine::streams::program::Slot;

    fn draw(low: f64, high: f64) -> Expr {
        Expr::Draw(
            Dist::Uniform,
            vec![Expr::Num(low), Expr::Num(high)],
            purpose("x"),
        )
    }

    fn choose(slot: u16, yes: f64, no: f64) -> Expr {
        let slot = Expr::Slot(Slot(slot));
        Expr::If(Box::new((slot, Expr::Num(yes), Expr::Num(no))))
    }

    fn rest(e: Expr) -> Expr {
        Expr::Binary(Binary::Subtract, Box::new(Expr::Num(1.0)), Box::new(e))
    }

    fn of(members: &[Expr]) -> Sum {
        sum(members.iter())
    }

    #[test]
    fn parts_cancel_and_conditions_come_out_together() {
        assert_eq!(of(&[draw(0.0, 1.0), rest(draw(0.0, 1.0))]), Sum::One);
        assert_eq!(of(&[choose(0, 0.3, 0.6), choose(0, 0.7, 0.4)]), Sum::One);
        let night = of(&[choose(0, 0.7, 0.2), choose(0, 0.7, 0.2)]);
        assert_eq!(night, Sum::Other(vec![(0.4, 0.4), (1.4, 1.4)]));
        assert_eq!(
            of(&[choose(0, 0.3, 0.6), Expr::Num(0.4)]),
            Sum::Other(vec![(0.7, 0.7)])
        );
        let low = of(&[draw(0.0, 0.4), draw(0.0, 0.4)]);
        assert_eq!(low, Sum::Other(vec![(0.0, 0.8)]));
    }

    #[test]
    fn what_depends_on_what_happens_is_open() {
        assert_eq!(of(&[draw(0.0, 1.0), Expr::Num(0.5)]), Sum::Open);
        // The second condition may be the first one's opposite.
        assert_eq!(of(&[choose(0, 0.3, 0.6), choose(1, 0.4, 0.7)]), Sum::Open);
    }
}
