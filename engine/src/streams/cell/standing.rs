//! How a cell stands, as the business is told at the end of each tick: its entities by state, its part of the counters,
//! who waits at its desks, and how much of its diaries is reserved.

use serde::{Deserialize, Serialize};
use std::iter::repeat_n;
use std::sync::Arc;

use super::LogicalProcess;
use crate::base::exact::Digits;
use crate::base::time::{Span, Time};
use crate::streams::eval::{finite, set_undefined};
use crate::streams::kept::Undefined;
use crate::streams::population::Population;
use crate::streams::sides::{Parting, Presence, Side, Sides};
use crate::streams::view::View;
use crate::streams::world::World;

/// A process's part of the counters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Counters {
    /// On each side.
    each: Vec<Vec<f64>>,
    /// How the sides have come to differ in each counter.
    partings: Vec<Parting>,
}

impl Counters {
    pub fn new(world: &World) -> Counters {
        let counters = world.program.counters.len();
        Counters {
            each: vec![vec![0.0; counters]; world.sides()],
            partings: vec![Parting::NONE; counters],
        }
    }

    pub fn add(
        &mut self,
        (counter, digits): (u16, Option<Digits>),
        value: f64,
        presence: Presence,
    ) {
        let counter = usize::from(counter);
        for (side, counters) in (0..).map(Side).zip(&mut self.each) {
            if presence.sides.on(side) {
                counters[counter] = finite(counters[counter] + value);
                if digits.is_some_and(|digits| !digits.hold(counters[counter] as i64)) {
                    set_undefined(Some(Undefined::TooLarge));
                }
            }
        }
        if presence.sides != Sides::ALL {
            let parting = &mut self.partings[counter];
            *parting = parting.and(&presence.parting());
        }
    }

    /// What they are where each side is what `origin` gives for it.
    pub fn of_origin(&self, origin: &[Side]) -> Counters {
        let each = origin.iter().map(|side| self.each[side.index()].clone());
        Counters {
            each: each.collect(),
            partings: self.partings.iter().map(|p| p.of_origin(origin)).collect(),
        }
    }
}

impl LogicalProcess {
    /// Keeps how the cell stands at the end of a tick.
    pub(super) fn look(&mut self, world: &World, tick: Time) {
        // Of diaries those of the day are seen, from when on anybody asks.
        let watched = world.watched_from.iter().filter(|&&from| tick >= from);
        let day = world.program.zone.reading(tick).index_of(Span::DAY);
        let stamp = (day, watched.count());
        let seen = self.seen.take();
        let seen = seen.filter(|(then, _)| !self.touched && *then == stamp);
        let view = seen.map_or_else(|| Arc::new(self.view(world, tick)), |(_, view)| view);
        debug_assert_eq!(*view, self.view(world, tick), "somebody has changed it");
        self.touched = false;
        self.seen = Some((stamp, Arc::clone(&view)));
        self.views.push(view);
    }

    /// How the cell stands at a time.
    pub fn view(&self, world: &World, now: Time) -> View {
        let figures = &world.figures;
        let groups = &self.population.groups;
        let slots = self.slots(world, now);
        // What a process has nothing of is 0.
        let states = if groups.is_empty() {
            figures.states()
        } else {
            0
        };
        let kinds = 2 * (world.program.kinds.len() - slots.len());
        let desks = match self.desks.is_empty() {
            true => world.program.desks.len(),
            false => 0,
        };
        let partings = |all: &mut Vec<Parting>| {
            for group in groups {
                all.extend_from_slice(&group.in_state_parting);
            }
            all.extend(repeat_n(Parting::NONE, states));
            all.extend_from_slice(&self.counters.partings);
            all.extend(self.desks.partings());
            all.extend(repeat_n(Parting::NONE, desks));
            for (_, parting) in &slots {
                all.extend([*parting; 2]);
            }
            all.extend(repeat_n(Parting::NONE, kinds));
        };
        let on = |side: Side, all: &mut Vec<f64>| {
            for group in groups {
                all.extend(
                    group.in_state[side.index()]
                        .iter()
                        .map(|&count| count as f64),
                );
            }
            all.extend(repeat_n(0.0, states));
            all.extend_from_slice(&self.counters.each[side.index()]);
            all.extend(self.desks.waiting(side).into_iter().map(f64::from));
            all.extend(repeat_n(0.0, desks));
            for (each, _) in &slots {
                let slots = each.get(side.index()).copied().unwrap_or_default();
                all.extend(slots.map(|slots| slots as f64));
            }
            all.extend(repeat_n(0.0, kinds));
        };
        View::new((figures.count, world.sides()), partings, on)
    }

    /// The slots of the day of a time, on each side, for each kind at whose diaries somebody looks, and how the sides
    /// have come to differ.
    fn slots(&self, world: &World, now: Time) -> Vec<(Vec<[i64; 2]>, Parting)> {
        let Population { groups } = &self.population;
        let reading = world.program.zone.reading(now);
        let kinds = world.program.kinds.iter().zip(&world.watched_from);
        groups
            .iter()
            .zip(kinds)
            .map(|(group, (kind, &from))| match now >= from {
                true => group.utilisation(kind, reading),
                false => (Vec::new(), Parting::NONE),
            })
            .collect()
    }
}
