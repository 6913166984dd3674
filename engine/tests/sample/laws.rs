//! The laws of counts, of life times, of what was observed, of mixtures, and of all within bounds.
use super::*;

/// Probabilities of a recurrence, from the first one.
fn recurrence(first: f64, length: usize, ratio: impl Fn(f64) -> f64) -> Vec<f64> {
    let next = |(k, probability): &(f64, f64)| Some((k + 1.0, probability * ratio(*k)));
    let terms = std::iter::successors(Some((0.0, first)), next);
    terms.map(|term| term.1).take(length).collect()
}

/// Those within bounds, as shares of what is there.
fn conditioned(probabilities: &[f64], low: usize, high: usize) -> Vec<f64> {
    let all: f64 = probabilities[low..=high].iter().sum();
    let within = |k: usize| (low..=high).contains(&k);
    let of = |(k, p): (usize, &f64)| if within(k) { p / all } else { 0.0 };
    probabilities.iter().enumerate().map(of).collect()
}

#[test]
fn weibulls_follow_the_oracle_and_their_law() {
    for (seed, shape) in [(200, 0.6), (201, 1.0), (202, 2.5), (203, 12.0)] {
        let values = ours(seed, |u| weibull(u, 3.0, shape));
        let law = rand_distr::Weibull::new(3.0, shape).unwrap();
        assert_same_law("weibull", &values, &oracle(seed, law, any));
        assert_law("weibull", &values, |x| {
            -libm::expm1(-libm::pow(x / 3.0, shape))
        });
        let values = ours(seed + 5, |u| weibull_truncated(u, 3.0, shape, 2.0, 4.0));
        let within = |x: &f64| (2.0..4.0).contains(x);
        let same = oracle(seed + 5, law, |x| within(&x));
        assert_same_law("weibull within", &values, &same);
    }
    // Far out, where shares of all there is say nothing any more.
    let values = ours(209, |u| weibull_truncated(u, 1.0, 2.0, 20.0, 60.0));
    assert_law("far out", &values, |x| -libm::expm1(400.0 - x * x));
}

#[test]
fn stages_add_up() {
    let sum = |u: usize| {
        (0..3)
            .map(|i| exponential(unit(210 + i, u), 4.0))
            .sum::<f64>()
    };
    let mut sums: Vec<f64> = (0..COUNT).map(sum).collect();
    sums.sort_by(f64::total_cmp);
    assert_same_law("erlang", &ours(213, |u| erlang(u, 3.0, 12.0)), &sums);
    sums.retain(|x| (6.0..=20.0).contains(x));
    let values = ours(214, |u| erlang_truncated(u, 3.0, 12.0, 6.0, 20.0));
    assert_same_law("erlang within", &values, &sums);
    // The tail of three stages, x being in units of one of them.
    let tail = |x: f64| 1.0 + x + x * x / 2.0;
    let values = ours(215, |u| erlang_truncated(u, 3.0, 3.0, 60.0, 200.0));
    assert_law("far out", &values, |x| {
        1.0 - tail(x) / tail(60.0) * libm::exp(60.0 - x)
    });
}

#[test]
fn gammas_and_betas_within_bounds_follow_the_oracle() {
    for (seed, shape, low, high) in [
        (220, 0.3, 0.1, 9.0),
        (221, 4.0, 10.0, 11.0),
        (222, 60.0, 14.0, 30.0),
    ] {
        let law = rand_distr::Gamma::new(shape, 12.0 / shape).unwrap();
        let values = ours(seed, |u| gamma_truncated(u, shape, 12.0, low, high));
        assert_same_law(
            "gamma within",
            &values,
            &oracle(seed, law, |x| (low..high).contains(&x)),
        );
    }
    for (seed, a, b, low, high) in [
        (225, 0.5, 3.0, 0.1, 0.9),
        (226, 2.0, 5.0, 0.6, 1.0),
        (227, 60.0, 3.0, 0.0, 0.95),
    ] {
        let law = rand_distr::Beta::new(a, b).unwrap();
        let values = ours(seed, |u| beta_truncated(u, a, b, low, high));
        assert_same_law(
            "beta within",
            &values,
            &oracle(seed, law, |x| (low..high).contains(&x)),
        );
    }
    let values = ours(228, |u| beta_truncated(u, 1.0, 30.0, 0.9, 1.0));
    assert_law("beta far out", &values, |x| {
        1.0 - libm::pow((1.0 - x) / 0.1, 30.0)
    });
}

