//! The entities of one cell: identities, attributes, states and variables, kept column by column.
//!
//! An entity that is not the same on all sides has twins, which say what it is on the others. Changes are told on which
//! sides they are made and see to the twins themselves. What is here is kept and changed, and nothing is worked out: who
//! comes to be is up to `births`, what changes up to the [cell](crate::streams::cell).

mod diaries;
mod members;
mod state;

pub use diaries::Booking;
pub use members::Members;
pub use state::GroupState;

use crate::base::sample::AliasTable;
use crate::base::time::Time;
use crate::streams::diary::DiaryWords;
use crate::streams::program::{Kind, KindId, NO_ENTITY};
use crate::streams::sides::{MOST_SIDES, Parting, Presence, Side, Sides};

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
    pub(crate) diaries: Vec<Option<Box<[u64]>>>,
    /// How many were there from the start.
    pub founders: usize,
    /// How many are in each state now, on each side.
    pub in_state: Vec<Vec<i64>>,
    /// How the sides have come to differ, by state.
    pub in_state_parting: Vec<Parting>,
    /// Picks a starting entity by activity.
    by_activity: Option<AliasTable>,
    /// The sum of the starting entities' activities.
    pub(crate) founders_weight: f64,
    /// Who is in which state.
    pub(crate) members: Members,
    /// For each entity one more than the place of its twins; 0 where none has been needed.
    pub(crate) twins_of: Vec<u32>,
    /// Entities as they would be on other sides, where that may differ.
    twins: Vec<Twins>,
}

/// What an entity would be on the sides on which it may not be as it is on the factual one.
#[derive(Clone, Debug)]
struct Twins {
    /// Whose twins they are.
    pub entity: u32,
    /// One for each group of sides on which it is the same.
    pub each: Vec<Twin>,
}

/// An entity on sides other than the factual one.
#[derive(Clone, Debug)]
pub struct Twin {
    /// The sides.
    pub sides: Sides,
    /// How it has come to differ.
    pub parting: Parting,
    /// Likewise what has been reserved in its diary.
    pub reserved: Parting,
    /// Its variables.
    pub variables: Box<[u64]>,
    pub(super) diary: Option<Box<[u64]>>,
    pub(crate) state: u8,
}

/// Stands for the state of an entity on the side on which it does not exist.
pub const ABSENT: u8 = u8::MAX;

