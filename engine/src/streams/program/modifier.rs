//! Modifiers: how interventions (scenarios and external events) bend a program's parameters for some
//! time, and how they let go of them.
//!
//! A parameter's value is its base, then each modifier that acts at the time, in sequence, then clamped
//! to what is legal. How strongly a modifier acts follows its [`Envelope`]: it rises by the onset,
//! holds at 1 while active, and falls by the settling curve.

use std::collections::BTreeSet;

use crate::base::time::{Span, Time};
use crate::streams::sides::{Label, MOST_SIDES, Side, Sides};

/// Most interventions of a program, so that labels fit in 15 bits, with room for others who are accounted for.
pub const MOST_INTERVENTIONS: usize = 0x7F00;

/// Something that comes from outside the model and bends it: a scenario or an external event.
#[derive(Clone, Debug, PartialEq)]
pub struct Intervention {
    /// The name that rows are attributed to.
    pub name: String,
    /// The dictionary's code of the name.
    pub code: u16,
    /// The code of the name with a note that it is about scarcity, see [`crate::streams::attribution`].
    pub scarcity_code: u16,
    /// Whether it was asked for, in contrast to what belongs to the surroundings.
    pub asked_for: bool,
}

/// What a modifier does at full strength.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Operation {
    /// Multiplies the value.
    Multiply(f64),
    /// Adds to the value; a shift of a probability is that too.
    Add(f64),
    /// Draws the value from what it is so far towards this one.
    Override(f64),
}

/// How a modifier lets go once it is no longer active.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Settling {
    /// At once.
    Immediate,
    /// Evenly, over this time.
    Linear(Span),
    /// By half in each half-life.
    Exponential(Span),
}

/// What a modifier is doing at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It has not begun.
    Waiting,
    /// It acts at full strength, or is rising to it.
    Active,
    /// It is letting go.
    Settling,
    /// It has no effect any more.
    Settled,
}

/// Below this strength a modifier has settled.
pub const SETTLED: f64 = 0.05;
/// Half-lives until an exponential has settled: log2(1 / [`SETTLED`]).
const HALF_LIVES: f64 = 4.321_928_094_887_363;

/// How strongly a modifier acts, over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Envelope {
    /// From when on it acts.
    pub start: Time,
    /// How long it takes to rise evenly to full strength.
    pub onset: Span,
    /// From when on it lets go.
    pub end: Time,
    /// How it lets go.
    pub settling: Settling,
    /// From when on it may have no effect, however far it has let go.
    pub until: Option<Time>,
}

impl Envelope {
    /// From when on it has no effect at all.
    pub fn settled(&self) -> Time {
        let after = match self.settling {
            Settling::Immediate => 0.0,
            Settling::Linear(length) => length.0 as f64 * (1.0 - SETTLED),
            Settling::Exponential(half_life) => half_life.0 as f64 * HALF_LIVES,
        };
        let settled = self.end + Span(after as i64);
        self.until.map_or(settled, |until| until.min(settled))
    }

    /// How strongly it acts at a time, 0 to 1.
    pub fn at(&self, time: Time) -> f64 {
        match self.phase(time) {
            Phase::Waiting | Phase::Settled => 0.0,
            Phase::Active => self.risen(time),
            Phase::Settling => {
                let since = (time - self.end).0 as f64;
                let left = match self.settling {
                    Settling::Immediate => 0.0,
                    Settling::Linear(length) => 1.0 - since / length.0 as f64,
                    Settling::Exponential(half_life) => libm::exp2(-since / half_life.0 as f64),
                };
                // One that ends before it has fully risen falls from where it is.
                self.risen(self.end) * left
            }
        }
    }

    /// The first time after this one at which its strength may be another, where one that rises or falls is looked at
    /// at multiples of a step.
    fn moves_after(&self, time: Time, step: Span) -> Option<Time> {
        let (risen, settled) = (self.start + self.onset, self.settled());
        let next = |from: Time, to: Time| {
            let next = time.max(from).floor_to(step) + step;
            (next < to).then_some(next)
        };
        let rising = next(self.start, risen.min(settled));
        let falling = next(self.end, settled);
        let turns = [self.start, risen, self.end, settled];
        let all = turns.into_iter().chain(rising).chain(falling);
        all.filter(|&at| at > time && at <= settled).min()
    }

