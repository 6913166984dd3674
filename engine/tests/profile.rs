//! Profiles follow hours, weekdays, seasons and growth in the model's time zone, with mean 1 over the
//! reference days.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::base::zone::Zone;
use causeflow_engine::streams::profile::{
    Dated, Profile, ProfileTable, Reference, STEP, Season, mean_growth,
};
use jiff::civil::{Date, date};
use proptest::array::{uniform7, uniform24};
use proptest::prelude::*;
use proptest::sample::select;

fn reference(start: Date, days: u32, growth_per_month: f64) -> Reference {
    Reference {
        start,
        days,
        growth_per_month,
    }
}

fn zone(name: &str) -> Zone {
    Zone::named(name).expect("the zone exists")
}

/// The instant of a UTC date and hour.
fn utc(date: Date, hour: i8) -> Time {
    let instant = date
        .at(hour, 0, 0, 0)
        .to_zoned(jiff::tz::TimeZone::UTC)
        .expect("the time exists");
    Time(instant.timestamp().as_microsecond())
}

fn mean(table: &ProfileTable, from: Time, to: Time) -> f64 {
    let steps = (to - from).0 / STEP.0;
    (0..steps)
        .map(|i| table.factor(from + Span(i * STEP.0 + STEP.0 / 2)))
        .sum::<f64>()
        / steps as f64
}

/// Hours that rise through the day, so that each hour is known by its factor.
fn rising() -> Profile {
    let mut profile = Profile::flat();
    profile.hours = std::array::from_fn(|hour| hour as f64 + 1.0);
    profile
}

fn busy() -> Profile {
    let mut profile = rising();
    profile.weekdays = [1.0, 1.0, 1.0, 1.0, 1.2, 1.5, 0.8];
    let season = |name: &str, from, to, factor| Season {
        name: name.into(),
        from,
        to,
        factor,
    };
    profile.seasons = vec![
        season("exams", (2, 10), (2, 20), 1.5),
        season("carnival", (2, 12), (2, 17), 0.5),
    ];
    profile
}

#[test]
fn a_weight_of_0_gives_nothing_in_its_hour_and_leaves_the_others_theirs() {
    let start = date(2026, 2, 2);
    let reference = reference(start, 7, 0.0);
    let (begin, end) = (utc(start, 0), utc(date(2026, 2, 3), 0));
    for steps in [false, true] {
        for open in [vec![9, 10, 11, 14, 15], vec![0, 23], vec![7]] {
            let mut profile = Profile {
                steps,
                ..Profile::flat()
            };
            profile.hours = std::array::from_fn(|hour| f64::from(u8::from(open.contains(&hour))));
            let table = profile.compile(&zone("UTC"), &reference, Span(0), begin, end);
            for step in 0..288 {
                let factor = table.factor(begin + Span(step as i64 * STEP.0));
                let expected = if open.contains(&(step / 12)) {
                    24.0 / open.len() as f64
                } else {
                    0.0
                };
                assert!(
                    (factor - expected).abs() < 1e-9,
                    "{steps} {open:?} {step}: {factor}"
                );
            }
        }
    }
}

#[test]
fn steps_hold_for_their_hours() {
    let start = date(2026, 2, 2);
    let reference = reference(start, 7, 0.0);
    let (begin, end) = (utc(start, 0), utc(date(2026, 2, 3), 0));
    let profile = Profile {
        steps: true,
        ..rising()
    };
    let table = profile.compile(&zone("UTC"), &reference, Span(0), begin, end);
    for step in 0..288 {
        let factor = table.factor(begin + Span(step * STEP.0));
        assert!((factor - (step / 12 + 1) as f64 / 12.5).abs() < 1e-9);
    }
}

proptest! {
    /// Where nothing closes, a rate makes no jump, at midnights either, and never leaves the bounds that are told.
    #[test]
    fn rates_are_continuous(
        hours in uniform24(0.1..3.0f64),
        weekdays in uniform7(0.1..3.0f64),
        growth in -0.1..0.2f64,
        name in select(vec!["UTC", "Asia/Kathmandu", "America/New_York"]),
        other in proptest::option::of(uniform24(0.1..3.0f64)),
        factor in 0.5..2.0f64,
    ) {
        let start = date(2026, 1, 12);
        let dates = [(date(2026, 1, 13), date(2026, 1, 14)), (date(2026, 1, 17), date(2026, 1, 17))];
        let dated = vec![Dated { name: "feast".into(), dates: dates.into(), factor, hours: other }];
        let profile = Profile { hours, weekdays, dated, growth: true, ..Profile::flat() };
        let reference = reference(start, 7, growth);
        let (begin, end) = (utc(start, 3), utc(date(2026, 1, 21), 0));
        let table = profile.compile(&zone(name), &reference, Span(0), begin, end);
        let most = table.between(begin, end).most;
        let second = Span(1_000_000);
        let mut time = begin;
        while time + second < end {
            let (now, next) = (table.factor(time), table.factor(time + second));
            // The steepest that three weights and a change of days can be, in a second of an hour.
            prop_assert!((now - next).abs() <= most * 31.0 / 3600.0, "{now} {next} at {time:?}");
            let bounds = table.between(time, time + second);
            for factor in [now, next] {
                let (least, most) = (bounds.least * (1.0 - 1e-12), bounds.most * (1.0 + 1e-12));
                prop_assert!((least..=most).contains(&factor), "{factor} {bounds:?}");
            }
            time += Span(second.0 * 149);
        }
        // Exactly at a midnight, from both sides.
        let midnight = utc(date(2026, 1, 15), 0);
        let (before, after) = (table.factor(midnight - Span(1)), table.factor(midnight));
        prop_assert!((before - after).abs() < 1e-6 * most);
    }
}

