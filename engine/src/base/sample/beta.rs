//! The beta distribution, by Halley's method on the incomplete beta function.
use super::share::{Bounds, Share};
use super::tame;
use std::f64::consts::E;

/// Beyond this the two parameters are scaled down together: the mean stays, the standard deviation is at most 1e-3 too wide.
const GREATEST: f64 = 1e6;

/// Below this a parameter makes nearly all values 0 or 1 anyway.
const LEAST: f64 = 1e-4;

/// Beta on [0, 1] with mean `a / (a + b)`; rises with `a`, falls as `b` rises.
///
/// A parameter that is not positive means all the mass at one end: `a <= 0` gives 0, `b <= 0` gives 1, both give 0.5. The parameters are
/// raised to 1e-4 where they are less, and scaled down together where the greater exceeds 1e6. The cumulative probability of the
/// result is `u` to about 1e-9 at such parameters and to 1e-14 at small ones.
///
/// Start: Abramowitz and Stegun 26.5.22, or the leading term of either end; then Newton's and Halley's steps, kept in a bracket.
/// After Press et al., "Numerical Recipes", 3rd edition, section 6.4.
#[inline]
pub fn beta(u: f64, a: f64, b: f64) -> f64 {
    match Shape::new(a, b) {
        Shape::Point(point) => point,
        Shape::Spread(a, b) => quantile(Share::of(u), a, b),
    }
}

/// [`beta`] conditioned on [`low`, `high`]; all mass at a point outside gives the end nearest to it.
#[inline]
pub fn beta_truncated(u: f64, a: f64, b: f64, low: f64, high: f64) -> f64 {
    let share = |x| beta_share(x, a, b);
    Bounds::new(low, high).quantile(u, share, |wanted| match Shape::new(a, b) {
        Shape::Point(point) => point,
        Shape::Spread(a, b) => quantile(wanted, a, b),
    })
}

/// P(X <= x) and P(X > x) of [`beta`].
pub(super) fn beta_share(x: f64, a: f64, b: f64) -> Share {
    let x = tame(x);
    match Shape::new(a, b) {
        Shape::Point(point) => Share::at_point(x, point),
        Shape::Spread(..) if x <= 0.0 => Share::NONE,
        Shape::Spread(..) if x >= 1.0 => Share::ALL,
        Shape::Spread(a, b) => {
            let (below, above, _) = IncompleteBeta::new(a, b).at(x);
            Share { below, above }
        }
    }
}

/// The two parameters, brought to where they can be worked with.
enum Shape {
    Point(f64),
    Spread(f64, f64),
}

impl Shape {
    fn new(a: f64, b: f64) -> Shape {
        let (a, b) = (tame(a), tame(b));
        if a <= 0.0 || b <= 0.0 {
            return Shape::Point(if a > 0.0 {
                1.0
            } else if b > 0.0 {
                0.0
            } else {
                0.5
            });
        }
        let scale = (GREATEST / a.max(b)).min(1.0);
        Shape::Spread((a * scale).max(LEAST), (b * scale).max(LEAST))
    }
}

fn quantile(wanted: Share, a: f64, b: f64) -> f64 {
    if a == 1.0 && b == 1.0 {
        return wanted.below;
    }
    // Solved from the end that the value is near to, so that a value within 1e-16 of 1 does not stop the iteration.
    let Share { below, above } = wanted;
    let (x, y) = start(wanted, a, b);
    if x <= y {
        IncompleteBeta::new(a, b).solve(below, above, x)
    } else {
        1.0 - IncompleteBeta::new(b, a).solve(above, below, y)
    }
}

/// An approximate quantile and its distance from 1.
fn start(wanted: Share, a: f64, b: f64) -> (f64, f64) {
    let (u, above) = (wanted.below, wanted.above);
    if a >= 1.0 && b >= 1.0 {
        let z = wanted.score();
        let (inverse_a, inverse_b) = (1.0 / (2.0 * a - 1.0), 1.0 / (2.0 * b - 1.0));
        let lambda = (z * z - 3.0) / 6.0;
        let h = 2.0 / (inverse_a + inverse_b);
        let w = -z * (lambda + h).max(0.0).sqrt() / h
            - (inverse_b - inverse_a) * (lambda + 5.0 / 6.0 - 2.0 / (3.0 * h));
        let odds = b / a * libm::exp(2.0 * w);
        return (1.0 / (1.0 + odds), 1.0 / (1.0 + 1.0 / odds));
    }
    let left = libm::exp(a * libm::log(a / (a + b))) / a;
    let right = libm::exp(b * libm::log(b / (a + b))) / b;
    let both = left + right;
    if u < left / both {
        let x = libm::pow(a * both * u, 1.0 / a);
        (x, 1.0 - x)
    } else {
        let y = libm::pow(b * both * above, 1.0 / b);
        (1.0 - y, y)
    }
}

