//! Ranges are cut into half days and hours.

use causeflow_baselines::{Class, Resolution, intervals};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::base::zone::Zone;
use causeflow_engine::streams::profile::Weekend;
use proptest::prelude::*;

use crate::{MONDAY, hours};

const ZONES: [&str; 6] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
];

fn zone(name: &str) -> Zone {
    Zone::named(name).expect("the zone is known")
}

proptest! {
    #[test]
    fn intervals_follow_each_other_and_cover_the_range(
        start in 0..400 * 24 * 60i64,
        length in 1..30 * 24 * 60i64,
        name in prop::sample::select(&ZONES),
        resolution in prop::sample::select(&Resolution::ALL),
    ) {
        let zone = zone(name);
        let start = MONDAY + Span(start * Span::MINUTE.0);
        let range = start..start + Span(length * Span::MINUTE.0);
        let all = intervals(&zone, Weekend::default(), &range, resolution);
        prop_assert!(all.windows(2).all(|pair| pair[0].time.end == pair[1].time.start));
        prop_assert!(all[0].start() <= range.start && range.start < all[0].end());
        let last = &all[all.len() - 1];
        prop_assert!(last.start() < range.end && range.end <= last.end());
        let covered: f64 = all.iter().map(|interval| interval.covered).sum();
        prop_assert!((covered - length as f64 / 60.0).abs() < 1e-6);
        for interval in &all {
            let inside = range.start <= interval.start() && interval.end() <= range.end;
            prop_assert_eq!(interval.whole, inside);
            let local = zone.local(interval.start());
            prop_assert_eq!(interval.date, local.date());
            prop_assert_eq!(interval.class.part, local.hour() as u8 / resolution.hours());
            if resolution == Resolution::HalfDay {
                // On the hour, in all zones.
                let hour = 12 * i8::from(interval.class.part > 0);
                prop_assert_eq!(local.time(), jiff::civil::time(hour, 0, 0, 0));
            }
        }
    }
}

#[test]
fn thirty_days_are_sixty_half_days_and_720_hours() {
    let range = MONDAY..MONDAY + Span(30 * Span::DAY.0);
    let half_days = intervals(
        &zone("UTC"),
        Weekend::default(),
        &range,
        Resolution::HalfDay,
    );
    assert_eq!(half_days.len(), 60);
    assert!(
        half_days
            .iter()
            .all(|interval| interval.whole && interval.covered == 12.0)
    );
    assert_eq!(
        intervals(&zone("UTC"), Weekend::default(), &range, Resolution::Hour).len(),
        720
    );
    let names: Vec<String> = half_days[8..12]
        .iter()
        .map(|interval| interval.class.name(Resolution::HalfDay))
        .collect();
    // Friday and Saturday.
    assert_eq!(
        names,
        [
            "weekday 00-12",
            "weekday 12-24",
            "weekend 00-12",
            "weekend 12-24"
        ]
    );
}

/// A week from Monday on, with Friday and Saturday off.
#[test]
fn a_model_says_which_days_are_its_weekend() {
    let weekend = Weekend([false, false, false, false, true, true, false]);
    let range = MONDAY..MONDAY + Span(7 * Span::DAY.0);
    let days = intervals(&zone("UTC"), weekend, &range, Resolution::HalfDay);
    let of: Vec<bool> = days.iter().map(|interval| interval.class.weekend).collect();
    let expected: Vec<bool> = weekend.0.iter().flat_map(|&day| [day, day]).collect();
    assert_eq!(of, expected);
}

#[test]
fn half_days_follow_the_clocks_of_the_zone() {
    let berlin = zone("Europe/Berlin");
    // 2026-03-29T00:00+01:00; at two, clocks go to three.
    let sunday = Time(1_774_738_800_000_000);
    let all = intervals(
        &berlin,
        Weekend::default(),
        &(sunday..sunday + hours(23)),
        Resolution::HalfDay,
    );
    let lengths: Vec<f64> = all.iter().map(|interval| interval.covered).collect();
    assert_eq!(lengths, [11.0, 12.0]);
    assert!(
        all.iter()
            .all(|interval| interval.whole && interval.class.weekend)
    );
    // Five hours and a half, or three quarters, ahead of UTC.
    let kolkata = intervals(
        &zone("Asia/Kolkata"),
        Weekend::default(),
        &(MONDAY..MONDAY + hours(24)),
        Resolution::HalfDay,
    );
    let starts: Vec<i64> = kolkata
        .iter()
        .map(|i| (i.start() - MONDAY).0 / Span::MINUTE.0)
        .collect();
    assert_eq!(starts, [-330, 390, 1110]);
}

#[test]
fn every_class_has_a_name_of_its_own() {
    for resolution in Resolution::ALL {
        let mut names: Vec<String> = Class::all(resolution)
            .map(|class| class.name(resolution))
            .collect();
        assert_eq!(names.len(), 2 * resolution.a_day());
        names.sort();
        names.dedup();
        assert_eq!(names.len(), 2 * resolution.a_day());
    }
}
