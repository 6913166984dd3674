//! Relations of several with several (`relations`): who is linked with whom, which events `link` and `unlink`.
//!
//! Each link is an entity of its own, of a kind with the relation's name: it belongs to both of its ends and is in the state `linked` until it
//! is ended. Events that link or end are causes, at once, of the streams `RELATION.linked` and `RELATION.unlinked`, and what held from when until when
//! is the history of the links' state. So sides, twins, snapshots and attribution of relations are those of entities and causes.

mod asked;
mod made;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use causeflow_engine::base::draw::purpose;
use causeflow_engine::streams::program::{Belonging, KindId, Links};

use super::lower::Scope;
use super::report::{At, MADE};
use super::types::Ty;
use super::{Compiler, Merged};
use crate::definition::{BelongsDef, ChangeDef, EntityDef, Expression, RelationDef};
use crate::diagnostic::suggestion;
use crate::syntax::{self, AstKind};

/// The states of a link: the first as long as it holds.
const STATES: [&str; 2] = ["linked", "unlinked"];

/// With whom `unlink` ends all links.
const ALL: &str = "all";

/// One end of the links of a relation.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// The name by which a link refers to it.
    pub name: String,
    /// The name of its kind.
    pub kind: String,
}

/// A relation.
#[derive(Clone, Debug)]
pub(super) struct Relation {
    /// Its name, which is that of the kind of its links.
    pub name: String,
    /// What it is called from the other end.
    pub back: Option<String>,
    ends: [End; 2],
}

impl Relation {
    /// What it is called.
    fn words(&self) -> impl Iterator<Item = &str> {
        [Some(&self.name), self.back.as_ref()]
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// Its ends, beginning with the one of which it is told.
    pub fn ends_from(&self, forward: bool) -> [&End; 2] {
        let [of, to] = &self.ends;
        match forward {
            true => [of, to],
            false => [to, of],
        }
    }
}

fn is_name(text: &str) -> bool {
    let parsed = syntax::parse(text);
    parsed.is_ok_and(|ast| matches!(ast.kind, AstKind::Name(parts) if parts.len() == 1))
}

impl Compiler {
    /// Where what is made for a relation stands.
    pub(super) fn made_for(file: usize, relation: &str) -> At {
        At::new(file, &["relations", relation, MADE])
    }

    /// Where a kind stands.
    pub(super) fn place_of_kind(name: &str, file: usize, definition: &EntityDef) -> At {
        match definition.relation {
            Some(_) => Self::made_for(file, name),
            None => At::new(file, &["entities", name]),
        }
    }

    /// The relation that is called so, and whether from its first end.
    pub(super) fn relation_called(&self, word: &str) -> Option<(usize, bool)> {
        let mut all = self.relations.iter().enumerate();
        all.find_map(|(at, relation)| match relation.back.as_deref() {
            _ if relation.name == word => Some((at, true)),
            Some(back) if back == word => Some((at, false)),
            _ => None,
        })
    }

    /// Whether something is wrong already with the relation that is called so.
    pub(super) fn is_spoilt_relation(&self, word: &str) -> bool {
        self.spoilt_relations.contains(word) || self.report.is_spoilt("relations", word)
    }

    /// The variable of a kind that has a name.
    pub(super) fn variable_of(&self, kind: KindId, name: &str) -> Option<u16> {
        let mut variables = self.kinds[kind].variables.iter();
        Some(variables.position(|(known, ..)| known == name)? as u16)
    }

    /// Whom the links of a relation link, if a kind is one.
    pub(super) fn links(
        &mut self,
        definition: &EntityDef,
        ends: &[Belonging],
        (name, at): (&str, &At),
        merged: &Merged,
    ) -> Option<Links> {
        let relation = definition.relation.as_ref()?;
        let [of, to] = ends else {
            return None;
        };
        let at = At::new(at.file, &["relations", name]);
        let starts = relation.starts.as_ref();
        Some(Links {
            of: (of.variable, of.owner),
            to: (to.variable, to.owner),
            starts: starts.map_or((0, 0), |starts| (starts.min, starts.max)),
            rows: self
                .rows_of_links(name, relation, &at, merged)
                .unwrap_or_default(),
            purpose: purpose(&format!("{name}/links")),
        })
    }

