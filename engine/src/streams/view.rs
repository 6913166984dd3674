//! What is seen of the whole business: figures of each process at the end of each tick, and what they add up to.
//!
//! Timers of the platform read them as they stood at the times at which their streams look, on the side on which they look.
//! A view is taken of each process, added up in the order of the processes, and then only read.

use serde::{Deserialize, Serialize};

use crate::base::time::{Span, Time};
use crate::streams::program::{KindId, Program};
use crate::streams::sides::{Parting, Side};

/// Where each figure stands among those of one side: how many entities of each kind are in each state, the counters,
/// how many wait at each desk, and of each kind how many slots of the day are offered and how many of those reserved.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The first state of each kind, and where the counters begin.
    states: Vec<usize>,
    waiting: usize,
    slots: usize,
    /// How many there are.
    pub count: usize,
}

impl Figures {
    /// Those of a program.
    pub fn new(program: &Program) -> Figures {
        let mut states = vec![0];
        let mut next = 0;
        for kind in &program.kinds {
            next += kind.states.len();
            states.push(next);
        }
        let waiting = next + program.counters.len();
        let slots = waiting + program.desks.len();
        Figures {
            states,
            waiting,
            slots,
            count: slots + 2 * program.kinds.len(),
        }
    }

    /// How many entities of a kind are in a state.
    pub fn state(&self, kind: KindId, state: u8) -> usize {
        self.states[kind] + usize::from(state)
    }

    /// The value of a counter.
    pub fn counter(&self, counter: u16) -> usize {
        self.states.last().copied().unwrap_or_default() + usize::from(counter)
    }

    /// How many wait at a desk.
    pub fn waiting(&self, desk: u16) -> usize {
        self.waiting + usize::from(desk)
    }

    /// How many slots of the day entities of a kind offer; how many of those are reserved comes next. Nothing for kinds at
    /// which nobody looks.
    pub fn slots(&self, kind: KindId) -> usize {
        self.slots + 2 * kind.index()
    }

    /// How many states all kinds have.
    pub fn states(&self) -> usize {
        self.counter(0)
    }
}

/// How a process, or the whole business, stands at some time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The figures of each side, one after the other; only what happens, as long as nothing has come to differ.
    each: Vec<f64>,
    /// How each figure has come to differ; none, as long as none has.
    partings: Vec<Parting>,
}

impl View {
    /// Of a process, with so many sides: `add_partings` adds how the figures have come to differ, and `add_figures` what they are
    /// on a side, both in the order of [`Figures`].
    pub fn new(
        (count, sides): (usize, usize),
        add_partings: impl FnOnce(&mut Vec<Parting>),
        add_figures: impl Fn(Side, &mut Vec<f64>),
    ) -> View {
        let mut partings = Vec::new();
        if sides > 1 {
            partings.reserve_exact(count);
            add_partings(&mut partings);
            debug_assert_eq!(partings.len(), count);
            if partings.iter().all(|parting| *parting == Parting::NONE) {
                partings = Vec::new();
            }
        }
        let rows = if partings.is_empty() { 1 } else { sides };
        let mut each = Vec::with_capacity(rows * count);
        for side in Side::first(rows) {
            add_figures(side, &mut each);
        }
        debug_assert_eq!(each.len(), rows * count);
        View { each, partings }
    }

    /// Nothing yet, of so many figures.
    pub fn nothing(count: usize) -> View {
        View {
            each: vec![0.0; count],
            partings: Vec::new(),
        }
    }

    /// The figures of what happens, and of each other side if any figure has come to differ.
    pub fn sides(&self) -> impl Iterator<Item = (Side, &[f64])> {
        let count = match self.partings.len() {
            0 => self.each.len(),
            count => count,
        };
        (0..).map(Side).zip(self.each.chunks_exact(count.max(1)))
    }

    /// The figures on a side.
    pub fn on(&self, side: Side) -> &[f64] {
        let mut sides = self.sides();
        let found = sides.nth(side.index()).map(|(_, figures)| figures);
        found.unwrap_or(&self.each)
    }

    /// How a figure has come to differ.
    pub fn parting(&self, figure: usize) -> Parting {
        self.partings.get(figure).copied().unwrap_or_default()
    }

    /// Adds what another process saw at the same time.
    pub fn add(&mut self, other: &View) {
        let theirs = other.partings.len();
        if self.partings.is_empty() && theirs > 0 {
            self.each = self.each.repeat(other.each.len() / theirs);
            self.partings = vec![Parting::NONE; theirs];
        }
        // Another one of which nothing differs counts alike on all sides.
        for (mine, theirs) in self.each.iter_mut().zip(other.each.iter().cycle()) {
            *mine += theirs;
        }
        for (mine, theirs) in self.partings.iter_mut().zip(&other.partings) {
            *mine = mine.and(theirs);
        }
    }

    /// What it is where each side stands for another one, see [`Sides::of_origin`](crate::streams::sides::Sides::of_origin).
    fn of_origin(&self, origin: &[Side]) -> View {
        if self.partings.is_empty() {
            return self.clone();
        }
        let partings = self.partings.iter();
        View {
            each: origin
                .iter()
                .flat_map(|&side| self.on(side))
                .copied()
                .collect(),
            partings: partings.map(|parting| parting.of_origin(origin)).collect(),
        }
    }
}

/// What the platform sees of the whole business: how it stood at the end of each tick.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// The end of the first of these ticks.
    pub first: Time,
    /// Length of a tick.
    pub tick: Span,
    /// How the business stood, tick by tick.
    pub views: Vec<View>,
}

impl Observed {
    /// What it is where each side stands for another one, see [`Sides::of_origin`](crate::streams::sides::Sides::of_origin).
    pub(crate) fn of_origin(self, origin: &[Side]) -> Observed {
        let views = self.views.iter().map(|view| view.of_origin(origin));
        Observed {
            views: views.collect(),
            ..self
        }
    }

    /// How the business stood at the last tick up to a time; none before the warm-up.
    pub fn at(&self, time: Time) -> Option<&View> {
        let tick = (time - self.first).0.div_euclid(self.tick.0.max(1));
        usize::try_from(tick)
            .ok()
            .and_then(|tick| self.views.get(tick))
    }
}

/// The share of the day's offered slots that are reserved; 0 where none is offered.
pub fn utilisation(offered: f64, reserved: f64) -> f64 {
    match offered > 0.0 {
        true => reserved / offered,
        false => 0.0,
    }
}
