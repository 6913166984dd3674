//! Expressions: how a program works out values.
//!
//! Each yields a 64-bit word. Numbers, truth values (0 and 1), times and spans (in microseconds)
//! are the bits of an `f64`; whole microseconds stay exact up to the year 2255. Arithmetic never
//! yields NaN or an infinity: dividing by zero gives 0, and so does what has no real value.
//!
//! Exact numbers are words of their own: whole numbers of 64 bits in units of the last decimal, whose number only the operations on
//! them know. What does not fit ends the run.

use std::sync::Arc;

use super::{AtWork, Children, DatePart, KindId, Lines, Midnight, Piece, Slot, Template};
use crate::base::draw::Purpose;
use crate::base::exact::Digits;
use crate::base::sample::{Dist, Law};
use crate::streams::sides::Label;

/// An expression over an event (or, in attributes and conditions of actors, over an entity).
#[derive(Clone, Debug)]
pub enum Expr {
    /// A number, truth value or span.
    Num(f64),
    /// A text, as a code.
    Text(u16),
    /// The value in a slot of the event.
    Slot(Slot),
    /// The event's time.
    Time,
    /// The event's key.
    EventId,
    /// Which of the events of its effect it is, from 0.
    Index,
    /// The name of the causing stream, as a code (that of `source` where nothing caused it).
    Cause,
    /// Attribute of the entity that is being worked out.
    Own(u16),
    /// Mutable variable of the entity that is being worked out.
    OwnVariable(u16),
    /// Reference to the entity that is being worked out.
    OwnEntity,
    /// Attribute of the entity referred to.
    Attribute(KindId, Box<Expr>, u16),
    /// Mutable variable of the entity referred to.
    Variable(KindId, Box<Expr>, u16),
    /// Mutable variable of the entity referred to that is a reference itself; that of nobody is to nobody.
    Reference(KindId, Box<Expr>, u16),
    /// State of the entity referred to, as a code.
    State(KindId, Box<Expr>),
    /// Identifier of the entity referred to.
    EntityId(KindId, Box<Expr>),
    /// An entity of a shared kind with [the cell](super::Crossing) where it lives.
    HomeOf(KindId, Box<Expr>),
    /// Time since the entity referred to joined.
    Age(KindId, Box<Expr>),
    /// What stands in a column of a table, in the row whose key is this text.
    Cell(Arc<Cells>, Box<Expr>),
    /// An operation on one value.
    Unary(Unary, Box<Expr>),
    /// An operation on two values.
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// An exact number, in units of its last decimal.
    Exact(i64),
    /// An operation on an exact number, or that yields one.
    ExactUnary(ExactUnary, Box<Expr>),
    /// An operation on two exact numbers with as many decimals, unless it says otherwise.
    ExactBinary(ExactBinary, Box<Expr>, Box<Expr>),
    /// A part of an exact number that is divided into parts as equal as can be: the whole, how many parts, and which of them, from 0.
    Split(Box<(Expr, Expr, Expr)>),
    /// The second where the first is true, otherwise the third.
    If(Box<(Expr, Expr, Expr)>),
    /// A draw from a distribution with parameters.
    Draw(Dist, Vec<Expr>, Purpose),
    /// A draw from a law whose parameters are constants, worked out once.
    Law(Law, Purpose),
    /// A draw that goes together with others.
    Correlated(Box<Correlated>),
    /// A text drawn by weight: cumulative shares up to 1, and codes.
    Choice(Vec<f64>, Vec<u16>, Purpose),
    /// The case for the value of the selector, or the last expression.
    Case(Box<Expr>, Vec<(u16, Expr)>, Box<Expr>),
    /// What the event's lines come to.
    Lines(Box<Lines>),
    /// Whether an effect (its index among those without outcome group) will happen.
    Happens(u16),
    /// An identifier made from the event's key.
    NewId(Purpose),
    /// An entity of the cell by activity; with a state, one of those in it.
    Pick(KindId, Option<u8>, Purpose),
    /// An entity of the cell by activity of whom a condition holds, or another one for each event of one cause.
    PickWhere(Box<PickWhere>),
    /// What those who belong to somebody come to.
    Children(Box<Children>),
    /// The reference, if it is one and in this state, otherwise a pick.
    PickIf(KindId, Box<Expr>, u8, Purpose),
    /// A time drawn from a profile: earliest, latest, step.
    Appointment(u16, Box<(Expr, Expr, Expr)>, Purpose),
    /// Hour of the event's time.
    Hour,
    /// Day of the week of the event's time, 0 is Monday.
    Weekday,
    /// Midnight of the day of a time, as what clocks show in the model's time zone.
    DayStart(Box<Expr>),
    /// A midnight that follows from a time and a number, as what clocks show.
    Midnight(Midnight, Box<(Expr, Expr)>),
    /// What the working days of a place say.
    AtWork(Box<AtWork>),
    /// A part of the date of a time.
    Date(DatePart, Box<Expr>),
    /// The time at which clocks show this.
    OnClock(Box<Expr>),
    /// What entities' diaries say.
    Lookup(Box<Lookup>),
    /// The share of today's offered slots that are reserved, over all of a kind, at the last tick.
    Utilisation(KindId),
    /// A profile's factor at the event's time.
    RateFactor(u16),
    /// How many entities are in a state, at the last tick.
    CountState(KindId, u8),
    /// How many wait at a desk, at the last tick.
    Waiting(u16),
    /// A counter's value at the last tick.
    Total(u16),
    /// A counter's change over the timer's last period, by ticks.
    ChangeOf(u16),
    /// A number under modifiers, an index into [`Program::modified`](super::Program::modified).
    Modified(u16, Box<Expr>),
    /// Whether this intervention made the event happen instead of another one.
    HeldBack(Label),
    /// A text that is put together. Its word says nothing: it is written when rows are made, from the values in it.
    Template(Box<Template>),
}