    /// The rows of whose entities a table says that they are linked.
    fn rows_of_links(
        &mut self,
        name: &str,
        relation: &RelationDef,
        at: &At,
        merged: &Merged,
    ) -> Option<Vec<[u16; 2]>> {
        let path = relation.rows.as_ref()?;
        let at_rows = at.key("rows");
        let cells = merged.model.as_ref().map_or(1, |(_, model)| model.cells);
        if cells > 1 {
            let message = "who is linked by a table lives in one cell";
            let help = format!("write `cells: 1` instead of {cells}");
            self.report.error(&at_rows, message, Some(help));
        }
        if relation.starts.is_some() {
            let message = "those of the table are linked from the start, and no others";
            self.report.error_at_key(
                &at.key("starts"),
                message,
                Some("remove `starts` or `rows`".into()),
            );
        }
        let ends = [
            ("of", &relation.of, &relation.of[..]),
            ("to", &relation.to, name),
        ];
        let mut keys: Vec<BTreeMap<String, u16>> = Vec::new();
        for (key, kind, _) in ends {
            let table = merged.entities.get(kind);
            let table = table.and_then(|(_, kind)| self.table_named(kind.rows.as_ref()?));
            let Some(table) = table else {
                let message = format!("a {kind} is not made of a row");
                let help = "give that kind `rows`: by their keys the table says who is linked";
                self.report.error(&at.key(key), message, Some(help.into()));
                return None;
            };
            let codes = self.start_rows(table).into_iter().map(|row| row.code);
            let text = |code: u16| (self.texts.text(code).to_owned(), code);
            keys.push(codes.map(text).collect());
        }
        let (file, text, table) = self.table_file(path, &at_rows)?;
        self.check_header((file, &text), &table);
        let mut columns = Vec::new();
        for (_, _, column) in ends {
            let Some(place) = table.header.iter().position(|name| name == column) else {
                let message = format!("there is no column `{column}`");
                let help = suggestion(column, table.header.iter().map(String::as_str));
                let span = table.span(&text, None, 0);
                self.report.error_at(file, span, message, help);
                return None;
            };
            columns.push(place);
        }
        let (mut pairs, mut known) = (Vec::new(), BTreeSet::new());
        for (row, cells) in table.rows.iter().enumerate() {
            let mut pair = [0; 2];
            let mut is_known = true;
            for (end, &column) in columns.iter().enumerate() {
                let cell = &cells[column];
                match keys[end].get(cell) {
                    Some(&code) => pair[end] = code,
                    None => {
                        is_known = false;
                        let help = suggestion(cell, keys[end].keys().map(String::as_str));
                        let message = format!("no {} is made of a row `{cell}`", ends[end].1);
                        let span = table.span(&text, Some(row), column);
                        self.report.error_at(file, span, message, help);
                    }
                }
            }
            if is_known && !known.insert(pair) {
                let message = "these two stand here a second time";
                let span = table.span(&text, Some(row), columns[0]);
                self.report
                    .error_at(file, span, message, Some("remove one of the two".into()));
            }
            pairs.push(pair);
        }
        Some(pairs)
    }

