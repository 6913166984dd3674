//! Who is picked: somebody who fits, by activity, among all who are there.
//!
//! An event's key puts everybody in an order, and the first in it who fits is picked. The order is that of a race: each
//! entity has a time of its own, exponential with its activity as the rate, so that whoever fits comes first with a
//! probability in proportion to its activity. As a time follows from the event's key and the entity's alone, somebody who
//! joins, leaves or changes moves those picks only that fall on them.
//!
//! Looking at the times of all would be slow. Those there from the start are many and known, so their race is begun
//! together: one process of the rate of them all proposes one of them at a time, by activity. If none of some proposals
//! fits, few do, and the race of those is run anew from the time of the last proposal, which exponential times allow.
//!
//! Events of one cause that pick differently share one race, that of their cause: each has whoever comes at its place. So
//! nobody is picked twice, and how many others there are changes nothing.
//!
//! A condition is asked of somebody at a time. Whoever it rules out on all sides alike is passed over before the order is
//! looked at; where sides may answer differently, nobody is asked who comes after the one who is picked, so that only those
//! count as read on whom the pick depends.

use std::cell::Cell;

use super::scalar::{Frame, number};
use crate::base::draw::{Key, Purpose, unit};
use crate::streams::population::Group;
use crate::streams::program::{Expr, KindId, NO_ENTITY, PickWhere};
use crate::streams::sides::Parting;

/// Fewest proposals among those there from the start: with four fifths of them fitting, all fail once in 390,000.
const FEWEST: u64 = 8;

/// One proposal more for so many of them: to look at all of them takes about as long as this share of proposals.
const FOR_EACH: u64 = 64;

/// Likewise where several are found in one race.
const FEWEST_OF_SEVERAL: u64 = 32;

/// Parts of a pick's purpose: the time of a proposal (and the number of it), and the time of an entity.
const PROPOSED: u64 = 1 << 32;
const RACE: u64 = 1 << 33;

/// The entity of a kind, in a state if one is given, that an event picks; [`NO_ENTITY`] where nobody fits.
pub(super) fn pick(f: &Frame<'_>, kind: KindId, state: Option<u8>, purpose: Purpose) -> u64 {
    winner(&Race::new(f, (kind, state), None, purpose))
}

/// Likewise one of whom a condition holds, or one that differs from those of the other events of its cause.
pub(super) fn pick_where(f: &Frame<'_>, wanted: &PickWhere) -> u64 {
    let (who, condition) = ((wanted.kind, wanted.state), wanted.condition.as_ref());
    let race = Race::new(f, who, condition, wanted.purpose);
    match wanted.different {
        false => winner(&race),
        true => at_place(
            &Race {
                key: f.parent,
                ..race
            },
            f.index as usize,
        ),
    }
}

/// Who comes at a place, from 0, among those who fit; [`NO_ENTITY`] where fewer do.
fn at_place(race: &Race<'_>, place: usize) -> u64 {
    let (group, sum) = (race.group, race.group.founders_weight);
    // Time, entity, and whether it is known to fit.
    let mut order: Vec<(f64, usize, bool)> = Vec::new();
    let mut time = 0.0;
    // However many are wanted, so many are proposed at most: who comes at a place must not depend on those behind.
    let proposals = FEWEST_OF_SEVERAL + group.founders as u64 / FOR_EACH;
    for proposal in (0..proposals).take_while(|_| sum > 0.0) {
        time += race.time_of_proposal(proposal) / sum;
        let entity = race.proposed(proposal);
        let is_new = order.iter().all(|(_, other, _)| *other as u64 != entity);
        if is_new && race.fits(entity) {
            order.push((time, entity as usize, true));
            if order.len() > place {
                break;
            }
        }
    }
    let found = order.len();
    let limit = match order.last() {
        Some((time, ..)) if found > place => *time,
        _ => f64::INFINITY,
    };
    let later = |entity: usize, from: f64| {
        let time = from + race.own_time(entity, limit)?;
        (!race.is_ruled_out(entity)).then_some((time, entity, false))
    };
    if found <= place {
        let mut all: Vec<usize> = group.founders_in(race.state).collect();
        all.retain(|entity| order.iter().all(|(_, other, _)| other != entity));
        order.extend(all.into_iter().filter_map(|entity| later(entity, time)));
    }
    order.extend(race.joiners().filter_map(|entity| later(entity, 0.0)));
    order.sort_unstable_by(|a, b| {
        a.0.total_cmp(&b.0)
            .then_with(|| group.ids[a.1].cmp(&group.ids[b.1]))
    });
    let mut fit = order
        .into_iter()
        .filter(|(_, entity, known)| *known || race.fits(*entity as u64));
    fit.nth(place)
        .map_or(NO_ENTITY, |(_, entity, _)| entity as u64)
}

#[inline(always)]
fn winner(race: &Race<'_>) -> u64 {
    let group = race.group;
    let founder = race.founder();
    if group.ids.len() == group.founders || race.joiners().next().is_none() {
        return founder.map_or(NO_ENTITY, |(_, entity)| entity);
    }
    let founder = founder.map(|(proposal, entity)| (race.time(proposal, entity), entity));
    let limit = founder.map_or(f64::INFINITY, |(time, _)| time);
    let joiner = race.first(race.joiners(), limit);
    joiner.or(founder).map_or(NO_ENTITY, |(_, entity)| entity)
}

/// A pick among the entities of a kind.
struct Race<'a> {
    f: &'a Frame<'a>,
    /// Whose race it is: that of the event, or of its cause.
    key: Key,
    kind: KindId,
    group: &'a Group,
    state: Option<u8>,
    condition: Option<&'a Expr>,
    purpose: Purpose,
    /// The purpose of the times of entities.
    own: Purpose,
}

