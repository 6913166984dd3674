//! The normal distribution, its truncation, and the lognormal built on them.
use super::share::Share;
use super::{columns, elementary, inside, polynomial, ratio, tame, within};
use crate::base::scratch;
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

// Wichura (1988), the coefficients of PPND16: one rational function a region.
pub(super) const CENTRE_TOP: [f64; 8] = [
    3.3871328727963665,
    133.14166789178438,
    1971.5909503065513,
    13731.69376550946,
    45921.95393154987,
    67265.7709270087,
    33430.57558358813,
    2509.0809287301227,
];
pub(super) const CENTRE_BOTTOM: [f64; 8] = [
    1.0,
    42.31333070160091,
    687.1870074920579,
    5394.196021424751,
    21213.794301586597,
    39307.89580009271,
    28729.085735721943,
    5226.495278852854,
];
pub(super) const TAIL_TOP: [f64; 8] = [
    1.4234371107496835,
    4.630337846156546,
    5.769497221460691,
    3.6478483247632045,
    1.2704582524523684,
    0.2417807251774506,
    0.022723844989269184,
    0.0007745450142783414,
];
pub(super) const TAIL_BOTTOM: [f64; 8] = [
    1.0,
    2.053191626637759,
    1.6763848301838038,
    0.6897673349851,
    0.14810397642748008,
    0.015198666563616457,
    0.0005475938084995345,
    1.0507500716444169e-9,
];
const FAR_TOP: [f64; 8] = [
    6.657904643501103,
    5.463784911164114,
    1.7848265399172913,
    0.29656057182850487,
    0.026532189526576124,
    0.0012426609473880784,
    2.7115555687434876e-5,
    2.0103343992922881e-7,
];
const FAR_BOTTOM: [f64; 8] = [
    1.0,
    0.599832206555888,
    0.1369298809227358,
    0.014875361290850615,
    0.0007868691311456133,
    1.8463183175100548e-5,
    1.421511758316446e-7,
    2.0442631033899397e-15,
];

/// The standard normal's cumulative distribution function, accurate in the lower tail: `erfc(-x/√2) / 2`.
#[inline]
pub fn norm_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2)
}

/// The standard normal's quantile, to about 16 digits.
///
/// Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37 (1988), PPND16.
/// For `u` in [0.075, 0.925] it is a rational function without logarithm or root.
#[inline]
pub fn norm_quantile(u: f64) -> f64 {
    ppnd16(inside(u))
}

/// How far the central region reaches from one half.
pub(super) const CENTRE_HALF_WIDTH: f64 = 0.425;

/// What the rational function of the centre takes, from the distance to one half.
#[inline(always)]
pub(super) fn centre_argument(q: f64) -> f64 {
    0.180625 - q * q
}

/// [`norm_quantile`] for every `p` in (0, 1), however small.
#[inline]
pub(super) fn ppnd16(p: f64) -> f64 {
    let q = p - 0.5;
    if q.abs() <= CENTRE_HALF_WIDTH {
        return q * ratio(centre_argument(q), &CENTRE_TOP, &CENTRE_BOTTOM);
    }
    let r = (-libm::log(if q < 0.0 { p } else { 1.0 - p })).sqrt();
    let z = if r <= 5.0 {
        ratio(r - 1.6, &TAIL_TOP, &TAIL_BOTTOM)
    } else {
        ratio(r - 5.0, &FAR_TOP, &FAR_BOTTOM)
    };
    z.copysign(q)
}

/// Normal, in the unit of `mean` and `sd` (standard deviation). `sd <= 0` gives `mean`.
#[inline]
pub fn normal(u: f64, mean: f64, sd: f64) -> f64 {
    let (mean, sd) = (tame(mean), tame(sd));
    let sd = if sd > 0.0 { sd } else { 0.0 };
    mean + sd * norm_quantile(u)
}

/// Normal conditioned on [`low`, `high`]; `mean` and `sd` are those before truncation.
///
/// `sd <= 0` gives `mean`, brought into [`low`, `high`]; `low > high` gives `low`. Where the parameters stay the same for
/// many draws, keep a [`TruncatedNormal`] instead: most of the work lies in the bounds.
#[inline]
pub fn normal_truncated(u: f64, mean: f64, sd: f64, low: f64, high: f64) -> f64 {
    TruncatedNormal::new(mean, sd, low, high).quantile(u)
}

