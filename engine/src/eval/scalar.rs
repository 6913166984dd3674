//! Evaluation for one event.

use std::cell::Cell;

use super::primitive;
use crate::cell::Population;
use crate::draw::{Key, Purpose};
use crate::program::{Effect, Expr, KindId, NO_ENTITY, Slot};
use crate::time::{Span, Time};
use crate::world::{Observed, World};

/// The entity that an attribute or a condition of an actor is about.
#[derive(Clone, Copy)]
pub enum Own<'a> {
    /// None.
    Nobody,
    /// One that is being made: its attributes so far.
    Unborn(&'a [u64]),
    /// An entity of the cell.
    Entity(KindId, usize),
}

/// What an expression is worked out on: an event and what is around it.
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    /// The program and its tables.
    pub world: &'a World,
    /// The entities of the cell.
    pub population: &'a Population,
    /// What the last barrier showed of the whole business.
    pub observed: &'a Observed,
    /// The event's stream, for [`Expr::Happens`].
    pub stream: usize,
    /// The event's key.
    pub key: Key,
    /// The event's time.
    pub time: Time,
    /// Code of the causing stream's name.
    pub cause: u16,
    /// Which of the events of its effect it is.
    pub index: u32,
    /// The event's words; those on demand are worked out when they are first read.
    pub slots: &'a [Cell<u64>],
    /// Which words have been worked out, a bit each.
    pub ready: &'a Cell<u64>,
    /// The event's own frame, where this one is about a child of it.
    pub of: Option<&'a Frame<'a>>,
    /// The entity that is being worked out.
    pub own: Own<'a>,
}

impl Frame<'_> {
    /// The word in a slot.
    #[inline(always)]
    pub fn slot(&self, slot: Slot) -> u64 {
        if self.ready.get() & (1 << slot) == 0 {
            self.demand(slot);
        }
        self.slots[usize::from(slot)].get()
    }

    /// Works out a word that is read for the first time.
    #[inline(never)]
    fn demand(&self, slot: Slot) {
        let frame = self.of.unwrap_or(self);
        let stream = &frame.world.program.streams[frame.stream];
        let variable = stream.on_demand_at[usize::from(slot - stream.carried)];
        if let Some(variable) = variable {
            let value = eval(&stream.variables[usize::from(variable)].value, frame);
            self.slots[usize::from(slot)].set(value);
        }
        self.ready.set(self.ready.get() | 1 << slot);
    }
}

/// The value as a number.
#[inline(always)]
pub fn number(e: &Expr, f: &Frame<'_>) -> f64 {
    if let Expr::Num(x) = e {
        *x
    } else {
        f64::from_bits(eval(e, f))
    }
}