/// A column of a table, by the codes of its rows' keys.
#[derive(Clone, Debug)]
pub struct Cells {
    /// The lowest code.
    first: u16,
    /// The words of the codes from there on.
    words: Vec<u64>,
    /// That of all other codes.
    missing: u64,
    /// Between which numbers they lie, if they are any.
    range: Option<(f64, f64)>,
    /// Whether they are whole numbers.
    whole: bool,
}

impl Cells {
    /// From codes of keys and words, and what stands for a row that there is not; they may be numbers.
    pub fn new(
        pairs: impl Iterator<Item = (u16, u64)> + Clone,
        missing: u64,
        numbers: bool,
    ) -> Cells {
        let codes = pairs.clone().map(|(code, _)| code);
        let first = codes.clone().min().unwrap_or(0);
        let last = codes.max().unwrap_or(0);
        let mut words = vec![missing; usize::from(last - first) + 1];
        let all = pairs.clone().map(|(_, word)| word).chain([missing]);
        let all = all.map(f64::from_bits);
        pairs.for_each(|(code, word)| words[usize::from(code - first)] = word);
        let range = all
            .clone()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(x), high.max(x))
            });
        Cells {
            first,
            words,
            missing,
            range: numbers.then_some(range),
            whole: numbers && all.clone().all(|x| x == x.trunc()),
        }
    }

    /// The word in the row of a key.
    #[inline]
    pub fn of(&self, code: u64) -> u64 {
        let place = code.wrapping_sub(self.first.into());
        let word = usize::try_from(place)
            .ok()
            .and_then(|place| self.words.get(place));
        word.copied().unwrap_or(self.missing)
    }

    /// Between which numbers they lie, if they are any.
    pub fn range(&self) -> Option<(f64, f64)> {
        self.range
    }

    /// Whether they are whole numbers.
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}

/// Who is picked, by more than a state.
#[derive(Clone, Debug)]
pub struct PickWhere {
    /// The kind of whom.
    pub kind: KindId,
    /// The state in which they are, if one is asked for.
    pub state: Option<u8>,
    /// What holds of them: a truth value about the event and, as [`Expr::OwnEntity`], one of them. It draws nothing.
    pub condition: Option<Expr>,
    /// Whether each event that follows from one cause, or each line of one document, picks another one: their cause puts all who
    /// fit in an order, and each has the one at its place.
    pub different: bool,
    /// The purpose of the pick.
    pub purpose: Purpose,
}

