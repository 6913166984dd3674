//! The timeline that every run has: two to five events a day, about two thirds of which move something.

use std::collections::BTreeMap;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::profile::Weekend;
use causeflow_engine::streams::program::Operation;
use causeflow_scenarios::definition::{EventType, Pattern};
use causeflow_scenarios::{Library, Occurrence, Request, Timeline, built_in};
use proptest::prelude::*;

use crate::support::{START, day, plan, property, tutoring, with};

fn timeline(seed: u64, start: Time, days: i64) -> Vec<Occurrence<'static>> {
    let (program, library) = tutoring();
    let end = start + Span(days * Span::DAY.0);
    Timeline::new(seed, &program.zone, library.candidates()).between(start, end)
}

fn by_day<'a>(
    events: impl IntoIterator<Item = &'a Occurrence<'static>>,
    start: Time,
    days: usize,
) -> Vec<usize> {
    let mut counts = vec![0; days];
    for event in events {
        counts[(event.time - start).0.div_euclid(Span::DAY.0) as usize] += 1;
    }
    counts
}

/// Variance divided by mean; 1 for events that come independently.
fn dispersion(counts: &[usize]) -> f64 {
    let n = counts.len() as f64;
    let mean = counts.iter().sum::<usize>() as f64 / n;
    let deviation = |&count: &usize| (count as f64 - mean) * (count as f64 - mean);
    counts.iter().map(deviation).sum::<f64>() / n / mean
}

proptest! {
    #![proptest_config(property(300))]

    #[test]
    fn any_thirty_days_have_their_numbers_and_shares(seed: u64, first in -80_000i64..80_000) {
        let start = START + Span(first * Span::DAY.0);
        let events = timeline(seed, start, 30);
        let counts = by_day(&events, start, 30);
        prop_assert!(counts.iter().all(|count| (2..=5).contains(count)), "{counts:?}");
        prop_assert!((60..=150).contains(&events.len()));
        let causal = events.iter().filter(|event| event.is_causal).count();
        let share = causal as f64 / events.len() as f64;
        prop_assert!((0.6..=0.7).contains(&share), "{share}");
        prop_assert!(events.is_sorted_by_key(|event| event.time));
    }

    #[test]
    fn a_day_does_not_depend_on_the_days_around_it(seed: u64, first in -2_000i64..2_000, days in 1i64..40, before in 0i64..50) {
        let start = START + Span(first * Span::DAY.0);
        let long = timeline(seed, start - Span(before * Span::DAY.0), before + days + 3);
        let short = timeline(seed, start, days);
        let identity = |event: &Occurrence<'_>| (event.id, event.time, event.template.id.clone(), event.is_causal);
        let end = start + Span(days * Span::DAY.0);
        let within = long.iter().filter(|event| start <= event.time && event.time < end);
        prop_assert!(within.map(identity).eq(short.iter().map(identity)));
    }

    #[test]
    fn calendar_events_come_on_their_dates_only(seed: u64) {
        let start = START + Span(80 * Span::DAY.0);
        for event in timeline(seed, start, 60) {
            let timing = event.template.timing.as_ref().expect("a template of the timeline has a timing");
            let local = tutoring().0.zone.local(event.time);
            let dated = timing.dates.contains(&(local.month(), local.day())) || timing.days_of_month.contains(&local.day());
            prop_assert_eq!(dated, timing.pattern == Pattern::Calendar, "{} {}", event.time, &event.template.id);
        }
    }
}

#[test]
fn seeds_differ_and_each_repeats_itself() {
    let times = |seed| {
        timeline(seed, START, 30)
            .iter()
            .map(|event| event.time)
            .collect::<Vec<_>>()
    };
    assert_eq!(times(7), times(7));
    assert_ne!(times(7), times(8));
}

#[test]
fn academic_events_come_on_schedule_marketing_ones_cluster_infrastructure_ones_come_at_any_time() {
    let days = 3_000;
    let events = timeline(3, START, days);
    let of = |kind: EventType| {
        events
            .iter()
            .filter(move |event| event.template.kind == kind)
    };
    let spread = |kind| dispersion(&by_day(of(kind), START, days as usize));
    // Of two to five slots a day independent choices would give less than 1.
    assert!(
        spread(EventType::Marketing) > 1.5,
        "{}",
        spread(EventType::Marketing)
    );
    assert!(
        spread(EventType::Infrastructure) < 1.1,
        "{}",
        spread(EventType::Infrastructure)
    );
    let mut hours = [0usize; 24];
    for event in of(EventType::Infrastructure) {
        hours[usize::from(tutoring().0.zone.hour_and_weekday(event.time).0)] += 1;
    }
    let expected = hours.iter().sum::<usize>() as f64 / 24.0;
    assert!(
        hours
            .iter()
            .all(|&n| (n as f64 - expected).abs() < 5.0 * expected.sqrt()),
        "{hours:?}"
    );
    for kind in [
        EventType::Academic,
        EventType::Product,
        EventType::Competitive,
        EventType::Operational,
    ] {
        assert!(
            of(kind).count() > days as usize / 20,
            "{kind:?}: {}",
            of(kind).count()
        );
    }
    // Every month has some academic ones.
    for month in 0..days / 31 {
        let start = day(month * 31, 0);
        let academic = timeline(3, start, 31)
            .iter()
            .filter(|event| event.template.kind == EventType::Academic)
            .count();
        assert!((3..=12).contains(&academic), "{academic} from {start}");
    }
}

