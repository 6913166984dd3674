//! What expressions come to on average, as far as the model tells, and how many events follow from one.

use causeflow_engine::base::sample::Yield;
use causeflow_engine::streams::program::{Binary, Effect, Expr, Gathered, Stream, Unary};

use super::bounds::{bounds, either};

/// How many events an effect leads to on average, at least: what nobody can know before the model is played, such as a
/// condition on state, counts as 0.
pub fn least_children(streams: &[Stream], from: &Stream, effect: &Effect) -> f64 {
    // Nobody may be there whom it reaches.
    if effect.each.is_some() {
        return 0.0;
    }
    let child = &streams[effect.stream];
    let parts = [
        Some(&effect.probability),
        effect.when.as_ref(),
        effect.count.as_ref(),
    ];
    // Two that depend on values of the cause may depend on one another.
    let dependent = |e: &&Expr| !e.slots().is_empty() || e.any(|e| matches!(e, Expr::Happens(_)));
    let alone = parts.iter().flatten().copied().filter(dependent).count() < 2;
    let value = |e: &'_ Expr| match alone {
        true => value_of(from, e),
        false => e.clone(),
    };
    let share = |e: Expr| match bounds(&e) {
        (least, most) if least >= 0.0 && most <= 1.0 => mean(&e).0.max(least),
        (least, _) => least.clamp(0.0, 1.0),
    };
    let probability = share(value(&effect.probability));
    let when = effect.when.as_ref().map_or(1.0, |when| share(value(when)));
    let required = child.requires.as_ref();
    let required = required.map_or(1.0, |requires| share(value_of(child, requires)));
    let count = effect.count.as_ref();
    let count = count.map_or(1.0, |count| least_count(&value(count)));
    probability * when * required * count
}

/// What a slot stands for on a stream's events, if that is all that an expression is.
fn value_of(stream: &Stream, expr: &Expr) -> Expr {
    let variable = match expr {
        Expr::Slot(slot) => stream.variables.iter().find(|v| v.slot == *slot),
        _ => None,
    };
    variable.map_or_else(|| expr.clone(), |variable| variable.value.clone())
}

/// The mean of a count, at least: one that is no whole number is rounded down.
fn least_count(count: &Expr) -> f64 {
    let (least, mean) = (bounds(count).0, mean(count).0);
    match is_whole(count) {
        true => mean.max(least).max(0.0),
        false => (mean - 1.0).max(least.floor()).max(0.0),
    }
}

/// Whether an expression has whole numbers as its values.
pub(super) fn is_whole(expr: &Expr) -> bool {
    match expr {
        Expr::Num(x) => x.fract() == 0.0,
        Expr::Law(law, _) => law.is_whole(),
        Expr::Correlated(correlated) => is_whole(&correlated.alone()),
        Expr::Draw(dist, ..) => match dist.signature().values {
            Yield::Whole | Yield::Truth => true,
            Yield::Measured => false,
        },
        Expr::Unary(op, e) => match op {
            Unary::Floor | Unary::Ceil => true,
            Unary::Round(power) => *power == 1.0,
            Unary::Negate | Unary::Abs => is_whole(e),
            Unary::Not | Unary::Sqrt | Unary::Exp | Unary::Log => false,
        },
        Expr::Binary(op, a, b) => match op {
            Binary::Add
            | Binary::Subtract
            | Binary::Multiply
            | Binary::Rest
            | Binary::Min
            | Binary::Max => is_whole(a) && is_whole(b),
            Binary::Divide | Binary::Power => false,
            Binary::Less
            | Binary::AtMost
            | Binary::Equal
            | Binary::Same
            | Binary::And
            | Binary::Or => true,
        },
        Expr::If(parts) => is_whole(&parts.1) && is_whole(&parts.2),
        Expr::Case(_, cases, otherwise) => {
            cases.iter().all(|(_, e)| is_whole(e)) && is_whole(otherwise)
        }
        Expr::Cell(cells, _) => cells.is_whole(),
        Expr::Date(..) => true,
        Expr::Lines(lines) => lines.gathered == Gathered::Count,
        Expr::Index | Expr::Hour | Expr::Weekday | Expr::Happens(_) => true,
        _ => false,
    }
}

