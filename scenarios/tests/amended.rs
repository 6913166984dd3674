//! What is put into a run's past: it comes after what the run had, begins in its window, and obeys the same rules.

use std::ops::Range;

use causeflow_engine::base::time::Time;
use causeflow_models::Diagnostics;
use causeflow_scenarios::{Original, Plan, Request};

use crate::support::{day, plan, request, summary, tutoring};

/// A run with a scenario and an event, amended.
/// A version that ends with its window.
fn amended(new: &Request, window: Range<Time>) -> (Plan, Result<Plan, Diagnostics>) {
    let until = window.end;
    played_to(new, window, until)
}

fn played_to(new: &Request, window: Range<Time>, until: Time) -> (Plan, Result<Plan, Diagnostics>) {
    let (program, library) = tutoring();
    let asked = request(&["supply-crisis@day3+24h"], &["blog-viral@day2T09:30"]);
    let plan = plan(library, &asked, 42).expect("it fits");
    let original = Original {
        plan: &plan,
        activations: &asked.activations,
        seed: 42,
    };
    let amended = Plan::amended(original, library, program, new, window, until);
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
    // It ends after the version does, and releases nothing before.
    assert_eq!(added[0].backlog, None);
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
            .all(|w| w.contains("does not begin in the window from 2026-02-05T00:00:00Z")),
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

/// A crisis whose cascades begin a day later, and an event whose impact comes four hours after it.
#[test]
fn what_begins_in_the_window_is_cut_off_or_played_on() {
    let new = request(
        &["supply-crisis@day10T08:00"],
        &["podcast-sponsorship@day10T22:00"],
    );
    let window = day(9, 0)..day(10, 0);
    let of_new = |until| {
        let (plan, amended) = played_to(&new, window.clone(), until);
        let amended = amended.expect("it begins in the window");
        let modifiers = amended.interventions()[plan.interventions().len()..].to_vec();
        (amended, modifiers)
    };
    let (cut, added) = of_new(window.end);
    let all = |added: &[causeflow_scenarios::Intervention]| added[0].modifiers.len();
    let acting = added.iter().flat_map(|one| &one.modifiers);
    for (rule, modifier) in acting {
        let envelope = modifier.envelope;
        assert!(envelope.start < window.end && envelope.settled() <= window.end);
        assert_eq!(envelope.at(window.end), 0.0, "{}", rule.target.address);
    }
    let told = summary(cut.warnings()).join("\n");
    for wanted in [
        "`supply-crisis@2026-02-11T08:00:00Z` would act until",
        "is cut off at the end of the version, 2026-02-12T00:00:00Z; what it does to ",
        " would begin at 2026-02-12T08:00:00Z, and is left out; a later end of the version plays it on",
        "`podcast-sponsorship@2026-02-11T22:00:00Z` would act until",
        "what it does to marketing.ad.click/rate, marketing.referral.sent/volume would begin at 2026-02-12T02:00:00Z",
    ] {
        assert!(told.contains(wanted), "{wanted} is not in\n{told}");
    }
    // Nothing of the podcast acts, so it has moved nothing.
    let podcast = |plan: &Plan| {
        let mut events = plan.external_events().iter();
        let found = events.find(|e| e.template == "podcast-sponsorship" && e.time == day(9, 22));
        found.expect("it is asked for").clone()
    };
    assert!(!podcast(&cut).is_causal && podcast(&cut).attribution.is_none());

    let (on, longer) = of_new(day(11, 12));
    assert!(all(&longer) > all(&added), "the cascades are there");
    assert!(podcast(&on).is_causal);
    let told = summary(on.warnings()).join("\n");
    let wanted = "is cut off at the end of the version, 2026-02-13T12:00:00Z; a later end of the version plays it on";
    assert!(told.contains(wanted), "{told}");
    let (whole, _) = of_new(day(30, 0));
    let told = summary(whole.warnings()).join("\n");
    for name in [
        "supply-crisis@2026-02-11T08:00:00Z",
        "podcast-sponsorship@2026-02-11T22:00:00Z",
    ] {
        assert!(told.contains(&format!("`{name}` acts until ")), "{told}");
    }
    assert!(
        told.contains("and is played on after the window, which ends at 2026-02-12T00:00:00Z"),
        "{told}"
    );
    assert!(
        !told.contains("left out") && !told.contains("--until"),
        "{told}"
    );
}

#[test]
fn what_is_cut_off_makes_room_for_a_scenario_that_the_run_has_later() {
    // The run's own crisis begins on the third day.
    let window = day(1, 0)..day(2, 0);
    let new = request(&["exam-season-surge@day2T08:00"], &[]);
    assert!(amended(&new, window.clone()).1.is_ok());
    let (_, met) = played_to(&new, window, day(4, 0));
    assert!(summary(&met.expect_err("both are active"))[0].contains("only one scenario"));
}