#[test]
fn binomials_follow_the_oracle_and_their_law() {
    for (seed, n, p) in [
        (230, 1, 0.3),
        (231, 9, 0.85),
        (232, 40, 0.5),
        (233, 400, 0.05),
        (234, 300, 0.4),
        (235, 300, 0.9),
    ] {
        let trials = f64::from(n);
        let odds = p / (1.0 - p);
        let first = libm::pow(1.0 - p, trials);
        let probabilities = recurrence(first, n as usize + 1, |k| odds * (trials - k) / (k + 1.0));
        let counts = tally(seed, n as usize + 1, |u| binomial(u, trials, p) as usize);
        assert_counts(&format!("binomial of {n}, {p}"), &counts, &probabilities);
        if n == 1 {
            continue;
        }
        let (low, high) = (n as usize / 3, n as usize * 9 / 10);
        let within = |u| binomial_truncated(u, trials, p, low as f64, high as f64) as usize;
        let counts = tally(seed + 10, n as usize + 1, within);
        assert_counts(
            "binomial within",
            &counts,
            &conditioned(&probabilities, low, high),
        );
    }
    for (seed, n, p) in [
        (250, 1_000_000u64, 0.2),
        (251, 3_000_000_000, 0.9),
        (252, 1_000_000_000, 2e-7),
    ] {
        let law = rand_distr::Binomial::new(n, p).unwrap().map(|k| k as f64);
        let values = ours(seed, |u| binomial(u, n as f64, p));
        assert_same_law("binomial of many", &values, &oracle(seed, law, any));
    }
}

#[test]
fn negative_binomials_follow_the_oracle_and_their_law() {
    for (seed, mean, shape) in [
        (260, 2.0, 0.4),
        (261, 8.0, 1.0),
        (262, 29.0, 0.2),
        (263, 50.0, 3.0),
        (264, 40.0, 200.0),
    ] {
        let odds = mean / (shape + mean);
        let first = libm::pow(shape / (shape + mean), shape);
        let probabilities = recurrence(first, 4000, |k| odds * (k + shape) / (k + 1.0));
        let counts = tally(seed, 4000, |u| negative_binomial(u, mean, shape) as usize);
        assert_counts(
            &format!("negative binomial of {mean}, {shape}"),
            &counts,
            &probabilities,
        );
        let within = |u| negative_binomial_truncated(u, mean, shape, 1.0, 60.0) as usize;
        let counts = tally(seed + 10, 4000, within);
        assert_counts(
            "negative binomial within",
            &counts,
            &conditioned(&probabilities, 1, 60),
        );
    }
    // A Poisson number whose mean is drawn.
    for (seed, mean, shape) in [(280, 3e3, 2.0), (281, 1e6, 40.0)] {
        let drawn =
            |i: usize| poisson(unit(seed + 2, i), gamma(unit(seed + 4, i), shape, mean)) as f64;
        let mut both: Vec<f64> = (0..COUNT).map(drawn).collect();
        both.sort_by(f64::total_cmp);
        let values = ours(seed, |u| negative_binomial(u, mean, shape));
        assert_same_law("negative binomial of many", &values, &both);
    }
    let values = ours(286, |u| negative_binomial(u, 12.0, 1e12));
    assert_same_law(
        "poisson in the end",
        &values,
        &ours(287, |u| poisson(u, 12.0) as f64),
    );
}

#[test]
fn counts_within_bounds_follow_their_law() {
    for (seed, mean, low, high) in [(290, 4.0, 1, 9), (291, 45.0, 50, 60), (292, 3.0, 12, 30)] {
        let poissons = recurrence(libm::exp(-mean), 120, |k| mean / (k + 1.0));
        let within = |u| poisson_truncated(u, mean, low as f64, high as f64) as usize;
        let counts = tally(seed, 120, within);
        assert_counts(
            "poisson within",
            &counts,
            &conditioned(&poissons, low, high),
        );
        let share = mean / (1.0 + mean);
        let geometrics = recurrence(1.0 / (1.0 + mean), 120, |_| share);
        let within = |u| geometric_truncated(u, mean, low as f64, high as f64) as usize;
        let counts = tally(seed + 5, 120, within);
        assert_counts(
            "geometric within",
            &counts,
            &conditioned(&geometrics, low, high),
        );
    }
    // Far out the probabilities still fall as those of a Poisson law do.
    let probabilities = recurrence(1.0, 30, |k| 2.0 / (101.0 + k));
    let counts = tally(299, 30, |u| {
        poisson_truncated(u, 2.0, 100.0, 300.0) as usize - 100
    });
    assert_counts("far out", &counts, &conditioned(&probabilities, 0, 29));
}

