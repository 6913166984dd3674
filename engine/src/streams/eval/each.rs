//! Whom an effect reaches that has an event for each of several entities, and what those come to who belong to somebody.

use std::cell::Cell;

use super::exact;
use super::primitive::{binary, finite};
use super::scalar::{Frame, Own, number, word};
use crate::base::draw::Key;
use crate::streams::population::Group;
use crate::streams::program::{
    Binary, Children, Each, Effect, ExactBinary, KindId, Linked, MAX_COUNT, NO_ENTITY, Whom,
};
use crate::streams::sides::Parting;

/// Those whom an effect reaches on the side of the frame, by their places in the cell, and how many they would be without a bound.
/// Who they are is read of everybody, so that whatever makes the sides differ in it is noted.
pub fn reached(each: &Each, frame: &Frame<'_>) -> (Vec<u64>, usize) {
    let group = frame.population.group(each.kind);
    let these = |words: Vec<u64>| {
        let mut found = words;
        found.retain(|entity| *entity < group.ids.len() as u64);
        found.sort_unstable();
        found.dedup();
        found.retain(|&entity| frame.belongs(each.kind, None, entity));
        found
    };
    let of = match &each.whom {
        Whom::These(named) => {
            let found = these(named.iter().map(|e| word(e, frame)).collect());
            let many = found.len();
            return (found, many);
        }
        Whom::Linked(linked) => return at_most(these(linked_with(linked, frame)), group),
        Whom::Of(variable, owner) => Some((*variable, word(owner, frame))),
        Whom::All => None,
    };
    if of.is_some_and(|(_, owner)| owner == NO_ENTITY) {
        return (Vec::new(), 0);
    }
    let all = 0..group.ids.len() as u64;
    let found = all.filter(|&entity| frame.belongs(each.kind, of, entity));
    at_most(found.collect(), group)
}

/// With whom somebody is linked on the side of the frame.
fn linked_with(linked: &Linked, frame: &Frame<'_>) -> Vec<u64> {
    let (variable, of) = &linked.of;
    let of = word(of, frame);
    if of == NO_ENTITY {
        return Vec::new();
    }
    let links = 0..frame.population.group(linked.by).ids.len() as u64;
    links
        .filter(|&link| frame.belongs(linked.by, Some((*variable, of)), link))
        .filter(|&link| frame.state(linked.by, link) == Some(0))
        .map(|link| frame.variable(linked.by, linked.to, link))
        .collect()
}

/// As many as may be reached at a time, in their order, and how many they would be.
fn at_most(mut found: Vec<u64>, group: &Group) -> (Vec<u64>, usize) {
    let many = found.len();
    if many > MAX_COUNT as usize {
        // Which of them are left does not follow from who joined before whom.
        found.sort_unstable_by_key(|&entity| group.ids[entity as usize]);
        found.truncate(MAX_COUNT as usize);
        found.sort_unstable();
    }
    (found, many)
}

/// What those who belong to somebody come to on the side of the frame, in the order in which they joined.
pub(super) fn come_to(children: &Children, frame: &Frame<'_>) -> u64 {
    let owner = word(&children.of.1, frame);
    if owner == NO_ENTITY {
        return 0;
    }
    let (kind, of) = (children.kind, Some((children.of.0, owner)));
    let mut sum = 0;
    for entity in 0..frame.population.group(kind).ids.len() as u64 {
        if !frame.belongs(kind, of, entity) {
            continue;
        }
        let one = frame.asking(kind, entity, frame.noted);
        let mut conditions = children.condition.iter();
        if conditions.any(|condition| number(condition, &one) == 0.0) {
            continue;
        }
        let value = children.value.as_ref();
        let value = value.map_or(1f64.to_bits(), |value| word(value, &one));
        sum = match children.exact {
            true => exact::binary(ExactBinary::Add, sum, value),
            false => finite(binary(Binary::Add, sum, value)).to_bits(),
        };
    }
    sum
}

impl<'a> Frame<'a> {
    /// The frame on which something is asked of an entity by this one's event, where it is noted how other sides differ in it.
    pub(super) fn asking(
        &'a self,
        kind: KindId,
        entity: u64,
        noted: &'a Cell<Parting>,
    ) -> Frame<'a> {
        Frame {
            own: Own::Entity(kind, entity as usize),
            of: Some(self.event()),
            noted,
            ..*self
        }
    }

    /// The frame on which it is decided whether, when and how an effect reaches an entity. Its key is that of the first
    /// event that follows, so that all draws are of this cause and this entity, whoever else there is.
    pub fn about(&'a self, effect: &Effect, each: &Each, entity: u64) -> Frame<'a> {
        let id = self.population.id(each.kind, entity);
        Frame {
            key: self.key.child(effect.purpose, id),
            own: Own::Entity(each.kind, entity as usize),
            of: Some(self.event()),
            ..*self
        }
    }

    /// The frame of the event itself, where this one is about what follows from it.
    pub fn event(&'a self) -> &'a Frame<'a> {
        self.of.unwrap_or(self)
    }

    /// The key of an event that follows by an effect.
    pub fn key_of_child(&self, effect: &Effect, index: u16) -> Key {
        match (&effect.each, index) {
            (Some(_), 0) => self.key,
            _ => self.key.child(effect.purpose, u64::from(index)),
        }
    }
}
