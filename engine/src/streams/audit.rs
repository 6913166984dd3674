//! Finds out which values of an event had to be brought to the nearest that can be, once it is known that some were:
//! what decides about events does not keep count of that itself, since it hardly ever happens.
//!
//! All that is here looks at what has been worked out already, and works it out once more to see where the bound lay.
//! It changes nothing but the [ledger](crate::streams::kept) of the run.

use std::cell::Cell;

use crate::base::time::Time;
use crate::streams::eval::{Frame, Own, each_handed, how_many, number, take_undefined, word};
use crate::streams::kept::{Bound, Counted, Kept, Ledger, Part, Site, Undefined};
use crate::streams::program::{Delay, Effect, Expr, MAX_COUNT, Stage, Stream, StreamId, Variable};

/// Probabilities that add up to 1 as closely add up to 1.
const ROUNDING: f64 = 1e-9;

thread_local! {
    /// The ledger, event and stream of the last note: a step that is worked out again for the other side follows at once.
    static LAST: Cell<(u64, u64, StreamId)> = const { Cell::new((u64::MAX, 0, StreamId::NONE)) };
}

impl Frame<'_> {
    fn keep(&self, bound: Bound, value: f64) {
        // What is about one of many whom an event reaches is told of the event.
        let of = match self.own {
            Own::Entity(..) => self.event(),
            Own::Nobody | Own::Unborn(_) => self,
        };
        let first = (self.time, of.key.0);
        self.world.keep(self.stream, bound, (first, value));
    }
}

/// Whether an expression has no value here, and why.
fn is_undefined(e: &Expr, frame: &Frame<'_>) -> Option<Undefined> {
    take_undefined();
    word(e, frame);
    take_undefined()
}

/// Notes a variable of a row, if it has no value there.
pub(crate) fn look_at_variable(frame: &Frame<'_>, place: u16) {
    let stream = &frame.world.program.streams[frame.stream];
    if let Some(found) = is_undefined(&stream.variables[usize::from(place)].value, frame) {
        frame.keep(Bound::of_undefined(Site::Variable(place), found), 0.0);
    }
}

/// Finds out which of the values that an event began with have no finite value; without having happened, it is its condition
/// alone that counts.
#[cold]
pub(crate) fn look_at_event(frame: &Frame<'_>, happens: bool) {
    let stream = &frame.world.program.streams[frame.stream];
    let event = (frame.stream, frame.key, frame.time);
    let note = |place, found| frame.world.note_undefined(event, place, found);
    let variables = (0..).zip(&stream.variables);
    let eager = |(_, variable): &(u16, &Variable)| variable.stage == Stage::Eager;
    for (at, variable) in variables.filter(|_| happens).filter(eager) {
        if let Some(found) = is_undefined(&variable.value, frame) {
            note(Site::Variable(at), found);
        }
    }
    let requires = stream.requires.as_ref();
    if let Some(found) = requires.and_then(|e| is_undefined(e, frame)) {
        note(Site::Requires, found);
    }
}

/// Notes what is out of bounds in a step of an event that is `loose`, or had no finite value; where an event follows, in all
/// that this one decides about it.
#[cold]
pub(crate) fn look(
    frame: &Frame<'_>,
    (step, happening): (usize, Option<&Effect>),
    (loose, undefined): (bool, bool),
) {
    if is_new(frame, step) {
        look_anew(frame, (step, happening), (loose, undefined));
    }
}

/// Whether a step of an event is written and has not just been looked at.
pub(crate) fn is_new(frame: &Frame<'_>, step: usize) -> bool {
    // Which of the steps it is tells an event's notes apart.
    let number = frame.world.ledger.number();
    let this = (number, frame.key.0 ^ step as u64, frame.stream);
    LAST.replace(this) != this && frame.time >= frame.world.written_from()
}

/// [`look`] at what has not been looked at.
#[cold]
pub(crate) fn look_anew(
    frame: &Frame<'_>,
    (step, happening): (usize, Option<&Effect>),
    (loose, undefined): (bool, bool),
) {
    let definition = &frame.world.program.streams[frame.stream];
    if undefined {
        look_for_undefined(frame, step, happening);
    }
    if loose {
        look_for_bounds(frame, definition, (step, happening.is_some()));
        take_undefined();
    }
}

/// Notes that an effect would reach more entities than it can.
#[cold]
pub(crate) fn look_at_reached(frame: &Frame<'_>, effect: &Effect, many: usize) {
    frame.keep(Bound::Count(effect.stream), many as f64);
}