#[test]
fn ranks_follow_zipfs_law() {
    for (seed, ranks, exponent) in [
        (300, 1usize, 1.0),
        (301, 20, 0.0),
        (302, 50, 1.0),
        (303, 1000, 1.3),
        (304, 90_000, 0.7),
        (305, 900, 5.0),
    ] {
        let weights: Vec<f64> = (1..=ranks)
            .map(|k| libm::pow(k as f64, -exponent))
            .collect();
        let all: f64 = weights.iter().sum();
        let shares: Vec<f64> = weights.iter().map(|w| w / all).collect();
        let counts = tally(seed, ranks, |u| {
            zipf(u, ranks as f64, exponent) as usize - 1
        });
        if ranks > 1 {
            assert_counts(&format!("zipf of {ranks}, {exponent}"), &counts, &shares);
        }
        let mean: f64 = shares.iter().zip(1..).map(|(p, k)| p * f64::from(k)).sum();
        let points = [(ranks as f64, ranks as f64), (exponent, exponent)];
        let (least, most) = Dist::Zipf.mean(&points).expect("it is known");
        assert!(
            least == most && (least - mean).abs() < 1e-9 * mean,
            "{least} is not {mean}"
        );
        let (low, high) = (ranks / 3, ranks / 2 + 1);
        let within =
            |u| zipf_truncated(u, ranks as f64, exponent, low as f64, high as f64) as usize - 1;
        let counts = tally(seed + 10, ranks, within);
        if ranks > 1 {
            let shares = conditioned(&shares, low.max(1) - 1, (high - 1).min(ranks - 1));
            assert_counts("zipf within", &counts, &shares);
        }
    }
}

#[test]
fn many_ranks_follow_the_oracle() {
    for (seed, ranks, exponent) in [(320, 1e6, 1.0), (321, 1e12, 1.1), (322, 1e9, 0.5)] {
        let law = rand_distr::Zipf::new(ranks, exponent).unwrap();
        let values = ours(seed, |u| zipf(u, ranks, exponent));
        assert_same_law("zipf of many", &values, &oracle(seed, law, any));
    }
}

#[test]
fn means_are_those_of_theory() {
    let close = |x: f64, y: f64| assert!((x - y).abs() < 1e-9 * y, "{x} is not {y}");
    let mean = |dist: Dist, p: [f64; 2]| dist.mean(&p.map(|x| (x, x))).expect("it is known").0;
    close(
        mean(Dist::Weibull, [3.0, 2.0]),
        3.0 * (std::f64::consts::PI / 4.0).sqrt(),
    );
    close(mean(Dist::Weibull, [3.0, 0.5]), 6.0);
    close(mean(Dist::Binomial, [12.0, 0.25]), 3.0);
    close(mean(Dist::NegativeBinomial, [12.0, 0.25]), 12.0);
    let quantiles = Empirical::from_quantiles(&[(0.0, 1.0), (0.5, 3.0), (0.5, 5.0), (1.0, 5.0)]);
    close(Law::Empirical(quantiles.expect("they rise")).mean(), 3.5);
    let histogram = Empirical::from_histogram(&[(0.0, 10.0, 3.0), (20.0, 20.0, 1.0)]);
    close(Law::Empirical(histogram.expect("they rise")).mean(), 8.75);
    let parts = [
        (3.0, Dist::Exponential, [2.0, 0.0, 0.0, 0.0]),
        (1.0, Dist::Uniform, [10.0, 20.0, 0.0, 0.0]),
    ];
    close(
        Law::Mixture(Mixture::new(&parts).expect("weights")).mean(),
        5.25,
    );
    // Of each law, also the mean of what is drawn: its standard error is below a hundredth of it here.
    for (dist, p) in [
        (Dist::Weibull, [3.0, 2.0]),
        (Dist::NegativeBinomial, [12.0, 2.0]),
        (Dist::Binomial, [300.0, 0.4]),
        (Dist::Zipf, [50.0, 1.0]),
    ] {
        let drawn = ours(330, |u| dist.quantile(u, &[p[0], p[1], 0.0, 0.0]));
        let drawn = drawn.iter().sum::<f64>() / COUNT as f64;
        assert!(
            (drawn / mean(dist, p) - 1.0).abs() < 0.04,
            "{dist:?}: {drawn}"
        );
    }
}

