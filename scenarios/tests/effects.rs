//! What interventions did: that nothing is lost between a run's counts and its tables of effects, and what an observer
//! makes of a case that is made up.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use causeflow_engine::attribution::{Difference, Effects};
use causeflow_engine::program::CONTENTION;
use causeflow_engine::run::{StreamResult, run};
use causeflow_engine::series::{Hour, Tally};
use causeflow_engine::time::{Span, Time};
use causeflow_engine::world::Settings;
use causeflow_scenarios::effects::{Observed, effects};
use causeflow_scenarios::{Library, Plan, Request};

use crate::support::{START, day, request, tutoring, with};

const DAYS: i64 = 7;

/// A week's plan, and the streams of its run at a fiftieth of the size.
fn played(library: &Library, asked: &Request) -> (Plan, Vec<StreamResult>) {
    let mut program = tutoring().0.clone();
    let plan = Plan::new(library, &program, asked, START..day(DAYS, 0), 42).expect("it fits");
    plan.apply(&mut program).expect("it fits its program");
    let settings = Settings {
        seed: 42,
        start: START,
        end: day(DAYS, 0),
        scale: 0.02,
        streams: None,
    };
    let result = run(program, &settings, None, &mut |_| ControlFlow::Continue(()));
    (plan, result.expect("nothing interrupts it").streams)
}

fn bent(plan: &Plan) -> causeflow_engine::program::Program {
    let mut program = tutoring().0.clone();
    plan.apply(&mut program).expect("it fits its program");
    program
}

fn add(sum: &mut Difference, other: &Difference) {
    sum.added += other.added;
    sum.removed += other.removed;
    sum.changed += other.changed;
}

#[test]
fn the_effects_of_all_causes_are_those_of_the_run() {
    let asked = request(
        &["exam-season-surge@day2+1d", "payment-outage@day5T10:00"],
        &["blog-viral@day3"],
    );
    let (plan, streams) = played(&tutoring().1, &asked);
    let (causes, effects) = effects(&plan, &bent(&plan), &streams);
    let mut moved = 0;
    for stream in &streams {
        let mut expected: BTreeMap<i64, Difference> = BTreeMap::new();
        // What differs by contention is no cause's.
        let of_causes = stream.effects.differences();
        for ((_, hour), difference) in of_causes.filter(|((label, _), _)| *label != CONTENTION) {
            add(expected.entry(hour).or_default(), &difference);
        }
        let (mut found, mut total) = (BTreeMap::new(), Difference::default());
        for effect in effects
            .iter()
            .filter(|effect| effect.stream.name == stream.name)
        {
            let mut of_hours = Difference::default();
            for (hour, difference) in effect.hours() {
                add(found.entry(hour).or_default(), &difference);
                add(&mut of_hours, &difference);
            }
            assert_eq!(effect.total, of_hours);
            add(&mut total, &effect.total);
        }
        assert_eq!(found, expected, "{}", stream.name);
        let whole = |of: fn(&Difference) -> u64| expected.values().map(of).sum::<u64>();
        assert_eq!(total.added, whole(|d| d.added));
        assert_eq!(total.removed, whole(|d| d.removed));
        moved += usize::from(!expected.is_empty());
    }
    assert!(moved > 30, "only {moved} streams are moved");
    // Each cause is there once, whether it did something or not.
    let scenarios = causes.iter().filter(|cause| cause.kind == "scenario");
    assert_eq!(scenarios.count(), 2);
    assert_eq!(causes.len() - 2, plan.external_events().len());
    let herrings = plan.external_events().iter().zip(&causes[2..]);
    for (at, (event, _)) in herrings
        .enumerate()
        .filter(|(_, (event, _))| !event.is_causal)
    {
        let own = effects.iter().filter(|effect| effect.cause == at + 2);
        let own: Vec<_> = own.collect();
        assert_eq!(
            own.len(),
            event.streams.len(),
            "those that it is expected to move"
        );
        assert!(own.iter().all(|e| e.total == Difference::default()));
    }
}

/// What an observer sees of a scenario that doubles searches from the noon of the third day to that of the fourth, when
/// these are the counts by hours of the run.
fn observed(counts: impl Fn(i64) -> u64) -> (u64, Observed) {
    let text = "id: own\nname: Own\ndescription: Own.\nduration: 24h\n\
                modifiers: [{on: customer.tutor.search/rate, multiply: 2}]\n";
    let library = with(&[("own.yaml", text)]);
    let asked = Request {
        without_timeline: true,
        ..request(&["own@day3T12:00"], &[])
    };
    let (plan, mut streams) = played(&library, &asked);
    let first = START.index_of(Span::HOUR);
    let hours = (0..24 * DAYS).map(|hour| (first + hour, counts(hour)));
    for stream in &mut streams {
        if stream.name == "customer.tutor.search" {
            stream.effects = Effects::default();
            let hour = |count| Hour {
                factual: Tally {
                    count,
                    ..Tally::default()
                },
                ..Hour::default()
            };
            let some = hours.clone().filter(|(_, count)| *count > 0);
            stream.series = some.map(|(at, count)| (at, hour(count))).collect();
        }
    }
    let (causes, effects) = effects(&plan, &bent(&plan), &streams);
    let [cause] = &causes[..] else {
        panic!("{causes:?}")
    };
    assert_eq!(cause.window, (day(2, 12), day(3, 12)));
    assert_eq!(cause.start, day(2, 12));
    let effect = effects
        .iter()
        .find(|effect| effect.stream.name == "customer.tutor.search")
        .expect("it is expected to move these");
    assert_eq!(effect.expected, Some("increase"));
    (effect.events, effect.observed)
}

/// A day with busy and quiet hours, and with twice the number on weekends; some hours have none at all.
fn usual(hour: i64) -> u64 {
    let weekend = Time(START.0 + hour * Span::HOUR.0) >= day(5, 0);
    let busy = [0, 10, 40, 30][(hour % 24 / 6) as usize];
    if weekend { 2 * busy } else { busy }
}

#[test]
fn a_doubled_rate_is_seen_as_a_lift_of_one() {
    let inside = |hour: i64| (60..84).contains(&hour);
    let factor = |hour| if inside(hour) { 2 } else { 1 };
    let (events, seen) = observed(|hour| usual(hour) * factor(hour));
    // Afternoon and evening of one day, night and morning of the next.
    assert_eq!(events, 2 * 6 * (40 + 30 + 10));
    assert_eq!(seen.lift, Some(1.0));
    // Levels are 2 within and 1 outside, and nothing else varies.
    let correlation = seen.correlation.expect("there is something to correlate");
    assert!((correlation - 1.0).abs() < 1e-12, "{correlation}");
}

#[test]
fn where_nothing_happens_nothing_is_seen() {
    let (_, seen) = observed(usual);
    assert_eq!((seen.lift, seen.correlation), (Some(0.0), None));
    // Half of the events are missing in the window.
    let (_, seen) = observed(|hour| usual(hour) * 2 / (1 + u64::from((60..84).contains(&hour))));
    assert_eq!(seen.lift, Some(-0.5));
    assert!(
        seen.correlation
            .is_some_and(|correlation| correlation < -0.999_999)
    );
    let (events, seen) = observed(|_| 0);
    assert_eq!((events, seen), (0, Observed::default()));
}