impl<'a> Race<'a> {
    #[inline(always)]
    fn new(
        f: &'a Frame<'a>,
        (kind, state): (KindId, Option<u8>),
        condition: Option<&'a Expr>,
        purpose: Purpose,
    ) -> Race<'a> {
        Race {
            f,
            key: f.key,
            kind,
            group: f.population.group(kind),
            state,
            condition,
            purpose,
            own: purpose.part(RACE),
        }
    }

    /// The one there from the start who is picked if nobody who joined comes before, and the proposal's number; it is that
    /// of the last one where none of them has found anybody.
    #[inline(always)]
    fn founder(&self) -> Option<(u64, u64)> {
        if self.state.is_none() && self.condition.is_none() {
            // Those there from the start stay, whatever becomes of them.
            let entity = self
                .f
                .population
                .pick(self.kind, self.key.bits(self.purpose));
            return Some((0, entity)).filter(|(_, entity)| *entity != NO_ENTITY);
        }
        let found = (0..self.proposals())
            .map(|proposal| (proposal, self.proposed(proposal)))
            .find(|(_, entity)| self.fits(*entity));
        found.or_else(|| {
            let founders = self.group.founders_in(self.state);
            let (_, entity) = self.first(founders, f64::INFINITY)?;
            Some((self.proposals(), entity))
        })
    }

    /// Whom a proposal is about.
    #[inline(always)]
    fn proposed(&self, proposal: u64) -> u64 {
        let bits = self.key.bits(self.purpose.part(proposal));
        self.f.population.pick(self.kind, bits)
    }

    /// How long it takes from the proposal before to this one, in units of the mean.
    fn time_of_proposal(&self, proposal: u64) -> f64 {
        exponential(self.key.bits(self.purpose.part(PROPOSED + proposal)))
    }

    fn proposals(&self) -> u64 {
        FEWEST + self.group.founders as u64 / FOR_EACH
    }

    fn joiners(&self) -> impl Iterator<Item = usize> + Clone {
        self.group.joiners_in(self.state)
    }

    /// When the one there from the start comes in the race, who was found by a proposal or after all of them.
    fn time(&self, proposal: u64, entity: u64) -> f64 {
        let made = (proposal + 1).min(self.proposals());
        let each = (0..made).map(|proposal| self.time_of_proposal(proposal));
        let proposed = each.sum::<f64>() / self.group.founders_weight;
        match proposal == self.proposals() {
            true => proposed + self.own_time(entity as usize, f64::INFINITY).unwrap_or(0.0),
            false => proposed,
        }
    }

    /// The time of an entity, if it comes before another one.
    #[inline(always)]
    fn own_time(&self, entity: usize, limit: f64) -> Option<f64> {
        let kind = &self.f.world.program.kinds[self.kind];
        let activity = self.group.activity(kind, entity);
        let bits = self
            .key
            .child(self.own, self.group.ids[entity])
            .bits(self.own);
        // -ln(1 - u) is at least u, which most often tells without the logarithm.
        if activity <= 0.0 || unit(bits) >= limit * activity {
            return None;
        }
        Some(exponential(bits) / activity).filter(|time| *time < limit)
    }

    /// Of some entities the one who fits and comes first, if that is before a time.
    fn first(
        &self,
        entities: impl Iterator<Item = usize> + Clone,
        limit: f64,
    ) -> Option<(f64, u64)> {
        let mut first: Option<(f64, u64)> = None;
        for entity in entities.clone() {
            let limit = first.map_or(limit, |(time, _)| time);
            if let Some(time) = self.own_time(entity, limit)
                && !self.is_ruled_out(entity)
            {
                first = Some((time, entity as u64));
            }
        }
        let first = first?;
        if self.fits(first.1) {
            return Some(first);
        }
        // Only who is not the same on all sides is listed and may not fit. The others follow in their order, so that
        // nobody is looked at who comes after the one who is picked.
        let timed = |entity| {
            let time = self.own_time(entity, limit)?;
            (!self.is_ruled_out(entity)).then_some((time, entity as u64))
        };
        let mut rest: Vec<(f64, u64)> = entities.filter_map(timed).collect();
        rest.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        rest.into_iter().find(|(_, entity)| self.fits(*entity))
    }

    /// Whether an entity can be picked on the side of the frame.
    #[inline(always)]
    fn fits(&self, entity: u64) -> bool {
        let is_there = match self.state {
            Some(state) => self.f.state(self.kind, entity) == Some(state),
            None => self.f.exists(self.kind, entity),
        };
        is_there
            && self
                .condition
                .is_none_or(|condition| self.holds(condition, entity, self.f.noted))
    }

    /// Whether the condition holds of nobody such as this one, whatever the side: nothing was read that differs on any for
    /// which the frame is worked out.
    #[inline(always)]
    fn is_ruled_out(&self, entity: usize) -> bool {
        let Some(condition) = self.condition else {
            return false;
        };
        let read = Cell::new(Parting::NONE);
        !self.holds(condition, entity as u64, &read) && read.get() == Parting::NONE
    }

    /// Whether a condition holds of an entity; how other sides differ in what it reads is noted where it is said.
    fn holds(&self, condition: &Expr, entity: u64, noted: &Cell<Parting>) -> bool {
        number(condition, &self.f.asking(self.kind, entity, noted)) != 0.0
    }
}

/// An exponential number of mean 1 from random bits.
#[inline(always)]
fn exponential(bits: u64) -> f64 {
    -libm::log1p(-unit(bits))
}
