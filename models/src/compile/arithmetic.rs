//! Functions of numbers, durations and times.

use std::ops::{Range, RangeInclusive};

use causeflow_engine::streams::program::{Binary, Expr, Unary};

use super::Compiler;
use super::exact::{as_number, decimals};
use super::lower::Scope;
use super::operators::fold;
use super::streams::rounded;
use super::types::{Ty, Typed};
use crate::syntax::Ast;

/// A function of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Min,
    Max,
    Abs,
    Floor,
    Ceil,
    Round,
    Sqrt,
    Exp,
    Log,
    Logistic,
    Mod,
    Pow,
    Clamp,
}

impl Arithmetic {
    pub const ALL: [Arithmetic; 13] = [
        Arithmetic::Min,
        Arithmetic::Max,
        Arithmetic::Abs,
        Arithmetic::Floor,
        Arithmetic::Ceil,
        Arithmetic::Round,
        Arithmetic::Sqrt,
        Arithmetic::Exp,
        Arithmetic::Log,
        Arithmetic::Logistic,
        Arithmetic::Mod,
        Arithmetic::Pow,
        Arithmetic::Clamp,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Arithmetic::Min => "min",
            Arithmetic::Max => "max",
            Arithmetic::Abs => "abs",
            Arithmetic::Floor => "floor",
            Arithmetic::Ceil => "ceil",
            Arithmetic::Round => "round",
            Arithmetic::Sqrt => "sqrt",
            Arithmetic::Exp => "exp",
            Arithmetic::Log => "log",
            Arithmetic::Logistic => "logistic",
            Arithmetic::Mod => "mod",
            Arithmetic::Pow => "pow",
            Arithmetic::Clamp => "clamp",
        }
    }

    /// How many arguments it takes.
    fn arguments(self) -> RangeInclusive<usize> {
        match self {
            Arithmetic::Min | Arithmetic::Max => 2..=usize::MAX,
            Arithmetic::Mod | Arithmetic::Pow => 2..=2,
            Arithmetic::Clamp => 3..=3,
            Arithmetic::Round => 1..=2,
            Arithmetic::Abs
            | Arithmetic::Floor
            | Arithmetic::Ceil
            | Arithmetic::Sqrt
            | Arithmetic::Exp
            | Arithmetic::Log
            | Arithmetic::Logistic => 1..=1,
        }
    }

    /// Whether it is for plain numbers alone.
    fn is_for_numbers(self) -> bool {
        match self {
            Arithmetic::Floor
            | Arithmetic::Ceil
            | Arithmetic::Round
            | Arithmetic::Sqrt
            | Arithmetic::Exp
            | Arithmetic::Log
            | Arithmetic::Logistic
            | Arithmetic::Mod
            | Arithmetic::Pow => true,
            Arithmetic::Min | Arithmetic::Max | Arithmetic::Abs | Arithmetic::Clamp => false,
        }
    }

    /// It on values; there are as many as it takes.
    fn of(self, values: impl Iterator<Item = Expr>) -> Expr {
        let mut values = values.map(Box::new);
        let mut next = || values.next().unwrap_or_else(|| Box::new(Expr::Num(0.0)));
        match self {
            Arithmetic::Min => all(Binary::Min, *next(), values),
            Arithmetic::Max => all(Binary::Max, *next(), values),
            Arithmetic::Mod => Expr::Binary(Binary::Rest, next(), next()),
            Arithmetic::Pow => Expr::Binary(Binary::Power, next(), next()),
            Arithmetic::Clamp => {
                let raised = Expr::Binary(Binary::Max, next(), next());
                Expr::Binary(Binary::Min, Box::new(raised), next())
            }
            Arithmetic::Abs => Expr::Unary(Unary::Abs, next()),
            Arithmetic::Floor => Expr::Unary(Unary::Floor, next()),
            Arithmetic::Ceil => Expr::Unary(Unary::Ceil, next()),
            Arithmetic::Round => Expr::Unary(Unary::Round(1.0), next()),
            Arithmetic::Sqrt => Expr::Unary(Unary::Sqrt, next()),
            Arithmetic::Exp => Expr::Unary(Unary::Exp, next()),
            Arithmetic::Log => Expr::Unary(Unary::Log, next()),
            Arithmetic::Logistic => logistic(*next()),
        }
    }
}

/// From how far off 0 on the exponential of a number would be none.
const FARTHEST: f64 = 700.0;

/// `1 / (1 + exp(-x))`, which lies between 0 and 1 whatever x is.
fn logistic(x: Expr) -> Expr {
    let both = |op, a: Expr, b: f64| Expr::Binary(op, Box::new(a), Box::new(Expr::Num(b)));
    let within = |e, low, high| both(Binary::Min, both(Binary::Max, e, low), high);
    let opposite = Expr::Unary(Unary::Negate, Box::new(within(x, -FARTHEST, FARTHEST)));
    let power = Expr::Unary(Unary::Exp, Box::new(opposite));
    let odds = Box::new(both(Binary::Add, power, 1.0));
    let value = Expr::Binary(Binary::Divide, Box::new(Expr::Num(1.0)), odds);
    // Known to lie there, it is a probability without more ado.
    within(value, 0.0, 1.0)
}

/// An operation on all values, one after the other.
fn all(op: Binary, first: Expr, others: impl Iterator<Item = Box<Expr>>) -> Expr {
    others.fold(first, |value, next| Expr::Binary(op, Box::new(value), next))
}

impl Compiler {
    pub(super) fn arithmetic(
        &mut self,
        function: Arithmetic,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let wanted = function.arguments();
        let ok = wanted.contains(&args.len());
        let wanted = match (*wanted.start(), *wanted.end()) {
            (1, 2) => "1 or 2 arguments".to_owned(),
            (few, _) => format!("{few} argument{}", if few == 1 { "" } else { "s" }),
        };
        self.arity(function.name(), args.len(), &wanted, ok, span, scope)?;
        let mut values = self.lower_all(args, scope)?;
        if let (Arithmetic::Round, [_, places]) = (function, &values[..])
            && decimals(places).is_none()
        {
            return self.no_decimals(&args[1], scope);
        }
        if let Some(exact) = self.exact_arithmetic(function, &values) {
            return Some(exact);
        }
        let places = match function {
            Arithmetic::Round if values.len() == 2 => values.pop().as_ref().and_then(decimals),
            _ => None,
        };
        let mut typed: Vec<Typed> = Vec::new();
        for (value, arg) in values.into_iter().map(as_number).zip(args) {
            let first = typed.first().map(|first| first.ty);
            let wanted: &[Ty] = match (function.is_for_numbers(), first) {
                (true, _) => &[Ty::Number],
                (false, None) => &[Ty::Number, Ty::Span, Ty::Time],
                (false, Some(Ty::Span)) => &[Ty::Span],
                (false, Some(Ty::Time)) => &[Ty::Time],
                (false, Some(_)) => &[Ty::Number],
            };
            typed.push(self.check_type(value, wanted, scope, &arg.span)?);
        }
        let ty = match typed[0].ty {
            Ty::Bool => Ty::Number,
            ty => ty,
        };
        let mut values = typed.into_iter().map(|typed| typed.expr);
        let expr = match (places, values.len()) {
            (Some(places), 1) => rounded(values.next()?, places),
            _ => function.of(values),
        };
        Some(Typed::new(fold(expr), ty))
    }
}
