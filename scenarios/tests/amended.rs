//! What is put into a run's past: it comes after what the run had, acts in its window only, and obeys the same rules.

use std::ops::Range;

use causeflow_engine::time::Time;
use causeflow_models::Diagnostics;
use causeflow_scenarios::{Original, Plan, Request};

use crate::support::{day, plan, request, summary, tutoring};

/// A run with a scenario and an event, amended.
fn amended(new: &Request, window: Range<Time>) -> (Plan, Result<Plan, Diagnostics>) {
    let (program, library) = tutoring();
    let asked = request(&["supply-crisis@day3+24h"], &["blog-viral@day2T09:30"]);
    let plan = plan(library, &asked, 42).expect("it fits");
    let original = Original {
        plan: &plan,
        activations: &asked.activations,
        seed: 42,
    };
    let amended = Plan::amended(original, library, program, new, window);
    (plan, amended)
}

#[test]
fn what_the_run_had_keeps_its_place_and_what_is_new_ends_with_the_window() {
    let new = request(
        &["payment-outage@day12T22:00+4h"],
        &["blog-viral@day12T02:00"],
    );
    let window = day(11, 0)..day(12, 0);
    let (plan, amended) = amended(&new, window.clone());
    let amended = amended.expect("it fits");
    let known = plan.interventions().len();
    assert_eq!(amended.interventions()[..known], *plan.interventions());
    let added = &amended.interventions()[known..];
    let names: Vec<&str> = added.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "payment-outage@2026-02-13T22:00:00Z",
            "blog-viral@2026-02-13T02:00:00Z"
        ]
    );
    let ends = added.iter().flat_map(|i| &i.modifiers);
    assert!(
        ends.clone()
            .all(|(_, m)| m.envelope.settled() <= window.end)
    );
    assert!(ends.clone().any(|(_, m)| m.envelope.end > window.end));
    let backlog = added[0].backlog.expect("the outage has one");
    assert_eq!(backlog.from, window.end);
    let warnings = summary(amended.warnings());
    assert!(
        warnings
            .iter()
            .any(|w| w.contains("would act until") && w.contains("2026-02-14T00:00:00Z")),
        "{warnings:?}"
    );
    assert_eq!(
        amended.external_events().len(),
        plan.external_events().len() + 1 + outage_events(&amended)
    );
    let times = amended.external_events().iter().map(|e| (e.time, e.id));
    assert!(times.is_sorted());
    let (program, mut bent) = (&tutoring().0, tutoring().0.clone());
    amended.apply(&mut bent).expect("it fits its program");
    let mut original = program.clone();
    plan.apply(&mut original).expect("it fits its program");
    assert!(bent.dictionary.starts_with(&original.dictionary));
    assert!(bent.interventions.starts_with(&original.interventions));
}

/// The announcements that the outage brings with it.
fn outage_events(plan: &Plan) -> usize {
    let by_outage = |by: &String| by.starts_with("payment-outage");
    let events = plan.external_events().iter();
    events
        .filter(|e| e.injected_by.as_ref().is_some_and(by_outage))
        .count()
}

#[test]
fn what_does_not_fit_is_told_at_once() {
    let window = day(3, 0)..day(4, 0);
    let wrong =
        |new: &Request| summary(&amended(new, window.clone()).1.expect_err("it does not fit"));
    let outside = wrong(&request(
        &["exam-season-surge@day9"],
        &["blog-viral@day9T10:00"],
    ));
    assert_eq!(outside.len(), 2, "{outside:?}");
    assert!(
        outside
            .iter()
            .all(|w| w.contains("does not begin to act in the window from 2026-02-05T00:00:00Z")),
        "{outside:?}"
    );
    let (_, met) = amended(
        &request(&["payment-outage@day3T10:00"], &[]),
        day(2, 0)..day(3, 0),
    );
    let met = summary(&met.expect_err("another scenario is active"));
    assert!(
        met[0].contains("only one scenario is active at a time"),
        "{met:?}"
    );
    let (_, twice) = amended(
        &request(&[], &["blog-viral@day2T09:30"]),
        day(1, 0)..day(2, 0),
    );
    let twice = summary(&twice.expect_err("the run has it"));
    assert!(twice[0].contains("is asked for twice"), "{twice:?}");
}
