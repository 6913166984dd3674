//! Runs are pooled, and their points scored.

use causeflow_baselines::{
    Baseline, Class, Expected, Flag, Ongoing, Pool, Resolution, history, intervals,
};
use causeflow_engine::base::time::Span;
use causeflow_engine::base::zone::Zone;
use causeflow_engine::streams::profile::Weekend;
use causeflow_engine::streams::sides::Side;
use proptest::prelude::*;

use crate::{MONDAY, hours, stream};

fn utc() -> Zone {
    Zone::named("UTC").expect("it is known")
}

/// Counts of a run, from its seed.
fn counts(seed: u64, days: i64) -> impl Iterator<Item = u64> {
    (0..24 * days as u64)
        .map(move |hour| 100 + 7 * (hour % 24) + (hour * 7919 + seed * 104_729) % 83)
}

fn pool(seeds: impl IntoIterator<Item = u64>) -> Pool {
    let range = MONDAY..MONDAY + Span(21 * Span::DAY.0);
    let mut pool = Pool::new(&utc(), Weekend::default(), &range, &["a", "b"]);
    for seed in seeds {
        pool.add(
            seed,
            &[
                stream("a", counts(seed, 21)),
                stream("b", counts(seed + 1000, 21)),
            ],
        );
    }
    pool
}

proptest! {
    #[test]
    fn the_order_in_which_runs_come_does_not_show(
        seeds in prop::collection::btree_set(0..100u64, 1..6),
        cut in 0..6usize,
        swapped in any::<bool>(),
    ) {
        let seeds: Vec<u64> = seeds.into_iter().collect();
        let together = pool(seeds.iter().copied());
        let (some, others) = seeds.split_at(cut.min(seeds.len()));
        let (mut a, mut b) = (pool(some.iter().rev().copied()), pool(others.iter().copied()));
        if swapped {
            std::mem::swap(&mut a, &mut b);
        }
        a.merge(b);
        prop_assert_eq!(a.seeds().collect::<Vec<_>>(), seeds);
        // To the last bit.
        prop_assert_eq!(a.statistics(), together.statistics());
        prop_assert_eq!(a.baseline(), Baseline::of(&together.statistics()));
    }
}

#[test]
fn statistics_are_of_what_would_be_without_interventions() {
    let statistics = pool([5]).statistics();
    let all: Vec<u64> = counts(5, 21).collect();
    let figures = statistics[0].resolutions[1]
        .all
        .as_ref()
        .expect("there are hours");
    assert_eq!(figures.summary.count(), all.len());
    assert_eq!(
        figures.summary.max(),
        *all.iter().max().expect("some") as f64
    );
    let total: u64 = all.iter().sum();
    assert_eq!(statistics[0].per_day, Some(total as f64 / 21.0));
    let half_days = statistics[0].resolutions[0]
        .all
        .as_ref()
        .expect("there are half days");
    assert_eq!(half_days.summary.count(), 42);
    assert!((half_days.summary.mean - total as f64 / 42.0).abs() < 1e-9);
    // 15 weekdays and 6 days of weekends.
    let classes = statistics[0].resolutions[0].classes.iter();
    let numbers: Vec<usize> = classes
        .map(|(_, figures)| figures.summary.count())
        .collect();
    assert_eq!(numbers, [15, 15, 6, 6]);
}

#[test]
fn no_events_are_nought_and_not_less() {
    let range = MONDAY..MONDAY + Span(2 * Span::DAY.0);
    let pool = Pool::of_run(&utc(), Weekend::default(), &range, 1, &[stream("a", [])]);
    let statistics = pool.statistics();
    for of in &statistics[0].resolutions {
        let figures = of.all.as_ref().expect("there are intervals");
        assert_eq!(figures.summary.min().to_bits(), 0.0f64.to_bits());
        assert_eq!(figures.summary.mean.to_bits(), 0.0f64.to_bits());
    }
}

#[test]
fn half_an_interval_is_neither_counted_nor_scored() {
    let range = MONDAY + hours(6)..MONDAY + hours(6) + Span(2 * Span::DAY.0);
    let results = [stream("a", counts(1, 3))];
    let pool = Pool::of_run(&utc(), Weekend::default(), &range, 1, &results);
    let statistics = pool.statistics();
    let half_days = statistics[0].resolutions[0]
        .all
        .as_ref()
        .expect("three are whole");
    assert_eq!(half_days.summary.count(), 3);
    let baseline = Baseline::of(&statistics);
    let all = intervals(&utc(), Weekend::default(), &range, Resolution::HalfDay);
    let points = history(&results[0].series, Side::FACTUAL, &all, |class| {
        baseline.expected("a", Resolution::HalfDay, class)
    });
    let scored: Vec<bool> = points.iter().map(|point| point.score.is_some()).collect();
    assert_eq!(scored, [false, true, true, true, false]);
    let whole: u64 = counts(1, 3).skip(12).take(12).map(|count| count + 10).sum();
    assert_eq!(points[1].tally.count, whole);
    assert_eq!(points[1].tally.value_sum(), whole as f64 * 1.5);
}

#[test]
fn a_point_is_scored_against_its_own_class() {
    let results = [stream("a", counts(1, 7))];
    let range = MONDAY..MONDAY + Span(7 * Span::DAY.0);
    let all = intervals(&utc(), Weekend::default(), &range, Resolution::HalfDay);
    let afternoon = Class {
        weekend: false,
        part: 1,
    };
    let mut baseline = Baseline::default();
    let (mean, sigma) = (3000.0, 10.0);
    baseline.insert(
        "a",
        Resolution::HalfDay,
        afternoon,
        Expected { mean, sigma },
    );
    let points = history(&results[0].series, Side::UNTOUCHED, &all, |class| {
        baseline.expected("a", Resolution::HalfDay, class)
    });
    for (interval, point) in all.iter().zip(&points) {
        assert_eq!(point.score.is_some(), interval.class == afternoon);
        let off = (point.tally.count as f64 - mean).abs() / sigma;
        assert!(
            point
                .flag
                .is_none_or(|flag| (flag == Flag::Critical) == (off >= 3.0))
        );
    }
    assert!(baseline.has("a") && !baseline.has("b"));
}

#[test]
fn what_goes_on_is_named_where_it_overlaps() {
    let ongoing = |name: &str, from: i64, to: i64| Ongoing {
        name: name.to_owned(),
        start: MONDAY + hours(from),
        end: MONDAY + hours(to),
    };
    let all = [ongoing("outage", 10, 12), ongoing("news", 11, 30)];
    let range = MONDAY..MONDAY + hours(48);
    let named: Vec<Option<String>> =
        intervals(&utc(), Weekend::default(), &range, Resolution::HalfDay)
            .iter()
            .map(|interval| Ongoing::names(&all, interval))
            .collect();
    let named: Vec<Option<&str>> = named.iter().map(Option::as_deref).collect();
    assert_eq!(
        named,
        [Some("outage, news"), Some("news"), Some("news"), None]
    );
}
