//! Which events change what is watched, what they change of what is kept, and what has to hold when what watches takes place.

use causeflow_engine::streams::program::{Binary, Change, ChangeKind, Expr, KindId, Slot};

use super::{Watch, Watched};
use crate::compile::Compiler;
use crate::compile::each::{Reached, Those};
use crate::compile::lower::{About, Scope};
use crate::compile::streams::{Cause, OwnVariable, Progress, Restrict};
use crate::compile::types::{Ty, Typed, both, not, slot_of_own};
use crate::definition::{CauseDef, Expression, ValueDef};

/// A cause of what watches: an event that changes somebody.
fn cause(on: &str, kind: &str) -> CauseDef {
    CauseDef {
        on: on.into(),
        each: Some(kind.into()),
        ..CauseDef::default()
    }
}

/// An expression about an entity, said of one that is referred to.
fn about(mut e: Expr, kind: KindId, entity: &Expr, refers: &[bool]) -> Expr {
    e.rewrite(&mut |e| {
        let of = || Box::new(entity.clone());
        match e {
            Expr::Own(at) => *e = Expr::Attribute(kind, of(), *at),
            Expr::OwnVariable(at) if refers[usize::from(*at)] => {
                *e = Expr::Reference(kind, of(), *at);
            }
            Expr::OwnVariable(at) => *e = Expr::Variable(kind, of(), *at),
            Expr::OwnEntity => *e = entity.clone(),
            _ => {}
        }
    });
    e
}

impl Compiler {
    /// Lets the streams that change what is watched be causes of those that watch. Whom a change is about is known only when names are, so
    /// it is asked for until nothing new is found.
    pub(in crate::compile) fn find_changes(&mut self) {
        while !self.watches.is_empty() {
            let beginning = (self.units.clone(), self.texts.clone(), self.report.found());
            let found = self.changes_of_watched();
            let more = self.rings.learn();
            (self.units, self.texts) = (beginning.0, beginning.1);
            self.report.forget_after(beginning.2);
            self.rings.forget();
            if more {
                continue;
            }
            let mut is_new = false;
            for (watch, parent, those) in found {
                is_new |= self.watch(watch, parent, those);
            }
            if !is_new {
                break;
            }
        }
        for watch in self.watches.clone() {
            let Some(kind) = watch.kind else {
                continue;
            };
            let unit = self.units.iter().position(|unit| unit.name == watch.stream);
            if unit.is_some_and(|unit| self.units[unit].causes.is_empty())
                && !self.report.has_errors()
            {
                let message = format!(
                    "no event ever changes {} of a {}",
                    watch.names.join(" or "),
                    self.kinds[kind].name
                );
                let help = "add `changes` to a stream, or remove this";
                self.report
                    .error_at_key(&watch.at, message, Some(help.into()));
            }
        }
    }

    /// The changes of what is watched: by which stream, and of whom.
    fn changes_of_watched(&mut self) -> Vec<(usize, usize, Vec<Those>)> {
        let mut found = Vec::new();
        for (watch, of) in self.watches.clone().into_iter().enumerate() {
            let Some(kind) = of.kind else {
                continue;
            };
            let is_tracked = matches!(of.what, Watched::Tracked { .. });
            for stream in 0..self.units.len() {
                let definition = self.units[stream].definition.clone();
                let mut those: Vec<Those> = Vec::new();
                for (i, change) in definition.changes.iter().enumerate() {
                    let Some(text) = &change.entity else {
                        continue;
                    };
                    // The history of one that joins begins with how the event leaves it.
                    let joins = is_tracked && definition.creates.as_ref() == Some(text);
                    if joins || !of.may_be_changed_by(change) {
                        continue;
                    }
                    let at = self.units[stream].at.key("changes").key(i).key("entity");
                    let those_of = Those {
                        text: text.clone(),
                        at,
                    };
                    let typed = self.whom(stream, &those_of);
                    let is_known = those.iter().any(|other| other.text == *text);
                    if typed.is_some_and(|typed| typed.ty == Ty::Entity(kind)) && !is_known {
                        those.push(those_of);
                    }
                }
                if !those.is_empty() {
                    found.push((watch, stream, those));
                }
            }
        }
        found
    }

