//! Whom an effect reaches that has an event for each of several entities.

use super::scalar::{Frame, Own, word};
use crate::base::draw::Key;
use crate::streams::program::{Each, Effect, MAX_COUNT, NO_ENTITY, Whom};

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

impl<'a> Frame<'a> {
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
