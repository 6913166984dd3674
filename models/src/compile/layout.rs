//! Lays streams out before anything is lowered, so that every name can be found from every other.

use std::collections::BTreeSet;

use causeflow_engine::streams::program::Expr;

use super::report::At;
use super::streams::{Cause, Input, OwnVariable, Progress, Restrict, Unit};
use super::types::{Ty, Typed};
use super::{Compiler, Merged};
use crate::diagnostic::suggestion;

/// How long the name of a stream may be; a file is named after it.
const MOST_OF_STREAM: usize = 100;
/// How long other names may be.
const MOST_OF_NAME: usize = 64;

/// Most fields and `let`s of a stream.
const MOST_OWN: usize = 1000;

impl Compiler {
    /// Lays out the streams, so that every name can be found from every other.
    pub(super) fn units(&mut self, merged: &Merged) {
        for (name, stream) in &merged.streams {
            let at = Compiler::place_of_stream(name, stream);
            let definition = &stream.1;
            match definition.document {
                Some(_) => self.check_stream_name(name, &at.key("name")),
                None => self.check_stream_name(name, &at),
            }
            self.units.push(Unit {
                name: name.clone(),
                own: Vec::new(),
                given: None,
                inputs: Vec::new(),
                order: Vec::new(),
                causes: Vec::new(),
                lines: None,
                document: None,
                gathered: BTreeSet::new(),
                definition: definition.clone(),
                at,
            });
        }
        self.join_lines();
        (0..self.units.len()).for_each(|s| self.own_variables(s));
        self.notes_of_events();
        self.watched_of_events();
        for s in 0..self.units.len() {
            self.given(s);
            self.agent_of(s);
            self.causes(s);
        }
    }

    pub(super) fn check_stream_name(&mut self, name: &str, at: &At) {
        let fine = !name.is_empty()
            && name.split('.').all(|part| {
                part.starts_with(|c: char| c.is_ascii_lowercase())
                    && part
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            });
        if name.len() > MOST_OF_STREAM {
            return self.too_long(name, MOST_OF_STREAM, at);
        }
        if !fine || name == "source" {
            let help = "lower-case words, digits and _, joined by dots, such as booking.requested";
            self.report.error_at_key(
                at,
                format!("`{name}` cannot be the name of a stream"),
                Some(help.into()),
            );
        }
    }

    /// Names become columns and files, and parts of expressions: they are plain words.
    pub(super) fn check_name(&mut self, name: &str, at: &At) {
        if name.len() > MOST_OF_NAME {
            return self.too_long(name, MOST_OF_NAME, at);
        }
        let fine = !["true", "false", "and", "or", "not"].contains(&name)
            && name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if !fine {
            let help = "lower-case letters, digits and _, beginning with a letter";
            self.report.error_at_key(
                at,
                format!("`{name}` cannot be a name here"),
                Some(help.into()),
            );
        }
    }

    fn too_long(&mut self, name: &str, most: usize, at: &At) {
        let message = format!(
            "the name `{name}` is too long: it takes {} bytes, at most {most} are possible",
            name.len()
        );
        let help = "choose a shorter one".to_owned();
        self.report.error_at_key(at, message, Some(help));
    }

