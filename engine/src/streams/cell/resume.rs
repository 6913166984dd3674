//! A process that goes on from a barrier otherwise than it would have.
//!
//! At a barrier nothing is under way, and hardly anything has been decided about what comes after it: an event follows
//! modifiers when it takes place. Only who joined later opens candidates a day at a time. Those of the rest of the day have
//! been held against a rate without what is new, so they are taken back, and opened once more.

use super::sources::{JOINER_BLOCK, Left};
use super::{LogicalProcess, Window};
use crate::base::time::Time;
use crate::streams::event::Event;
use crate::streams::program::{Actor, Modifier, StreamId};
use crate::streams::rates::Arrivals;
use crate::streams::sides::{Parting, Side, Sides};
use crate::streams::view::Observed;
use crate::streams::world::World;

/// From where a run goes on, and what is otherwise from there on.
pub(crate) struct Onwards<'a> {
    /// The barrier.
    pub now: Time,
    /// For each side the one that it was until then.
    pub origin: Vec<Side>,
    /// The sources of arrivals.
    pub arrivals: &'a [Arrivals],
    /// The places of those whose rate is bent otherwise before the day ends.
    anew: Vec<usize>,
}

impl<'a> Onwards<'a> {
    /// Goes on at a barrier; `is_new` tells which modifiers have not been there before it.
    pub fn new(
        world: &World,
        (now, origin): (Time, Vec<Side>),
        arrivals: &'a [Arrivals],
        is_new: impl Fn(&Modifier) -> bool,
    ) -> Onwards<'a> {
        let tomorrow = Time(now.0 - 1).floor_to(JOINER_BLOCK) + JOINER_BLOCK;
        let bent = |arrivals: &Arrivals| {
            let modified = arrivals.modified.filter(|_| arrivals.actor.is_some());
            modified.is_some_and(|at| {
                let mut modifiers = world.program.modified[usize::from(at)].modifiers();
                modifiers.any(|modifier| modifier.envelope.start < tomorrow && is_new(modifier))
            })
        };
        let anew = (0..).zip(arrivals).filter(|(_, arrivals)| bent(arrivals));
        Onwards {
            now,
            origin,
            arrivals,
            // As a day begins, none of it has been opened yet.
            anew: match now < tomorrow {
                true => anew.map(|(source, _)| source).collect(),
                false => Vec::new(),
            },
        }
    }

    /// Whether an event that waits is a candidate of those that are opened anew.
    pub fn makes_anew(&self, event: &Event) -> bool {
        let mut anew = self.anew.iter();
        event.from == StreamId::NONE
            && anew.any(|&source| self.arrivals[source].stream == event.stream)
    }
}

impl LogicalProcess {
    /// Opens anew, for the rest of the day, what has been opened today and is bent otherwise.
    pub(super) fn open_anew(&mut self, world: &World, onwards: &Onwards<'_>) {
        let window = Window {
            world,
            arrivals: onwards.arrivals,
            observed: &Observed::default(),
            end: onwards.now,
        };
        let since = Time(onwards.now.0 - 1);
        for &source in &onwards.anew {
            let Some(actor) = &onwards.arrivals[source].actor else {
                continue;
            };
            let group = &self.population.groups[actor.kind];
            for entity in group.founders..group.ids.len() {
                let joiner = self.joiner(world, actor.kind, entity);
                for open in self.opened_today(actor, entity, source) {
                    self.open_process(window, &joiner, source, open, since);
                }
            }
        }
    }

    /// On which sides the process of a source of somebody who joined later has been opened today, and how those had come to
    /// differ then: each is opened once a day, as soon as they take part.
    fn opened_today(&self, actor: &Actor, entity: usize, source: usize) -> Vec<(Sides, Parting)> {
        let kind = actor.kind;
        if let Some(opened) = self.opened_in_part.get(&(kind, entity, source)) {
            return opened.clone();
        }
        let side = Side::FACTUAL;
        let state = self.population.group(kind).state_on(side, entity);
        let takes_part = state.is_some_and(|state| actor.states[usize::from(state)] > 0.0);
        let left = Left {
            kind,
            entity,
            source,
            side,
        };
        match takes_part || self.left.contains(&left) {
            true => vec![(Sides::ALL, Parting::NONE)],
            false => Vec::new(),
        }
    }
}
