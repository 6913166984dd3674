//! The entities of one cell: identities, attributes, states and variables, kept column by column.

use crate::draw::{Key, Purpose, purpose};
use crate::eval::{Frame, Own, eval};
use crate::program::{Kind, KindId, NO_ENTITY};
use crate::sample::AliasTable;
use crate::time::Time;
use crate::world::{Observed, World};

/// The entities of one kind in one cell. Those there from the start come first.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Identifiers.
    pub ids: Vec<u64>,
    /// When each joined; those there from the start joined when the warm-up began.
    pub joined: Vec<Time>,
    /// States, as indices into the kind's list.
    pub states: Vec<u8>,
    /// Attributes, a column each.
    pub attributes: Vec<Vec<u64>>,
    /// Variables, a column each.
    pub variables: Vec<Vec<u64>>,
    /// How many were there from the start.
    pub founders: usize,
    /// How many are in each state now.
    pub in_state: Vec<i64>,
    /// Picks a starting entity by activity.
    by_activity: Option<AliasTable>,
}

/// All entities of a cell.
#[derive(Clone, Debug, Default)]
pub struct Population {
    /// One group a kind.
    pub groups: Vec<Group>,
}

impl Group {
    /// How often an entity is picked, relative to the others.
    pub fn activity(&self, kind: &Kind, entity: usize) -> f64 {
        kind.activity.map_or(1.0, |a| {
            f64::from_bits(self.attributes[usize::from(a)][entity]).max(0.0)
        })
    }
}

impl Population {
    #[inline(always)]
    fn group(&self, kind: KindId) -> &Group {
        &self.groups[usize::from(kind)]
    }

    /// An attribute; 0 for [`NO_ENTITY`].
    #[inline(always)]
    pub fn attribute(&self, kind: KindId, attribute: u16, entity: u64) -> u64 {
        self.group(kind).attributes[usize::from(attribute)]
            .get(entity as usize)
            .copied()
            .unwrap_or(0)
    }

    /// A variable; 0 for [`NO_ENTITY`].
    #[inline(always)]
    pub fn variable(&self, kind: KindId, variable: u16, entity: u64) -> u64 {
        self.group(kind).variables[usize::from(variable)]
            .get(entity as usize)
            .copied()
            .unwrap_or(0)
    }

    /// The state; none for [`NO_ENTITY`].
    #[inline(always)]
    pub fn state(&self, kind: KindId, entity: u64) -> Option<u8> {
        self.group(kind).states.get(entity as usize).copied()
    }

    /// The identifier; 0 for [`NO_ENTITY`].
    #[inline(always)]
    pub fn id(&self, kind: KindId, entity: u64) -> u64 {
        self.group(kind)
            .ids
            .get(entity as usize)
            .copied()
            .unwrap_or(0)
    }

    /// When it joined; the epoch for [`NO_ENTITY`].
    pub fn joined(&self, kind: KindId, entity: u64) -> Time {
        self.group(kind)
            .joined
            .get(entity as usize)
            .copied()
            .unwrap_or_default()
    }

    /// A starting entity, picked by activity.
    #[inline(always)]
    pub fn pick(&self, kind: KindId, bits: u64) -> u64 {
        self.group(kind)
            .by_activity
            .as_ref()
            .map_or(NO_ENTITY, |table| table.pick(bits) as u64)
    }

