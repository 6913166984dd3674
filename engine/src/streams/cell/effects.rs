//! What events cause: which children, when, where, and what they carry.
//!
//! An event takes its steps one by one: each effect, then each outcome group. For all its sides at once
//! a step is worked out once; if it reads something that differs between them, it is worked out
//! for each group, and children that are not the same come apart.

use std::cell::Cell;

use super::agenda::WindowAgenda;
use super::growth::Growth;
use super::pending::Pending;
use super::{Strands, Window, frame_of};
use crate::base::draw::drawn_cell;
use crate::base::time::Time;
use crate::streams::audit;
use crate::streams::eval::{
    Frame, decide, eval, hand, how_many, number, number_by_key, reached, take_undefined,
};
use crate::streams::event::Event;
use crate::streams::population::Population;
use crate::streams::program::{
    Crossing, Delay, Destination, Effect, Expr, MAX_CARRIED, MAX_COUNT, Outcome, Stream,
};
use crate::streams::rows::RowBuffers;
use crate::streams::sides::{Label, Parting, Side, Sides};
use crate::streams::steps::Step;

/// The events that follow from one step of an event, for each group of sides. Kept to use its memory again.
#[derive(Default)]
pub(super) struct Children(Vec<Brood>);

/// The events that follow from one step of an event on some sides, in the order of their indices, each with the process
/// where it takes place.
#[derive(Default)]
struct Brood {
    sides: Sides,
    each: Vec<(u16, Event)>,
}

/// Where the children of an event go.
pub(super) struct Spawner<'a> {
    pub window: Window<'a>,
    pub pending: &'a mut Pending,
    pub agenda: &'a mut WindowAgenda,
    pub work: &'a mut Vec<Event>,
    pub outbox: &'a mut Vec<(u16, Event)>,
    pub rows: &'a mut RowBuffers,
    pub children: &'a mut Children,
    pub growth: &'a mut Growth,
}

impl<'a> Spawner<'a> {
    /// Takes the steps of an event for all its sides at once, as long as they do not differ. Returns
    /// the first step in which some do, which has not been taken.
    pub fn together(
        &mut self,
        event: &Event,
        strands: &mut Strands,
        population: &Population,
    ) -> Option<usize> {
        let (window, stream) = (self.window, self.stream(event));
        let noted = Cell::new(Parting::NONE);
        let strand = &strands.each[0];
        let sight = strand.sight(&noted);
        let frame = frame_of(window, population, event, &strand.words, sight);
        // Where the untouched side has parted before, others may have a part in what follows here.
        let presence = |child: &Event| {
            let presence = event
                .presence
                .part(sight.among, &strands.parting(&noted.get()));
            presence.made_by(child.presence.made)
        };
        let is_named = !event.presence.by.is_none();
        let own = |child: &Event| match is_named {
            true => Event {
                presence: presence(child),
                ..*child
            },
            false => *child,
        };
        for (step, known) in self.steps(event).iter().enumerate() {
            noted.set(Parting::NONE);
            // What cannot differ need not wait until it is known that it does not, and a single child is handed out
            // when all that decides about it has been read.
            if known.steady || !known.several {
                take(window, event, stream, step, &frame, |process, child| {
                    if known.steady || frame.is_same() {
                        self.send(process, &own(child));
                    }
                });
            } else {
                let mut brood = self.children.0.pop().unwrap_or_default();
                take(window, event, stream, step, &frame, |process, child| {
                    brood.each.push((process, *child));
                });
                for (process, child) in brood.each.drain(..).filter(|_| frame.is_same()) {
                    self.send(process, &own(&child));
                }
                self.children.0.push(brood);
            }
            if !frame.is_same() {
                let parted = strands.split(0, noted.get());
                strands.parted = strands.parted.and(&parted);
                return Some(step);
            }
        }
        None
    }

    /// Takes the steps from one on for each group of sides on which the event happens.
    pub fn apart(
        &mut self,
        event: &Event,
        strands: &mut Strands,
        from: usize,
        population: &Population,
    ) {
        let (window, stream) = (self.window, self.stream(event));
        let mut broods = std::mem::take(&mut self.children.0);
        let noted = Cell::default();
        for step in from..self.steps(event).len() {
            let (mut parted, mut at, mut taken) = (Parting::NONE, 0, 0);
            while let Some(strand) = strands.each.get(at) {
                if strand.happens {
                    if broods.len() == taken {
                        broods.push(Brood::default());
                    }
                    let each = &mut broods[taken].each;
                    noted.set(Parting::NONE);
                    let sight = strand.sight(&noted);
                    let frame = frame_of(window, population, event, &strand.words, sight);
                    take(window, event, stream, step, &frame, |process, child| {
                        each.push((process, *child));
                    });
                    parted = parted.and(&strands.split(at, noted.get()));
                    broods[taken].sides = strands.each[at].sides;
                    taken += 1;
                }
                at += 1;
            }
            let by_key = self.steps(event)[step].each;
            if by_key {
                let each = broods[..taken].iter_mut().map(|brood| &mut brood.each);
                each.for_each(|each| each.sort_unstable_by_key(|(_, child)| child.key));
            }
            self.send_apart(event, (&broods[..taken], by_key), &strands.parting(&parted));
            strands.parted = strands.parted.and(&parted);
            broods.iter_mut().for_each(|brood| brood.each.clear());
        }
        self.children.0 = broods;
    }

