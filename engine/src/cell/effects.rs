//! What events cause: which children, when, where, and what they carry.
//!
//! An event takes its steps one by one: each effect, then each outcome group. On both sides at once
//! a step is worked out once; if it reads something that differs between the sides, it is worked out
//! for each, and children that are not the same come apart.

use super::agenda::Agenda;
use super::pending::Pending;
use super::row_buffers::RowBuffers;
use super::steps::Step;
use super::{Event, Window};
use crate::arrivals::scale_bits;
use crate::draw::{Key, Purpose, purpose};
use crate::eval::{Frame, decide, number, number_by_key};
use crate::kept;
use crate::program::{Delay, Effect, Expr, Label, MAX_CARRIED, Outcome, Place, Stream};
use crate::sides::{Lineage, Side};
use crate::time::Time;

/// Most events that one effect causes at a time; guards against expressions that run away.
pub const MAX_COUNT: f64 = 10_000.0;
const CELL: Purpose = purpose("cell");

/// The events that follow from one step of an event, on each side. Kept to use its memory again.
#[derive(Default)]
pub(super) struct Children([Vec<(Place, Event)>; 2]);

/// Where the children of an event go.
pub(super) struct Spawner<'a> {
    pub window: Window<'a>,
    /// The process.
    pub process: u16,
    pub pending: &'a mut Pending,
    pub agenda: &'a mut Agenda,
    pub work: &'a mut Vec<Event>,
    pub outbox: &'a mut Vec<(u16, Event)>,
    pub rows: &'a mut RowBuffers,
    pub children: &'a mut Children,
}

impl<'a> Spawner<'a> {
    /// Takes all steps of an event on one side.
    pub fn alone(&mut self, event: &Event, frame: &Frame<'_>) {
        let (window, stream) = (self.window, self.stream(event));
        for step in 0..self.steps(event).len() {
            take(window, event, stream, step, frame, |place, child| {
                let lineage = Lineage {
                    made: child.lineage.made,
                    ..event.lineage
                };
                self.send(place, &Event { lineage, ..*child });
            });
        }
    }

    /// Takes the steps of an event on both sides at once, as long as they do not differ. Returns
    /// the first step in which something may, which has not been taken.
    pub fn together(&mut self, event: &Event, frame: &Frame<'_>) -> Option<usize> {
        let (window, stream) = (self.window, self.stream(event));
        for (step, known) in self.steps(event).iter().enumerate() {
            // What cannot differ need not wait until it is known that it does not.
            if known.steady {
                take(window, event, stream, step, frame, |place, child| {
                    self.send(place, child)
                });
                continue;
            }
            // A single child is handed out when all that decides about it has been read.
            if !known.several {
                take(window, event, stream, step, frame, |place, child| {
                    if frame.noted.get() == 0 {
                        self.send(place, child);
                    }
                });
                if frame.noted.get() != 0 {
                    return Some(step);
                }
                continue;
            }
            let mut children = std::mem::take(&mut self.children.0[0]);
            take(window, event, stream, step, frame, |place, child| {
                children.push((place, *child));
            });
            let parted = frame.noted.get() != 0;
            for (place, child) in children.drain(..).filter(|_| !parted) {
                self.send(place, &child);
            }
            self.children.0[0] = children;
            if parted {
                return Some(step);
            }
        }
        None
    }

