//! How the entities of a kind stood when the window of a run began, to be held against how they stood at its end.

use super::finding::{Check, Finding, Findings};
use std::collections::BTreeMap;

/// The folder of those tables.
pub(super) const OPENING: &str = "entities_start";

/// Who was there at the start.
pub(super) struct Opening {
    /// The start, in microseconds since 1970.
    start: i64,
    /// Whether its table could be read.
    pub is_whole: bool,
    /// By id: what never changes, and whether it is there at the end.
    known: BTreeMap<u64, (u64, bool)>,
}

impl Opening {
    pub fn new(start: i64) -> Opening {
        Opening {
            start,
            is_whole: false,
            known: BTreeMap::new(),
        }
    }

    /// One who was there, with the digest of what never changes.
    pub fn add(&mut self, id: u64, fixed: u64) {
        self.known.insert(id, (fixed, false));
    }

    /// What is wrong with one who is there at the end, and what would be right.
    pub fn compare(
        &mut self,
        id: u64,
        joined: Option<i64>,
        fixed: u64,
    ) -> Option<(&'static str, &'static str)> {
        let was_there = joined.is_none_or(|joined| joined < self.start);
        match (self.known.get_mut(&id), was_there) {
            (Some((before, at_end)), true) => {
                *at_end = true;
                (*before != fixed).then_some((
                    "what never changes otherwise than at the start",
                    "the same as in `entities_start`",
                ))
            }
            (None, true) => Some((
                "an entity from before the start that was not there at it",
                "one of `entities_start`",
            )),
            (Some((_, at_end)), false) => {
                *at_end = true;
                Some((
                    "an entity that joined later than it was there",
                    "one that `entities_start` does not have",
                ))
            }
            (None, false) => None,
        }
    }

    /// Tells who was there at the start, and is not at the end.
    pub fn tell_missing(&self, (file, kind, place): (&str, &str, usize), findings: &mut Findings) {
        let gone = self
            .known
            .iter()
            .filter(|(_, (_, at_end))| self.is_whole && !at_end);
        for (&id, _) in gone {
            findings.add(Check::Entity, (usize::MAX - 1, place as i64, id), || {
                Finding {
                    file: Some(file.to_owned()),
                    table: Some(kind.to_owned()),
                    id: Some(id),
                    found: "an entity that is not there at the end".to_owned(),
                    expected: "one of `entities`: nobody goes".to_owned(),
                    ..Finding::default()
                }
            });
        }
    }
}
