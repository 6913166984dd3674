//! Working days by place: their definition, and the questions to them.

use std::ops::Range;
use std::sync::Arc;

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::profile::Weekend;
use causeflow_engine::streams::program::{AtWork, Expr, Opening, Workdays, Working};

use super::date_lists::days_of;
use super::functions::constant;
use super::lower::Scope;
use super::report::At;
use super::types::{Ty, Typed};
use super::{Compiler, Merged};
use crate::definition::{HoursDef, OpeningDef, Weekday, WorkdaysDef};
use crate::diagnostic::{nearest, number, suggestion};
use crate::syntax::{Ast, AstKind};
use crate::units;

/// The days of the week as models name them.
pub(super) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// How a question is written.
struct Form {
    asked: Working,
    /// What it takes before the place.
    types: &'static [Ty],
    /// The same in words.
    wanted: &'static str,
}

fn form(name: &str) -> Form {
    let (asked, types, wanted): (_, &[Ty], _) = match name {
        "workday" => (
            Working::Day,
            &[Ty::Time, Ty::Number],
            "a time and a number of days, and if wanted a place",
        ),
        "is_workday" => (Working::Is, &[Ty::Time], "a time, and if wanted a place"),
        "work_time" => (
            Working::After,
            &[Ty::Time, Ty::Span],
            "a time and a duration, and if wanted a place",
        ),
        _ => (
            Working::Between,
            &[Ty::Time, Ty::Time],
            "two times, and if wanted a place",
        ),
    };
    Form {
        asked,
        types,
        wanted,
    }
}

/// All day.
fn always() -> Opening {
    vec![(Span(0), Span::DAY)]
}

pub(super) fn weekend_of(days: &[Weekday]) -> Weekend {
    let mut weekend = Weekend([false; 7]);
    for day in days {
        weekend.0[*day as usize] = true;
    }
    weekend
}

impl Compiler {
    /// The working days of all places.
    pub(super) fn workdays(&mut self, merged: &Merged) {
        for (name, (file, definition)) in &merged.workdays {
            let at = At::new(*file, &["workdays", name]);
            let place = self.place_of_work(definition, &at);
            self.workdays.push((name.clone(), Arc::new(place)));
        }
        let opening = std::array::from_fn(|_| always());
        self.usual_workdays = Arc::new(Workdays::new(self.weekend, opening, &[], &[]));
    }

    fn place_of_work(&mut self, definition: &WorkdaysDef, at: &At) -> Workdays {
        let weekend = definition.weekend.as_deref().map(weekend_of);
        let weekend = weekend.unwrap_or(self.weekend);
        if weekend == Weekend([true; 7]) {
            let message = "nobody works here on any day";
            let help = "leave out some days of the `weekend`".to_owned();
            self.report.error_at_key(at, message, Some(help));
        }
        let open = match &definition.open {
            None => std::array::from_fn(|_| always()),
            Some(opening) => self.opening(opening, weekend, &at.key("open")),
        };
        let off = definition.dates.as_ref().map(|dates| {
            let dates = self.dates(dates, &at.key("dates"));
            days_of(&dates).collect::<Vec<i64>>()
        });
        let mut other = Vec::new();
        // Of several the first one holds.
        for (i, dated) in definition.dated.iter().enumerate().rev() {
            let at = at.key("dated").key(i);
            let hours = Arc::new(self.hours_of_work(&dated.open, &at.key("open")));
            let dates = self.dates(&dated.dates, &at.key("dates"));
            other.extend(days_of(&dates).map(|day| (day, hours.clone())));
        }
        Workdays::new(weekend, open, &off.unwrap_or_default(), &other)
    }

    /// The hours of each day of the week.
    fn opening(&mut self, given: &OpeningDef, weekend: Weekend, at: &At) -> [Opening; 7] {
        let days = match given {
            OpeningDef::Same(hours) => {
                let hours = self.hours_of_work(hours, at);
                return std::array::from_fn(|_| hours.clone());
            }
            OpeningDef::Days(days) => days,
        };
        let mut opening: [Opening; 7] = Default::default();
        for (name, hours) in days {
            let at = at.key(name);
            let hours = self.hours_of_work(hours, &at);
            match WEEKDAYS.iter().position(|day| day == name) {
                Some(day) => opening[day] = hours,
                None => {
                    let message = format!("`{name}` is no day of the week");
                    let help = suggestion(name, WEEKDAYS);
                    self.report.certain_error_at_key(&at, message, help);
                }
            }
        }
        for (day, off) in WEEKDAYS.iter().zip(weekend.0) {
            if !off && !days.contains_key(*day) {
                let message = format!("the working day `{day}` has no hours here");
                let help = format!(
                    "write when work is done, such as `{day}: 9h..17h`, or name it in the `weekend`"
                );
                self.report.error_at_key(at, message, Some(help));
            }
        }
        opening
    }

