//! The school year. No thirty days show all of it, so each season is a run of its own, a week long.

use crate::runs::{Played, play};

const SCALE: f64 = 0.1;
const DAYS: i64 = 7;

/// Searches in the seven days from a date on, relative to a week in February.
fn against_february(date: &str) -> f64 {
    let searches =
        |played: &Played| played.tally.rows[played.tally.stream("customer.tutor.search")] as f64;
    searches(&play(42, date, DAYS, SCALE)) / searches(&play(42, "2026-02-02", DAYS, SCALE)) - 1.0
}

fn assert_change(date: &str, low: f64, high: f64) {
    let change = against_february(date);
    println!(
        "searches in the week from {date} on: {:+.1} %",
        100.0 * change
    );
    assert!(
        (low..=high).contains(&change),
        "{date}: {change:+.3} is not within {low:+} to {high:+}"
    );
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn exams_bring_half_as_many_searches_again() {
    assert_change("2026-05-04", 0.40, 0.60);
    assert_change("2026-12-07", 0.40, 0.60);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn summers_have_a_quarter_less() {
    assert_change("2026-07-06", -0.30, -0.20);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn holiday_weeks_have_half_as_many() {
    assert_change("2026-12-21", -0.55, -0.45);
    assert_change("2026-11-22", -0.55, -0.45);
}