    fn risen(&self, time: Time) -> f64 {
        if self.onset.0 <= 0 {
            return 1.0;
        }
        ((time - self.start).0 as f64 / self.onset.0 as f64).clamp(0.0, 1.0)
    }

    /// What it is doing at a time.
    pub fn phase(&self, time: Time) -> Phase {
        if time < self.start {
            Phase::Waiting
        } else if time >= self.settled() {
            Phase::Settled
        } else if time < self.end {
            Phase::Active
        } else {
            Phase::Settling
        }
    }
}

/// One intervention's hold on one parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Modifier {
    /// Who does it.
    pub by: Label,
    /// What it does at full strength.
    pub operation: Operation,
    /// How strongly, when.
    pub envelope: Envelope,
    /// Modifiers with a higher one come later in the sequence, so that an override has the last word.
    pub precedence: i32,
}

/// A modifier and the sides on which it acts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Aimed {
    modifier: Modifier,
    on: Sides,
}

impl Aimed {
    /// What it makes of a value at a time.
    fn at(&self, time: Time, value: f64) -> f64 {
        let modifier = &self.modifier;
        modifier.apply(value, modifier.envelope.at(time))
    }
}

impl Modifier {
    /// All that it is about up to a time, as numbers: what it does later does not show.
    pub(crate) fn words_until(&self, time: Time) -> [u64; 11] {
        let (operation, size) = match self.operation {
            Operation::Multiply(factor) => (0, factor),
            Operation::Add(amount) => (1, amount),
            Operation::Override(target) => (2, target),
        };
        let (settling, settles) = match self.envelope.settling {
            Settling::Immediate => (0, Span(0)),
            Settling::Linear(length) => (1, length),
            Settling::Exponential(half_life) => (2, half_life),
        };
        let Envelope {
            start,
            onset,
            end,
            until,
            ..
        } = self.envelope;
        let before = |at: Time| at.min(time).0 as u64;
        [
            u64::from(self.by.0),
            operation,
            size.to_bits(),
            self.precedence as u64,
            settling,
            settles.0 as u64,
            onset.0 as u64,
            before(start),
            before(end),
            before(until.unwrap_or(time)),
            u64::from(until.is_some_and(|until| until < time)),
        ]
    }

    fn apply(&self, value: f64, strength: f64) -> f64 {
        match self.operation {
            Operation::Multiply(factor) => value * (1.0 + (factor - 1.0) * strength),
            Operation::Add(amount) => value + amount * strength,
            Operation::Override(target) => value + (target - value) * strength,
        }
    }
}

/// The modifiers of one parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Modified {
    /// The modifiers, in sequence.
    modifiers: Vec<Aimed>,
    /// What the parameter may be.
    legal: (f64, f64),
    /// Times at which modifiers begin or have settled, in order.
    turns: Vec<Time>,
    /// Which modifiers act from each of those times on, in sequence.
    acting: Vec<Vec<u16>>,
    /// Number of the hour of the first of those times, from the epoch.
    first_hour: i64,
    /// Whether any modifier acts in each hour from that one on; of a very long time only the first
    /// [`MOST_HOURS`] are known.
    busy: Vec<bool>,
}

/// Hours of which is kept whether a modifier acts in them: seven years, more than a run is likely to have.
const MOST_HOURS: usize = 1 << 16;
/// Later than any hour.
const NEVER: i64 = i64::MAX / 2;

impl Modified {
    /// No modifiers yet, of a parameter that lies between two values.
    pub fn new(legal: (f64, f64)) -> Modified {
        Modified {
            modifiers: Vec::new(),
            legal,
            turns: Vec::new(),
            acting: Vec::new(),
            first_hour: NEVER,
            busy: Vec::new(),
        }
    }

    /// The modifiers, in sequence.
    pub fn modifiers(&self) -> impl Iterator<Item = &Modifier> + Clone {
        self.modifiers.iter().map(|aimed| &aimed.modifier)
    }

    /// Adds one at the end of those with its precedence.
    pub fn push(&mut self, modifier: Modifier) {
        let at = self
            .modifiers
            .partition_point(|other| other.modifier.precedence <= modifier.precedence);
        let on = Sides::ALL.without(Side::UNTOUCHED.into());
        self.modifiers.insert(at, Aimed { modifier, on });
    }

