//! Causes of streams, lowered on the causing stream: effects and outcome groups.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use causeflow_engine::base::draw::purpose;
use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::{
    Delay, Destination, Effect, Expr, MAX_COUNT, Outcome, StreamId,
};

use super::Compiler;
use super::bounds::{bounds, least_after};
use super::lower::{About, Scope};
use super::report::At;
use super::streams::Restrict;
use super::sums::{self, Sum};
use super::types::Ty;
use crate::definition::{CauseDef, CellDef, Expression};
use crate::diagnostic::{number, suggestion};

/// What a sum that should be 1 can be.
fn shown(sums: &[(f64, f64)]) -> String {
    let round = |x: f64| (x * 1e9).round() / 1e9;
    let range = |&(low, high): &(f64, f64)| match round(low) == round(high) {
        true => round(low).to_string(),
        false => format!("{} to {}", round(low), round(high)),
    };
    sums.iter().map(range).collect::<Vec<_>>().join(" or ")
}

/// Why delays and the like are not negative.
const LATER: &str = "effects do not come before their cause";

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
                let tainted = self.report.is_tainted(&self.units[child].at);
                let effect = self.effect(parent, child, cause);
                if tainted || effect.is_none() {
                    incomplete.extend(outcome.clone());
                }
                let Some(effect) = effect else {
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
            loose: sums::sum(effects.iter().map(|effect| &effect.probability)) != Sum::One
                || effects.iter().any(|effect| effect.loose),
            effects,
        });
        (single, outcomes.collect())
    }

    /// The probabilities of an outcome group add up to 1, as far as can be told without an event.
    fn check_sum(&mut self, parent: usize, group: &str, effects: &[Effect]) {
        let Sum::Other(sums) = sums::sum(effects.iter().map(|effect| &effect.probability)) else {
            return;
        };
        // A stream whose causes are wrong may be the member that is missing.
        let mut units = self.units.iter();
        let unknown = units.any(|unit| unit.causes.is_empty() && self.report.is_tainted(&unit.at));
        if unknown || self.report.is_lost("streams") {
            return;
        }
        let parts: Vec<String> = effects
            .iter()
            .map(|effect| match effect.probability {
                Expr::Num(p) => format!("{} {p}", self.units[effect.stream].name),
                _ => format!("{} with an expression", self.units[effect.stream].name),
            })
            .collect();
        let first = effects[0].stream.index();
        let position = self.units[first]
            .causes
            .iter()
            .find(|c| c.parent == parent && c.outcome.as_deref() == Some(group))
            .map_or(0, |c| c.position);
        let at = self.units[first]
            .at
            .key("causes")
            .key(position)
            .key("probability");
        let message = format!(
            "the probabilities of the outcome `{group}` of {} add up to {}, expected 1",
            self.units[parent].name,
            shown(&sums)
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
            if self.report.is_spoilt("streams", child) {
                return None;
            }
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
        let same = |&&(unit, _): &&(usize, usize)| self.units[unit].name == child;
        if caused.iter().filter(same).count() > 1 {
            let message = format!(
                "{} causes `{child}` in several ways, so `happens` does not tell which is meant",
                self.units[stream].name
            );
            let help =
                "write what they depend on into a `let`, and ask for that here and in `when`";
            self.report
                .error_in(&scope.at, span, message, Some(help.into()));
            return None;
        }
        let (unit, cause) = caused[index];
        if self.units[unit].causes[cause].each.is_some() {
            let message = format!(
                "`{child}` follows for each of several, of whom some may be reached and others not"
            );
            self.report.error_in(&scope.at, span, message, None);
            return None;
        }
        match self.units[unit].causes[cause].doing {
            None => drop(self.guard(unit, cause)),
            // The search has gone round a ring of causes: that is another event.
            Some(begun) if begun < self.rings.depth() => {}
            Some(_) => {
                let message = format!("whether `{child}` happens depends on itself here");
                self.report.error_in(&scope.at, span, message, None);
                return None;
            }
        }
        Some(index as u16)
    }

    pub(super) fn cause_scope(&self, child: usize, cause: usize, key: &str) -> (CauseDef, Scope) {
        let unit = &self.units[child];
        let cause = &unit.causes[cause];
        let about = About::Stream {
            stream: cause.parent,
            restrict: Restrict::Any,
            inside: None,
        };
        let at = match unit.document {
            // Lines say how many there are, and nothing else of their one cause.
            Some(_) => unit.at.key(key),
            None => unit.place_of_cause(cause.position, key),
        };
        let (parent, mark) = (&self.units[cause.parent].name, cause.mark());
        let name = format!("{}/{parent}{mark}/{key}", unit.name);
        let mut scope = Scope::new(about, at, &name);
        scope.each = cause.each.as_ref().map(|reached| reached.kind);
        scope.is_spoilt = unit.reaches_nobody(cause);
        (unit.definition.causes[cause.position].clone(), scope)
    }

    /// Condition and probability of a cause.
    fn guard(&mut self, child: usize, cause: usize) -> Option<(Option<Expr>, Expr)> {
        if let Some(guard) = &self.units[child].causes[cause].guard {
            return Some(guard.clone());
        }
        self.units[child].causes[cause].doing = Some(self.rings.depth());
        let (definition, mut when_scope) = self.cause_scope(child, cause, "when");
        let when = match &definition.when {
            None if definition.joined => self.is_completed(child, cause),
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
            self.report.certain_error(
                &scope.at,
                format!("found the probability {}, expected 0 to 1", number(p)),
                None,
            );
        }
        self.units[child].causes[cause].doing = None;
        let guard = (when?, probability?);
        self.units[child].causes[cause].guard = Some(guard.clone());
        Some(guard)
    }

    /// Whether a probability or a count may have to be brought to the nearest that can be; what is sure to be now and then
    /// is warned of.
    fn loose(
        &mut self,
        child: usize,
        cause: usize,
        probability: &Expr,
        count: Option<&Expr>,
    ) -> bool {
        let all = [
            ("probability", Some(probability), 1.0),
            ("count", count, MAX_COUNT),
        ];
        let mut loose = false;
        for (key, value, most) in all {
            let Some((low, high)) = value.map(bounds) else {
                continue;
            };
            if low >= 0.0 && high <= most {
                continue;
            }
            loose = true;
            let (_, scope) = self.cause_scope(child, cause, key);
            let beyond = |x: f64| x.is_finite() && !(0.0..=most).contains(&x);
            if let Some(x) = [high, low].into_iter().find(|&x| beyond(x)) {
                let message = format!(
                    "this {key} can be {}; it is then brought to the nearest from 0 to {most}",
                    number(x)
                );
                let help = format!("write `clamp(..., 0, {most})` if that is meant");
                self.report.warning(&scope.at, message, Some(help));
            }
        }
        loose
    }

    /// The entity in whose cell an effect takes place: the first of those that are named.
    fn home(&mut self, cell: &CellDef, scope: &mut Scope) -> Option<Expr> {
        let mut homes = Vec::new();
        for name in cell.entities() {
            let typed = self.expression(name, scope)?;
            match typed.ty {
                Ty::Away(_) => homes.push(typed.expr),
                Ty::Shared(kind) if cell.entities().len() == 1 => {
                    homes.push(Expr::HomeOf(kind, Box::new(typed.expr)));
                }
                Ty::Shared(kind) => {
                    let name = &self.kinds[kind].name;
                    let message = format!("`{name}` is shared: it stands here alone");
                    let help = "the others live where it does only by chance";
                    self.report.error(&scope.at, message, Some(help.into()));
                }
                ty => {
                    let message = format!(
                        "found {}, expected an entity in another cell",
                        self.type_name(ty)
                    );
                    let help = match ty {
                        Ty::Entity(_) => "this one is in the cell of the cause: leave it out",
                        _ => "name one that the cause carries from where it comes",
                    };
                    self.report.error(&scope.at, message, Some(help.into()));
                }
            }
        }
        (homes.len() == cell.entities().len()).then(|| homes.swap_remove(0))
    }

    /// What goes to the cell of an entity comes there after the next barrier.
    fn check_lead(&mut self, shortest: f64, at: &At) {
        if shortest >= self.window.0 as f64 {
            return;
        }
        let message = format!(
            "what goes to another cell takes a window at least, {}: found a delay of {} at the least",
            self.window,
            Span(shortest as i64)
        );
        let help = "make the delay longer, or the `window` of the model shorter";
        self.report.error_at_key(at, message, Some(help.into()));
    }

    fn effect(&mut self, parent: usize, child: usize, cause: usize) -> Option<Effect> {
        let guard = self.guard(child, cause);
        let (definition, mut scope) = self.cause_scope(child, cause, "delay");
        let parent_name = self.units[parent].name.clone();
        let child_name = self.units[child].name.clone();
        let mark = self.units[child].causes[cause].mark();
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
                let time = self.expression_of(text, &mut scope, &[Ty::Time])?.expr;
                let shortest = least_after(&time).max(0.0);
                (Delay::At(time), shortest, f64::INFINITY)
            }
            (Some(Expression(text)), None) => {
                let delay = self.expression_of(text, &mut scope, &[Ty::Span])?.expr;
                let (low, high) = bounds(&delay);
                self.not_negative(&delay, "delay", LATER, &scope.at);
                (Delay::After(delay), low.max(0.0), high)
            }
            (None, None) => (Delay::After(Expr::Num(0.0)), 0.0, 0.0),
        };
        let longest_delay = longest;
        let count = match &definition.count {
            Some(Expression(text)) => {
                let (_, mut scope) = self.cause_scope(child, cause, "count");
                let count = self.expression_of(text, &mut scope, &[Ty::Number])?.expr;
                self.whole(&count, "count", 0.0..=10_000.0, &scope.at);
                self.check_lines(child, &count);
                Some(count)
            }
            None => None,
        };
        let spacing = match &definition.spacing {
            Some(Expression(text)) => {
                let (_, mut scope) = self.cause_scope(child, cause, "spacing");
                let spacing = self.expression_of(text, &mut scope, &[Ty::Span])?.expr;
                let (low, high) = bounds(&spacing);
                self.not_negative(&spacing, "spacing", LATER, &scope.at);
                let most = count.as_ref().map_or(1.0, |count| bounds(count).1);
                shortest += low.max(0.0);
                longest += high.max(0.0) * most;
                Some(spacing)
            }
            None => None,
        };
        let (_, mut scope) = self.cause_scope(child, cause, "cell");
        let destination = match (&definition.cell, &self.units[child].definition.desk) {
            (Some(cell), Some(_)) if cell.is_any() || !cell.entities().is_empty() => {
                let message = "an event that waits at a desk lands there, and in no cell";
                self.report
                    .error_at_key(&scope.at, message, Some("remove `cell`".into()));
                Destination::Desk
            }
            (_, Some(desk)) => {
                if desk.release.is_none() {
                    // Nobody knows how long it waits.
                    longest = f64::INFINITY;
                }
                Destination::Desk
            }
            (Some(cell), None) if cell.is_any() => Destination::AnyCell,
            (Some(cell), None) if !cell.entities().is_empty() => {
                self.check_lead(shortest, &scope.at);
                Destination::CellOf(self.home(cell, &mut scope)?)
            }
            _ => Destination::Same,
        };
        let each = match self.units[child].causes[cause].each {
            Some(_) => Some(Box::new(self.each(child, cause)?)),
            // One that is wrong has been told of.
            None if definition.each.is_some() => return None,
            None => None,
        };
        let (when, probability) = guard?;
        let loose = self.loose(child, cause, &probability, count.as_ref());
        Some(Effect {
            stream: StreamId::at(child),
            purpose: purpose(&format!("{parent_name} -> {child_name}{mark}")),
            when,
            probability,
            delay,
            counted: count.is_some(),
            count,
            each,
            spacing,
            destination,
            loose,
            pass: Vec::new(),
            crossings: Vec::new(),
            handed: Vec::new(),
            shortest: Span(shortest.min(1e17) as i64),
            longest: (longest < 1e17).then_some(Span(longest as i64)),
            longest_delay: (longest_delay < 1e17).then_some(Span(longest_delay as i64)),
        })
    }
}
