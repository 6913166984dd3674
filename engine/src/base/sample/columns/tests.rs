//! Columns have the bits of the scalar samplers, whatever the parameters.
use super::super::{
    TruncatedLognormal, TruncatedNormal, exponential, exponential_truncated, lognormal, normal,
};
use super::*;
use crate::base::draw::unit;
use proptest::prelude::*;

/// Draws of all kinds: ordinary ones, those far out, and what is none.
fn draw() -> impl Strategy<Value = f64> {
    prop_oneof![
        20 => any::<u64>().prop_map(unit),
        4 => (1u32..54, any::<bool>()).prop_map(|(bits, upper)| {
            let near = libm::scalbn(1.0, -(bits as i32));
            if upper { 1.0 - near } else { near }
        }),
        2 => (-4i64..4, prop::sample::select(vec![0.075f64, 0.925, 0.5]))
            .prop_map(|(by, u)| f64::from_bits(u.to_bits().wrapping_add_signed(by))),
        1 => prop::sample::select(vec![0.0, -0.0, 1.0, 2.0, -3.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
    ]
}

/// Parameters that models have, and any others.
fn parameter() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => 0.0..3.0,
        3 => -10.0..1e4,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![0.0, 1e-300, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX]),
    ]
}

/// Parameters of some rows: for each its own, or the same for all.
#[derive(Clone, Debug)]
struct Parameters(Vec<u64>, bool);

impl Parameters {
    fn column(&self) -> Parameter<'_> {
        match self.1 {
            true => Parameter::Same(f64::from_bits(self.0[0])),
            false => Parameter::Each(&self.0),
        }
    }
}

fn rows() -> impl Strategy<Value = (Vec<f64>, [Parameters; 3])> {
    (1..120usize).prop_flat_map(|rows| {
        let parameters = || {
            let few = prop::collection::vec(parameter(), 1..4);
            let words = (
                few,
                prop::collection::vec(any::<prop::sample::Index>(), rows),
            );
            let words = words.prop_map(|(few, picks)| {
                let bits = |pick: &prop::sample::Index| few[pick.index(few.len())].to_bits();
                picks.iter().map(bits).collect()
            });
            (words, any::<bool>()).prop_map(|(words, same)| Parameters(words, same))
        };
        let draws = prop::collection::vec(draw(), rows);
        (draws, [parameters(), parameters(), parameters()])
    })
}

fn check(
    name: &str,
    us: &[f64],
    column: impl Fn(&mut [u64]),
    scalar: impl Fn(usize, f64) -> f64,
) -> Result<(), TestCaseError> {
    let mut words: Vec<u64> = us.iter().map(|u| u.to_bits()).collect();
    column(&mut words);
    for (row, (&u, &word)) in us.iter().zip(&words).enumerate() {
        prop_assert_eq!(word, scalar(row, u).to_bits(), "{} of {:e}", name, u);
    }
    Ok(())
}

proptest! {
    #[test]
    fn columns_have_the_bits_of_single_draws((us, parameters) in rows()) {
        let [a, b, c] = [0, 1, 2].map(|at| parameters[at].column());
        check("uniform", &us, |w| uniforms(w, a, b), |row, u| uniform(u, a.of(row), b.of(row)))?;
        check("bernoulli", &us, |w| bernoullis(w, a), |row, u| f64::from(bernoulli(u, a.of(row))))?;
        check("normal", &us, |w| normals(w, a, b), |row, u| normal(u, a.of(row), b.of(row)))?;
        check("lognormal", &us, |w| lognormals(w, a, b), |row, u| lognormal(u, a.of(row), b.of(row)))?;
        check("exponential", &us, |w| exponentials(w, a), |row, u| exponential(u, a.of(row)))?;
        let (low, high) = (b.of(0), c.of(0));
        check(
            "exponential within",
            &us,
            |w| exponentials_truncated(w, a, Parameter::Same(low), Parameter::Same(high)),
            |row, u| exponential_truncated(u, a.of(row), low, high),
        )?;
    }

    #[test]
    fn truncated_laws_have_the_bits_of_single_draws(
        (us, _) in rows(),
        (centre, spread, low, width) in (parameter(), parameter(), parameter(), parameter()),
    ) {
        let law = TruncatedNormal::new(centre, spread, low, low + width);
        check("normal within", &us, |w| law.quantiles(w), |_, u| law.quantile(u))?;
        let law = TruncatedLognormal::new(centre, spread, low, low + width);
        check("lognormal within", &us, |w| law.quantiles(w), |_, u| law.quantile(u))?;
    }
}
