//! Operators between two parts of an expression: which types go together, and what constants come to.

use std::collections::BTreeSet;
use std::ops::Range;

use causeflow_engine::streams::program::{Binary, Expr, NO_ENTITY, NO_TEXT, NO_TIME, Unary};

use super::Compiler;
use super::exact::Operated;
use super::expectations::to_decimals;
use super::functions::TEXTS_ARE_CHOSEN;
use super::lower::{About, Scope};
use super::texts::WRITTEN_LATE;
use super::types::{Ty, Typed};
use crate::diagnostic::suggestion;
use crate::syntax::{Ast, AstKind, Operator};
use crate::units;

/// What to do where truth values are taken for numbers.
pub(super) const COUNT_TRUTH: &str = "to count with a truth value, write if(..., 1, 0)";

impl Compiler {
    /// Lowers an operator between two parts.
    pub(super) fn binary(
        &mut self,
        op: Operator,
        a: &Ast,
        b: &Ast,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let span = a.span.start..b.span.end;
        let none = [a, b].map(|part| self.is_none(part, scope));
        let (left, right) = match none {
            [false, false] => (self.lower(a, scope), self.lower(b, scope)),
            [true, true] => (None, None),
            [true, _] => {
                let value = self.lower(b, scope)?;
                (self.none(op, &value, &a.span, scope), Some(value))
            }
            [_, true] => {
                let value = self.lower(a, scope)?;
                let none = self.none(op, &value, &b.span, scope);
                (Some(value), none)
            }
        };
        if none == [true, true] {
            let message = "this compares nothing with nothing";
            self.report.error_in(&scope.at, &span, message, None);
        }
        let (left, right) = match self.exact(op, (left?, right?), &span, scope) {
            Operated::Exact(typed) => return typed,
            Operated::Plain(left, right) => (left, right),
        };
        let (x, y) = (left.ty.plain(), right.ty.plain());
        let comparison = op.compares();
        let numbers = (x, y) == (Ty::Number, Ty::Number);
        let ty = match op {
            Operator::Or | Operator::And => (x == Ty::Bool && y == Ty::Bool).then_some(Ty::Bool),
            Operator::Plus | Operator::Minus if numbers => Some(Ty::Number),
            Operator::Plus => match (x, y) {
                (Ty::Span, Ty::Span) => Some(Ty::Span),
                (Ty::Time, Ty::Span) | (Ty::Span, Ty::Time) => Some(Ty::Time),
                _ => None,
            },
            Operator::Minus => match (x, y) {
                (Ty::Span, Ty::Span) | (Ty::Time, Ty::Time) => Some(Ty::Span),
                (Ty::Time, Ty::Span) => Some(Ty::Time),
                _ => None,
            },
            Operator::Times | Operator::Over if numbers => Some(Ty::Number),
            Operator::Times => match (x, y) {
                (Ty::Span, Ty::Number) | (Ty::Number, Ty::Span) => Some(Ty::Span),
                _ => None,
            },
            Operator::Over => match (x, y) {
                (Ty::Span, Ty::Span) => Some(Ty::Number),
                (Ty::Span, Ty::Number) => Some(Ty::Span),
                _ => None,
            },
            // Of texts that are put together only the rows tell which are the same.
            Operator::Equal | Operator::NotEqual
                if x == Ty::Written && !matches!(scope.about, About::Row(_)) =>
            {
                None
            }
            Operator::Equal | Operator::NotEqual => (x == y).then_some(Ty::Bool),
            Operator::Less | Operator::AtMost | Operator::Greater | Operator::AtLeast => {
                let ordered = matches!(x, Ty::Number | Ty::Span | Ty::Time);
                (ordered && x == y).then_some(Ty::Bool)
            }
        };
        let Some(ty) = ty else {
            let message = format!(
                "`{}` does not go with {} and {}",
                op.sign(),
                self.type_name(left.ty),
                self.type_name(right.ty)
            );
            let help = mixed_help(a, x, y, comparison).map(str::to_owned);
            let written = [x, y].contains(&Ty::Written);
            let help = if written {
                Some(WRITTEN_LATE.to_owned())
            } else {
                help
            };
            self.report.error_in(&scope.at, &span, message, help);
            return None;
        };
        if x == Ty::Text {
            self.check_possible(&left, &right, &b.span, scope)?;
            self.check_possible(&right, &left, &a.span, scope)?;
        }
        self.check_constants(op, ty, (&left.expr, &right.expr), &span, scope)?;
        // What is some time after none is none, too.
        let same = matches!(
            x,
            Ty::Text | Ty::Id | Ty::Entity(_) | Ty::Away(_) | Ty::Shared(_) | Ty::Written
        );
        if x == Ty::Time && none != [false, false] {
            let value = if none[0] { right.expr } else { left.expr };
            let before = Expr::Binary(
                Binary::AtMost,
                Box::new(value),
                Box::new(Expr::Num(NO_TIME / 2.0)),
            );
            return Some(Typed::new(
                match op == Operator::Equal {
                    true => before,
                    false => Expr::Unary(Unary::Not, Box::new(before)),
                },
                Ty::Bool,
            ));
        }
        let (left, right, on_clock) = match (op, left.expr, right.expr) {
            // What is counted from a midnight is counted as clocks show it.
            (Operator::Plus | Operator::Minus, Expr::OnClock(reading), span) if y == Ty::Span => {
                (*reading, span, true)
            }
            (Operator::Plus, span, Expr::OnClock(reading)) if x == Ty::Span => {
                (span, *reading, true)
            }
            (_, left, right) => (left, right, false),
        };
        let of_row = matches!(scope.about, About::Row(_));
        let (left, right) = match numbers && comparison && of_row {
            true => to_decimals(left, right),
            false => (left, right),
        };
        let (l, r) = (Box::new(left), Box::new(right));
        let equal = if same { Binary::Same } else { Binary::Equal };
        let expr = match op {
            Operator::Plus => Expr::Binary(Binary::Add, l, r),
            Operator::Minus => Expr::Binary(Binary::Subtract, l, r),
            Operator::Times => Expr::Binary(Binary::Multiply, l, r),
            Operator::Over => Expr::Binary(Binary::Divide, l, r),
            Operator::Less => Expr::Binary(Binary::Less, l, r),
            Operator::AtMost => Expr::Binary(Binary::AtMost, l, r),
            Operator::Greater => Expr::Binary(Binary::Less, r, l),
            Operator::AtLeast => Expr::Binary(Binary::AtMost, r, l),
            Operator::Equal => Expr::Binary(equal, l, r),
            Operator::NotEqual => Expr::Unary(Unary::Not, Box::new(Expr::Binary(equal, l, r))),
            Operator::And => Expr::Binary(Binary::And, l, r),
            Operator::Or => Expr::Binary(Binary::Or, l, r),
        };
        let expr = match on_clock {
            true => Expr::OnClock(Box::new(expr)),
            false => fold(expr),
        };
        Some(Typed::new(expr, ty))
    }