#[test]
fn what_was_observed_is_drawn_again() {
    let bins = [(0.0, 10.0, 5.0), (10.0, 20.0, 12.0), (25.0, 50.0, 3.0)];
    let law = Empirical::from_histogram(&bins).expect("it rises");
    let values = ours(340, |u| law.quantile(u));
    assert_law("histogram", &values, |x| {
        let part = |(low, high, weight): &(f64, f64, f64)| {
            weight * ((x - low) / (high - low)).clamp(0.0, 1.0)
        };
        bins.iter().map(part).sum::<f64>() / 20.0
    });
    let points = [(0.0, 0.0, 20.0), (15.0, 15.0, 30.0), (60.0, 60.0, 50.0)];
    let law = Empirical::from_histogram(&points).expect("it rises");
    assert!(law.is_whole());
    let counts = tally(341, 3, |u| {
        [0.0, 15.0, 60.0]
            .iter()
            .position(|x| *x == law.quantile(u))
            .expect("one of them")
    });
    assert_counts("points", &counts, &[0.2, 0.3, 0.5]);
    for wrong in [
        &[][..],
        &[(0.0, 1.0)],
        &[(0.0, 1.0), (0.9, 2.0)],
        &[(0.0, 2.0), (1.0, 1.0)],
        &[(0.0, 1.0), (1.0, f64::NAN)],
    ] {
        assert_eq!(Empirical::from_quantiles(wrong), None);
    }
    for wrong in [
        &[][..],
        &[(0.0, 1.0, 0.0)],
        &[(0.0, 2.0, 1.0), (1.0, 3.0, 1.0)],
        &[(2.0, 1.0, 1.0)],
        &[(0.0, 1.0, -1.0)],
    ] {
        assert_eq!(Empirical::from_histogram(wrong), None);
    }
}

#[test]
fn a_mixture_follows_the_law_of_its_parts() {
    let parts = [
        (7.0, Dist::Lognormal, [8.0, 0.5, 0.0, 0.0]),
        (3.0, Dist::Uniform, [60.0, 240.0, 0.0, 0.0]),
    ];
    let mixture = Mixture::new(&parts).expect("weights");
    let values = ours(350, |u| mixture.quantile(u));
    assert_law("mixture", &values, |x| {
        0.7 * norm_cdf(libm::log(x / 8.0) / 0.5) + 0.3 * ((x - 60.0) / 180.0).clamp(0.0, 1.0)
    });
    let point = |x: f64| [x, x, 0.0, 0.0];
    // No value 0.1 less is 5: a point keeps its mass among values of all kinds.
    let parts = [
        (1.0, Dist::Uniform, point(5.0)),
        (1.0, Dist::Exponential, [10.0, 0.0, 0.0, 0.0]),
    ];
    let mixture = Mixture::new(&parts).expect("weights");
    let counts = tally(351, 2, |u| usize::from(mixture.quantile(u) == 5.0));
    assert_counts("a point", &counts, &[0.5, 0.5]);
    let parts = [
        (1.0, Dist::Uniform, point(0.0)),
        (3.0, Dist::Poisson, [4.0, 0.0, 0.0, 0.0]),
    ];
    let mixture = Mixture::new(&parts).expect("weights");
    assert!(mixture.is_whole());
    let mut probabilities = recurrence(0.75 * libm::exp(-4.0), 40, |k| 4.0 / (k + 1.0));
    probabilities[0] += 0.25;
    assert_counts(
        "zeros and more",
        &tally(352, 40, |u| mixture.quantile(u) as usize),
        &probabilities,
    );
    assert!(Mixture::new(&[]).is_none());
    assert!(Mixture::new(&[(0.0, Dist::Uniform, point(1.0))]).is_none());
}