/// A draw by a Gaussian copula: its uniform number is the share below a sum of scores, the normal quantiles of uniform numbers for some
/// purposes. Others are drawn by scores of the same purposes, and so go together with it; the squares of the factors add up to 1.
#[derive(Clone, Debug)]
pub struct Correlated {
    /// What is drawn from.
    pub from: Distribution,
    /// The purposes and their factors; the last one is its own.
    pub scores: Vec<(Purpose, f64)>,
}

impl Correlated {
    /// The same draw, going together with no others.
    pub fn alone(&self) -> Expr {
        let own = self.scores.last();
        let purpose = own.map_or(Purpose(0), |(purpose, _)| *purpose);
        match &self.from {
            Distribution::Dist(dist, args) => Expr::Draw(*dist, args.clone(), purpose),
            Distribution::Law(law) => Expr::Law(law.clone(), purpose),
        }
    }
}

/// What a draw is from.
#[derive(Clone, Debug)]
pub enum Distribution {
    /// A distribution with parameters.
    Dist(Dist, Vec<Expr>),
    /// A law whose parameters are constants.
    Law(Law),
}

/// Most entities whose diaries one question is about.
pub const MOST_LOOKED_UP: usize = 4;

/// A question to the diaries of some entities.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// What is asked.
    pub question: Question,
    /// Whom, at most [`MOST_LOOKED_UP`]: (kind, reference).
    pub who: Vec<(KindId, Expr)>,
    /// What else is said, see the question.
    pub args: Vec<Expr>,
}

/// What is asked of diaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether all have free what this range touches: from, span.
    Free,
    /// When a range begins that all have free, as near as possible to the one preferred; that one
    /// where there is none: preferred, span, earliest, latest.
    Nearest,
    /// How many slots of some ranges are offered and not reserved: from, span, every, times. Those that have
    /// begun before the event do not count.
    CountFree,
    /// Likewise those that are not reserved, whether they are offered or not.
    CountUnreserved,
}

/// An operation on one value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unary {
    /// Minus.
    Negate,
    /// Logical not.
    Not,
    /// Absolute value.
    Abs,
    /// Down to a whole number.
    Floor,
    /// Up to a whole number.
    Ceil,
    /// To this many decimals, ties to even: the word is 10 to the power of the decimals.
    Round(f64),
    /// Square root.
    Sqrt,
    /// Exponential.
    Exp,
    /// Natural logarithm.
    Log,
}

/// An operation on two values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// Sum.
    Add,
    /// Difference.
    Subtract,
    /// Product.
    Multiply,
    /// Quotient; 0 where the divisor is 0.
    Divide,
    /// What is left of the first by the second, with its sign; 0 where that is 0.
    Rest,
    /// Power.
    Power,
    /// The smaller.
    Min,
    /// The larger.
    Max,
    /// Less than.
    Less,
    /// At most.
    AtMost,
    /// Numbers are equal.
    Equal,
    /// Texts, identifiers or references are the same word.
    Same,
    /// Both.
    And,
    /// Either.
    Or,
}

/// An operation on an exact number, or that yields one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExactUnary {
    /// A number to the nearest with so many decimals, of two the even one.
    OfNumber(u8),
    /// One with so many decimals as a number.
    ToNumber(u8),
    /// The same with so many decimals more, or rounded to so many fewer, of two the even one.
    Rescale(i8),
    /// It, if it has no more digits.
    Within(Digits),
    /// Minus.
    Negate,
    /// Absolute value.
    Abs,
}

/// An operation on two exact numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExactBinary {
    /// Sum.
    Add,
    /// Difference.
    Subtract,
    /// Product, which has the decimals of both together.
    Multiply,
    /// Quotient with so many decimals more than that of the units, rounded to the nearest, of two the even one; 0 where the divisor is 0.
    Divide(i8),
    /// The smaller.
    Min,
    /// The larger.
    Max,
    /// Less than: a truth value.
    Less,
    /// At most: a truth value.
    AtMost,
}

