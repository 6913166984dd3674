//! The entities of one cell: identities, attributes, states and variables, kept column by column.

use super::Members;
use crate::diary::Words;
use crate::draw::{Key, Purpose, purpose};
use crate::eval::{Frame, Marks, Own, eval};
use crate::program::{Kind, KindId, Label, NO_ENTITY};
use crate::sample::AliasTable;
use crate::sides::{Lineage, Side, Sides};
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
    /// Diaries; none until something is written into one, since many never are.
    pub(super) diaries: Vec<Option<Box<[u64]>>>,
    /// How many were there from the start.
    pub founders: usize,
    /// How many are in each state now.
    pub in_state: Vec<i64>,
    /// The same, had nobody intervened.
    pub in_state_untouched: Vec<i64>,
    /// Who made the two differ last, by state.
    pub in_state_label: Vec<Label>,
    /// Picks a starting entity by activity.
    pub(super) by_activity: Option<AliasTable>,
    /// The sum of the starting entities' activities.
    pub(crate) founders_weight: f64,
    /// Who is in which state.
    pub(super) members: Members,
    /// For each entity one more than the index of its twin; 0 where none has been needed.
    pub(super) twin_of: Vec<u32>,
    /// Entities as they would be had nobody intervened, where that may differ.
    pub(super) twins: Vec<Twin>,
}

/// An entity on the side that no intervention touches.
#[derive(Clone, Debug)]
pub struct Twin {
    /// Who made it differ first.
    pub label: Label,
    /// Its variables.
    pub variables: Box<[u64]>,
    pub(super) diary: Option<Box<[u64]>>,
    pub(super) state: u8,
    /// Whose twin it is.
    pub(super) entity: u32,
}

/// Stands for the state of an entity on the side on which it does not exist.
pub const ABSENT: u8 = u8::MAX;

impl Twin {
    /// Its diary; no words for an empty one.
    #[inline(always)]
    pub fn diary(&self) -> &[u64] {
        self.diary.as_deref().unwrap_or_default()
    }

    /// Whose twin it is.
    pub fn entity(&self) -> usize {
        self.entity as usize
    }

    /// Its state; none where it does not exist.
    #[inline(always)]
    pub fn state(&self) -> Option<u8> {
        (self.state != ABSENT).then_some(self.state)
    }
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

    /// Prepares picking entities.
    pub(super) fn weigh(&mut self, kind: &Kind) {
        let weights: Vec<f64> = (0..self.founders).map(|e| self.activity(kind, e)).collect();
        self.by_activity = AliasTable::new(&weights).ok();
        self.founders_weight = weights.iter().sum();
        self.members = Members::of(&self.states, self.founders);
    }

    /// A variable; 0 for [`NO_ENTITY`].
    #[inline(always)]
    pub fn variable(&self, variable: u16, entity: u64) -> u64 {
        let column = &self.variables[usize::from(variable)];
        column.get(entity as usize).copied().unwrap_or(0)
    }

    /// The diary of an entity; no words for an empty one.
    #[inline(always)]
    pub fn diary(&self, entity: usize) -> &[u64] {
        self.diaries[entity].as_deref().unwrap_or_default()
    }

    /// The state; none for [`NO_ENTITY`] and where the entity does not exist.
    #[inline(always)]
    pub fn state(&self, entity: u64) -> Option<u8> {
        let state = self.states.get(entity as usize).copied();
        state.filter(|&state| state != ABSENT)
    }

    /// The entity's twin, if the sides may differ in it.
    #[inline(always)]
    pub fn twin(&self, entity: u64) -> Option<&Twin> {
        match self.twin_of.get(entity as usize) {
            None | Some(0) => None,
            Some(&at) => Some(&self.twins[at as usize - 1]),
        }
    }

    /// Who made the entity differ between the sides; 0 if nobody did.
    pub fn label(&self, entity: usize) -> Label {
        self.twin(entity as u64).map_or(0, |twin| twin.label)
    }

    /// The state on one side.
    pub fn state_on(&self, side: Side, entity: usize) -> Option<u8> {
        match (side, self.twin(entity as u64)) {
            (Side::Untouched, Some(twin)) => twin.state(),
            _ => self.state(entity as u64),
        }
    }

    /// Lets the sides of an entity differ from now on.
    pub(super) fn part(&mut self, entity: usize, label: Label) -> &mut Twin {
        if self.twin_of[entity] == 0 {
            self.twins.push(Twin {
                label,
                variables: self.variables.iter().map(|column| column[entity]).collect(),
                diary: self.diaries[entity].clone(),
                state: self.states[entity],
                entity: entity as u32,
            });
            self.twin_of[entity] = self.twins.len() as u32;
        }
        &mut self.twins[self.twin_of[entity] as usize - 1]
    }

    /// Takes those twins away that are like their entities again, as far as anything can tell from a day on:
    /// whatever made the sides differ has passed, and what follows need not be worked out twice.
    pub(super) fn rejoin(&mut self, kind: &Kind, today: i64) {
        let mut at = 0;
        while let Some(twin) = self.twins.get(at) {
            if !self.is_like(twin, kind, today) {
                at += 1;
                continue;
            }
            self.twin_of[twin.entity as usize] = 0;
            self.twins.swap_remove(at);
            if let Some(moved) = self.twins.get(at) {
                self.twin_of[moved.entity as usize] = at as u32 + 1;
            }
        }
    }

