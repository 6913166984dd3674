//! Seasons and their strength.

use causeflow_baselines::{decompose, season};
use proptest::prelude::*;

fn parts(length: usize, period: usize) -> Vec<usize> {
    (0..length).map(|at| at % period).collect()
}

proptest! {
    #[test]
    fn a_season_on_a_line_is_found_and_is_all_there_is(
        season_of in prop::collection::vec(-100.0..100.0f64, 2..30),
        periods in 2..6usize,
        level in 1000.0..2000.0f64,
        slope in -1.0..1.0f64,
    ) {
        let period = season_of.len();
        let centre = season_of.iter().sum::<f64>() / period as f64;
        let length = periods * period;
        let series: Vec<f64> = (0..length).map(|at| level + slope * at as f64 + season_of[at % period]).collect();
        let found = decompose(&series, &parts(length, period), period).expect("there are two periods");
        for (found, wanted) in found.seasonal.iter().zip(&season_of) {
            prop_assert!((found - (wanted - centre)).abs() < 1e-6, "{found} {wanted}");
        }
        let spread = found.detrended_variance;
        let season = season(&[found]).expect("there are events");
        prop_assert!(spread < 1e-9 || season.strength > 1.0 - 1e-9 / spread, "{season:?}");
        let mean = season.shape.iter().sum::<f64>() / period as f64;
        prop_assert!((mean - 1.0).abs() < 1e-9);
    }

    /// However bursty counts are, no level is negative.
    #[test]
    fn levels_are_never_negative(
        counts in prop::collection::vec(prop_oneof![9 => Just(0.0), 1 => 0.0..1000.0f64], 48..200),
        period in 2..24usize,
    ) {
        let found = decompose(&counts, &parts(counts.len(), period), period).expect("there are two periods");
        if let Some(season) = season(&[found]) {
            prop_assert!(season.shape.iter().all(|level| *level >= 0.0), "{season:?}");
            let mean = season.shape.iter().sum::<f64>() / period as f64;
            prop_assert!((mean - 1.0).abs() < 1e-9);
        }
    }
}

#[test]
fn what_has_no_season_has_no_strength() {
    let length = 24 * 30;
    let flat = decompose(&vec![7.0; length], &parts(length, 24), 24).expect("thirty periods");
    assert_eq!(season(&[flat]).map(|season| season.strength), Some(0.0));
    // A period of 17 says nothing about one of 24.
    let other: Vec<f64> = (0..length).map(|at| (at % 17) as f64).collect();
    let found = decompose(&other, &parts(length, 24), 24).expect("thirty periods");
    assert!(season(&[found]).is_some_and(|season| season.strength < 0.1));
}

#[test]
fn less_than_two_periods_say_nothing() {
    assert_eq!(decompose(&[1.0; 47], &parts(47, 24), 24), None);
    let none = decompose(&[0.0; 48], &parts(48, 24), 24).expect("two periods");
    assert_eq!(season(&[none]), None);
    assert_eq!(season(&[]), None);
}