impl Twin {
    /// Its diary; no words for an empty one.
    #[inline(always)]
    pub fn diary(&self) -> &[u64] {
        self.diary.as_deref().unwrap_or_default()
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
    pub(crate) fn weigh(&mut self, kind: &Kind) {
        let weights: Vec<f64> = (0..self.founders).map(|e| self.activity(kind, e)).collect();
        self.by_activity = AliasTable::new(&weights).ok();
        self.founders_weight = weights.iter().sum();
        self.members = Members::of(&self.states, self.founders);
    }

    /// No longer counts one of the start who is known here and lives elsewhere.
    pub(crate) fn leave_out(&mut self, entity: usize) {
        let state = usize::from(self.states[entity]);
        self.in_state.iter_mut().for_each(|side| side[state] -= 1);
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

    /// The entity's twins; none if it is the same on all sides.
    #[inline(always)]
    pub fn twins(&self, entity: u64) -> &[Twin] {
        match self.twins_of.get(entity as usize) {
            None | Some(0) => &[],
            Some(&at) => &self.twins[at as usize - 1].each,
        }
    }

    pub(crate) fn twins_mut(&mut self, entity: usize) -> &mut [Twin] {
        match self.twins_of[entity] {
            0 => &mut [],
            at => &mut self.twins[at as usize - 1].each,
        }
    }

    /// How the sides have come to differ in an entity.
    pub fn parting(&self, entity: usize) -> Parting {
        let twins = self.twins(entity as u64).iter();
        twins.fold(Parting::NONE, |all, twin| {
            all.and(&twin.parting.on(twin.sides))
        })
    }

    /// The state on one side.
    pub fn state_on(&self, side: Side, entity: usize) -> Option<u8> {
        let mut twins = self.twins(entity as u64).iter();
        match twins.find(|twin| twin.sides.on(side)) {
            Some(twin) => twin.state(),
            None => self.state(entity as u64),
        }
    }

    /// The state on each side, of as many as there can be.
    pub(crate) fn states_on_each(&self, entity: usize) -> [Option<u8>; MOST_SIDES] {
        let mut states = [None; MOST_SIDES];
        for (side, state) in Side::first(self.in_state.len()).zip(&mut states) {
            *state = self.state_on(side, entity);
        }
        states
    }

    /// Lets the sides of an entity differ from now on, as those of an event differ that changes it: what it changes is
    /// either all of what is the same, or nothing of it. `reserves` tells whether it only changes reservations.
    pub(crate) fn part(&mut self, entity: usize, presence: Presence, reserves: bool) {
        if presence.sides == Sides::ALL {
            return;
        }
        if self.twins_of[entity] == 0 {
            let (entity, each) = (entity as u32, Vec::new());
            self.twins.push(Twins { entity, each });
            self.twins_of[entity as usize] = self.twins.len() as u32;
        }
        let place = self.twins_of[entity] as usize - 1;
        let each = &mut self.twins[place].each;
        let apart = each.iter().map(|twin| twin.sides).collect::<Sides>();
        let differing = presence.differing();
        let leaving = differing.without(apart);
        for at in 0..each.len() {
            let (stays, leaves) = (
                each[at].sides.without(differing),
                each[at].sides.and(differing),
            );
            if !stays.is_none() && !leaves.is_none() {
                let other = Twin {
                    sides: leaves,
                    ..each[at].clone()
                };
                each[at].sides = stays;
                each.push(other);
            }
        }
        if !leaving.is_none() {
            each.push(Twin {
                sides: leaving,
                parting: Parting::NONE,
                reserved: Parting::NONE,
                variables: self.variables.iter().map(|column| column[entity]).collect(),
                diary: self.diaries[entity].clone(),
                state: self.states[entity],
            });
        }
        for twin in each
            .iter_mut()
            .filter(|twin| !twin.sides.and(differing).is_none())
        {
            let parting = match reserves {
                true => &mut twin.reserved,
                false => &mut twin.parting,
            };
            *parting = parting.and(&presence.parting());
        }
    }

    /// Takes those twins away that are like their entities again, as far as anything can tell from a day on:
    /// whatever made the sides differ has passed, and what follows need not be worked out once more.
    pub(crate) fn rejoin(&mut self, kind: &Kind, today: i64) {
        let mut at = 0;
        while at < self.twins.len() {
            let entity = self.twins[at].entity as usize;
            let mut each = std::mem::take(&mut self.twins[at].each);
            each.retain(|twin| !self.is_like(entity, twin, kind, today));
            if !each.is_empty() {
                self.twins[at].each = each;
                at += 1;
                continue;
            }
            self.twins_of[entity] = 0;
            self.twins.swap_remove(at);
            if let Some(moved) = self.twins.get(at) {
                self.twins_of[moved.entity as usize] = at as u32 + 1;
            }
        }
    }

    /// Lets go of diaries that say nothing from a day on: most people come for some time and then rarely.
    pub(crate) fn forget_past(&mut self, kind: &Kind, today: i64) {
        let Some(table) = &kind.diary else {
            return;
        };
        let twins = self.twins.iter_mut().flat_map(|twins| &mut twins.each);
        let twins = twins.map(|twin| &mut twin.diary);
        for diary in self.diaries.iter_mut().chain(twins) {
            let words = diary.as_deref().map(|words| DiaryWords { table, words });
            if words.is_some_and(|words| words.is_past(today)) {
                *diary = None;
            }
        }
    }

    fn is_like(&self, entity: usize, twin: &Twin, kind: &Kind, today: i64) -> bool {
        let mut variables = self.variables.iter().zip(&twin.variables);
        twin.state == self.states[entity]
            && variables.all(|(column, theirs)| column[entity] == *theirs)
            && kind.diary.as_ref().is_none_or(|table| {
                let [mine, theirs] =
                    [self.diary(entity), twin.diary()].map(|words| DiaryWords { table, words });
                mine.agrees_with(&theirs, today)
            })
    }

    /// Writes a variable on the given sides.
    pub fn set(&mut self, place: (u16, usize), presence: Presence, value: u64) {
        let (variable, entity) = (usize::from(place.0), place.1);
        if entity >= self.ids.len() {
            return;
        }
        self.part(entity, presence, false);
        if presence.sides.on(Side::FACTUAL) {
            self.variables[variable][entity] = value;
        }
        for twin in self.twins_mut(entity) {
            if presence.sides.on(twin.sides.first()) {
                twin.variables[variable] = value;
            }
        }
    }

    /// Moves an entity to a state on the given sides.
    pub fn set_state(&mut self, entity: usize, presence: Presence, state: u8) {
        self.part(entity, presence, false);
        let parting = presence.parting().and(&self.parting(entity));
        for side in Side::first(self.in_state.len()) {
            // Who does not exist on a side has no state there.
            let before = self.state_on(side, entity);
            let Some(before) = before.filter(|_| presence.sides.on(side)) else {
                continue;
            };
            for (state, change) in [(before, -1), (state, 1)] {
                self.in_state[side.index()][usize::from(state)] += change;
                if parting != Parting::NONE {
                    let known = &mut self.in_state_parting[usize::from(state)];
                    *known = known.and(&parting);
                }
            }
        }
        if presence.sides.on(Side::FACTUAL) && self.states[entity] != ABSENT {
            self.members.moved(entity, self.states[entity], state);
            self.states[entity] = state;
        }
        for twin in self.twins_mut(entity) {
            if presence.sides.on(twin.sides.first()) && twin.state != ABSENT {
                twin.state = state;
            }
        }
    }
}

impl Population {
    /// Nobody of any kind, on so many sides.
    pub fn nobody(kinds: &[Kind], sides: usize) -> Population {
        let group = |kind: &Kind| Group {
            attributes: vec![Vec::new(); kind.attributes.len()],
            variables: vec![Vec::new(); kind.variables.len()],
            in_state: vec![vec![0; kind.states.len()]; sides],
            in_state_parting: vec![Parting::NONE; kind.states.len()],
            ..Group::default()
        };
        Population {
            groups: kinds.iter().map(group).collect(),
        }
    }

    /// The entities of a kind.
    #[inline(always)]
    pub fn group(&self, kind: KindId) -> &Group {
        &self.groups[kind]
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
}
