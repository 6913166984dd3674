//! What interventions did in a run: the true effect of each on every stream, and what an observer would
//! make of it.
//!
//! The truth comes from the sides that the engine plays at once. What was asked for is held against the side that lacks
//! just that: an event that would not be there without it counts as added, one that would be there as removed. External
//! events that come by themselves share what differs from the side that nothing touches: what one of them has a part
//! in alone is its, and the rest is joint. The observer sees only how many events an hour there were, and
//! compares the hours of the intervention's window with the same hours of the day and kinds of day outside it, as clocks in
//! the model's time zone show them.

use std::ops::Range;

use causeflow_engine::base::head::JOINTLY;
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::attribution::Difference;
use causeflow_engine::streams::play::StreamResult;
use causeflow_engine::streams::program::{Operation, Parameter, Program, StreamId, Without};
use causeflow_engine::streams::series::Series;
use causeflow_engine::streams::sides::{Label, Side};

use crate::plan::Plan;
use crate::rule::Rule;

/// What was going on, whether or not it did anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The name that rows are attributed to; red herrings have one of the same kind.
    pub name: String,
    /// `scenario` or `external_event`; `joint` where several have a part in something, and `together` for all of them,
    /// or all that were asked for, as one.
    pub kind: &'static str,
    /// When it began.
    pub start: Time,
    /// When an observer would expect its impact to begin and to be over.
    pub window: (Time, Time),
    /// The streams that it is expected to move, and which way: `increase`, `decrease` or `mixed`.
    pub expected: Vec<(String, &'static str)>,
    /// What its effects are held against.
    pub basis: Basis,
}

/// What effects are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Nothing: it moves nothing.
    Nothing,
    /// The run without it, which is played as this side.
    Without(Side),
    /// The untouched run, and of what differs from that the part in which only it has one.
    Part(Label),
}

impl Basis {
    /// Its word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Basis::Nothing => "nothing",
            Basis::Without(_) => "without",
            Basis::Part(_) => "part",
        }
    }

    /// The differences of a stream, hour by hour, in order; hours are counted from the epoch. All of them, and those
    /// of them that contention alone has made.
    pub fn hours<'a>(
        self,
        stream: &'a StreamResult,
    ) -> Box<dyn Iterator<Item = (i64, [Difference; 2])> + 'a> {
        match self {
            Basis::Nothing => Box::new(std::iter::empty()),
            Basis::Without(side) => Box::new(stream.impact.from_side(side).into_iter()),
            Basis::Part(label) => Box::new(stream.impact.because_of(label)),
        }
    }
}

/// What one cause did to one stream.
#[derive(Clone, Debug)]
pub struct Impact<'a> {
    /// Place of the cause in the list of causes.
    pub cause: usize,
    /// What the stream came to.
    pub stream: &'a StreamResult,
    /// Which way it was expected to move, if it was.
    pub expected: Option<&'static str>,
    basis: Basis,
    /// Events because of it.
    pub total: Difference,
    /// Those of them that contention alone has made.
    pub contention: Difference,
    /// Rows of the stream that are attributed to it.
    pub attributed: u64,
    /// Events of the stream in the hours that the window touches.
    pub events: u64,
    /// What an observer would see.
    pub observed: Observed,
}

impl<'a> Impact<'a> {
    /// Events because of it, hour by hour, see [`Basis::hours`].
    pub fn hours(&self) -> impl Iterator<Item = (i64, [Difference; 2])> + use<'a> {
        self.basis.hours(self.stream)
    }
}

/// What somebody would see who knows the window and counts events.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Observed {
    /// Events in the window over what the same hours have outside it, less 1; none where nothing can be
    /// compared.
    pub lift: Option<f64>,
    /// Correlation of the hourly level with the window, -1 to 1; none where either does not vary.
    pub correlation: Option<f64>,
}

