//! Sources and timers, and the actors that take part in them.

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::{Actor, Every, KindId, Source, Timer};

use super::Compiler;
use super::lower::{About, Scope};
use super::report::At;
use super::types::Ty;
use crate::definition::{
    DayDef, Duration, Expression, Rate, SourceDef, StatesDef, TimerDef, Weight,
};
use crate::diagnostic::{number, suggestion};
use crate::units;

impl Compiler {
    /// The stream's source or timer.
    pub(super) fn source(&mut self, stream: usize) -> Option<Source> {
        let unit = self.units[stream].clone();
        match (&unit.definition.source, &unit.definition.timer) {
            (Some(source), None) => self.arrivals(stream, source),
            (None, Some(timer)) => self.timer(stream, timer),
            _ => None,
        }
    }

    pub(super) fn arrivals(&mut self, stream: usize, source: &SourceDef) -> Option<Source> {
        let at = self.units[stream].at.key("source");
        let rate = self.rate(&source.rate, &at.key("rate"));
        let profile = match &source.profile {
            None => 0,
            Some(name) => match self
                .profiles
                .iter()
                .position(|profile| profile.name == *name)
            {
                Some(i) => i,
                None if self.report.is_spoilt("profiles", name) => 0,
                None => {
                    let help = suggestion(
                        name,
                        self.profiles
                            .iter()
                            .map(|p| p.name.as_str())
                            .filter(|n| !n.is_empty()),
                    );
                    self.report.certain_error(
                        &at.key("profile"),
                        format!("there is no profile `{name}`"),
                        help,
                    );
                    0
                }
            },
        };
        let actor = match &source.actor {
            Some(name) => {
                let kind = self.acting(name, &at.key("actor"))?;
                let equal = source.weight == Some(Weight::Equal);
                Some(self.actor(stream, kind, &source.states, &source.when, equal, &at))
            }
            None => {
                for (key, given) in [
                    ("states", source.states.is_some()),
                    ("when", source.when.is_some()),
                    ("weight", source.weight.is_some()),
                ] {
                    if given {
                        self.report.error_at_key(
                            &at.key(key),
                            format!("`{key}` is about an actor, and there is none"),
                            Some("add `actor`".into()),
                        );
                    }
                }
                None
            }
        };
        Some(Source::Arrivals {
            rate_per_day: rate,
            profile: profile as u16,
            actor,
            modified: None,
        })
    }

    /// Events a day.
    fn rate(&mut self, Rate(text): &Rate, at: &At) -> f64 {
        let wrong = match units::rate(&self.with_parameter(text)) {
            Ok(rate) if (0.0..=1e9).contains(&rate) => return rate,
            Ok(rate) => format!(
                "found the rate {}, expected 0 to 1000000000 a day",
                number(rate)
            ),
            Err(_) if self.is_spoilt_parameter(text) => return 0.0,
            Err(message) => message,
        };
        let digits = text.replace('_', "");
        let meant = digits != *text && units::rate(&digits).is_ok();
        let help = meant.then(|| format!("write {digits}"));
        self.report.certain_error(at, wrong, help);
        0.0
    }

