//! What holds for every `u` and every parameter: finite, within bounds, monotone; and what illegal parameters give.
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

/// A sampler behind one face: `u` and up to four parameters.
type Sampler = fn(f64, [f64; 4]) -> f64;

const SAMPLERS: [(&str, Sampler); 16] = [
    ("uniform", |u, [a, b, ..]| uniform(u, a, b)),
    ("integer", |u, [a, b, ..]| integer(u, a, b)),
    ("normal", |u, [a, b, ..]| normal(u, a, b)),
    ("normal_truncated", |u, [a, b, c, d]| {
        normal_truncated(u, a, b, c, d)
    }),
    ("lognormal", |u, [a, b, ..]| lognormal(u, a, b)),
    ("lognormal_truncated", |u, [a, b, c, d]| {
        lognormal_truncated(u, a, b, c, d)
    }),
    ("exponential", |u, [a, ..]| exponential(u, a)),
    ("exponential_truncated", |u, [a, b, c, _]| {
        exponential_truncated(u, a, b, c)
    }),
    ("gamma", |u, [a, b, ..]| gamma(u, b, a)),
    ("beta", |u, [a, b, ..]| beta(u, a, b)),
    ("pareto", |u, [a, b, ..]| pareto(u, a, b)),
    ("pareto_truncated", |u, [a, b, c, _]| {
        pareto_truncated(u, a, b, c)
    }),
    ("triangular", |u, [a, b, c, _]| triangular(u, a, b, c)),
    ("poisson", |u, [a, ..]| poisson(u, a) as f64),
    ("geometric", |u, [a, ..]| geometric(u, a) as f64),
    ("bernoulli", |u, [a, ..]| {
        f64::from(u8::from(bernoulli(u, a)))
    }),
];

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
        for (name, sampler) in SAMPLERS {
            let x = sampler(u, p);
            prop_assert!(x.is_finite(), "{name}({u}, {p:?}) is {x}");
        }
    }

    #[test]
    fn values_rise_with_u(u in inner_u(), v in inner_u(), p in [0.01..60.0f64, 0.05..9.0f64, 0.0..40.0f64, 0.0..90.0f64]) {
        let (u, v) = if v < u { (v, u) } else { (u, v) };
        for (name, sampler) in SAMPLERS.iter().take(15) {
            let (x, y) = (sampler(u, p), sampler(v, p));
            prop_assert!(not_above(x, y), "{name}: {x} at {u}, {y} at {v}, {p:?}");
        }
    }

    #[test]
    fn values_rise_with_the_first_parameter(u in inner_u(), more in 0.0..40.0f64, p in [0.01..60.0f64, 0.05..9.0f64, 0.0..40.0f64, 0.0..90.0f64]) {
        for (name, sampler) in SAMPLERS {
            let (x, y) = (sampler(u, p), sampler(u, [p[0] + more, p[1], p[2], p[3]]));
            prop_assert!(not_above(x, y), "{name}: {x} at {p:?}, {y} with {more} more");
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