#[test]
fn a_day_leads_to_the_next_one_unless_it_is_closed() {
    let start = date(2026, 2, 2);
    let reference = reference(start, 7, 0.0);
    let (begin, end) = (utc(start, 0), utc(date(2026, 2, 9), 0));
    let profile = |steps| Profile {
        weekdays: [1.0, 1.0, 1.0, 1.0, 3.0, 0.0, 0.0],
        steps,
        ..Profile::flat()
    };
    let table = |steps| profile(steps).compile(&zone("UTC"), &reference, Span(0), begin, end);
    let at = |steps, day, hour, minute: i64| {
        table(steps).factor(utc(date(2026, 2, day), hour) + Span(minute * Span::MINUTE.0))
    };
    let monday = at(false, 2, 12, 0);
    for (day, hour, expected) in [
        (5, 21, 1.0),
        (5, 22, 1.0),
        (5, 23, 1.5),
        (6, 0, 2.0),
        (6, 1, 2.5),
        (6, 2, 3.0),
        // To what is closed nothing leads.
        (6, 23, 3.0),
        (7, 0, 0.0),
        (8, 23, 0.0),
        (2, 0, 1.0),
    ] {
        let found = at(false, day, hour, 0) / monday;
        assert!((found - expected).abs() < 1e-9, "{day} {hour}: {found}");
    }
    assert!((at(true, 5, 23, 59) - at(true, 2, 12, 0)).abs() < 1e-12);
    assert!((at(true, 6, 0, 0) - 3.0 * at(true, 2, 12, 0)).abs() < 1e-12);
}

#[test]
fn the_mean_over_the_reference_days_is_one() {
    let start = date(2026, 2, 2);
    for (growth, growing) in [(0.0, false), (0.035, true), (-0.2, true)] {
        let (profile, reference) = (
            Profile {
                growth: growing,
                ..busy()
            },
            reference(start, 30, growth),
        );
        let (begin, end) = (utc(start, 0), utc(date(2026, 3, 4), 0));
        let table = profile.compile(&zone("UTC"), &reference, Span(0), begin, end);
        let mean = mean(&table, begin, end);
        // Growth is taken at noon for the scale, at every step for the factors, and hours rise all day: that
        // makes a difference of a sixth of a day's growth.
        let tolerance = if growing {
            growth.abs() / 30.0 / 5.0
        } else {
            1e-12
        };
        assert!(
            (mean - 1.0).abs() < tolerance,
            "the mean with growth {growth} is {mean}"
        );
    }
}

#[test]
fn a_warmup_moves_growth_but_not_the_mean() {
    let start = date(2026, 2, 2);
    let (profile, reference) = (
        Profile {
            growth: true,
            ..Profile::flat()
        },
        reference(start, 30, 0.05),
    );
    let warmup = Span(21 * Span::DAY.0);
    let begin = Time(utc(start, 0).0 - warmup.0);
    let table = profile.compile(
        &zone("UTC"),
        &reference,
        warmup,
        begin,
        utc(date(2026, 3, 4), 0),
    );
    let mean = mean(&table, utc(start, 0), utc(date(2026, 3, 4), 0));
    assert!((mean - 1.0).abs() < 2e-4, "the mean is {mean}");
    // What grows is the population from the beginning of the warm-up: 1 / mean growth there.
    let first = table.factor(begin);
    assert!(
        (first * mean_growth(&reference, warmup) - 1.0).abs() < 1e-9,
        "the first factor is {first}"
    );
}

