//! The effects of a run as tables.

use causeflow_engine::attribution::Difference;
use causeflow_engine::program::Program;
use causeflow_engine::run::StreamResult;
use causeflow_engine::sides::Side;
use causeflow_engine::table::{Chunk, TableSchema, Values};
use causeflow_engine::tables::{TableBuilder, Tables, Texts};
use causeflow_engine::time::{Span, Time};

use crate::effects::{Cause, Effect, effects};
use crate::plan::Plan;

/// The tables `effects` (what each cause did to each stream) and `effects_hourly`. `None` when their
/// texts are more than can be told apart.
pub fn of_effects(plan: &Plan, program: &Program, streams: &[StreamResult]) -> Option<Tables> {
    let (causes, effects) = effects(plan, program, streams);
    let mut texts = Texts::default();
    let tables = vec![
        totals(&causes, &effects, &mut texts),
        hourly(&causes, &effects, streams, &mut texts),
    ];
    Tables::new(texts, tables)
}

fn net(difference: &Difference) -> i64 {
    difference.added as i64 - difference.removed as i64
}

/// A count as tables hold it; a stream does not have so many events that it would not fit.
fn count(events: impl TryInto<i32>) -> i32 {
    events.try_into().unwrap_or(i32::MAX)
}

fn hours_after(start: Time, hour: i64) -> f64 {
    ((Time(hour * Span::HOUR.0) - start).0 as f64 / Span::HOUR.0 as f64).max(0.0)
}

fn totals(causes: &[Cause], effects: &[Effect], texts: &mut Texts) -> (TableSchema, Chunk) {
    let mut t = TableBuilder::new(texts, effects.len());
    let cause = |effect: &Effect| &causes[effect.cause];
    let about = "The scenario or external event; rows are attributed to it by this name";
    t.text(
        "cause",
        about,
        effects.iter().map(|e| cause(e).name.as_str()),
    );
    let about = "scenario or external_event";
    t.text("kind", about, effects.iter().map(|e| cause(e).kind));
    t.time(
        "start",
        "When it began",
        effects.iter().map(|e| cause(e).start),
    );
    let about = "From when on an impact is to be expected";
    t.time(
        "window_start",
        about,
        effects.iter().map(|e| cause(e).window.0),
    );
    let about = "When that is over";
    t.time(
        "window_end",
        about,
        effects.iter().map(|e| cause(e).window.1),
    );
    t.text(
        "stream",
        "The stream",
        effects.iter().map(|e| e.stream.as_str()),
    );
    let about = "Which way the stream was expected to move, if it was: increase, decrease or mixed";
    t.optional(
        "expected_direction",
        about,
        effects.iter().map(|e| e.expected),
    );
    let mut counts = |name: &str, about: &str, of: &dyn Fn(&Effect) -> i32| {
        t.column(
            name,
            about,
            Values::Int(effects.iter().map(of).collect()),
            None,
        );
    };
    let about = "Events in the window";
    counts("events_in_window", about, &|e| count(e.events));
    let about = "Events that would not be there, or not at this time, without interventions";
    counts("added", about, &|e| count(e.total.added));
    let about = "Events that would be there, or at another time, without interventions";
    counts("removed", about, &|e| count(e.total.removed));
    let about = "Events that would be there at the same time with other values";
    counts("changed", about, &|e| count(e.total.changed));
    counts("net", "Added less removed", &|e| count(net(&e.total)));
    let touched = |e: &Effect| !e.hours.is_empty();
    let mut delays = |name: &str, about: &str, of: &dyn Fn(&Effect) -> f64| {
        let valid = effects.iter().map(touched).collect();
        t.column(
            name,
            about,
            Values::Float(effects.iter().map(of).collect()),
            Some(valid),
        );
    };
    let first = |e: &Effect| e.hours.keys().next().copied().unwrap_or(0);
    let last = |e: &Effect| e.hours.keys().next_back().copied().unwrap_or(0);
    // The first of the hours with the largest net difference.
    let peak = |e: &Effect| {
        e.hours
            .iter()
            .fold((0, 0), |(at, most), (&hour, difference)| {
                let size = net(difference).abs();
                if at == 0 || size > most {
                    (hour, size)
                } else {
                    (at, most)
                }
            })
    };
    let about = "From the start to the beginning of the first hour with a difference";
    delays("first_after_h", about, &|e| {
        hours_after(cause(e).start, first(e))
    });
    let about = "From the start to the end of the last hour with a difference";
    delays("last_after_h", about, &|e| {
        hours_after(cause(e).start, last(e) + 1)
    });
    let about = "From the start to the beginning of the hour with the largest net difference";
    delays("peak_after_h", about, &|e| {
        hours_after(cause(e).start, peak(e).0)
    });
    let mut observed = |name: &str, about: &str, of: &dyn Fn(&Effect) -> Option<f64>| {
        let valid = effects.iter().map(|e| of(e).is_some()).collect();
        let values = effects.iter().map(|e| of(e).unwrap_or(0.0)).collect();
        t.column(name, about, Values::Float(values), Some(valid));
    };
    let about = "What an observer sees: events in the window over what the same hours of other days have, less 1";
    observed("observed_lift", about, &|e| e.observed.lift);
    let about = "What an observer sees: correlation of the hourly level with the window, -1 to 1";
    observed("observed_correlation", about, &|e| e.observed.correlation);
    t.finish("effects", 0)
}

fn hourly(
    causes: &[Cause],
    effects: &[Effect],
    streams: &[StreamResult],
    texts: &mut Texts,
) -> (TableSchema, Chunk) {
    let rows: Vec<(&Effect, i64, &Difference)> = effects
        .iter()
        .flat_map(|effect| effect.hours.iter().map(move |(&hour, d)| (effect, hour, d)))
        .collect();
    let mut t = TableBuilder::new(texts, rows.len());
    let about = "The scenario or external event; rows are attributed to it by this name";
    t.text(
        "cause",
        about,
        rows.iter().map(|(e, ..)| causes[e.cause].name.as_str()),
    );
    t.text(
        "stream",
        "The stream",
        rows.iter().map(|(e, ..)| e.stream.as_str()),
    );
    let hours = rows.iter().map(|(_, hour, _)| Time(hour * Span::HOUR.0));
    t.time("hour", "The hour's beginning", hours);
    let mut counts = |name: &str, about: &str, of: &dyn Fn(&Difference) -> u64| {
        let values = rows.iter().map(|(.., d)| count(of(d))).collect();
        t.column(name, about, Values::Int(values), None);
    };
    counts("added", "Events that would not be there", &|d| d.added);
    counts("removed", "Events that would be there", &|d| d.removed);
    counts("changed", "Events that would have other values", &|d| {
        d.changed
    });
    let events = rows.iter().map(|(e, hour, _)| {
        let stream = streams.iter().find(|stream| stream.name == e.stream);
        count(stream.map_or(0, |s| s.series.count(*hour, Side::Factual)))
    });
    t.column(
        "events",
        "All events of the stream in this hour",
        Values::Int(events.collect()),
        None,
    );
    t.finish("effects_hourly", 1)
}