    /// Sends the children of all sides; those that are the same once. They are in the order of their indices, or of their keys.
    fn send_apart(&mut self, event: &Event, (broods, by_key): (&[Brood], bool), parting: &Parting) {
        let place = |child: &Event| match by_key {
            true => child.key.0,
            false => u64::from(child.index),
        };
        let same = |(to, a): &(u16, Event), (also_to, b): &(u16, Event)| {
            to == also_to
                && a.key == b.key
                && a.time == b.time
                && a.carried == b.carried
                && a.presence.made == b.presence.made
        };
        let has = |brood: &Brood, child: &(u16, Event)| {
            let from = (brood.each).partition_point(|(_, other)| place(other) < place(&child.1));
            brood.each.get(from).is_some_and(|other| same(child, other))
        };
        for (at, brood) in broods.iter().enumerate() {
            let (before, after) = (&broods[..at], &broods[at + 1..]);
            for child in &brood.each {
                if before.iter().any(|other| has(other, child)) {
                    continue;
                }
                let too = after.iter().filter(|other| has(other, child));
                let sides = too.fold(brood.sides, |all, other| all | other.sides);
                let presence = event.presence.part(sides, parting);
                let presence = presence.made_by(child.1.presence.made);
                self.send(
                    child.0,
                    &Event {
                        presence,
                        ..child.1
                    },
                );
            }
        }
    }