#[test]
fn a_month_grows_by_the_declared_share() {
    let start = date(2026, 2, 2);
    let (profile, reference) = (
        Profile {
            growth: true,
            ..Profile::flat()
        },
        reference(start, 30, 0.035),
    );
    let begin = utc(start, 0);
    let table = profile.compile(
        &zone("UTC"),
        &reference,
        Span(0),
        begin,
        begin + Span(400 * Span::DAY.0),
    );
    let factor = |days: f64| table.factor(begin + Span((days * Span::DAY.0 as f64) as i64));
    let month = factor(30.4375) / factor(0.0);
    // Factors stand for five minutes: a share of 4e-6 of the growth.
    assert!((month - 1.035).abs() < 1e-5, "a month brings {month}");
    let year = factor(365.25) / factor(0.0);
    assert!(
        (year - libm::pow(1.035, 12.0)).abs() < 1e-4,
        "a year brings {year}"
    );
}

#[test]
fn hours_are_those_of_the_time_zone() {
    let berlin = zone("Europe/Berlin");
    let reference = reference(date(2026, 3, 16), 7, 0.0);
    let (begin, end) = (utc(date(2026, 3, 27), 0), utc(date(2026, 4, 1), 0));
    let table = rising().compile(&berlin, &reference, Span(0), begin, end);
    // The factor at the middle of an hour is that hour's weight over the mean, 12.5. Noon in Berlin is
    // 11:00 UTC on Saturday 28 March, and 10:00 UTC from Sunday the 29th on.
    let half = Span(Span::HOUR.0 / 2);
    for (day, hour) in [(28, 11), (29, 10), (30, 10)] {
        let factor = table.factor(utc(date(2026, 3, day), hour) + half);
        assert!(
            (factor * 12.5 - 13.0).abs() < 1e-9,
            "noon of March {day} has the weight {}",
            factor * 12.5
        );
    }
    assert_eq!(berlin.hour_and_weekday(utc(date(2026, 3, 28), 23)), (0, 6));
    assert_eq!(berlin.hour_and_weekday(utc(date(2026, 3, 29), 0)), (1, 6));
    assert_eq!(berlin.hour_and_weekday(utc(date(2026, 3, 29), 1)), (3, 6));
}

#[test]
fn a_day_without_an_hour_leaves_that_hour_out() {
    let berlin = zone("Europe/Berlin");
    let reference = reference(date(2026, 3, 16), 7, 0.0);
    let (begin, end) = (utc(date(2026, 3, 28), 23), utc(date(2026, 3, 29), 22));
    let table = rising().compile(&berlin, &reference, Span(0), begin, end);
    // The local Sunday: all but the hour from two to three. (The last one leans towards the next day.)
    let hours: Vec<f64> = (0..22)
        .map(|i| table.factor(begin + Span(i * Span::HOUR.0 + Span::HOUR.0 / 2)) * 12.5)
        .collect();
    for (i, &weight) in hours.iter().enumerate() {
        let expected = if i < 2 { i + 1 } else { i + 2 } as f64;
        assert!(
            (weight - expected).abs() < 0.05,
            "hour {i} has the weight {weight}, expected {expected}"
        );
    }
}

#[test]
fn seasons_pass_the_end_of_the_year() {
    let mut profile = Profile::flat();
    let winter = Season {
        name: "christmas".into(),
        from: (12, 21),
        to: (1, 3),
        factor: 0.5,
    };
    profile.seasons = vec![winter];
    let reference = reference(date(2026, 11, 1), 30, 0.0);
    let (begin, end) = (utc(date(2026, 12, 1), 0), utc(date(2027, 3, 1), 0));
    let table = profile.compile(&zone("UTC"), &reference, Span(0), begin, end);
    let noon = |year, month, day| table.factor(utc(date(year, month, day), 12));
    let days = [
        (2026, 12, 20, 1.0),
        (2026, 12, 21, 0.5),
        (2026, 12, 31, 0.5),
        (2027, 1, 1, 0.5),
        (2027, 1, 3, 0.5),
    ];
    for (year, month, day, factor) in days {
        assert_eq!(noon(year, month, day), factor, "{year}-{month}-{day}");
    }
    assert_eq!(noon(2027, 1, 4), 1.0);
    // A season ends around a midnight, not at once.
    let at = |day, hour| table.factor(utc(date(2027, 1, day), hour));
    assert_eq!([at(3, 22), at(4, 0), at(4, 2)], [0.5, 0.75, 1.0]);
}

