//! What interventions did in a run: the true effect of each on every stream, and what an observer would
//! make of it.
//!
//! The truth comes from the sides that the engine plays at once. What was asked for is held against the side that lacks
//! just that: an event that would not be there without it counts as added, one that would be there as removed. External
//! events that come by themselves share what differs from the side that nothing touches: what one of them has a part
//! in alone is its, and the rest is joint. The observer sees only how many events an hour there were, and
//! compares the hours of the intervention's window with the same hours of the day and kinds of day outside it.

use causeflow_engine::attribution::Difference;
use causeflow_engine::program::{
    JOINT, JOINTLY, Label, Operation, Parameter, Program, StreamId, Without,
};
use causeflow_engine::run::StreamResult;
use causeflow_engine::series::Series;
use causeflow_engine::sides::Side;
use causeflow_engine::time::{Span, Time};

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
            Basis::Without(side) => Box::new(stream.effects.from_side(side).into_iter()),
            Basis::Part(label) => Box::new(stream.effects.because_of(label)),
        }
    }
}

/// What one cause did to one stream.
#[derive(Clone, Debug)]
pub struct Effect<'a> {
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

impl<'a> Effect<'a> {
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
) -> (Vec<Cause>, Vec<Effect<'a>>) {
    let causes = causes(plan, program);
    let mut effects = Vec::new();
    for (at, cause) in causes.iter().enumerate() {
        for stream in streams {
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
                "joint" => JOINT,
                _ => label(program, &cause.name),
            };
            let named = (named != 0).then(|| stream.effects.because_of(named));
            let named = named.into_iter().flatten();
            let inside = |hour: i64| {
                let hour = Time(hour * Span::HOUR.0);
                cause.window.0 < hour + Span::HOUR && hour < cause.window.1
            };
            let levels = Levels::new(plan, &stream.series, inside);
            effects.push(Effect {
                cause: at,
                stream,
                expected: expected.map(|(_, direction)| *direction),
                basis: cause.basis,
                total,
                contention,
                attributed: named.map(|(_, [all, _])| all.added + all.changed).sum(),
                events: levels.events,
                observed: levels.observed(),
            });
        }
    }
    (causes, effects)
}

/// The label of an intervention; 0 if the program has none of this name.
fn label(program: &Program, name: &str) -> Label {
    let known = program.interventions.iter().position(|i| i.name == name);
    known.map_or(0, |at| at as Label + 1)
}

/// What effects of an intervention are held against.
fn basis(program: &Program, label: Label) -> Basis {
    let intervention = usize::from(label).checked_sub(1);
    match intervention.map(|at| &program.interventions[at]) {
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
                let stream = &program.streams[usize::from(stream)].name;
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
        let named = |cause: &&Cause| match label(program, &cause.name) {
            0 => false,
            label => of(program.interventions[usize::from(label) - 1].asked_for),
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
        several.extend(of(JOINTLY, "joint", Basis::Part(JOINT), &all));
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
    let causes = |from| {
        let stream = &program.streams[usize::from(from)];
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

/// A stream hour by hour, each relative to the hours of its class (hour of the day, weekday or weekend)
/// outside a window.
struct Levels {
    /// (level, whether in the window), for hours of a class that has any events outside.
    levels: Vec<(f64, bool)>,
    /// Events in the window.
    events: u64,
    /// Those in hours of the window that there are outside, too, and how many those have outside.
    compared: (f64, f64),
}

impl Levels {
    fn new(plan: &Plan, series: &Series, inside: impl Fn(i64) -> bool) -> Levels {
        let (first, last) = (
            plan.range.start.index_of(Span::HOUR),
            Time(plan.range.end.0 - 1).index_of(Span::HOUR),
        );
        // 1970-01-01 was a Thursday.
        let class = |hour: i64| {
            let weekend = (hour.div_euclid(24) + 3).rem_euclid(7) >= 5;
            hour.rem_euclid(24) as usize + if weekend { 24 } else { 0 }
        };
        // They are asked for again and again.
        let counts = (first..=last).map(|hour| series.count(hour, Side::FACTUAL) as f64);
        let counts: Vec<f64> = counts.collect();
        let count = |hour: i64| counts[(hour - first) as usize];
        let mut outside = [(0.0, 0.0); 48];
        for hour in (first..=last).filter(|&hour| !inside(hour)) {
            let (sum, hours) = &mut outside[class(hour)];
            *sum += count(hour);
            *hours += 1.0;
        }
        let level = |hour: i64| {
            let (sum, hours) = outside[class(hour)];
            (sum > 0.0).then(|| (count(hour) * hours / sum, inside(hour)))
        };
        Levels {
            levels: (first..=last).filter_map(level).collect(),
            compared: (first..=last)
                .filter(|&hour| inside(hour) && outside[class(hour)].1 > 0.0)
                .map(|hour| (count(hour), outside[class(hour)]))
                .fold((0.0, 0.0), |(here, usual), (count, (sum, hours))| {
                    (here + count, usual + sum / hours)
                }),
            events: (first..=last)
                .filter(|&hour| inside(hour))
                .map(|hour| count(hour) as u64)
                .sum(),
        }
    }

    fn observed(&self) -> Observed {
        let n = self.levels.len() as f64;
        let (here, usual) = self.compared;
        let lift = (usual > 0.0).then(|| here / usual - 1.0);
        let within = self.levels.iter().filter(|(_, inside)| *inside);
        let hours = within.clone().count() as f64;
        if hours == 0.0 {
            let correlation = None;
            return Observed { lift, correlation };
        }
        let mean_within = within.map(|(level, _)| level).sum::<f64>() / hours;
        let mean = self.levels.iter().map(|(level, _)| level).sum::<f64>() / n;
        let spread: f64 = self
            .levels
            .iter()
            .map(|(level, _)| (level - mean) * (level - mean))
            .sum();
        let share = hours / n;
        let varies = spread > 0.0 && share < 1.0;
        Observed {
            lift,
            // The point-biserial form of Pearson's correlation.
            correlation: varies.then(|| {
                (mean_within - mean) * (share / (1.0 - share)).sqrt() / (spread / n).sqrt()
            }),
        }
    }
}
