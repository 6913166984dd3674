//! What a model asked for that cannot be, and was therefore brought to the nearest that can: counted, so that a run can
//! tell. What happens only without interventions is not.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::base::draw::Key;
use crate::base::time::Time;
use crate::streams::cell::{MAX_COUNT, how_many};
use crate::streams::eval::{Frame, number, take_undefined, word};
use crate::streams::program::{
    Binary, Delay, Effect, Expr, KindId, Program, Stage, Stream, StreamId, Variable,
};
use crate::streams::sides::Side;
use crate::streams::world::World;

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
    /// Something without a finite value, which is 0.
    Undefined(Place),
}

/// Where something has been worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Place {
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
            Bound::Undefined(place) => (
                Kept::place(place, stream, program),
                "without a finite value, such as what is divided by 0, taken as 0".into(),
            ),
        }
    }

    /// What was worked out there, as scenarios address it if they do.
    fn place(place: Place, stream: &Stream, program: &Program) -> String {
        let name = &stream.name;
        let of_kind = |kind: KindId| &program.kinds[usize::from(kind)];
        match place {
            Place::Variable(at) => {
                let variable = &stream.variables[usize::from(at)];
                format!("{name}/{}", variable.name)
            }
            Place::Requires => format!("`requires` of {name}"),
            Place::Change(at) => format!("the change {} of {name}", at + 1),
            Place::Desk => format!("the `desk` of {name}"),
            Place::Source => format!("the source's `when` of {name}"),
            Place::Effect(to, part) => {
                let to = &program.streams[usize::from(to)].name;
                format!("{to}/{}/{name}", part.name())
            }
            Place::Attribute(kind, at) => {
                let kind = of_kind(kind);
                let column = &kind.attributes[usize::from(at)].column;
                format!("{}.{}", kind.name, column.name)
            }
            Place::EntityVariable(kind, at) => {
                let kind = of_kind(kind);
                let column = &kind.variables[usize::from(at)].column;
                format!("{}.{}", kind.name, column.name)
            }
        }
    }

    /// What was asked for first, where that is a number.
    pub fn value(&self) -> Option<f64> {
        (!matches!(self.bound, Bound::Undefined(_))).then_some(self.counted.value)
    }

    /// Whether the first id is that of an event, or else of an entity.
    pub fn is_of_event(&self) -> bool {
        use Place::{Attribute, EntityVariable};
        !matches!(
            self.bound,
            Bound::Undefined(Attribute(..) | EntityVariable(..))
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

impl World {
    /// Notes one value of a stream's event.
    fn keep(&self, stream: StreamId, bound: Bound, (first, value): ((Time, u64), f64)) {
        self.ledger.add(Kept {
            stream,
            bound,
            counted: Counted {
                number: 1,
                first,
                value,
            },
        });
    }
}

impl Frame<'_> {
    fn keep(&self, bound: Bound, value: f64) {
        let first = (self.time, self.key.0);
        self.world
            .keep(self.stream as StreamId, bound, (first, value));
    }
}

/// Notes that something of an event had no finite value, if that happens and is written.
#[cold]
pub(crate) fn note_undefined(
    world: &World,
    (stream, key, time): (StreamId, Key, Time),
    place: Place,
) {
    if time >= world.written_from() {
        world.keep(stream, Bound::Undefined(place), ((time, key.0), 0.0));
    }
}

/// Likewise of an entity: those there from the start are written, though they have been drawn before.
#[cold]
pub(crate) fn note_entity(world: &World, (id, joined): (Key, Time), place: Place) {
    world.keep(0, Bound::Undefined(place), ((joined, id.0), 0.0));
}

/// Likewise a variable that is worked out on demand. One that is written is looked at with its row.
#[cold]
pub(crate) fn note_demanded(frame: &Frame<'_>, variable: u16) {
    let stream = &frame.world.program.streams[frame.stream];
    if frame.side == Side::FACTUAL && !stream.variables[usize::from(variable)].written {
        let event = (frame.stream as StreamId, frame.key, frame.time);
        note_undefined(frame.world, event, Place::Variable(variable));
    }
}

/// Whether an expression has no finite value here.
fn is_undefined(e: &Expr, frame: &Frame<'_>) -> bool {
    take_undefined();
    word(e, frame);
    take_undefined()
}

/// Notes a variable of a row, if it has no finite value there.
pub(crate) fn look_at_variable(frame: &Frame<'_>, place: u16) {
    let stream = &frame.world.program.streams[frame.stream];
    if is_undefined(&stream.variables[usize::from(place)].value, frame) {
        frame.keep(Bound::Undefined(Place::Variable(place)), 0.0);
    }
}

/// Finds out which of the values that an event began with have no finite value; without having happened, it is its condition
/// alone that counts.
#[cold]
pub(crate) fn look_at_event(frame: &Frame<'_>, happens: bool) {
    let stream = &frame.world.program.streams[frame.stream];
    let event = (frame.stream as StreamId, frame.key, frame.time);
    let note = |place| note_undefined(frame.world, event, place);
    let variables = (0..).zip(&stream.variables);
    let eager = |(_, variable): &(u16, &Variable)| variable.stage == Stage::Eager;
    for (at, variable) in variables.filter(|_| happens).filter(eager) {
        if is_undefined(&variable.value, frame) {
            note(Place::Variable(at));
        }
    }
    let mut requires = stream.requires.iter();
    if requires.any(|e| is_undefined(e, frame)) {
        note(Place::Requires);
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
    let (world, stream) = (frame.world, frame.stream as StreamId);
    let definition = &world.program.streams[frame.stream];
    // Which of the steps it is tells an event's notes apart.
    let this = (world.ledger.number, frame.key.0 ^ step as u64, stream);
    if LAST.replace(this) == this || frame.time < world.written_from() {
        return;
    }
    if undefined {
        look_for_undefined(frame, step, happening);
    }
    if loose {
        look_for_bounds(frame, definition, (step, happening.is_some()));
        take_undefined();
    }
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
        let found = e.is_some_and(|e| is_undefined(unmodified(e), frame));
        if found {
            let place = Place::Effect(effect.stream, part);
            frame.keep(Bound::Undefined(place), 0.0);
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
            key: frame.key.child(effect.purpose, index.into()),
            index,
            of: Some(frame),
            ..*frame
        };
        look(
            effect,
            Part::Delay,
            Some(delay).filter(|_| index == 0),
            &child,
        );
        look(effect, Part::Spacing, effect.spacing.as_ref(), &child);
    }
    take_undefined();
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