#[test]
fn dates_have_hours_and_factors_of_their_own() {
    let reference = reference(date(2026, 2, 2), 28, 0.0);
    let (begin, end) = (utc(date(2026, 2, 2), 0), utc(date(2026, 3, 2), 0));
    let fast = Dated {
        name: "fast".into(),
        dates: [
            (date(2026, 2, 10), date(2026, 2, 12)),
            (date(2026, 2, 20), date(2026, 2, 20)),
        ]
        .into(),
        factor: 1.0,
        // All of it late in the evening.
        hours: Some(std::array::from_fn(|hour| f64::from(u8::from(hour >= 20)))),
    };
    let feast = Dated {
        name: "feast".into(),
        dates: [(date(2026, 2, 12), date(2026, 2, 13))].into(),
        factor: 0.5,
        hours: None,
    };
    let profile = Profile {
        dated: vec![fast, feast],
        steps: true,
        ..Profile::flat()
    };
    let table = profile.compile(&zone("UTC"), &reference, Span(0), begin, end);
    let at = |day, hour| table.factor(utc(date(2026, 2, day), hour)) / table.factor(begin);
    for (day, noon, evening) in [
        (9, 1.0, 1.0),
        (10, 0.0, 6.0),
        (11, 0.0, 6.0),
        (12, 0.0, 3.0),
        (13, 0.5, 0.5),
        (14, 1.0, 1.0),
        (20, 0.0, 6.0),
        (21, 1.0, 1.0),
    ] {
        assert!(
            (at(day, 12) - noon).abs() < 1e-12 && (at(day, 21) - evening).abs() < 1e-12,
            "{day}"
        );
    }
    assert!((mean(&table, begin, end) - 1.0).abs() < 1e-9);
}

#[test]
fn seasons_that_overlap_multiply() {
    let reference = reference(date(2026, 2, 2), 30, 0.0);
    let (begin, end) = (utc(date(2026, 2, 2), 0), utc(date(2026, 3, 4), 0));
    let table = Profile {
        hours: [1.0; 24],
        weekdays: [1.0; 7],
        ..busy()
    }
    .compile(&zone("UTC"), &reference, Span(0), begin, end);
    let noon = |day| table.factor(utc(date(2026, 2, day), 12));
    let close = |x: f64, y: f64| (x - y).abs() < 1e-12;
    assert!(
        close(noon(11) / noon(9), 1.5)
            && close(noon(12) / noon(9), 0.75)
            && close(noon(18) / noon(9), 1.5)
    );
}

#[test]
fn the_least_and_the_largest_factor_bound_all_between() {
    let reference = reference(date(2026, 2, 2), 30, 0.0);
    let (begin, end) = (utc(date(2026, 2, 2), 0), utc(date(2026, 2, 22), 0));
    let table = busy().compile(&zone("Europe/Berlin"), &reference, Span(0), begin, end);
    for window in [Span(5 * Span::MINUTE.0), Span::HOUR, Span(6 * Span::HOUR.0)] {
        let mut start = begin;
        while start < end {
            let bounds = table.between(start, start + window);
            let mut at = start;
            while at < start + window {
                let factor = table.factor(at);
                assert!(
                    bounds.least <= factor && factor <= bounds.most,
                    "the factor at {at} passes a bound"
                );
                at += Span(Span::MINUTE.0);
            }
            start += window;
        }
    }
}

#[test]
fn times_beyond_the_calendar_show_its_first_or_last_instant() {
    for name in ["UTC", "Pacific/Apia", "America/Los_Angeles"] {
        let zone = zone(name);
        assert!(
            (-1..=1).contains(&zone.local(Time(i64::MIN)).year()),
            "{name}"
        );
        assert_eq!(zone.local(Time(i64::MAX)).year(), 9999, "{name}");
        assert_eq!(zone.local(Time(i64::MAX)), zone.local(Time::LATEST));
    }
}

#[test]
fn hours_begin_where_clocks_show_them() {
    let (noon, quarter) = (utc(date(2026, 2, 2), 12), Span(15 * Span::MINUTE.0));
    for (name, quarters) in [
        ("UTC", 0),
        ("America/New_York", 0),
        ("Asia/Kolkata", 2),
        ("Asia/Kathmandu", 1),
        ("Pacific/Chatham", 1),
    ] {
        let zone = zone(name);
        let first = noon + Span(quarters * quarter.0);
        assert_eq!(zone.hour_from(noon), first, "{name}");
        assert_eq!(zone.hour_from(first), first, "{name}");
        assert_eq!(
            zone.hour_from(first + Span(1)),
            first + Span::HOUR,
            "{name}"
        );
        assert_eq!(zone.local(first).minute(), 0, "{name}");
    }
}

#[test]
fn an_hour_that_begins_with_a_change_of_the_clocks_is_found() {
    // On the Chatham Islands clocks go from 02:45 to 03:45, and in April from 03:45 back to 02:45.
    let zone = zone("Pacific/Chatham");
    let shown = |day: Date| {
        let mut time = utc(day, 12);
        let mut hours = Vec::new();
        for _ in 0..5 {
            time = zone.hour_from(time + Span(1));
            let local = zone.local(time);
            hours.push((local.hour(), local.minute()));
        }
        hours
    };
    let spring = [(1, 0), (2, 0), (3, 45), (4, 0), (5, 0)];
    assert_eq!(shown(date(2026, 9, 26)), spring);
    let autumn = [(2, 0), (3, 0), (2, 45), (3, 0), (4, 0)];
    assert_eq!(shown(date(2026, 4, 4)), autumn);
}
