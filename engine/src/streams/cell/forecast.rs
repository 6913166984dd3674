//! What a window holds for the sources of arrivals of all cells, worked out once for all of them: in a small business a
//! cell has hardly an arrival an hour, and asking for each anew would be most of the work.

use crate::base::time::{Span, Time};
use crate::streams::profile::Bounds;
use crate::streams::rates::Arrivals;
use crate::streams::steps::Marked;
use crate::streams::world::World;

/// The blocks of a window, one after the other, and for each the sources that matter.
pub(crate) struct Forecast<'a> {
    /// The sources of arrivals.
    pub arrivals: &'a [Arrivals],
    blocks: Vec<Outlook>,
}

/// A source in one block.
pub(super) struct Outlook {
    /// Its place among all.
    pub source: usize,
    /// When the block begins.
    pub start: Time,
    /// Its number, from the epoch.
    pub number: i64,
    /// The least and the most of the source's small variance in it.
    pub spikes: [f64; 2],
    /// The range of the source's profile.
    pub factors: Bounds,
    /// Whether a modifier of the source's rate acts in it.
    pub is_bent: bool,
    /// What tells for all of the block whether an arrival is only a row, where marks alone do.
    pub bare: Option<Marked>,
}

impl<'a> Forecast<'a> {
    /// That of the window from `start` up to `end`.
    pub fn new(world: &World, arrivals: &'a [Arrivals], start: Time, end: Time) -> Forecast<'a> {
        let block = world.pool_layers.block();
        let mut blocks = Vec::new();
        let mut from = start;
        while from < end {
            let to = from + block;
            let sources = arrivals.iter().enumerate();
            let needed = sources.filter(|(_, a)| world.needed_before(a.stream, to));
            blocks.extend(needed.map(|(source, arrivals)| {
                let modified = |at: u16| &world.program.modified[usize::from(at)];
                let bare = world.marked[arrivals.stream];
                // Where clocks are not whole hours away from UTC, a block may lie in two intervals.
                let [one, other] = [from, to - Span(1)].map(|time| arrivals.spike(world, time));
                Outlook {
                    source,
                    start: from,
                    number: from.index_of(block),
                    spikes: [one.min(other), one.max(other)],
                    factors: world.profiles[arrivals.profile].between(from, to),
                    is_bent: arrivals
                        .modified
                        .is_some_and(|at| modified(at).acts_between(from, to)),
                    bare: bare.filter(|marked| {
                        marked.is_bare_between((&world.program, &world.steps), from, to)
                    }),
                }
            }));
            from = to;
        }
        Forecast { arrivals, blocks }
    }

    /// What there is for each source that matters, block by block.
    pub(super) fn outlooks(&self) -> impl Iterator<Item = &Outlook> {
        self.blocks.iter()
    }
}
