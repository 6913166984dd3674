//! Appointments: never before the earliest time, on their step, and spread as the profile of hours is.

use proptest::prelude::*;

use crate::support::{Row, Value, play, program, property, settings};

const MINUTE: i64 = 60_000_000;
const HOUR: i64 = 60 * MINUTE;

fn booked(earliest: &str, latest: &str, step: &str, rate: u32, seed: u64) -> Vec<Row> {
    let text = format!(
        "model: {{name: bookings, cells: 2, window: 1h, reference: {{start: 2026-02-02, days: 28}}}}\n\
         profiles:\n  sessions:\n    \
           hours: [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 6, 8, 9, 9, 8, 5, 3, 1, 0]\n    \
           weekdays: [1, 1, 1, 1, 1, 1.4, 1.4]\n\
         streams:\n  booking:\n    source: {{rate: {rate}}}\n    fields:\n      \
           slot: {{value: 'appointment(sessions, {earliest}, {latest}, {step})'}}\n"
    );
    play(&program(&[("a.yaml".into(), text)]), &settings(seed, 24)).rows["booking"].clone()
}

/// The time of the appointment, if there is one.
fn slot(row: &Row) -> Option<i64> {
    match row.fields.get("slot") {
        Some(Value::Time(time)) => Some(*time),
        None => None,
        other => panic!("the slot is {other:?}"),
    }
}

/// Whether the profile is not 0 at a time (UTC): hours are interpolated between their middles, but not into closed ones.
fn is_open(time: i64) -> bool {
    (6 * HOUR..23 * HOUR).contains(&time.rem_euclid(24 * HOUR))
}

proptest! {
    #![proptest_config(property(60))]

    /// Nothing lies outside what was asked for, and there is none exactly where nothing lies in it.
    #[test]
    fn stand_on_their_step_and_within_reach(
        after in prop_oneof![0..100i64, 700..8000i64],
        width in -20..400i64,
        step in 1..90i64,
        seed in any::<u64>(),
    ) {
        let (earliest, latest) = (format!("time + {after}h"), format!("time + {after}h + {} * 1m", width.max(0)));
        for row in booked(&earliest, &latest, &format!("{step}m"), 100, seed) {
            let earliest = row.time + after * HOUR;
            let latest = earliest + width.max(0) * MINUTE;
            let step = step * MINUTE;
            match slot(&row) {
                Some(slot) => {
                    prop_assert!((earliest..=latest).contains(&slot), "{} us too early", earliest - slot);
                    prop_assert_eq!(slot % step, 0);
                    prop_assert!(is_open(slot));
                }
                None => {
                    let first = earliest + (step - earliest.rem_euclid(step)) % step;
                    let mut steps = (first..=latest).step_by(step as usize);
                    prop_assert!(!steps.any(is_open), "there was room");
                }
            }
        }
    }
}

/// What is closed throughout gives no appointment, which can be asked about.
#[test]
fn none_can_be_asked_about() {
    let text = "model: {name: m, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 28}}\n\
                profiles:\n  weekdays: {weekdays: [1, 1, 1, 1, 1, 0, 0]}\n\
                streams:\n  asked:\n    source: {rate: 300}\n    \
                  fields:\n      at: {value: 'appointment(weekdays, time, time + 1d, 30m)'}\n      \
                    is_none: {value: 'at == none'}\n      ends: {value: 'at + 30m'}\n      \
                    morning: {value: 'day_start(at) + 9h'}\n  \
                  met:\n    causes:\n      - {on: asked, when: at != none, at: at}\n";
    let rows = play(
        &program(&[("a.yaml".into(), text.into())]),
        &settings(3, 7 * 24),
    )
    .rows;
    let (mut some, mut none) = (0, 0);
    for row in &rows["asked"] {
        let is_none = row.fields["is_none"] == Value::Bool(true);
        assert_eq!(row.fields.contains_key("at"), !is_none);
        assert_eq!(row.fields.contains_key("ends"), !is_none);
        assert_eq!(row.fields.contains_key("morning"), !is_none);
        // Saturday is closed, and Monday does not begin before Sunday does.
        let day = (row.time - crate::support::START.0) / (24 * HOUR);
        assert!(!is_none || day == 5 || day == 4, "{row:?}");
        (some, none) = (some + u32::from(!is_none), none + u32::from(is_none));
    }
    assert!(some > 1000 && none > 200, "{some} {none}");
    assert!(rows["met"].len() > 500);
}

