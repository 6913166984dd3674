//! Shares of a distribution's values, told from both ends, and what has bounds by them.
use super::{U_MIN, floor, inside, norm_quantile, normal::ppnd16, tame, within};

/// How much of a distribution lies at or below a value, and how much above: each accurate where it is small.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Share {
    /// P(X <= x).
    pub below: f64,
    /// P(X > x).
    pub above: f64,
}

impl Share {
    /// Nothing lies at or below.
    pub const NONE: Share = Share {
        below: 0.0,
        above: 1.0,
    };
    /// All lies at or below.
    pub const ALL: Share = Share {
        below: 1.0,
        above: 0.0,
    };

    /// That of a uniform number.
    #[inline]
    pub fn of(u: f64) -> Share {
        let u = inside(u);
        Share {
            below: u,
            above: 1.0 - u,
        }
    }

    /// From the part at or below, which is clamped.
    pub(super) fn from_below(below: f64) -> Share {
        let below = within(below, 0.0, 1.0);
        Share {
            below,
            above: 1.0 - below,
        }
    }

    /// From the part above, which is clamped.
    pub(super) fn from_above(above: f64) -> Share {
        let above = within(above, 0.0, 1.0);
        Share {
            below: 1.0 - above,
            above,
        }
    }

    /// Where the logarithm of the part above is known.
    pub(super) fn after(ln_above: f64) -> Share {
        Share {
            below: -libm::expm1(ln_above),
            above: libm::exp(ln_above),
        }
    }

    /// That of all the mass at a point.
    pub(super) fn at_point(x: f64, point: f64) -> Share {
        if x >= point { Share::ALL } else { Share::NONE }
    }

    /// Whether it is nearer to the lower end.
    pub(super) fn is_low(self) -> bool {
        self.below < self.above
    }

    /// Whether at least as much as `wanted` lies at or below.
    pub(super) fn reaches(self, wanted: Share) -> bool {
        match wanted.is_low() {
            true => self.below >= wanted.below,
            false => self.above <= wanted.above,
        }
    }

    /// Whether no uniform number has this share: it comes of bounds far out.
    pub(super) fn is_far(self) -> bool {
        self.below.min(self.above) < U_MIN
    }

    /// The standard normal's quantile.
    pub(super) fn score(self) -> f64 {
        match (self.is_far(), self.is_low()) {
            (true, true) => ppnd16(self.below.max(f64::MIN_POSITIVE)),
            (true, false) => -ppnd16(self.above.max(f64::MIN_POSITIVE)),
            (false, true) => norm_quantile(self.below),
            (false, false) => -norm_quantile(self.above),
        }
    }

    /// The mass from here up to a higher share.
    fn up_to(self, high: Share) -> f64 {
        if self.below > 0.5 {
            self.above - high.above
        } else if high.below <= 0.5 {
            high.below - self.below
        } else {
            1.0 - self.below - high.above
        }
    }

    /// The share of a value in a distribution conditioned on what lies between two shares.
    fn between(self, low: Share, high: Share) -> Share {
        let mass = low.up_to(high);
        let (below, above) = (low.up_to(self), self.up_to(high));
        Share {
            below: within(below / mass, 0.0, 1.0),
            above: within(above / mass, 0.0, 1.0),
        }
    }
}

/// Less than this is no mass: floats that small have fewer digits.
const LEAST_MASS: f64 = 1e-290;

/// A distribution conditioned on an interval: what lies before it, and up to its end.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    low: f64,
    high: f64,
    whole: bool,
}

impl Bounds {
    pub fn new(low: f64, high: f64) -> Bounds {
        let (low, high, whole) = (tame(low), tame(high), false);
        Bounds { low, high, whole }
    }

    /// Of a distribution of whole numbers: `low` is rounded up and `high` down.
    pub fn whole(low: f64, high: f64) -> Bounds {
        let (low, high, whole) = (-floor(-tame(low)), floor(tame(high)), true);
        Bounds { low, high, whole }
    }

    /// The shares before it, and up to its end; none where there is no mass, or it is a point.
    fn ends(self, share: impl Fn(f64) -> Share) -> Result<(Share, Share), f64> {
        if self.low > self.high || self.low == self.high && !self.whole {
            return Err(self.low);
        }
        let before = if self.whole { self.low - 1.0 } else { self.low };
        let ends = (share(before), share(self.high));
        match ends.0.up_to(ends.1) > LEAST_MASS {
            true => Ok(ends),
            // The end nearest to the mass.
            false => Err(if ends.0.is_low() { self.high } else { self.low }),
        }
    }

    /// The value below which the share `u` of what lies within has its values.
    pub fn quantile(
        self,
        u: f64,
        share: impl Fn(f64) -> Share,
        quantile: impl Fn(Share) -> f64,
    ) -> f64 {
        let (low, high) = match self.ends(share) {
            Ok(ends) => ends,
            Err(point) => return point,
        };
        let (u, mass) = (inside(u), low.up_to(high));
        let wanted = Share {
            below: low.below + u * mass,
            above: high.above + (1.0 - u) * mass,
        };
        within(quantile(wanted), self.low, self.high)
    }

    /// The share of what lies within that lies at or below a value.
    pub fn share(self, x: f64, share: impl Fn(f64) -> Share) -> Share {
        match self.ends(&share) {
            Err(point) => Share::at_point(x, point),
            Ok(_) if x < self.low => Share::NONE,
            Ok(_) if x >= self.high => Share::ALL,
            Ok((low, high)) => share(x).between(low, high),
        }
    }
}

/// The least whole number from `low` to `high` with `enough`, which holds from some number on (else `high`), searched for
/// outwards from a guess.
pub(super) fn least_whole(
    guess: f64,
    (low, high): (f64, f64),
    enough: impl Fn(f64) -> bool,
) -> f64 {
    let (mut step, start) = (1.0, within(floor(guess), low, high));
    let (mut no, mut yes) = (start, start);
    if enough(start) {
        loop {
            if yes <= low {
                return low;
            }
            no = within(yes - step, low, high);
            if !enough(no) {
                break;
            }
            (yes, step) = (no, step * 2.0);
        }
    } else {
        loop {
            if no >= high {
                return high;
            }
            yes = within(no + step, low, high);
            if enough(yes) {
                break;
            }
            (no, step) = (yes, step * 2.0);
        }
    }
    while yes - no > 1.0 {
        let middle = no + floor((yes - no) / 2.0);
        match enough(middle) {
            true => yes = middle,
            false => no = middle,
        }
    }
    yes
}