    /// Takes the steps from one on for each side on which the event happens. `label` is to be named
    /// where a step itself notes nobody.
    pub fn apart(
        &mut self,
        event: &Event,
        frames: [Option<Frame<'_>>; 2],
        from: usize,
        label: Label,
    ) {
        let (window, stream) = (self.window, self.stream(event));
        let mut children = std::mem::take(&mut self.children.0);
        for step in from..self.steps(event).len() {
            let mut noted = 0;
            for (frame, children) in frames.iter().zip(&mut children) {
                if let Some(frame) = frame {
                    frame.noted.set(0);
                    take(window, event, stream, step, frame, |place, child| {
                        children.push((place, *child));
                    });
                    noted = if noted == 0 { frame.noted.get() } else { noted };
                }
            }
            let label = if noted == 0 { label } else { noted };
            self.send_apart(&children, label);
            children.iter_mut().for_each(Vec::clear);
        }
        self.children.0 = children;
    }

    /// Sends the children of both sides; those that are the same once.
    fn send_apart(&mut self, [factual, untouched]: &[Vec<(Place, Event)>; 2], label: Label) {
        let same = |(_, a): &(Place, Event), (_, b): &(Place, Event)| {
            a.key == b.key && a.time == b.time && a.carried == b.carried
        };
        let only = |side, child: &Event| Event {
            lineage: Lineage {
                made: child.lineage.made,
                ..Lineage::only(side, label)
            },
            ..*child
        };
        // Both come in the order of their indices.
        let has = |all: &[(Place, Event)], child: &(Place, Event)| {
            let from = all.partition_point(|(_, other)| other.index < child.1.index);
            all.get(from).is_some_and(|other| same(child, other))
        };
        for child in factual {
            let twin = has(untouched, child);
            let event = match twin {
                true => Event {
                    lineage: Lineage::BOTH,
                    ..child.1
                },
                false => only(Side::Factual, &child.1),
            };
            self.send(child.0, &event);
        }
        for child in untouched {
            if !has(factual, child) {
                self.send(child.0, &only(Side::Untouched, &child.1));
            }
        }
    }

    fn steps(&self, event: &Event) -> &'a [Step] {
        &self.window.world.steps[usize::from(event.stream)]
    }

    fn stream(&self, event: &Event) -> &'a Stream {
        &self.window.world.program.streams[usize::from(event.stream)]
    }

    fn send(&mut self, place: Place, event: &Event) {
        let (world, end) = (self.window.world, self.window.end);
        let desks = world.program.desk_process();
        if place == Place::Desk
            && let Some(desks) = desks.filter(|&desks| desks != self.process)
        {
            // The desks play the window after the cells have.
            self.outbox.push((desks, *event));
        } else if place == Place::AnyCell && event.time >= end {
            let cell = drawn_cell(event.key, world.peopled);
            self.outbox.push((cell, *event));
        } else if event.time >= end {
            self.pending.push(world, event);
        } else {
            let traits = world.traits(event.stream);
            if traits.leaf {
                self.rows.leaf(world, event);
            } else if traits.stateful {
                self.agenda.push(event);
            } else {
                self.work.push(*event);
            }
        }
    }
}

/// The cell of an event that may take place in any of so many that are peopled and comes after the next barrier.
pub fn drawn_cell(key: Key, cells: u16) -> u16 {
    scale_bits(key.bits(CELL), u64::from(cells)) as u16
}

/// Takes one step of an event: hands out the children that follow.
fn take(
    window: Window<'_>,
    event: &Event,
    stream: &Stream,
    step: usize,
    frame: &Frame<'_>,
    emit: impl FnMut(Place, &Event),
) {
    let world = window.world;
    let known = &world.steps[usize::from(event.stream)][step];
    if event.time < known.matters_from {
        return;
    }
    let marked = known
        .mark
        .filter(|mark| mark.is_quiet(&world.program, event.time));
    let happening = match (marked, stream.effects.get(step)) {
        (Some(mark), Some(effect)) => mark.is_under(frame.key).then_some((effect, 0)),
        (None, Some(effect)) => decide(effect, frame).map(|made| (effect, made)),
        (_, None) => choose(&stream.outcomes[step - stream.effects.len()], frame)
            .filter(|(effect, _)| world.matters(effect, event.time)),
    };
    if known.loose && frame.side == Side::Factual {
        kept::look(frame, (step, happening.is_some()));
    }
    if let Some((effect, made)) = happening {
        cause(window, event, effect, made, frame, emit);
    }
}