    /// Refuses what constants cannot come to: an engine that never fails would make 0 of it.
    fn check_constants(
        &mut self,
        op: Operator,
        ty: Ty,
        (left, right): (&Expr, &Expr),
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<()> {
        let (Expr::Num(a), Expr::Num(b)) = (left, right) else {
            return Some(());
        };
        let value = match op {
            Operator::Plus => a + b,
            Operator::Minus => a - b,
            Operator::Times => a * b,
            Operator::Over => a / b,
            Operator::Or
            | Operator::And
            | Operator::Less
            | Operator::AtMost
            | Operator::Greater
            | Operator::AtLeast
            | Operator::Equal
            | Operator::NotEqual => return Some(()),
        };
        let message = match ty {
            _ if op == Operator::Over && *b == 0.0 => "this divides by 0".to_owned(),
            Ty::Span if value.is_nan() || value.abs() > units::LONGEST_US => {
                format!("this duration {}", units::TOO_LONG)
            }
            _ if !value.is_finite() => "this comes to more than any number".to_owned(),
            _ => return Some(()),
        };
        self.report.certain_error_in(&scope.at, span, message, None);
        None
    }

    /// Whether a part is `none`, where nothing else is called that.
    fn is_none(&mut self, part: &Ast, scope: &Scope) -> bool {
        let AstKind::Name(parts) = &part.kind else {
            return false;
        };
        matches!(&parts[..], [name] if name == "none") && !self.knows(scope, "none")
    }

    /// What stands for no value where another one is compared with it.
    fn none(
        &mut self,
        op: Operator,
        other: &Typed,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<Typed> {
        let ty = other.ty;
        let may_be_none = |texts: &BTreeSet<u16>| texts.contains(&NO_TEXT);
        let value = match ty {
            Ty::Text if other.texts.as_ref().is_none_or(may_be_none) => 0.0,
            Ty::Entity(_) | Ty::Away(_) | Ty::Shared(_) => f64::from_bits(NO_ENTITY),
            Ty::Time => NO_TIME,
            Ty::Written if matches!(scope.about, About::Row(_)) => 0.0,
            _ => {
                let message = format!("{} is never none", self.type_name(ty));
                let help = "only references to entities, times, and texts of a `choice` with `null` can be none";
                self.report
                    .error_in(&scope.at, span, message, Some(help.into()));
                return None;
            }
        };
        if !op.asks_for_equals() {
            let message = format!("`{}` does not go with none", op.sign());
            let help = "ask `== none` or `!= none`";
            self.report
                .error_in(&scope.at, span, message, Some(help.into()));
            return None;
        }
        Some(match ty {
            Ty::Text => Typed {
                expr: Expr::Text(NO_TEXT),
                ty,
                texts: None,
            },
            _ => Typed::new(Expr::Num(value), ty),
        })
    }

    /// Refuses to compare with a text that the other side never is.
    fn check_possible(
        &mut self,
        value: &Typed,
        text: &Typed,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<()> {
        let (Some(possible), Expr::Text(code)) = (&value.texts, &text.expr) else {
            return Some(());
        };
        if possible.contains(code) {
            return Some(());
        }
        let wrong = self.texts.text(*code).to_owned();
        let names: Vec<&str> = possible.iter().map(|&code| self.texts.text(code)).collect();
        let help = suggestion(&wrong, names);
        self.report.error_in(
            &scope.at,
            span,
            format!("the value is never '{wrong}'"),
            help,
        );
        None
    }
}

/// What to do about an operator between types that do not go together. `a` is what stands before it.
fn mixed_help(a: &Ast, x: Ty, y: Ty, comparison: bool) -> Option<&'static str> {
    let compared = matches!(&a.kind, AstKind::Binary(op, ..) if op.compares());
    match (x, y) {
        (Ty::Bool, Ty::Number | Ty::Span | Ty::Time) if comparison && compared => {
            Some("to compare twice, write `a < b and b < c`")
        }
        (Ty::Text, _) | (_, Ty::Text) if !comparison => Some(TEXTS_ARE_CHOSEN),
        (Ty::Bool, Ty::Number | Ty::Bool) | (Ty::Number, Ty::Bool) => Some(COUNT_TRUTH),
        (Ty::Number, Ty::Span | Ty::Time) | (Ty::Span | Ty::Time, Ty::Number) => Some(
            "a duration has a unit, such as 30m; divide by one, such as `/ 1h`, to get a number",
        ),
        _ => None,
    }
}

/// Works out operations on constants once; what has no finite value is left to the engine.
pub(super) fn fold(expr: Expr) -> Expr {
    let constant = match &expr {
        Expr::Unary(Unary::Negate, x) => match **x {
            Expr::Num(x) => Some(-x),
            _ => None,
        },
        Expr::Binary(op, a, b) => match (&**a, &**b) {
            (Expr::Num(a), Expr::Num(b)) => folded(*op, *a, *b),
            _ => None,
        },
        _ => None,
    };
    constant.filter(|x| x.is_finite()).map_or(expr, Expr::Num)
}

/// What an operation on two constants comes to, if it is worked out once.
fn folded(op: Binary, a: f64, b: f64) -> Option<f64> {
    match op {
        Binary::Add => Some(a + b),
        Binary::Subtract => Some(a - b),
        Binary::Multiply => Some(a * b),
        Binary::Divide => (b != 0.0).then(|| a / b),
        Binary::Power
        | Binary::Rest
        | Binary::Min
        | Binary::Max
        | Binary::Less
        | Binary::AtMost
        | Binary::Equal
        | Binary::Same
        | Binary::And
        | Binary::Or => None,
    }
}
