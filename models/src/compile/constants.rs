//! Constants that cannot be meant: what is negative, in pieces, or out of bounds. What an expression comes to when
//! an event happens is brought to the nearest that makes sense instead.

use std::ops::{Range, RangeInclusive};

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::diary::MOST_TIMES;
use causeflow_engine::streams::program::{APPOINTMENTS, Expr, Question};

use super::Compiler;
use super::bounds::bounds;
use super::lower::Scope;
use super::missing::from_now;
use super::report::At;
use crate::diagnostic::number;
use crate::syntax::Ast;

impl Compiler {
    /// Refuses a duration that is always negative.
    pub(super) fn not_negative(&mut self, span: &Expr, what: &str, why: &str, at: &At) {
        if bounds(span).1 < 0.0 {
            let message = format!("this {what} is negative: {why}");
            self.report.certain_error(at, message, None);
        }
    }

    /// Refuses a constant that is not one of some whole numbers.
    pub(super) fn whole(&mut self, value: &Expr, what: &str, range: RangeInclusive<f64>, at: &At) {
        if let Some(message) = no_whole(value, what, &range) {
            self.report.certain_error(at, message, None);
        }
    }

    /// Refuses ranges of slots that cannot be: `every` is the distance of one to the next, `times` their number.
    pub(super) fn check_slots(&mut self, span: &Expr, every: &Expr, times: &Expr, at: &At) {
        self.not_negative(
            span,
            "length",
            "a range ends after it begins",
            &at.key("for"),
        );
        if bounds(every).1 <= 0.0 {
            let message =
                "this distance is not more than 0: each range begins after the one before it";
            self.report.certain_error(&at.key("every"), message, None);
        }
        self.whole(times, "number of ranges", TIMES, &at.key("times"));
    }

    /// Refuses an appointment in a range that ends before it begins, in steps of nothing, or too far ahead.
    pub(super) fn check_appointment(
        &mut self,
        parts: &[Expr],
        args: &[Ast],
        scope: &Scope,
    ) -> Option<()> {
        let [earliest, latest, step] = parts else {
            return None;
        };
        let (earliest, latest) = (from_now(earliest), from_now(latest));
        let most = APPOINTMENTS.0 as f64;
        let (at, message) = if bounds(step).1 <= 0.0 {
            (3, "this step is not more than 0".to_owned())
        } else if earliest.0 > latest.1 {
            (2, "this range ends before it begins".to_owned())
        } else if latest.1 < 0.0 {
            (2, "this range ends before the event".to_owned())
        } else if latest.1.is_finite() && latest.1 > most {
            (
                2,
                format!(
                    "an appointment lies at most {} days ahead",
                    APPOINTMENTS.days()
                ),
            )
        } else {
            return Some(());
        };
        self.report
            .error_in(&scope.at, &args[at].span, message, None);
        None
    }

    /// Refuses constants among what a question to calendars takes besides entities; `spans` tells where each stands.
    pub(super) fn check_question(
        &mut self,
        question: Question,
        args: &[Expr],
        spans: &[Range<usize>],
        scope: &Scope,
    ) -> Option<()> {
        const DAY: f64 = Span::DAY.0 as f64;
        let wrong = |i: usize| -> Option<String> {
            let (low, high) = bounds(&args[i]);
            match (i, question) {
                (1, _) if high < 0.0 => {
                    Some("this length is negative: a range ends after it begins".into())
                }
                (1, Question::Nearest) if low > DAY => {
                    Some("`slot` finds ranges of a day at most".into())
                }
                (2, Question::CountFree | Question::CountUnreserved) if high <= 0.0 => {
                    Some("this distance is not more than 0".into())
                }
                (3, Question::CountFree | Question::CountUnreserved) => {
                    no_whole(&args[3], "number of ranges", &TIMES)
                }
                _ => None,
            }
        };
        let found = (0..spans.len()).find_map(|i| Some((wrong(i)?, spans[i].clone())));
        let Some((message, span)) = found else {
            return Some(());
        };
        self.report
            .certain_error_in(&scope.at, &span, message, None);
        None
    }
}

const TIMES: RangeInclusive<f64> = 1.0..=MOST_TIMES as f64;

/// What is wrong with a constant that is to be one of some whole numbers.
fn no_whole(value: &Expr, what: &str, range: &RangeInclusive<f64>) -> Option<String> {
    let Expr::Num(x) = value else {
        return None;
    };
    (!range.contains(x) || x.fract() != 0.0).then(|| {
        let (least, most) = (range.start(), range.end());
        format!(
            "found the {what} {}, expected a whole number from {least} to {most}",
            number(*x)
        )
    })
}