/// Lognormal: `median * exp(sigma z)`, `sigma` being the standard deviation of the natural logarithm.
/// `median <= 0` gives 0; `sigma <= 0` gives `median`. The mean is `median * exp(sigma² / 2)`.
#[inline]
pub fn lognormal(u: f64, median: f64, sigma: f64) -> f64 {
    let (median, sigma) = (tame(median), tame(sigma));
    let sigma = if sigma > 0.0 { sigma } else { 0.0 };
    if median <= 0.0 {
        return 0.0;
    }
    within(median * libm::exp(sigma * norm_quantile(u)), 0.0, f64::MAX)
}

/// P(X <= x) and P(X > x) of [`normal`](fn@normal).
pub(super) fn normal_share(x: f64, mean: f64, sd: f64) -> Share {
    let (x, mean, sd) = (tame(x), tame(mean), tame(sd));
    if sd <= 0.0 {
        return Share::at_point(x, mean);
    }
    let z = (x - mean) / sd;
    Share {
        below: norm_cdf(z),
        above: norm_cdf(-z),
    }
}

/// The same of [`lognormal`].
pub(super) fn lognormal_share(x: f64, median: f64, sigma: f64) -> Share {
    let (x, median, sigma) = (tame(x), tame(median), tame(sigma));
    if median <= 0.0 || sigma <= 0.0 {
        return Share::at_point(x, median.max(0.0));
    }
    match x > 0.0 {
        true => normal_share(libm::log(x), libm::log(median), sigma),
        false => Share::NONE,
    }
}

/// Lognormal conditioned on [`low`, `high`]; `median` and `sigma` are those before truncation.
///
/// `sigma <= 0` gives `median`, and `median <= 0` gives 0, each brought into [`low`, `high`]; `low > high` gives `low`.
#[inline]
pub fn lognormal_truncated(u: f64, median: f64, sigma: f64, low: f64, high: f64) -> f64 {
    TruncatedLognormal::new(median, sigma, low, high).quantile(u)
}

/// A lognormal conditioned on an interval, with the work on the bounds done once. See [`lognormal_truncated`].
#[derive(Clone, Copy, Debug)]
pub struct TruncatedLognormal {
    logarithm: TruncatedNormal,
    low: f64,
    high: f64,
}

impl TruncatedLognormal {
    /// Takes any parameters, with the meaning that [`lognormal_truncated`] states.
    pub fn new(median: f64, sigma: f64, low: f64, high: f64) -> Self {
        let (median, low, high) = (tame(median), tame(low), tame(high));
        let ln = |x: f64| {
            if x > 0.0 { libm::log(x) } else { -super::LIMIT }
        };
        let (centre, sigma) = if median > 0.0 {
            (ln(median), sigma)
        } else {
            (ln(0.0), 0.0)
        };
        Self {
            logarithm: TruncatedNormal::new(centre, sigma, ln(low), ln(high)),
            low,
            high,
        }
    }

    /// The value below which the share `u` lies.
    #[inline]
    pub fn quantile(&self, u: f64) -> f64 {
        within(libm::exp(self.logarithm.quantile(u)), self.low, self.high)
    }

    /// [`quantile`](Self::quantile) for a column: the bits of each `u` become those of its value.
    pub fn quantiles(&self, column: &mut [u64]) {
        self.logarithm.quantiles(column);
        elementary::exp(column);
        columns::map(column, |x| within(x, self.low, self.high));
    }
}

/// A normal conditioned on an interval, with the work on the bounds done once. See [`normal_truncated`].
#[derive(Clone, Copy, Debug)]
pub struct TruncatedNormal {
    mean: f64,
    sd: f64,
    low: f64,
    high: f64,
    part: Part,
}

/// What the interval shows of the bell, in standard deviations from the mean.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// One value alone.
    Point(f64),
    /// So narrow that the density is flat to 1e-8; a difference of two cdf's would lose more.
    Flat,
    /// The mass below, above and within the interval, each to full relative accuracy.
    Body { below: f64, above: f64, mass: f64 },
    /// Wholly beyond +30 (`sign` 1) or -30 (`sign` -1): where it starts, and the share of the tail from there on that lies within.
    Tail { sign: f64, start: f64, share: f64 },
}

/// Beyond this many standard deviations cdf's underflow or soon will; an asymptotic series takes over.
const FAR: f64 = 30.0;

