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
//! A condition is asked of somebody at a time. Whoever it rules out on all sides alike is passed over before the order is
//! looked at; where sides may answer differently, nobody is asked who comes after the one who is picked, so that only those
//! count as read on whom the pick depends.

use std::cell::Cell;

use super::scalar::{Frame, Own, number};
use crate::base::draw::{Purpose, unit};
use crate::streams::population::Group;
use crate::streams::program::{Expr, KindId, NO_ENTITY, PickWhere};
use crate::streams::sides::Parting;

/// Fewest proposals among those there from the start: with four fifths of them fitting, all fail once in 390,000.
const FEWEST: u64 = 8;

/// One proposal more for so many of them: to look at all of them takes about as long as this share of proposals.
const FOR_EACH: u64 = 64;

/// Parts of a pick's purpose: the time of a proposal (and the number of it), and the time of an entity.
const PROPOSED: u64 = 1 << 32;
const RACE: u64 = 1 << 33;

/// The entity of a kind, in a state if one is given, that an event picks; [`NO_ENTITY`] where nobody fits.
pub(super) fn pick(f: &Frame<'_>, kind: KindId, state: Option<u8>, purpose: Purpose) -> u64 {
    winner(&Race::new(f, (kind, state), None, purpose))
}

/// Likewise one of whom a condition holds.
pub(super) fn pick_where(f: &Frame<'_>, wanted: &PickWhere) -> u64 {
    let who = (wanted.kind, wanted.state);
    winner(&Race::new(f, who, Some(&wanted.condition), wanted.purpose))
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
        let key = self.f.key;
        let propose = |purpose| self.f.population.pick(self.kind, key.bits(purpose));
        if self.state.is_none() && self.condition.is_none() {
            // Those there from the start stay, whatever becomes of them.
            return Some((0, propose(self.purpose))).filter(|(_, entity)| *entity != NO_ENTITY);
        }
        let found = (0..self.proposals())
            .map(|proposal| (proposal, propose(self.purpose.part(proposal))))
            .find(|(_, entity)| self.fits(*entity));
        found.or_else(|| {
            let founders = self.group.founders_in(self.state);
            let (_, entity) = self.first(founders, f64::INFINITY)?;
            Some((self.proposals(), entity))
        })
    }

    fn proposals(&self) -> u64 {
        FEWEST + self.group.founders as u64 / FOR_EACH
    }

    fn joiners(&self) -> impl Iterator<Item = usize> + Clone {
        self.group.joiners_in(self.state)
    }

    /// When the one there from the start comes in the race, who was found by a proposal or after all of them.
    fn time(&self, proposal: u64, entity: u64) -> f64 {
        let after = |proposal| exponential(self.f.key.bits(self.purpose.part(PROPOSED + proposal)));
        let made = (proposal + 1).min(self.proposals());
        let proposed = (0..made).map(after).sum::<f64>() / self.group.founders_weight;
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
            .f
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
        let about = Frame {
            own: Own::Entity(self.kind, entity as usize),
            of: Some(self.f.event()),
            noted,
            ..*self.f
        };
        number(condition, &about) != 0.0
    }
}

/// An exponential number of mean 1 from random bits.
#[inline(always)]
fn exponential(bits: u64) -> f64 {
    -libm::log1p(-unit(bits))
}