fn look_for_bounds(frame: &Frame<'_>, definition: &Stream, (step, happens): (usize, bool)) {
    let probability = |effect: &Effect| {
        let value = number(unmodified(&effect.probability), frame);
        if !(0.0..=1.0).contains(&value) {
            frame.keep(Bound::Probability(effect.stream), value);
        }
        value
    };
    match definition.effects.get(step) {
        Some(effect) => {
            let when = effect.when.as_ref();
            if when.is_none_or(|when| number(when, frame) != 0.0) {
                probability(effect);
            }
            if let Some(count) = effect.count.as_ref().filter(|_| happens) {
                let value = number(count, frame);
                if !(0.0..=MAX_COUNT).contains(&value) {
                    frame.keep(Bound::Count(effect.stream), value);
                }
            }
        }
        None => {
            let group = step - definition.effects.len();
            let members = &definition.outcomes[group].effects;
            let sum: f64 = members.iter().map(probability).sum();
            if (sum - 1.0).abs() > ROUNDING {
                frame.keep(Bound::Sum(group as u16), sum);
            }
        }
    }
}

fn look_for_undefined(frame: &Frame<'_>, step: usize, happening: Option<&Effect>) {
    let definition = &frame.world.program.streams[frame.stream];
    let look = |effect: &Effect, part, e: Option<&Expr>, frame: &Frame<'_>| {
        if let Some(found) = e.and_then(|e| is_undefined(unmodified(e), frame)) {
            let place = Site::Effect(effect.stream, part);
            frame.keep(Bound::of_undefined(place, found), 0.0);
        }
    };
    let group = || &definition.outcomes[step - definition.effects.len()].effects;
    let members = definition
        .effects
        .get(step)
        .map_or_else(|| &group()[..], std::slice::from_ref);
    for effect in members {
        look(effect, Part::When, effect.when.as_ref(), frame);
        let when = effect.when.as_ref();
        if when.is_none_or(|when| number(when, frame) != 0.0) {
            look(effect, Part::Probability, Some(&effect.probability), frame);
        }
    }
    let Some(effect) = happening else {
        return;
    };
    let count = effect.count.as_ref();
    look(effect, Part::Count, count, frame);
    let (Delay::After(delay) | Delay::At(delay)) = &effect.delay;
    let count = count.map_or(1.0, |e| how_many(e, effect, frame));
    for index in 0..count.clamp(0.0, MAX_COUNT) as u32 {
        let child = Frame {
            key: frame.key_of_child(effect, index as u16),
            index,
            of: Some(frame.event()),
            ..*frame
        };
        look(
            effect,
            Part::Delay,
            Some(delay).filter(|_| index == 0),
            &child,
        );
        look(effect, Part::Spacing, effect.spacing.as_ref(), &child);
        look_for_handed(effect, index as u16, frame);
    }
    take_undefined();
}

/// Notes what a line has been told that has no value.
fn look_for_handed(effect: &Effect, index: u16, frame: &Frame<'_>) {
    let stream = &frame.world.program.streams[effect.stream];
    each_handed(effect, index, frame, |step, line| {
        let value = &stream.variables[usize::from(step)].value;
        if let Some(found) = is_undefined(value, line) {
            line.keep(Bound::of_undefined(Site::Variable(step), found), 0.0);
        }
    });
}

/// What an expression is without modifiers.
fn unmodified(e: &Expr) -> &Expr {
    match e {
        Expr::Modified(_, base) => base,
        plain => plain,
    }
}

/// Notes the values of a block of rows that met the bounds of whole numbers.
pub(crate) fn look_at_rows(
    ledger: &Ledger,
    (stream, field): (StreamId, u16),
    words: &[u64],
    (keys, times): (&[u64], &[i64]),
) {
    let bounds = (f64::from(i32::MIN), f64::from(i32::MAX));
    let mut kept: Option<Counted> = None;
    for ((&word, &key), &time) in words.iter().zip(keys).zip(times) {
        let value = f64::from_bits(word);
        if bounds.0 < value && value < bounds.1 {
            continue;
        }
        let first = (Time(time), key);
        let known = kept.get_or_insert(Counted {
            number: 0,
            first,
            value,
        });
        known.number += 1;
        if first < known.first {
            (known.first, known.value) = (first, value);
        }
    }
    if let Some(counted) = kept {
        let bound = Bound::Whole(field);
        ledger.add(Kept {
            stream,
            bound,
            counted,
        });
    }
}