    /// The entity that a change names.
    pub(in crate::compile) fn whom(&mut self, stream: usize, those: &Those) -> Option<Typed> {
        let about = About::Stream {
            stream,
            restrict: Restrict::Any,
            inside: None,
        };
        let mut scope = Scope::new(about, those.at.clone(), "");
        self.expression(&those.text, &mut scope)
    }

    /// Lets a stream be a cause of one that watches whom it changes; whether that is new.
    fn watch(&mut self, watch: usize, parent: usize, those: Vec<Those>) -> bool {
        let watch = &self.watches[watch];
        let (Some(kind), Some(child)) = (
            watch.kind,
            self.units.iter().position(|unit| unit.name == watch.stream),
        ) else {
            return false;
        };
        let mut known = self.units[child].causes.iter_mut();
        if let Some(known) = known.find(|cause| cause.parent == parent) {
            let reached = Some(Reached::these(kind, those));
            let is_new = known.each != reached;
            known.each = reached;
            return is_new;
        }
        let (name, event, at) = (
            self.units[parent].name.clone(),
            watch.event(),
            watch.at.clone(),
        );
        if matches!(watch.what, Watched::Tracked { .. }) {
            self.units[parent].own.push(OwnVariable {
                name: event,
                at,
                definition: Some(ValueDef::Short(Expression("event_id".into()))),
                is_field: false,
                noted: None,
                progress: Progress::Todo,
            });
        }
        let unit = &mut self.units[child];
        let position = unit.definition.causes.len();
        unit.definition.causes.push(cause(&name, &watch.of));
        unit.causes.push(Cause {
            parent,
            position,
            number: 0,
            outcome: None,
            each: Some(Reached::these(kind, those)),
            guard: None,
            doing: None,
        });
        true
    }

    /// What has to hold when a stream's event takes place, with what it watches: that it has changed, or that the level is crossed.
    pub(in crate::compile) fn has_changed(
        &mut self,
        stream: usize,
        requires: Option<Expr>,
    ) -> Option<Expr> {
        let mut changed = None;
        for watch in self.watches.clone() {
            let Some((kind, entity)) = self.is_watching(&watch, stream) else {
                continue;
            };
            changed = match &watch.what {
                Watched::Tracked { before, .. } => {
                    let names = watch.names.iter().zip(before);
                    let differ = names.map(|(name, &before)| {
                        let (now, same) = self.now(kind, &entity, name);
                        let before = Expr::Variable(kind, Box::new(entity.clone()), before);
                        not(both(same, now, before))
                    });
                    differ.reduce(|a, b| both(Binary::Or, a, b))
                }
                Watched::Crossed {
                    conditions, note, ..
                } => conditions.as_ref().map(|conditions| {
                    let crossed = Expr::Variable(kind, Box::new(entity.clone()), *note);
                    let when = about(conditions.0.clone(), kind, &entity, &self.references(kind));
                    both(Binary::And, not(crossed), when)
                }),
            };
        }
        match (changed, requires) {
            (Some(changed), Some(requires)) => Some(both(Binary::And, changed, requires)),
            (one, None) | (None, one) => one,
        }
    }

    /// The kind that a stream watches, and the entity that its event is about.
    fn is_watching(&mut self, watch: &Watch, stream: usize) -> Option<(KindId, Expr)> {
        if self.units[stream].name != watch.stream || self.units[stream].causes.is_empty() {
            return None;
        }
        let entity = self.find_name(stream, &watch.of, &Restrict::Any, None);
        Some((watch.kind?, entity.ok()??.expr))
    }

    /// Which variables of a kind refer to somebody.
    fn references(&self, kind: KindId) -> Vec<bool> {
        let variables = self.kinds[kind].variables.iter();
        variables
            .map(|(_, ty, _)| matches!(ty, Ty::Entity(_) | Ty::Shared(_)))
            .collect()
    }

