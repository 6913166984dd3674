//! Whom an effect reaches that has an event for each of several entities, and what those come to who belong to somebody.

use std::cell::Cell;

use super::exact;
use super::primitive::{binary, finite};
use super::scalar::{Frame, Own, number, word};
use crate::base::draw::Key;
use crate::streams::program::{
    Binary, Children, Each, Effect, ExactBinary, KindId, MAX_COUNT, NO_ENTITY, Whom,
};
use crate::streams::sides::Parting;

/// Those whom an effect reaches on the side of the frame, by their places in the cell, and how many they would be without a bound.
/// Who they are is read of everybody, so that whatever makes the sides differ in it is noted.
pub fn reached(each: &Each, frame: &Frame<'_>) -> (Vec<u64>, usize) {
    let group = frame.population.group(each.kind);
    let of = match &each.whom {
        Whom::These(these) => {
            let there = |entity: &u64| *entity < group.ids.len() as u64;
            let mut found: Vec<u64> = these.iter().map(|e| word(e, frame)).filter(there).collect();
            found.sort_unstable();
            found.dedup();
            found.retain(|&entity| frame.belongs(each.kind, None, entity));
            let many = found.len();
            return (found, many);
        }
        Whom::Of(variable, owner) => Some((*variable, word(owner, frame))),
        Whom::All => None,
    };
    if of.is_some_and(|(_, owner)| owner == NO_ENTITY) {
        return (Vec::new(), 0);
    }
    let all = 0..group.ids.len() as u64;
    let mut found: Vec<u64> = all
        .filter(|&entity| frame.belongs(each.kind, of, entity))
        .collect();
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
