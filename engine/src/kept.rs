//! What a model asked for that cannot be, and was therefore brought to the nearest that can: counted, so that a run can
//! tell. What happens only without interventions is not.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::cell::MAX_COUNT;
use crate::eval::{Frame, number};
use crate::program::{Binary, Effect, Expr, Program, Stream, StreamId};
use crate::time::Time;

/// Probabilities that add up to 1 as closely add up to 1.
const ROUNDING: f64 = 1e-9;

/// What values are kept within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Bound {
    /// A field of whole numbers, by its place, within 32 bits.
    Whole(u16),
    /// The probability with which a stream follows, within 0 and 1.
    Probability(StreamId),
    /// How many of a stream's events follow, from 0 to [`MAX_COUNT`].
    Count(StreamId),
    /// The probabilities of an outcome group, by its place, which are relative to their sum where that is not 1.
    Sum(u16),
}

/// How often values were kept within a bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// How many.
    pub number: u64,
    /// Time and id of the first event concerned.
    pub first: (Time, u64),
    /// What was asked for there; of a whole number, the bound that it met.
    pub value: f64,
}

/// Values of a stream's events that were kept within a bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The stream: of a field the one that has it, otherwise the one that causes.
    pub stream: StreamId,
    /// The bound.
    pub bound: Bound,
    /// How often.
    pub counted: Counted,
}

impl Kept {
    /// What is bounded, as scenarios address it, and within what.
    pub fn described(&self, program: &Program) -> (String, String) {
        let stream = &program.streams[usize::from(self.stream)];
        let cause = &stream.name;
        let name = |stream: StreamId| &program.streams[usize::from(stream)].name;
        match self.bound {
            Bound::Whole(field) => {
                let (column, _) = &stream.fields[usize::from(field)];
                let within = "brought to the nearest whole number of 32 bits";
                (format!("{cause}/{}", column.name), within.into())
            }
            Bound::Probability(to) => (
                format!("{}/probability/{cause}", name(to)),
                "brought to the nearest from 0 to 1".into(),
            ),
            Bound::Count(to) => (
                format!("{}/count/{cause}", name(to)),
                format!("brought to the nearest from 0 to {MAX_COUNT}"),
            ),
            Bound::Sum(group) => (
                format!(
                    "the outcome `{}` of {cause}",
                    stream.outcomes[usize::from(group)].name
                ),
                "taken as shares of their sum, which is not 1".into(),
            ),
        }
    }
}

/// All that was kept within bounds in a run.
#[derive(Debug)]
pub(crate) struct Ledger {
    book: Mutex<BTreeMap<(StreamId, Bound), Counted>>,
    /// Tells runs of one process apart.
    number: u64,
}

static LEDGERS: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// The ledger, event and stream of the last note: a step that is worked out again for the other side follows at once.
    static LAST: Cell<(u64, u64, StreamId)> = const { Cell::new((u64::MAX, 0, 0)) };
}

impl Default for Ledger {
    fn default() -> Ledger {
        Ledger {
            book: Mutex::default(),
            number: LEDGERS.fetch_add(1, Ordering::Relaxed),
        }
    }
}

impl Ledger {
    fn open(&self) -> MutexGuard<'_, BTreeMap<(StreamId, Bound), Counted>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds what was found.
    pub fn add(&self, kept: Kept) {
        let mut book = self.open();
        let entry = book.entry((kept.stream, kept.bound));
        let known = entry.or_insert(Counted {
            number: 0,
            ..kept.counted
        });
        known.number += kept.counted.number;
        // The first by the order of events, whichever thread finds it first.
        if kept.counted.first < known.first {
            (known.first, known.value) = (kept.counted.first, kept.counted.value);
        }
    }

    /// All of it, in the order of streams.
    pub fn all(&self) -> Vec<Kept> {
        let book = self.open();
        let kept = |(&(stream, bound), &counted): (&(StreamId, Bound), &Counted)| Kept {
            stream,
            bound,
            counted,
        };
        book.iter().map(kept).collect()
    }

    /// Forgets all, and goes on from this.
    pub fn restore(&self, kept: &[Kept]) {
        self.open().clear();
        kept.iter().for_each(|&kept| self.add(kept));
    }
}

/// The fields of a stream whose values are kept within 32 bits where they lie beyond.
pub(crate) fn whole_fields(stream: &Stream) -> Vec<u16> {
    let of_field = |(place, (_, slot)): (u16, &(_, u16))| {
        let mut own = stream.variables.iter();
        let variable = own.find(|variable| variable.slot == *slot)?;
        within_32_bits(&variable.value).map(|_| place)
    };
    (0..).zip(&stream.fields).filter_map(of_field).collect()
}

/// What is kept within 32 bits by an expression, if that is what it does.
pub(crate) fn within_32_bits(value: &Expr) -> Option<&Expr> {
    let Expr::Binary(Binary::Min, inner, most) = value else {
        return None;
    };
    let Expr::Binary(Binary::Max, inner, least) = &**inner else {
        return None;
    };
    let bounds = (f64::from(i32::MIN), f64::from(i32::MAX));
    match (&**least, &**most) {
        (Expr::Num(least), Expr::Num(most)) if (*least, *most) == bounds => Some(inner),
        _ => None,
    }
}

/// Notes what is out of bounds in a step of an event that happens, and where it is one of several, in all of them.
#[cold]
pub(crate) fn look(frame: &Frame<'_>, (step, happens): (usize, bool)) {
    let (world, stream) = (frame.world, frame.stream as StreamId);
    let definition = &world.program.streams[frame.stream];
    // Which of the steps it is tells an event's notes apart.
    let this = (world.ledger.number, frame.key.0 ^ step as u64, stream);
    if LAST.replace(this) == this || frame.time < world.written_from() {
        return;
    }
    let note = |bound, value| {
        world.ledger.add(Kept {
            stream,
            bound,
            counted: Counted {
                number: 1,
                first: (frame.time, frame.key.0),
                value,
            },
        });
    };
    let probability = |effect: &Effect| {
        let base = match &effect.probability {
            Expr::Modified(_, base) => base,
            plain => plain,
        };
        let value = number(base, frame);
        if !(0.0..=1.0).contains(&value) {
            note(Bound::Probability(effect.stream), value);
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
                    note(Bound::Count(effect.stream), value);
                }
            }
        }
        None => {
            let group = step - definition.effects.len();
            let members = &definition.outcomes[group].effects;
            let sum: f64 = members.iter().map(probability).sum();
            if (sum - 1.0).abs() > ROUNDING {
                note(Bound::Sum(group as u16), sum);
            }
        }
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
