//! Days, months and working days of the calendar.

use std::ops::Range;

use causeflow_engine::streams::program::{DatePart, Expr, Midnight};

use super::Compiler;
use super::functions::constant;
use super::lower::Scope;
use super::types::{Ty, Typed};
use super::workdays::WEEKDAYS;
use crate::diagnostic::{number, suggestion};
use crate::syntax::Ast;

/// The functions of dates.
pub(super) const OF_DATES: [&str; 10] = [
    "month_start",
    "month_end",
    "workday",
    "is_workday",
    "work_time",
    "worked",
    "next",
    "day",
    "month",
    "year",
];

impl Compiler {
    pub(super) fn date(
        &mut self,
        name: &str,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        match name {
            // Without a place its weekend is all there is to know.
            "workday" if args.len() == 2 => {}
            "workday" | "is_workday" | "work_time" | "worked" => {
                return self.at_work(name, args, span, scope);
            }
            _ => self.arity(name, args.len(), "1 argument", args.len() == 1, span, scope)?,
        }
        if name == "next" {
            let day = self.plain_name(&args[0], scope)?;
            let Some(weekday) = WEEKDAYS.iter().position(|known| *known == day) else {
                let message = format!("`{day}` is no day of the week");
                let help = suggestion(&day, WEEKDAYS);
                self.report
                    .certain_error_in(&scope.at, &args[0].span, message, help);
                return None;
            };
            self.stream_of(name, span, scope)?;
            let midnight = Midnight::Next(weekday as u8);
            return Some(on_clock(midnight, Expr::Time, Expr::Num(0.0)));
        }
        let time = self.lower(&args[0], scope)?;
        let time = self
            .check_type(time, &[Ty::Time], scope, &args[0].span)?
            .expr;
        let part = |part| {
            Some(Typed::new(
                Expr::Date(part, Box::new(time.clone())),
                Ty::Number,
            ))
        };
        match name {
            "year" => return part(DatePart::Year),
            "month" => return part(DatePart::Month),
            "day" => return part(DatePart::Day),
            _ => {}
        }
        let midnight = match name {
            "month_start" => Midnight::MonthStart,
            "month_end" => Midnight::MonthEnd,
            _ => Midnight::Workday(self.weekend),
        };
        let days = match args.get(1) {
            None => Expr::Num(0.0),
            Some(arg) => {
                let days = self.lower(arg, scope)?;
                let days = self.check_type(days, &[Ty::Number], scope, &arg.span)?.expr;
                if let Some(days) = constant(&days).filter(|days| days.fract() != 0.0) {
                    let message = format!(
                        "found {} working days, expected a whole number",
                        number(days)
                    );
                    self.report
                        .certain_error_in(&scope.at, &arg.span, message, None);
                    return None;
                }
                days
            }
        };
        Some(on_clock(midnight, time, days))
    }
}

fn on_clock(midnight: Midnight, time: Expr, days: Expr) -> Typed {
    let reading = Expr::Midnight(midnight, Box::new((time, days)));
    Typed::new(Expr::OnClock(Box::new(reading)), Ty::Time)
}