#[test]
fn red_herrings_look_like_the_others() {
    let events = timeline(11, START, 3_000);
    let mut seen: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    for event in &events {
        seen.entry(&event.template.id).or_default()[usize::from(event.is_causal)] += 1;
    }
    for (id, [herrings, causal]) in seen {
        let all = herrings + causal;
        let share = causal as f64 / all as f64;
        // Five standard errors.
        let error = (0.65 * 0.35 / all as f64).sqrt();
        assert!(
            (share - 0.65).abs() < 5.0 * error,
            "{id}: {causal} of {all}"
        );
    }
}

#[test]
fn a_further_template_changes_only_the_events_that_become_its_own() {
    let own = "templates:\n  street-party:\n    type: operational\n    title: Street party\n    description: Music.\n    severity: info\n    \
               icon: music\n    timing: {pattern: office}\n    expects: {streams: [system.auth.login], direction: decrease, magnitude: low}\n    \
               duration: 4h\n    modifiers:\n      - {on: system.auth.login/rate, multiply: 0.95}\n";
    let library: Library = with(&[("events.yaml", own)]);
    assert_eq!(library.problems().list, []);
    let (program, _) = tutoring();
    let longer = Timeline::new(5, &program.zone, library.candidates()).between(START, day(300, 0));
    let before = timeline(5, START, 300);
    let added = longer
        .iter()
        .filter(|event| event.template.id == "street-party")
        .count();
    assert!(added > 20, "{added}");
    let ids: Vec<_> = longer.iter().map(|event| event.id).collect();
    let gone = before
        .iter()
        .filter(|event| !ids.contains(&event.id))
        .count();
    assert!(
        gone <= added + added / 2,
        "{gone} of {} made room for {added}",
        before.len()
    );
}

#[test]
fn a_template_that_does_not_fit_the_model_leaves_the_others_as_they_were() {
    let (program, _) = tutoring();
    let mut files = built_in("tutoring");
    for file in &mut files {
        let renamed = file.text.replace("marketing.ad.spend", "marketing.ad.gone");
        file.text = renamed.as_str().into();
    }
    let library = Library::from_files(program, files, vec![]);
    let fit: Vec<&str> = library.event_templates().map(|t| t.id.as_str()).collect();
    let (_, whole) = tutoring();
    assert!(fit.len() < whole.event_templates().count());
    let ends = (START, day(300, 0));
    let fewer = Timeline::new(5, &program.zone, library.candidates()).between(ends.0, ends.1);
    let what = |event: &Occurrence<'_>| {
        let id = event.template.id.clone();
        (event.id, event.time, event.is_causal, id)
    };
    let mut expected = timeline(5, START, 300);
    let all = expected.len();
    expected.retain(|event| fit.contains(&event.template.id.as_str()));
    assert!(expected.len() < all, "its turn came");
    let expected: Vec<_> = expected.iter().map(what).collect();
    assert_eq!(fewer.iter().map(what).collect::<Vec<_>>(), expected);
}

/// What the timeline does to the average of a month, by parameter: the mean of the product of all factors.
fn drift(seeds: u64) -> BTreeMap<String, Vec<f64>> {
    let (_, library) = tutoring();
    let mut drifts: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for seed in 0..seeds {
        let plan = plan(library, &Request::default(), seed).expect("the timeline alone is right");
        let mut hours: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (rule, modifier) in plan.interventions().iter().flat_map(|i| &i.modifiers) {
            let Operation::Multiply(factor) = modifier.operation else {
                panic!("{} is not multiplied", rule.target.address);
            };
            let hours = hours
                .entry(rule.target.address.clone())
                .or_insert_with(|| vec![1.0; 720]);
            for (hour, value) in (0..).zip(hours) {
                *value *= 1.0
                    + (factor - 1.0) * modifier.envelope.at(day(0, hour) + Span(Span::HOUR.0 / 2));
            }
        }
        for template in library.event_templates() {
            for rule in &template.rules {
                let mean = hours
                    .get(&rule.target.address)
                    .map_or(0.0, |h| h.iter().sum::<f64>() / 720.0 - 1.0);
                drifts
                    .entry(rule.target.address.clone())
                    .or_default()
                    .push(mean);
            }
        }
    }
    drifts
}

#[test]
fn impacts_are_balanced_over_a_month() {
    for (address, drifts) in drift(100) {
        let mean = drifts.iter().sum::<f64>() / drifts.len() as f64;
        let largest = drifts
            .iter()
            .fold(0.0f64, |most, drift| most.max(drift.abs()));
        assert!(
            mean.abs() < 0.008 && largest < 0.04,
            "{address}: {mean:.4} on average, {largest:.4} at most"
        );
    }
}

/// With Friday and Saturday off, offices work on Sundays.
#[test]
fn office_events_keep_to_the_days_on_which_people_work() {
    let (program, library) = tutoring();
    let off = Weekend([false, false, false, false, true, true, false]);
    let days = 2_800;
    let by_weekday = |timeline: Timeline<'static>| {
        let mut found = [0u32; 7];
        for event in timeline.between(START, START + Span(days * Span::DAY.0)) {
            let timing = event.template.timing.as_ref().expect("it comes by itself");
            if timing.pattern == Pattern::Office {
                found[usize::from(program.zone.hour_and_weekday(event.time).1)] += 1;
            }
        }
        found
    };
    let usual = by_weekday(Timeline::new(3, &program.zone, library.candidates()));
    let other = by_weekday(Timeline::new(3, &program.zone, library.candidates()).with_weekend(off));
    for (found, off) in [(usual, [5, 6]), (other, [4, 5])] {
        for day in 0..7 {
            let few = found[day] < found.iter().max().copied().unwrap_or(0) * 6 / 10;
            assert_eq!(few, off.contains(&day), "{found:?}");
        }
    }
}
