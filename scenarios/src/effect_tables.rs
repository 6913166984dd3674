//! The effects of a run as tables.

use std::rc::Rc;

use causeflow_engine::base::tables::{Table, TableBuilder, Tables, Texts};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::attribution::Difference;
use causeflow_engine::streams::play::StreamResult;
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::sides::Side;

use crate::effects::{Cause, Impact, effects};
use crate::plan::Plan;

/// The tables `effects` (what each cause did to each stream) and `effects_hourly`. `None` when their
/// texts are more than can be told apart.
pub fn of_effects<'a>(
    plan: &Plan,
    program: &Program,
    streams: &'a [StreamResult],
) -> Option<Tables<'a>> {
    let (causes, effects) = effects(plan, program, streams);
    let effects: Rc<[Impact<'a>]> = effects.into();
    let mut texts = Texts::default();
    let tables = vec![
        totals(&causes, &effects, &mut texts),
        hourly(&causes, &effects, &mut texts),
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

fn totals<'a>(causes: &[Cause], effects: &[Impact<'a>], texts: &mut Texts) -> Table<'a> {
    let mut t = TableBuilder::new(texts, effects.len());
    // There is a row for each cause and stream, which is so few that their values may as well be made at once.
    fn each<'e, T: 'static>(
        effects: &[Impact<'e>],
        of: impl Fn(&Impact<'e>) -> T,
    ) -> impl Iterator<Item = T> + 'static {
        effects.iter().map(of).collect::<Vec<T>>().into_iter()
    }
    let cause = |effect: &Impact| &causes[effect.cause];
    let about = "The scenario or external event; rows are attributed to it by this name";
    t.text(
        "cause",
        about,
        effects.iter().map(|e| cause(e).name.as_str()),
    );
    let about = "scenario or external_event; joint for what several have a part in, together for several as one";
    t.text("kind", about, effects.iter().map(|e| cause(e).kind));
    let about = "What the effect is held against: without (the run without the cause), part (of what differs from the \
                 untouched run, that in which only it has a part) or nothing (it moves nothing)";
    t.text(
        "basis",
        about,
        effects.iter().map(|e| cause(e).basis.name()),
    );
    t.time("start", "When it began", each(effects, |e| cause(e).start));
    let about = "From when on an impact is to be expected";
    let times = each(effects, |e| cause(e).window.0);
    t.time("window_start", about, times);
    let about = "When that is over";
    let times = each(effects, |e| cause(e).window.1);
    t.time("window_end", about, times);
    t.text(
        "stream",
        "The stream",
        effects.iter().map(|e| e.stream.name.as_str()),
    );
    let about = "Which way the stream was expected to move, if it was: increase, decrease or mixed";
    t.optional(
        "expected_direction",
        about,
        effects.iter().map(|e| e.expected),
    );
    let mut counts = |name: &str, about: &str, of: &dyn Fn(&Impact) -> i32| {
        t.int(name, about, each(effects, of));
    };
    let about = "Events in the hours (UTC) that the window touches";
    counts("events_in_window", about, &|e| count(e.events));
    let about = "Events that would not be there, or not at this time, without the cause";
    counts("added", about, &|e| count(e.total.added));
    let about = "Events that would be there, or at another time, without the cause";
    counts("removed", about, &|e| count(e.total.removed));
    let about = "Events that would be there at the same time with other values";
    counts("changed", about, &|e| count(e.total.changed));
    counts("net", "Added less removed", &|e| count(net(&e.total)));
    let about = "Of those added: because of contention alone";
    counts("contention_added", about, &|e| count(e.contention.added));
    let about = "Of those removed: because of contention alone";
    counts("contention_removed", about, &|e| {
        count(e.contention.removed)
    });
    let about = "Of those changed: because of contention alone";
    counts("contention_changed", about, &|e| {
        count(e.contention.changed)
    });
    let about = "Rows of the stream that are attributed to the cause, and to no other";
    counts("attributed", about, &|e| count(e.attributed));
    let mut delays = |name: &str, about: &str, of: &dyn Fn(&Impact) -> Option<f64>| {
        t.optional_float(name, about, each(effects, of));
    };
    // The first of the hours with the largest net difference.
    let peak = |e: &Impact| {
        let hours = e.hours().map(|(hour, [d, _])| (hour, net(&d).abs()));
        hours.reduce(|most, one| if one.1 > most.1 { one } else { most })
    };
    let about = "From the start to the beginning of the first hour with a difference";
    delays("first_after_h", about, &|e| {
        Some(hours_after(cause(e).start, e.hours().next()?.0))
    });
    let about = "From the start to the end of the last hour with a difference";
    delays("last_after_h", about, &|e| {
        Some(hours_after(cause(e).start, e.hours().last()?.0 + 1))
    });
    let about = "From the start to the beginning of the hour with the largest net difference";
    delays("peak_after_h", about, &|e| {
        Some(hours_after(cause(e).start, peak(e)?.0))
    });
    let mut observed = |name: &str, about: &str, of: &dyn Fn(&Impact) -> Option<f64>| {
        t.optional_float(name, about, each(effects, of));
    };
    let about = "What an observer sees: events in the hours of the window over what the same hours have outside it, on \
                 the mean, less 1";
    observed("observed_lift", about, &|e| e.observed.lift);
    let about = "What an observer sees: correlation of the hourly level with the window, -1 to 1";
    observed("observed_correlation", about, &|e| e.observed.correlation);
    t.finish("effects", 0)
}

fn hourly<'a>(causes: &[Cause], effects: &Rc<[Impact<'a>]>, texts: &mut Texts) -> Table<'a> {
    // For each row the effect, the hour and the difference. There may be a million rows, so each column goes through
    // them by itself.
    let rows = || {
        let effects = Rc::clone(effects);
        (0..effects.len()).flat_map(move |at| {
            let stream = effects[at].stream;
            let hours = effects[at].hours();
            hours.map(move |(hour, difference)| (at, stream, hour, difference))
        })
    };
    let mut t = TableBuilder::new(texts, rows().count());
    let about = "The scenario or external event; rows are attributed to it by this name";
    let causes = rows().map(|(at, ..)| causes[effects[at].cause].name.as_str());
    t.text("cause", about, causes);
    let streams = rows().map(|(_, stream, ..)| stream.name.as_str());
    t.text("stream", "The stream", streams);
    let hours = rows().map(|(_, _, hour, _)| Time(hour * Span::HOUR.0));
    t.time("hour", "The hour's beginning", hours);
    let mut counts = |name: &str, about: &str, of: fn(&[Difference; 2]) -> u64| {
        t.count(name, about, rows().map(move |(.., d)| of(&d)));
    };
    counts("added", "Events that would not be there", |[d, _]| d.added);
    counts("removed", "Events that would be there", |[d, _]| d.removed);
    let about = "Events that would have other values";
    counts("changed", about, |[d, _]| d.changed);
    let about = "Of those added: because of contention alone";
    counts("contention_added", about, |[_, c]| c.added);
    let about = "Of those removed: because of contention alone";
    counts("contention_removed", about, |[_, c]| c.removed);
    let about = "Of those changed: because of contention alone";
    counts("contention_changed", about, |[_, c]| c.changed);
    let events = rows().map(|(_, stream, hour, _)| stream.series.count(hour, Side::FACTUAL));
    let about = "All events of the stream in this hour";
    t.count("events", about, events);
    t.finish("effects_hourly", 1)
}
