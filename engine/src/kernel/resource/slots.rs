//! A calendar of slots of one length, such as half hours of a tutor. A slot is offered or not, blocked or not, reserved or not.
//! It can be reserved when it is offered, not blocked and not reserved: so nothing is ever reserved twice. Whatever is
//! done to a slot otherwise, a reservation stays until it is released.
//!
//! ```
//! use causeflow_engine::base::time::{Span, Time};
//! use causeflow_engine::kernel::resource::slots::{Refusal, Slots};
//!
//! let hour = |hour| Time(0) + Span(hour * Span::HOUR.0);
//! let mut tutor = Slots::new(Time(0), Span(Span::HOUR.0 / 2));
//! tutor.open(hour(9), hour(12));
//! tutor.block(hour(10), hour(11));
//! assert_eq!(tutor.reserve(hour(9), Span::HOUR), Ok(()));
//! assert_eq!(tutor.reserve(hour(9), Span::HOUR), Err(Refusal::Reserved(hour(9))));
//! assert_eq!(tutor.first_free(hour(0), hour(24), Span::HOUR), Some(hour(11)));
//! assert_eq!(tutor.release(hour(9), Span::HOUR), Ok(()));
//! assert_eq!(tutor.first_free(hour(0), hour(24), Span::HOUR), Some(hour(9)));
//! ```
//!
//! Three bits a slot: a year of half hours takes 6.6 kB, and [`Slots::forget_before`] gives back what has passed.

use super::Timetable;
use crate::base::slots::pieces;
use crate::base::time::{Span, Time};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Slots in a word.
const WORD: i64 = 64;

/// The state of 64 slots, a bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Word {
    offered: u64,
    blocked: u64,
    reserved: u64,
}

impl Word {
    fn free(self) -> u64 {
        self.offered & !self.blocked & !self.reserved
    }
}

/// A calendar of slots. See the [module](self).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slots {
    /// When slot 0 begins.
    origin: Time,
    length: Span,
    /// Slots of words before this one are forgotten.
    kept_from: i64,
    /// Which word of slots stands first.
    first: i64,
    words: Vec<Word>,
}

/// Why slots are not reserved or released. It names the first slot that stands in the way, by when it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is not offered.
    NotOffered(Time),
    /// It is blocked.
    Blocked(Time),
    /// It is reserved already.
    Reserved(Time),
    /// It is to be released, but not reserved.
    NotReserved(Time),
    /// The time is not one at which a slot begins.
    NotABeginning(Time),
    /// The length is not that of one or more whole slots.
    Length(Span),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotOffered(time) => write!(f, "the slot at {time} is not offered"),
            Refusal::Blocked(time) => write!(f, "the slot at {time} is blocked"),
            Refusal::Reserved(time) => write!(f, "the slot at {time} is reserved already"),
            Refusal::NotReserved(time) => {
                write!(
                    f,
                    "the slot at {time} is not reserved, so it cannot be released"
                )
            }
            Refusal::NotABeginning(time) => write!(f, "no slot begins at {time}"),
            Refusal::Length(length) => {
                write!(f, "{length} is not the length of one or more whole slots")
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// How many slots of a stretch of time are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Offered and not blocked, or reserved.
    pub usable: u64,
    /// Reserved.
    pub reserved: u64,
    /// Free to be reserved.
    pub free: u64,
}

impl Census {
    /// Reserved slots over usable ones; none when there are no usable ones.
    pub fn utilisation(&self) -> Option<f64> {
        (self.usable > 0).then(|| self.reserved as f64 / self.usable as f64)
    }
}

impl Slots {
    /// No slot is offered. One slot begins at `origin`, and the others at whole multiples of `length` before and after it. A length
    /// that is not positive counts as one microsecond.
    pub fn new(origin: Time, length: Span) -> Slots {
        Slots {
            origin,
            length: length.max(Span(1)),
            kept_from: i64::MIN / WORD,
            first: 0,
            words: Vec::new(),
        }
    }

    /// How long a slot is.
    pub fn length(&self) -> Span {
        self.length
    }