    /// How something that is tracked is now, and how it is compared.
    fn now(&self, kind: KindId, entity: &Expr, name: &str) -> (Expr, Binary) {
        let mut variables = self.kinds[kind].variables.iter();
        let entity = Box::new(entity.clone());
        match variables.position(|(known, ..)| known == name) {
            None => (Expr::State(kind, entity), Binary::Same),
            Some(at) => {
                let same = match self.kinds[kind].variables[at].1 {
                    Ty::Number | Ty::Bool | Ty::Time | Ty::Span => Binary::Equal,
                    _ => Binary::Same,
                };
                (Expr::Variable(kind, entity, at as u16), same)
            }
        }
    }

    /// What a stream's events change of what is kept for those who watch.
    pub(in crate::compile) fn watched(&mut self, stream: usize) -> Vec<Change> {
        let mut changes = Vec::new();
        for watch in self.watches.clone() {
            let Some(kind) = watch.kind else {
                continue;
            };
            let mut set = |when, entity: &Expr, variable, value| {
                let entity = entity.clone();
                let what = ChangeKind::Set {
                    kind,
                    entity,
                    variable,
                    value,
                };
                changes.push(Change { when, what });
            };
            match &watch.what {
                Watched::Tracked { since, before } => {
                    let creates = self.units[stream].own.iter();
                    let creates = creates.take(1).position(|own| own.definition.is_none());
                    let is_creator =
                        self.units[stream].definition.creates.as_ref() == Some(&watch.of);
                    let (entity, event) = match (self.is_watching(&watch, stream), creates) {
                        (Some((_, entity)), _) => {
                            let event =
                                self.find_name(stream, &watch.event(), &Restrict::Any, None);
                            let Some(event) = event.ok().flatten() else {
                                continue;
                            };
                            set(None, &entity, *since, Expr::Time);
                            (entity, event.expr)
                        }
                        (None, Some(own)) if is_creator => {
                            (Expr::Slot(slot_of_own(own)), Expr::EventId)
                        }
                        _ => continue,
                    };
                    set(None, &entity, since + 1, event);
                    for (name, &before) in watch.names.iter().zip(before) {
                        let (now, _) = self.now(kind, &entity, name);
                        set(None, &entity, before, now);
                    }
                }
                Watched::Crossed {
                    conditions, note, ..
                } => {
                    if let Some((_, entity)) = self.is_watching(&watch, stream) {
                        set(None, &entity, *note, Expr::Num(1.0));
                    }
                    let Some(conditions) = conditions else {
                        continue;
                    };
                    for entity in self.changed_by(stream, &watch) {
                        let until =
                            about(conditions.1.clone(), kind, &entity, &self.references(kind));
                        let crossed = Expr::Variable(kind, Box::new(entity.clone()), *note);
                        let until = both(Binary::And, crossed, until);
                        set(Some(until), &entity, *note, Expr::Num(0.0));
                    }
                }
            }
        }
        changes
    }

    /// The entities that a stream's events change of what is watched.
    fn changed_by(&mut self, stream: usize, watch: &Watch) -> Vec<Expr> {
        let child = self.units.iter().find(|unit| unit.name == watch.stream);
        let mut causes = child.iter().flat_map(|unit| &unit.causes);
        let reached = causes.find(|cause| cause.parent == stream);
        let reached = reached.and_then(|cause| cause.each.clone());
        let those = reached.map_or(Vec::new(), Reached::into_these);
        let entities = those.iter().filter_map(|those| self.whom(stream, those));
        entities.map(|typed| typed.expr).collect()
    }

    /// Whom a change of what is watched is about, as the event knows it: by a name, so that it is the same before and after.
    pub(in crate::compile) fn changed_entity(
        &mut self,
        stream: usize,
        those: &Those,
    ) -> Option<Expr> {
        let typed = self.whom(stream, those)?;
        if let Expr::Slot(Slot(_)) = typed.expr {
            return Some(typed.expr);
        }
        let Ty::Entity(kind) = typed.ty else {
            return None;
        };
        let message = format!(
            "a {} is watched (`track`, `crossing`), so whom this changes has a name",
            self.kinds[kind].name
        );
        let help = format!("write `{}` into a `let`, and its name here", those.text);
        self.report.error(&those.at, message, Some(help));
        None
    }
}