    pub(super) fn actor(
        &mut self,
        stream: usize,
        kind: KindId,
        states: &Option<StatesDef>,
        when: &Option<Expression>,
        equal: bool,
        at: &At,
    ) -> Actor {
        let names = self.kinds[kind].states.clone();
        let mut shares = vec![if states.is_none() { 1.0 } else { 0.0 }; names.len()];
        let given: Vec<(String, f64)> = match states {
            None => Vec::new(),
            Some(StatesDef::List(list)) => list.iter().map(|name| (name.clone(), 1.0)).collect(),
            Some(StatesDef::Shares(map)) => map
                .iter()
                .map(|(name, share)| (name.clone(), *share))
                .collect(),
        };
        if states.is_some() && given.is_empty() {
            let help = "name a state, or leave `states` out for all of them";
            let message = "no state is named, so nobody ever takes part";
            self.report
                .error_at_key(&at.key("states"), message, Some(help.into()));
        }
        for (i, (name, share)) in given.iter().enumerate() {
            let place = match states {
                Some(StatesDef::List(_)) => at.key("states").key(i),
                _ => at.key("states").key(name),
            };
            match names.iter().position(|state| state == name) {
                Some(state) => shares[state] = *share,
                None if self.kinds[kind].is_spoilt => {}
                None => {
                    let help = suggestion(name, names.iter().map(String::as_str));
                    let message = format!("a {} has no state `{name}`", self.kinds[kind].name);
                    self.report.certain_error_at_key(&place, message, help);
                }
            }
            if !(0.0..=1.0).contains(share) {
                self.report.certain_error(
                    &place,
                    format!("found the share {}, expected 0 to 1", number(*share)),
                    None,
                );
            }
        }
        let when = when.as_ref().and_then(|Expression(text)| {
            let about = About::Entity {
                kind,
                variables: true,
            };
            let name = format!("{}/actor", self.units[stream].name);
            let mut scope = Scope::new(about, at.key("when"), &name);
            self.expression_of(text, &mut scope, &[Ty::Bool])
                .map(|typed| typed.expr)
        });
        Actor {
            kind,
            states: shares,
            when,
            equal,
        }
    }

    pub(super) fn timer(&mut self, stream: usize, timer: &TimerDef) -> Option<Source> {
        let at = self.units[stream].at.key("timer");
        let times = self.times(timer, &at)?;
        if let Some(name) = &timer.per {
            if timer.for_each.is_some() || timer.at.is_some() {
                self.report.error_at_key(
                    &at.key("per"),
                    "`per` gives each entity a phase of its own: leave out `at` and `for_each`",
                    None,
                );
            }
            let kind = self.acting(name, &at.key("per"))?;
            let actor = self.actor(stream, kind, &timer.states, &timer.when, true, &at);
            return Some(Source::Each {
                timer: times,
                actor,
            });
        }
        for (key, given) in [
            ("states", timer.states.is_some()),
            ("when", timer.when.is_some()),
        ] {
            if given {
                self.report.error_at_key(
                    &at.key(key),
                    format!("`{key}` is about entities, and there are none"),
                    Some("add `per`".into()),
                );
            }
        }
        let instances = timer
            .for_each
            .as_ref()
            .and_then(|map| map.first())
            .map(|(_, list)| list.clone());
        let instances = instances
            .unwrap_or_default()
            .iter()
            .map(|text| u64::from(self.texts.code(text)))
            .collect();
        Some(Source::Platform {
            timer: times,
            instances,
        })
    }

    /// When a timer is due.
    fn times(&mut self, timer: &TimerDef, at: &At) -> Option<Timer> {
        let every = match timer.every.0.trim() {
            "month" => Every::Month,
            text => {
                let span = self.duration(text, &at.key("every"))?;
                match u32::try_from(span.0 / Span::DAY.0) {
                    Ok(days) if days > 0 && span.0 % Span::DAY.0 == 0 => Every::Days(days),
                    _ => Every::Even(span),
                }
            }
        };
        let length = every.length();
        if length < Span::SECOND {
            self.report.error(
                &at.key("every"),
                "a period is a second at least",
                Some("write a duration such as 1h".into()),
            );
            return None;
        }
        let mut optional = |key: &str, text: &Option<Duration>| match text {
            Some(text) => self.duration(&text.0, &at.key(key)).map(Some),
            None => Some(None),
        };
        let (jitter, offset) = (optional("jitter", &timer.jitter), optional("at", &timer.at));
        let (jitter, offset) = (jitter?, offset?);
        if jitter.is_some_and(|jitter| jitter >= length) {
            let message = format!("`jitter` must be less than the period, {}", timer.every.0);
            self.report.error(&at.key("jitter"), message, None);
        }
        let day = match &timer.day {
            Some(day) => Some(self.day_of(*day, every, &at.key("day"))?),
            None => None,
        };
        self.check_at(every, day, offset, &at.key("at"));
        let from = day.unwrap_or_default() + offset.unwrap_or_default();
        Some(Timer {
            every,
            // What is even is counted from midnight, too, as clocks show it on the first of the reference days.
            from: match (every, offset) {
                (Every::Even(span), Some(_)) => {
                    Span((from - self.reference_offset).0.rem_euclid(span.0))
                }
                _ => from,
            },
            spread: match (offset, day) {
                (Some(_), _) => Span(0),
                (None, Some(_)) => Span::DAY,
                (None, None) => length,
            },
            jitter: jitter.unwrap_or_default(),
        })
    }

