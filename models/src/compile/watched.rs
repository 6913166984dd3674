//! What is watched of entities: the history of what is tracked (`track`), and levels that are crossed (`crossing`).
//!
//! Whatever is watched is looked at after each event that may change it: such an event is a cause of the stream that watches, and reaches those
//! whom it changes, at once. The entity keeps, in variables that nobody else sees, what was known of it when it was last looked at: of what is
//! tracked its values, of a level whether it has been crossed. So sides, snapshots and attribution are those of variables and causes.

use causeflow_engine::base::table::{ColumnSpec, ColumnType};
use causeflow_engine::streams::program::{
    Attribute, Binary, Change, ChangeKind, Expr, Kind, KindId, Slot, Unary,
};

use super::each::{Reached, Those};
use super::lower::{About, Scope};
use super::report::At;
use super::streams::{Cause, Noted, OwnVariable, Progress, Restrict};
use super::types::{Ty, Typed, slot_of_own};
use super::{Compiler, Merged};
use crate::definition::{
    AddDef, CauseDef, ChangeDef, CrossingDef, EntityDef, Expression, FieldDef, Map, StreamDef,
    ValueDef,
};
use crate::diagnostic::suggestion;

/// What is tracked besides variables.
const STATE: &str = "state";
/// Since when the values of an entity hold: a column of its table and of its history.
const SINCE: &str = "valid_from";
/// Until when they held: a column of its history.
const UNTIL: &str = "valid_to";
/// The event that made them so, likewise in both.
const BEGAN: &str = "began_id";

/// Something of the entities of a kind that is looked at whenever it may have changed.
#[derive(Clone, Debug)]
pub(super) struct Watch {
    /// The stream that follows.
    stream: String,
    /// Where it is said.
    at: At,
    /// The name of the kind.
    of: String,
    /// The kind, if there is one of this name.
    kind: Option<KindId>,
    /// What is looked at: variables and `state`.
    names: Vec<String>,
    what: Watched,
}

/// What becomes of it.
#[derive(Clone, Debug)]
enum Watched {
    /// A row for each change, with the values before; the variables that keep since when they hold, and the values.
    Tracked { since: u16, before: Vec<u16> },
    /// An event when a condition comes to hold, not again until another one has held; the variable that tells whether
    /// it has come. Conditions are about the entity itself.
    Crossed {
        crossing: Box<CrossingDef>,
        conditions: Option<Box<(Expr, Expr)>>,
        note: u16,
    },
}

impl Watch {
    /// What the event that was the last to be looked at is called by those who carry it.
    fn event(&self) -> String {
        format!("{}: event", self.stream)
    }

    /// Whether a change may change what is looked at.
    fn may_be_changed_by(&self, change: &ChangeDef) -> bool {
        let added = match &change.add {
            Some(AddDef::Variables(map)) => Some(map),
            _ => None,
        };
        self.names.iter().any(|name| match &name[..] {
            STATE => change.state.is_some(),
            name => {
                change.set.contains_key(name) || added.is_some_and(|added| added.contains_key(name))
            }
        })
    }
}

/// The stream of the history of a kind.
fn history_of(kind: &str, definition: &EntityDef) -> StreamDef {
    let field = |value: &str, long: FieldDef, description: String| {
        let value = Some(Expression(value.into()));
        let description = long.description.or(Some(description));
        ValueDef::Long(Box::new(FieldDef {
            value,
            r#type: long.r#type,
            unit: long.unit,
            description,
            ..FieldDef::default()
        }))
    };
    let plain = |value: &str, description: &str| {
        let long = FieldDef::default();
        field(value, long, description.into())
    };
    let mut fields = Map::default();
    let id = format!("Which {kind} it is");
    fields.insert(format!("{kind}_id"), plain(&format!("{kind}.id"), &id));
    for name in &definition.track {
        let long = match definition.variables.get(name) {
            Some(ValueDef::Long(long)) => (**long).clone(),
            _ => FieldDef::default(),
        };
        let description = format!("The {name} that held");
        fields.insert(name.clone(), field(name, long, description));
    }
    let since = "Since when: of what held from the start when the run began, with its warm-up";
    fields.insert(SINCE.into(), plain(SINCE, since));
    fields.insert(UNTIL.into(), plain("time", "Until when, this not included"));
    let began = "The event that made it so; missing where it held from the start";
    fields.insert(BEGAN.into(), plain(BEGAN, began));
    StreamDef {
        description: Some(format!(
            "What held of a {kind} until it changed: {}.",
            definition.track.join(", ")
        )),
        fields,
        tracks: Some(kind.into()),
        ..StreamDef::default()
    }
}