impl TruncatedNormal {
    /// Takes any parameters, with the meaning that [`normal_truncated`] states.
    pub fn new(mean: f64, sd: f64, low: f64, high: f64) -> Self {
        let (mean, sd, low, high) = (tame(mean), tame(sd), tame(low), tame(high));
        let part = if sd <= 0.0 || low >= high {
            Part::Point(within(mean, low, high))
        } else {
            // Bounded so that their squares are finite.
            let standard = |x: f64| ((x - mean) / sd).clamp(-1e150, 1e150);
            Part::between(standard(low), standard(high))
        };
        Self {
            mean,
            sd,
            low,
            high,
            part,
        }
    }

    /// The value below which the share `u` lies.
    #[inline]
    pub fn quantile(&self, u: f64) -> f64 {
        let u = inside(u);
        let x = match self.part {
            Part::Point(value) => return value,
            Part::Flat => self.low + u * (self.high - self.low),
            Part::Body { below, above, mass } => {
                let (p, q) = (below + u * mass, above + (1.0 - u) * mass);
                let z = if p < q { ppnd16(p) } else { -ppnd16(q) };
                self.mean + self.sd * z
            }
            Part::Tail { sign, start, share } => {
                let further = if sign > 0.0 { 1.0 - u } else { u };
                self.mean + self.sd * sign * tail_quantile(start, share + further * (1.0 - share))
            }
        };
        within(x, self.low, self.high)
    }

    /// [`quantile`](Self::quantile) for a column: the bits of each `u` become those of its value.
    pub fn quantiles(&self, column: &mut [u64]) {
        let Part::Body { below, above, mass } = self.part else {
            return columns::map(column, |u| self.quantile(u));
        };
        let tails = |u: u64| {
            let u = inside(f64::from_bits(u));
            (below + u * mass, above + (1.0 - u) * mass)
        };
        let us = scratch::copy(column);
        for word in column.iter_mut() {
            let (p, q) = tails(*word);
            *word = if p < q { p } else { q }.to_bits();
        }
        columns::quantiles(column);
        for (word, &u) in column.iter_mut().zip(&us) {
            let ((p, q), z) = (tails(u), f64::from_bits(*word));
            let z = if p < q { z } else { -z };
            *word = within(self.mean + self.sd * z, self.low, self.high).to_bits();
        }
        scratch::give_column(us);
    }
}

impl Part {
    fn between(a: f64, b: f64) -> Self {
        if (b - a) * (1.0 + a.abs().max(b.abs())) < 1e-8 {
            return Part::Flat;
        }
        if a > FAR || b < -FAR {
            let (sign, start, end) = if a > 0.0 { (1.0, a, b) } else { (-1.0, -b, -a) };
            let share = libm::exp(ln_tail_ratio(start, end - start));
            return Part::Tail { sign, start, share };
        }
        let (below, above) = (norm_cdf(a), norm_cdf(-b));
        let mass = if a > 0.0 {
            norm_cdf(-a) - above
        } else if b < 0.0 {
            norm_cdf(b) - below
        } else {
            1.0 - below - above
        };
        Part::Body { below, above, mass }
    }
}

/// ln(S(t + e) / S(t)), S being the standard normal's upper tail, for `t >= 30`.
/// Abramowitz and Stegun, 26.2.12, through 1/x⁸; the next term is below 2e-12 there.
fn ln_tail_ratio(t: f64, e: f64) -> f64 {
    let series = |x: f64| {
        let y = 1.0 / (x * x);
        y * polynomial(y, &[-1.0, 3.0, -15.0, 105.0])
    };
    let (here, there) = (series(t), series(t + e));
    -e * (t + 0.5 * e) - libm::log1p(e / t) + libm::log1p((there - here) / (1.0 + here))
}

/// The `x >= t` with S(x) = `share` * S(t), for `t >= 30`. The start neglects Mills' factor t/x; two Newton steps on ln S.
fn tail_quantile(t: f64, share: f64) -> f64 {
    let ln_share = libm::log(share.max(f64::MIN_POSITIVE));
    let mut e = -SQRT_2 * ln_share / (t * FRAC_1_SQRT_2 + (0.5 * t * t - ln_share).sqrt());
    for _ in 0..2 {
        let x = t + e;
        let hazard = x + (1.0 - 2.0 / (x * x)) / x;
        e += (ln_tail_ratio(t, e) - ln_share) / hazard;
    }
    t + e
}
