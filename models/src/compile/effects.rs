//! Causes of streams, lowered on the causing stream; sources and timers; changes.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use causeflow_engine::draw::purpose;
use causeflow_engine::program::{
    Actor, Change, ChangeKind, Delay, Effect, Expr, KindId, Outcome, Place, Source,
};
use causeflow_engine::time::Span;

use super::Compiler;
use super::bounds::bounds;
use super::lower::{About, Scope};
use super::report::At;
use super::streams::Restrict;
use super::types::Ty;
use crate::definition::{
    AddDef, CauseDef, CellDef, ChangeDef, Expression, SourceDef, StatesDef, TimerDef, Weight,
};
use crate::diagnostic::suggestion;

impl Compiler {
    /// The effects of a stream: those without outcome group, in the order of the caused streams'
    /// names, and the groups.
    pub(super) fn effects_of(&mut self, parent: usize) -> (Vec<Effect>, Vec<Outcome>) {
        let mut single = Vec::new();
        let mut groups: BTreeMap<String, Vec<Effect>> = BTreeMap::new();
        // Groups of which a member is wrong: what the others add up to says nothing.
        let mut incomplete = BTreeSet::new();
        for child in 0..self.units.len() {
            let positions: Vec<usize> = (0..self.units[child].causes.len())
                .filter(|&c| self.units[child].causes[c].parent == parent)
                .collect();
            for cause in positions {
                let outcome = self.units[child].causes[cause].outcome.clone();
                let Some(effect) = self.effect(parent, child, cause) else {
                    incomplete.extend(outcome);
                    continue;
                };
                match outcome {
                    None => single.push(effect),
                    Some(group) => groups.entry(group).or_default().push(effect),
                }
            }
        }
        let name = self.units[parent].name.clone();
        for (group, effects) in &groups {
            if !incomplete.contains(group) {
                self.check_sum(parent, group, effects);
            }
        }
        let outcomes = groups.into_iter().map(|(group, effects)| Outcome {
            purpose: purpose(&format!("{name}/outcome/{group}")),
            name: group,
            effects,
        });
        (single, outcomes.collect())
    }

    /// The probabilities of an outcome group add up to 1, if they are constants.
    fn check_sum(&mut self, parent: usize, group: &str, effects: &[Effect]) {
        let constants = effects.iter().map(|effect| match effect.probability {
            Expr::Num(p) => Some(p),
            _ => None,
        });
        let Some(sum) = constants.sum::<Option<f64>>() else {
            return;
        };
        if (sum - 1.0).abs() < 1e-9 {
            return;
        }
        let parts: Vec<String> = effects
            .iter()
            .map(|effect| match effect.probability {
                Expr::Num(p) => format!("{} {p}", self.units[usize::from(effect.stream)].name),
                _ => String::new(),
            })
            .collect();
        let first = usize::from(effects[0].stream);
        let position = self.units[first]
            .causes
            .iter()
            .find(|c| c.parent == parent)
            .map_or(0, |c| c.position);
        let at = self.units[first]
            .at
            .key("causes")
            .key(position)
            .key("probability");
        let message = format!(
            "the probabilities of the outcome `{group}` of {} add up to {}, expected 1",
            self.units[parent].name,
            (sum * 1e9).round() / 1e9
        );
        self.report.error(
            &at,
            message,
            Some(format!("there are: {}", parts.join(", "))),
        );
    }

    /// The effects of a stream without outcome group, as (caused stream, which of its causes), in
    /// the order in which the program has them.
    pub(super) fn effects_without_outcome(&self, stream: usize) -> Vec<(usize, usize)> {
        let all = self.units.iter().enumerate();
        let all = all.flat_map(|(unit, u)| {
            u.causes
                .iter()
                .enumerate()
                .map(move |(c, cause)| (unit, c, cause))
        });
        all.filter(|(_, _, cause)| cause.parent == stream && cause.outcome.is_none())
            .map(|(unit, c, _)| (unit, c))
            .collect()
    }

