//! Student's t-distribution, for confidence intervals.

use crate::base::sample::{beta, norm_quantile};

/// From so many degrees of freedom on, the normal quantile with its first two corrections is exact to rounding.
const MANY: f64 = 1e5;

/// The quantile of Student's t-distribution with so many degrees of freedom, for a probability strictly between 0 and 1.
///
/// For t > 0 and V = v / (v + t²), I(V; v/2, 1/2) is twice the upper tail (Abramowitz and Stegun 26.7.1 and 26.5.27), so the quantile
/// follows from one of the beta distribution. From 100,000 degrees of freedom on: the expansion 26.7.5.
pub fn t_quantile(probability: f64, degrees: u64) -> f64 {
    let v = degrees.max(1) as f64;
    if v >= MANY {
        let z = norm_quantile(probability);
        let first = (z * z * z + z) / 4.0;
        let second = (5.0 * z * z * z * z * z + 16.0 * z * z * z + 3.0 * z) / 96.0;
        return z + first / v + second / (v * v);
    }
    let tail = probability.min(1.0 - probability);
    // 1 - V, solved for directly: V itself would round to 1 for many degrees of freedom.
    let distance = beta(1.0 - 2.0 * tail, 0.5, 0.5 * v);
    let odds = if distance < 0.5 {
        distance / (1.0 - distance)
    } else {
        let near = beta(2.0 * tail, 0.5 * v, 0.5);
        (1.0 - near) / near
    };
    let t = (v * odds).sqrt();
    if probability < 0.5 { -t } else { t }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Degrees of freedom, probability, quantile: from the closed forms for 1, 2 and 4 degrees of freedom, and
    /// from the usual tables, which print three or four decimals.
    #[test]
    fn quantiles_are_those_of_the_tables() {
        for probability in [0.6, 0.75, 0.9, 0.975, 0.995, 0.9995] {
            let cauchy = libm::tan(std::f64::consts::PI * (probability - 0.5));
            assert!((t_quantile(probability, 1) / cauchy - 1.0).abs() < 1e-10);
            let q = 4.0 * probability * (1.0 - probability);
            let two = 2.0 * (probability - 0.5) * (2.0 / q).sqrt();
            assert!((t_quantile(probability, 2) / two - 1.0).abs() < 1e-10);
            let bend = libm::cos(libm::acos(q.sqrt()) / 3.0) / q.sqrt();
            let four = 2.0 * (bend - 1.0).sqrt();
            assert!((t_quantile(probability, 4) / four - 1.0).abs() < 1e-10);
        }
        for (degrees, probability, expected) in [
            (5, 0.975, 2.5706),
            (9, 0.975, 2.2622),
            (10, 0.95, 1.8125),
            (29, 0.975, 2.0452),
            (30, 0.995, 2.7500),
            (99, 0.975, 1.9842),
            (120, 0.995, 2.6174),
            (1000, 0.975, 1.9623),
        ] {
            let found = t_quantile(probability, degrees);
            assert!((found - expected).abs() < 6e-5, "{degrees}: {found}");
        }
    }

    #[test]
    fn quantiles_are_symmetric_and_meet_the_normal_distribution() {
        assert_eq!(t_quantile(0.025, 7), -t_quantile(0.975, 7));
        assert!(t_quantile(0.5, 7).abs() < 1e-10);
        let (below, above) = (t_quantile(0.975, 99_999), t_quantile(0.975, 100_000));
        assert!(below > above && below - above < 1e-9);
        assert!((t_quantile(0.975, 1 << 40) - norm_quantile(0.975)).abs() < 1e-11);
    }
}