    /// When a slot begins.
    fn time(&self, slot: i64) -> Time {
        self.origin + Span(slot * self.length.0)
    }

    /// The slots that lie wholly in a stretch of time: the first, and the first after it.
    fn within(&self, from: Time, to: Time) -> (i64, i64) {
        let length = self.length.0;
        let before = (from - self.origin).0.div_euclid(length);
        let first = before + i64::from((from - self.origin).0.rem_euclid(length) != 0);
        (first, (to - self.origin).0.div_euclid(length).max(first))
    }

    /// The slots of a reservation: the first, and the first after it.
    fn named(&self, from: Time, length: Span) -> Result<(i64, i64), Refusal> {
        let distance = (from - self.origin).0;
        if distance.rem_euclid(self.length.0) != 0 {
            return Err(Refusal::NotABeginning(from));
        }
        if length.0 <= 0 || length.0 % self.length.0 != 0 {
            return Err(Refusal::Length(length));
        }
        let first = distance.div_euclid(self.length.0);
        Ok((first, first + length.0 / self.length.0))
    }

    /// The words that a range of slots touches, each with the bits of those slots. Words that are not there count as empty.
    fn words(&self, (from, to): (i64, i64)) -> impl Iterator<Item = (i64, Word, u64)> {
        pieces(from..to, WORD).map(|(number, bits)| {
            let word = usize::try_from(number - self.first).ok();
            let word = word.and_then(|at| self.words.get(at)).copied();
            (number, word.unwrap_or_default(), bits)
        })
    }

    /// Changes the words that a range of slots touches; those that are not there yet are made, those forgotten are left out.
    fn change(&mut self, (from, to): (i64, i64), change: impl Fn(&mut Word, u64)) {
        if from >= to {
            return;
        }
        let from = from.max(self.kept_from * WORD);
        let begin = from.div_euclid(WORD);
        if self.words.is_empty() {
            self.first = begin;
        } else if begin < self.first {
            let missing = (self.first - begin) as usize;
            self.words.splice(..0, vec![Word::default(); missing]);
            self.first = begin;
        }
        for (number, bits) in pieces(from..to, WORD) {
            let at = (number - self.first) as usize;
            if self.words.len() <= at {
                self.words.resize(at + 1, Word::default());
            }
            change(&mut self.words[at], bits);
        }
    }

    /// Offers the slots that lie wholly in a stretch of time.
    pub fn open(&mut self, from: Time, to: Time) {
        self.change(self.within(from, to), |word, mask| word.offered |= mask);
    }

    /// Offers the slots of a stretch of time during which a timetable is above zero all the time.
    pub fn open_by(&mut self, timetable: &Timetable, from: Time, to: Time) {
        let mut now = from;
        // Since when the number has been above zero.
        let mut since = None;
        while now < to {
            if timetable.at(now) == 0 {
                if let Some(since) = since.take() {
                    self.open(since, now);
                }
            } else {
                since = since.or(Some(now));
            }
            now = timetable.next_change(now).map_or(to, |(time, _)| time);
        }
        if let Some(since) = since {
            self.open(since, to);
        }
    }

    /// Offers the slots that lie wholly in a stretch of time no longer. Reservations stay.
    pub fn close(&mut self, from: Time, to: Time) {
        self.change(self.within(from, to), |word, mask| word.offered &= !mask);
    }

    /// Blocks the slots that lie wholly in a stretch of time, whether they are offered or not. Reservations stay; the
    /// caller finds them with [`reserved`](Slots::reserved).
    pub fn block(&mut self, from: Time, to: Time) {
        self.change(self.within(from, to), |word, mask| word.blocked |= mask);
    }

    /// Takes back what was blocked, of the slots that lie wholly in a stretch of time.
    pub fn unblock(&mut self, from: Time, to: Time) {
        self.change(self.within(from, to), |word, mask| word.blocked &= !mask);
    }

