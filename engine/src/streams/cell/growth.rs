//! What keeps rings of causes from taking all memory.
//!
//! Events of streams that lead to themselves are counted: those that wait, and those that come to be within a window.
//! There are so many of them at most for what has begun a chain so far, and for each process by itself, so that
//! neither other processes nor threads can show. A ring that lets more come to be is cut off, and ends the run.

use super::{LogicalProcess, Window};
use crate::base::time::Span;
use crate::streams::event::Event;
use crate::streams::program::{Source, StreamId};
use crate::streams::world::World;

/// So many events of rings may wait in a whole run, whatever it is, and so many more for each beginning of a chain.
const WAITING: f64 = (1u64 << 22) as f64;
const WAITING_EACH: f64 = 16.0;
/// So many may come to be within one window.
const BORN: f64 = (1u64 << 25) as f64;
const BORN_EACH: f64 = 64.0;

/// The events of rings on one process.
#[derive(Default)]
pub(super) struct Growth {
    waiting: i64,
    born: i64,
    most_waiting: i64,
    most_born: i64,
    over: Option<Excess>,
}

/// A ring of causes of which there are too many events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excess {
    /// The stream of the event that was one too many.
    pub stream: StreamId,
    /// How many events of rings there are on the process.
    pub events: i64,
    /// Whether they wait for their time, or have come to be within one window.
    pub waiting: bool,
}

impl Growth {
    /// An event is about to follow from another on this process; false when there are too many of its kind.
    #[inline]
    pub fn grow(&mut self, world: &World, event: &Event, stays: bool) -> bool {
        if !world.traits(event.stream).ring {
            return true;
        }
        if self.over.is_some() {
            return false;
        }
        self.born += 1;
        self.waiting += i64::from(stays);
        let waiting = self.waiting > self.most_waiting;
        if waiting || self.born > self.most_born {
            self.over = Some(Excess {
                stream: event.stream,
                events: if waiting { self.waiting } else { self.born },
                waiting,
            });
        }
        true
    }

    /// An event comes from another process.
    pub fn receive(&mut self, world: &World, stream: StreamId) {
        self.waiting += i64::from(world.traits(stream).ring);
    }

    /// An event takes place.
    #[inline]
    pub fn pass(&mut self, world: &World, event: &Event) {
        if event.from != StreamId::NONE {
            self.waiting -= i64::from(world.traits(event.stream).ring);
        }
    }
}

impl LogicalProcess {
    /// Begins to count in a window.
    pub(super) fn watch_growth(&mut self, window: Window<'_>) {
        let world = window.world;
        if !world.has_rings {
            return;
        }
        let share = match self.index < world.program.cells {
            true => f64::from(world.program.cells),
            false => 1.0,
        };
        let roots = self.roots(window);
        self.growth.born = 0;
        self.growth.most_waiting = (WAITING / share + WAITING_EACH * roots) as i64;
        self.growth.most_born = (BORN / share + BORN_EACH * roots) as i64;
    }

    /// The ring that has let too many events come to be here, if there is one.
    pub fn excess(&self) -> Option<Excess> {
        self.growth.over
    }

    /// About how many chains of events have begun here, from the beginning up to the end of a window, and how many entities there are.
    fn roots(&self, window: Window<'_>) -> f64 {
        let world = window.world;
        let elapsed = window.end - world.begin;
        let hours = elapsed.0 as f64 / Span::HOUR.0 as f64;
        let groups = &self.population.groups;
        let entities: usize = groups.iter().map(|group| group.ids.len()).sum();
        let arrivals = window.arrivals.iter();
        let per_hour = arrivals.filter_map(|a| a.rates.pool_per_hour.get(usize::from(self.index)));
        let arrived = per_hour.sum::<f64>() * hours;
        let timers =
            world
                .timers
                .iter()
                .map(|&stream| match &world.program.streams[stream].source {
                    Some(Source::Each { timer, actor, .. }) => {
                        let group = groups.get(actor.kind.index());
                        group.map_or(0.0, |group| group.ids.len() as f64)
                            * periods(elapsed, timer.every.length())
                    }
                    Some(Source::Platform {
                        timer, instances, ..
                    }) if self.index == world.program.cells => {
                        instances.len().max(1) as f64 * periods(elapsed, timer.every.length())
                    }
                    Some(Source::Platform { .. } | Source::Arrivals { .. }) | None => 0.0,
                });
        entities as f64 + arrived + timers.sum::<f64>()
    }
}

fn periods(elapsed: Span, every: Span) -> f64 {
    elapsed.0 as f64 / every.0.max(1) as f64
}
