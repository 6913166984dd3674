//! The least and the greatest value that an expression can have, as far as the model tells.

use causeflow_engine::base::rounding::round_even;
use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::{
    Binary, DatePart, Expr, Gathered, MAX_COUNT, Midnight, Question, Unary, Working,
};

/// (least, greatest); infinite where nothing bounds the value.
pub fn bounds(expr: &Expr) -> (f64, f64) {
    const ANY: (f64, f64) = (f64::NEG_INFINITY, f64::INFINITY);
    match expr {
        Expr::Num(x) => (*x, *x),
        Expr::Unary(op, e) => {
            let (low, high) = bounds(e);
            match op {
                Unary::Negate => (-high, -low),
                Unary::Not => (0.0, 1.0),
                Unary::Abs if low >= 0.0 => (low, high),
                Unary::Abs => (0.0, high.max(-low)),
                // Rounding keeps the order of numbers.
                Unary::Floor => (down(low), down(high)),
                Unary::Ceil => (-down(-low), -down(-high)),
                Unary::Round(power) => (rounded(low, *power), rounded(high, *power)),
                Unary::Sqrt | Unary::Exp => (0.0, f64::INFINITY),
                Unary::Log => ANY,
            }
        }
        Expr::Binary(op, a, b) => {
            let ((a, b), (c, d)) = (bounds(a), bounds(b));
            match op {
                Binary::Add => (a + c, b + d),
                Binary::Subtract => (a - d, b - c),
                Binary::Multiply if a >= 0.0 && c >= 0.0 => (a * c, product(b, d)),
                Binary::Divide if c == d && c > 0.0 => (a / c, b / c),
                Binary::Min => (a.min(c), b.min(d)),
                Binary::Max => (a.max(c), b.max(d)),
                Binary::Less
                | Binary::AtMost
                | Binary::Equal
                | Binary::Same
                | Binary::And
                | Binary::Or => (0.0, 1.0),
                Binary::Rest if c > 0.0 => (0.0, d),
                Binary::Multiply | Binary::Divide | Binary::Rest | Binary::Power => ANY,
            }
        }
        Expr::If(parts) => either(bounds(&parts.1), bounds(&parts.2)),
        Expr::Case(_, cases, otherwise) => cases
            .iter()
            .fold(bounds(otherwise), |all, (_, e)| either(all, bounds(e))),
        Expr::Law(law, _) => law.range(),
        Expr::Correlated(correlated) => bounds(&correlated.alone()),
        Expr::Draw(dist, args, _) => dist.range(&args.iter().map(bounds).collect::<Vec<_>>()),
        Expr::Age(..) | Expr::Index | Expr::Hour | Expr::Weekday | Expr::RateFactor(_) => {
            (0.0, f64::INFINITY)
        }
        Expr::Date(DatePart::Month, _) => (0.0, 12.0),
        Expr::Date(DatePart::Day, _) => (0.0, 31.0),
        Expr::Cell(cells, _) => cells.range().unwrap_or(ANY),
        Expr::Lines(lines) if lines.gathered == Gathered::Count => (0.0, MAX_COUNT),
        Expr::Happens(_) | Expr::Utilisation(_) => (0.0, 1.0),
        Expr::AtWork(at) if at.asked == Working::Is => (0.0, 1.0),
        Expr::Lookup(lookup) => match lookup.question {
            Question::Free => (0.0, 1.0),
            Question::Nearest => {
                let [preferred, earliest, latest] = [0, 2, 3].map(|at| bounds(&lookup.args[at]));
                either(preferred, (earliest.0, latest.1))
            }
            Question::CountFree | Question::CountUnreserved => (0.0, f64::INFINITY),
        },
        _ => ANY,
    }
}

/// How long after an event a time lies at least, if it is worked out on that event; less than nothing where that is not
/// known.
pub fn least_after(time: &Expr) -> f64 {
    /// A day is an hour longer where clocks go back.
    const LONGEST_DAY: f64 = 25.0 * Span::HOUR.0 as f64;
    match time {
        Expr::Time => 0.0,
        Expr::DayStart(e) => least_after(e) - LONGEST_DAY,
        // The next midnight at least, which clocks may show an hour before.
        Expr::Midnight(Midnight::MonthEnd | Midnight::Next(_), parts) => {
            least_after(&parts.0) - Span::HOUR.0 as f64
        }
        Expr::Midnight(Midnight::Workday(_), parts) if bounds(&parts.1).0 >= 1.0 => {
            least_after(&parts.0) - Span::HOUR.0 as f64
        }
        Expr::Midnight(Midnight::Workday(_), parts) if bounds(&parts.1).0 >= 0.0 => {
            least_after(&parts.0) - LONGEST_DAY
        }
        Expr::AtWork(at) => {
            let earliest = least_after(&at.time) - Span::HOUR.0 as f64;
            match at.asked {
                Working::After => earliest + bounds(&at.other).0.max(0.0),
                Working::Day if bounds(&at.other).0 >= 1.0 => earliest,
                Working::Day if bounds(&at.other).0 >= 0.0 => least_after(&at.time) - LONGEST_DAY,
                _ => f64::NEG_INFINITY,
            }
        }
        // The hour by which a day may be longer or shorter is in that.
        Expr::OnClock(e) => least_after(e),
        Expr::Binary(Binary::Add, a, b) => {
            (least_after(a) + bounds(b).0).max(least_after(b) + bounds(a).0)
        }
        Expr::Binary(Binary::Subtract, a, b) => least_after(a) - bounds(b).1,
        Expr::Binary(Binary::Max, a, b) => least_after(a).max(least_after(b)),
        Expr::Binary(Binary::Min, a, b) => least_after(a).min(least_after(b)),
        Expr::If(parts) => least_after(&parts.1).min(least_after(&parts.2)),
        _ => f64::NEG_INFINITY,
    }
}

fn down(x: f64) -> f64 {
    let near = round_even(x);
    if near > x { near - 1.0 } else { near }
}

fn rounded(x: f64, power: f64) -> f64 {
    match x.is_finite() {
        true => round_even(x * power) / power,
        false => x,
    }
}

fn product(x: f64, y: f64) -> f64 {
    if x == 0.0 || y == 0.0 { 0.0 } else { x * y }
}

pub(super) fn either(a: (f64, f64), b: (f64, f64)) -> (f64, f64) {
    (a.0.min(b.0), a.1.max(b.1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use causeflow_engine::base::draw::purpose;
    use causeflow_engine::base::sample::Dist;
    use causeflow_engine::streams::program::Slot;

    #[test]
    fn sums_and_draws_are_bounded_by_their_parts() {
        let draw = Expr::Draw(
            Dist::Uniform,
            vec![Expr::Num(2.0), Expr::Num(5.0)],
            purpose("x"),
        );
        assert_eq!(bounds(&draw), (2.0, 5.0));
        let sum = Expr::Binary(
            Binary::Add,
            Box::new(draw.clone()),
            Box::new(Expr::Num(1.0)),
        );
        assert_eq!(bounds(&sum), (3.0, 6.0));
        let low = Expr::Binary(Binary::Min, Box::new(draw), Box::new(Expr::Slot(Slot(0))));
        assert_eq!(bounds(&low), (f64::NEG_INFINITY, 5.0));
    }
}