    /// Lets go of diaries that say nothing from a day on: most people come for some time and then rarely.
    pub(super) fn forget_past(&mut self, kind: &Kind, today: i64) {
        let Some(table) = &kind.diary else {
            return;
        };
        let twins = self.twins.iter_mut().map(|twin| &mut twin.diary);
        for diary in self.diaries.iter_mut().chain(twins) {
            let words = diary.as_deref().map(|words| Words { table, words });
            if words.is_some_and(|words| words.is_past(today)) {
                *diary = None;
            }
        }
    }

    fn is_like(&self, twin: &Twin, kind: &Kind, today: i64) -> bool {
        let entity = twin.entity as usize;
        let mut variables = self.variables.iter().zip(&twin.variables);
        twin.state == self.states[entity]
            && variables.all(|(column, theirs)| column[entity] == *theirs)
            && kind.diary.as_ref().is_none_or(|table| {
                let [mine, theirs] =
                    [self.diary(entity), twin.diary()].map(|words| Words { table, words });
                mine.agrees_with(&theirs, today)
            })
    }

    /// Writes a variable on the given sides.
    pub fn set(&mut self, place: (u16, usize), lineage: Lineage, value: u64) {
        let (variable, entity) = (usize::from(place.0), place.1);
        if entity >= self.ids.len() {
            return;
        }
        if lineage.sides != Sides::Both {
            self.part(entity, lineage.label);
        }
        if lineage.sides.on(Side::Factual) {
            self.variables[variable][entity] = value;
        }
        if lineage.sides.on(Side::Untouched) && self.twin_of[entity] != 0 {
            self.twins[self.twin_of[entity] as usize - 1].variables[variable] = value;
        }
    }

    /// Moves an entity to a state on the given sides.
    pub fn set_state(&mut self, entity: usize, lineage: Lineage, state: u8) {
        if lineage.sides != Sides::Both {
            self.part(entity, lineage.label);
        }
        let label = if lineage.label == 0 {
            self.label(entity)
        } else {
            lineage.label
        };
        for side in [Side::Factual, Side::Untouched] {
            // Who does not exist on a side has no state there.
            let before = self.state_on(side, entity);
            let Some(before) = before.filter(|_| lineage.sides.on(side)) else {
                continue;
            };
            for (state, change) in [(before, -1), (state, 1)] {
                self.counts(side)[usize::from(state)] += change;
                if label != 0 {
                    self.in_state_label[usize::from(state)] = label;
                }
            }
        }
        if lineage.sides.on(Side::Factual) && self.states[entity] != ABSENT {
            self.members.moved(entity, self.states[entity], state);
            self.states[entity] = state;
        }
        let twin = self.twin_of[entity].checked_sub(1);
        if let Some(twin) = twin.map(|at| &mut self.twins[at as usize])
            && lineage.sides.on(Side::Untouched)
            && twin.state != ABSENT
        {
            twin.state = state;
        }
    }

    /// How many entities are in each state now, on one side.
    pub(super) fn counts_on(&self, side: Side) -> &[i64] {
        match side {
            Side::Factual => &self.in_state,
            Side::Untouched => &self.in_state_untouched,
        }
    }

    fn counts(&mut self, side: Side) -> &mut [i64] {
        match side {
            Side::Factual => &mut self.in_state,
            Side::Untouched => &mut self.in_state_untouched,
        }
    }
}

impl Population {
    /// The entities of a kind.
    #[inline(always)]
    pub fn group(&self, kind: KindId) -> &Group {
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
                    in_state_untouched: vec![0; kind.states.len()],
                    in_state_label: vec![0; kind.states.len()],
                    ..Group::default()
                })
                .collect(),
        };
        if cell >= world.program.platform() {
            return population;
        }
        for (k, kind) in kinds.iter().enumerate() {
            let process =
                Key::new(world.seed, kind.purpose).child(purpose("cell"), u64::from(cell));
            for slot in 0..world.founders(k, cell) {
                let id = process.child(purpose("slot"), u64::from(slot));
                let joined = (id, world.begin);
                population.join(world, k as KindId, joined, kind.starts, Lineage::BOTH);
            }
            let group = &mut population.groups[k];
            group.founders = group.ids.len();
            group.weigh(kind);
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

    /// Adds an entity with this identity on the given sides; its attributes are drawn from it. Returns
    /// its index.
    pub fn join(
        &mut self,
        world: &World,
        kind: KindId,
        (id, time): (Key, Time),
        state: u8,
        lineage: Lineage,
    ) -> usize {
        let definition = &world.program.kinds[usize::from(kind)];
        let observed = Observed::default();
        let nobody = Population::default();
        let mut words = Vec::with_capacity(definition.attributes.len());
        let value = |e, words: &[u64]| {
            let (own, marks) = (Own::Unborn(words), Marks::default());
            let frame = Frame::of_entity(world, &nobody, &observed, (id, time), own, &marks);
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
        let entity = group.ids.len();
        group.ids.push(id.0);
        group.joined.push(time);
        group.states.push(state);
        group.twin_of.push(0);
        group.diaries.push(None);
        for (column, word) in group.attributes.iter_mut().zip(words) {
            column.push(word);
        }
        for (column, word) in group.variables.iter_mut().zip(variables) {
            column.push(word);
        }
        for side in [Side::Factual, Side::Untouched] {
            if lineage.sides.on(side) {
                group.counts(side)[usize::from(state)] += 1;
            }
        }
        match lineage.sides {
            Sides::Both => {}
            Sides::Only(Side::Factual) => group.part(entity, lineage.label).state = ABSENT,
            Sides::Only(Side::Untouched) => {
                group.part(entity, lineage.label);
                group.states[entity] = ABSENT;
            }
        }
        group.members.join(group.states[entity]);
        if lineage.label != 0 {
            group.in_state_label[usize::from(state)] = lineage.label;
        }
        entity
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