    /// How long after the beginning of its period a day begins.
    fn day_of(&mut self, day: DayDef, every: Every, at: &At) -> Option<Span> {
        let days = match (day, every) {
            // Weeks are counted from a Thursday.
            (DayDef::OfWeek(day), Every::Days(days)) if days % 7 == 0 => (day as i64 + 4) % 7,
            (DayDef::OfMonth(day), Every::Month) => i64::from(day) - 1,
            (DayDef::OfWeek(_), _) => {
                let message = "only periods of whole weeks have days of the week";
                let help = "write `every: 1w`".to_owned();
                self.report.error(at, message, Some(help));
                return None;
            }
            (DayDef::OfMonth(_), _) => {
                let message = "only months have days with numbers";
                let help = "write `every: month`, or a day of the week such as `mon`".to_owned();
                self.report.error(at, message, Some(help));
                return None;
            }
        };
        Some(Span(days * Span::DAY.0))
    }

    /// Refuses an offset that leaves the day or the period, or that does not tell the day of a week or month.
    fn check_at(&mut self, every: Every, day: Option<Span>, offset: Option<Span>, at: &At) {
        let Some(offset) = offset else {
            return;
        };
        let weeks = matches!(every, Every::Days(days) if days % 7 == 0);
        if day.is_some() && offset >= Span::DAY {
            let message = "with `day`, `at` is a time of that day, less than 24h";
            self.report.error(at, message, None);
        } else if day.is_none() && every == Every::Month {
            let help = "add the day of the month, such as `day: 1`".to_owned();
            let message = "this does not say on which day of the month";
            self.report.error(at, message, Some(help));
        } else if day.is_none() && weeks && offset < Span::DAY {
            let help = "add it, such as `day: mon`".to_owned();
            let message = "this does not say on which day of the week";
            self.report.error(at, message, Some(help));
        } else if offset >= every.length() {
            let message = format!("`at` must be less than the period, {}", every.length());
            self.report.error(at, message, None);
        }
    }

    /// Refuses what a shared kind cannot be or do; whether it may.
    pub(super) fn not_shared(&mut self, kind: KindId, at: &At, why: &str, help: &str) -> bool {
        let names = &self.kinds[kind];
        if names.shared {
            let message = format!("a {} is shared: {why}", names.name);
            self.report.error(at, message, Some(help.into()));
        }
        !self.kinds[kind].shared
    }

    /// Of a kind whose doing events may be.
    fn acting(&mut self, name: &str, at: &At) -> Option<KindId> {
        let kind = self.kind_named(name, at)?;
        let why = "all cells know it, and in none it acts";
        let help = "let a source without `actor`, or a timer without `per`, bring events, and pick one for each";
        self.not_shared(kind, at, why, help).then_some(kind)
    }

    pub(super) fn kind_named(&mut self, name: &str, at: &At) -> Option<KindId> {
        let found = self.kind(name);
        if found.is_none() && !self.report.is_spoilt("entities", name) {
            let help = suggestion(name, self.kinds.iter().map(|kind| kind.name.as_str()));
            self.report
                .certain_error(at, format!("there is no kind of entity `{name}`"), help);
        }
        found
    }
}
