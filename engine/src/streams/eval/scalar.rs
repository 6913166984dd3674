//! Evaluation for one event.

use std::cell::Cell;

use super::draws::share_together;
use super::each::come_to;
use super::lines::gather;
use super::pick::{pick, pick_where};
use super::primitive::{finite, set_undefined, take_undefined};
use super::{exact, primitive, slots};
use crate::base::draw::Key;
use crate::base::sample::{Dist, MOST_PARAMETERS};
use crate::base::time::{Span, Time};
use crate::base::zone::Zone;
use crate::streams::kept::{Site, Undefined};
use crate::streams::population::{Population, Twin};
use crate::streams::program::{
    APPOINTMENTS, AtWork, Binary, Correlated, Crossing, Distribution, Effect, Expr, KindId, Look,
    Modified, NO_ENTITY, NO_TIME, Slot, StreamId, Unary, Working, is_no_time,
};
use crate::streams::sides::{Label, Parting, Side, Sides};
use crate::streams::steps::{mark_of, probable};
use crate::streams::view::{Observed, utilisation};
use crate::streams::world::World;

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
    pub stream: StreamId,
    /// The event's key.
    pub key: Key,
    /// The event's time.
    pub time: Time,
    /// Code of the causing stream's name.
    pub cause: u16,
    /// The key of its cause, for those who pick differently; meaningless without one.
    pub parent: Key,
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
    /// On which side it is worked out.
    pub side: Side,
    /// For which sides, as long as nothing that has been read differs on them.
    pub among: Sides,
    /// Who made the event happen instead of another one.
    pub made: Label,
    /// How other sides differ in what has been read.
    pub noted: &'a Cell<Parting>,
}

/// What a frame marks while it is worked on.
#[derive(Debug, Default)]
pub struct Marks {
    /// See [`Frame::ready`].
    pub ready: Cell<u64>,
    /// See [`Frame::noted`].
    pub noted: Cell<Parting>,
}

