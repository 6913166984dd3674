//! Counts: Poisson and geometric.
use super::closed::exponential_truncated_share;
use super::incomplete_gamma::IncompleteGamma;
use super::share::{Bounds, Share, least_whole};
use super::{exponential_truncated, floor, inside, norm_quantile, tame, within};

/// Up to this mean adding up probabilities from 0 is the fastest exact way.
const SEQUENTIAL: f64 = 30.0;

/// Beyond this the corrected normal quantile is off by far less than 1, and cumulative probabilities cannot tell more.
const ASYMPTOTIC: f64 = 1e12;

/// 1 / k for k from 1 on. For a mean below 30 the probabilities no longer change their sum long before the end.
const RECIPROCALS: [f64; 128] = {
    let mut table = [0.0; 128];
    let mut k = 0;
    while k < table.len() {
        table[k] = 1.0 / (k + 1) as f64;
        k += 1;
    }
    table
};

/// Poisson with the given mean: the least k with P(X <= k) >= `u`. `mean <= 0` gives 0.
///
/// Below a mean of 30 by sequential search (Devroye, "Non-Uniform Random Variate Generation", 1986, section X.3.3). From there on
/// it starts from the Cornish-Fisher quantile and is then set right by the cumulative probability itself, which is Q(k + 1, mean),
/// so that it is exact too. (For `u` within 1e-14 of 1 rounding decides between neighbouring tail values.) Above 1e12 the start alone is the result.
#[inline]
pub fn poisson(u: f64, mean: f64) -> u64 {
    let (u, mean) = (inside(u), tame(mean));
    if mean <= 0.0 {
        return 0;
    }
    if mean >= SEQUENTIAL {
        return poisson_from_normal(u, mean);
    }
    let mut probability = libm::exp(-mean);
    let mut sum = probability;
    let mut k = 0;
    for reciprocal in &RECIPROCALS {
        if u <= sum {
            break;
        }
        probability *= mean * reciprocal;
        let next = sum + probability;
        if next == sum {
            // `u` lies within rounding of 1: nothing is left to add.
            break;
        }
        sum = next;
        k += 1;
    }
    k
}

/// P(X <= k) of a Poisson law for k from 0 until nothing more is added, for means that are drawn from often: the number of entries below
/// `u` is the quantile. None for means that are not positive or above 500, where the first terms come near the least float.
pub fn poisson_table(mean: f64) -> Option<Vec<f64>> {
    if !(mean > 0.0 && mean <= 500.0) {
        return None;
    }
    let mut probability = libm::exp(-mean);
    let mut sum = probability;
    let mut cumulative = vec![sum];
    let mut k = 0.0;
    loop {
        k += 1.0;
        probability *= mean / k;
        let next = sum + probability;
        // Below the mode the terms still grow, however small the first ones are.
        if next == sum && k > mean {
            return Some(cumulative);
        }
        sum = next;
        cumulative.push(sum);
    }
}

#[inline(never)]
fn poisson_from_normal(u: f64, mean: f64) -> u64 {
    let (z, root) = (norm_quantile(u), mean.sqrt());
    let square = z * z;
    let start = mean + root * z + (square - 1.0) / 6.0 + z * (1.0 - square) / (72.0 * root);
    let mut k = (start - 0.5).ceil().max(0.0);
    if mean > ASYMPTOTIC {
        return k as u64;
    }
    let tails = IncompleteGamma::new(k + 1.0).at(mean);
    let mut probability = tails.term * (k + 1.0) / mean;
    // In the lower half P(X <= k) is compared with u, in the upper half P(X > k) with 1 - u: each is accurate there.
    if u < 0.5 {
        let mut below = tails.upper;
        while u > below && probability > 0.0 {
            k += 1.0;
            probability *= mean / k;
            below += probability;
        }
        while k > 0.0 && u <= below - probability {
            below -= probability;
            probability *= k / mean;
            k -= 1.0;
        }
    } else {
        let (mut above, v) = (tails.lower, 1.0 - u);
        while above > v && probability > 0.0 {
            k += 1.0;
            probability *= mean / k;
            above -= probability;
        }
        while k > 0.0 && above + probability <= v {
            above += probability;
            probability *= k / mean;
            k -= 1.0;
        }
    }
    k as u64
}