#[test]
fn a_range_that_cannot_be_is_refused() {
    let told = |arguments: &str| {
        let text = format!(
            "model: {{name: m, cells: 2, window: 1h, reference: {{start: 2026-02-02, days: 28}}}}\n\
             profiles:\n  all: {{}}\n\
             streams:\n  a: {{source: {{rate: 3}}, fields: {{at: {{value: 'appointment(all, {arguments})'}}}}}}\n"
        );
        match crate::support::compile(&[("a.yaml".into(), text)]) {
            Ok(_) => String::new(),
            Err(found) => found.to_string(),
        }
    };
    assert!(told("time + 2d, time + 1d, 30m").contains("this range ends before it begins"));
    assert!(told("time, time + 1d, 0s").contains("this step is not more than 0"));
    assert!(told("time - 2d, time - 1d, 1h").contains("this range ends before the event"));
    assert!(told("time + 380d, time + 400d, 1h").contains("at most 366 days ahead"));
    assert_eq!(told("time + 60d, time + 61d, 30m"), "");
}

/// Chi-square over the half hours of a day, fixed seed; it fails wrongly once in a thousand seeds.
#[test]
fn follow_the_profile() {
    // Made all through Monday for the 24 hours from Wednesday on, which hold every half hour once. The
    // two days weigh the same.
    let mut rows = booked("time + 48h", "time + 72h", "30m", 20_000, 11);
    // What would round down to before the earliest time goes to the first step after it, which has more than
    // its share for that.
    rows.retain(|row| slot(row).is_some_and(|slot| slot - row.time >= 48 * HOUR + 30 * MINUTE));
    let weight = |half_hour: i64| {
        let hours = [
            0., 0., 0., 0., 0., 0., 1., 2., 3., 4., 4., 4., 4., 4., 4., 6., 8., 9., 9., 8., 5., 3.,
            1., 0.,
        ];
        // The mean of the six five-minute steps, each interpolated between the hours' middles unless one is closed.
        let step = |i: i64| {
            let hour = (i as f64 + 0.5) / 12.0 - 0.5;
            let (before, share) = (hour.floor(), hour - hour.floor());
            let at = |h: f64| hours[(h as i64).rem_euclid(24) as usize];
            match at(before) == 0.0 || at(before + 1.0) == 0.0 {
                true => hours[i as usize / 12],
                false => at(before) * (1.0 - share) + at(before + 1.0) * share,
            }
        };
        (half_hour * 6..half_hour * 6 + 6).map(step).sum::<f64>()
    };
    let mut counts = [0.0f64; 48];
    for row in &rows {
        let slot = slot(row).expect("only those are kept");
        counts[((slot / (30 * MINUTE)) % 48) as usize] += 1.0;
    }
    let total: f64 = (0..48).map(weight).sum();
    let mut chi2 = 0.0;
    let mut free = -1;
    for (half_hour, &count) in counts.iter().enumerate() {
        let expected = rows.len() as f64 * weight(half_hour as i64) / total;
        if expected == 0.0 {
            assert_eq!(count, 0.0, "nobody books when the profile is 0");
        } else {
            chi2 += (count - expected) * (count - expected) / expected;
            free += 1;
        }
    }
    assert_eq!(free, 33);
    // The 99.9 % quantile for 33 degrees of freedom.
    assert!(chi2 < 63.9, "chi2 {chi2}");
}