fn cause(
    window: Window<'_>,
    event: &Event,
    effect: &Effect,
    made: Label,
    frame: &Frame<'_>,
    mut emit: impl FnMut(Place, &Event),
) {
    let count = effect
        .count
        .as_ref()
        .map_or(1.0, |e| how_many(e, effect, frame));
    // One event for all children, its words written in place and early: words that have only just been
    // written cannot be copied on at once.
    let mut child = Event {
        time: frame.time,
        key: frame.key,
        cause: event.key.0,
        root: event.root,
        generation: event.generation.saturating_add(1),
        index: 0,
        stream: effect.stream,
        from: event.stream,
        candidate: false,
        lineage: Lineage {
            made,
            ..Lineage::BOTH
        },
        carried: [0; MAX_CARRIED],
    };
    for (word, slot) in child.carried.iter_mut().zip(&effect.pass) {
        *word = slot.map_or(0, |slot| frame.slot(slot));
    }
    for index in 0..count.clamp(0.0, MAX_COUNT) as u16 {
        child.index = index;
        child.key = frame.key.child(effect.purpose, u64::from(index));
        // Delays are drawn from the child's key: its ordinal must make them differ.
        let key = child.key;
        let of_child = |e: &Expr| {
            number_by_key(e, key).unwrap_or_else(|| {
                let of_child = Frame {
                    key,
                    index: u32::from(index),
                    of: Some(frame),
                    ..*frame
                };
                number(e, &of_child)
            })
        };
        if index == 0 {
            child.time = match &effect.delay {
                Delay::After(e) => after(frame.time, of_child(e)),
                Delay::At(e) => Time(of_child(e) as i64).max(frame.time),
            };
        }
        if let Some(spacing) = &effect.spacing {
            child.time = after(child.time, of_child(spacing));
        }
        if window.world.needed(effect.stream, child.time) {
            emit(effect.place, &child);
        }
    }
}

/// How many children an effect has. One under modifiers is rounded up or down by chance, so that a
/// tenth more is a tenth more on average.
fn how_many(count: &Expr, effect: &Effect, frame: &Frame<'_>) -> f64 {
    let Expr::Modified(_, base) = count else {
        return number(count, frame);
    };
    let (base, value) = (number(base, frame), number(count, frame));
    if value == base {
        return base;
    }
    (value + frame.key.uniform(effect.purpose.part(ROUNDED))).floor()
}

/// The one effect of a group that happens, and who made it happen instead of another.
fn choose<'a>(group: &'a Outcome, frame: &Frame<'_>) -> Option<(&'a Effect, Label)> {
    let acts = |effect: &Effect| match effect.probability {
        Expr::Modified(at, _) => {
            !frame.world.program.modified[usize::from(at)].is_quiet(frame.time)
        }
        _ => false,
    };
    if group.effects.iter().any(acts) {
        return choose_modified(group, frame);
    }
    // The mark needs their sum first, so what they are is kept: two or three of them, mostly.
    let mut few = [0.0; FEW];
    let many: Vec<f64>;
    let shares = group.effects.iter().map(|effect| base_share(effect, frame));
    let shares = match few.get_mut(..group.effects.len()) {
        Some(few) => {
            few.iter_mut()
                .zip(shares)
                .for_each(|(kept, share)| *kept = share);
            &*few
        }
        None => {
            many = shares.collect();
            &many[..]
        }
    };
    let mark = frame.key.uniform(group.purpose) * shares.iter().sum::<f64>();
    let effect = group.effects.get(pick(shares, mark)?)?;
    Some((effect, 0))
}

/// Up to how many members of a group need no memory of their own.
const FEW: usize = 6;

/// The share of a member of a group without modifiers.
#[inline(always)]
fn base_share(effect: &Effect, frame: &Frame<'_>) -> f64 {
    match &effect.probability {
        Expr::Modified(_, base) => number(base, frame).max(0.0),
        plain => number(plain, frame).max(0.0),
    }
}

/// The share on which a mark falls. Rounding may leave the mark at 0 after the last one, which is it then.
fn pick(shares: &[f64], mut mark: f64) -> Option<usize> {
    let chosen = shares.iter().position(|share| {
        mark -= share;
        mark < 0.0
    });
    chosen.or(shares.len().checked_sub(1))
}