    pub(super) fn own_variables(&mut self, s: usize) {
        let unit = self.units[s].clone();
        let mut own = Vec::new();
        let variable = |name: &str, at: At, definition, is_field| OwnVariable {
            name: name.to_owned(),
            at,
            definition,
            is_field,
            noted: None,
            progress: Progress::Todo,
        };
        if let Some(kind) = &unit.definition.creates
            && let Some(id) = self.kind_named(kind, &unit.at.key("creates"))
            && self.not_shared(
                id,
                &unit.at.key("creates"),
                "all of them are there from the start",
                "let them begin in a state of their own, and change that",
            )
        {
            let mut created = variable(kind, unit.at.key("creates"), None, false);
            let typed = Typed::new(Expr::Num(0.0), Ty::Entity(id));
            created.progress = Progress::Done(Some(typed));
            own.push(created);
            if unit.definition.requires.is_some() {
                let help = "put the condition on the cause, as `when`";
                self.report.error_at_key(
                    &unit.at.key("requires"),
                    "a stream that creates has no `requires`",
                    Some(help.into()),
                );
            }
        }
        let many = unit.definition.r#let.len() + unit.definition.fields.len();
        if many > MOST_OWN {
            let message = format!(
                "{} has {many} fields and `let`s, at most {MOST_OWN} are possible",
                unit.name
            );
            self.report.certain_error_at_key(&unit.at, message, None);
        }
        for (key, map, is_field) in [
            ("let", &unit.definition.r#let, false),
            ("fields", &unit.definition.fields, true),
        ] {
            for (name, definition) in map.iter().take(MOST_OWN) {
                let at = unit.at.key(key).key(name);
                self.check_name(name, &at);
                let taken = own
                    .iter()
                    .any(|variable: &OwnVariable| variable.name == *name);
                let common = is_field
                    && [
                        "event_id",
                        "time",
                        "cause_id",
                        "root_id",
                        "cell",
                        "attribution",
                    ]
                    .contains(&name.as_str());
                // Readers of a folder of streams make a column of that from the names of its folders.
                let of_folder = is_field && name == "stream";
                if taken || common || of_folder {
                    let why = if taken {
                        "is defined twice in this stream"
                    } else if of_folder {
                        "is the column in which readers of all streams put their names"
                    } else {
                        "is a column that every event has"
                    };
                    self.report.error_at_key(
                        &at,
                        format!("`{name}` {why}"),
                        Some("choose another name".into()),
                    );
                    continue;
                }
                own.push(variable(name, at, Some(definition.clone()), is_field));
            }
        }
        self.units[s].own = own;
    }

    /// The word that a stream's source or timer gives: its actor, or one of `for_each`.
    pub(super) fn given(&mut self, s: usize) {
        let unit = self.units[s].clone();
        let actor = match (&unit.definition.source, &unit.definition.timer) {
            (Some(_), Some(_)) => {
                self.report.error_at_key(
                    &unit.at.key("timer"),
                    "a stream has a `source` or a `timer`, not both",
                    None,
                );
                return;
            }
            (Some(source), None) => source.actor.clone(),
            (None, Some(timer)) => timer.per.clone(),
            (None, None) => {
                let watches =
                    unit.definition.crossing.is_some() || unit.definition.tracks.is_some();
                if unit.definition.causes.is_empty() && unit.definition.after.is_none() && !watches
                {
                    let help = "add `source`, `timer`, `causes`, `after` or `crossing`";
                    self.report.error_at_key(
                        &unit.at,
                        format!("nothing ever makes an event of {}", unit.name),
                        Some(help.into()),
                    );
                }
                None
            }
        };
        let given = if let Some(actor) = actor {
            self.kind(&actor)
                .map(|kind| (actor, Ty::Entity(kind), None))
        } else {
            let for_each = unit
                .definition
                .timer
                .as_ref()
                .and_then(|timer| timer.for_each.as_ref());
            if for_each.is_some_and(|map| map.len() != 1 || map.values().any(Vec::is_empty)) {
                let at = unit.at.key("timer").key("for_each");
                self.report.error_at_key(
                    &at,
                    "`for_each` names one list of texts",
                    Some("for example {channel: [search, social]}".into()),
                );
            }
            let lists = for_each.into_iter().flat_map(|map| map.values());
            for (i, text, list) in lists.flat_map(|list| {
                list.iter()
                    .enumerate()
                    .map(move |(i, text)| (i, text, list))
            }) {
                // A timer is known by its text: two of one text would make every event twice.
                if list[..i].contains(text) {
                    let at = unit.at.key("timer").key("for_each");
                    let message = format!("`{text}` stands in `for_each` twice");
                    self.report
                        .error_at_key(&at, message, Some("remove one of the two".into()));
                }
            }
            for_each.and_then(|map| map.first()).map(|(name, list)| {
                let texts = list.iter().map(|text| self.texts.code(text)).collect();
                (name.clone(), Ty::Text, Some(texts))
            })
        };
        let unit = &mut self.units[s];
        unit.given = given;
        if let Some((name, ty, texts)) = &unit.given {
            let input = Input {
                name: name.clone(),
                givers: vec![Restrict::Source],
                ty: *ty,
                texts: texts.clone(),
            };
            unit.inputs.push(input);
        }
        if unit.definition.timer.is_some() && !unit.definition.causes.is_empty() {
            let at = unit.at.key("timer");
            self.report.error_at_key(
                &at,
                "a stream with a timer has no causes",
                Some("make two streams".into()),
            );
        }
    }

    pub(super) fn causes(&mut self, s: usize) {
        let unit = self.units[s].clone();
        let mut causes: Vec<Cause> = Vec::new();
        for (position, cause) in unit.definition.causes.iter().enumerate() {
            let at = unit.place_of_cause(position, "on");
            let Some(parent) = self.units.iter().position(|unit| unit.name == cause.on) else {
                if self.report.is_spoilt("streams", &cause.on) {
                    continue;
                }
                let help = suggestion(&cause.on, self.units.iter().map(|unit| unit.name.as_str()));
                let message = format!("there is no stream `{}`", cause.on);
                self.report.certain_error(&at, message, help);
                continue;
            };
            let mut others = causes.iter().filter(|other| other.parent == parent);
            let number = others.clone().count();
            let reaches = |position: usize| unit.definition.causes[position].each.is_some();
            if number > 0 && (cause.each.is_some() || others.any(|other| reaches(other.position))) {
                let message = format!("`{}` already causes this stream", cause.on);
                let help = "with `each`, a stream names a cause once: let the other way go through a stream of its own";
                self.report.error(&at, message, Some(help.into()));
                continue;
            }
            let each = self.reached_by(cause, &unit.place_of_cause(position, "each"));
            causes.push(Cause {
                parent,
                position,
                number,
                outcome: cause.outcome.clone(),
                each,
                guard: None,
                doing: None,
            });
        }
        self.units[s].causes = causes;
    }
}