    /// Makes the entities that a cell has from the start.
    pub fn founding(world: &World, cell: u16) -> Population {
        let kinds = &world.program.kinds;
        let mut population = Population {
            groups: kinds
                .iter()
                .map(|kind| Group {
                    attributes: vec![Vec::new(); kind.attributes.len()],
                    variables: vec![Vec::new(); kind.variables.len()],
                    in_state: vec![0; kind.states.len()],
                    ..Group::default()
                })
                .collect(),
        };
        if cell == world.program.platform() {
            return population;
        }
        for (k, kind) in kinds.iter().enumerate() {
            let process =
                Key::new(world.seed, kind.purpose).child(purpose("cell"), u64::from(cell));
            for slot in 0..world.founders(k, cell) {
                let id = process.child(purpose("slot"), u64::from(slot));
                population.join(world, k as KindId, id, world.begin, kind.starts);
            }
            let group = &mut population.groups[k];
            group.founders = group.ids.len();
            let weights: Vec<f64> = (0..group.founders)
                .map(|e| group.activity(kind, e))
                .collect();
            population.groups[k].by_activity = AliasTable::new(&weights).ok();
        }
        for (k, kind) in kinds.iter().enumerate() {
            for belonging in &kind.belongs_to {
                let owner = &population.groups[usize::from(belonging.owner)];
                let owners = assign(
                    owner,
                    population.groups[k].founders,
                    belonging.min,
                    belonging.max,
                );
                population.groups[k].variables[usize::from(belonging.variable)] = owners;
            }
        }
        population
    }

    /// Adds an entity with this identity; its attributes are drawn from it. Returns its index.
    pub fn join(&mut self, world: &World, kind: KindId, id: Key, time: Time, state: u8) -> usize {
        let definition = &world.program.kinds[usize::from(kind)];
        let observed = Observed::default();
        let mut words = Vec::with_capacity(definition.attributes.len());
        let value = |e, words: &[u64]| {
            let frame = Frame {
                world,
                population: &Population::default(),
                observed: &observed,
                stream: 0,
                key: id,
                time,
                cause: 0,
                index: 0,
                slots: &[],
                ready: &std::cell::Cell::new(0),
                of: None,
                own: Own::Unborn(words),
            };
            eval(e, &frame)
        };
        for attribute in &definition.attributes {
            let word = value(&attribute.value, &words);
            words.push(word);
        }
        let variables: Vec<u64> = definition
            .variables
            .iter()
            .map(|v| value(&v.value, &words))
            .collect();
        let group = &mut self.groups[usize::from(kind)];
        group.ids.push(id.0);
        group.joined.push(time);
        group.states.push(state);
        group.in_state[usize::from(state)] += 1;
        for (column, word) in group.attributes.iter_mut().zip(words) {
            column.push(word);
        }
        for (column, word) in group.variables.iter_mut().zip(variables) {
            column.push(word);
        }
        group.ids.len() - 1
    }

    /// Moves an entity to a state; returns the one it was in.
    pub fn set_state(&mut self, kind: KindId, entity: usize, state: u8) -> u8 {
        let group = &mut self.groups[usize::from(kind)];
        let before = std::mem::replace(&mut group.states[entity], state);
        group.in_state[usize::from(before)] -= 1;
        group.in_state[usize::from(state)] += 1;
        before
    }
}

/// Gives each of `count` entities an owner. Owners want a number between `min` and `max` drawn from
/// their own identity; then, in turns, they give up or take one until all entities have an owner.
fn assign(owners: &Group, count: usize, min: u32, max: u32) -> Vec<u64> {
    const WANTS: Purpose = purpose("wants");
    let owners_count = owners.founders;
    if owners_count == 0 {
        return vec![NO_ENTITY; count];
    }
    let mut wants: Vec<u32> = (0..owners_count)
        .map(|owner| {
            let u = Key(owners.ids[owner]).uniform(WANTS);
            crate::sample::integer(u, f64::from(min), f64::from(max)) as u32
        })
        .collect();
    let mut total: i64 = wants.iter().map(|&w| i64::from(w)).sum();
    let target = count as i64;
    // At small scales there may be too many or too few for the bounds; they then give way.
    let (mut low, mut high) = (min, max);
    while total != target {
        let before = total;
        for want in &mut wants {
            if total < target && *want < high {
                *want += 1;
                total += 1;
            } else if total > target && *want > low {
                *want -= 1;
                total -= 1;
            }
        }
        if total == before {
            low = low.saturating_sub(1);
            high = high.saturating_add(1);
        }
    }
    wants
        .iter()
        .enumerate()
        .flat_map(|(owner, &want)| std::iter::repeat_n(owner as u64, want as usize))
        .collect()
}
