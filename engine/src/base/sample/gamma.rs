//! The gamma distribution, by Halley's method on the incomplete gamma function.
use super::incomplete_gamma::{IncompleteGamma, Tails};
use super::share::{Bounds, Share};
use super::{floor, inside, tame, within};

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
    gamma_quantile(Share::of(u), shape, mean)
}

/// [`gamma`] conditioned on [`low`, `high`]; `mean` is that before truncation.
#[inline]
pub fn gamma_truncated(u: f64, shape: f64, mean: f64, low: f64, high: f64) -> f64 {
    let (shape, mean) = (tame(shape), tame(mean));
    let share = |x| gamma_share(x, shape, mean);
    Bounds::new(low, high).quantile(u, share, |wanted| match shape <= 0.0 || mean <= 0.0 {
        true => mean.max(0.0),
        false => gamma_quantile(wanted, shape, mean),
    })
}

/// The sum of so many exponential stages that are alike, with the given mean in all: [`gamma`] with a whole shape. `stages` is rounded down;
/// fewer than 1 count as 1.
#[inline]
pub fn erlang(u: f64, stages: f64, mean: f64) -> f64 {
    gamma(u, whole(stages), mean)
}

/// [`erlang`] conditioned on [`low`, `high`]; `mean` is that before truncation.
#[inline]
pub fn erlang_truncated(u: f64, stages: f64, mean: f64, low: f64, high: f64) -> f64 {
    gamma_truncated(u, whole(stages), mean, low, high)
}

/// P(X <= x) and P(X > x) of [`gamma`].
pub(super) fn gamma_share(x: f64, shape: f64, mean: f64) -> Share {
    let (x, shape, mean) = (tame(x), tame(shape), tame(mean));
    if shape <= 0.0 || mean <= 0.0 {
        return Share::at_point(x, mean.max(0.0));
    }
    let shape = shape.clamp(LEAST, MOST);
    let tails = IncompleteGamma::new(shape).at(tame(x / mean * shape));
    Share {
        below: tails.lower,
        above: tails.upper,
    }
}

/// The same of [`erlang`].
pub(super) fn erlang_share(x: f64, stages: f64, mean: f64) -> Share {
    gamma_share(x, whole(stages), mean)
}

fn whole(stages: f64) -> f64 {
    floor(tame(stages)).max(1.0)
}

/// The shapes that are told apart.
const LEAST: f64 = 1e-4;
const MOST: f64 = 1e10;

/// With a shape and a mean above 0.
fn gamma_quantile(wanted: Share, shape: f64, mean: f64) -> f64 {
    let shape = shape.clamp(LEAST, MOST);
    within(
        mean * (standard_quantile(wanted, shape) / shape),
        0.0,
        f64::MAX,
    )
}

/// The `x` at or below which the share lies.
fn standard_quantile(wanted: Share, shape: f64) -> f64 {
    let (u, above) = (wanted.below, wanted.above);
    let function = IncompleteGamma::new(shape);
    let mut x = start(wanted, shape, &function);
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
            above - tails.upper
        };
        if error > 0.0 {
            high = x;
        } else {
            low = x;
        }
        let newton = error / (tails.term * shape / x);
        let step = match wanted.is_far() {
            false => newton / (1.0 - 0.5 * (newton * ((shape - 1.0) / x - 1.0)).min(1.0)),
            true => far_step(x, shape, &tails, wanted),
        };
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

/// Newton's step on logarithms, as far tails are nearly exponential above and powers below.
fn far_step(x: f64, shape: f64, tails: &Tails, wanted: Share) -> f64 {
    let density = tails.term * shape / x;
    match wanted.is_low() {
        true => {
            let slope = density * x / tails.lower;
            -x * libm::expm1(-libm::log(tails.lower / wanted.below) / slope)
        }
        false => -libm::log(tails.upper / wanted.above) * tails.upper / density,
    }
}

fn start(wanted: Share, shape: f64, function: &IncompleteGamma) -> f64 {
    let (u, above) = (wanted.below, wanted.above);
    if shape > 1.0 {
        let ninth = 1.0 / (9.0 * shape);
        let root = 1.0 - ninth + wanted.score() * ninth.sqrt();
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
        1.0 - libm::log(above / (1.0 - split))
    }
}