/// Between which numbers the mean of an expression lies, whatever the values on which it depends.
fn mean(expr: &Expr) -> (f64, f64) {
    let scaled = |(low, high): (f64, f64), x: f64| match x < 0.0 {
        true => (high * x, low * x),
        false => (low * x, high * x),
    };
    let of = match expr {
        Expr::Unary(op, e) => match op {
            Unary::Negate => scaled(mean(e), -1.0),
            Unary::Not => {
                let (low, high) = mean(e);
                (1.0 - high, 1.0 - low)
            }
            Unary::Floor | Unary::Ceil | Unary::Round(_) if is_whole(e) => mean(e),
            Unary::Floor
            | Unary::Ceil
            | Unary::Round(_)
            | Unary::Abs
            | Unary::Sqrt
            | Unary::Exp
            | Unary::Log => bounds(expr),
        },
        Expr::Binary(op, a, b) => match op {
            Binary::Add => {
                let ((a, b), (c, d)) = (mean(a), mean(b));
                (a + c, b + d)
            }
            Binary::Subtract => {
                let ((a, b), (c, d)) = (mean(a), mean(b));
                (a - d, b - c)
            }
            Binary::Multiply => match (&**a, &**b) {
                (Expr::Num(x), e) | (e, Expr::Num(x)) => scaled(mean(e), *x),
                _ => bounds(expr),
            },
            Binary::Divide => match **b {
                Expr::Num(x) if x != 0.0 => scaled(mean(a), 1.0 / x),
                _ => bounds(expr),
            },
            Binary::Power
            | Binary::Rest
            | Binary::Min
            | Binary::Max
            | Binary::Less
            | Binary::AtMost
            | Binary::Equal
            | Binary::Same
            | Binary::And
            | Binary::Or => bounds(expr),
        },
        Expr::If(parts) => {
            let (share, (yes, no)) = (mean(&parts.0), (mean(&parts.1), mean(&parts.2)));
            let between = |p: f64| {
                let part = |yes: f64, no: f64| match p {
                    0.0 => no,
                    1.0 => yes,
                    p => p * yes + (1.0 - p) * no,
                };
                (part(yes.0, no.0), part(yes.1, no.1))
            };
            either(
                between(share.0.clamp(0.0, 1.0)),
                between(share.1.clamp(0.0, 1.0)),
            )
        }
        Expr::Case(_, cases, otherwise) => cases
            .iter()
            .fold(mean(otherwise), |all, (_, e)| either(all, mean(e))),
        Expr::Law(law, _) => (law.mean(), law.mean()),
        Expr::Correlated(correlated) => mean(&correlated.alone()),
        Expr::Draw(dist, args, _) => {
            let args: Vec<(f64, f64)> = args.iter().map(mean).collect();
            dist.mean(&args).unwrap_or_else(|| bounds(expr))
        }
        _ => bounds(expr),
    };
    // Infinite bounds may have cancelled each other.
    match of.0.is_nan() || of.1.is_nan() {
        true => bounds(expr),
        false => of,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use causeflow_engine::base::draw::purpose;
    use causeflow_engine::base::sample::Dist;
    use causeflow_engine::streams::program::Slot;

    fn draw(dist: Dist, args: &[f64]) -> Expr {
        let args: Vec<Expr> = args.iter().map(|&x| Expr::Num(x)).collect();
        Expr::Draw(dist, args, purpose("x"))
    }

    #[test]
    fn means_follow_from_the_parts_that_have_one() {
        let sum = |a, b| Expr::Binary(Binary::Add, Box::new(a), Box::new(b));
        let one = sum(
            draw(Dist::Geometric, &[0.5]),
            draw(Dist::Bernoulli, &[0.25]),
        );
        assert_eq!(mean(&one), (0.75, 0.75));
        let chance = (
            draw(Dist::Bernoulli, &[0.4]),
            Expr::Num(3.0),
            Expr::Num(0.0),
        );
        let (low, high) = mean(&Expr::If(Box::new(chance)));
        assert!((low - 1.2).abs() < 1e-12 && low == high);
        let unknown = (Expr::Slot(Slot(0)), Expr::Num(2.0), Expr::Num(0.0));
        assert_eq!(mean(&Expr::If(Box::new(unknown))), (0.0, 2.0));
        let law = Dist::Poisson.law(&[1.5]).expect("a table");
        assert!((mean(&Expr::Law(law, purpose("x"))).0 - 1.5).abs() < 1e-9);
    }

    #[test]
    fn counts_that_are_not_whole_are_rounded_down() {
        assert_eq!(least_count(&draw(Dist::Uniform, &[1.2, 1.8])), 1.0);
        assert_eq!(least_count(&draw(Dist::Uniform, &[0.0, 5.0])), 1.5);
        assert_eq!(least_count(&draw(Dist::Integer, &[0.0, 5.0])), 2.5);
    }
}