    fn steps(&self, event: &Event) -> &'a [Step] {
        &self.window.world.steps[event.stream]
    }

    fn stream(&self, event: &Event) -> &'a Stream {
        &self.window.world.program.streams[event.stream]
    }

    fn send(&mut self, process: u16, event: &Event) {
        let (world, end) = (self.window.world, self.window.end);
        let elsewhere = Some(process).filter(|&process| process != self.window.process);
        if !self.growth.grow(world, event, elsewhere.is_none()) {
            return;
        }
        if let Some(process) = elsewhere {
            self.outbox.push((process, *event));
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

/// Takes one step of an event: hands out the children that follow.
fn take(
    window: Window<'_>,
    event: &Event,
    stream: &Stream,
    step: usize,
    frame: &Frame<'_>,
    emit: impl FnMut(u16, &Event),
) {
    let world = window.world;
    let known = &world.steps[event.stream][step];
    if event.time < known.matters_from {
        return;
    }
    if known.each
        && let Some(effect) = stream.effects.get(step)
    {
        return take_each(window, event, (step, effect), frame, emit);
    }
    let marked = known
        .mark
        .filter(|mark| mark.is_quiet(&world.program, event.time));
    let happening = match (marked, stream.effects.get(step)) {
        (Some(mark), Some(effect)) => mark.is_under(frame.key).then_some((effect, Label::NONE)),
        (None, Some(effect)) => decide(effect, frame).map(|made| (effect, made)),
        (_, None) => choose(&stream.outcomes[step - stream.effects.len()], frame)
            .filter(|(effect, _)| world.matters(effect, event.time)),
    };
    if let Some((effect, made)) = happening {
        cause(window, event, effect, made, frame, emit);
    }
    let undefined = take_undefined().is_some();
    if (known.loose || undefined) && frame.side == Side::FACTUAL {
        let happening = happening.map(|(effect, _)| effect);
        audit::look(frame, (step, happening), (known.loose, undefined));
    }
}

/// Likewise one that reaches each of several entities, for each of them.
#[inline(never)]
fn take_each(
    window: Window<'_>,
    event: &Event,
    (step, effect): (usize, &Effect),
    frame: &Frame<'_>,
    mut emit: impl FnMut(u16, &Event),
) {
    let Some(each) = &effect.each else {
        return;
    };
    let known = &window.world.steps[event.stream][step];
    let (entities, many) = reached(each, frame);
    // Asked once for all of them, since a step that the sides part in is taken once more.
    let mut is_new = None;
    let mut tells =
        || frame.side == Side::FACTUAL && *is_new.get_or_insert_with(|| audit::is_new(frame, step));
    if many > entities.len() && tells() {
        audit::look_at_reached(frame, effect, many);
    }
    for entity in entities {
        let frame = frame.about(effect, each, entity);
        let happening = decide(effect, &frame);
        if let Some(made) = happening {
            cause(window, event, effect, made, &frame, |process, child| {
                let mut child = *child;
                if let Some(slot) = each.slot {
                    let word = &mut child.carried[slot.index()];
                    let mut crossings = effect.crossings.iter();
                    let crossing = crossings.find(|crossing| crossing.slot == slot);
                    *word = crossing.map_or(entity, |crossing| {
                        crossing.word(entity, window.process, process)
                    });
                }
                emit(process, &child);
            });
        }
        let undefined = take_undefined().is_some();
        if (known.loose || undefined) && tells() {
            let happening = happening.map(|_| effect);
            audit::look_anew(&frame, (step, happening), (known.loose, undefined));
        }
    }
}

fn cause(
    window: Window<'_>,
    event: &Event,
    effect: &Effect,
    made: Label,
    frame: &Frame<'_>,
    mut emit: impl FnMut(u16, &Event),
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
        presence: event.presence.made_by(made),
        carried: [0; MAX_CARRIED],
    };
    for (word, slot) in child.carried.iter_mut().zip(&effect.pass) {
        *word = slot.map_or(0, |slot| frame.slot(slot));
    }
    let Some(process) = process_of(window, effect, frame) else {
        return;
    };
    for crossing in &effect.crossings {
        let word = &mut child.carried[crossing.slot.index()];
        *word = crossing.word(*word, window.process, process);
    }
    for index in 0..count.clamp(0.0, MAX_COUNT) as u16 {
        child.index = index;
        child.key = frame.key_of_child(effect, index);
        // Delays are drawn from the child's key: its ordinal must make them differ.
        let key = child.key;
        let of_child = |e: &Expr| {
            number_by_key(e, key).unwrap_or_else(|| {
                let of_child = Frame {
                    key,
                    index: u32::from(index),
                    of: Some(frame.event()),
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
        if !effect.handed.is_empty() {
            hand(effect, &mut child, frame);
        }
        if let Some(spacing) = &effect.spacing {
            child.time = after(child.time, of_child(spacing));
        }
        let process = match effect.destination {
            Destination::AnyCell if child.time >= window.end => {
                drawn_cell(key, window.world.peopled)
            }
            // Only an intervention can have made it come so soon.
            Destination::CellOf(_) => {
                child.time = child.time.max(window.end);
                process
            }
            _ => process,
        };
        if window.world.needed(effect.stream, child.time) {
            emit(process, &child);
        }
    }
}

/// The process where the children of an effect take place, where it does not depend on each; none if they do not at all.
fn process_of(window: Window<'_>, effect: &Effect, frame: &Frame<'_>) -> Option<u16> {
    match &effect.destination {
        Destination::Same | Destination::AnyCell => Some(window.process),
        // The desks play the window after the cells have.
        Destination::Desk => window.world.program.desk_process(),
        Destination::CellOf(entity) => Crossing::home(eval(entity, frame)),
    }
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
    Some((effect, Label::NONE))
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
        return Some((&group.effects[first], Label::NONE));
    }
    let bases: Vec<f64> = bases.iter().map(|base| base / total).collect();
    let on = |side| chosen_on(side, group, frame, first, &bases);
    let mine = on(frame.side);
    let world = frame.world;
    let differ: Sides = frame.compared().filter(|&side| on(side) != mine).collect();
    if !differ.is_none() {
        // Who moved the outcome that was left, and the one that took over.
        let moved = |&at: &usize| match group.effects[at].probability {
            Expr::Modified(modified, _) => {
                world.program.modified[usize::from(modified)].by(frame.time, bases[at], |v| v)
            }
            _ => Label::NONE,
        };
        let by = moved(&mine.0).and(moved(&first));
        frame.note(&Parting::by_lineage(differ, by.or(mine.1)));
    }
    Some((&group.effects[mine.0], mine.1))
}

/// Which member of a group happens on a side, where `first` does without modifiers, and who made it happen.
fn chosen_on(
    side: Side,
    group: &Outcome,
    frame: &Frame<'_>,
    first: usize,
    bases: &[f64],
) -> (usize, Label) {
    let under = |(effect, &base): (&Effect, &f64)| match effect.probability {
        Expr::Modified(at, _) => {
            let modified = &frame.world.program.modified[usize::from(at)];
            let value = modified.value(frame.time, base, side);
            let by = || modified.strongest(frame.time, base, side);
            (value != base).then(|| (value, by()))
        }
        _ => None,
    };
    let modified: Vec<Option<(f64, Label)>> = group.effects.iter().zip(bases).map(under).collect();
    let Some(by) = modified.iter().flatten().map(|(_, by)| *by).next() else {
        return (first, Label::NONE);
    };
    let shares = redistributed(bases, &modified);
    if shares[first] >= bases[first]
        || frame.key.uniform(group.purpose.part(LEAVES)) * bases[first] < shares[first]
    {
        return (first, Label::NONE);
    }
    let gained = bases.iter().zip(&shares).map(|(b, s)| (s - b).max(0.0));
    let gained: Vec<f64> = gained.collect();
    let sum = gained.iter().sum::<f64>();
    let mark = frame.key.uniform(group.purpose.part(INSTEAD)) * sum;
    match pick(&gained, mark).filter(|&chosen| sum > 0.0 && chosen != first) {
        Some(chosen) => {
            let by = modified[chosen]
                .or(modified[first])
                .map_or(by, |(_, by)| by);
            (chosen, by)
        }
        // With nobody to go to, it stays.
        None => (first, Label::NONE),
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
