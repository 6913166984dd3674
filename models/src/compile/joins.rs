//! Events that follow from several others together (`after`): when all of them have happened to an entity, or some, or none by a
//! deadline.
//!
//! The entity notes what has happened, in variables that nobody else sees: for each stream that is waited for when it happened
//! last, and what began the waiting. A stream that is waited for has a variable that tells whether its event is the one that
//! completes it; where it is, the event that was waited for follows, and what was noted is forgotten, and where it is not, it is noted. A
//! deadline is a cause like any other, whose event asks when its time comes whether what began it still holds. So sides, snapshots
//! and attribution of joins are those of variables.

use causeflow_engine::base::table::{ColumnSpec, ColumnType};
use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::{
    Attribute, Binary, Change, ChangeKind, Expr, Join, Joined, Kind, KindId, NO_TIME, Slot, Stream,
    StreamId,
};

use super::bounds::bounds;
use super::lower::{About, Scope};
use super::report::At;
use super::streams::{Missing, Noted, OwnVariable, Progress, Restrict, Unit};
use super::types::{Ty, Typed, both, not, own_of_slot, slot_of_input, slot_of_own};
use super::{Compiler, Merged};
use crate::definition::{AfterDef, CauseDef, Expression, StreamDef, ValueDef};
use crate::diagnostic::suggestion;

/// Where the lists of streams stand.
const LISTS: [&str; 3] = ["all", "any", "none"];

/// A stream whose events follow from several others together.
#[derive(Clone, Debug)]
pub(super) struct Joining {
    /// Its name.
    stream: String,
    /// Where that stands.
    at: At,
    /// The key of the list of streams.
    list: &'static str,
    /// Those that are waited for.
    members: Vec<String>,
    /// How many of them; 0 for a deadline.
    at_least: usize,
    /// What begins it.
    since: Option<String>,
    /// The name of the kind of entity.
    of: String,
    /// Its kind, if there is one of this name.
    kind: Option<KindId>,
    /// The time in which all happens.
    within: Option<Expression>,
    /// The longest that can be, as far as known.
    longest: f64,
    /// The variable of the entity that tells what began it, and the first of those that tell when each happened.
    variables: (u16, u16),
}

impl Joining {
    /// The name of the note on what began it, which its deadline carries.
    fn opened(&self) -> String {
        format!("{}: since", self.stream)
    }

    /// The name of what tells whether it is completed.
    fn completed(&self) -> String {
        format!("{}: completed", self.stream)
    }

    /// Whether it matters which of the streams have happened.
    fn counts(&self) -> bool {
        self.at_least > 1 || self.at_least == 1 && self.since.is_none()
    }

    fn notes(&self) -> impl Iterator<Item = u16> + use<> {
        let counted = if self.counts() { self.members.len() } else { 0 };
        (self.variables.1..).take(counted)
    }
}

/// Whether a name is that of a note: nobody else can have it.
pub(super) fn is_note(name: &str) -> bool {
    name.contains(':')
}

impl Unit {
    /// Where something of one of its causes stands.
    pub(super) fn place_of_cause(&self, position: usize, key: &str) -> At {
        let (after, cause) = match &self.definition.after {
            Some(after) if self.definition.causes[position].joined => (after, self.at.key("after")),
            _ => return self.at.key("causes").key(position).key(key),
        };
        match (key, list_of(after)) {
            ("on", "none") => cause.key("since"),
            ("delay", "none") => cause.key("within"),
            ("delay" | "probability", _) => cause.key(key),
            (_, list) => cause.key(list).key(position),
        }
    }
}

fn list_of(after: &AfterDef) -> &'static str {
    match (&after.all, &after.any) {
        (Some(_), _) => "all",
        (_, Some(_)) => "any",
        _ => "none",
    }
}

/// What makes the events of a joined stream, one by one.
fn causes(after: &AfterDef) -> Vec<CauseDef> {
    let cause = |on: &String, delay: &Option<Expression>| CauseDef {
        on: on.clone(),
        probability: after.probability.clone(),
        delay: delay.clone(),
        joined: true,
        ..CauseDef::default()
    };
    match (&after.none, &after.since) {
        (Some(_), Some(since)) => vec![cause(since, &after.within)],
        (Some(_), None) => Vec::new(),
        _ => {
            let members = after.members().iter();
            members.map(|on| cause(on, &after.delay)).collect()
        }
    }
}

