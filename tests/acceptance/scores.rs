//! Scores tell what is unusual from what is not: in a run at full size most points are ordinary, in every stream with more
//! than fifty events a day; during an outage of the payments they are critical.

use std::ops::{ControlFlow, Range};

use causeflow_baselines::{
    Baseline, FALSE_ALARMS, Flag, Interval, Point, Pool, Resolution, history, intervals,
};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::{StreamResult, run};
use causeflow_engine::streams::sides::Side;
use causeflow_engine::streams::world::Settings;
use causeflow_scenarios::{Activation, Clock, Plan, Request};

use crate::runs::{DAYS, built_in, full_size, midnight};

/// Streams with fewer events a day need not have ordinary points.
const BUSY: f64 = 50.0;
/// Of the points of a busy stream, so many at least are within 30 and 70, and so many at most are 0 or 100.
const ORDINARY: f64 = 0.6;
const CRITICAL: f64 = 0.01;

fn range() -> Range<Time> {
    let start = midnight("2026-02-02");
    start..start + Span(DAYS * Span::DAY.0)
}

/// The points of a stream on one side, scored against its own untouched side.
fn points(stream: &StreamResult, resolution: Resolution, side: Side) -> Vec<(Interval, Point)> {
    let program = &built_in().0;
    let (zone, weekend) = (&program.zone, program.weekend);
    let pool = Pool::of_run(zone, weekend, &range(), 0, std::slice::from_ref(stream));
    let baseline = Baseline::of(&pool.statistics());
    let intervals = intervals(zone, weekend, &range(), resolution);
    let points = history(&stream.series, side, &intervals, |class| {
        baseline.expected(&stream.name, resolution, class)
    });
    intervals.into_iter().zip(points).collect()
}

/// Shares of ordinary and of critical points in all runs at full size, by busy stream.
fn shares(resolution: Resolution, side: Side) -> Vec<(&'static str, f64, f64)> {
    let runs = full_size();
    let names = runs[0].streams.iter().map(|stream| stream.name.as_str());
    let of_stream = |(at, name): (usize, &'static str)| {
        let streams = runs.iter().map(|played| &played.streams[at]);
        let rows: u64 = streams.clone().map(|stream| stream.rows).sum();
        if rows as f64 / ((DAYS as usize * runs.len()) as f64) <= BUSY {
            return None;
        }
        let all: Vec<_> = streams
            .flat_map(|stream| points(stream, resolution, side))
            .collect();
        let share = |flag: Flag| {
            let flagged = all.iter().filter(|(_, point)| point.flag == Some(flag));
            flagged.count() as f64 / all.len() as f64
        };
        Some((name, share(Flag::Normal), share(Flag::Critical)))
    };
    names.enumerate().filter_map(of_stream).collect()
}

#[test]
fn most_points_of_a_baseline_are_ordinary_and_hardly_any_critical() {
    for resolution in Resolution::ALL {
        let shares = shares(resolution, Side::UNTOUCHED);
        assert!(shares.len() > 40, "{}", shares.len());
        for (stream, ordinary, critical) in shares {
            let shown = format!(
                "{stream} {}: {ordinary:.3} {critical:.4}",
                resolution.name()
            );
            assert!(ordinary >= ORDINARY && critical <= CRITICAL, "{shown}");
        }
    }
}

#[test]
fn a_baseline_raises_hardly_any_alarm() {
    for resolution in Resolution::ALL {
        let runs = full_size().iter().flat_map(|played| &played.streams);
        let points: Vec<_> = runs
            .flat_map(|stream| points(stream, resolution, Side::UNTOUCHED))
            .collect();
        let raised = points
            .iter()
            .filter(|(_, point)| point.alarm.is_some())
            .count();
        let share = raised as f64 / points.len() as f64;
        assert!(share <= FALSE_ALARMS, "{}: {share}", resolution.name());
    }
}

