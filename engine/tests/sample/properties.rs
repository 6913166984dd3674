//! What holds for every `u` and every parameter: finite, within bounds, monotone; and what illegal parameters give.
use causeflow_engine::base::sample::columns::Parameter;
use causeflow_engine::base::sample::*;
use proptest::prelude::*;

#[test]
fn illegal_parameters_give_what_the_documentation_says() {
    let nan = f64::NAN;
    assert_eq!(uniform(0.3, 7.0, 2.0), 7.0);
    assert_eq!(integer(0.3, 2.2, 2.8), 3.0);
    assert_eq!(normal(0.3, 7.0, 0.0), 7.0);
    assert_eq!(normal(0.3, 7.0, nan), 7.0);
    assert_eq!(normal_truncated(0.3, 7.0, -1.0, 8.0, 9.0), 8.0);
    assert_eq!(normal_truncated(0.3, 7.0, 1.0, 9.0, 8.0), 9.0);
    assert_eq!(lognormal(0.3, -1.0, 1.0), 0.0);
    assert_eq!(lognormal(0.3, 4.0, -1.0), 4.0);
    assert_eq!(lognormal_truncated(0.3, -1.0, 1.0, 2.0, 5.0), 2.0);
    assert_eq!(lognormal_truncated(0.3, 1.0, 1.0, -5.0, -2.0), -2.0);
    assert_eq!(exponential(0.3, -2.0), 0.0);
    assert_eq!(exponential_truncated(0.3, nan, 1.0, 2.0), 1.0);
    assert_eq!(exponential_truncated(0.3, 1.0, -5.0, -2.0), -2.0);
    assert_eq!((gamma(0.3, 2.0, -1.0), gamma(0.3, -2.0, 3.0)), (0.0, 3.0));
    assert_eq!(
        (
            beta(0.3, 0.0, 2.0),
            beta(0.3, 2.0, nan),
            beta(0.3, -1.0, -1.0)
        ),
        (0.0, 1.0, 0.5)
    );
    assert_eq!((pareto(0.3, -1.0, 2.0), pareto(0.3, 4.0, 0.0)), (0.0, 4.0));
    assert_eq!(pareto_truncated(0.3, 4.0, 2.0, 3.0), 4.0);
    assert_eq!(triangular(0.3, 5.0, 1.0, 2.0), 5.0);
    assert_eq!((poisson(0.3, nan), geometric(0.3, -1.0)), (0, 0));
    assert_eq!(
        (poisson(0.3, 1e300), geometric(0.3, f64::INFINITY)),
        (u64::MAX, u64::MAX)
    );
    assert!(!bernoulli(0.0, 0.0) && bernoulli(1.0, 1.0) && !bernoulli(0.3, nan));
}

fn any_u() -> impl Strategy<Value = f64> {
    let ends = [0.0, U_MIN, 0.075, 0.5, 0.925, U_MAX, 1.0, f64::NAN];
    prop_oneof![3 => 1e-12..1.0f64, 1 => prop::sample::select(ends.to_vec())]
}

/// Away from 1 by more than the rounding of a sum of probabilities, so that counts too are strictly in order.
fn inner_u() -> impl Strategy<Value = f64> {
    let seams = [U_MIN, 0.02425, 0.075, 0.5, 0.925];
    prop_oneof![3 => 1e-12..1.0f64 - 1e-12, 1 => prop::sample::select(seams.to_vec())]
}

fn wild() -> impl Strategy<Value = f64> {
    prop_oneof![
        proptest::num::f64::ANY,
        -50.0..50.0f64,
        prop::sample::select(vec![0.0, 1.0, -1.0, 1e-300, 1e300, f64::NAN])
    ]
}