    /// Lets the links of relations be kinds of entities, and what begins and ends them streams.
    pub(super) fn separate_relations(&mut self, merged: &mut Merged) {
        for (name, (file, definition)) in merged.relations.clone() {
            let at = At::new(file, &["relations", &name]);
            self.check_name(&name, &at);
            if !self.is_relation(&name, &definition, merged, &at) {
                self.report.taint(&at);
                let words = [Some(name), definition.back];
                self.spoilt_relations.extend(words.into_iter().flatten());
                continue;
            }
            let far = match definition.of == definition.to {
                true => format!("to_{}", definition.to),
                false => definition.to.clone(),
            };
            let end = |name: &str, kind: &str| End {
                name: name.into(),
                kind: kind.into(),
            };
            self.relations.push(Relation {
                name: name.clone(),
                back: definition.back.clone(),
                ends: [
                    end(&definition.of, &definition.of),
                    end(&far, &definition.to),
                ],
            });
        }
        // Whose word another one has is passed over, too.
        let spoilt = self.spoilt_relations.clone();
        let (wrong, right) = std::mem::take(&mut self.relations)
            .into_iter()
            .partition(|relation| relation.words().any(|word| spoilt.contains(word)));
        self.relations = right;
        let wrong: Vec<Relation> = wrong;
        for relation in &wrong {
            self.spoilt_relations
                .extend(relation.words().map(str::to_owned));
        }
        for (_, stream) in merged.streams.values_mut() {
            for cause in &mut stream.causes {
                let word = cause.each.as_ref().and_then(|each| each.rsplit_once('.'));
                cause.related = word.is_some_and(|(_, word)| self.relation_called(word).is_some());
            }
        }
        for relation in self.relations.clone() {
            let (file, definition) = merged.relations[&relation.name].clone();
            let at = At::new(file, &["relations", &relation.name]);
            let told = |key| made::told(merged, &relation, key);
            let (begun, ended) = (told("link"), told("unlink"));
            if begun.is_empty() && definition.starts.is_none() && definition.rows.is_none() {
                let message = format!("nobody is ever linked: `{}`", relation.name);
                let help = "let an event `link` them, say how many each `starts` with, or name a table with `rows`";
                self.report.error_at_key(&at, message, Some(help.into()));
                continue;
            }
            for (one, other) in begun.iter().zip(&begun[1.min(begun.len())..]) {
                if one.stream == other.stream {
                    let file = merged.streams[&one.stream].0;
                    let at = At::new(file, &["streams", &one.stream, "changes"]);
                    let message = format!("an event links once by {}", relation.name);
                    let help = "let the other link be that of a stream that follows at once";
                    self.report.error_at_key(&at, message, Some(help.into()));
                }
            }
            let streams = [
                ("linked", &begun, relation.linked(&begun)),
                ("unlinked", &ended, relation.unlinked(&ended)),
            ];
            for (what, told, mut stream) in streams {
                if let (Some(means), Some(says)) = (&definition.description, &stream.description) {
                    stream.description = Some(format!("{means} {says}"));
                }
                let name = format!("{}.{what}", relation.name);
                if told.is_empty() {
                    continue;
                }
                match merged.streams.entry(name) {
                    Entry::Vacant(entry) => {
                        entry.insert((file, stream));
                    }
                    Entry::Occupied(entry) => {
                        let message = format!(
                            "there is a stream `{}`, which is that of this relation",
                            entry.key()
                        );
                        let help = "choose another name for that stream";
                        self.report.error_at_key(&at, message, Some(help.into()));
                    }
                }
            }
            let belongs_to = relation.ends.iter().map(|end| {
                let bounds = BelongsDef {
                    min: 0,
                    max: u32::MAX,
                    kind: Some(end.kind.clone()),
                };
                (end.name.clone(), bounds)
            });
            let tracked = (!ended.is_empty()).then(|| "state".to_owned());
            let links = EntityDef {
                count: Some(0),
                states: Some(STATES.map(str::to_owned).to_vec()),
                track: tracked.into_iter().collect(),
                belongs_to: belongs_to.collect(),
                relation: Some(definition),
                ..EntityDef::default()
            };
            merged.entities.insert(relation.name, (file, links));
        }
    }

