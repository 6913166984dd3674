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

fn slot(row: &Row) -> i64 {
    match row.fields["slot"] {
        Value::Time(time) => time,
        ref other => panic!("the slot is {other:?}"),
    }
}

proptest! {
    #![proptest_config(property(60))]

    #[test]
    fn stand_on_their_step_and_within_reach(after in 0..100i64, width in 0..400i64, step in 1..90i64, seed in any::<u64>()) {
        let (earliest, latest) = (format!("time + {after}h"), format!("time + {after}h + {width}m"));
        for row in booked(&earliest, &latest, &format!("{step}m"), 300, seed) {
            let (slot, earliest) = (slot(&row), row.time + after * HOUR);
            prop_assert!(slot >= earliest, "{} us too early", earliest - slot);
            // The first step after the latest time may be the only one that is not too early.
            prop_assert!(slot <= earliest + (width + step) * MINUTE);
            prop_assert_eq!(slot % (step * MINUTE), 0);
        }
    }
}

/// Chi-square over the half hours of a day, fixed seed; it fails wrongly once in a thousand seeds.
#[test]
fn follow_the_profile() {
    // Made all through Monday for the 24 hours from Wednesday on, which hold every half hour once. The
    // two days weigh the same.
    let mut rows = booked("time + 48h", "time + 72h", "30m", 20_000, 11);
    // What would round down to before the earliest time goes to the first step after it, which has more than
    // its share for that.
    rows.retain(|row| slot(row) - row.time >= 48 * HOUR + 30 * MINUTE);
    let weight = |half_hour: i64| {
        let hours = [
            0., 0., 0., 0., 0., 0., 1., 2., 3., 4., 4., 4., 4., 4., 4., 6., 8., 9., 9., 8., 5., 3.,
            1., 0.,
        ];
        // The mean of the six five-minute steps, each interpolated between the hours' middles.
        let step = |i: i64| {
            let hour = (i as f64 + 0.5) / 12.0 - 0.5;
            let (before, share) = (hour.floor(), hour - hour.floor());
            let at = |h: f64| hours[(h as i64).rem_euclid(24) as usize];
            at(before) * (1.0 - share) + at(before + 1.0) * share
        };
        (half_hour * 6..half_hour * 6 + 6).map(step).sum::<f64>()
    };
    let mut counts = [0.0f64; 48];
    for row in &rows {
        counts[((slot(row) / (30 * MINUTE)) % 48) as usize] += 1.0;
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
    assert_eq!(free, 35);
    // The 99.9 % quantile for 35 degrees of freedom.
    assert!(chi2 < 66.6, "chi2 {chi2}");
}