    /// The index of an effect among those without outcome group; its guard is worked out first, so
    /// that what it depends on comes before.
    pub(super) fn effect_without_outcome(
        &mut self,
        stream: usize,
        child: &str,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<u16> {
        let caused = self.effects_without_outcome(stream);
        let Some(index) = caused
            .iter()
            .position(|&(unit, _)| self.units[unit].name == child)
        else {
            let help = suggestion(
                child,
                caused
                    .iter()
                    .map(|&(unit, _)| self.units[unit].name.as_str()),
            );
            let message = format!(
                "{} does not cause `{child}` (outside an outcome group)",
                self.units[stream].name
            );
            self.report.error_in(&scope.at, span, message, help);
            return None;
        };
        let (unit, cause) = caused[index];
        if self.units[unit].causes[cause].doing {
            let message = format!("whether `{child}` happens depends on itself here");
            self.report.error_in(&scope.at, span, message, None);
            return None;
        }
        self.guard(unit, cause);
        Some(index as u16)
    }

    fn cause_scope(&self, child: usize, cause: usize, key: &str) -> (CauseDef, Scope) {
        let unit = &self.units[child];
        let cause = &unit.causes[cause];
        let about = About::Stream {
            stream: cause.parent,
            restrict: Restrict::Any,
            inside: None,
        };
        let at = unit.at.key("causes").key(cause.position).key(key);
        let name = format!("{}/{}/{key}", unit.name, self.units[cause.parent].name);
        (
            unit.definition.causes[cause.position].clone(),
            Scope::new(about, at, &name),
        )
    }

    /// Condition and probability of a cause.
    fn guard(&mut self, child: usize, cause: usize) -> Option<(Option<Expr>, Expr)> {
        if let Some(guard) = &self.units[child].causes[cause].guard {
            return Some(guard.clone());
        }
        self.units[child].causes[cause].doing = true;
        let (definition, mut when_scope) = self.cause_scope(child, cause, "when");
        let when = match &definition.when {
            Some(Expression(text)) => self
                .expression_of(text, &mut when_scope, &[Ty::Bool])
                .map(|t| Some(t.expr)),
            None => Some(None),
        };
        let (_, mut scope) = self.cause_scope(child, cause, "probability");
        let probability = match &definition.probability {
            Some(Expression(text)) => self
                .expression_of(text, &mut scope, &[Ty::Number])
                .map(|t| t.expr),
            None => Some(Expr::Num(1.0)),
        };
        if let Some(Expr::Num(p)) = probability
            && !(0.0..=1.0).contains(&p)
        {
            self.report.error(
                &scope.at,
                format!("found the probability {p}, expected 0 to 1"),
                None,
            );
        }
        self.units[child].causes[cause].doing = false;
        let guard = (when?, probability?);
        self.units[child].causes[cause].guard = Some(guard.clone());
        Some(guard)
    }

    fn effect(&mut self, parent: usize, child: usize, cause: usize) -> Option<Effect> {
        let guard = self.guard(child, cause);
        let (definition, mut scope) = self.cause_scope(child, cause, "delay");
        let parent_name = self.units[parent].name.clone();
        let child_name = self.units[child].name.clone();
        if definition.outcome.is_some() && (definition.when.is_some() || definition.count.is_some())
        {
            let help = "exactly one outcome happens, once: make its probability depend on the condition instead";
            let message = "an outcome has neither `when` nor `count`";
            self.report
                .error_at_key(&scope.at.key(""), message, Some(help.into()));
        }
        if definition.delay.is_some() && definition.at.is_some() {
            self.report.error_at_key(
                &scope.at,
                "`delay` and `at` exclude each other",
                Some("keep one".into()),
            );
        }
        let (delay, mut shortest, mut longest) = match (&definition.delay, &definition.at) {
            (_, Some(Expression(text))) => {
                let (_, mut scope) = self.cause_scope(child, cause, "at");
                (
                    Delay::At(self.expression_of(text, &mut scope, &[Ty::Time])?.expr),
                    0.0,
                    f64::INFINITY,
                )
            }
            (Some(Expression(text)), None) => {
                let delay = self.expression_of(text, &mut scope, &[Ty::Span])?.expr;
                let (low, high) = bounds(&delay);
                if high < 0.0 {
                    self.report.error(
                        &scope.at,
                        "this delay is negative: effects do not come before their cause",
                        None,
                    );
                }
                (Delay::After(delay), low.max(0.0), high)
            }
            (None, None) => (Delay::After(Expr::Num(0.0)), 0.0, 0.0),
        };
        let count = match &definition.count {
            Some(Expression(text)) => {
                let (_, mut scope) = self.cause_scope(child, cause, "count");
                let count = self.expression_of(text, &mut scope, &[Ty::Number])?.expr;
                if let Expr::Num(n) = count
                    && !(0.0..=1e6).contains(&n)
                {
                    self.report.error(
                        &scope.at,
                        format!("found the count {n}, expected 0 to 1000000"),
                        None,
                    );
                }
                Some(count)
            }
            None => None,
        };
        let spacing = match &definition.spacing {
            Some(Expression(text)) => {
                let (_, mut scope) = self.cause_scope(child, cause, "spacing");
                let spacing = self.expression_of(text, &mut scope, &[Ty::Span])?.expr;
                let (low, high) = bounds(&spacing);
                let most = count.as_ref().map_or(1.0, |count| bounds(count).1);
                shortest += low.max(0.0);
                longest += high.max(0.0) * most;
                Some(spacing)
            }
            None => None,
        };
        let place = match definition.cell {
            Some(CellDef::Any) => Place::AnyCell,
            _ => Place::Same,
        };
        let (when, probability) = guard?;
        Some(Effect {
            stream: child as u16,
            purpose: purpose(&format!("{parent_name} -> {child_name}")),
            when,
            probability,
            delay,
            count,
            spacing,
            place,
            pass: Vec::new(),
            shortest: Span(shortest.min(1e17) as i64),
            longest: (longest < 1e17).then_some(Span(longest as i64)),
        })
    }

    /// The stream's source or timer.
    pub(super) fn source(&mut self, stream: usize) -> Option<Source> {
        let unit = self.units[stream].clone();
        match (&unit.definition.source, &unit.definition.timer) {
            (Some(source), None) => self.arrivals(stream, source),
            (None, Some(timer)) => self.timer(stream, timer),
            _ => None,
        }
    }

    fn arrivals(&mut self, stream: usize, source: &SourceDef) -> Option<Source> {
        let at = self.units[stream].at.key("source");
        if source.rate < 0.0 || !source.rate.is_finite() {
            self.report.error(
                &at.key("rate"),
                format!("found the rate {}, expected 0 or more a day", source.rate),
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
                    self.report.error(
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
        })
    }

    fn actor(
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
                    self.report.error_at_key(&place, message, help);
                }
            }
            if !(0.0..=1.0).contains(share) {
                self.report.error(
                    &place,
                    format!("found the share {share}, expected 0 to 1"),
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

    fn timer(&mut self, stream: usize, timer: &TimerDef) -> Option<Source> {
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
        if every.0 <= 0 {
            self.report.error(
                &at.key("every"),
                "a period of nothing never ends",
                Some("write a duration such as 1h".into()),
            );
            return None;
        }
        for (key, span) in [("jitter", Some(jitter)), ("at", offset)] {
            if span.is_some_and(|span| span.0 >= every.0) {
                self.report.error(
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
                .error(at, format!("there is no kind of entity `{name}`"), help);
        }
        found
    }

    /// What a stream's events change.
    pub(super) fn changes(&mut self, stream: usize) -> Vec<Change> {
        let definitions = self.units[stream].definition.changes.clone();
        let at = self.units[stream].at.key("changes");
        definitions
            .iter()
            .enumerate()
            .flat_map(|(i, change)| self.change(stream, change, &at.key(i)))
            .collect()
    }

    fn change(&mut self, stream: usize, change: &ChangeDef, at: &At) -> Vec<Change> {
        let name = format!("{}/changes", self.units[stream].name);
        let about = About::Stream {
            stream,
            restrict: Restrict::Any,
            inside: None,
        };
        let scope = |key: &str| Scope::new(about.clone(), at.key(key), &format!("{name}/{key}"));
        let when = change
            .when
            .as_ref()
            .and_then(|text| self.expression_of(&text.0, &mut scope("when"), &[Ty::Bool]));
        let when = when.map(|typed| typed.expr);
        let mut kinds = Vec::new();
        if let Some(counter) = &change.counter {
            if change.entity.is_some() {
                self.report.error_at_key(
                    &at.key("entity"),
                    "a change is about an entity or a counter",
                    Some("write two changes".into()),
                );
            }
            let found = self.counter(counter);
            if found.is_none() {
                let help = suggestion(counter, self.counters.iter().map(String::as_str));
                self.report.error(
                    &at.key("counter"),
                    format!("there is no counter `{counter}`"),
                    help,
                );
            }
            match &change.add {
                Some(AddDef::Counter(text)) => {
                    let value = self.expression_of(&text.0, &mut scope("add"), &[Ty::Number]);
                    if let (Some(counter), Some(value)) = (found, value) {
                        kinds.push(ChangeKind::Count {
                            counter,
                            value: value.expr,
                        });
                    }
                }
                _ => self.report.error(
                    at,
                    "a counter needs `add` with a number",
                    Some("for example `add: 1`".into()),
                ),
            }
        } else if let Some(text) = &change.entity {
            if let Some(typed) = self.expression(text, &mut scope("entity")) {
                match typed.ty {
                    Ty::Entity(kind) => {
                        self.entity_changes(kind, &typed.expr, change, at, &scope, &mut kinds)
                    }
                    ty => {
                        let message =
                            format!("`{text}` is {}, expected an entity", self.type_name(ty));
                        self.report.error(&at.key("entity"), message, None);
                    }
                }
            }
        } else {
            self.report.error(
                at,
                "this change is about nothing",
                Some("add `entity` or `counter`".into()),
            );
        }
        kinds
            .into_iter()
            .map(|what| Change {
                when: when.clone(),
                what,
            })
            .collect()
    }

    fn entity_changes(
        &mut self,
        kind: KindId,
        entity: &Expr,
        change: &ChangeDef,
        at: &At,
        scope: &impl Fn(&str) -> Scope,
        kinds: &mut Vec<ChangeKind>,
    ) {
        let names = self.kinds[usize::from(kind)].clone();
        if let Some(state) = &change.state {
            match names.states.iter().position(|name| name == state) {
                Some(i) => kinds.push(ChangeKind::State {
                    kind,
                    entity: entity.clone(),
                    state: i as u8,
                }),
                None => {
                    let help = suggestion(state, names.states.iter().map(String::as_str));
                    self.report.error(
                        &at.key("state"),
                        format!("a {} has no state `{state}`", names.name),
                        help,
                    );
                }
            }
        }
        let added = match &change.add {
            Some(AddDef::Variables(map)) => {
                map.iter().map(|(name, text)| ("add", name, text)).collect()
            }
            Some(AddDef::Counter(_)) => {
                self.report.error(
                    &at.key("add"),
                    "for an entity, `add` names its variables",
                    Some("for example `add: {balance_usd: 5}`".into()),
                );
                Vec::new()
            }
            None => Vec::new(),
        };
        let set = change.set.iter().map(|(name, text)| ("set", name, text));
        for (how, name, Expression(text)) in set.chain(added) {
            let place = at.key(how).key(name);
            let Some(variable) = names.variables.iter().position(|(n, ..)| n == name) else {
                let help = suggestion(name, names.variables.iter().map(|(n, ..)| n.as_str()));
                self.report.error_at_key(
                    &place,
                    format!("a {} has no variable `{name}`", names.name),
                    help,
                );
                continue;
            };
            let ty = names.variables[variable].1;
            let mut scope = scope(&format!("{how}/{name}"));
            scope.at = place;
            let Some(value) = self.expression_of(text, &mut scope, &[ty]) else {
                continue;
            };
            let (entity, variable, value) = (entity.clone(), variable as u16, value.expr);
            kinds.push(match how {
                "set" => ChangeKind::Set {
                    kind,
                    entity,
                    variable,
                    value,
                },
                _ => ChangeKind::Add {
                    kind,
                    entity,
                    variable,
                    value,
                },
            });
        }
        for (name, count) in &change.adopt {
            let Some(adopted) = self.kind_named(name, &at.key("adopt")) else {
                continue;
            };
            let variables = &self.kinds[usize::from(adopted)].variables;
            match variables
                .iter()
                .position(|(_, ty, _)| *ty == Ty::Entity(kind))
            {
                Some(variable) => kinds.push(ChangeKind::Adopt {
                    owner: entity.clone(),
                    kind: adopted,
                    variable: variable as u16,
                    count: *count,
                    purpose: purpose(&format!("adopt/{name}")),
                }),
                None => {
                    let message = format!("a {name} does not belong to a {}", names.name);
                    self.report.error(
                        &at.key("adopt"),
                        message,
                        Some("add `belongs_to` to the kind".into()),
                    );
                }
            }
        }
        if kinds.is_empty() && !self.report.has_errors() {
            self.report.error(
                at,
                "this change changes nothing",
                Some("add `state`, `set`, `add` or `adopt`".into()),
            );
        }
    }
}
