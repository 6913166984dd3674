//! What a process is made of at a barrier, so that it can be stored and go on later.
//!
//! Between two windows nothing is under way: events wait for their windows, and everything else is
//! the population, the counters, and who has ceased to take part today.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::desk::Desks;
use super::pending::Pending;
use super::population::{Twin, Twins};
use super::sources::Left;
use super::{Cell, Counters, Group, Members};
use crate::base::time::Time;
use crate::streams::play::snapshot::{Lists, Words};
use crate::streams::program::Kind;
use crate::streams::sides::{Parting, Side, Sides};
use crate::streams::world::World;

/// A process at a barrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellState {
    groups: Vec<GroupState>,
    counters: Counters,
    left: BTreeSet<Left>,
    desks: Desks,
    refused: u64,
    /// Events after the barrier, a bucket a window.
    pending: Lists,
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
    /// Who has a diary that is not empty, and these.
    diary_of: Vec<u32>,
    diaries: Lists,
    founders: usize,
    in_state: Vec<Vec<i64>>,
    in_state_parting: Vec<Parting>,
    twins: Vec<(u32, Vec<TwinState>)>,
}

/// An entity on sides other than the factual one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct TwinState {
    sides: Sides,
    parting: Parting,
    reserved: Parting,
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
            pending: self.pending.lists(),
            played: self.rows.played,
        }
    }

    /// The process with this number, as it stood at the barrier at `now`. Each side is what `origin` gives for it.
    pub fn of_state(
        world: &World,
        index: u16,
        now: Time,
        state: CellState,
        origin: &[Side],
    ) -> Cell {
        let mut cell = Cell::empty(world, index);
        let groups = state.groups.into_iter().zip(&world.program.kinds);
        let groups = groups.map(|(group, kind)| group.group(kind, origin));
        cell.population.groups = groups.collect();
        cell.counters = state.counters.of_origin(origin);
        let left = |&(kind, entity, source, of): &Left| {
            let sides = Side::first(origin.len()).filter(move |side| origin[side.index()] == of);
            sides.map(move |side| (kind, entity, source, side))
        };
        cell.left = state.left.iter().flat_map(left).collect();
        cell.desks = state.desks.of_origin(origin);
        cell.refused = state.refused;
        cell.rows.played = state.played;
        cell.pending = Pending::of_lists(world, now, &state.pending, origin);
        for stream in cell.pending.streams(world) {
            cell.growth.receive(world, stream);
        }
        cell
    }
}

impl GroupState {
    fn of(group: &Group) -> GroupState {
        let columns = |columns: &[Vec<u64>]| columns.iter().cloned().map(Words).collect();
        let states = |each: &[Twin]| each.iter().map(TwinState::of).collect();
        let twins = group.twins.iter().map(|of| (of.entity, states(&of.each)));
        let (mut diary_of, mut diaries) = (Vec::new(), Lists::default());
        for (entity, diary) in (0..).zip(&group.diaries) {
            if let Some(words) = diary {
                diary_of.push(entity);
                diaries.push([&**words]);
            }
        }
        GroupState {
            ids: Words(group.ids.clone()),
            joined_us: Words(group.joined.iter().map(|time| time.0 as u64).collect()),
            states: group.states.clone(),
            attributes: columns(&group.attributes),
            variables: columns(&group.variables),
            diary_of,
            diaries,
            founders: group.founders,
            in_state: group.in_state.clone(),
            in_state_parting: group.in_state_parting.clone(),
            twins: twins.collect(),
        }
    }

    fn group(self, kind: &Kind, origin: &[Side]) -> Group {
        let columns =
            |columns: Vec<Words>| columns.into_iter().map(|Words(column)| column).collect();
        let mut twins_of = vec![0; self.ids.0.len()];
        let mut twins = Vec::new();
        for (entity, each) in self.twins {
            let each = each.into_iter().map(|twin| twin.twin(origin));
            let each: Vec<Twin> = each.filter(|twin| !twin.sides.is_none()).collect();
            if !each.is_empty() {
                twins.push(Twins { entity, each });
                twins_of[entity as usize] = twins.len() as u32;
            }
        }
        let in_state = origin
            .iter()
            .map(|side| self.in_state[side.index()].clone());
        let partings = self.in_state_parting.iter();
        let mut diaries = vec![None; self.ids.0.len()];
        for (&entity, words) in self.diary_of.iter().zip(self.diaries.iter()) {
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
            in_state: in_state.collect(),
            in_state_parting: partings.map(|one| one.of_origin(origin)).collect(),
            by_activity: None,
            founders_weight: 0.0,
            members: Members::default(),
            twins_of,
            twins,
        };
        group.weigh(kind);
        group
    }
}

impl TwinState {
    fn of(twin: &Twin) -> TwinState {
        TwinState {
            sides: twin.sides,
            parting: twin.parting,
            reserved: twin.reserved,
            state: twin.state,
            variables: Words(twin.variables.to_vec()),
            diary: words_of(&twin.diary),
        }
    }

    fn twin(self, origin: &[Side]) -> Twin {
        Twin {
            sides: self.sides.of_origin(origin),
            parting: self.parting.of_origin(origin),
            reserved: self.reserved.of_origin(origin),
            variables: self.variables.0.into_boxed_slice(),
            diary: self.diary.map(|Words(words)| words.into()),
            state: self.state,
        }
    }
}

/// A diary as it is stored; none for an empty one.
fn words_of(diary: &Option<Box<[u64]>>) -> Option<Words> {
    diary.as_ref().map(|words| Words(words.to_vec()))
}