/// What is wrong: where, in words, and what to do.
type Mistake = (At, String, &'static str);

/// Whether it is clear what makes the events.
fn of_lists(stream: &StreamDef, after: &AfterDef, at: &At) -> Vec<Mistake> {
    let lists = [&after.all, &after.any, &after.none];
    let given = LISTS.into_iter().zip(lists);
    let given = given.filter_map(|(key, list)| list.as_ref().map(|_| key));
    let given: Vec<&str> = given.collect();
    let mut wrong: Vec<Mistake> = Vec::new();
    match &given[..] {
        [] => wrong.push((
            at.clone(),
            "this does not say what is waited for".into(),
            "write `all`, `any` or `none` with a list of streams",
        )),
        [_] => {}
        [first, second, ..] => wrong.push((
            at.key(second),
            format!("`{second}` and `{first}` exclude each other"),
            "keep one, or make two streams of it, one after the other",
        )),
    }
    let others = [
        ("source", stream.source.is_some()),
        ("timer", stream.timer.is_some()),
        ("causes", !stream.causes.is_empty()),
    ];
    for (key, _) in others.into_iter().filter(|(_, given)| *given) {
        let message = format!("`after` says what makes these events, and so does `{key}`");
        wrong.push((at.clone(), message, "make two streams"));
    }
    wrong
}

/// Whether each of the streams can be waited for.
fn of_members((name, after): (&str, &AfterDef), merged: &Merged, at: &At) -> Vec<Mistake> {
    let (list, members) = (list_of(after), after.members());
    let is_line = |name: &String| {
        let found = merged.streams.get(name);
        found.is_some_and(|(_, stream)| stream.document.is_some())
    };
    let of_lines = |name| format!("`{name}` are lines, which do not see one another");
    let mut wrong: Vec<Mistake> = Vec::new();
    for (i, member) in members.iter().enumerate() {
        let (message, help) = if members[..i].contains(member) {
            let help = "name it once: what counts is which of them have happened";
            (format!("`{member}` stands here twice"), help)
        } else if member == name {
            (format!("{name} would wait for itself"), "remove it")
        } else if after.since.as_ref() == Some(member) {
            let message = format!("`{member}` begins it, and is waited for");
            (message, "remove it here, or `since`")
        } else if is_line(member) {
            (of_lines(member), "wait for what follows from a line")
        } else {
            continue;
        };
        wrong.push((at.key(list).key(i), message, help));
    }
    if let Some(since) = after.since.as_ref().filter(|since| is_line(since)) {
        wrong.push((at.key("since"), of_lines(since), "name their document"));
    }
    wrong
}

/// Whether so many of the streams can have happened.
fn of_numbers(after: &AfterDef, at: &At) -> Vec<Mistake> {
    let (list, all) = (list_of(after), after.members().len());
    let mut wrong: Vec<Mistake> = Vec::new();
    let lists = [&after.all, &after.any, &after.none];
    if all == 0 && lists.into_iter().any(Option::is_some) {
        let message = "no stream is waited for".into();
        wrong.push((at.key(list), message, "name one at least"));
    }
    let place = at.key("at_least");
    match after.at_least {
        Some(_) if after.any.is_none() => wrong.push((
            place,
            "`at_least` says how many of `any`".into(),
            "write `any` for the list of streams, or remove it",
        )),
        Some(least) if least < 1 || least as usize > all => wrong.push((
            place,
            format!("found {least}, expected 1 to {all}"),
            "write how many of the streams have to have happened",
        )),
        _ => {}
    }
    let first = match list {
        "all" => all == 1,
        list => list == "any" && after.at_least.is_none_or(|least| least == 1),
    };
    if first && after.since.is_none() {
        let help =
            "say since when it is the first one, with `since`; for each of them, write `causes`";
        let message = "each of these is the first one".into();
        wrong.push((at.key(list), message, help));
    }
    wrong
}

/// Whether there is a deadline, and nothing else.
fn of_deadline(stream: &StreamDef, after: &AfterDef, at: &At) -> Vec<Mistake> {
    let mut wrong: Vec<Mistake> = Vec::new();
    let mut add = |key, message: &str, help| wrong.push((at.key(key), message.into(), help));
    if after.since.is_none() || after.within.is_none() {
        let help = "write `since` and `within`: since order.placed, within 24h";
        add("none", "this has no deadline", help);
    }
    if after.delay.is_some() {
        add("delay", "`within` says when it follows", "remove it");
    }
    if stream.creates.is_some() {
        let message = "what follows if nothing has happened creates nobody";
        let help = "let the event that creates follow from this one";
        add("none", message, help);
    }
    wrong
}

impl Compiler {
    /// Looks at what stands in `after`, and lets the streams that are waited for be causes.
    pub(super) fn separate_joins(&mut self, merged: &mut Merged) {
        let all = merged.streams.iter();
        let joined = all.filter(|(_, (_, stream))| stream.after.is_some());
        let joined: Vec<String> = joined.map(|(name, _)| name.clone()).collect();
        for name in joined {
            let (file, stream) = merged.streams[&name].clone();
            let at = At::new(file, &["streams", &name, "after"]);
            let Some(after) = &stream.after else {
                continue;
            };
            if !self.is_join(&name, &stream, after, merged, &at) {
                self.report.taint(&at);
                continue;
            }
            let list = list_of(after);
            self.joins.push(Joining {
                stream: name.clone(),
                at,
                list,
                members: after.members().to_vec(),
                at_least: match list {
                    "all" => after.members().len(),
                    "any" => after.at_least.map_or(1, |least| least as usize),
                    _ => 0,
                },
                since: after.since.clone(),
                of: after.of.clone(),
                kind: None,
                within: after.within.clone(),
                longest: 0.0,
                variables: (0, 0),
            });
            let causes = causes(after);
            if let Some((_, stream)) = merged.streams.get_mut(&name) {
                stream.causes = causes;
            }
        }
    }

    /// Whether `after` says what can be; what is wrong is reported.
    fn is_join(
        &mut self,
        name: &str,
        stream: &StreamDef,
        after: &AfterDef,
        merged: &Merged,
        at: &At,
    ) -> bool {
        let mut wrong = of_lists(stream, after, at);
        if wrong.is_empty() {
            wrong.extend(of_members((name, after), merged, at));
            wrong.extend(of_numbers(after, at));
            if after.none.is_some() {
                wrong.extend(of_deadline(stream, after, at));
            }
        }
        let is_right = wrong.is_empty();
        for (at, message, help) in wrong {
            self.report.error_at_key(&at, message, Some(help.into()));
        }
        let unknown = |name: &&String| !merged.streams.contains_key(*name);
        // Those that are causes are looked for where causes are.
        let (others, list) = match after.none {
            Some(_) => (after.members(), Some("none")),
            None => (after.since.as_slice(), None),
        };
        for (i, name) in others.iter().enumerate().filter(|(_, name)| unknown(name)) {
            if !self.report.is_spoilt("streams", name) {
                let place = list.map_or_else(|| at.key("since"), |list| at.key(list).key(i));
                let help = suggestion(name, merged.streams.keys().map(String::as_str));
                let message = format!("there is no stream `{name}`");
                self.report.certain_error(&place, message, help);
            }
        }
        is_right
    }

    /// Lets entities note what has happened to them.
    pub(super) fn notes_of_entities(&mut self, kinds: &mut [Kind]) {
        for join in 0..self.joins.len() {
            let (at, of) = (self.joins[join].at.key("of"), self.joins[join].of.clone());
            let Some(k) = self.kind_named(&of, &at) else {
                continue;
            };
            let joining = &mut self.joins[join];
            joining.kind = Some(k);
            let kind = &mut kinds[k.index()];
            let mut note = |name: String, ty: ColumnType, value: Expr| {
                let column = ColumnSpec {
                    name,
                    kind: ty,
                    unit: None,
                    description: None,
                    nullable: true,
                };
                kind.variables.push(Attribute { column, value });
                kind.notes += 1;
            };
            let first = kind_variables(&mut note, joining);
            let all = kind.variables.len() as u16;
            joining.variables = (
                all - first,
                all - first + u16::from(joining.since.is_some()),
            );
        }
    }

    /// Lets events tell whether they complete what is waited for, and deadlines what began them.
    pub(super) fn notes_of_events(&mut self) {
        for join in 0..self.joins.len() {
            let joining = self.joins[join].clone();
            let own = |name: String, at: At, value: &str, noted| OwnVariable {
                name,
                at,
                definition: Some(ValueDef::Short(Expression(value.into()))),
                is_field: false,
                noted,
                progress: Progress::Todo,
            };
            if let (0, Some(since)) = (joining.at_least, &joining.since) {
                let at = joining.at.key("since");
                if let Some(unit) = self.unit_named(since) {
                    let opened = own(joining.opened(), at, "event_id", None);
                    self.units[unit].own.push(opened);
                }
                continue;
            }
            for (i, member) in joining.members.iter().enumerate() {
                let at = joining.at.key(joining.list).key(i);
                if let Some(unit) = self.unit_named(member) {
                    let completed = own(joining.completed(), at, "", Some(Noted::Completes(join)));
                    self.units[unit].own.push(completed);
                }
            }
        }
    }

    fn unit_named(&self, name: &str) -> Option<usize> {
        self.units.iter().position(|unit| unit.name == name)
    }

    /// The entity of a join as the events of a stream know it.
    fn entity_of(&mut self, join: usize, stream: usize, at: &At) -> Option<Expr> {
        let joining = &self.joins[join];
        let (kind, of) = (joining.kind?, joining.of.clone());
        let name = self.units[stream].name.clone();
        let help = format!(
            "all that is waited for happens to one {of}, which each of the streams knows by this name"
        );
        match self.find_name(stream, &of, &Restrict::Any, None) {
            Ok(Some(typed)) if typed.ty == Ty::Entity(kind) => Some(typed.expr),
            Ok(Some(typed)) => {
                let found = self.type_name(typed.ty);
                let message = format!("`{of}` is {found} in {name}, expected a {of}");
                let help = match typed.ty {
                    Ty::Away(_) | Ty::Shared(_) => {
                        format!("wait for what follows from {name} with `cell: {of}`")
                    }
                    _ => help,
                };
                self.report.error(at, message, Some(help));
                None
            }
            Ok(None) => {
                self.rings.miss(stream, &of, at);
                None
            }
            Err(Missing::Reported) => None,
            Err(Missing::Where(missing)) => {
                let message = format!("`{of}` is not known to {name}{missing}");
                self.report.error(at, message, Some(help));
                None
            }
        }
    }

    /// Whether an event is the one that completes what is waited for.
    pub(super) fn completes(&mut self, join: usize, stream: usize, at: At) -> Option<Typed> {
        let entity = self.entity_of(join, stream, &at)?;
        let joining = self.joins[join].clone();
        let kind = joining.kind?;
        let variable = |variable| Expr::Variable(kind, Box::new(entity.clone()), variable);
        let within = match &joining.within {
            None => None,
            Some(Expression(text)) => {
                let name = format!("{}/{}/within", joining.stream, self.units[stream].name);
                let about = About::Stream {
                    stream,
                    restrict: Restrict::Any,
                    inside: None,
                };
                let mut scope = Scope::new(about, joining.at.key("within"), &name);
                let within = self.expression_of(text, &mut scope, &[Ty::Span])?.expr;
                let why = "what is waited for does not come before it begins";
                self.not_negative(&within, "time", why, &scope.at);
                Some(within)
            }
        };
        let longest = within.as_ref().map_or(f64::INFINITY, |e| bounds(e).1);
        self.joins[join].longest = joining.longest.max(longest);
        let happened = |variable: Expr, within: Option<&Expr>| match within {
            // What has never happened is longer ago than anything.
            Some(within) => both(
                Binary::AtMost,
                both(Binary::Subtract, Expr::Time, variable),
                within.clone(),
            ),
            None => both(Binary::Less, Expr::Num(NO_TIME / 2.0), variable),
        };
        let since = joining.since.is_some();
        let open = since.then(|| happened(variable(joining.variables.0), within.as_ref()));
        let within = within.as_ref().filter(|_| !since);
        let members = joining.notes().zip(&joining.members);
        let others = members.filter(|(_, member)| **member != self.units[stream].name);
        let others = others.map(|(note, _)| happened(variable(note), within));
        let needed = joining.at_least - 1;
        let counted = match needed + 1 == joining.members.len() {
            true => others.reduce(|a, b| both(Binary::And, a, b)),
            false => {
                let sum = others.reduce(|a, b| both(Binary::Add, a, b));
                sum.map(|sum| both(Binary::AtMost, Expr::Num(needed as f64), sum))
            }
        };
        let expr = match (open, counted) {
            (Some(open), Some(counted)) => both(Binary::And, open, counted),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => Expr::Num(1.0),
        };
        Some(Typed::new(expr, Ty::Bool))
    }

    /// The condition of a cause that is one of several: that the event completes them. That of a deadline has none.
    pub(super) fn is_completed(&mut self, child: usize, cause: usize) -> Option<Option<Expr>> {
        let name = &self.units[child].name;
        let joining = self.joins.iter().find(|joining| joining.stream == *name)?;
        if joining.at_least == 0 {
            return Some(None);
        }
        let (parent, name) = (self.units[child].causes[cause].parent, joining.completed());
        let own = self.units[parent].own.iter().position(|v| v.name == name)?;
        let known = self.variable(parent, own).ok().flatten();
        known.map(|_| Some(Expr::Slot(slot_of_own(own))))
    }

    /// What has to hold when a stream's event takes place, with what a deadline waits for: that what began it still holds.
    pub(super) fn still_waits(&mut self, stream: usize, requires: Option<Expr>) -> Option<Expr> {
        let name = &self.units[stream].name;
        let deadline = |joining: &Joining| joining.stream == *name && joining.at_least == 0;
        let Some(join) = self.joins.iter().position(deadline) else {
            return requires;
        };
        let at = self.joins[join].at.key("none");
        let entity = self.entity_of(join, stream, &at)?;
        let joining = self.joins[join].clone();
        let began = self.find_name(stream, &joining.opened(), &Restrict::Any, None);
        let began = began.ok().flatten()?.expr;
        let opened = Expr::Variable(joining.kind?, Box::new(entity), joining.variables.0);
        let waits = both(Binary::Same, opened, began);
        Some(match requires {
            Some(requires) => both(Binary::And, waits, requires),
            None => waits,
        })
    }

    /// What a stream's events note on the entities to which they happen.
    pub(super) fn notes(&mut self, stream: usize) -> Vec<Change> {
        let name = self.units[stream].name.clone();
        let mut changes = Vec::new();
        for join in 0..self.joins.len() {
            let joining = self.joins[join].clone();
            let member = joining.members.iter().position(|member| *member == name);
            let begins = joining.since.as_ref() == Some(&name);
            let at = match member {
                Some(member) => joining.at.key(joining.list).key(member),
                None if begins => joining.at.key("since"),
                None => continue,
            };
            let (Some(entity), Some(kind)) = (self.entity_of(join, stream, &at), joining.kind)
            else {
                continue;
            };
            let mut set = |when: Option<Expr>, variable, value| {
                let (entity, value) = (entity.clone(), value);
                changes.push(Change {
                    when,
                    what: ChangeKind::Set {
                        kind,
                        entity,
                        variable,
                        value,
                    },
                });
            };
            let nothing = || match joining.at_least {
                0 => Expr::Exact(0),
                _ => Expr::Num(NO_TIME),
            };
            let Some(member) = member else {
                let began = match joining.at_least {
                    0 => Expr::EventId,
                    _ => Expr::Time,
                };
                set(None, joining.variables.0, began);
                joining.notes().for_each(|note| set(None, note, nothing()));
                continue;
            };
            if joining.at_least == 0 {
                set(None, joining.variables.0, nothing());
                continue;
            }
            let completed = joining.completed();
            let mut own = self.units[stream].own.iter();
            let Some(own) = own.position(|variable| variable.name == completed) else {
                continue;
            };
            let completed = Expr::Slot(slot_of_own(own));
            let opened = joining.since.iter().map(|_| joining.variables.0);
            for variable in opened.chain(joining.notes()) {
                set(Some(completed.clone()), variable, nothing());
            }
            if let Some(note) = joining.notes().nth(member) {
                let open = not(completed);
                set(Some(open), note, Expr::Time);
            }
        }
        changes
    }

    /// Says of streams what they wait for.
    pub(super) fn say_joins(&self, streams: &mut [Stream]) {
        for joining in &self.joins {
            let (Some(kind), Some(stream)) = (joining.kind, self.unit_named(&joining.stream))
            else {
                continue;
            };
            let joined = |name: &String| {
                let stream = self.unit_named(name)?;
                Some(Joined {
                    stream: StreamId::at(stream),
                    named_by: self.named_by(stream, kind, &streams[stream]),
                })
            };
            let longest = Some(joining.longest).filter(|longest| *longest < 1e17);
            let join = Join {
                kind,
                members: joining.members.iter().filter_map(joined).collect(),
                at_least: joining.at_least as u16,
                since: joining.since.as_ref().and_then(joined),
                within: longest.map(|longest| Span(longest as i64)),
                named_by: self.named_by(stream, kind, &streams[stream]),
            };
            streams[stream].join = Some(join);
        }
    }

    /// The place of a field of a stream that names the entity that its events know by the name of the kind.
    fn named_by(&self, unit: usize, kind: KindId, stream: &Stream) -> Option<u16> {
        let mut fields = (0..).zip(&stream.fields);
        let names = |name: &str| {
            let own = self.units[unit].own.iter().position(|own| own.name == name);
            own.is_some_and(|own| self.names(unit, slot_of_own(own), kind, &mut Vec::new()))
        };
        let (place, _) = fields.find(|(_, (column, _))| names(&column.name))?;
        Some(place)
    }

    /// Whether a value is the identifier of the entity that a stream's events know by the name of the kind.
    fn names(&self, unit: usize, slot: Slot, kind: KindId, seen: &mut Vec<(usize, usize)>) -> bool {
        if seen.contains(&(unit, slot.index())) {
            return true;
        }
        seen.push((unit, slot.index()));
        let known = &self.units[unit];
        let of = &self.kinds[kind].name;
        let creates = known.own.iter().any(|own| own.name == *of);
        let Some(own) = own_of_slot(slot) else {
            let name = &known.inputs[slot.index()].name;
            // It comes with the entity, from each of the causes.
            return !creates
                && !known.has_source()
                && known.causes.iter().all(|cause| {
                    let parent = &self.units[cause.parent];
                    let own = parent.own.iter().position(|own| own.name == *name);
                    let input = parent.inputs.iter().position(|input| input.name == *name);
                    let given = own.map(slot_of_own);
                    let given = given.or(input.map(slot_of_input));
                    given.is_some_and(|slot| self.names(cause.parent, slot, kind, seen))
                });
        };
        match self.typed(unit, own) {
            Some(Expr::Slot(slot)) => self.names(unit, *slot, kind, seen),
            Some(Expr::EntityId(of_kind, entity)) => {
                let Expr::Slot(entity) = **entity else {
                    return false;
                };
                let name = match own_of_slot(entity) {
                    Some(own) => &known.own[own].name,
                    None => &known.inputs[entity.index()].name,
                };
                *of_kind == kind && name == of
            }
            _ => false,
        }
    }
}

/// Adds the variables of a join to a kind, and returns how many they are.
fn kind_variables(note: &mut impl FnMut(String, ColumnType, Expr), joining: &Joining) -> u16 {
    let mut added = 0;
    if joining.since.is_some() {
        match joining.at_least {
            0 => note(joining.opened(), ColumnType::Id, Expr::Exact(0)),
            _ => note(joining.opened(), ColumnType::Time, Expr::Num(NO_TIME)),
        }
        added += 1;
    }
    for (_, member) in joining.notes().zip(&joining.members) {
        let name = format!("{}: {member}", joining.stream);
        note(name, ColumnType::Time, Expr::Num(NO_TIME));
        added += 1;
    }
    added
}
