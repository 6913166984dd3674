//! What events change: states, variables and counters, and who joins.

use super::{Cell, Event};
use crate::arrivals::scale_bits;
use crate::draw::purpose;
use crate::eval::{eval, number};
use crate::program::{Change, ChangeKind, KindId};
use crate::time::Time;
use crate::world::{Observed, World};

impl Cell {
    /// Brings a new entity, whose identity comes from the event's; returns its index.
    pub(super) fn create(&mut self, world: &World, kind: KindId, event: &Event, end: Time) -> u64 {
        let definition = &world.program.kinds[usize::from(kind)];
        let id = event.key.child(definition.purpose, 0);
        let entity = self
            .population
            .join(world, kind, id, event.time, definition.joins);
        self.open_joiner(world, kind, entity, None, event.time, end);
        self.start_timers(world, kind, entity, event.time, end);
        entity as u64
    }

    /// Makes one change.
    pub(super) fn change(
        &mut self,
        world: &World,
        observed: &Observed,
        event: &Event,
        words: super::Words<'_>,
        change: &Change,
        end: Time,
    ) {
        let frame = super::frame_of(world, observed, &self.population, event, words);
        if change
            .when
            .as_ref()
            .is_some_and(|e| number(e, &frame) == 0.0)
        {
            return;
        }
        match &change.what {
            ChangeKind::State {
                kind,
                entity,
                state,
            } => {
                let entity = eval(entity, &frame) as usize;
                if entity >= self.population.groups[usize::from(*kind)].ids.len() {
                    return;
                }
                let before = self.population.set_state(*kind, entity, *state);
                if before != *state {
                    self.open_joiner(world, *kind, entity, Some(before), event.time, end);
                }
            }
            ChangeKind::Set {
                kind,
                entity,
                variable,
                value,
            } => {
                let (entity, value) = (eval(entity, &frame) as usize, eval(value, &frame));
                if let Some(word) = self.variable(*kind, *variable, entity) {
                    *word = value;
                }
            }
            ChangeKind::Add {
                kind,
                entity,
                variable,
                value,
            } => {
                let (entity, value) = (eval(entity, &frame) as usize, number(value, &frame));
                if let Some(word) = self.variable(*kind, *variable, entity) {
                    *word = (f64::from_bits(*word) + value).to_bits();
                }
            }
            ChangeKind::Adopt {
                owner,
                kind,
                variable,
                count,
                purpose: what,
            } => {
                let owner = eval(owner, &frame);
                let founders = self.population.groups[usize::from(*kind)].founders as u64;
                for ordinal in 0..u64::from(*count) {
                    let bits = event.key.child(*what, ordinal).bits(purpose("adopt"));
                    let entity = scale_bits(bits, founders) as usize;
                    if let Some(word) = self.variable(*kind, *variable, entity) {
                        *word = owner;
                    }
                }
            }
            ChangeKind::Count { counter, value } => {
                let value = number(value, &frame);
                self.counters[usize::from(*counter)] += value;
            }
        }
    }

    fn variable(&mut self, kind: KindId, variable: u16, entity: usize) -> Option<&mut u64> {
        self.population.groups[usize::from(kind)].variables[usize::from(variable)].get_mut(entity)
    }
}