/// What was going on in a run, and what it did to which stream. Streams that a cause was neither expected
/// to move nor moved are left out.
pub fn effects<'a>(
    plan: &Plan,
    program: &Program,
    streams: &'a [StreamResult],
) -> (Vec<Cause>, Vec<Impact<'a>>) {
    let causes = causes(plan, program);
    let hours = Hours::new(&plan.range, program);
    let mut effects = Vec::new();
    for stream in streams {
        let counts = Counts::new(&hours, &stream.series);
        for (at, cause) in causes.iter().enumerate() {
            let expected = cause.expected.iter().find(|(name, _)| *name == stream.name);
            let (mut total, mut contention, mut hours) =
                (Difference::default(), Difference::default(), 0);
            for (_, [all, by_contention]) in cause.basis.hours(stream) {
                total.merge(&all);
                contention.merge(&by_contention);
                hours += 1;
            }
            if hours == 0 && expected.is_none() {
                continue;
            }
            let named = match cause.kind {
                "joint" => Label::JOINT,
                _ => label(program, &cause.name),
            };
            let named = (!named.is_none()).then(|| stream.impact.because_of(named));
            let named = named.into_iter().flatten();
            let (events, observed) = counts.look(cause.window);
            effects.push(Impact {
                cause: at,
                stream,
                expected: expected.map(|(_, direction)| *direction),
                basis: cause.basis,
                total,
                contention,
                attributed: named.map(|(_, [all, _])| all.added + all.changed).sum(),
                events,
                observed,
            });
        }
    }
    // Cause by cause, and of each in the order of the streams.
    effects.sort_by_key(|effect| effect.cause);
    (causes, effects)
}

/// The label of an intervention; nobody's if the program has none of this name.
fn label(program: &Program, name: &str) -> Label {
    let known = program.interventions.iter().position(|i| i.name == name);
    known.map_or(Label::NONE, Label::of)
}

/// What effects of an intervention are held against.
fn basis(program: &Program, label: Label) -> Basis {
    match label.intervention().map(|at| &program.interventions[at]) {
        None => Basis::Nothing,
        Some(it) if it.asked_for => match program.side_without(Without::One(label)) {
            Some(side) => Basis::Without(side),
            None => Basis::Part(label),
        },
        Some(_) => match program.interventions.len() {
            1 => Basis::Without(Side::UNTOUCHED),
            _ => Basis::Part(label),
        },
    }
}