    /// Reserves the slots from a time on, for a length: all or none.
    ///
    /// When one of them is not free nothing is reserved, and the error names the first such slot.
    pub fn reserve(&mut self, from: Time, length: Span) -> Result<(), Refusal> {
        let range = self.named(from, length)?;
        for (number, word, mask) in self.words(range) {
            let taken = mask & !word.free();
            if taken != 0 {
                let bit = taken.trailing_zeros();
                let time = self.time(number * WORD + i64::from(bit));
                return Err(if word.reserved >> bit & 1 == 1 {
                    Refusal::Reserved(time)
                } else if word.blocked >> bit & 1 == 1 {
                    Refusal::Blocked(time)
                } else {
                    Refusal::NotOffered(time)
                });
            }
        }
        self.change(range, |word, mask| word.reserved |= mask);
        Ok(())
    }

    /// Releases the slots from a time on, for a length: all or none.
    ///
    /// When one of them is not reserved nothing is released, and the error names the first such slot.
    pub fn release(&mut self, from: Time, length: Span) -> Result<(), Refusal> {
        let range = self.named(from, length)?;
        for (number, word, mask) in self.words(range) {
            let missing = mask & !word.reserved;
            if missing != 0 {
                let slot = number * WORD + i64::from(missing.trailing_zeros());
                return Err(Refusal::NotReserved(self.time(slot)));
            }
        }
        self.change(range, |word, mask| word.reserved &= !mask);
        Ok(())
    }

    /// The earliest time at which free slots of a length begin that lie wholly in a stretch of time. O(slots / 64).
    pub fn first_free(&self, from: Time, to: Time, length: Span) -> Option<Time> {
        let needed = (length.0 + self.length.0 - 1)
            .div_euclid(self.length.0)
            .max(1);
        // How many free slots end at the slot looked at, without a gap.
        let mut run = 0;
        for (number, word, mask) in self.words(self.within(from, to)) {
            let free = word.free() & mask;
            let mut bit = 0;
            while bit < WORD {
                let ones = i64::from((free >> bit).trailing_ones()).min(WORD - bit);
                if run + ones >= needed {
                    return Some(self.time(number * WORD + bit - run));
                }
                bit += ones;
                // The run goes on in the next word only if it reaches the end of this one.
                run = if bit == WORD { run + ones } else { 0 };
                if bit < WORD {
                    let zeros = i64::from((free >> bit).trailing_zeros()).min(WORD - bit);
                    bit += zeros;
                }
            }
        }
        None
    }

    /// Whether all slots of a length from a time on are free. A time or a length that is not of whole slots is not.
    pub fn is_free(&self, from: Time, length: Span) -> bool {
        let range = self.named(from, length);
        range.is_ok_and(|range| {
            self.words(range)
                .all(|(_, word, mask)| mask & !word.free() == 0)
        })
    }

    /// When the reserved slots begin that lie wholly in a stretch of time.
    pub fn reserved(&self, from: Time, to: Time) -> impl Iterator<Item = Time> {
        let words = self.words(self.within(from, to));
        words.flat_map(move |(number, word, mask)| {
            let reserved = word.reserved & mask;
            let bits = (0..WORD).filter(move |bit| reserved >> bit & 1 == 1);
            bits.map(move |bit| self.time(number * WORD + bit))
        })
    }

    /// Counts the slots that lie wholly in a stretch of time.
    pub fn census(&self, from: Time, to: Time) -> Census {
        let mut census = Census::default();
        for (_, word, mask) in self.words(self.within(from, to)) {
            let usable = word.offered & !word.blocked | word.reserved;
            census.usable += u64::from((usable & mask).count_ones());
            census.reserved += u64::from((word.reserved & mask).count_ones());
            census.free += u64::from((word.free() & mask).count_ones());
        }
        census
    }

    /// Forgets the past, in steps of 64 slots: at most those that end at or before a time. They are not offered any more, and
    /// cannot be again.
    pub fn forget_before(&mut self, time: Time) {
        let slot = (time - self.origin).0.div_euclid(self.length.0);
        self.kept_from = self.kept_from.max(slot.div_euclid(WORD));
        let passed = usize::try_from(self.kept_from - self.first).unwrap_or(0);
        let passed = passed.min(self.words.len());
        self.words.drain(..passed);
        self.first += passed as i64;
    }
}