    /// Works out which modifiers act when; needed once all have been added. `acts_on` tells on which sides the
    /// interventions act, in their order.
    pub fn prepare(&mut self, acts_on: &[Sides]) {
        for Aimed { modifier, on } in &mut self.modifiers {
            let known = modifier.by.intervention().and_then(|at| acts_on.get(at));
            *on = known.copied().unwrap_or(*on);
        }
        let mut turns: Vec<(Time, bool, u16)> = Vec::new();
        for (at, Aimed { modifier, .. }) in (0..).zip(&self.modifiers) {
            let envelope = &modifier.envelope;
            if envelope.start < envelope.settled() {
                turns.push((envelope.start, true, at));
                turns.push((envelope.settled(), false, at));
            }
        }
        turns.sort_unstable();
        (self.turns, self.acting) = (Vec::new(), Vec::new());
        let mut acting = BTreeSet::new();
        for (time, begins, at) in turns {
            if begins {
                acting.insert(at);
            } else {
                acting.remove(&at);
            }
            if self.turns.last() != Some(&time) {
                self.turns.push(time);
                self.acting.push(Vec::new());
            }
            if let Some(last) = self.acting.last_mut() {
                *last = acting.iter().copied().collect();
            }
        }
        self.prepare_hours();
    }

    fn prepare_hours(&mut self) {
        let hour = |time: Option<&Time>| time.map_or(NEVER, |time| time.index_of(Span::HOUR));
        let (first, last) = (hour(self.turns.first()), hour(self.turns.last()));
        let hours = first..=last.min(first + MOST_HOURS as i64 - 1);
        let acts = |hour: i64| {
            let start = Time(hour * Span::HOUR.0);
            self.acts_between(start, start + Span::HOUR)
        };
        self.busy = match first {
            NEVER => Vec::new(),
            _ => hours.map(acts).collect(),
        };
        self.first_hour = first;
    }

    /// Whether no modifier acts at a time, as far as can be told at once: most of the time none does.
    #[inline(always)]
    pub fn is_quiet(&self, time: Time) -> bool {
        match usize::try_from(time.index_of(Span::HOUR) - self.first_hour) {
            Err(_) => true,
            Ok(hour) => match self.busy.get(hour) {
                Some(busy) => !busy,
                None => self.busy.len() < MOST_HOURS,
            },
        }
    }

    /// The first time after this one at which the value may be another for the same base, where what rises or falls is
    /// looked at at multiples of a step.
    pub fn moves_after(&self, time: Time, step: Span) -> Option<Time> {
        let envelopes = self.modifiers().map(|modifier| modifier.envelope);
        envelopes
            .filter_map(|envelope| envelope.moves_after(time, step))
            .min()
    }

    /// Those that act at a time, in sequence.
    #[inline]
    fn acting(&self, time: Time) -> impl Iterator<Item = &Aimed> + Clone {
        let passed = match self.is_quiet(time) {
            true => 0,
            false => self.turns.partition_point(|&turn| turn <= time),
        };
        let acting = passed.checked_sub(1).map_or(&[][..], |at| &self.acting[at]);
        acting.iter().map(|&m| &self.modifiers[usize::from(m)])
    }

    /// Whether any acts from `start` up to `end`.
    pub fn acts_between(&self, start: Time, end: Time) -> bool {
        let passed = self.turns.partition_point(|&turn| turn <= start);
        let within = self.turns.partition_point(|&turn| turn < end);
        (passed.saturating_sub(1)..within).any(|at| !self.acting[at].is_empty())
    }

    fn clamp(&self, value: f64) -> f64 {
        let value = if value.is_finite() { value } else { 0.0 };
        value.max(self.legal.0).min(self.legal.1)
    }

    /// The value at a time on a side, for a base; the base itself where nothing acts.
    #[inline]
    pub fn value(&self, time: Time, base: f64, side: Side) -> f64 {
        let mut acting = self.acting(time).filter(|m| m.on.on(side)).peekable();
        if acting.peek().is_none() {
            return base;
        }
        self.clamp(acting.fold(base, |value, m| m.at(time, value)))
    }