/// Scenarios in the order of their start, then external events in the order of their time, then what several of them
/// did.
pub fn causes(plan: &Plan, program: &Program) -> Vec<Cause> {
    let basis = |name: &str| basis(program, label(program, name));
    let events = plan.external_events();
    let of_events = |name: &str| {
        events
            .iter()
            .any(|e| e.attribution.as_deref() == Some(name) && e.injected_by.is_none())
    };
    let mut causes = Vec::new();
    for intervention in plan.interventions().iter().filter(|i| !of_events(&i.name)) {
        let envelopes = intervention.modifiers.iter().map(|(_, m)| m.envelope);
        let start = envelopes.clone().map(|e| e.start).min();
        let settled = envelopes.map(|e| e.settled()).max();
        let (Some(start), Some(settled)) = (start, settled) else {
            continue;
        };
        let mut expected: Vec<(String, &'static str)> = Vec::new();
        for (rule, _) in &intervention.modifiers {
            let direction = direction(program, rule);
            let streams: Vec<StreamId> = match rule.target.parameter {
                Parameter::Staff(desk) => program.served_at(desk).collect(),
                _ => vec![rule.target.stream],
            };
            for stream in streams {
                let stream = &program.streams[stream].name;
                match expected.iter_mut().find(|(name, _)| name == stream) {
                    Some((_, known)) if *known != direction => *known = "mixed",
                    Some(_) => {}
                    None => expected.push((stream.clone(), direction)),
                }
            }
        }
        causes.push(Cause {
            basis: basis(&intervention.name),
            name: intervention.name.clone(),
            kind: "scenario",
            start,
            window: (start, settled),
            expected,
        });
    }
    for event in events {
        // An announcement of a scenario does nothing of its own.
        let own = event
            .attribution
            .as_deref()
            .filter(|_| event.injected_by.is_none());
        let name = own.map_or_else(
            || format!("{}@{}", event.template, event.time),
            str::to_owned,
        );
        let begins = event.time + event.delay;
        let expects = |stream: &String| (stream.clone(), event.direction.name());
        causes.push(Cause {
            basis: own.map_or(Basis::Nothing, basis),
            name,
            kind: "external_event",
            start: event.time,
            window: (begins, begins + event.duration),
            expected: event.streams.iter().map(expects).collect(),
        });
    }
    causes.extend(several(&causes, program));
    causes
}

/// What is because of several interventions: jointly, and of all that were asked for, and of all, as one.
fn several(causes: &[Cause], program: &Program) -> Vec<Cause> {
    let acting = |of: &dyn Fn(bool) -> bool| {
        let named = |cause: &&Cause| {
            let at = label(program, &cause.name).intervention();
            at.is_some_and(|at| of(program.interventions[at].asked_for))
        };
        causes.iter().filter(named).collect::<Vec<_>>()
    };
    let of = |name: &str, kind, basis, of: &[&Cause]| {
        let start = of.iter().map(|cause| cause.start).min()?;
        let window = |cause: &&Cause| cause.window;
        let from = of.iter().map(window).map(|(from, _)| from).min()?;
        let until = of.iter().map(window).map(|(_, until)| until).max()?;
        Some(Cause {
            name: name.to_owned(),
            kind,
            start,
            window: (from, until),
            expected: Vec::new(),
            basis,
        })
    };
    let (all, asked_for) = (acting(&|_| true), acting(&|asked_for| asked_for));
    let mut several = Vec::new();
    if all.len() > 1 {
        several.extend(of(JOINTLY, "joint", Basis::Part(Label::JOINT), &all));
    }
    if asked_for.len() > 1
        && let Some(side) = program.side_without(Without::AskedFor)
    {
        several.extend(of(ASKED_FOR, "together", Basis::Without(side), &asked_for));
    }
    if all.len() > 1 {
        let basis = Basis::Without(Side::UNTOUCHED);
        several.extend(of(EVERYTHING, "together", basis, &all));
    }
    several
}

/// The name of all that was asked for, as one cause.
pub const ASKED_FOR: &str = "all that was asked for";
/// The name of all interventions, as one cause.
pub const EVERYTHING: &str = "all interventions";

/// Which way a modifier moves how many events the stream has that it is aimed at.
fn direction(program: &Program, rule: &Rule) -> &'static str {
    let more = match rule.amount.operation {
        Operation::Multiply(factor) => factor > 1.0,
        Operation::Add(amount) => amount > 0.0,
        // That depends on what the value is.
        Operation::Override(_) => return "mixed",
    };
    let of = rule.target.stream;
    let causes = |from: StreamId| {
        let stream = &program.streams[from];
        stream.all_effects().any(|effect| effect.stream == of)
    };
    match (&rule.target.parameter, more) {
        (Parameter::Rate | Parameter::Volume, true) => "increase",
        (Parameter::Rate | Parameter::Volume, false) => "decrease",
        (Parameter::Probability(_) | Parameter::Count(_), true) => "increase",
        (Parameter::Probability(_) | Parameter::Count(_), false) => "decrease",
        // What comes later in a loop comes round less often.
        (Parameter::Delay(_), more) if causes(of) => match more {
            true => "decrease",
            false => "increase",
        },
        // They move in time, or have other values.
        (
            Parameter::Delay(_)
            | Parameter::Work
            | Parameter::Staff(_)
            | Parameter::Field(_)
            | Parameter::Choice(..),
            _,
        ) => "mixed",
    }
}

/// The whole hours of a run as an observer tells them apart: by the hour of the day, and whether it is one of the weekend.
struct Hours {
    /// The first, counted from the epoch.
    first: i64,
    /// The class of each.
    classes: Vec<u8>,
}