/// Calls a function for each part of an expression, shared or to be changed.
macro_rules! each_part {
    ($e:expr, $f:expr, $iter:ident $(, $mutable:tt)?) => {
        match $e {
            Expr::Attribute(_, e, _)
            | Expr::Variable(_, e, _)
            | Expr::Reference(_, e, _)
            | Expr::State(_, e)
            | Expr::EntityId(_, e)
            | Expr::HomeOf(_, e)
            | Expr::Age(_, e)
            | Expr::DayStart(e)
            | Expr::Date(_, e)
            | Expr::OnClock(e)
            | Expr::Unary(_, e)
            | Expr::ExactUnary(_, e)
            | Expr::Modified(_, e)
            | Expr::Cell(_, e)
            | Expr::PickIf(_, e, _, _) => $f(e),
            Expr::PickWhere(pick) => pick.condition.$iter().for_each($f),
            Expr::Children(children) => {
                $f(&$($mutable)? children.of.1);
                children.condition.$iter().for_each(&mut *$f);
                children.value.$iter().for_each($f);
            }
            Expr::Binary(_, a, b) | Expr::ExactBinary(_, a, b) => {
                $f(a);
                $f(b);
            }
            Expr::Midnight(_, parts) => {
                $f(&$($mutable)? parts.0);
                $f(&$($mutable)? parts.1);
            }
            Expr::AtWork(at) => {
                $f(&$($mutable)? at.place);
                $f(&$($mutable)? at.time);
                $f(&$($mutable)? at.other);
            }
            Expr::If(parts) | Expr::Split(parts) | Expr::Appointment(_, parts, _) => {
                $f(&$($mutable)? parts.0);
                $f(&$($mutable)? parts.1);
                $f(&$($mutable)? parts.2);
            }
            Expr::Draw(_, args, _) => args.$iter().for_each($f),
            Expr::Correlated(correlated) => {
                if let Distribution::Dist(_, args) = &$($mutable)? correlated.from {
                    args.$iter().for_each($f);
                }
            }
            Expr::Lookup(lookup) => {
                lookup.who.$iter().for_each(|(_, e)| $f(e));
                lookup.args.$iter().for_each($f);
            }
            Expr::Template(template) => template.pieces.$iter().for_each(|piece| {
                if let Piece::Value(e, _) = piece {
                    $f(e);
                }
            }),
            Expr::Case(selector, cases, otherwise) => {
                $f(selector);
                cases.$iter().for_each(|(_, e)| $f(e));
                $f(otherwise);
            }
            Expr::Num(_)
            | Expr::Exact(_)
            | Expr::Text(_)
            | Expr::Slot(_)
            | Expr::Time
            | Expr::EventId
            | Expr::Index
            | Expr::Cause
            | Expr::Own(_)
            | Expr::OwnVariable(_)
            | Expr::OwnEntity
            | Expr::Law(..)
            | Expr::Choice(..)
            | Expr::Lines(_)
            | Expr::Happens(_)
            | Expr::NewId(_)
            | Expr::Pick(..)
            | Expr::Hour
            | Expr::Weekday
            | Expr::Utilisation(_)
            | Expr::RateFactor(_)
            | Expr::CountState(..)
            | Expr::Waiting(_)
            | Expr::Total(_)
            | Expr::ChangeOf(_)
            | Expr::HeldBack(_) => {}
        }
    };
}

impl Expr {
    /// Hands out the expressions of which this one is made.
    pub fn for_each_part(&self, f: &mut dyn FnMut(&Expr)) {
        each_part!(self, f, iter);
    }

    /// Likewise to be changed.
    pub fn for_each_part_mut(&mut self, f: &mut dyn FnMut(&mut Expr)) {
        each_part!(self, f, iter_mut, mut);
    }

    /// Rewrites this expression from its innermost parts outwards.
    pub fn rewrite(&mut self, f: &mut impl FnMut(&mut Expr)) {
        self.for_each_part_mut(&mut |part| part.rewrite(f));
        f(self);
    }