/// A cause of what watches: an event that changes somebody.
fn cause(on: &str, kind: &str) -> CauseDef {
    CauseDef {
        on: on.into(),
        probability: None,
        delay: None,
        at: None,
        count: None,
        spacing: None,
        each: Some(kind.into()),
        outcome: None,
        when: None,
        cell: None,
        joined: false,
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

fn both(op: Binary, a: Expr, b: Expr) -> Expr {
    Expr::Binary(op, Box::new(a), Box::new(b))
}

fn not(e: Expr) -> Expr {
    Expr::Unary(Unary::Not, Box::new(e))
}

impl Compiler {
    /// Lets the history of what is tracked be a stream, and notes which streams tell that a level is crossed.
    pub(super) fn separate_watched(&mut self, merged: &mut Merged) {
        for (name, (file, definition)) in merged.entities.clone() {
            if definition.track.is_empty() {
                continue;
            }
            let at = At::new(file, &["entities", &name, "track"]);
            let stream = format!("{name}.history");
            if merged.streams.contains_key(&stream) {
                let message =
                    format!("there is a stream `{stream}`, which is the name of this history");
                let help = "choose another name for that stream";
                self.report.error_at_key(&at, message, Some(help.into()));
                continue;
            }
            self.watches.push(Watch {
                stream: stream.clone(),
                at,
                of: name.clone(),
                kind: None,
                names: definition.track.clone(),
                what: Watched::Tracked {
                    since: 0,
                    before: Vec::new(),
                },
            });
            merged
                .streams
                .insert(stream, (file, history_of(&name, &definition)));
        }
        for (name, (file, stream)) in &merged.streams {
            let Some(crossing) = &stream.crossing else {
                continue;
            };
            let at = At::new(*file, &["streams", name, "crossing"]);
            let others = [
                ("source", stream.source.is_some()),
                ("timer", stream.timer.is_some()),
                ("causes", !stream.causes.is_empty()),
                ("after", stream.after.is_some()),
            ];
            for (key, _) in others.into_iter().filter(|(_, given)| *given) {
                let message =
                    format!("`crossing` says what makes these events, and so does `{key}`");
                let help = "make two streams";
                self.report.error_at_key(&at, message, Some(help.into()));
            }
            let refused = [
                ("desk", stream.desk.is_some(), "no entity lives at a desk"),
                (
                    "creates",
                    stream.creates.is_some(),
                    "whether it happens is known only when its time comes",
                ),
            ];
            for (key, _, why) in refused.into_iter().filter(|(_, given, _)| *given) {
                let message = format!("an event of a crossing has no `{key}`: {why}");
                let help = "let it follow in a stream of its own";
                let at = At::new(*file, &["streams", name, key]);
                self.report.error_at_key(&at, message, Some(help.into()));
            }
            self.watches.push(Watch {
                stream: name.clone(),
                at,
                of: crossing.of.clone(),
                kind: None,
                names: Vec::new(),
                what: Watched::Crossed {
                    crossing: Box::new(crossing.clone()),
                    conditions: None,
                    note: 0,
                },
            });
        }
    }

    /// Lets entities keep what was last known of them.
    pub(super) fn watched_of_entities(&mut self, kinds: &mut [Kind]) {
        for watch in 0..self.watches.len() {
            let watch = &self.watches[watch];
            let Watched::Tracked { .. } = watch.what else {
                continue;
            };
            let Some(k) = self.kind(&watch.of) else {
                continue;
            };
            let kind = &mut kinds[k.index()];
            let names = kind.attributes.iter().chain(&kind.variables);
            let names = names.map(|value| &value.column);
            let mut names = names.chain(kind.texts.iter().map(|text| &text.column));
            let taken = names.find(|column| [SINCE, BEGAN].contains(&&column.name[..]));
            if let Some(taken) = taken {
                let message = format!("`{}` is a column of what is tracked", taken.name);
                let help = "choose another name for that";
                let at = watch.at.clone();
                self.report.error_at_key(&at, message, Some(help.into()));
            }
            // Its table shows these two; they come before all notes.
            let mut keep = |name: &str, ty, nullable, value, description: &str| {
                let column = ColumnSpec {
                    name: name.into(),
                    kind: ty,
                    unit: None,
                    description: Some(description.into()),
                    nullable,
                };
                kind.variables.push(Attribute { column, value });
            };
            let since = "Since when what is tracked is so";
            keep(SINCE, ColumnType::Time, false, Expr::Time, since);
            let began = "The event that made it so; missing where it was so from the start";
            keep(BEGAN, ColumnType::Id, true, Expr::Exact(0), began);
        }
        for watch in 0..self.watches.len() {
            match self.watches[watch].what.clone() {
                Watched::Tracked { .. } => self.track(watch, kinds),
                Watched::Crossed { crossing, .. } => self.cross(watch, &crossing, kinds),
            }
        }
    }

    fn track(&mut self, watch: usize, kinds: &mut [Kind]) {
        let Watch { at, of, names, .. } = self.watches[watch].clone();
        let Some(k) = self.kind(&of) else {
            return;
        };
        let known = self.kinds[k].clone();
        let kind = &mut kinds[k.index()];
        let since = kind.variables.iter();
        let since = since
            .clone()
            .position(|variable| variable.column.name == SINCE);
        let mut before = Vec::new();
        for (i, name) in names.iter().enumerate() {
            let at = at.key(i);
            if names[..i].contains(name) {
                let message = format!("`{name}` stands here twice");
                self.report
                    .error(&at, message, Some("remove one of the two".into()));
                continue;
            }
            let mut variables = known.variables.iter();
            let found = variables.position(|(known, ..)| known == name);
            let (ty, value) = match (found, &name[..]) {
                (Some(found), _)
                    if matches!(known.variables[found].1, Ty::Entity(_) | Ty::Shared(_)) =>
                {
                    let message = format!("to which {name} a {of} belongs is not tracked");
                    let help = "track a variable or `state`";
                    self.report.error(&at, message, Some(help.into()));
                    continue;
                }
                (Some(found), _) => {
                    let variable = &kind.variables[found];
                    (variable.column.kind, variable.value.clone())
                }
                (None, STATE) => {
                    kind.noted_state = Some(kind.variables.len() as u16);
                    (ColumnType::Text, Expr::Text(0))
                }
                (None, _) if known.is_spoilt => continue,
                (None, _) => {
                    let is = known.attributes.iter().any(|(known, ..)| known == name);
                    let message = match is {
                        true => format!("`{name}` is an attribute, which never changes"),
                        false => format!("a {of} has no variable `{name}`"),
                    };
                    let variables = known.variables.iter().map(|(name, ..)| name.as_str());
                    let help = suggestion(name, variables.chain([STATE]));
                    self.report.error(&at, message, help);
                    continue;
                }
            };
            before.push(kind.variables.len() as u16);
            let column = ColumnSpec {
                name: format!("{of}.history: {name}"),
                kind: ty,
                unit: None,
                description: None,
                nullable: false,
            };
            kind.variables.push(Attribute { column, value });
            kind.notes += 1;
        }
        let watch = &mut self.watches[watch];
        // What is wrong has been told.
        watch.kind = Some(k).filter(|_| before.len() == names.len());
        watch.what = Watched::Tracked {
            since: since.unwrap_or_default() as u16,
            before,
        };
    }

    fn cross(&mut self, watch: usize, crossing: &CrossingDef, kinds: &mut [Kind]) {
        let (at, stream) = (
            self.watches[watch].at.clone(),
            self.watches[watch].stream.clone(),
        );
        let Some(k) = self.kind_named(&crossing.of, &at.key("of")) else {
            return;
        };
        let about = About::Entity {
            kind: k,
            variables: true,
        };
        let mut condition = |key: &str, Expression(text): &Expression| {
            let name = format!("{stream}/crossing/{key}");
            let mut scope = Scope::new(about.clone(), at.key(key), &name);
            let typed = self.expression_of(text, &mut scope, &[Ty::Bool])?;
            if typed.expr.any(|e| !is_steady(e)) {
                let message = format!(
                    "`{key}` looks at the {} alone, and draws nothing",
                    crossing.of
                );
                let help = "keep what it depends on in a variable";
                self.report.error(&scope.at, message, Some(help.into()));
                return None;
            }
            Some(typed.expr)
        };
        let when = condition("when", &crossing.when);
        let until = match &crossing.until {
            Some(until) => condition("until", until),
            None => when.clone().map(not),
        };
        let Some(conditions) = when.zip(until) else {
            return;
        };
        let mut names = Vec::new();
        for e in [&conditions.0, &conditions.1] {
            e.visit(&mut |e| match e {
                Expr::OwnVariable(at) => {
                    names.push(self.kinds[k].variables[usize::from(*at)].0.clone());
                }
                Expr::State(..) => names.push(STATE.into()),
                _ => {}
            });
        }
        if names.is_empty() {
            let message = format!(
                "this never changes: it reads no variable of the {}, nor its state",
                crossing.of
            );
            let help = "name a variable that events change";
            self.report
                .error(&at.key("when"), message, Some(help.into()));
            return;
        }
        let kind = &mut kinds[k.index()];
        let note = kind.variables.len() as u16;
        let column = ColumnSpec {
            name: format!("{stream}: crossed"),
            kind: ColumnType::Bool,
            unit: None,
            description: None,
            nullable: false,
        };
        let value = Expr::Num(0.0);
        kind.variables.push(Attribute { column, value });
        kind.notes += 1;
        let watch = &mut self.watches[watch];
        (watch.kind, watch.names) = (Some(k), names);
        watch.what = Watched::Crossed {
            crossing: Box::new(crossing.clone()),
            conditions: Some(Box::new(conditions)),
            note,
        };
    }

    /// Lets histories read what was last known.
    pub(super) fn watched_of_events(&mut self) {
        for (watch, Watch { stream, names, .. }) in self.watches.iter().enumerate() {
            if !matches!(self.watches[watch].what, Watched::Tracked { .. }) {
                continue;
            }
            let Some(unit) = self.units.iter_mut().find(|unit| unit.name == *stream) else {
                continue;
            };
            for own in &mut unit.own {
                let which = match &own.name[..] {
                    SINCE => Some(Known::Since),
                    BEGAN => Some(Known::Began),
                    name => names.iter().position(|of| of == name).map(Known::Before),
                };
                own.noted = which.map(|which| Noted::Known(watch, which));
            }
        }
    }

    /// What was last known of an entity that a history is about.
    pub(super) fn known_before(
        &mut self,
        watch: usize,
        known: Known,
        stream: usize,
    ) -> Option<Typed> {
        let Watch {
            kind,
            of,
            names,
            what,
            ..
        } = self.watches[watch].clone();
        let (kind, Watched::Tracked { since, before }) = (kind?, what) else {
            return None;
        };
        let entity = self
            .find_name(stream, &of, &Restrict::Any, None)
            .ok()??
            .expr;
        let kept = |at| Expr::Variable(kind, Box::new(entity), at);
        Some(match known {
            Known::Since => Typed::new(kept(since), Ty::Time),
            Known::Began => Typed::new(kept(since + 1), Ty::Id),
            Known::Before(which) => {
                let expr = kept(before[which]);
                let mut variables = self.kinds[kind].variables.iter();
                match variables.find(|(name, ..)| *name == names[which]) {
                    Some((_, ty, texts)) => Typed {
                        expr,
                        ty: *ty,
                        texts: texts.clone(),
                    },
                    None => {
                        let states = self.kinds[kind].states.clone();
                        let states = states.iter().map(|state| self.texts.code(state));
                        Typed {
                            expr,
                            ty: Ty::Text,
                            texts: Some(states.collect()),
                        }
                    }
                }
            }
        })
    }

    /// Lets the streams that change what is watched be causes of those that watch. Whom a change is about is known only when names are, so
    /// it is asked for until nothing new is found.
    pub(super) fn find_changes(&mut self) {
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
    pub(super) fn whom(&mut self, stream: usize, those: &Those) -> Option<Typed> {
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
    pub(super) fn has_changed(&mut self, stream: usize, requires: Option<Expr>) -> Option<Expr> {
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
    pub(super) fn watched(&mut self, stream: usize) -> Vec<Change> {
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
    pub(super) fn changed_entity(&mut self, stream: usize, those: &Those) -> Option<Expr> {
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

/// What a history tells of before.
#[derive(Clone, Copy, Debug)]
pub enum Known {
    /// Since when it held.
    Since,
    /// The event that made it so.
    Began,
    /// A value, by its place among those that are tracked.
    Before(usize),
}

/// Whether a part of a condition follows from an entity alone.
fn is_steady(e: &Expr) -> bool {
    matches!(
        e,
        Expr::Num(_)
            | Expr::Text(_)
            | Expr::Exact(_)
            | Expr::Own(_)
            | Expr::OwnVariable(_)
            | Expr::OwnEntity
            | Expr::State(..)
            | Expr::Cell(..)
            | Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::ExactUnary(..)
            | Expr::ExactBinary(..)
            | Expr::If(_)
    )
}