/// Part of an effect's purpose: how its count is rounded.
const ROUNDED: u64 = 0;
/// Parts of a group's purpose: whether an event leaves its outcome, and for which one.
const LEAVES: u64 = 0;
const INSTEAD: u64 = 1;

/// Likewise where probabilities are modified: a member gets what its modifiers make of it, the
/// others share the rest as before. What an intervention makes likelier takes events from the
/// others, and nothing else changes hands: an event leaves its outcome with the probability that the
/// outcome has lost, for one that has gained.
fn choose_modified<'a>(group: &'a Outcome, frame: &Frame<'_>) -> Option<(&'a Effect, Label)> {
    let bases = group.effects.iter().map(|effect| base_share(effect, frame));
    let bases: Vec<f64> = bases.collect();
    let total: f64 = bases.iter().sum();
    let mark = frame.key.uniform(group.purpose) * total;
    let first = pick(&bases, mark)?;
    if total <= 0.0 {
        return Some((&group.effects[first], 0));
    }
    let bases: Vec<f64> = bases.iter().map(|base| base / total).collect();
    let under = |(effect, &base): (&Effect, &f64)| match effect.probability {
        Expr::Modified(at, _) => {
            let modified = &frame.world.program.modified[usize::from(at)];
            let value = modified.value(frame.time, base);
            (value != base).then(|| (value, modified.strongest(frame.time, base)))
        }
        _ => None,
    };
    let modified: Vec<Option<(f64, Label)>> = group.effects.iter().zip(&bases).map(under).collect();
    let Some(by) = modified.iter().flatten().map(|(_, by)| *by).next() else {
        return Some((&group.effects[first], 0));
    };
    let shares = redistributed(&bases, &modified);
    let mut chosen = first;
    if shares[first] < bases[first]
        && frame.key.uniform(group.purpose.part(LEAVES)) * bases[first] >= shares[first]
    {
        let gained: Vec<f64> = bases
            .iter()
            .zip(&shares)
            .map(|(b, s)| (s - b).max(0.0))
            .collect();
        let sum = gained.iter().sum::<f64>();
        // With nobody to go to, it stays.
        if sum > 0.0 {
            let mark = frame.key.uniform(group.purpose.part(INSTEAD)) * sum;
            chosen = pick(&gained, mark)?;
        }
    }
    if chosen == first {
        return Some((&group.effects[first], 0));
    }
    // Who moved the outcome that was left, or the one that took over.
    let by = modified[chosen]
        .or(modified[first])
        .map_or(by, |(_, by)| by);
    frame.note(by);
    match frame.side {
        Side::Factual => Some((&group.effects[chosen], by)),
        Side::Untouched => Some((&group.effects[first], 0)),
    }
}

/// The shares of all members of a group when some have got new ones.
fn redistributed(bases: &[f64], modified: &[Option<(f64, Label)>]) -> Vec<f64> {
    let new: f64 = modified.iter().flatten().map(|(value, _)| value).sum();
    let kept: f64 = bases
        .iter()
        .zip(modified)
        .filter(|(_, m)| m.is_none())
        .map(|(b, _)| b)
        .sum();
    // With nobody left to share the rest, or more than all taken, those modified share all.
    let of_modified = if kept <= 0.0 || new > 1.0 {
        1.0 / new.max(f64::MIN_POSITIVE)
    } else {
        1.0
    };
    let of_kept = if kept > 0.0 {
        (1.0 - new * of_modified).max(0.0) / kept
    } else {
        0.0
    };
    let share = |(base, modified): (&f64, &Option<(f64, Label)>)| match modified {
        Some((value, _)) => value * of_modified,
        None => base * of_kept,
    };
    bases.iter().zip(modified).map(share).collect()
}

/// A time some microseconds later; never earlier.
fn after(time: Time, delay_us: f64) -> Time {
    Time(time.0.saturating_add(delay_us.max(0.0) as i64))
}
