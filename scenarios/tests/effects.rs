//! What interventions did: that nothing is lost between a run's counts and its tables of effects, and what an observer
//! makes of a case that is made up.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::attribution::{Difference, Impact};
use causeflow_engine::streams::play::{StreamResult, run};
use causeflow_engine::streams::series::{Hour, Tally};
use causeflow_engine::streams::sides::{Label, Side};
use causeflow_engine::streams::world::Settings;
use causeflow_scenarios::effects::{Basis, Cause, EVERYTHING, Observed, effects};
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
        open_end: false,
        scale: 0.02,
        streams: None,
    };
    let result = run(program, &settings, None, &mut |_| ControlFlow::Continue(()));
    (plan, result.expect("nothing interrupts it").streams)
}

fn bent(plan: &Plan) -> causeflow_engine::streams::program::Program {
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
    let program = bent(&plan);
    let (causes, effects) = effects(&plan, &program, &streams);
    let mut moved = 0;
    for stream in &streams {
        // By whom they are because of, the differences from the untouched side are all there, each once.
        let mut by_label: BTreeMap<i64, Difference> = BTreeMap::new();
        let labels = Label::each(&program.interventions).map(|(label, _)| label);
        for label in labels.chain([Label::JOINT]) {
            for (hour, [all, contention]) in stream.impact.because_of(label) {
                add(by_label.entry(hour).or_default(), &all);
                assert!(contention.added <= all.added && contention.removed <= all.removed);
            }
        }
        let untouched = stream.impact.from_side(Side::UNTOUCHED);
        let all: BTreeMap<i64, Difference> = untouched.iter().map(|(&at, d)| (at, d[0])).collect();
        assert_eq!(by_label, all, "{}", stream.name);
        for effect in effects
            .iter()
            .filter(|effect| effect.stream.name == stream.name)
        {
            let (mut of_hours, mut contention) = (Difference::default(), Difference::default());
            for (_, [all, by_contention]) in effect.hours() {
                add(&mut of_hours, &all);
                add(&mut contention, &by_contention);
            }
            assert_eq!((effect.total, effect.contention), (of_hours, contention));
            let cause = &causes[effect.cause];
            let expected = match (&*cause.name, cause.basis) {
                (EVERYTHING, _) => untouched.clone(),
                (_, Basis::Without(side)) => stream.impact.from_side(side),
                (_, Basis::Part(label)) => stream.impact.because_of(label).collect(),
                (_, Basis::Nothing) => BTreeMap::new(),
            };
            assert!(
                effect.hours().eq(expected),
                "{} {}",
                cause.name,
                stream.name
            );
        }
        moved += usize::from(!all.is_empty());
    }
    assert!(moved > 30, "only {moved} streams are moved");
    // Each cause is there once, whether it did something or not, and then what several did.
    let of_kind = |kind: &str| causes.iter().filter(|cause| cause.kind == kind).count();
    let kinds = ["scenario", "external_event", "joint", "together"].map(of_kind);
    assert_eq!(kinds, [2, plan.external_events().len(), 1, 2]);
    // What was asked for is held against the run without it.
    let without = |cause: &&Cause| matches!(cause.basis, Basis::Without(_));
    assert_eq!(causes.iter().filter(without).count(), 2 + 1 + 2);
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
            stream.impact = Impact::default();
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
fn hours_that_are_empty_outside_count_in_the_lift() {
    // Eight events in the window and one outside, in hours of the same kind: eight against one in four days.
    let inside = |hour: i64| (60..84).contains(&hour);
    let (events, seen) = observed(|hour| match hour {
        61 => 8,
        13 => 1,
        _ => 0,
    });
    assert!(inside(61) && !inside(13));
    assert_eq!(events, 8);
    assert_eq!(seen.lift, Some(8.0 / 0.25 - 1.0));
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