/// The regularised incomplete beta function I(x; a, b).
struct IncompleteBeta {
    a: f64,
    b: f64,
    ln_beta: f64,
}

impl IncompleteBeta {
    fn new(a: f64, b: f64) -> Self {
        let ln_beta = libm::lgamma(a) + libm::lgamma(b) - libm::lgamma(a + b);
        Self { a, b, ln_beta }
    }

    /// The `x` with I(x) = `lower` = 1 - `upper`, from the approximation `x`.
    fn solve(&self, lower: f64, upper: f64, x: f64) -> f64 {
        // I(x) is x^a / (a B(a, b)) as x goes to 0: far down that is exact, and Halley's method would be lost.
        let leading = libm::exp((libm::log(lower * self.a) + self.ln_beta) / self.a);
        let small = 1e-17 / self.b.max(1.0);
        if leading < small {
            return leading;
        }
        let (mut low, mut high) = (0.0, 1.0);
        let mut x = x.clamp(small, U_LAST);
        for _ in 0..100 {
            let (below, above, density) = self.at(x);
            let error = if lower < upper {
                below - lower
            } else {
                upper - above
            };
            if error > 0.0 {
                high = x;
            } else {
                low = x;
            }
            let step = self.step(x, (below, above, density), (lower, upper), error);
            let next = x - step;
            if step.abs() <= 1e-8 * x {
                // Halley's steps converge cubically: after one this small, another would change nothing.
                return next;
            }
            x = if next > low && next < high {
                next
            } else if low > 0.0 && high > 4.0 * low {
                // Out of the bracket, or NaN where the density underflows: halve, by ratio while the bracket spans magnitudes.
                (low * high).sqrt()
            } else {
                0.5 * (low + high)
            };
        }
        x
    }

    /// How far `x` should fall. Where the tail is off by a factor of more than e, Newton's step on logarithms, since tails are
    /// nearly powers of the distance from their end; else Halley's step.
    fn step(
        &self,
        x: f64,
        (below, above, density): (f64, f64, f64),
        (lower, upper): (f64, f64),
        error: f64,
    ) -> f64 {
        let left = lower < upper;
        let (mass, target, distance) = if left {
            (below, lower, x)
        } else {
            (above, upper, 1.0 - x)
        };
        if mass > target * E || mass * E < target {
            let slope = density * distance / mass;
            let shrink = -libm::expm1(-libm::log(mass / target) / slope);
            return distance * if left { shrink } else { -shrink };
        }
        let newton = error / density;
        let bend = (self.a - 1.0) / x - (self.b - 1.0) / (1.0 - x);
        newton / (1.0 - 0.5 * (newton * bend).min(1.0))
    }

    /// I(x), 1 - I(x) and the density at `x` in (0, 1).
    fn at(&self, x: f64) -> (f64, f64, f64) {
        let (a, b) = (self.a, self.b);
        let power = libm::exp(a * libm::log(x) + b * libm::log1p(-x) - self.ln_beta);
        let density = power / (x * (1.0 - x));
        if x < (a + 1.0) / (a + b + 2.0) {
            let below = (power * fraction(a, b, x) / a).min(1.0);
            (below, 1.0 - below, density)
        } else {
            let above = (power * fraction(b, a, 1.0 - x) / b).min(1.0);
            (1.0 - above, above, density)
        }
    }
}

const U_LAST: f64 = super::U_MAX;

/// The continued fraction of DLMF 8.17.22 by Lentz's method; it needs about √max(a, b) steps.
pub(super) fn fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let guard = |v: f64| if v.abs() < TINY { TINY } else { v };
    let mut c = 1.0;
    let mut d = 1.0 / guard(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / guard(1.0 + even * d);
        c = guard(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / guard(1.0 + odd * d);
        c = guard(1.0 + odd / c);
        h *= d * c;
        if (d * c - 1.0).abs() < 4e-16 {
            break;
        }
    }
    h
}
