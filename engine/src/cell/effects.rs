//! What events cause: which children, when, where, and what they carry.

use super::Event;
use super::pending::Pending;
use super::row_buffers::RowBuffers;
use crate::arrivals::scale_bits;
use crate::draw::{Purpose, purpose};
use crate::eval::{Frame, eval, happens, number};
use crate::program::{Delay, Effect, MAX_CARRIED, Outcome, Place, Stream};
use crate::queue::FutureEvents;
use crate::time::Time;
use crate::world::World;

/// Most events that one effect causes at a time; guards against expressions that run away.
const MAX_COUNT: f64 = 10_000.0;
const CELL: Purpose = purpose("cell");

/// Where the children of an event go.
pub(super) struct Spawner<'a> {
    pub world: &'a World,
    pub end: Time,
    pub pending: &'a mut Pending,
    pub queue: &'a mut FutureEvents<Event>,
    pub work: &'a mut Vec<Event>,
    pub outbox: &'a mut Vec<(u16, Event)>,
    pub rows: &'a mut RowBuffers,
}

impl Spawner<'_> {
    /// Causes what follows from an event, worked out on its frame.
    pub fn effects_of(&mut self, event: &Event, stream: &Stream, frame: &Frame<'_>) {
        for effect in &stream.effects {
            if self.world.matters(effect, event.time) && happens(effect, frame) {
                self.cause(event, effect, frame);
            }
        }
        for group in &stream.outcomes {
            if let Some(effect) = choose(group, frame).filter(|e| self.world.matters(e, event.time))
            {
                self.cause(event, effect, frame);
            }
        }
    }

    fn cause(&mut self, event: &Event, effect: &Effect, frame: &Frame<'_>) {
        let count = effect.count.as_ref().map_or(1.0, |e| number(e, frame));
        let mut time = frame.time;
        let mut carried = None;
        for index in 0..count.clamp(0.0, MAX_COUNT) as u32 {
            let key = frame.key.child(effect.purpose, u64::from(index));
            // Delays are drawn from the child's key: its ordinal must make them differ.
            let of_child = Frame {
                key,
                index,
                of: Some(frame),
                ..*frame
            };
            if index == 0 {
                time = match &effect.delay {
                    Delay::After(e) => after(time, number(e, &of_child)),
                    Delay::At(e) => Time(f64::from_bits(eval(e, &of_child)) as i64).max(time),
                };
            }
            if let Some(spacing) = &effect.spacing {
                time = after(time, number(spacing, &of_child));
            }
            if !self.world.needed(effect.stream, time) {
                continue;
            }
            self.send(
                effect.place,
                Event {
                    time,
                    key,
                    cause: event.key.0,
                    root: event.root,
                    generation: event.generation.saturating_add(1),
                    index,
                    stream: effect.stream,
                    from: event.stream,
                    candidate: false,
                    carried: *carried.get_or_insert_with(|| carry(effect, frame)),
                },
            );
        }
    }

    fn send(&mut self, place: Place, event: Event) {
        if place == Place::AnyCell && event.time >= self.end {
            let cell = scale_bits(event.key.bits(CELL), u64::from(self.world.program.cells));
            self.outbox.push((cell as u16, event));
        } else if event.time >= self.end {
            self.pending.push(self.world, &event);
        } else {
            let stream = &self.world.program.streams[usize::from(event.stream)];
            if stream.leaf {
                self.rows.leaf(self.world, &event);
            } else if stream.stateful {
                self.queue.push(event.order(), event);
            } else {
                self.work.push(event);
            }
        }
    }
}

/// The words that the children of an effect carry.
fn carry(effect: &Effect, frame: &Frame<'_>) -> [u64; MAX_CARRIED] {
    let mut carried = [0; MAX_CARRIED];
    for (word, slot) in carried.iter_mut().zip(&effect.pass) {
        *word = slot.map_or(0, |slot| frame.slot(slot));
    }
    carried
}

/// The one effect of a group that happens.
fn choose<'a>(group: &'a Outcome, frame: &Frame<'_>) -> Option<&'a Effect> {
    let shares = |effect: &Effect| number(&effect.probability, frame).max(0.0);
    let total: f64 = group.effects.iter().map(shares).sum();
    let mut mark = frame.key.uniform(group.purpose) * total;
    let chosen = group.effects.iter().find(|effect| {
        mark -= shares(effect);
        mark < 0.0
    });
    // Rounding may leave the mark at 0 after the last member, which is then the one.
    chosen.or(group.effects.last())
}

/// A time some microseconds later; never earlier.
fn after(time: Time, delay_us: f64) -> Time {
    Time(time.0.saturating_add(delay_us.max(0.0) as i64))
}
