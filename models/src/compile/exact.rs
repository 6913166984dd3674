//! Exact numbers in expressions: which of them go together, how many decimals come out, and where they are rounded.
//!
//! Sums, differences and products are exact: they have as many decimals as it takes. A quotient is a number, unless it is taken for an exact
//! number at once; then it is the exact quotient, rounded once. Numbers as they are written count as exact wherever that keeps the rest
//! exact; any other number makes a number of it all.

use std::ops::Range;

use causeflow_engine::base::exact::{Digits, rescaled};
use causeflow_engine::streams::program::{Binary, ExactBinary, ExactUnary, Expr, Unary};

use super::Compiler;
use super::arithmetic::Arithmetic;
use super::lower::Scope;
use super::report::At;
use super::types::{Ty, Typed};
use crate::definition::{CounterDef, NumberType, TypeName};
use crate::diagnostic::shortened;
use crate::syntax::{Ast, Operator};

/// Most decimals that a product may come to: what it is in is then up to nine million millions.
const MOST_DECIMALS: u8 = 12;

/// Most decimals of a number as it is written that counts as exact.
const MOST_WRITTEN: u8 = 9;

/// What an operator comes to.
pub(super) enum Operated {
    /// An exact number, or a comparison of such; none where it is refused.
    Exact(Option<Typed>),
    /// Something else, of these two.
    Plain(Typed, Typed),
}

/// A number as it is written, as an exact one: in units of its last decimal, and how many there are.
fn written(expr: &Expr) -> Option<(i64, u8)> {
    let Expr::Num(x) = expr else {
        return None;
    };
    // The fewest digits that tell it from all others, which are those that somebody wrote.
    let text = x.to_string();
    let decimals = text
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let scale = u8::try_from(decimals).ok().filter(|&s| s <= MOST_WRITTEN)?;
    Some((Digits::with_scale(scale).parse(&text)?, scale))
}

/// An exact number, or one as it is written, with its decimals.
fn exact_or_written(typed: &Typed) -> Option<(Expr, u8)> {
    match typed.ty {
        Ty::Exact(scale) => Some((typed.expr.clone(), scale)),
        Ty::Number => written(&typed.expr).map(|(units, scale)| (Expr::Exact(units), scale)),
        _ => None,
    }
}

fn unary(op: ExactUnary, e: Expr) -> Expr {
    Expr::ExactUnary(op, Box::new(e))
}

fn binary(op: ExactBinary, a: Expr, b: Expr) -> Expr {
    Expr::ExactBinary(op, Box::new(a), Box::new(b))
}

/// An exact number with other decimals.
fn with_decimals(expr: Expr, from: u8, to: u8) -> Expr {
    let more = to.cast_signed() - from.cast_signed();
    match (more, &expr) {
        (0, _) => expr,
        (_, Expr::Exact(units)) if let Some(units) = rescaled(*units, more) => Expr::Exact(units),
        _ => unary(ExactUnary::Rescale(more), expr),
    }
}

/// All of them with as many decimals as the one that has most, if all are exact or as they are written.
fn aligned<'a>(parts: impl Iterator<Item = &'a Typed>) -> Option<(Vec<Expr>, u8)> {
    let parts: Vec<(Expr, u8)> = parts.map(exact_or_written).collect::<Option<_>>()?;
    let scale = parts.iter().map(|part| part.1).max()?;
    let parts = parts.into_iter();
    Some((
        parts
            .map(|(expr, from)| with_decimals(expr, from, scale))
            .collect(),
        scale,
    ))
}

/// The exact number that a quotient is, if each of its parts is one or stands as it is written.
fn quotient(expr: &Expr, scale: u8) -> Option<Expr> {
    let part = |e: &Expr| match e {
        Expr::ExactUnary(ExactUnary::ToNumber(scale), inner) => Some(((**inner).clone(), *scale)),
        written_out => written(written_out).map(|(units, scale)| (Expr::Exact(units), scale)),
    };
    let Expr::Binary(Binary::Divide, a, b) = expr else {
        return None;
    };
    let ((a, of_a), (b, of_b)) = (part(a)?, part(b)?);
    let more = (scale + of_b).cast_signed() - of_a.cast_signed();
    Some(binary(ExactBinary::Divide(more), a, b))
}

/// A number as an exact one with so many decimals, rounded to the nearest.
pub(super) fn exact_of(typed: Typed, scale: u8) -> Expr {
    match typed.ty {
        Ty::Exact(from) => with_decimals(typed.expr, from, scale),
        _ => match (written(&typed.expr), quotient(&typed.expr, scale)) {
            (Some((units, from)), _) => with_decimals(Expr::Exact(units), from, scale),
            (None, Some(quotient)) => quotient,
            (None, None) => unary(ExactUnary::OfNumber(scale), typed.expr),
        },
    }
}

/// An exact number as a number; anything else as it is.
pub(super) fn as_number(typed: Typed) -> Typed {
    match typed.ty {
        Ty::Exact(scale) => Typed::new(unary(ExactUnary::ToNumber(scale), typed.expr), Ty::Number),
        _ => typed,
    }
}

