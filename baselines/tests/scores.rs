//! Scores, and the mean and sigma that they are made with.

use causeflow_baselines::{Flag, Summary, expected, score};
use proptest::prelude::*;

proptest! {
    #[test]
    fn scores_rise_with_the_count_between_0_and_100(
        mean in 0.0..1e6f64,
        sigma in 1.0..1e5f64,
        a in 0.0..1e7f64,
        b in 0.0..1e7f64,
    ) {
        let (low, high) = (score(a.min(b), mean, sigma), score(a.max(b), mean, sigma));
        prop_assert!(0.0 <= low && low <= high && high <= 100.0);
        // As much above the mean as below.
        let mirrored = score(mean - (a - mean), mean, sigma);
        prop_assert!((score(a, mean, sigma) + mirrored - 100.0).abs() < 1e-6);
    }

    #[test]
    fn the_own_counts_of_a_class_keep_to_the_bands_of_a_normal_distribution(
        counts in prop::collection::vec(0..100_000u32, 1..200),
    ) {
        let counts: Vec<f64> = counts.into_iter().map(f64::from).collect();
        let (mean, sigma) = expected(&counts).expect("there are counts");
        prop_assert!(sigma >= 1.0 && sigma * sigma >= mean * (1.0 - 1e-12));
        let flags = counts.iter().map(|&count| Flag::of(score(count, mean, sigma)));
        let n = counts.len() as f64;
        let within_one = counts.iter().filter(|count| (*count - mean).abs() <= sigma).count();
        prop_assert!(within_one as f64 >= 0.6826 * n);
        let critical = flags.filter(|flag| *flag == Flag::Critical).count();
        prop_assert!(critical as f64 <= 0.0027 * n);
    }

    #[test]
    fn quantiles_lie_between_neighbours_as_type_7_says(
        numbers in prop::collection::vec(-1e6..1e6f64, 1..50),
        probability in 0.0..=1.0f64,
    ) {
        let summary = Summary::of(&numbers).expect("there are numbers");
        let mut sorted = numbers.clone();
        sorted.sort_by(f64::total_cmp);
        let place = probability * (sorted.len() - 1) as f64;
        let (low, high) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
        let expected = low + (high - low) * (place - place.floor());
        prop_assert!((summary.quantile(probability) - expected).abs() <= 1e-9 * (1.0 + expected.abs()));
        prop_assert_eq!(summary.min(), sorted[0]);
        prop_assert_eq!(summary.max(), sorted[sorted.len() - 1]);
    }
}

#[test]
fn the_score_is_linear_between_its_knots() {
    let known = [
        (100.0, 50.0),
        (90.0, 30.0),
        (110.0, 70.0),
        (95.0, 40.0),
        (80.0, 15.0),
        (120.0, 85.0),
        (70.0, 0.0),
        (130.0, 100.0),
        (0.0, 0.0),
        (1e9, 100.0),
    ];
    for (count, expected) in known {
        let found = score(count, 100.0, 10.0);
        assert!((found - expected).abs() < 1e-9, "{count}: {found}");
    }
}

#[test]
fn flags_tell_three_bands_apart() {
    let flags = [0.0, 1e-9, 29.9, 30.0, 50.0, 70.0, 70.1, 99.9, 100.0].map(|s| Flag::of(s).name());
    let (warning, normal, critical) = ("warning", "normal", "critical");
    let expected = [
        critical, warning, warning, normal, normal, normal, warning, warning, critical,
    ];
    assert_eq!(flags, expected);
}

#[test]
fn sparse_streams_have_the_sigma_of_a_poisson_distribution_at_least() {
    assert_eq!(expected(&[0.0; 20]), Some((0.0, 1.0)));
    assert_eq!(expected(&[9.0; 20]), Some((9.0, 3.0)));
    assert_eq!(expected(&[400.0]), Some((400.0, 20.0)));
    assert_eq!(expected(&[]), None);
}
