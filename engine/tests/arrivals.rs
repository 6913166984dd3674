//! Arrivals are a non-homogeneous Poisson process, cut so that runs at different rates share what they can.
//!
//! Statistical tests have fixed seeds; each says how often it would fail wrongly under other seeds.

use std::collections::BTreeSet;

use causeflow_engine::base::draw::{Key, purpose};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::arrivals::{Candidate, Layers};
use proptest::prelude::*;

const HOUR: f64 = 3_600_000_000.0;

/// Candidates of a process in some blocks, below a constant bound.
fn open(
    layers: &Layers,
    process: Key,
    blocks: impl IntoIterator<Item = i64>,
    max: f64,
) -> Vec<Candidate> {
    let mut all = Vec::new();
    for block in blocks {
        layers.candidates(process, block, max, |candidate| all.push(candidate));
    }
    all
}

/// The times, in hours, at which a process with a rate of `rate(hour)` an hour arrives.
fn arrivals(seed: u64, hours: i64, rate: impl Fn(f64) -> f64, max: f64) -> Vec<f64> {
    let layers = Layers::new(2.0, Span::HOUR);
    let mut times: Vec<f64> = open(&layers, Key::new(seed, purpose("test")), 0..hours, max)
        .iter()
        .map(|candidate| (candidate.time.0 as f64 / HOUR, candidate.mark_per_hour))
        .filter(|&(hour, mark)| mark < rate(hour))
        .map(|(hour, _)| hour)
        .collect();
    times.sort_by(f64::total_cmp);
    times
}

/// A rate that doubles and halves over the day, and its integral.
fn wave(hour: f64) -> f64 {
    30.0 + 20.0 * libm::sin(hour * std::f64::consts::TAU / 24.0)
}

fn wave_integral(hour: f64) -> f64 {
    let omega = std::f64::consts::TAU / 24.0;
    30.0 * hour + 20.0 / omega * (1.0 - libm::cos(hour * omega))
}

/// The largest distance of a sample from a distribution function, times the root of the sample's size.
/// Under the hypothesis it passes 1.95 once in a thousand (Kolmogorov's limit).
fn kolmogorov(mut sample: Vec<f64>, distribution: impl Fn(f64) -> f64) -> f64 {
    sample.sort_by(f64::total_cmp);
    let n = sample.len() as f64;
    let distance = |(i, x): (usize, &f64)| {
        let p = distribution(*x);
        (p - i as f64 / n).abs().max(((i + 1) as f64 / n - p).abs())
    };
    sample.iter().enumerate().map(distance).fold(0.0, f64::max) * n.sqrt()
}

/// Time rescaled by the integral of the rate makes a Poisson process of rate 1, whose gaps are exponential
/// (Brown et al. 2002). Fails wrongly once in a thousand seeds, each.
#[test]
fn rescaled_gaps_are_exponential_and_independent() {
    let times = arrivals(1, 24 * 40, wave, 50.0);
    let rescaled: Vec<f64> = times.iter().map(|&hour| wave_integral(hour)).collect();
    let gaps: Vec<f64> = rescaled.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let exponential = |x: f64| -libm::expm1(-x);
    let d = kolmogorov(gaps.clone(), exponential);
    assert!(d < 1.95, "Kolmogorov-Smirnov {d} over {} gaps", gaps.len());
    // Neighbouring gaps, made uniform, are uncorrelated: the standard error is 1 / sqrt(n).
    let u: Vec<f64> = gaps.iter().map(|&gap| exponential(gap) - 0.5).collect();
    let correlation =
        12.0 * u.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / u.len() as f64;
    assert!(
        correlation.abs() < 3.29 / (u.len() as f64).sqrt(),
        "correlation {correlation}"
    );
}

/// Counts an interval are Poisson: the index of dispersion is chi-square over its degrees of freedom, here
/// within three standard errors; also within blocks and across them. Fails wrongly 3 in 1000, each.
#[test]
fn counts_are_dispersed_like_poisson() {
    let hours = 24 * 40;
    let times = arrivals(2, hours, wave, 50.0);
    for width in [0.25, 1.0, 7.0] {
        let intervals = (hours as f64 / width) as usize;
        let mut counts = vec![0.0; intervals];
        for &time in &times {
            let at = (time / width) as usize;
            if at < intervals {
                counts[at] += 1.0;
            }
        }
        let expected =
            |i: usize| wave_integral((i + 1) as f64 * width) - wave_integral(i as f64 * width);
        let chi2: f64 = counts
            .iter()
            .enumerate()
            .map(|(i, n)| (n - expected(i)) * (n - expected(i)) / expected(i))
            .sum();
        // The variance of chi2 is 2 a degree of freedom plus the sum of 1 / expected.
        let n = intervals as f64;
        let variance = 2.0 * n + (0..intervals).map(|i| 1.0 / expected(i)).sum::<f64>();
        assert!(
            (chi2 - n).abs() < 3.0 * variance.sqrt(),
            "chi2 {chi2} over {intervals} intervals of {width} h"
        );
    }
}

/// Means over many processes, at rates below the lowest layer and far above the tabulated ones. Within
/// four standard errors: fails wrongly 6 in 100,000, each.
#[test]
fn means_are_the_rates() {
    for (rate, blocks) in [
        (0.01, 40_000),
        (1.7, 4_000),
        (40.0, 400),
        (3_000.0, 20),
        (2_000_000.0, 1),
    ] {
        let layers = Layers::new(2.0, Span::HOUR);
        let found = open(&layers, Key::new(3, purpose("mean")), 0..blocks, rate);
        let found = found
            .iter()
            .filter(|candidate| candidate.mark_per_hour < rate)
            .count() as f64;
        let expected = rate * blocks as f64;
        assert!(
            (found - expected).abs() < 4.0 * expected.sqrt(),
            "{found} arrivals, expected {expected}"
        );
    }
}

