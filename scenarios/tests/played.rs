//! Plans that are played: what scenarios do to the events of the built-in model.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use causeflow_engine::base::table::{Chunk, RowSink, SinkError, Values};
use causeflow_engine::base::time::Time;
use causeflow_engine::streams::play::run;
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use causeflow_scenarios::Request;

use crate::support::{START, day, plan, request, tutoring};

/// A stream, two hours, and by how much there is more or less of it between them.
type Effect = (&'static str, i64, i64, f64);

#[derive(Default)]
struct Times(BTreeMap<usize, Vec<Time>>);

impl RowSink for Times {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        for chunk in chunks {
            let Values::Time(times) = &chunk.columns[1].values else {
                return Err("the second column is the time".into());
            };
            let rows = self.0.entry(chunk.table).or_default();
            rows.extend(times.iter().map(|&time| Time(time)));
        }
        Ok(())
    }
}

/// When the events of some streams happen, from [`START`] on for some days, at a tenth of the size.
fn played(program: &Program, names: &[&str], days: i64) -> BTreeMap<String, Vec<Time>> {
    let streams = names
        .iter()
        .map(|name| program.stream(name).expect("there is such a stream"));
    let settings = Settings {
        seed: 42,
        start: START,
        end: day(days, 0),
        open_end: false,
        scale: 0.1,
        streams: Some(streams.collect()),
    };
    let mut times = Times::default();
    let result = run(program.clone(), &settings, Some(&mut times), &mut |_| {
        ControlFlow::Continue(())
    });
    result.expect("nothing interrupts it");
    let named = |(table, times): (usize, Vec<Time>)| (program.streams[table].name.clone(), times);
    times.0.into_iter().map(named).collect()
}

fn bent(request: &Request) -> Program {
    let (program, library) = tutoring();
    let plan = plan(library, request, 42).expect("it fits");
    let mut bent = program.clone();
    plan.apply(&mut bent).expect("it fits its program");
    bent
}

fn within(times: &[Time], from: Time, to: Time) -> f64 {
    times
        .iter()
        .filter(|&&time| from <= time && time < to)
        .count() as f64
}

#[test]
fn an_outage_fails_payments_and_its_backlog_makes_up_for_them() {
    let asked = Request {
        without_timeline: true,
        ..request(&["payment-outage@day2T10:00"], &[])
    };
    let names = ["payment.success", "payment.failure"];
    let (out, usual) = (
        played(&bent(&asked), &names, 3),
        played(&tutoring().0, &names, 3),
    );
    let number = |all: &BTreeMap<String, Vec<Time>>, name: &str, from, to| {
        within(&all[name], day(1, from), day(1, to))
    };
    let failed = number(&out, names[1], 10, 14);
    let all = failed + number(&out, names[0], 10, 14);
    // The first five minutes still see charges from before.
    assert!((0.88..0.97).contains(&(failed / all)), "{failed} of {all}");
    assert_eq!(
        out[names[0]].iter().filter(|t| **t < day(1, 10)).count(),
        usual[names[0]].iter().filter(|t| **t < day(1, 10)).count()
    );
    let made_up = number(&out, names[0], 14, 16) - number(&usual, names[0], 14, 16);
    let lost = failed - number(&usual, names[1], 10, 14);
    assert!(
        (0.7..0.9).contains(&(made_up / lost)),
        "{made_up} of {lost}"
    );
    assert_eq!(
        number(&out, names[1], 17, 24),
        number(&usual, names[1], 17, 24)
    );
}

#[test]
fn the_timeline_moves_a_month_by_well_under_a_per_cent() {
    let names = [
        "customer.tutor.search",
        "customer.message.sent",
        "system.auth.login",
        "support.chat.started",
    ];
    let (with, without) = (
        played(&bent(&Request::default()), &names, 30),
        played(&tutoring().0, &names, 30),
    );
    for name in names {
        let ratio = with[name].len() as f64 / without[name].len() as f64;
        assert!((0.99..1.01).contains(&ratio), "{name}: {ratio}");
        assert_ne!(with[name], without[name]);
    }
}

#[test]
fn scenarios_move_the_streams_that_they_are_about() {
    // Scenario, and by how much there is more or less of a stream between two hours after its start. Answers come up
    // to a day after their requests, and sessions up to a week after they are booked.
    let expected: [(&str, &[Effect]); 6] = [
        (
            "exam-season-surge",
            &[("customer.tutor.search", 0, 72, 1.8)],
        ),
        (
            "supply-crisis",
            &[
                ("tutor.availability.updated", 0, 48, 0.4),
                // Calendars close one by one: by the second day a third of the requests is declined.
                ("booking.declined", 24, 48, 0.26 / 0.13),
                ("booking.expired", 24, 48, 0.16 / 0.12),
            ],
        ),
        (
            "quality-crisis",
            &[("session.technical.issue", 1, 120, 3.0)],
        ),
        ("support-overload", &[("support.chat.started", 0, 24, 4.0)]),
        (
            "recruiting-crisis",
            &[("tutor.availability.updated", 120, 240, 0.8)],
        ),
        (
            "competitor-disruption",
            &[("customer.tutor.search", 0, 120, 0.75)],
        ),
    ];
    let mut streams: Vec<&str> = expected
        .iter()
        .flat_map(|(_, all)| all.iter().map(|(stream, ..)| *stream))
        .collect();
    streams.sort_unstable();
    streams.dedup();
    let usual = played(&tutoring().0, &streams, 14);
    for (scenario, effects) in expected {
        let asked = Request {
            without_timeline: true,
            ..request(&[&format!("{scenario}@day4")], &[])
        };
        let moved = played(&bent(&asked), &streams, 14);
        for &(stream, from, to, factor) in effects {
            let number =
                |all: &BTreeMap<String, Vec<Time>>| within(&all[stream], day(3, from), day(3, to));
            let ratio = number(&moved) / number(&usual);
            // Four standard errors of both numbers.
            let error = 4.0 * (1.0 / number(&moved) + 1.0 / number(&usual)).sqrt();
            assert!(
                (ratio / factor - 1.0).abs() < error,
                "{scenario} {stream}: {ratio}, expected {factor} within {error}"
            );
        }
    }
}