impl<'a> Frame<'a> {
    /// A frame about an entity instead of an event.
    pub fn of_entity(
        world: &'a World,
        population: &'a Population,
        observed: &'a Observed,
        (key, time): (Key, Time),
        own: Own<'a>,
        marks: &'a Marks,
    ) -> Frame<'a> {
        Frame {
            world,
            population,
            observed,
            stream: StreamId(0),
            key,
            time,
            cause: 0,
            parent: Key(0),
            index: 0,
            slots: &[],
            ready: &marks.ready,
            of: None,
            own,
            side: Side::FACTUAL,
            among: Sides::ALL,
            made: Label::NONE,
            noted: &marks.noted,
        }
    }

    /// Notes that what has been read differs on other sides.
    #[inline]
    pub fn note(&self, parting: &Parting) {
        let seen = parting.on(self.among);
        // Who has a part in what differs from the untouched side counts also where that has parted before.
        let tells = self.side == Side::FACTUAL && parting.sides().on(Side::UNTOUCHED);
        let by = if tells { parting.by } else { Label::NONE };
        if !by.is_none() || !seen.sides().is_none() {
            self.noted
                .set(self.noted.get().and(&Parting { by, ..seen }));
        }
    }

    /// The sides for which what is read is held against what this one says: those for which this one is worked out, and
    /// the untouched one, since it tells who has a part in what is there.
    pub fn compared(&self) -> impl Iterator<Item = Side> {
        let tells = self.side == Side::FACTUAL;
        let (mine, among) = (self.side, self.among);
        let all = Side::first(self.world.sides());
        all.filter(move |&side| {
            side != mine && (among.on(side) || tells && side == Side::UNTOUCHED)
        })
    }

    /// Whether nothing that has been read differs on the sides for which it is worked out.
    #[inline(always)]
    pub fn is_same(&self) -> bool {
        self.noted.get().sides().is_none()
    }

    /// A variable of an entity; 0 for [`NO_ENTITY`].
    #[inline(always)]
    pub fn variable(&self, kind: KindId, variable: u16, entity: u64) -> u64 {
        let group = self.population.group(kind);
        let value = group.variable(variable, entity);
        match group.twins(entity) {
            [] => value,
            twins => self.of_twins(value, twins, |twin| twin.variables[usize::from(variable)]),
        }
    }

    /// The state of an entity; none for [`NO_ENTITY`] and where it does not exist on this side.
    #[inline(always)]
    pub fn state(&self, kind: KindId, entity: u64) -> Option<u8> {
        let group = self.population.group(kind);
        let state = group.state(entity);
        match group.twins(entity) {
            [] => state,
            twins => self.of_twins(state, twins, Twin::state),
        }
    }

    /// Whether an entity exists on this side.
    pub(super) fn exists(&self, kind: KindId, entity: u64) -> bool {
        let group = self.population.group(kind);
        let exists = group.state(entity).is_some();
        match group.twins(entity) {
            [] => exists,
            twins => self.of_twins(exists, twins, |twin| twin.state().is_some()),
        }
    }

    /// Whether an entity exists on this side and its variable, if one is given, is this word.
    #[inline(always)]
    pub(super) fn belongs(&self, kind: KindId, of: Option<(u16, u64)>, entity: u64) -> bool {
        let group = self.population.group(kind);
        let refers = of.is_none_or(|(variable, word)| group.variable(variable, entity) == word);
        let belongs = refers && group.state(entity).is_some();
        match group.twins(entity) {
            [] => belongs,
            twins => self.of_twins(belongs, twins, |twin| {
                let mut of = of.iter();
                twin.state().is_some()
                    && of.all(|(at, word)| twin.variables[usize::from(*at)] == *word)
            }),
        }
    }

    /// What an entity that has twins says on this side; notes on which it says something else.
    #[inline(never)]
    fn of_twins<T: PartialEq + Copy>(
        &self,
        factual: T,
        twins: &[Twin],
        of: impl Fn(&Twin) -> T,
    ) -> T {
        let mine = twins.iter().find(|twin| twin.sides.on(self.side));
        let value = mine.map_or(factual, &of);
        if value != factual {
            let apart: Sides = twins.iter().map(|twin| twin.sides).collect();
            self.note(&Parting::by_lineage(apart.others(), Label::NONE));
        }
        for twin in twins.iter().filter(|twin| of(twin) != value) {
            self.note(&twin.parting.on(twin.sides));
        }
        value
    }

    /// Something about the figures of the whole business when the event's stream last looked, of which `figure` is one; 0
    /// before the warm-up.
    fn seen(&self, figure: usize, read: impl Fn(&[f64]) -> f64) -> f64 {
        self.seen_at(Look::before, figure, read)
    }

    /// Likewise at another time on which the stream looks.
    fn seen_at(
        &self,
        when: impl Fn(&Look, &Zone, Time) -> Time,
        figure: usize,
        read: impl Fn(&[f64]) -> f64,
    ) -> f64 {
        let look = self.world.looks.get(self.stream.index()).copied().flatten();
        let zone = &self.world.program.zone;
        let time = look.map_or(self.time, |look| when(&look, zone, self.time));
        let Some(view) = self.observed.at(time) else {
            return 0.0;
        };
        let value = read(view.on(self.side));
        let others = view.sides().filter(|(side, _)| *side != self.side);
        let differ = others.filter(|(_, figures)| read(figures) != value);
        let differ: Sides = differ.map(|(side, _)| side).collect();
        if differ.is_none() {
            return value;
        }
        if self.side != Side::FACTUAL {
            self.note(&Parting::by_lineage(differ, Label::NONE));
            return value;
        }
        let parting = view.parting(figure);
        // Sums of several differences of which some have gone by are as good as those that are left.
        let scarcity = differ.and(parting.scarcity).without(parting.lineage);
        self.note(&Parting {
            lineage: differ.without(scarcity),
            scarcity,
            by: parting.by,
        });
        value
    }

    /// A counter's value at a time on which the event's stream looks.
    fn total(&self, counter: u16, when: impl Fn(&Look, &Zone, Time) -> Time) -> f64 {
        let at = self.world.figures.counter(counter);
        self.seen_at(when, at, |figures| figures[at])
    }

    /// The word in a slot.
    #[inline(always)]
    pub fn slot(&self, slot: Slot) -> u64 {
        // More slots than bits only come in rows, where all is worked out.
        if slot.0 < 64 && self.ready.get() & (1 << slot.0) == 0 {
            self.demand(slot);
        }
        self.slots[slot].get()
    }

    /// Works out a word that is read for the first time.
    #[inline(never)]
    fn demand(&self, slot: Slot) {
        let frame = self.of.unwrap_or(self);
        let stream = &frame.world.program.streams[frame.stream];
        let variable = stream.on_demand_at[slot.index() - usize::from(stream.carried)];
        // Whoever reads it answers for what was worked out before, but not for this.
        let before = take_undefined();
        let value = variable.map_or(0, |variable| {
            word(&stream.variables[usize::from(variable)].value, frame)
        });
        if let (Some(found), Some(at)) = (take_undefined(), variable) {
            frame.note_demanded(at, found);
        }
        set_undefined(before);
        self.slots[slot].set(value);
        self.ready.set(self.ready.get() | 1 << slot.0);
    }

    /// Notes that a variable that is worked out on demand had no value. One that is written is looked at with its row.
    #[cold]
    fn note_demanded(&self, variable: u16, found: Undefined) {
        let stream = &self.world.program.streams[self.stream];
        if self.side == Side::FACTUAL && !stream.variables[usize::from(variable)].written {
            let event = (self.stream, self.key, self.time);
            self.world
                .note_undefined(event, Site::Variable(variable), found);
        }
    }
}