    /// Whether this can be a relation; what is wrong is reported.
    fn is_relation(
        &mut self,
        name: &str,
        definition: &RelationDef,
        merged: &Merged,
        at: &At,
    ) -> bool {
        let found = self.report.found();
        if merged.entities.contains_key(name) {
            let message = format!("there is a kind of entity `{name}`");
            let help = "choose another name for one of the two";
            self.report.error_at_key(at, message, Some(help.into()));
        }
        let mut is_known = true;
        for (key, kind) in [("of", &definition.of), ("to", &definition.to)] {
            let at = at.key(key);
            let Some((_, entity)) = merged.entities.get(kind) else {
                is_known = false;
                if !self.report.is_spoilt("entities", kind) {
                    let help = suggestion(kind, merged.entities.keys().map(String::as_str));
                    let message = format!("there is no kind of entity `{kind}`");
                    self.report.certain_error(&at, message, help);
                }
                continue;
            };
            if entity.shared {
                let message = format!(
                    "a {kind} is shared, and lives in one cell: those are linked who live in the same"
                );
                let help = format!("let the {kind} not be shared");
                self.report.error(&at, message, Some(help));
            }
        }
        let words = [(Some(&definition.of), name, at.clone())];
        let back = definition.back.as_ref();
        let back = back.map(|back| (Some(&definition.to), &back[..], at.key("back")));
        for (of, word, at) in words.into_iter().chain(back) {
            if let Some((other, _)) = self.relation_called(word) {
                let other = &self.relations[other].name;
                let message = format!("`{word}` is what the relation {other} is called");
                let help = "choose another word";
                self.report.error(&at, message, Some(help.into()));
            }
            let of = of.and_then(|of| merged.entities.get(of));
            let has = of.is_some_and(|(_, kind)| {
                kind.attributes.contains_key(word)
                    || kind.variables.contains_key(word)
                    || kind.belongs_to.contains_key(word)
            });
            if has {
                let message = format!("`{word}` is something else of those who are linked");
                let help = "choose another word";
                self.report.error(&at, message, Some(help.into()));
            }
        }
        if let Some(back) = &definition.back {
            self.check_name(back, &at.key("back"));
            if back == name {
                let message = "from both ends it is called the same";
                let help = "leave `back` out, or choose another word";
                self.report
                    .error(&at.key("back"), message, Some(help.into()));
            }
        }
        if let Some(starts) = &definition.starts
            && starts.min > starts.max
        {
            let message = "`min` is more than `max`";
            self.report.error(&at.key("starts"), message, None);
        }
        is_known && self.report.found() == found && !self.report.is_tainted(at)
    }

    /// Whom a change links and with whom no more: looked at where it stands. What it does is that of the streams of the relation.
    pub(super) fn links_changed(
        &mut self,
        kind: KindId,
        change: &ChangeDef,
        at: &At,
        scope: &impl Fn(&str) -> Scope,
    ) {
        let all = [("link", &change.link), ("unlink", &change.unlink)];
        let all = all
            .into_iter()
            .flat_map(|(key, map)| map.iter().map(move |(word, text)| (key, word, text)));
        for (key, word, Expression(text)) in all {
            let place = at.key(key).key(word);
            let Some((relation, forward)) = self.relation_called(word) else {
                if !self.is_spoilt_relation(word) {
                    let known = self.relations.iter().flat_map(Relation::words);
                    let help = suggestion(word, known);
                    let message = format!("there is no relation `{word}`");
                    self.report.certain_error_at_key(&place, message, help);
                }
                continue;
            };
            let [near, far] = self.relations[relation]
                .ends_from(forward)
                .map(|end| end.kind.clone());
            if self.kinds[kind].name != near {
                let message = format!("a {} has no {word}", self.kinds[kind].name);
                let help = format!("of a {near} they are told");
                self.report.error_at_key(&place, message, Some(help));
                continue;
            }
            let whom = change.entity.as_deref().unwrap_or_default();
            let is_all = key == "unlink" && text == ALL;
            for (text, place) in [(whom, at.key("entity")), (&text[..], place.clone())] {
                if !is_name(text) {
                    let message = "who is linked has a name here";
                    let help = format!("write `{text}` into a `let`, and its name here");
                    self.report.error(&place, message, Some(help));
                }
            }
            let Some(wanted) = self.kind(&far).filter(|_| !is_all) else {
                continue;
            };
            let mut scope = scope(&format!("{key}/{word}"));
            scope.at = place;
            let Some(typed) = self.expression(text, &mut scope) else {
                continue;
            };
            if typed.ty != Ty::Entity(wanted) {
                let message = format!("this is {}, expected a {far}", self.type_name(typed.ty));
                let help = match typed.ty {
                    Ty::Away(kind) => Some(self.how_to_reach(kind, text)),
                    _ => None,
                };
                self.report.error(&scope.at, message, help);
            }
        }
    }
}