/// The value of an expression.
pub fn eval(e: &Expr, f: &Frame<'_>) -> u64 {
    match e {
        Expr::Num(x) => x.to_bits(),
        Expr::Text(code) => u64::from(*code),
        Expr::Slot(slot) => f.slot(*slot),
        Expr::Time => (f.time.0 as f64).to_bits(),
        Expr::EventId => f.key.0,
        Expr::Index => f64::from(f.index).to_bits(),
        Expr::Cause => u64::from(f.cause),
        Expr::Own(attribute) => match f.own {
            Own::Nobody => 0,
            Own::Unborn(values) => values[usize::from(*attribute)],
            Own::Entity(kind, at) => f.population.attribute(kind, *attribute, at as u64),
        },
        Expr::OwnVariable(variable) => match f.own {
            Own::Entity(kind, at) => f.population.variable(kind, *variable, at as u64),
            _ => 0,
        },
        Expr::OwnEntity => match f.own {
            Own::Entity(_, at) => at as u64,
            _ => NO_ENTITY,
        },
        Expr::Attribute(kind, e, attribute) => {
            f.population.attribute(*kind, *attribute, eval(e, f))
        }
        Expr::Variable(kind, e, variable) => f.population.variable(*kind, *variable, eval(e, f)),
        Expr::State(kind, e) => {
            let entity = eval(e, f);
            let codes = &f.world.program.kinds[usize::from(*kind)].state_codes;
            f.population
                .state(*kind, entity)
                .map_or(0, |s| u64::from(codes[usize::from(s)]))
        }
        Expr::EntityId(kind, e) => f.population.id(*kind, eval(e, f)),
        Expr::Age(kind, e) => {
            let joined = f.population.joined(*kind, eval(e, f));
            ((f.time - joined).0 as f64).to_bits()
        }
        Expr::Unary(op, e) => primitive::unary(*op, number(e, f)).to_bits(),
        Expr::Binary(op, a, b) => primitive::binary(*op, eval(a, f), eval(b, f)),
        Expr::If(parts) => {
            if number(&parts.0, f) != 0.0 {
                eval(&parts.1, f)
            } else {
                eval(&parts.2, f)
            }
        }
        Expr::Draw(dist, args, purpose) => {
            let mut p = [0.0; 4];
            for (value, arg) in p.iter_mut().zip(args) {
                *value = number(arg, f);
            }
            primitive::draw(*dist, f.key.uniform(*purpose), &p).to_bits()
        }
        Expr::Law(law, purpose) => law.quantile(f.key.uniform(*purpose)).to_bits(),
        Expr::Choice(shares, codes, purpose) => {
            u64::from(codes[primitive::choose(shares, f.key.uniform(*purpose))])
        }
        Expr::Case(selector, cases, otherwise) => {
            let value = eval(selector, f);
            let case = cases.iter().find(|(code, _)| u64::from(*code) == value);
            eval(case.map_or(otherwise, |(_, e)| e), f)
        }
        Expr::Happens(effect) => {
            let effect = &f.world.program.streams[f.stream].effects[usize::from(*effect)];
            f64::from(happens(effect, f)).to_bits()
        }
        Expr::NewId(purpose) => f.key.child(*purpose, 0).0,
        Expr::Pick(kind, state, purpose) => pick(f, *kind, *state, *purpose),
        Expr::PickIf(kind, e, state, purpose) => {
            let entity = eval(e, f);
            if f.population.state(*kind, entity) == Some(*state) {
                entity
            } else {
                pick(f, *kind, Some(*state), *purpose)
            }
        }
        Expr::Appointment(profile, parts, purpose) => {
            let [earliest, latest, step] =
                [&parts.0, &parts.1, &parts.2].map(|e| number(e, f) as i64);
            // A profile is known for a month beyond the run's end: with no further look ahead, the
            // length of the run cannot show.
            let ahead = |at: i64| Time(at.clamp(f.time.0, (f.time + APPOINTMENTS).0));
            let table = &f.world.profiles[usize::from(*profile)];
            let u = f.key.uniform(*purpose);
            let time = table.appointment(u, ahead(earliest), ahead(latest), Span(step.max(1)));
            (time.0 as f64).to_bits()
        }
        Expr::Hour => f64::from(f.world.program.zone.hour_and_weekday(f.time).0).to_bits(),
        Expr::Weekday => f64::from(f.world.program.zone.hour_and_weekday(f.time).1).to_bits(),
        Expr::RateFactor(profile) => f.world.profiles[usize::from(*profile)]
            .factor(f.time)
            .to_bits(),
        Expr::CountState(kind, state) => {
            (f.observed
                .count(usize::from(*kind), usize::from(*state), f.time) as f64)
                .to_bits()
        }
        Expr::Total(counter) => f.observed.counter(usize::from(*counter), f.time).to_bits(),
        Expr::ChangeOf(counter) => {
            let counter = usize::from(*counter);
            let before = f
                .observed
                .counter(counter, f.time - f.world.periods[f.stream]);
            (f.observed.counter(counter, f.time) - before).to_bits()
        }
    }
}

/// Whether an effect without outcome group happens for this event: its guard holds, and the mark of
/// its first child lies under the probability. The mark belongs to the child, so that it is the
/// same draw whoever asks.
#[inline(always)]
pub fn happens(effect: &Effect, f: &Frame<'_>) -> bool {
    if let Some(when) = &effect.when
        && number(when, f) == 0.0
    {
        return false;
    }
    probable(f.key, effect.purpose, number(&effect.probability, f))
}

/// Whether the mark of the first child of an effect lies under a probability.
#[inline(always)]
pub fn probable(cause: Key, effect: Purpose, probability: f64) -> bool {
    probability >= 1.0 || cause.child(effect, 0).uniform(MARK) < probability
}

/// How far ahead appointments can lie.
const APPOINTMENTS: Span = Span(31 * Span::DAY.0);

/// The purpose of the draw that decides whether something happens.
pub const MARK: Purpose = crate::draw::purpose("mark");

/// How often a pick in a wanted state is tried: with four fifths in it, all fail once in 390,000.
const PICKS: u64 = 8;

fn pick(f: &Frame<'_>, kind: KindId, state: Option<u8>, purpose: Purpose) -> u64 {
    let Some(state) = state else {
        return f.population.pick(kind, f.key.bits(purpose));
    };
    (0..PICKS)
        .map(|attempt| f.population.pick(kind, f.key.bits(purpose.part(attempt))))
        .find(|&entity| f.population.state(kind, entity) == Some(state))
        .unwrap_or(NO_ENTITY)
}
