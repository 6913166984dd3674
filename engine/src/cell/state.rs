//! What a process is made of at a barrier, so that it can be stored and go on later.
//!
//! Between two windows nothing is under way: events wait for their windows, and everything else is
//! the population, the counters, and who has ceased to take part today.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::desk::Desks;
use super::pending::Pending;
use super::population::Twin;
use super::sources::Left;
use super::{Cell, Counters, Group, Members};
use crate::program::{Kind, Label};
use crate::snapshot::Words;
use crate::time::Time;
use crate::world::World;

/// A process at a barrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellState {
    groups: Vec<GroupState>,
    counters: Counters,
    left: BTreeSet<Left>,
    desks: Desks,
    refused: u64,
    /// Events after the barrier, a bucket a window.
    pending: Vec<Words>,
    played: u64,
}

/// The entities of one kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct GroupState {
    ids: Words,
    joined_us: Words,
    states: Vec<u8>,
    attributes: Vec<Words>,
    variables: Vec<Words>,
    /// The diaries that are not empty, with whose they are.
    diaries: Vec<(u32, Words)>,
    founders: usize,
    in_state: Vec<i64>,
    in_state_untouched: Vec<i64>,
    in_state_label: Vec<Label>,
    twins: Vec<TwinState>,
}

/// An entity on the untouched side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct TwinState {
    entity: u32,
    label: Label,
    state: u8,
    variables: Words,
    diary: Option<Words>,
}

impl Cell {
    /// How the process stands at a barrier, its rows taken.
    pub fn state(&self) -> CellState {
        debug_assert!(
            self.outbox.is_empty(),
            "messages are handed over at the barrier"
        );
        CellState {
            groups: self.population.groups.iter().map(GroupState::of).collect(),
            counters: self.counters.clone(),
            left: self.left.clone(),
            desks: self.desks.clone(),
            refused: self.refused,
            pending: self.pending.words().map(Words).collect(),
            played: self.rows.played,
        }
    }

    /// The process with this number, as it stood at the barrier at `now`. `was_apart` tells whether the run had
    /// interventions then.
    pub fn of_state(
        world: &World,
        (index, was_apart): (u16, bool),
        now: Time,
        state: CellState,
    ) -> Cell {
        let mut cell = Cell::empty(world, index);
        let groups = state.groups.into_iter().zip(&world.program.kinds);
        cell.population.groups = groups.map(|(group, kind)| group.group(kind)).collect();
        cell.counters = state.counters;
        cell.left = state.left;
        cell.desks = state.desks;
        if !was_apart && world.has_interventions() {
            cell.desks.part();
        }
        cell.refused = state.refused;
        cell.rows.played = state.played;
        let buckets = state.pending.into_iter().map(|Words(words)| words);
        cell.pending = Pending::of_words(world, now, buckets.collect());
        cell
    }
}

impl GroupState {
    fn of(group: &Group) -> GroupState {
        let columns = |columns: &[Vec<u64>]| columns.iter().cloned().map(Words).collect();
        let diaries = (0..).zip(&group.diaries);
        let diaries = diaries.filter_map(|(entity, diary)| Some((entity, words_of(diary)?)));
        GroupState {
            ids: Words(group.ids.clone()),
            joined_us: Words(group.joined.iter().map(|time| time.0 as u64).collect()),
            states: group.states.clone(),
            attributes: columns(&group.attributes),
            variables: columns(&group.variables),
            diaries: diaries.collect(),
            founders: group.founders,
            in_state: group.in_state.clone(),
            in_state_untouched: group.in_state_untouched.clone(),
            in_state_label: group.in_state_label.clone(),
            twins: group.twins.iter().map(TwinState::of).collect(),
        }
    }

    fn group(self, kind: &Kind) -> Group {
        let columns =
            |columns: Vec<Words>| columns.into_iter().map(|Words(column)| column).collect();
        let mut twin_of = vec![0; self.ids.0.len()];
        for (at, twin) in (1..).zip(&self.twins) {
            twin_of[twin.entity as usize] = at;
        }
        let mut diaries = vec![None; self.ids.0.len()];
        for (entity, Words(words)) in self.diaries {
            diaries[entity as usize] = Some(words.into());
        }
        let joined = self.joined_us.0.into_iter();
        let mut group = Group {
            ids: self.ids.0,
            joined: joined.map(|time_us| Time(time_us as i64)).collect(),
            states: self.states,
            attributes: columns(self.attributes),
            variables: columns(self.variables),
            diaries,
            founders: self.founders,
            in_state: self.in_state,
            in_state_untouched: self.in_state_untouched,
            in_state_label: self.in_state_label,
            by_activity: None,
            founders_weight: 0.0,
            members: Members::default(),
            twin_of,
            twins: self.twins.into_iter().map(TwinState::twin).collect(),
        };
        group.weigh(kind);
        group
    }
}

impl TwinState {
    fn of(twin: &Twin) -> TwinState {
        TwinState {
            entity: twin.entity,
            label: twin.label,
            state: twin.state,
            variables: Words(twin.variables.to_vec()),
            diary: words_of(&twin.diary),
        }
    }

    fn twin(self) -> Twin {
        Twin {
            label: self.label,
            variables: self.variables.0.into_boxed_slice(),
            diary: self.diary.map(|Words(words)| words.into()),
            state: self.state,
            entity: self.entity,
        }
    }
}

/// A diary as it is stored; none for an empty one.
fn words_of(diary: &Option<Box<[u64]>>) -> Option<Words> {
    diary.as_ref().map(|words| Words(words.to_vec()))
}