    /// The values at a time on each of the first sides, so many, for a base, as [`Modified::value`] gives them.
    pub fn values(&self, time: Time, base: f64, sides: usize) -> [f64; MOST_SIDES] {
        let mut values = [base; MOST_SIDES];
        let mut bent = Sides::NONE;
        for Aimed { modifier, on } in self.acting(time) {
            let strength = modifier.envelope.at(time);
            for side in on.each(sides) {
                let value = &mut values[side.index()];
                *value = modifier.apply(*value, strength);
            }
            bent = bent | *on;
        }
        for side in bent.each(sides) {
            let value = &mut values[side.index()];
            *value = self.clamp(*value);
        }
        values
    }

    /// The largest value at any time from `start` up to `end`, for bases up to `base`, all at least 0.
    pub fn largest_between(&self, start: Time, end: Time, base: f64) -> f64 {
        let overlaps = |m: &&Modifier| m.envelope.start < end && m.envelope.settled() > start;
        let passed = self.turns.partition_point(|&turn| turn <= start);
        if self.turns.get(passed).is_none_or(|&turn| turn >= end) {
            // Mostly nobody comes or goes meanwhile.
            let acting = passed.checked_sub(1).map_or(&[][..], |at| &self.acting[at]);
            let acting = acting.iter().map(|&m| &self.modifiers[usize::from(m)]);
            return acting.fold(base, |value, m| value.max(m.modifier.apply(value, 1.0)));
        }
        self.modifiers()
            .filter(overlaps)
            // An operation is monotone in its strength, so its extremes are at 0 and 1.
            .fold(base, |value, m| value.max(m.apply(value, 1.0)))
    }

    /// The largest value at any time, for bases up to `base`.
    ///
    /// It is asked of programs that are not prepared to be played, too, so what acts when is not looked up.
    pub fn largest(&self, base: f64) -> f64 {
        self.modifiers()
            .fold(base, |value, m| value.max(m.apply(value, 1.0)))
    }

    /// The smallest value at any time, for bases from `base` on, all at least 0.
    pub fn smallest(&self, base: f64) -> f64 {
        self.modifiers()
            .fold(base, |value, m| value.min(m.apply(value, 1.0)))
    }

    /// Who made something come out on a side as `outcome(value)` instead of `outcome(base)`: the last in the sequence
    /// that changed the outcome. Nobody if it is the same.
    pub fn made_by<T: PartialEq>(
        &self,
        time: Time,
        base: f64,
        side: Side,
        outcome: impl Fn(f64) -> T,
    ) -> Label {
        let before = outcome(base);
        let (mut value, mut came_out, mut by) = (base, outcome(base), Label::NONE);
        for m in self.acting(time).filter(|m| m.on.on(side)) {
            value = m.at(time, value);
            let now = outcome(self.clamp(value));
            if now != came_out {
                by = m.modifier.by;
                came_out = now;
            }
        }
        if came_out == before { Label::NONE } else { by }
    }

    /// Who moves the value most at a time on a side; nobody where nothing acts.
    pub fn strongest(&self, time: Time, base: f64, side: Side) -> Label {
        let (mut value, mut most, mut by) = (base, 0.0, Label::NONE);
        for m in self.acting(time).filter(|m| m.on.on(side)) {
            let next = m.at(time, value);
            if (next - value).abs() > most {
                (most, by) = ((next - value).abs(), m.modifier.by);
            }
            value = next;
        }
        by
    }