/// An exact number that may have no more digits. What another value is stays as it is.
pub(super) fn within(expr: Expr, digits: Digits) -> Expr {
    match expr {
        Expr::Exact(units) if digits.hold(units) => expr,
        _ if digits == Digits::WHOLE => expr,
        _ => unary(ExactUnary::Within(digits), expr),
    }
}

/// Minus an exact number.
pub(super) fn negated(expr: Expr) -> Expr {
    unary(ExactUnary::Negate, expr)
}

/// Gives values that stand for one another the same type, where some of them are exact: that of the one with most decimals,
/// or a number.
pub(super) fn reconcile(parts: &mut [Typed]) {
    if !parts.iter().any(|part| matches!(part.ty, Ty::Exact(_))) {
        return;
    }
    match aligned(parts.iter()) {
        Some((exprs, scale)) => {
            for (part, expr) in parts.iter_mut().zip(exprs) {
                *part = Typed::new(expr, Ty::Exact(scale));
            }
        }
        None => {
            for part in parts {
                *part = as_number(part.clone());
            }
        }
    }
}

impl Compiler {
    /// The type of a name, which is refused if it is none.
    pub(super) fn number_type(&mut self, name: &TypeName, at: &At) -> Option<NumberType> {
        let number_type = name.number_type();
        if number_type.is_none() {
            let message = format!(
                "found the type `{}`, expected int, float, bigint or decimal(digits, decimals)",
                shortened(&name.0)
            );
            let help = match name.0.starts_with("decimal") {
                true => "write it as decimal(12, 2): 1 to 18 digits, of which so many are decimals, in quotes within braces".to_owned(),
                false => "leave `type` out if it is not a number".to_owned(),
            };
            self.report.certain_error(at, message, Some(help));
        }
        number_type
    }

    /// The digits of a counter, if it counts exact numbers.
    pub(super) fn digits_of_counter(&mut self, counter: &CounterDef, at: &At) -> Option<Digits> {
        let CounterDef::Long(long) = counter else {
            return None;
        };
        match self.number_type(&long.r#type, &at.key("type"))? {
            NumberType::Exact(digits) if digits.fit_a_float() => Some(digits),
            NumberType::Exact(digits) => {
                let message = format!("a counter has at most 15 digits, found {digits}");
                let help = format!("write `decimal(15, {})`", digits.scale());
                self.report.error(&at.key("type"), message, Some(help));
                None
            }
            NumberType::Float => None,
            NumberType::Int => {
                let message = "a counter counts exact numbers or floats";
                let help = "write `decimal(15, 0)` for whole numbers";
                self.report
                    .error(&at.key("type"), message, Some(help.into()));
                None
            }
        }
    }

    /// An operator between two parts, if it is one of exact numbers.
    pub(super) fn exact(
        &mut self,
        op: Operator,
        (left, right): (Typed, Typed),
        span: &Range<usize>,
        scope: &Scope,
    ) -> Operated {
        let is_exact = |part: &Typed| matches!(part.ty, Ty::Exact(_));
        let counts = |part: &Typed| is_exact(part) || matches!(part.ty, Ty::Number | Ty::Span);
        if !(is_exact(&left) || is_exact(&right)) || !(counts(&left) && counts(&right)) {
            return Operated::Plain(left, right);
        }
        let parts = (exact_or_written(&left), exact_or_written(&right));
        let ((a, of_a), (b, of_b)) = match (op, parts) {
            (Operator::Over | Operator::And | Operator::Or, _) | (_, (None, _) | (_, None)) => {
                return Operated::Plain(as_number(left), as_number(right));
            }
            (_, (Some(a), Some(b))) => (a, b),
        };
        if op == Operator::Times {
            let scale = of_a + of_b;
            if scale > MOST_DECIMALS {
                let message = format!(
                    "this product would have {scale} decimals, at most {MOST_DECIMALS} are possible"
                );
                let help = "round one of the two first, such as `round(x, 4)`";
                self.report
                    .error_in(&scope.at, span, message, Some(help.into()));
                return Operated::Exact(None);
            }
            let product = binary(ExactBinary::Multiply, a, b);
            return Operated::Exact(Some(Typed::new(product, Ty::Exact(scale))));
        }
        let scale = of_a.max(of_b);
        let (a, b) = (with_decimals(a, of_a, scale), with_decimals(b, of_b, scale));
        let same = |a: Expr, b: Expr| Expr::Binary(Binary::Same, Box::new(a), Box::new(b));
        let (expr, ty) = match op {
            Operator::Plus => (binary(ExactBinary::Add, a, b), Ty::Exact(scale)),
            Operator::Minus => (binary(ExactBinary::Subtract, a, b), Ty::Exact(scale)),
            Operator::Less => (binary(ExactBinary::Less, a, b), Ty::Bool),
            Operator::AtMost => (binary(ExactBinary::AtMost, a, b), Ty::Bool),
            Operator::Greater => (binary(ExactBinary::Less, b, a), Ty::Bool),
            Operator::AtLeast => (binary(ExactBinary::AtMost, b, a), Ty::Bool),
            Operator::Equal => (same(a, b), Ty::Bool),
            Operator::NotEqual => (Expr::Unary(Unary::Not, Box::new(same(a, b))), Ty::Bool),
            Operator::Times | Operator::Over | Operator::And | Operator::Or => {
                return Operated::Plain(as_number(left), as_number(right));
            }
        };
        Operated::Exact(Some(Typed::new(expr, ty)))
    }