    /// Replaces every slot.
    pub fn map_slots(&mut self, f: &impl Fn(Slot) -> Slot) {
        self.rewrite(&mut |e| match e {
            Expr::Slot(slot) => *slot = f(*slot),
            Expr::Lines(lines) => lines.map_slots(f),
            _ => {}
        });
    }

    /// Puts an expression in the place of a slot.
    pub fn put(&mut self, slot: Slot, value: &Expr) {
        self.rewrite(&mut |e| {
            if matches!(e, Expr::Slot(s) if *s == slot) {
                *e = value.clone();
            }
        });
    }

    /// What this expression keeps within 32 bits, if that is what it does.
    pub(crate) fn within_32_bits(&self) -> Option<&Expr> {
        let Expr::Binary(Binary::Min, inner, most) = self else {
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

    /// How many expressions stand within one another, this one included.
    pub fn depth(&self) -> usize {
        let mut deepest = 0;
        self.for_each_part(&mut |part| deepest = deepest.max(part.depth()));
        deepest + 1
    }

    /// Visits this expression and all in it.
    pub fn visit(&self, f: &mut impl FnMut(&Expr)) {
        f(self);
        self.for_each_part(&mut |part| part.visit(f));
    }

    /// Whether this expression or any in it passes a test.
    pub fn any(&self, test: impl Fn(&Expr) -> bool) -> bool {
        let mut found = false;
        self.visit(&mut |e| found |= test(e));
        found
    }

    /// Whether the value depends on the state of entities or counters, and not only on keys,
    /// attributes, the event's own words and its time.
    pub fn reads_state(&self) -> bool {
        self.any(|e| e.looks() || e.asks_for_state())
    }

    /// Whether this very expression asks for the state of entities of the cell.
    fn asks_for_state(&self) -> bool {
        match self {
            Expr::Variable(..)
            | Expr::Reference(..)
            | Expr::OwnVariable(..)
            | Expr::State(..)
            | Expr::Pick(..)
            | Expr::PickWhere(_)
            | Expr::Children(_)
            | Expr::PickIf(..)
            | Expr::Lookup(_) => true,
            Expr::Num(_)
            | Expr::Text(_)
            | Expr::Slot(_)
            | Expr::Time
            | Expr::EventId
            | Expr::Index
            | Expr::Cause
            | Expr::Own(_)
            | Expr::OwnEntity
            | Expr::Attribute(..)
            | Expr::EntityId(..)
            | Expr::HomeOf(..)
            | Expr::Age(..)
            | Expr::Cell(..)
            | Expr::Unary(..)
            | Expr::Binary(..)
            | Expr::Exact(_)
            | Expr::ExactUnary(..)
            | Expr::ExactBinary(..)
            | Expr::Split(_)
            | Expr::If(_)
            | Expr::Draw(..)
            | Expr::Law(..)
            | Expr::Correlated(_)
            | Expr::Choice(..)
            | Expr::Case(..)
            | Expr::Lines(_)
            | Expr::Happens(_)
            | Expr::NewId(_)
            | Expr::Appointment(..)
            | Expr::Hour
            | Expr::Weekday
            | Expr::DayStart(_)
            | Expr::Midnight(..)
            | Expr::AtWork(_)
            | Expr::Date(..)
            | Expr::OnClock(_)
            | Expr::Utilisation(_)
            | Expr::RateFactor(_)
            | Expr::CountState(..)
            | Expr::Waiting(_)
            | Expr::Total(_)
            | Expr::ChangeOf(_)
            | Expr::Modified(..)
            | Expr::Template(_)
            | Expr::HeldBack(_) => false,
        }
    }

    /// Whether this very expression is a figure of the whole business.
    pub fn looks(&self) -> bool {
        matches!(
            self,
            Expr::CountState(..)
                | Expr::Total(_)
                | Expr::ChangeOf(_)
                | Expr::Utilisation(_)
                | Expr::Waiting(_)
        )
    }

    /// The slots that the value is worked out from.
    pub fn slots(&self) -> Vec<Slot> {
        let mut slots = Vec::new();
        self.visit(&mut |e| match e {
            Expr::Slot(slot) => slots.push(*slot),
            Expr::Lines(lines) => slots.extend(lines.slots()),
            _ => {}
        });
        slots
    }
}