/// What some hours of a class have.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    hours: f64,
    events: f64,
    squares: f64,
}

impl Sum {
    fn add(&mut self, count: f64) {
        self.hours += 1.0;
        self.events += count;
        self.squares += count * count;
    }
}

type Sums = [Sum; 48];

/// A stream hour by hour, and what all hours of each class have.
struct Counts<'a> {
    hours: &'a Hours,
    counts: Vec<f64>,
    all: Sums,
}

impl Hours {
    fn new(range: &Range<Time>, program: &Program) -> Hours {
        // Of an hour that the range cuts nobody can say how much it has.
        let first = hour_before(range.start) + 1;
        let last = range.end.index_of(Span::HOUR) - 1;
        let class = |hour: i64| {
            let local = program.zone.local(Time(hour * Span::HOUR.0));
            local.hour() as u8 + 24 * u8::from(program.weekend.has(local.date()))
        };
        Hours {
            first,
            classes: (first..=last).map(class).collect(),
        }
    }
}

/// The hour in which the moment before a time lies.
fn hour_before(time: Time) -> i64 {
    (time - Span(1)).index_of(Span::HOUR)
}

impl<'a> Counts<'a> {
    fn new(hours: &'a Hours, series: &Series) -> Counts<'a> {
        let numbers = (hours.first..).take(hours.classes.len());
        let counts = numbers.map(|hour| series.count(hour, Side::FACTUAL) as f64);
        let counts: Vec<f64> = counts.collect();
        let mut all = [Sum::default(); 48];
        for (&count, &class) in counts.iter().zip(&hours.classes) {
            all[usize::from(class)].add(count);
        }
        Counts { hours, counts, all }
    }

    /// The events in the hours that a window touches, and what somebody would see who holds them against the others.
    fn look(&self, (from, until): (Time, Time)) -> (u64, Observed) {
        let place =
            |hour: i64| (hour - self.hours.first).clamp(0, self.counts.len() as i64) as usize;
        let (from, until) = (
            place(from.index_of(Span::HOUR)),
            place(hour_before(until) + 1),
        );
        let mut inside: Sums = [Sum::default(); 48];
        for at in from..until {
            inside[usize::from(self.hours.classes[at])].add(self.counts[at]);
        }
        let events: f64 = inside.iter().map(|class| class.events).sum();
        let (mut here, mut usual) = (0.0, 0.0);
        // An hour's level is what it has, relative to the hours of its class outside.
        let (mut levels, mut within) = (Sum::default(), Sum::default());
        for (all, inside) in self.all.iter().zip(&inside) {
            let outside = Sum {
                hours: all.hours - inside.hours,
                events: all.events - inside.events,
                squares: all.squares - inside.squares,
            };
            if outside.hours > 0.0 {
                here += inside.events;
                usual += inside.hours * outside.events / outside.hours;
            }
            if outside.events > 0.0 {
                let level = outside.hours / outside.events;
                within.hours += inside.hours;
                within.events += inside.events * level;
                levels.hours += all.hours;
                // Outside they come to 1 on average.
                levels.events += outside.hours + inside.events * level;
                levels.squares += all.squares * level * level;
            }
        }
        let observed = Observed {
            lift: (usual > 0.0).then(|| here / usual - 1.0),
            correlation: correlation(&levels, &within),
        };
        (events as u64, observed)
    }
}

/// How the levels go along with whether an hour is within a window: the point-biserial form of Pearson's correlation.
fn correlation(levels: &Sum, within: &Sum) -> Option<f64> {
    if within.hours == 0.0 || within.hours == levels.hours {
        return None;
    }
    let mean = levels.events / levels.hours;
    let variance = levels.squares / levels.hours - mean * mean;
    // What is left of levels that are all the same is rounding.
    if variance <= 1e-12 * mean * mean {
        return None;
    }
    let share = within.hours / levels.hours;
    let mean_within = within.events / within.hours;
    Some((mean_within - mean) * (share / (1.0 - share)).sqrt() / variance.sqrt())
}
