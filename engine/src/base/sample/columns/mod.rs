//! Samplers for whole columns of draws, with the bits of those for one draw.
//!
//! What all rows need is worked out for all of them in loops without branches, one stage after the other; what only a
//! few need follows in a loop over those few. A column holds the bits of `u` first and those of the quantiles then.
use super::normal::{
    CENTRE_BOTTOM, CENTRE_HALF_WIDTH, CENTRE_TOP, TAIL_BOTTOM, TAIL_TOP, centre_argument, ppnd16,
};
use super::{bernoulli, elementary, exponential_truncated, inside, ratio, tame, uniform, within};
use crate::base::scratch;

/// A parameter of a distribution.
#[derive(Clone, Copy, Debug)]
pub enum Parameter<'a> {
    /// The same for all rows.
    Same(f64),
    /// For each row, the bits of its own.
    Each(&'a [u64]),
}

impl Parameter<'_> {
    /// The parameter in a row.
    #[inline(always)]
    pub fn of(self, row: usize) -> f64 {
        match self {
            Parameter::Same(value) => value,
            Parameter::Each(words) => f64::from_bits(words[row]),
        }
    }
}

/// Replaces each value of a column.
#[inline(always)]
pub(super) fn map(column: &mut [u64], f: impl Fn(f64) -> f64) {
    for word in column {
        *word = f(f64::from_bits(*word)).to_bits();
    }
}

/// Replaces each value of a column by what follows from it and a parameter.
#[inline(always)]
fn map_with(column: &mut [u64], parameter: Parameter<'_>, f: impl Fn(f64, f64) -> f64) {
    match parameter {
        Parameter::Same(value) => map(column, |x| f(x, value)),
        Parameter::Each(words) => {
            for (word, &value) in column.iter_mut().zip(words) {
                *word = f(f64::from_bits(*word), f64::from_bits(value)).to_bits();
            }
        }
    }
}

/// [`uniform`](fn@uniform) for a column.
pub fn uniforms(column: &mut [u64], low: Parameter<'_>, high: Parameter<'_>) {
    match (low, high) {
        (Parameter::Same(low), high) => map_with(column, high, |u, high| uniform(u, low, high)),
        (low, Parameter::Same(high)) => map_with(column, low, |u, low| uniform(u, low, high)),
        (low, high) => by_rows(column, |row, u| uniform(u, low.of(row), high.of(row))),
    }
}

/// Replaces each value of a column by what follows from it and its row.
#[inline(always)]
pub fn by_rows(column: &mut [u64], f: impl Fn(usize, f64) -> f64) {
    for (row, word) in column.iter_mut().enumerate() {
        *word = f(row, f64::from_bits(*word)).to_bits();
    }
}

/// [`bernoulli`] for a column: 1 or 0.
pub fn bernoullis(column: &mut [u64], p: Parameter<'_>) {
    map_with(column, p, |u, p| f64::from(bernoulli(u, p)));
}

/// [`normal`](fn@super::normal) for a column.
pub fn normals(column: &mut [u64], mean: Parameter<'_>, sd: Parameter<'_>) {
    norm_quantiles(column);
    map_with(column, sd, |z, sd| spread(sd) * z);
    map_with(column, mean, |x, mean| tame(mean) + x);
}

/// [`lognormal`](super::lognormal) for a column.
pub fn lognormals(column: &mut [u64], median: Parameter<'_>, sigma: Parameter<'_>) {
    norm_quantiles(column);
    map_with(column, sigma, |z, sigma| spread(sigma) * z);
    elementary::exp(column);
    map_with(column, median, |x, median| {
        let median = tame(median);
        let value = within(median * x, 0.0, f64::MAX);
        if median <= 0.0 { 0.0 } else { value }
    });
}

/// [`exponential`](super::exponential) for a column.
pub fn exponentials(column: &mut [u64], mean: Parameter<'_>) {
    map(column, |u| -inside(u));
    elementary::log1p(column);
    map_with(column, mean, |x, mean| -spread(mean) * x);
}

