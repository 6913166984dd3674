//! What is watched of entities: the history of what is tracked (`track`), and levels that are crossed (`crossing`).
//!
//! Whatever is watched is looked at after each event that may change it: such an event is a cause of the stream that watches, and reaches those
//! whom it changes, at once. The entity keeps, in variables that nobody else sees, what was known of it when it was last looked at: of what is
//! tracked its values, of a level whether it has been crossed. So sides, snapshots and attribution are those of variables and causes.

mod events;

use causeflow_engine::base::table::{ColumnSpec, ColumnType};
use causeflow_engine::streams::program::{Attribute, Expr, Kind, KindId};

use super::lower::{About, Scope};
use super::report::At;
use super::streams::{Noted, Restrict};
use super::types::{Ty, Typed, not};
use super::{Compiler, Merged};
use crate::definition::{
    AddDef, ChangeDef, CrossingDef, EntityDef, Expression, FieldDef, Map, StreamDef, ValueDef,
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
    for (name, of) in &definition.belongs_to {
        if definition.relation.is_some() {
            let of = of.kind.as_ref().unwrap_or(name);
            let value = format!("{kind}.{name}.id");
            fields.insert(
                format!("{name}_id"),
                plain(&value, &format!("The {of} that was linked")),
            );
        }
    }
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
        relation: definition.relation.as_ref().map(|_| kind.into()),
        ..StreamDef::default()
    }
}

impl Compiler {
    /// Lets the history of what is tracked be a stream, and notes which streams tell that a level is crossed.
    pub(super) fn separate_watched(&mut self, merged: &mut Merged) {
        for (name, (file, definition)) in merged.entities.clone() {
            if definition.track.is_empty() {
                continue;
            }
            let at = Self::place_of_kind(&name, file, &definition).key("track");
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
