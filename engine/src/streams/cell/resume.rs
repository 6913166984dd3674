//! A process that goes on from a barrier otherwise than it would have.
//!
//! At a barrier nothing is under way, and hardly anything has been decided about what comes after it: an event follows
//! modifiers when it takes place. But who joined later opens candidates a day at a time. Those of the rest of the day have
//! been held against a rate without what is new, so they are taken back, and opened once more. And what an intervention
//! has held back waits for the time after its end at which it is released, which comes earlier where that does.

use super::sources::{JOINER_BLOCK, Left};
use super::{LogicalProcess, Window};
use crate::base::draw::{Key, Purpose};
use crate::base::time::Time;
use crate::streams::eval::number_by_key;
use crate::streams::event::Event;
use crate::streams::program::{Actor, Backlog, Expr, Program, StreamId};
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
    /// What is released at other times.
    released: Vec<Release>,
}

/// What is held back, and released at another time than was known.
struct Release {
    held: StreamId,
    released: StreamId,
    purpose: Purpose,
    /// When, by the keys of the events: as it was, and as it is.
    was: Expr,
    is: Expr,
}

impl<'a> Onwards<'a> {
    /// From a barrier, each side of which was the one that `origin` gives for it, with nothing otherwise.
    pub fn new((now, origin): (Time, Vec<Side>), arrivals: &'a [Arrivals]) -> Onwards<'a> {
        Onwards {
            now,
            origin,
            arrivals,
            anew: Vec::new(),
            released: Vec::new(),
        }
    }

    /// The rate of a stream's source is bent otherwise before the day ends.
    pub fn open_anew(&mut self, stream: StreamId) {
        let has_actor = |arrivals: &Arrivals| arrivals.stream == stream && arrivals.actor.is_some();
        self.anew.extend(self.arrivals.iter().position(has_actor));
    }

    /// What is held back is released at another time.
    pub fn release_anew(&mut self, program: &Program, was: &Backlog, is: &Backlog) {
        self.released.push(Release {
            held: was.held,
            released: was.released,
            purpose: was.purpose(program),
            was: was.time(),
            is: is.time(),
        });
    }

    /// An event that waited, as it waits now; none if it is a candidate of those that are opened anew.
    pub fn event(&self, event: &Event) -> Option<Event> {
        let mut anew = self.anew.iter();
        if event.from == StreamId::NONE
            && anew.any(|&source| self.arrivals[source].stream == event.stream)
        {
            return None;
        }
        let mut releases = self.released.iter();
        Some(Event {
            presence: event.presence.of_origin(&self.origin),
            time: releases
                .find_map(|release| release.time(event))
                .unwrap_or(event.time),
            ..*event
        })
    }
}

impl Release {
    /// When an event is released, if it is one of those.
    fn time(&self, event: &Event) -> Option<Time> {
        let is_released = (event.from, event.stream) == (self.held, self.released)
            && event.key == Key(event.cause).child(self.purpose, u64::from(event.index));
        let at = |e| Some(Time(number_by_key(e, event.key)? as i64));
        // Another intervention may release the same at another time.
        let is_this = is_released && at(&self.was) == Some(event.time);
        at(&self.is).filter(|_| is_this)
    }
}

/// The end of the day (UTC) up to which candidates have been opened at a barrier: of one that begins there none has.
pub(crate) fn end_of_day(now: Time) -> Time {
    Time(now.0 - 1).floor_to(JOINER_BLOCK) + JOINER_BLOCK
}

impl LogicalProcess {
    /// Opens anew, for the rest of the day, what has been opened today and is bent otherwise.
    pub(super) fn open_anew(&mut self, world: &World, onwards: &Onwards<'_>) {
        let window = Window {
            world,
            process: self.index,
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