/// [`exponential_truncated`] for a column.
pub fn exponentials_truncated(
    column: &mut [u64],
    mean: Parameter<'_>,
    low: Parameter<'_>,
    high: Parameter<'_>,
) {
    let (Parameter::Same(low), Parameter::Same(high)) = (low, high) else {
        return by_rows(column, |row, u| {
            exponential_truncated(u, mean.of(row), low.of(row), high.of(row))
        });
    };
    let (low, high) = (tame(low), tame(high));
    let start = if low > 0.0 { low } else { 0.0 };
    let nothing = within(0.0, low, high);
    if high <= start {
        return column.fill(nothing.to_bits());
    }
    // Means are often a few values in turn.
    let mut known = [(f64::NAN, 0.0); 2];
    let mut minus_mass = |mean: f64| {
        if mean <= 0.0 {
            return 0.0;
        }
        if mean != known[0].0 {
            known.swap(0, 1);
            if mean != known[0].0 {
                known[0] = (mean, libm::expm1(-(high - start) / mean));
            }
        }
        known[0].1
    };
    match mean {
        Parameter::Same(mean) => {
            let minus_mass = minus_mass(tame(mean));
            map(column, |u| inside(u) * minus_mass);
        }
        Parameter::Each(means) => {
            for (word, &mean) in column.iter_mut().zip(means) {
                let minus_mass = minus_mass(tame(f64::from_bits(mean)));
                *word = (inside(f64::from_bits(*word)) * minus_mass).to_bits();
            }
        }
    }
    elementary::log1p(column);
    map_with(column, mean, |x, mean| {
        let mean = tame(mean);
        let value = within(start - mean * x, start, high);
        if mean <= 0.0 { nothing } else { value }
    });
}

/// A spread that counts as 0 where it is not positive.
#[inline(always)]
fn spread(parameter: f64) -> f64 {
    let spread = tame(parameter);
    if spread > 0.0 { spread } else { 0.0 }
}

/// [`norm_quantile`](super::norm_quantile) for a column.
fn norm_quantiles(column: &mut [u64]) {
    map(column, inside);
    quantiles(column);
}

/// [`ppnd16`] for a column: the central rational function for all, then the others for the rows that need them.
pub(super) fn quantiles(column: &mut [u64]) {
    let mut rows = scratch::column();
    rows.resize(column.len(), 0);
    let mut count = 0;
    for (row, &p) in (0..).zip(column.iter()) {
        rows[count] = row;
        let central = (f64::from_bits(p) - 0.5).abs() <= CENTRE_HALF_WIDTH;
        count += usize::from(!central);
    }
    rows.truncate(count);
    let mut outer = scratch::column();
    outer.extend(rows.iter().map(|&row| column[row as usize]));
    map(column, |p| {
        let q = p - 0.5;
        q * ratio(centre_argument(q), &CENTRE_TOP, &CENTRE_BOTTOM)
    });
    outer_quantiles(&mut outer);
    for (&row, &z) in rows.iter().zip(&outer) {
        column[row as usize] = z;
    }
    scratch::give_column(outer);
    scratch::give_column(rows);
}

/// Likewise for a column without central values.
fn outer_quantiles(column: &mut [u64]) {
    let mut logs = scratch::copy(column);
    map(&mut logs, |p| if p - 0.5 < 0.0 { p } else { 1.0 - p });
    elementary::log(&mut logs);
    for (word, &log) in column.iter_mut().zip(&logs) {
        let (p, log) = (f64::from_bits(*word), f64::from_bits(log));
        let r = (-log).sqrt();
        // The far tails, where a value in 36 billion lies on either side, are worked out one by one.
        *word = if r <= 5.0 {
            ratio(r - 1.6, &TAIL_TOP, &TAIL_BOTTOM).copysign(p - 0.5)
        } else {
            ppnd16(p)
        }
        .to_bits();
    }
    scratch::give_column(logs);
}

#[cfg(test)]
mod tests;