/// The external events of a run do change what they change, so that a stream may have more critical points, but only
/// where one of them changed it.
#[test]
fn most_points_of_a_run_with_external_events_are_ordinary_too() {
    for resolution in Resolution::ALL {
        let shares = shares(resolution, Side::FACTUAL);
        let all: f64 = shares.iter().map(|(.., critical)| critical).sum();
        assert!(all / shares.len() as f64 <= CRITICAL, "{all}");
        for (stream, ordinary, _) in shares {
            assert!(
                ordinary >= ORDINARY,
                "{stream} {}: {ordinary}",
                resolution.name()
            );
        }
        for stream in full_size().iter().flat_map(|played| &played.streams) {
            let changed = |hours: &Range<i64>| {
                let mut differences = stream.impact.differences();
                differences.any(|((_, hour), _)| hours.contains(&hour))
            };
            // Sparse streams may be far from ordinary by themselves.
            let critical = points(stream, resolution, Side::FACTUAL).into_iter();
            let critical = critical.filter(|(_, point)| point.flag == Some(Flag::Critical));
            for (interval, point) in critical {
                assert!(
                    changed(&hours_of(&interval.time)),
                    "{} {interval:?} {point:?}",
                    stream.name
                );
            }
        }
    }
}

/// The hours of a range of time, counted from the epoch.
fn hours_of(range: &Range<Time>) -> Range<i64> {
    range.start.index_of(Span::HOUR)..range.end.index_of(Span::HOUR)
}

/// A run with an outage from the tenth day's ten o'clock on, and nothing else from outside.
fn with_an_outage() -> Vec<StreamResult> {
    let (program, library) = built_in();
    let clock = Clock::new(program, range().start);
    let activation = Activation::parse("payment-outage@day10T10:00+6h", &clock);
    let request = Request {
        activations: vec![activation.unwrap_or_else(|errors| panic!("{errors}"))],
        without_timeline: true,
        ..Request::default()
    };
    let plan = Plan::new(library, program, &request, range(), 42);
    let mut bent = program.clone();
    let plan = plan.unwrap_or_else(|errors| panic!("{errors}"));
    plan.apply(&mut bent).expect("it is the plan's program");
    let touched = [
        "payment.failure",
        "payment.success",
        "support.ticket.created",
    ];
    let settings = Settings {
        seed: 42,
        start: range().start,
        end: range().end,
        open_end: false,
        scale: 1.0,
        streams: Some(
            touched
                .iter()
                .filter_map(|name| bent.stream(name))
                .collect(),
        ),
    };
    let result = run(bent, &settings, None, &mut |_| ControlFlow::Continue(()));
    result.unwrap_or_else(|error| panic!("{error}")).streams
}

#[test]
fn during_an_outage_of_the_payments_the_blocks_concerned_are_critical() {
    let outage = range().start + Span(9 * Span::DAY.0 + 10 * Span::HOUR.0);
    let streams = with_an_outage();
    // It lasts from ten to four: two hours of one block and four of the next, in which what was held back of the
    // payments is made up for. Tickets follow within hours.
    for (name, blocks, hours) in [
        ("payment.failure", 18..20, 0..6),
        ("payment.success", 18..19, 0..6),
        ("support.ticket.created", 19..20, 2..9),
    ] {
        let stream = streams
            .iter()
            .find(|stream| stream.name == name)
            .expect("it is played");
        let of = |resolution| points(stream, resolution, Side::FACTUAL);
        let half_days = of(Resolution::HalfDay);
        for (interval, point) in &half_days[blocks] {
            assert_eq!(
                point.flag,
                Some(Flag::Critical),
                "{name} {interval:?} {point:?}"
            );
        }
        let first = outage.index_of(Span::HOUR);
        for (interval, point) in of(Resolution::Hour) {
            if (first + hours.start..first + hours.end).contains(&hours_of(&interval.time).start) {
                assert_eq!(
                    point.flag,
                    Some(Flag::Critical),
                    "{name} {interval:?} {point:?}"
                );
            }
        }
        let before = half_days
            .iter()
            .take_while(|(interval, _)| interval.end() <= outage);
        assert!(before.clone().count() >= 18);
        for (interval, point) in before {
            assert_ne!(
                point.flag,
                Some(Flag::Critical),
                "{name} {interval:?} {point:?}"
            );
        }
    }
}
