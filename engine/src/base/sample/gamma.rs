//! The gamma distribution, by Halley's method on the incomplete gamma function.
use super::incomplete_gamma::IncompleteGamma;
use super::{inside, norm_quantile, tame, within};

/// Gamma with the given shape and mean, in the mean's unit; the coefficient of variation is `1 / √shape`.
///
/// `mean <= 0` gives 0; `shape <= 0` gives `mean`; `shape` is brought into [1e-4, 1e10]. With the shape held, values are
/// proportional to `mean`. Shape 1 is [`exponential`](super::exponential), to the bit. A quantile below the least `f64`
/// (small shapes have many) is 0.
///
/// Start: Wilson and Hilferty's cube root, or the leading term of the series; then Halley's steps, kept in a bracket.
/// After Press et al., "Numerical Recipes", 3rd edition, section 6.2.1, and DiDonato and Morris (1986).
#[inline]
pub fn gamma(u: f64, shape: f64, mean: f64) -> f64 {
    let (u, shape, mean) = (inside(u), tame(shape), tame(mean));
    if mean <= 0.0 {
        return 0.0;
    }
    if shape <= 0.0 {
        return mean;
    }
    if shape == 1.0 {
        return super::exponential(u, mean);
    }
    let shape = shape.clamp(1e-4, 1e10);
    within(mean * (standard_quantile(u, shape) / shape), 0.0, f64::MAX)
}

/// The `x` with P(`shape`, x) = `u`.
fn standard_quantile(u: f64, shape: f64) -> f64 {
    let function = IncompleteGamma::new(shape);
    let mut x = start(u, shape, &function);
    if x < 1e-17 * shape.min(1.0) {
        // There P(shape, x) is its leading term to the last bit, and so is the start.
        return x;
    }
    let (mut low, mut high) = (0.0, f64::INFINITY);
    for _ in 0..40 {
        let tails = function.at(x);
        let error = if u < 0.5 {
            tails.lower - u
        } else {
            (1.0 - u) - tails.upper
        };
        if error > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let newton = error / (tails.term * shape / x);
        let step = newton / (1.0 - 0.5 * (newton * ((shape - 1.0) / x - 1.0)).min(1.0));
        let next = x - step;
        if step.abs() <= 1e-8 * x {
            // Halley's steps converge cubically: after one this small, another would change nothing.
            return next;
        }
        x = if next > low && next < high {
            next
        } else if high.is_finite() {
            // Out of the bracket, or NaN where the density underflows: halve, or double while there is no end yet.
            0.5 * (low + high)
        } else {
            2.0 * x
        };
    }
    x
}

fn start(u: f64, shape: f64, function: &IncompleteGamma) -> f64 {
    if shape > 1.0 {
        let ninth = 1.0 / (9.0 * shape);
        let root = 1.0 - ninth + norm_quantile(u) * ninth.sqrt();
        let x = shape * root * root * root;
        if root > 0.3 {
            return x;
        }
    }
    // P(a, x) is x^a / Γ(a + 1) as x goes to 0.
    let leading = libm::exp((libm::log(u) + function.ln_gamma_a1()) / shape);
    if shape > 1.0 || leading < 0.1 {
        return leading;
    }
    // NR (6.2.8) and (6.2.9).
    let split = 1.0 - shape * (0.253 + 0.12 * shape);
    if u < split {
        libm::pow(u / split, 1.0 / shape)
    } else {
        1.0 - libm::log((1.0 - u) / (1.0 - split))
    }
}