    fn hours_of_work(&mut self, given: &HoursDef, at: &At) -> Opening {
        let ranges: Vec<(&String, At)> = match given {
            HoursDef::One(range) => vec![(range, at.clone())],
            HoursDef::Several(ranges) => {
                let ranges = ranges.iter().enumerate();
                ranges.map(|(i, range)| (range, at.key(i))).collect()
            }
        };
        let mut hours = Opening::new();
        for (range, at) in ranges {
            let ends = range.split_once("..");
            let ends = ends.and_then(|(from, to)| {
                Some((units::duration(from).ok()?, units::duration(to).ok()?))
            });
            let before = hours.last().map_or(Span(0), |(_, to)| *to);
            match ends {
                Some((from, to)) if before <= from && from < to && to <= Span::DAY => {
                    hours.push((from, to));
                }
                _ => {
                    let message = format!("`{range}` are no hours of a day");
                    let help = "write from when to when, such as 9h..17h or [9h..12.5h, 13h..17h], in order, up to 24h";
                    self.report.error(&at, message, Some(help.into()));
                }
            }
        }
        hours
    }

    /// A question to the working days of a place.
    pub(super) fn at_work(
        &mut self,
        name: &str,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let Form {
            asked,
            types,
            wanted,
        } = form(name);
        let fits = (types.len()..=types.len() + 1).contains(&args.len());
        self.arity(name, args.len(), wanted, fits, span, scope)?;
        let mut parts = Vec::new();
        for (arg, ty) in args.iter().zip(types) {
            let typed = self.lower(arg, scope)?;
            parts.push(self.check_type(typed, &[*ty], scope, &arg.span)?.expr);
        }
        let of_two = (parts.len() == 2).then(|| &args[1].span);
        let other = of_two.and_then(|_| parts.pop()).unwrap_or(Expr::Num(0.0));
        let wrong = constant(&other).and_then(|x| match asked {
            Working::Day if x.fract() != 0.0 => Some(format!(
                "found {} working days, expected a whole number",
                number(x)
            )),
            Working::After if x < 0.0 => Some("this length is negative".to_owned()),
            _ => None,
        });
        if let (Some(message), Some(span)) = (wrong, of_two) {
            self.report.certain_error_in(&scope.at, span, message, None);
            return None;
        }
        let (place, places, elsewhere) = self.place_asked(args.get(types.len()), scope)?;
        let question = Expr::AtWork(Box::new(AtWork {
            asked,
            place,
            places,
            elsewhere,
            time: parts.pop()?,
            other,
        }));
        Some(match asked {
            Working::Day | Working::After => {
                Typed::new(Expr::OnClock(Box::new(question)), Ty::Time)
            }
            Working::Is => Typed::new(question, Ty::Bool),
            Working::Between => Typed::new(question, Ty::Span),
        })
    }

    /// The place that is asked, by its name or by a text, with the places among which that chooses, and what holds elsewhere.
    #[allow(
        clippy::type_complexity,
        reason = "the three parts are put together at once"
    )]
    fn place_asked(
        &mut self,
        arg: Option<&Ast>,
        scope: &mut Scope,
    ) -> Option<(Expr, Arc<Vec<(u16, Arc<Workdays>)>>, Arc<Workdays>)> {
        let none = Arc::default();
        let Some(arg) = arg else {
            return Some((Expr::Text(0), none, self.usual_workdays.clone()));
        };
        let named = match &arg.kind {
            AstKind::Name(parts) if parts.len() == 1 => Some(&parts[0]),
            AstKind::Text(text) => Some(text),
            _ => None,
        };
        if let Some(name) = named {
            if let Some((_, place)) = self.workdays.iter().find(|(known, _)| known == name) {
                return Some((Expr::Text(0), none, place.clone()));
            }
            if self.report.is_spoilt("workdays", name) {
                return None;
            }
        }
        let found = self.report.found();
        let typed = self.lower(arg, scope);
        let names = || self.workdays.iter().map(|(name, _)| name.as_str());
        let meant = named.filter(|name| match arg.kind {
            AstKind::Text(_) => true,
            _ => typed.is_none() && nearest(name, names()).is_some(),
        });
        if let Some(name) = meant {
            let message = format!("there are no `workdays` of `{name}`");
            let help = suggestion(name, names());
            self.report.forget_after(found);
            self.report
                .certain_error_in(&scope.at, &arg.span, message, help);
            return None;
        }
        let typed = self.check_type(typed?, &[Ty::Text], scope, &arg.span)?;
        self.check_places(&typed, &arg.span, scope)?;
        let mut places = Vec::new();
        for (name, place) in self.workdays.clone() {
            places.push((self.text_code(&name, &scope.at), place));
        }
        places.sort_by_key(|(code, _)| *code);
        Some((typed.expr, Arc::new(places), self.usual_workdays.clone()))
    }

    /// Refuses texts that are the name of no place; none at all is.
    fn check_places(&mut self, typed: &Typed, span: &Range<usize>, scope: &Scope) -> Option<()> {
        for &code in typed.texts.iter().flatten() {
            let text = self.texts.text(code);
            let known = self.workdays.iter().any(|(name, _)| name == text);
            if text.is_empty() || known || self.report.is_spoilt("workdays", text) {
                continue;
            }
            let message = format!("this can be `{text}`, of which there are no `workdays`");
            let names = self.workdays.iter().map(|(name, _)| name.as_str());
            let help = suggestion(text, names);
            self.report.error_in(&scope.at, span, message, help);
            return None;
        }
        Some(())
    }
}