/// Marks lie below the bound, up to rounding, times within their block, and no two keys are equal.
#[test]
fn candidates_lie_in_their_tile() {
    let layers = Layers::new(0.5, Span::DAY);
    let mut keys = BTreeSet::new();
    for block in -20..20 {
        for candidate in open(&layers, Key::new(4, purpose("tile")), [block], 30.0) {
            assert_eq!(candidate.time.index_of(Span::DAY), block);
            assert!(
                (0.0..30.000_001).contains(&candidate.mark_per_hour),
                "{candidate:?} lies above the bound"
            );
            assert!(keys.insert(candidate.key), "{candidate:?} is there twice");
        }
    }
    assert!(keys.len() > 20_000);
}

proptest! {
    /// What arrives are the candidates under the rate at their time, whether a block has hundreds or hardly one.
    #[test]
    fn arrivals_are_the_candidates_under_the_rate(
        seed: u64, level in -12.0..9.0f64, ripple in 0.0..1.0f64, hours in prop::sample::select(vec![1i64, 24]),
    ) {
        let layers = Layers::new(2.0, Span(hours * Span::HOUR.0));
        let process = Key::new(seed, purpose("arrivals"));
        let (least, most) = (libm::exp2(level) * (1.0 - ripple), libm::exp2(level));
        let rate = |time: Time| least + (most - least) * (time.0.rem_euclid(1_000) as f64 / 1_000.0);
        for block in 0..200 / hours {
            let mut found = Vec::new();
            layers.arrivals(process, block, (least, most), rate, |key, time| found.push((key, time)));
            let all = open(&layers, process, [block], 4.0 * most);
            let under = all.iter().filter(|c| c.mark_per_hour < rate(c.time));
            let under: Vec<_> = under.map(|c| (c.key, c.time)).collect();
            prop_assert_eq!(found, under);
        }
    }
}

/// A higher bound opens layers above and leaves those below as they were, so that a higher rate only adds.
#[test]
fn a_higher_rate_only_adds() {
    let layers = Layers::new(2.0, Span::HOUR);
    let process = Key::new(5, purpose("surge"));
    let key = |candidate: &Candidate| {
        (
            candidate.key,
            candidate.time,
            candidate.mark_per_hour.to_bits(),
        )
    };
    let mut before = BTreeSet::new();
    for rate in [0.0, 0.3, 2.0, 2.1, 5.0, 19.0, 200.0, 2_000.0] {
        let now: BTreeSet<_> = open(&layers, process, 0..50, rate)
            .iter()
            .filter(|candidate| candidate.mark_per_hour < rate)
            .map(key)
            .collect();
        assert!(
            before.is_subset(&now),
            "arrivals went when the rate rose to {rate}"
        );
        before = now;
    }
    assert!(before.len() > 90_000);
}

/// Blocks can be opened in any order, alone or with others, and any number of times.
#[test]
fn the_order_of_blocks_does_not_show() {
    let layers = Layers::new(2.0, Span::HOUR);
    let process = Key::new(6, purpose("order"));
    let sorted = |blocks: Vec<i64>| {
        let mut all = open(&layers, process, blocks, 25.0);
        all.sort_by_key(|candidate| (candidate.time, candidate.key));
        all
    };
    let forwards = sorted((0..40).collect());
    assert_eq!(forwards, sorted((0..40).rev().collect()));
    assert_eq!(forwards, sorted((0..40).map(|i| i * 7 % 40).collect()));
    let alone: Vec<Candidate> = (0..40).flat_map(|block| sorted(vec![block])).collect();
    assert_eq!(forwards, alone);
}

/// Neighbouring layers and blocks, and different processes, have nothing to do with each other: their
/// counts are uncorrelated. Within 3.3 standard errors: each fails wrongly once in a thousand seeds.
#[test]
fn layers_blocks_and_processes_are_independent() {
    let layers = Layers::new(8.0, Span::HOUR);
    let process = Key::new(7, purpose("independence"));
    let other = process.child(purpose("cell"), 1);
    let blocks = 4_000;
    let count = |process: Key, low: f64, high: f64| -> Vec<f64> {
        let count = |block| {
            let all = open(&layers, process, [block], high);
            all.iter()
                .filter(|c| (low..high).contains(&c.mark_per_hour))
                .count() as f64
        };
        (0..blocks).map(count).collect()
    };
    // Layer 0 goes up to 8, layer 1 to 10, layer 2 to 12.
    let (first, second, third) = (
        count(process, 0.0, 8.0),
        count(process, 8.0, 10.0),
        count(process, 10.0, 12.0),
    );
    let pairs = [
        ("layers", &first[..], &second[..]),
        ("layers", &second[..], &third[..]),
        ("processes", &first[..], &count(other, 0.0, 8.0)[..]),
        ("blocks", &first[1..], &first[..first.len() - 1]),
    ];
    for (what, a, b) in pairs {
        let r = correlation(a, b);
        assert!(
            r.abs() < 3.3 / (a.len() as f64).sqrt(),
            "{what} are correlated by {r}"
        );
    }
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |x: &[f64]| x.iter().sum::<f64>() / x.len() as f64;
    let (ma, mb) = (mean(a), mean(b));
    let product: f64 = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum();
    let square = |x: &[f64], m: f64| x.iter().map(|x| (x - m) * (x - m)).sum::<f64>();
    product / (square(a, ma) * square(b, mb)).sqrt()
}
