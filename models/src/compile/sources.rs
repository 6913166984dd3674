//! Sources and timers, and the actors that take part in them.

use causeflow_engine::program::{Actor, KindId, Source};
use causeflow_engine::time::Span;

use super::Compiler;
use super::lower::{About, Scope};
use super::report::At;
use super::types::Ty;
use crate::definition::{Expression, SourceDef, StatesDef, TimerDef, Weight};
use crate::diagnostic::{number, suggestion};

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
        if !(0.0..=1e9).contains(&source.rate) {
            self.report.certain_error(
                &at.key("rate"),
                format!(
                    "found the rate {}, expected 0 to 1000000000 a day",
                    number(source.rate)
                ),
                None,
            );
        }
        let profile = match &source.profile {
            None => 0,
            Some(name) => match self
                .profiles
                .iter()
                .position(|profile| profile.name == *name)
            {
                Some(i) => i,
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
                let kind = self.kind_named(name, &at.key("actor"))?;
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
            rate_per_day: source.rate,
            profile: profile as u16,
            actor,
            modified: None,
        })
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
        let names = self.kinds[usize::from(kind)].states.clone();
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
                None => {
                    let help = suggestion(name, names.iter().map(String::as_str));
                    let message = format!(
                        "a {} has no state `{name}`",
                        self.kinds[usize::from(kind)].name
                    );
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
                kind: usize::from(kind),
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
        let every = self.duration(&timer.every.0, &at.key("every"))?;
        let jitter = match &timer.jitter {
            Some(text) => self.duration(&text.0, &at.key("jitter"))?,
            None => Span(0),
        };
        let offset = match &timer.at {
            Some(text) => Some(self.duration(&text.0, &at.key("at"))?),
            None => None,
        };
        if every.0 < Span::SECOND.0 {
            self.report.certain_error(
                &at.key("every"),
                "a period is a second at least",
                Some("write a duration such as 1h".into()),
            );
            return None;
        }
        for (key, span) in [("jitter", Some(jitter)), ("at", offset)] {
            if span.is_some_and(|span| span.0 >= every.0) {
                self.report.certain_error(
                    &at.key(key),
                    format!("`{key}` must be less than the period, {every}"),
                    None,
                );
            }
        }
        if let Some(name) = &timer.per {
            if timer.for_each.is_some() || timer.at.is_some() {
                self.report.error_at_key(
                    &at.key("per"),
                    "`per` gives each entity a phase of its own: leave out `at` and `for_each`",
                    None,
                );
            }
            let kind = self.kind_named(name, &at.key("per"))?;
            let actor = self.actor(stream, kind, &timer.states, &timer.when, true, &at);
            return Some(Source::Each {
                every,
                jitter,
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
            every,
            at: offset,
            jitter,
            instances,
        })
    }

    pub(super) fn kind_named(&mut self, name: &str, at: &At) -> Option<KindId> {
        let found = self.kind(name);
        if found.is_none() {
            let help = suggestion(name, self.kinds.iter().map(|kind| kind.name.as_str()));
            self.report
                .certain_error(at, format!("there is no kind of entity `{name}`"), help);
        }
        found
    }
}
