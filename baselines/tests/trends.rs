//! Growth, whatever the week does.

use causeflow_baselines::{Day, trend};
use proptest::prelude::*;

fn days(first_weekday: u8, totals: impl IntoIterator<Item = f64>) -> Vec<Day> {
    let day = |(number, total): (i32, f64)| Day {
        number,
        weekday: ((number + i32::from(first_weekday)) % 7) as u8,
        total,
    };
    (0..).zip(totals).map(day).collect()
}

proptest! {
    #[test]
    fn a_line_under_any_pattern_of_the_week_is_found(
        week in prop::array::uniform7(0.0..1e4f64),
        slope in -50.0..50.0f64,
        first in 0..7u8,
        length in 9..60usize,
    ) {
        let total = |at: usize| week[(at + usize::from(first)) % 7] + slope * at as f64;
        let found = trend(&days(first, (0..length).map(total))).expect("a weekday comes twice");
        prop_assert!((found.per_month - 30.0 * slope).abs() < 1e-6, "{found:?}");
        prop_assert!(found.standard_error.is_some_and(|error| error < 1e-6), "{found:?}");
    }
}

#[test]
fn within_a_week_there_is_no_trend() {
    assert_eq!(trend(&days(3, [5.0; 7])), None);
    assert_eq!(trend(&[]), None);
    // One weekday twice gives a slope, and no degree of freedom for its error.
    let found = trend(&days(0, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 8.0])).expect("Mondays");
    assert_eq!((found.per_month, found.standard_error), (30.0, None));
}
