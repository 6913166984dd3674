//! Mixtures: each value comes from one of several distributions.
use super::share::{Share, least_whole};
use super::{Dist, MOST_PARAMETERS, U_MAX, U_MIN, Yield, inside};

/// A mixture of distributions whose parameters are constants.
///
/// Its quantile is that of the whole: the least value at or below which the parts together have the share `u`. So it takes one uniform number and
/// rises with it, where drawing a part first and a value then would take two.
#[derive(Clone, Debug)]
pub struct Mixture {
    parts: Box<[Part]>,
    whole: bool,
    /// Its quantiles at multiples of 1 / [`GRID`], so that searches begin near their ends.
    grid: Box<[f64]>,
}

/// A part and its share.
#[derive(Clone, Copy, Debug)]
struct Part {
    share: f64,
    dist: Dist,
    parameters: [f64; MOST_PARAMETERS],
}

impl Part {
    /// Whether it is one value.
    fn is_point(&self) -> bool {
        self.dist == Dist::Uniform && self.parameters[0] == self.parameters[1]
    }
}

const GRID: usize = 256;

impl Mixture {
    /// From weights, distributions and their parameters. None where there are no parts, a weight is none, or all are 0.
    pub fn new(parts: &[(f64, Dist, [f64; MOST_PARAMETERS])]) -> Option<Mixture> {
        let all: f64 = parts.iter().map(|part| part.0).sum();
        let legal = parts.iter().all(|part| part.0 >= 0.0);
        if !(legal && all > 0.0 && all.is_finite()) {
            return None;
        }
        let parts = parts.iter().filter(|part| part.0 > 0.0);
        let parts: Box<[Part]> = parts
            .map(|&(weight, dist, parameters)| Part {
                share: weight / all,
                dist,
                parameters,
            })
            .collect();
        let of_whole = |part: &Part| {
            let whole = part.parameters[0].fract() == 0.0;
            part.dist.signature().values == Yield::Whole || part.is_point() && whole
        };
        let whole = parts.iter().all(of_whole);
        let mut mixture = Mixture {
            parts,
            whole,
            grid: Box::default(),
        };
        let at = |i: usize| inside(i as f64 / GRID as f64);
        mixture.grid = (0..=GRID)
            .map(|i| mixture.search(at(i), mixture.between(at(i))))
            .collect();
        Some(mixture)
    }

    /// The value below which the share `u` lies.
    pub fn quantile(&self, u: f64) -> f64 {
        let u = inside(u);
        let at = ((u * GRID as f64) as usize).min(GRID - 1);
        self.search(u, (self.grid[at], self.grid[at + 1]))
    }

    /// Between the least and the greatest quantile of the parts.
    fn between(&self, u: f64) -> (f64, f64) {
        let quantiles = self
            .parts
            .iter()
            .map(|part| part.dist.quantile(u, &part.parameters));
        quantiles.fold((f64::MAX, f64::MIN), |(low, high), x| {
            (low.min(x), high.max(x))
        })
    }

    /// P(X <= x) and P(X > x).
    pub fn share(&self, x: f64) -> Share {
        let nothing = Share {
            below: 0.0,
            above: 0.0,
        };
        self.parts.iter().fold(nothing, |sum, part| {
            let share = part.dist.share(x, &part.parameters);
            Share {
                below: sum.below + part.share * share.below,
                above: sum.above + part.share * share.above,
            }
        })
    }

    /// The least value between two at or below which the share lies; the greater one where it is not reached.
    fn search(&self, u: f64, (mut low, mut high): (f64, f64)) -> f64 {
        let wanted = Share::of(u);
        if self.whole {
            return least_whole(low, (low, high), |k| self.share(k).reaches(wanted));
        }
        if low >= high || self.share(low).reaches(wanted) {
            return low;
        }
        // How far the share of a value is from the one wanted: below 0 before it is reached.
        let error = |x: f64| {
            let share = self.share(x);
            match wanted.is_low() {
                true => share.below - wanted.below,
                false => wanted.above - share.above,
            }
        };
        let (mut at_low, mut at_high) = (error(low), error(high));
        for step in 0..200 {
            // Straight lines find the value soon where the share is smooth, and halves in any case.
            let straight = low - at_low / (at_high - at_low) * (high - low);
            let half = low + (high - low) / 2.0;
            let x = match step % 3 {
                2 => half,
                _ if straight > low && straight < high => straight,
                _ => half,
            };
            if high - low <= 1e-14 * (low.abs() + high.abs()) || x <= low || x >= high {
                break;
            }
            let here = error(x);
            if here >= 0.0 {
                (high, at_high) = (x, here);
                // The other end counts for less, so that it moves, too.
                at_low *= 0.5;
            } else {
                (low, at_low) = (x, here);
                at_high *= 0.5;
            }
        }
        self.snapped(high, wanted)
    }

    /// The point with mass of its own beside which a search has ended, if there is one; otherwise where it has ended.
    fn snapped(&self, x: f64, wanted: Share) -> f64 {
        let points = self.parts.iter().filter(|part| part.is_point());
        let points = points.map(|part| part.parameters[0]).chain([x.floor()]);
        let beside = |point: &f64| {
            (x - point).abs() <= 1e-13 * x.abs() && self.share(*point).reaches(wanted)
        };
        points.filter(beside).fold(x, f64::min)
    }

    /// The mean, if those of its parts are known.
    pub fn mean(&self) -> Option<f64> {
        let of = |part: &Part| {
            let points = part.parameters.map(|x| (x, x));
            let count = part.dist.signature().parameters.len();
            let (low, high) = part.dist.mean(&points[..count])?;
            (low == high).then_some(part.share * low)
        };
        self.parts.iter().map(of).sum()
    }

    /// Between which numbers its values lie.
    pub fn range(&self) -> (f64, f64) {
        (self.between(U_MIN).0, self.between(U_MAX).1)
    }

    /// Whether its values are whole numbers alone.
    pub fn is_whole(&self) -> bool {
        self.whole
    }
}