/// Geometric with the given mean, counting from 0: the failures before the first success of probability `1 / (1 + mean)`.
/// `mean <= 0` gives 0.
#[inline]
pub fn geometric(u: f64, mean: f64) -> u64 {
    let mean = tame(mean);
    if mean <= 0.0 {
        return 0;
    }
    // P(X > k) = (mean / (1 + mean))^(k + 1) = exp(-(k + 1) ln(1 + 1/mean)). The cast takes the floor and saturates.
    (-libm::log1p(-inside(u)) / libm::log1p(1.0 / mean)) as u64
}

/// [`poisson`](fn@poisson) conditioned on the whole numbers from `low` to `high`, which are rounded up and down; where that leaves none, the rounded
/// `low`. `mean` is that before truncation.
#[inline]
pub fn poisson_truncated(u: f64, mean: f64, low: f64, high: f64) -> f64 {
    let mean = tame(mean);
    let share = |k| poisson_share(k, mean);
    Bounds::whole(low, high).quantile(u, share, |wanted| {
        if mean <= 0.0 {
            return 0.0;
        }
        let guess = mean + wanted.score() * mean.sqrt();
        match mean > ASYMPTOTIC {
            true => floor(guess),
            false => least_whole(guess, (0.0, f64::MAX), |k| share(k).reaches(wanted)),
        }
    })
}

/// P(X <= x) and P(X > x) of [`poisson`](fn@poisson).
pub(super) fn poisson_share(x: f64, mean: f64) -> Share {
    let (k, mean) = (floor(tame(x)), tame(mean));
    if k < 0.0 {
        return Share::NONE;
    }
    if mean <= 0.0 {
        return Share::ALL;
    }
    let tails = IncompleteGamma::new(k + 1.0).at(mean);
    Share {
        below: tails.upper,
        above: tails.lower,
    }
}

/// [`geometric`] conditioned on the whole numbers from `low` to `high`, which are rounded up and down; where that leaves none, the rounded
/// `low`. `mean` is that before truncation.
///
/// It is the whole part of an exponential, which is what is truncated: no memory, so exact also where both bounds lie far out.
#[inline]
pub fn geometric_truncated(u: f64, mean: f64, low: f64, high: f64) -> f64 {
    let (mean, low, high) = (tame(mean), -floor(-tame(low)), floor(tame(high)));
    if mean <= 0.0 || low > high || high < 0.0 {
        return within(0.0, low, high);
    }
    let steps = 1.0 / libm::log1p(1.0 / mean);
    let x = exponential_truncated(u, steps, low.max(0.0), high + 1.0);
    within(floor(x), low, high)
}

/// P(X <= x) and P(X > x) of [`geometric_truncated`].
pub(super) fn geometric_truncated_share(x: f64, mean: f64, low: f64, high: f64) -> Share {
    let (mean, low, high) = (tame(mean), -floor(-tame(low)), floor(tame(high)));
    let x = floor(tame(x));
    if mean <= 0.0 || low > high || high < 0.0 {
        return Share::at_point(x, within(0.0, low, high));
    }
    let steps = 1.0 / libm::log1p(1.0 / mean);
    match x < low {
        true => Share::NONE,
        false => exponential_truncated_share(x + 1.0, steps, low.max(0.0), high + 1.0),
    }
}

/// P(X <= x) and P(X > x) of [`geometric`].
pub(super) fn geometric_share(x: f64, mean: f64) -> Share {
    let (k, mean) = (floor(tame(x)), tame(mean));
    if k < 0.0 {
        return Share::NONE;
    }
    if mean <= 0.0 {
        return Share::ALL;
    }
    Share::after(-(k + 1.0) * libm::log1p(1.0 / mean))
}
