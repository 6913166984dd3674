//! What a process is made of at a barrier, so that it can be stored and go on later.
//!
//! Between two windows nothing is under way: events wait for their windows, and everything else is
//! the population, the counters, and who has ceased to take part today.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use super::desk::Desks;
use super::pending::Pending;
use super::sources::{Left, OpenedInPart};
use super::{Counters, LogicalProcess, Onwards};
use crate::base::words::{Lists, Packer};
use crate::streams::population::{Group, GroupState};
use crate::streams::sides::Side;
use crate::streams::world::World;

/// A process at a barrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessState {
    groups: Vec<GroupState>,
    counters: Counters,
    left: BTreeSet<Left>,
    opened_in_part: OpenedInPart,
    desks: Desks,
    refused: u64,
    played: u64,
    /// The words of all groups, and then the events after the barrier, a list a window.
    words: Lists,
}

impl LogicalProcess {
    /// How the process stands at a barrier, its rows taken.
    pub fn state(&self) -> ProcessState {
        debug_assert!(
            self.outbox.is_empty(),
            "messages are handed over at the barrier"
        );
        let groups = self.population.groups.iter();
        let room = groups.clone().map(Group::stored_words).sum::<usize>();
        let mut words = Packer::with_room(room + self.pending.words());
        let groups = groups.map(|group| group.store(&mut words)).collect();
        self.pending.store(&mut words);
        ProcessState {
            groups,
            counters: self.counters.clone(),
            left: self.left.clone(),
            opened_in_part: self.opened_in_part.clone(),
            desks: self.desks.clone(),
            refused: self.refused,
            played: self.rows.played,
            words: words.lists(),
        }
    }

    /// The process with this number, as it stood at a barrier from which a run goes on.
    pub(crate) fn of_state(
        world: &World,
        index: u16,
        state: &ProcessState,
        onwards: &Onwards<'_>,
    ) -> LogicalProcess {
        let origin = &onwards.origin[..];
        let mut cell = LogicalProcess::new(world, index);
        let mut words = state.words.iter();
        let founding = std::mem::take(&mut cell.population.groups).into_iter();
        let groups = founding.zip(&state.groups).zip(&world.program.kinds);
        let groups =
            groups.map(|((group, state), kind)| group.restored(state, &mut words, (kind, origin)));
        cell.population.groups = groups.collect();
        cell.counters = state.counters.of_origin(origin);
        let left = |&left: &Left| {
            let sides = Side::first(origin.len());
            let sides = sides.filter(move |side| origin[side.index()] == left.side);
            sides.map(move |side| Left { side, ..left })
        };
        cell.left = state.left.iter().flat_map(left).collect();
        cell.opened_in_part.clone_from(&state.opened_in_part);
        for (sides, parting) in cell.opened_in_part.values_mut().flatten() {
            (*sides, *parting) = (sides.of_origin(origin), parting.of_origin(origin));
        }
        cell.desks = state.desks.of_origin(origin);
        cell.refused = state.refused;
        cell.rows.played = state.played;
        cell.pending = Pending::of_lists(world, words, onwards);
        cell.open_anew(world, onwards);
        for stream in cell.pending.streams(world) {
            cell.growth.receive(world, stream);
        }
        cell
    }
}