/// `x <= y` but for rounding.
fn not_above(x: f64, y: f64) -> bool {
    x <= y + 1e-9 * (x.abs() + y.abs())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_parameter_makes_a_value_infinite_or_nan(u in any_u(), p in [wild(), wild(), wild(), wild()]) {
        for dist in Dist::ALL {
            let x = dist.quantile(u, &p);
            prop_assert!(x.is_finite(), "{dist:?}({u}, {p:?}) is {x}");
        }
    }

    #[test]
    fn values_rise_with_u(u in inner_u(), v in inner_u(), p in [0.01..60.0f64, 0.05..9.0f64, 0.0..40.0f64, 0.0..90.0f64]) {
        let (u, v) = if v < u { (v, u) } else { (u, v) };
        // What is true lies below the probability.
        for dist in Dist::ALL.iter().filter(|dist| dist.signature().values != Yield::Truth) {
            let (x, y) = (dist.quantile(u, &p), dist.quantile(v, &p));
            prop_assert!(not_above(x, y), "{dist:?}: {x} at {u}, {y} at {v}, {p:?}");
        }
    }

    #[test]
    fn values_rise_with_the_first_parameter_that_places_them(u in inner_u(), more in 0.0..40.0f64, p in [0.01..60.0f64, 0.05..9.0f64, 0.0..40.0f64, 0.0..90.0f64]) {
        for dist in Dist::ALL {
            let mut raised = p;
            let parameters = dist.signature().parameters;
            raised[parameters.iter().position(|(_, unit)| *unit == Unit::Value).unwrap_or(0)] += more;
            let (x, y) = (dist.quantile(u, &p), dist.quantile(u, &raised));
            prop_assert!(not_above(x, y), "{dist:?}: {x} at {p:?}, {y} with {more} more");
        }
    }

    #[test]
    fn values_lie_in_their_range(u in any_u(), p in [-9.0..60.0f64, -1.0..9.0f64, -5.0..40.0f64, -5.0..90.0f64]) {
        for dist in Dist::ALL {
            let given = &p[..dist.signature().parameters.len()];
            let points: Vec<(f64, f64)> = given.iter().map(|&x| (x, x)).collect();
            let (least, most) = dist.range(&points);
            let x = dist.quantile(u, &p);
            prop_assert!(!dist.allows(given) || least <= x && x <= most, "{dist:?}: {x} at {p:?}, not in {least}..{most}");
        }
    }

    #[test]
    fn a_column_and_a_law_have_the_bits_of_single_draws(
        rows in prop::collection::vec((inner_u(), [wild(), wild(), wild(), wild()]), 1..40), alike in any::<[bool; 4]>(),
    ) {
        let words: Vec<Vec<u64>> = (0..4).map(|at| rows.iter().map(|(_, p)| p[at].to_bits()).collect()).collect();
        let parameters: Vec<Parameter<'_>> = (0..4).map(|at| match alike[at] {
            true => Parameter::Same(rows[0].1[at]),
            false => Parameter::Each(&words[at]),
        }).collect();
        let parameters = [parameters[0], parameters[1], parameters[2], parameters[3]];
        let shares: Vec<u64> = rows.iter().map(|(u, _)| u.to_bits()).collect();
        for dist in Dist::ALL {
            let mut column = shares.clone();
            dist.quantiles(parameters, &mut column);
            let single = rows.iter().enumerate().map(|(row, (u, _))| {
                dist.quantile(*u, &parameters.map(|parameter| parameter.of(row))).to_bits()
            });
            prop_assert!(single.eq(column.iter().copied()), "{dist:?} with {parameters:?}");
            if let Some(law) = dist.law(&rows[0].1[..dist.signature().parameters.len()]) {
                let mut column = shares.clone();
                law.quantiles(&mut column);
                for ((u, _), word) in rows.iter().zip(column) {
                    let (x, y) = (law.quantile(*u), dist.quantile(*u, &rows[0].1));
                    prop_assert_eq!(x.to_bits(), word, "{:?} at {}", dist, u);
                    prop_assert!(not_above(x, y) && not_above(y, x), "{dist:?}: {x} and {y} at {u}, {:?}", rows[0].1);
                }
            }
        }
    }

    #[test]
    fn the_share_at_a_quantile_is_the_one_asked_for(u in inner_u(), p in [0.01..60.0f64, 0.8..9.0f64, 0.0..20.0f64, 0.0..90.0f64]) {
        for dist in Dist::ALL.iter().filter(|dist| dist.signature().values != Yield::Truth) {
            // Of a share of 1e-12 and less, what lies below a value is known to a few digits only, or not at all.
            let is_same = |open: &&Dist| open.signature().name == dist.signature().name && open.signature().parameters.len() == 2;
            let open = Dist::ALL.iter().find(is_same).filter(|_| dist.signature().parameters.len() == 4);
            let mass = |open: &Dist| {
                let (low, high) = (open.share(p[2], &p), open.share(p[3], &p));
                (high.below - low.below).max(low.above - high.above)
            };
            if open.is_some_and(|open| mass(open) < 1e-12) {
                continue;
            }
            let x = dist.quantile(u, &p);
            let step = if dist.signature().values == Yield::Whole { 1.0 } else { 1e-9 * x.abs().max(1e-9) };
            let (at, before) = (dist.share(x, &p), dist.share(x - step, &p));
            prop_assert!(at.below >= u - 1e-5 && before.below <= u + 1e-5, "{dist:?}: {before:?}, {at:?} at {x} for {u}, {p:?}");
            for share in [at, before] {
                prop_assert!((share.below + share.above - 1.0).abs() < 1e-9, "{dist:?}: {share:?} at {p:?}");
            }
        }
    }

    #[test]
    fn shares_rise_with_the_value(x in wild(), y in wild(), p in [wild(), wild(), wild(), wild()]) {
        let (x, y) = if y < x { (y, x) } else { (x, y) };
        for dist in Dist::ALL {
            let (a, b) = (dist.share(x, &p), dist.share(y, &p));
            prop_assert!([a.below, a.above].iter().all(|part| (0.0..=1.0).contains(part)), "{dist:?}: {a:?} at {x}, {p:?}");
            prop_assert!(x.is_nan() || y.is_nan() || a.below <= b.below + 1e-9, "{dist:?}: {a:?} at {x}, {b:?} at {y}, {p:?}");
        }
    }

    #[test]
    fn what_has_bounds_stays_within_them(u in any_u(), p in [wild(), wild()], a in -1e6..1e6f64, width in 0.0..1e6f64) {
        for dist in Dist::ALL.iter().filter(|dist| dist.signature().parameters.len() == 4) {
            let whole = dist.signature().values == Yield::Whole;
            let (low, high) = if whole { (a.ceil(), (a + width).ceil()) } else { (a, a + width) };
            let x = dist.quantile(u, &[p[0], p[1], low, high]);
            prop_assert!((low..=high).contains(&x), "{dist:?}: {x} at {p:?} within {low}..{high}");
        }
    }

    #[test]
    fn a_mixture_rises_with_u_and_has_the_share_asked_for(
        u in inner_u(), v in inner_u(),
        parts in prop::collection::vec((0.1..9.0f64, prop::sample::select(Dist::ALL), [0.5..60.0f64, 0.8..9.0f64, 0.0..20.0f64, 20.0..90.0f64]), 1..5),
    ) {
        let measured: Vec<_> = parts.into_iter().filter(|part| part.1.signature().values != Yield::Truth).collect();
        let Some(mixture) = Mixture::new(&measured) else { return Ok(()) };
        let (u, v) = if v < u { (v, u) } else { (u, v) };
        let (x, y) = (mixture.quantile(u), mixture.quantile(v));
        prop_assert!(not_above(x, y), "{x} at {u}, {y} at {v}, {measured:?}");
        let step = if mixture.is_whole() { 1.0 } else { 1e-9 * x.abs().max(1e-9) };
        let (at, before) = (mixture.share(x).below, mixture.share(x - step).below);
        prop_assert!(at >= u - 1e-5 && before <= u + 1e-5, "{before}, {at} at {x} for {u}, {measured:?}");
        let (least, most) = mixture.range();
        prop_assert!(least <= x && x <= most && x.is_finite());
    }

    #[test]
    fn observed_values_rise_and_meet_their_quantiles(
        u in any_u(), v in any_u(), steps in prop::collection::vec((0.0..1.0f64, 0.0..9.0f64), 1..12), first in -9.0..9.0f64,
    ) {
        let all: f64 = steps.iter().map(|step| step.0).sum::<f64>().max(1e-9);
        let (mut share, mut value) = (0.0, first);
        let mut pairs = vec![(0.0, first)];
        for (more, up) in &steps {
            (share, value) = ((share + more / all).min(1.0), value + up);
            pairs.push((share, value));
        }
        pairs.push((1.0, value));
        let law = Empirical::from_quantiles(&pairs).expect("they rise");
        let (x, y) = (law.quantile(u), law.quantile(v));
        prop_assert!(u.is_nan() || v.is_nan() || (u <= v) == (x <= y) || x == y);
        prop_assert!(first <= x && x <= value);
        for pair in pairs.windows(2).filter(|pair| pair[1].0 - pair[0].0 > 1e-6) {
            let just_below = law.quantile(pair[1].0 - 1e-12);
            prop_assert!((just_below - pair[1].1).abs() < 1e-4, "{just_below} is not {}", pair[1].1);
        }
    }

    #[test]
    fn means_lie_where_they_are_said_to(p in [0.1..1.0f64, 1.0..3.0f64, 3.0..6.0f64, 6.0..9.0f64]) {
        const POINTS: u32 = 2_000;
        for dist in Dist::ALL {
            let points: Vec<(f64, f64)> = p.iter().map(|&x| (x, x)).collect();
            let Some((least, most)) = dist.mean(&points[..dist.signature().parameters.len()]) else { continue };
            let quantile = |at: u32| dist.quantile((f64::from(at) + 0.5) / f64::from(POINTS), &p);
            let mean = (0..POINTS).map(quantile).sum::<f64>() / f64::from(POINTS);
            let slack = 0.01 * (1.0 + mean.abs());
            prop_assert!(least - slack <= mean && mean <= most + slack, "{dist:?}: {mean} at {p:?}, not in {least}..{most}");
        }
    }

    #[test]
    fn truncated_values_stay_within(u in any_u(), p in [wild(), wild()], a in -1e6..1e6f64, width in 0.0..1e6f64) {
        let (low, high) = (a, a + width);
        let values = [
            uniform(u, low, high),
            normal_truncated(u, p[0], p[1], low, high),
            lognormal_truncated(u, p[0], p[1], low, high),
            exponential_truncated(u, p[0], low, high),
            triangular(u, low, p[0], high),
        ];
        prop_assert!(values.iter().all(|x| (low..=high).contains(x)), "{values:?} outside {low}..{high}");
        let x = pareto_truncated(u, low, p[0], high);
        prop_assert!((low..=high).contains(&x) || low <= 0.0 && x == 0.0);
        prop_assert!((0.0..=1.0).contains(&beta(u, p[0], p[1])));
    }

    #[test]
    fn the_cdf_undoes_the_quantile(u in 1e-9..1.0f64, z in -30.0..5.0f64) {
        prop_assert!((norm_cdf(norm_quantile(u)) - u).abs() <= 1e-14);
        let p = norm_cdf(z);
        if p > U_MIN {
            prop_assert!((norm_quantile(p) - z).abs() <= 1e-9 * z.abs() + 1e-9);
        }
    }

    #[test]
    fn moving_weight_later_moves_picks_later(u in any_u(), weights in prop::collection::vec(0.1..9.0f64, 2..20), share in 0.0..1.0f64, from in 0usize..19) {
        let before = CumulativeTable::new(&weights).unwrap().pick(u);
        let (mut moved, from) = (weights.clone(), from % (weights.len() - 1));
        moved[from] -= share * weights[from];
        moved[from + 1] += share * weights[from];
        prop_assert!(CumulativeTable::new(&moved).unwrap().pick(u) >= before);
    }
}
