//! What interventions did in a run: the true effect of each on every stream, and what an observer would
//! make of it.
//!
//! The truth comes from the two sides that the engine plays at once: an event that would not be
//! there without any intervention counts as added, one that would be there as removed, each for the
//! intervention that its lineage names. The observer sees only how many events an hour there were, and
//! compares the hours of the intervention's window with the same hours of the day and kinds of day outside it.

use causeflow_engine::attribution::Difference;
use causeflow_engine::program::{Label, Operation, Program};
use causeflow_engine::run::StreamResult;
use causeflow_engine::series::Series;
use causeflow_engine::sides::Side;
use causeflow_engine::time::{Span, Time};

use crate::plan::Plan;

/// What was going on, whether or not it did anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// The name that rows are attributed to; red herrings have one of the same kind.
    pub name: String,
    /// `scenario` or `external_event`.
    pub kind: &'static str,
    /// When it began.
    pub start: Time,
    /// When an observer would expect its impact to begin and to be over.
    pub window: (Time, Time),
    /// The streams that it is expected to move, and which way: `increase`, `decrease` or `mixed`.
    pub expected: Vec<(String, &'static str)>,
    label: Label,
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
    label: Label,
    /// Events because of it.
    pub total: Difference,
    /// Events of the stream in the window.
    pub events: u64,
    /// What an observer would see.
    pub observed: Observed,
}

impl<'a> Effect<'a> {
    /// Events because of it, hour by hour, in order; hours are counted from the epoch.
    pub fn hours(&self) -> impl Iterator<Item = (i64, Difference)> + use<'a> {
        self.stream.effects.of(self.label)
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
            let (mut total, mut hours) = (Difference::default(), 0);
            for (_, difference) in stream.effects.of(cause.label) {
                total.merge(&difference);
                hours += 1;
            }
            if (cause.label == 0 || hours == 0) && expected.is_none() {
                continue;
            }
            let inside = |hour: i64| {
                let hour = Time(hour * Span::HOUR.0);
                cause.window.0 < hour + Span::HOUR && hour < cause.window.1
            };
            let levels = Levels::new(plan, &stream.series, inside);
            effects.push(Effect {
                cause: at,
                stream,
                expected: expected.map(|(_, direction)| *direction),
                label: cause.label,
                total,
                events: levels.events,
                observed: levels.observed(),
            });
        }
    }
    (causes, effects)
}

/// Scenarios in the order of their start, then external events in the order of their time.
pub fn causes(plan: &Plan, program: &Program) -> Vec<Cause> {
    let label = |name: &str| {
        let known = program.interventions.iter().position(|i| i.name == name);
        known.map_or(0, |at| at as Label + 1)
    };
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
            let stream = &program.streams[usize::from(rule.target.stream)].name;
            let direction = direction(rule.amount.operation);
            match expected.iter_mut().find(|(name, _)| name == stream) {
                Some((_, known)) if *known != direction => *known = "mixed",
                Some(_) => {}
                None => expected.push((stream.clone(), direction)),
            }
        }
        causes.push(Cause {
            label: label(&intervention.name),
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
            label: own.map_or(0, label),
            name,
            kind: "external_event",
            start: event.time,
            window: (begins, begins + event.duration),
            expected: event.streams.iter().map(expects).collect(),
        });
    }
    causes
}

/// Which way a modifier moves what it is aimed at.
fn direction(operation: Operation) -> &'static str {
    match operation {
        Operation::Multiply(factor) if factor > 1.0 => "increase",
        Operation::Multiply(_) => "decrease",
        Operation::Add(amount) if amount > 0.0 => "increase",
        Operation::Add(_) => "decrease",
        // That depends on what the value is.
        Operation::Override(_) => "mixed",
    }
}

/// A stream hour by hour, each relative to the hours of its class (hour of the day, weekday or weekend)
/// outside a window.
struct Levels {
    /// (level, whether in the window), for hours of a class that has any events outside.
    levels: Vec<(f64, bool)>,
    /// Events in the window.
    events: u64,
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
        let count = |hour: i64| series.count(hour, Side::Factual) as f64;
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
            events: (first..=last)
                .filter(|&hour| inside(hour))
                .map(|hour| count(hour) as u64)
                .sum(),
        }
    }

    fn observed(&self) -> Observed {
        let n = self.levels.len() as f64;
        let within = self.levels.iter().filter(|(_, inside)| *inside);
        let hours = within.clone().count() as f64;
        if hours == 0.0 {
            return Observed::default();
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
            lift: Some(mean_within - 1.0),
            // The point-biserial form of Pearson's correlation.
            correlation: varies.then(|| {
                (mean_within - mean) * (share / (1.0 - share)).sqrt() / (spread / n).sqrt()
            }),
        }
    }
}
