//! What a model asked for that cannot be, and was therefore brought to the nearest that can: counted, so that a run can
//! tell. What happens only without interventions is not.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::base::time::Time;
use crate::streams::program::{KindId, MAX_COUNT, Program, Slot, Stream, StreamId};

/// Why something has no value. What is worse comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Undefined {
    /// It is not finite, such as what is divided by 0.
    NotFinite,
    /// It is an exact number of more digits than there is room for.
    TooLarge,
}

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
    /// Something without a finite value, which is 0.
    Undefined(Site),
    /// An exact number that does not fit: the run ends at the next barrier.
    TooLarge(Site),
}

impl Bound {
    /// That of something without a value.
    pub(crate) fn of_undefined(place: Site, found: Undefined) -> Bound {
        match found {
            Undefined::NotFinite => Bound::Undefined(place),
            Undefined::TooLarge => Bound::TooLarge(place),
        }
    }
}

/// Where something has been worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Site {
    /// A field or `let` of the stream, by its place among its variables.
    Variable(u16),
    /// The condition on which an event happens.
    Requires,
    /// One of the changes that an event makes.
    Change(u16),
    /// What an event wants of a desk.
    Desk,
    /// The condition on which an actor takes part in the stream's source.
    Source,
    /// What decides about events of another stream that follow.
    Effect(StreamId, Part),
    /// An attribute of an entity, by its place; of no stream.
    Attribute(KindId, u16),
    /// A variable of an entity as it joins; of no stream.
    EntityVariable(KindId, u16),
}

/// A part of how events follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Part {
    /// The condition.
    When,
    /// The probability.
    Probability,
    /// How many.
    Count,
    /// How long after, or when.
    Delay,
    /// How long between one and the next.
    Spacing,
}

impl Part {
    /// As models and scenarios call it.
    pub fn name(self) -> &'static str {
        match self {
            Part::When => "when",
            Part::Probability => "probability",
            Part::Count => "count",
            Part::Delay => "delay",
            Part::Spacing => "spacing",
        }
    }
}

/// How often values were kept within a bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// How many.
    pub number: u64,
    /// Time and id of the first event concerned.
    pub first: (Time, u64),
    /// What was asked for there; of a whole number, the bound that it met; 0 of what has no finite value.
    pub value: f64,
}

/// Values of a stream's events that were kept within a bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The stream: of a field the one that has it, otherwise the one that causes; meaningless of an entity's values.
    pub stream: StreamId,
    /// The bound.
    pub bound: Bound,
    /// How often.
    pub counted: Counted,
}

impl Kept {
    /// What is bounded, as scenarios address it, and within what.
    pub fn described(&self, program: &Program) -> (String, String) {
        let stream = &program.streams[self.stream];
        let cause = &stream.name;
        let name = |stream: StreamId| &program.streams[stream].name;
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
            Bound::Undefined(place) => (
                Kept::place(place, stream, program),
                "without a finite value, such as what is divided by 0, taken as 0".into(),
            ),
            Bound::TooLarge(place) => (
                Kept::place(place, stream, program),
                "an exact number that does not fit".into(),
            ),
        }
    }

    /// What was worked out there, as scenarios address it if they do.
    fn place(place: Site, stream: &Stream, program: &Program) -> String {
        let name = &stream.name;
        let of_kind = |kind: KindId| &program.kinds[kind];
        match place {
            Site::Variable(at) => {
                let variable = &stream.variables[usize::from(at)];
                format!("{name}/{}", variable.name)
            }
            Site::Requires => format!("`requires` of {name}"),
            Site::Change(at) => format!("the change {} of {name}", at + 1),
            Site::Desk => format!("the `desk` of {name}"),
            Site::Source => format!("the source's `when` of {name}"),
            Site::Effect(to, part) => {
                let to = &program.streams[to].name;
                format!("{to}/{}/{name}", part.name())
            }
            Site::Attribute(kind, at) => {
                let kind = of_kind(kind);
                let column = &kind.attributes[usize::from(at)].column;
                format!("{}.{}", kind.name, column.name)
            }
            Site::EntityVariable(kind, at) => {
                let kind = of_kind(kind);
                let column = &kind.variables[usize::from(at)].column;
                format!("{}.{}", kind.name, column.name)
            }
        }
    }

    /// What was asked for first, where that is a number.
    pub fn value(&self) -> Option<f64> {
        (!matches!(self.bound, Bound::Undefined(_) | Bound::TooLarge(_)))
            .then_some(self.counted.value)
    }

    /// Whether the first id is that of an event, or else of an entity.
    pub fn is_of_event(&self) -> bool {
        use Site::{Attribute, EntityVariable};
        !matches!(
            self.bound,
            Bound::Undefined(Attribute(..) | EntityVariable(..))
                | Bound::TooLarge(Attribute(..) | EntityVariable(..))
        )
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

    /// Tells this ledger from those of other runs of the process.
    pub fn number(&self) -> u64 {
        self.number
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

    /// The first exact number that did not fit.
    pub fn too_large(&self) -> Option<Kept> {
        let all = self.all().into_iter();
        all.filter(|kept| matches!(kept.bound, Bound::TooLarge(_)))
            .min_by_key(|kept| (kept.counted.first, kept.stream))
    }

    /// Forgets all, and goes on from this.
    pub fn restore(&self, kept: &[Kept]) {
        self.open().clear();
        kept.iter().for_each(|&kept| self.add(kept));
    }
}

/// The fields of a stream whose values are kept within 32 bits where they lie beyond.
pub(crate) fn whole_fields(stream: &Stream) -> Vec<u16> {
    let of_field = |(place, (_, slot)): (u16, &(_, Slot))| {
        let mut own = stream.variables.iter();
        let variable = own.find(|variable| variable.slot == *slot)?;
        variable.value.within_32_bits().map(|_| place)
    };
    (0..).zip(&stream.fields).filter_map(of_field).collect()
}