    /// A function of numbers on values of which some are exact, if it keeps them exact.
    pub(super) fn exact_arithmetic(&self, function: Arithmetic, values: &[Typed]) -> Option<Typed> {
        if !values.iter().any(|value| matches!(value.ty, Ty::Exact(_))) {
            return None;
        }
        let all = |op, parts: Vec<Expr>| parts.into_iter().reduce(|a, b| binary(op, a, b));
        let first = || exact_or_written(values.first()?);
        let (expr, scale) = match function {
            Arithmetic::Min => {
                let (parts, scale) = aligned(values.iter())?;
                (all(ExactBinary::Min, parts)?, scale)
            }
            Arithmetic::Max => {
                let (parts, scale) = aligned(values.iter())?;
                (all(ExactBinary::Max, parts)?, scale)
            }
            Arithmetic::Clamp => {
                let (parts, scale) = aligned(values.iter())?;
                let [value, low, high] = <[Expr; 3]>::try_from(parts).ok()?;
                let raised = binary(ExactBinary::Max, value, low);
                (binary(ExactBinary::Min, raised, high), scale)
            }
            Arithmetic::Abs => {
                let (value, scale) = first()?;
                (unary(ExactUnary::Abs, value), scale)
            }
            Arithmetic::Round => {
                let (value, from) = first()?;
                let to = values.get(1).map_or(Some(0), decimals)?;
                (with_decimals(value, from, to), to)
            }
            Arithmetic::Floor
            | Arithmetic::Ceil
            | Arithmetic::Sqrt
            | Arithmetic::Exp
            | Arithmetic::Log
            | Arithmetic::Logistic
            | Arithmetic::Mod
            | Arithmetic::Pow => return None,
        };
        Some(Typed::new(expr, Ty::Exact(scale)))
    }

    /// `decimal(value, decimals)`, `bigint(value)`, and `split(total, parts)` or `split(total, parts, place)`.
    pub(super) fn exact_function(
        &mut self,
        name: &str,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let (wanted, fits) = match name {
            "decimal" => ("2 arguments", args.len() == 2),
            "bigint" => ("1 argument", args.len() == 1),
            _ => ("2 or 3 arguments", matches!(args.len(), 2 | 3)),
        };
        self.arity(name, args.len(), wanted, fits, span, scope)?;
        let mut values = self.lower_all(args, scope)?;
        if name == "split" {
            return self.split(values, args, scope);
        }
        let scale = match values.get(1) {
            None => 0,
            Some(value) => match decimals(value) {
                Some(scale) => scale,
                None => return self.no_decimals(&args[1], scope),
            },
        };
        let value = self.check_type(
            values.swap_remove(0),
            &[Ty::Exact(scale)],
            scope,
            &args[0].span,
        )?;
        let expr = within(value.expr, Digits::with_scale(scale));
        Some(Typed::new(expr, Ty::Exact(scale)))
    }

    fn split(&mut self, values: Vec<Typed>, args: &[Ast], scope: &Scope) -> Option<Typed> {
        let mut values = values.into_iter();
        let total = values.next()?;
        let Some((total, scale)) = exact_or_written(&total) else {
            let message = format!(
                "this is {}, and only an exact number can be split into parts that add up to it",
                self.type_name(total.ty)
            );
            let help =
                "write `decimal(..., 2)` around it, or give what it is the type decimal or bigint";
            self.report
                .error_in(&scope.at, &args[0].span, message, Some(help.into()));
            return None;
        };
        let parts = self.check_type(values.next()?, &[Ty::Number], scope, &args[1].span)?;
        let place = match values.next() {
            Some(place) => {
                self.check_type(place, &[Ty::Number], scope, &args[2].span)?
                    .expr
            }
            None => Expr::Index,
        };
        let expr = Expr::Split(Box::new((total, parts.expr, place)));
        Some(Typed::new(expr, Ty::Exact(scale)))
    }

    /// Refuses decimals that are not written out.
    pub(super) fn no_decimals(&mut self, arg: &Ast, scope: &Scope) -> Option<Typed> {
        let message = format!("found no number of decimals, expected 0 to {MOST_WRITTEN}");
        let help = "how many there are is the same for all events: write it out";
        self.report
            .certain_error_in(&scope.at, &arg.span, message, Some(help.into()));
        None
    }
}

/// The number of decimals that an argument says.
pub(super) fn decimals(typed: &Typed) -> Option<u8> {
    match (typed.ty, written(&typed.expr)?) {
        (Ty::Number, (units, 0)) => u8::try_from(units).ok().filter(|&n| n <= MOST_WRITTEN),
        _ => None,
    }
}
