//! The streams of what links and what ends links, as the changes of others say it.

use super::{ALL, Relation, STATES, is_name};
use crate::compile::Merged;
use crate::definition::{CauseDef, ChangeDef, Expression, FieldDef, Map, StreamDef, ValueDef};

/// A link or its end, as a stream says it.
pub(super) struct Told {
    pub stream: String,
    /// The names of who is linked and with whom, as the relation has them: none for all.
    of: String,
    to: String,
    /// What it is called there, and of whom, and whether all others are meant.
    word: String,
    near: String,
    far: Option<String>,
    when: Option<Expression>,
}

fn value(text: String) -> ValueDef {
    ValueDef::Short(Expression(text))
}

fn described(text: String, description: String) -> ValueDef {
    ValueDef::Long(Box::new(FieldDef {
        value: Some(Expression(text)),
        description: Some(description),
        ..FieldDef::default()
    }))
}

fn cause(on: &str, when: String) -> CauseDef {
    CauseDef {
        on: on.into(),
        when: Some(Expression(when)),
        ..CauseDef::default()
    }
}

/// A condition, and what else has to hold.
fn and(when: &Option<Expression>, more: String) -> String {
    match when {
        Some(Expression(when)) => format!("({when}) and {more}"),
        None => more,
    }
}

impl Relation {
    fn fields(&self, [of, to]: [String; 2], more: Option<(&str, ValueDef)>) -> Map<ValueDef> {
        let name = &self.name;
        let mut fields = Map::default();
        let id = "Which link it is".to_owned();
        fields.insert(format!("{name}_id"), described(format!("{name}.id"), id));
        for (end, who) in self.ends.iter().zip([of, to]) {
            let says = format!("The {}", end.kind);
            fields.insert(
                format!("{}_id", end.name),
                described(format!("{who}.id"), says),
            );
        }
        fields.extend(more.map(|(name, value)| (name.to_owned(), value)));
        fields
    }

    /// The stream of the links that come to be.
    pub(super) fn linked(&self, told: &[Told]) -> StreamDef {
        let name = &self.name;
        let by_cause = |who: fn(&Told) -> &String| {
            let cases = told
                .iter()
                .map(|told| (told.stream.clone(), value(who(told).clone())));
            ValueDef::Long(Box::new(FieldDef {
                by: Some(Expression("cause".into())),
                cases: Some(cases.collect()),
                ..FieldDef::default()
            }))
        };
        let [of, to] = ["of", "to"].map(|end| format!("{name}_{end}"));
        let mut lets = Map::default();
        lets.insert(of.clone(), by_cause(|told| &told.of));
        lets.insert(to.clone(), by_cause(|told| &told.to));
        let causes = told.iter().map(|told| {
            let (of, to) = (&told.of, &told.to);
            let new = format!("{of} != none and {to} != none and not linked({of}.{name}, {to})");
            cause(&told.stream, and(&told.when, new))
        });
        let is_new = described(
            format!("not linked({of}.{name}, {to})"),
            "Whether it links them; not where another event has at the same instant".into(),
        );
        let set = self.ends.iter().zip([&of, &to]);
        let set = set.map(|(end, who)| (end.name.clone(), Expression(who.clone())));
        let change = |change| ChangeDef {
            entity: Some(name.clone()),
            ..change
        };
        StreamDef {
            description: Some(format!(
                "A {} and a {} are linked: {name}.",
                self.ends[0].kind, self.ends[1].kind
            )),
            causes: causes.collect(),
            creates: Some(name.clone()),
            fields: self.fields([of.clone(), to.clone()], Some(("is_new", is_new))),
            r#let: lets,
            changes: vec![
                change(ChangeDef {
                    set: set.collect(),
                    ..ChangeDef::default()
                }),
                change(ChangeDef {
                    state: Some(STATES[1].into()),
                    when: Some(Expression("not is_new".into())),
                    ..ChangeDef::default()
                }),
            ],
            relation: Some(name.clone()),
            ..StreamDef::default()
        }
    }

    /// The stream of those that end.
    pub(super) fn unlinked(&self, told: &[Told]) -> StreamDef {
        let name = &self.name;
        let holds = format!("{name}.state == '{}'", STATES[0]);
        let causes = told.iter().map(|told| {
            let [_, far] = self.ends_from(told.word == self.name);
            let these = match &told.far {
                Some(who) => format!("{holds} and {name}.{} == {who}", far.name),
                None => holds.clone(),
            };
            CauseDef {
                each: Some(format!("{}.{}", told.near, told.word)),
                links: Some(name.clone()),
                ..cause(&told.stream, and(&told.when, these))
            }
        });
        let ends = [&self.ends[0], &self.ends[1]].map(|end| format!("{name}.{}", end.name));
        StreamDef {
            description: Some(format!(
                "A {} and a {} are linked no more: {name}.",
                self.ends[0].kind, self.ends[1].kind
            )),
            causes: causes.collect(),
            requires: Some(Expression(holds.clone())),
            fields: self.fields(ends, None),
            changes: vec![ChangeDef {
                entity: Some(name.clone()),
                state: Some(STATES[1].into()),
                ..ChangeDef::default()
            }],
            relation: Some(name.clone()),
            ..StreamDef::default()
        }
    }
}

/// What the streams of a model say of a relation: what begins its links, or what ends them.
pub(super) fn told(merged: &Merged, relation: &Relation, key: &str) -> Vec<Told> {
    let mut all = Vec::new();
    for (stream, (_, definition)) in &merged.streams {
        for change in &definition.changes {
            let map = match key {
                "link" => &change.link,
                _ => &change.unlink,
            };
            for (word, Expression(other)) in map {
                let forward = *word == relation.name;
                let near = change.entity.clone().unwrap_or_default();
                let is_all = key == "unlink" && other == ALL;
                if !(forward || relation.back.as_ref() == Some(word))
                    || !is_name(&near)
                    || !is_name(other)
                {
                    continue;
                }
                let (of, to) = match forward {
                    true => (near.clone(), other.clone()),
                    false => (other.clone(), near.clone()),
                };
                all.push(Told {
                    stream: stream.clone(),
                    of,
                    to,
                    word: word.clone(),
                    near,
                    far: (!is_all).then(|| other.clone()),
                    when: change.when.clone(),
                });
            }
        }
    }
    all
}
