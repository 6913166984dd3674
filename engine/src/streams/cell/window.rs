//! What is around the events of a window, and the frame in which one of them is worked out.

use std::cell::Cell;

use super::strands::EventWords;
use crate::base::draw::Key;
use crate::base::time::Time;
use crate::streams::eval::{Frame, Own};
use crate::streams::event::Event;
use crate::streams::population::Population;
use crate::streams::rates::Arrivals;
use crate::streams::sides::{Parting, Side, Sides};
use crate::streams::view::Observed;
use crate::streams::world::World;

/// What is around the events between two barriers.
#[derive(Clone, Copy)]
pub(super) struct Window<'a> {
    /// What is fixed for the run.
    pub world: &'a World,
    /// The process that plays it.
    pub process: u16,
    /// The sources of arrivals.
    pub arrivals: &'a [Arrivals],
    /// What the process sees of the whole business.
    pub observed: &'a Observed,
    /// The barrier at which the window ends.
    pub end: Time,
}

/// The side on which something is worked out, for which sides, and where it is noted how others of them differ.
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub side: Side,
    pub among: Sides,
    pub noted: &'a Cell<Parting>,
}

/// The frame of an event with its words.
pub(super) fn frame_of<'a>(
    window: Window<'a>,
    population: &'a Population,
    event: &Event,
    words: &'a EventWords,
    sight: Sight<'a>,
) -> Frame<'a> {
    Frame {
        world: window.world,
        population,
        observed: window.observed,
        stream: event.stream,
        key: event.key,
        time: event.time,
        cause: window.world.cause_code(event.from),
        parent: Key(event.cause),
        index: u32::from(event.index),
        slots: &words.slots,
        ready: &words.ready,
        of: None,
        own: Own::Nobody,
        side: sight.side,
        among: sight.among,
        made: event.presence.made,
        noted: sight.noted,
    }
}
