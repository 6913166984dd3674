//! An event while it takes place, on all its sides at once: until something that it reads differs between them it is
//! worked out once, from there on for each group of sides.

use std::cell::{Cell, RefCell};

use super::window::Sight;
use crate::streams::event::Event;
use crate::streams::program::{MAX_WORDS, Stream};
use crate::streams::sides::{Parting, Side, Sides};

thread_local! {
    /// Those of the event that took place last, so that they need not be made for each.
    static STRANDS: Cell<Vec<Strand>> = const { Cell::new(Vec::new()) };
    /// EventWords of strands that have come apart, likewise.
    static WORDS: RefCell<Vec<EventWords>> = const { RefCell::new(Vec::new()) };
}

/// An event on a group of sides, as long as nothing that has been read differs among them.
#[derive(Default)]
pub(super) struct Strand {
    pub sides: Sides,
    /// Whether it happens there.
    pub happens: bool,
    pub words: EventWords,
}

/// An event that takes place: worked out once, until something that it reads differs between sides; from there on
/// for each group of sides.
pub(super) struct Strands {
    /// At least one. The factual side, if the event is on it, is in the first.
    pub each: Vec<Strand>,
    /// How the others have come to differ from the factual side so far.
    pub parted: Parting,
}

impl Strand {
    /// The side on which it is worked out, and for which.
    pub fn sight<'a>(&self, noted: &'a Cell<Parting>) -> Sight<'a> {
        Sight {
            side: self.sides.first(),
            among: self.sides,
            noted,
        }
    }
}

impl Strands {
    /// Takes up an event.
    pub fn of(event: &Event, stream: &Stream) -> Strands {
        let mut each = STRANDS.take();
        if each.is_empty() {
            each.push(Strand::default());
        }
        let strand = &mut each[0];
        strand.sides = event.presence.sides;
        strand.words.begin(event, stream);
        Strands {
            each,
            parted: Parting::NONE,
        }
    }

    pub fn give_back(mut self) {
        if self.each.len() > 1 {
            let words = self.each.drain(1..).map(|strand| strand.words);
            WORDS.with_borrow_mut(|kept| kept.extend(words));
        }
        STRANDS.set(self.each);
    }

    /// Lets those sides of a strand have one of their own that differ in what has been read for it. Returns how they
    /// differ from the factual side, as far as it has been read for that.
    #[inline(always)]
    pub fn split(&mut self, at: usize, noted: Parting) -> Parting {
        match noted == Parting::NONE {
            true => noted,
            false => self.split_off(at, noted),
        }
    }

    pub fn split_off(&mut self, at: usize, noted: Parting) -> Parting {
        let strand = &mut self.each[at];
        let side = strand.sides.first();
        let leaving = strand.sides.and(noted.sides());
        if !leaving.is_none() {
            strand.sides = strand.sides.without(leaving);
            let (happens, words) = (strand.happens, strand.words.again());
            let sides = leaving;
            self.each.push(Strand {
                sides,
                happens,
                words,
            });
        }
        match side {
            Side::FACTUAL => noted,
            _ => Parting::NONE,
        }
    }

    /// How the sides have come to differ in something for which this has been read, if anything has.
    pub fn parting(&self, noted: &Parting) -> Parting {
        match *noted == Parting::NONE {
            true => self.parted,
            false => Parting {
                lineage: noted.lineage | self.parted.lineage,
                scarcity: noted.scarcity | self.parted.scarcity,
                by: noted.by.or(self.parted.by),
            },
        }
    }
}

/// The words of an event that takes place, on a group of sides. What is carried is there; eager words are
/// worked out in order; the others on demand.
#[derive(Default)]
pub(super) struct EventWords {
    /// [`MAX_WORDS`] of them once used; what is not ready is left over from other events.
    pub slots: Vec<Cell<u64>>,
    /// Which of them have been worked out, a bit each.
    pub ready: Cell<u64>,
    /// How many of them are carried or eager.
    pub kept: usize,
}

impl EventWords {
    /// Takes up an event.
    pub fn begin(&mut self, event: &Event, stream: &Stream) {
        self.slots.resize(MAX_WORDS, Cell::new(0));
        self.kept = stream.kept_words();
        self.ready.set((1 << self.kept) - 1);
        let carried = &event.carried[..usize::from(stream.carried)];
        for (slot, &word) in self.slots.iter().zip(carried) {
            slot.set(word);
        }
    }

    /// The same words, without those worked out on demand.
    pub fn again(&self) -> EventWords {
        let mut words = WORDS.with_borrow_mut(Vec::pop).unwrap_or_default();
        words.slots.resize(MAX_WORDS, Cell::new(0));
        words.slots[..self.kept].clone_from_slice(self.kept());
        words.ready.set((1 << self.kept) - 1);
        words.kept = self.kept;
        words
    }

    /// The words that a row keeps.
    pub fn kept(&self) -> &[Cell<u64>] {
        &self.slots[..self.kept]
    }

    /// Whether the words that a row keeps are the same.
    pub fn same(&self, other: &EventWords) -> bool {
        self.kept() == other.kept()
    }
}