/// The value as a number.
#[inline(always)]
pub fn number(e: &Expr, f: &Frame<'_>) -> f64 {
    match e {
        Expr::Num(x) => *x,
        Expr::Slot(slot) => f64::from_bits(f.slot(*slot)),
        Expr::Time => f.time.0 as f64,
        _ => f64::from_bits(eval(e, f)),
    }
}

/// The value as a word, without a call where it is at hand.
#[inline(always)]
pub fn word(e: &Expr, f: &Frame<'_>) -> u64 {
    match e {
        Expr::Num(x) => x.to_bits(),
        Expr::Text(code) => u64::from(*code),
        Expr::Slot(slot) => f.slot(*slot),
        Expr::Time => (f.time.0 as f64).to_bits(),
        _ => eval(e, f),
    }
}

/// The value as a number where it follows from the event's key alone, as most delays do: no frame is needed then.
#[inline(always)]
pub fn number_by_key(e: &Expr, key: Key) -> Option<f64> {
    match e {
        Expr::Num(x) => Some(*x),
        Expr::Law(law, purpose) => Some(law.quantile(key.uniform(*purpose))),
        Expr::Draw(Dist::Uniform, args, purpose) => match args[..] {
            [Expr::Num(low), Expr::Num(high)] => {
                let p = [low, high, 0.0, 0.0];
                Some(Dist::Uniform.quantile(key.uniform(*purpose), &p))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The value of an expression.
///
/// What most expressions are made of is worked out here, the rest in a function of its own: draws and searches need
/// registers and room on the stack, and saving them would cost more than most nodes do.
pub fn eval(e: &Expr, f: &Frame<'_>) -> u64 {
    match e {
        Expr::Num(x) => x.to_bits(),
        Expr::Text(code) => u64::from(*code),
        Expr::Slot(slot) => f.slot(*slot),
        Expr::Time => (f.time.0 as f64).to_bits(),
        Expr::Attribute(kind, e, attribute) => {
            f.population.attribute(*kind, *attribute, word(e, f))
        }
        Expr::Variable(kind, e, variable) => f.variable(*kind, *variable, word(e, f)),
        Expr::Reference(kind, e, variable) => match word(e, f) {
            NO_ENTITY => NO_ENTITY,
            entity => f.variable(*kind, *variable, entity),
        },
        Expr::State(kind, e) => {
            let codes = &f.world.program.kinds[*kind].state_codes;
            let code = |state: u8| u64::from(codes[usize::from(state)]);
            f.state(*kind, word(e, f)).map_or(0, code)
        }
        Expr::EntityId(kind, e) => f.population.id(*kind, word(e, f)),
        Expr::HomeOf(_, e) => match word(e, f) {
            NO_ENTITY => NO_ENTITY,
            entity => Crossing::with_home(entity, f.world.home(entity)),
        },
        Expr::Unary(op, e) if !matches!(op, Unary::Exp | Unary::Log) => {
            finite(primitive::unary(*op, number(e, f))).to_bits()
        }
        // What the first decides is not asked of the second, which may have no value then.
        Expr::Binary(Binary::And, a, b) => {
            f64::from(number(a, f) != 0.0 && number(b, f) != 0.0).to_bits()
        }
        Expr::Binary(Binary::Or, a, b) => {
            f64::from(number(a, f) != 0.0 || number(b, f) != 0.0).to_bits()
        }
        Expr::Binary(op, a, b) if *op != Binary::Power => {
            finite(primitive::binary(*op, word(a, f), word(b, f))).to_bits()
        }
        Expr::If(parts) => {
            let holds = number(&parts.0, f) != 0.0;
            word(if holds { &parts.1 } else { &parts.2 }, f)
        }
        _ => eval_rare(e, f),
    }
}

/// The value of an expression that is not among the most common ones.
#[inline(never)]
fn eval_rare(e: &Expr, f: &Frame<'_>) -> u64 {
    match e {
        Expr::EventId => f.key.0,
        Expr::Index => f64::from(f.index).to_bits(),
        Expr::Cause => u64::from(f.cause),
        Expr::Own(attribute) => match f.own {
            Own::Nobody => 0,
            Own::Unborn(values) => values[usize::from(*attribute)],
            Own::Entity(kind, at) => f.population.attribute(kind, *attribute, at as u64),
        },
        Expr::OwnVariable(variable) => match f.own {
            Own::Entity(kind, at) => f.variable(kind, *variable, at as u64),
            _ => 0,
        },
        Expr::OwnEntity => match f.own {
            Own::Entity(_, at) => at as u64,
            _ => NO_ENTITY,
        },
        Expr::Age(kind, e) => {
            let joined = f.population.joined(*kind, eval(e, f));
            ((f.time - joined).0 as f64).to_bits()
        }
        Expr::Cell(cells, e) => cells.of(eval(e, f)),
        Expr::Unary(op, e) => finite(primitive::unary(*op, number(e, f))).to_bits(),
        Expr::Exact(units) => *units as u64,
        Expr::ExactUnary(op, e) => exact::unary(*op, word(e, f)),
        Expr::ExactBinary(op, a, b) => exact::binary(*op, word(a, f), word(b, f)),
        Expr::Split(parts) => {
            let place = [&parts.1, &parts.2].map(|e| number(e, f) as i64);
            exact::split(word(&parts.0, f), place)
        }
        Expr::Binary(op, a, b) => finite(primitive::binary(*op, eval(a, f), eval(b, f))).to_bits(),
        Expr::Draw(dist, args, purpose) => {
            let p = parameters(args, f);
            dist.quantile(f.key.uniform(*purpose), &p).to_bits()
        }
        Expr::Law(law, purpose) => law.quantile(f.key.uniform(*purpose)).to_bits(),
        Expr::Correlated(correlated) => together(correlated, f).to_bits(),
        Expr::Choice(shares, codes, purpose) => {
            u64::from(codes[primitive::choose(shares, f.key.uniform(*purpose))])
        }
        Expr::Case(selector, cases, otherwise) => {
            let value = eval(selector, f);
            let case = cases.iter().find(|(code, _)| u64::from(*code) == value);
            eval(case.map_or(otherwise, |(_, e)| e), f)
        }
        Expr::Lines(lines) => gather(lines, f),
        Expr::Happens(effect) => {
            // An effect belongs to the event, also where a delay of its child asks.
            let f = f.of.unwrap_or(f);
            let effect = &f.world.program.streams[f.stream].effects[usize::from(*effect)];
            f64::from(happens(effect, f)).to_bits()
        }
        Expr::NewId(purpose) => f.key.child(*purpose, 0).0,
        Expr::Pick(kind, state, purpose) => pick(f, *kind, *state, *purpose),
        Expr::PickWhere(wanted) => pick_where(f, wanted),
        Expr::Children(children) => come_to(children, f),
        Expr::PickIf(kind, e, state, purpose) => {
            let entity = eval(e, f);
            if f.state(*kind, entity) == Some(*state) {
                entity
            } else {
                pick(f, *kind, Some(*state), *purpose)
            }
        }
        Expr::Appointment(profile, parts, purpose) => {
            let [earliest, latest, step] =
                [&parts.0, &parts.1, &parts.2].map(|e| number(e, f) as i64);
            let (from, to) = (
                Time(earliest).max(f.time),
                Time(latest).min(f.time + APPOINTMENTS),
            );
            let table = &f.world.profiles[usize::from(*profile)];
            let (u, zone) = (f.key.uniform(*purpose), &f.world.program.zone);
            let time = table.appointment(zone, u, (from, to), Span(step));
            time.map_or(NO_TIME, |time| time.0 as f64).to_bits()
        }
        Expr::Hour => f64::from(f.world.program.zone.hour_and_weekday(f.time).0).to_bits(),
        Expr::Weekday => f64::from(f.world.program.zone.hour_and_weekday(f.time).1).to_bits(),
        Expr::DayStart(e) => {
            let midnight = |time| f.world.program.zone.reading(time).floor_to(Span::DAY);
            of_time(number(e, f), midnight).to_bits()
        }
        Expr::Midnight(midnight, parts) => {
            let (days, zone) = (number(&parts.1, f), &f.world.program.zone);
            let of = |time| midnight.of(zone.reading(time), days);
            of_time(number(&parts.0, f), of).to_bits()
        }
        Expr::AtWork(at) => at_work(at, f).to_bits(),
        Expr::Date(part, e) => {
            let us = number(e, f);
            match is_no_time(us) {
                true => 0.0,
                false => part.of(f.world.program.zone.reading(Time(us as i64))),
            }
            .to_bits()
        }
        Expr::OnClock(e) => of_time(number(e, f), |time| f.world.program.zone.when(time)).to_bits(),
        Expr::Lookup(lookup) => slots::answer(lookup, f).to_bits(),
        Expr::Utilisation(kind) => {
            let at = f.world.figures.slots(*kind);
            let share = |figures: &[f64]| utilisation(figures[at], figures[at + 1]);
            f.seen(at, share).to_bits()
        }
        Expr::RateFactor(profile) => f.world.profiles[usize::from(*profile)]
            .factor(f.time)
            .to_bits(),
        Expr::CountState(kind, state) => {
            let at = f.world.figures.state(*kind, *state);
            f.seen(at, |figures| figures[at]).to_bits()
        }
        Expr::Waiting(desk) => {
            let at = f.world.figures.waiting(*desk);
            f.seen(at, |figures| figures[at]).to_bits()
        }
        Expr::Total(counter) => finite(f.total(*counter, Look::before)).to_bits(),
        Expr::ChangeOf(counter) => {
            let before = f.total(*counter, Look::a_period_before);
            finite(f.total(*counter, Look::before) - before).to_bits()
        }
        Expr::Modified(at, e) => modified(*at, number(e, f), f).to_bits(),
        Expr::Template(template) => {
            // What is to be known of its values is noted; the text itself is written with the rows.
            template.values().for_each(|(e, _)| {
                word(e, f);
            });
            0
        }
        Expr::HeldBack(by) => f64::from(f.made == *by).to_bits(),
        Expr::Num(_)
        | Expr::Text(_)
        | Expr::Slot(_)
        | Expr::Time
        | Expr::Attribute(..)
        | Expr::Variable(..)
        | Expr::Reference(..)
        | Expr::State(..)
        | Expr::EntityId(..)
        | Expr::HomeOf(..)
        | Expr::If(_) => unreachable!("{e:?} is worked out by eval"),
    }
}

/// The parameters of a distribution.
#[inline(always)]
fn parameters(args: &[Expr], f: &Frame<'_>) -> [f64; MOST_PARAMETERS] {
    let mut p = [0.0; MOST_PARAMETERS];
    for (value, arg) in p.iter_mut().zip(args) {
        *value = number(arg, f);
    }
    p
}

/// A draw that goes together with others.
#[inline(never)]
fn together(correlated: &Correlated, f: &Frame<'_>) -> f64 {
    let u = share_together(&correlated.scores, f.key);
    match &correlated.from {
        Distribution::Dist(dist, args) => dist.quantile(u, &parameters(args, f)),
        Distribution::Law(law) => law.quantile(u),
    }
}

/// What becomes of a time; of none, none.
fn of_time(us: f64, f: impl Fn(Time) -> Time) -> f64 {
    match is_no_time(us) {
        true => NO_TIME,
        false => f(Time(us as i64)).0 as f64,
    }
}

/// What the working days of a place say; of what is no time, nothing.
fn at_work(at: &AtWork, f: &Frame<'_>) -> f64 {
    let (us, zone) = (number(&at.time, f), &f.world.program.zone);
    let other = || number(&at.other, f);
    let place = || at.at(eval(&at.place, f));
    let reading = |us: f64| zone.reading(Time(us as i64));
    match at.asked {
        Working::Day => of_time(us, |time| place().day(zone.reading(time), other())),
        Working::After => of_time(us, |time| place().after(zone.reading(time), other())),
        _ if is_no_time(us) => 0.0,
        Working::Is => f64::from(place().works(reading(us).index_of(Span::DAY))),
        Working::Between => match other() {
            to if is_no_time(to) => 0.0,
            to => place().between(reading(us), reading(to)).0 as f64,
        },
    }
}

/// The value of a parameter under its modifiers, for this base.
#[inline(always)]
pub fn modified(at: u16, base: f64, f: &Frame<'_>) -> f64 {
    let modified = &f.world.program.modified[usize::from(at)];
    match modified.is_quiet(f.time) {
        true => base,
        false => f.bent(modified, base, |value, _| value, |value| value),
    }
}

/// Whether an effect without outcome group happens for this event, see [`decide`].
#[inline(always)]
pub fn happens(effect: &Effect, f: &Frame<'_>) -> bool {
    decide(effect, f).is_some()
}

/// An effect without outcome group happens for this event if its guard holds and the mark of its
/// first child lies under the probability. The mark belongs to the child, so that it is the same draw
/// whoever asks. Tells who made it happen; nobody where it would have happened anyway.
#[inline(always)]
pub fn decide(effect: &Effect, f: &Frame<'_>) -> Option<Label> {
    if let Some(when) = &effect.when
        && number(when, f) == 0.0
    {
        return None;
    }
    if let Expr::Modified(at, e) = &effect.probability {
        let modified = &f.world.program.modified[usize::from(*at)];
        return match modified.is_quiet(f.time) {
            true => probable(f.key, effect.purpose, number(e, f)).then_some(Label::NONE),
            false => decide_modified(effect, modified, e, f),
        };
    }
    probable(f.key, effect.purpose, number(&effect.probability, f)).then_some(Label::NONE)
}

#[inline(never)]
fn decide_modified(effect: &Effect, modified: &Modified, e: &Expr, f: &Frame<'_>) -> Option<Label> {
    let base = number(e, f);
    let mark = mark_of(f.key, effect.purpose);
    let outcome = |probability| probability >= 1.0 || mark < probability;
    let anyway = outcome(base);
    // By somebody: it came out as it would not have otherwise.
    let decided = |probability, side| match (outcome(probability), anyway) {
        (true, true) => Some(Label::NONE),
        (true, false) => Some(modified.made_by(f.time, base, side, outcome)),
        (false, _) => None,
    };
    f.bent(modified, base, decided, outcome)
}

impl Frame<'_> {
    /// What comes of a modified parameter on this side; notes on which sides something else comes of it. `told` is
    /// what it is about for those who are to be named.
    fn bent<T: PartialEq, U: PartialEq>(
        &self,
        modified: &Modified,
        base: f64,
        outcome: impl Fn(f64, Side) -> T,
        told: impl Fn(f64) -> U,
    ) -> T {
        let values = modified.values(self.time, base, self.world.sides());
        let on = |side: Side| outcome(values[side.index()], side);
        let mine = on(self.side);
        let differ: Sides = self.compared().filter(|&side| on(side) != mine).collect();
        if !differ.is_none() {
            let by = match differ.on(Side::UNTOUCHED) && self.side == Side::FACTUAL {
                true => modified.by(self.time, base, told),
                false => Label::NONE,
            };
            self.note(&Parting::by_lineage(differ, by));
        }
        mine
    }
}

/// Part of an effect's purpose: how its count is rounded.
const ROUNDED: u64 = 0;

/// How many children an effect has. One under modifiers is rounded up or down by chance, so that a
/// tenth more is a tenth more on average.
pub fn how_many(count: &Expr, effect: &Effect, frame: &Frame<'_>) -> f64 {
    let Expr::Modified(_, base) = count else {
        return number(count, frame);
    };
    let (base, value) = (number(base, frame), number(count, frame));
    if value == base {
        return base;
    }
    (value + frame.key.uniform(effect.purpose.part(ROUNDED))).floor()
}
