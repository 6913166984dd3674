//! Lines of a document, worked out on the document: the same draws of the same keys that the lines themselves make, and
//! the same state, so that what is added up here is what stands there.

use std::cell::Cell;

use super::exact;
use super::primitive::{binary, finite};
use super::scalar::{Frame, Own, how_many, word};
use crate::streams::event::Event;
use crate::streams::program::{Effect, Gathered, Lines, MAX_COUNT, MAX_WORDS, Slot, Stream};

/// The words of lines, one after the other.
struct Words {
    slots: [Cell<u64>; MAX_WORDS],
    ready: Cell<u64>,
}

impl Words {
    fn new() -> Words {
        Words {
            slots: [const { Cell::new(0) }; MAX_WORDS],
            // What is read is there: the steps stand in their order.
            ready: Cell::new(u64::MAX),
        }
    }

    /// The frame of a line of the event of a frame.
    fn frame<'a>(&'a self, effect: &Effect, index: u16, of: &Frame<'a>) -> Frame<'a> {
        Frame {
            stream: effect.stream,
            key: of.key.child(effect.purpose, u64::from(index)),
            cause: of.world.program.streams[of.stream].code,
            parent: of.key,
            index: u32::from(index),
            slots: &self.slots,
            ready: &self.ready,
            of: None,
            own: Own::Nobody,
            ..*of
        }
    }

    fn work_out(&self, stream: &Stream, steps: &[u16], line: &Frame<'_>) {
        for &step in steps {
            let variable = &stream.variables[usize::from(step)];
            self.slots[variable.slot].set(word(&variable.value, line));
        }
    }
}

/// What the lines of an event come to.
pub(super) fn gather(lines: &Lines, frame: &Frame<'_>) -> u64 {
    let program = &frame.world.program;
    let effect = &program.streams[frame.stream].effects[usize::from(lines.effect)];
    let many = effect.count.as_ref();
    let many = many.map_or(1.0, |count| how_many(count, effect, frame));
    let many = many.clamp(0.0, MAX_COUNT) as u16;
    if lines.gathered == Gathered::Count {
        return f64::from(many).to_bits();
    }
    let stream = &program.streams[effect.stream];
    let words = Words::new();
    for (line, slot) in &lines.inputs {
        words.slots[*line].set(frame.slot(*slot));
    }
    let mut all = 0;
    for index in 0..many {
        let line = words.frame(effect, index, frame);
        words.work_out(stream, &lines.steps, &line);
        let value = words.slots[lines.value].get();
        all = match lines.gathered {
            _ if index == 0 => value,
            Gathered::Numbers(op) => finite(binary(op, all, value)).to_bits(),
            Gathered::Exact(op) => exact::binary(op, all, value),
            Gathered::Count => all,
        };
    }
    all
}

/// Hands a line what it has to be told: what reads state, which is that of its document.
pub fn hand(effect: &Effect, line: &mut Event, of: &Frame<'_>) {
    let stream = &of.world.program.streams[effect.stream];
    let inputs = stream.inputs();
    let words = Words::new();
    for (slot, &word) in words.slots.iter().zip(&line.carried[..inputs]) {
        slot.set(word);
    }
    words.work_out(stream, &effect.handed, &words.frame(effect, line.index, of));
    let handed = inputs..usize::from(stream.carried);
    for (word, slot) in line.carried[handed.clone()]
        .iter_mut()
        .zip(&words.slots[handed])
    {
        *word = slot.get();
    }
}

/// Calls a function for each step by which a line of an event is told something, with the frame in which it is worked out.
pub fn each_handed(
    effect: &Effect,
    index: u16,
    of: &Frame<'_>,
    mut f: impl FnMut(u16, &Frame<'_>),
) {
    let stream = &of.world.program.streams[effect.stream];
    let words = Words::new();
    for (at, slot) in effect.pass.iter().enumerate() {
        words.slots[Slot::at(at)].set(slot.map_or(0, |slot| of.slot(slot)));
    }
    let line = words.frame(effect, index, of);
    for &step in &effect.handed {
        f(step, &line);
        words.work_out(stream, &[step], &line);
    }
}