    /// Whose interventions have a part in that something comes out as it does and not as `outcome(base)`: those without
    /// whom it would come out otherwise. Where it needs none of them, since others would do as well, those who would
    /// do alone. Nobody if it is the same.
    pub fn by<T: PartialEq>(&self, time: Time, base: f64, outcome: impl Fn(f64) -> T) -> Label {
        let acting = self.acting(time).map(|m| m.modifier.by);
        let with = |takes_part: &dyn Fn(Label) -> bool| {
            let mut acting = self.acting(time).filter(|m| takes_part(m.modifier.by));
            let mut acting = acting.by_ref().peekable();
            match acting.peek() {
                None => outcome(base),
                Some(_) => outcome(self.clamp(acting.fold(base, |value, m| m.at(time, value)))),
            }
        };
        let (came_out, before) = (with(&|_| true), outcome(base));
        if came_out == before {
            return Label::NONE;
        }
        let named = |of: &dyn Fn(Label) -> bool| {
            let named = acting.clone().filter(|&by| of(by));
            named.fold(Label::NONE, Label::and)
        };
        let needed = named(&|by| with(&|other| other != by) != came_out);
        if !needed.is_none() {
            return needed;
        }
        let alone = named(&|by| with(&|other| other == by) == came_out);
        alone.or(Label::JOINT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Span = Span::HOUR;

    fn hours(n: i64) -> Time {
        Time(n * HOUR.0)
    }

    fn modifier(
        number: u16,
        operation: Operation,
        from: i64,
        to: i64,
        settling: Settling,
    ) -> Modifier {
        Modifier {
            by: Label(number),
            operation,
            envelope: Envelope {
                start: hours(from),
                onset: Span(0),
                end: hours(to),
                settling,
                until: None,
            },
            precedence: 0,
        }
    }

    fn modified(modifiers: &[Modifier]) -> Modified {
        let mut all = Modified::new((0.0, f64::INFINITY));
        modifiers.iter().for_each(|&m| all.push(m));
        all.prepare(&[]);
        all
    }

    #[test]
    fn envelopes_rise_hold_and_settle() {
        let mut envelope = modifier(
            1,
            Operation::Add(1.0),
            10,
            20,
            Settling::Linear(Span(10 * HOUR.0)),
        )
        .envelope;
        envelope.onset = Span(2 * HOUR.0);
        let at = |h: f64| envelope.at(Time((h * HOUR.0 as f64) as i64));
        assert_eq!(
            [at(9.9), at(11.0), at(12.0), at(19.9), at(25.0)],
            [0.0, 0.5, 1.0, 1.0, 0.5]
        );
        assert!(at(29.49) > SETTLED && at(29.51) == 0.0);
        envelope.settling = Settling::Exponential(Span(4 * HOUR.0));
        assert_eq!(envelope.at(hours(28)), 0.25);
        assert_eq!(envelope.phase(hours(37)), Phase::Settling);
        assert_eq!(envelope.phase(hours(38)), Phase::Settled);
        envelope.until = Some(hours(22));
        assert_eq!(
            [envelope.at(hours(21)) > 0.5, envelope.at(hours(22)) == 0.0],
            [true; 2]
        );
        envelope.until = Some(hours(15));
        assert_eq!(envelope.phase(hours(15)), Phase::Settled);
        assert_eq!(envelope.settled(), hours(15));
    }

    #[test]
    fn modifiers_apply_in_sequence_and_precedence_has_the_last_word() {
        let mut all = modified(&[
            Modifier {
                precedence: 1,
                ..modifier(1, Operation::Override(7.0), 0, 10, Settling::Immediate)
            },
            modifier(2, Operation::Multiply(3.0), 5, 15, Settling::Immediate),
            modifier(3, Operation::Multiply(2.0), 5, 15, Settling::Immediate),
        ]);
        let value = |hour, side| all.value(hours(hour), 1.0, side);
        let at = [-1, 7, 12, 15];
        assert_eq!(
            at.map(|hour| value(hour, Side::FACTUAL)),
            [1.0, 7.0, 6.0, 1.0]
        );
        assert_eq!(at.map(|hour| value(hour, Side::UNTOUCHED)), [1.0; 4]);
        assert!(!all.acts_between(hours(-5), hours(0)) && all.acts_between(hours(-5), hours(1)));
        assert!(!all.acts_between(hours(15), hours(20)) && all.acts_between(hours(14), hours(20)));
        assert_eq!(all.largest_between(hours(10), hours(20), 1.0), 6.0);
        assert_eq!(all.smallest(1.0), 1.0);
        // Whoever checks a run asks before anything is prepared.
        let mut asked = Modified::new((0.0, f64::INFINITY));
        asked.push(modifier(
            2,
            Operation::Multiply(3.0),
            5,
            15,
            Settling::Immediate,
        ));
        assert_eq!((asked.largest(2.0), asked.smallest(2.0)), (6.0, 2.0));
        all.push(modifier(
            4,
            Operation::Add(-100.0),
            12,
            13,
            Settling::Immediate,
        ));
        all.prepare(&[]);
        assert_eq!(all.value(hours(12), 1.0, Side::FACTUAL), 0.0);
        assert_eq!(all.smallest(10.0), -90.0);
    }

    #[test]
    fn those_without_whom_it_would_be_otherwise_are_named() {
        let all = modified(&[
            modifier(1, Operation::Multiply(1.5), 0, 10, Settling::Immediate),
            modifier(2, Operation::Multiply(1.2), 0, 10, Settling::Immediate),
        ]);
        let by = |mark: f64| all.by(hours(1), 1.0, |rate| mark < rate);
        assert_eq!(
            [by(0.9), by(1.4), by(1.7), by(1.9)],
            [Label::NONE, Label(1), Label::JOINT, Label::NONE]
        );
        // Either would do.
        assert_eq!(by(1.1), Label::JOINT);
        assert_eq!(all.by(hours(1), 1.0, |rate| rate), Label::JOINT);
        let made = |mark: f64, side| all.made_by(hours(1), 1.0, side, |rate| mark < rate);
        assert_eq!(
            [1.1, 1.7, 1.9].map(|mark| made(mark, Side::FACTUAL)),
            [Label(1), Label(2), Label::NONE]
        );
        assert_eq!(made(1.1, Side::UNTOUCHED), Label::NONE);
        assert_eq!(all.strongest(hours(1), 1.0, Side::FACTUAL), Label(1));
    }

    use proptest::prelude::*;

    proptest! {
        /// Quiet hours save the search for modifiers, and nothing else.
        #[test]
        fn the_value_is_that_of_all_modifiers_that_act(
            spans in prop::collection::vec((0..90_000i64, 0..300i64, 0..50i64), 0..6),
            minutes in prop::collection::vec(-200..6_000_000i64, 50),
        ) {
            let envelope = |&(start, lasts, settles): &(i64, i64, i64)| Envelope {
                start: Time(start * Span::MINUTE.0),
                onset: Span(0),
                end: Time((start + lasts) * Span::MINUTE.0),
                settling: Settling::Linear(Span(settles * Span::MINUTE.0)),
                until: None,
            };
            let modifiers: Vec<Modifier> = spans
                .iter()
                .map(|span| Modifier {
                    by: Label(1),
                    operation: Operation::Add(1.0),
                    envelope: envelope(span),
                    precedence: 0,
                })
                .collect();
            let all = modified(&modifiers);
            // Also around the turns, where hours begin to be busy.
            let turns = spans.iter().flat_map(|&(start, lasts, _)| [start - 1, start, start + lasts]);
            for minute in minutes.into_iter().chain(turns) {
                let time = Time(minute * Span::MINUTE.0 + 7);
                let acts = |m: &&Modifier| {
                    m.envelope.start <= time && time < m.envelope.settled()
                };
                let expected = modifiers.iter().filter(acts);
                let expected = expected.fold(5.0, |value, m| m.apply(value, m.envelope.at(time)));
                prop_assert_eq!(all.value(time, 5.0, Side::FACTUAL), expected);
                prop_assert!(!all.is_quiet(time) || modifiers.iter().filter(acts).count() == 0);
            }
        }
    }

    /// Within an hour in which nobody comes or goes, and across such times.
    #[test]
    fn no_value_lies_above_the_largest() {
        let settling = Settling::Exponential(Span(4 * HOUR.0));
        let all = modified(&[
            modifier(1, Operation::Multiply(3.0), 10, 20, Settling::Immediate),
            modifier(2, Operation::Add(5.0), 15, 30, settling),
            modifier(3, Operation::Multiply(0.5), 12, 18, settling),
        ]);
        for from in 0..60 {
            for length in [1, 2, 9] {
                let (start, end) = (hours(from), hours(from + length));
                let largest = all.largest_between(start, end, 7.0);
                let mut times = (0..40 * length).map(|at| Time(start.0 + at * HOUR.0 / 40));
                let below = |time| all.value(time, 7.0, Side::FACTUAL) <= largest;
                assert!(times.all(below), "hour {from}");
            }
        }
        assert_eq!(all.largest_between(hours(0), hours(10), 7.0), 7.0);
        assert_eq!(all.largest_between(hours(10), hours(11), 7.0), 21.0);
        assert_eq!(all.largest_between(hours(9), hours(11), 7.0), 21.0);
    }
}
