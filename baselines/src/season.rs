//! How much of a series is its season, and which shape that has.

use crate::summary::{mean, variance};

/// A season taken out of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct Decomposition {
    /// What each part of the period adds; the mean is 0.
    pub seasonal: Vec<f64>,
    /// The variance of what neither trend nor season explain.
    pub remainder_variance: f64,
    /// The variance of that and the season together.
    pub detrended_variance: f64,
    /// What each part of the period has, and what it has on the trend, both summed up.
    pub sums: Vec<(f64, f64)>,
}

/// The classical additive decomposition (Hyndman and Athanasopoulos, Forecasting: principles and practice, section 3.4):
/// the trend is a centred moving average over one period, the season the mean of what is left for each part of the
/// period. `parts` says which part each value belongs to. `None` for fewer than two periods.
pub fn decompose(series: &[f64], parts: &[usize], period: usize) -> Option<Decomposition> {
    if series.len() < 2 * period {
        return None;
    }
    let half = period / 2;
    let mut of_part = vec![(0.0, 0.0); period];
    let detrended: Vec<(usize, f64)> = (half..series.len() - half)
        .map(|at| {
            let trend = moving_average(&series[at - half..=at + half], period);
            of_part[parts[at]].0 += series[at];
            of_part[parts[at]].1 += trend;
            (parts[at], series[at] - trend)
        })
        .collect();
    let mut sums = vec![(0.0, 0.0); period];
    for &(part, value) in &detrended {
        sums[part].0 += value;
        sums[part].1 += 1.0;
    }
    if sums.iter().any(|(_, n)| *n == 0.0) {
        return None;
    }
    let raw: Vec<f64> = sums.iter().map(|(sum, n)| sum / n).collect();
    let centre = mean(&raw);
    let seasonal: Vec<f64> = raw.iter().map(|value| value - centre).collect();
    let all: Vec<f64> = detrended.iter().map(|(_, value)| *value).collect();
    let rest: Vec<f64> = detrended
        .iter()
        .map(|&(part, value)| value - seasonal[part])
        .collect();
    Some(Decomposition {
        seasonal,
        remainder_variance: variance(&rest),
        detrended_variance: variance(&all),
        sums: of_part,
    })
}

/// Over one period; an even one takes half of the values at both ends.
fn moving_average(window: &[f64], period: usize) -> f64 {
    let sum: f64 = window.iter().sum();
    let ends = match period % 2 {
        0 => (window[0] + window[window.len() - 1]) / 2.0,
        _ => 0.0,
    };
    (sum - ends) / period as f64
}

/// A season over several runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Season {
    /// How much of the variance around the trend the season explains, 0 to 1: Wang, Smith and Hyndman (2006),
    /// Characteristic-based clustering for time series data, section 3.1.
    pub strength: f64,
    /// The level of each part of the period relative to the trend, 0 or more, and 1 on average.
    pub shape: Vec<f64>,
}

/// Puts the decompositions of several runs together; `None` without any, or without events.
pub fn season(runs: &[Decomposition]) -> Option<Season> {
    let first = runs.first()?;
    let over = |value: fn(&Decomposition) -> f64| mean(&runs.iter().map(value).collect::<Vec<_>>());
    let (rest, all) = (
        over(|d| d.remainder_variance),
        over(|d| d.detrended_variance),
    );
    // A share of the trend is never negative, as a difference from it may be.
    let share = |at: usize| {
        let sums = runs.iter().map(|run| run.sums[at]);
        let (counts, trend) = sums.fold((0.0, 0.0), |(a, b), (x, y)| (a + x, b + y));
        if trend > 0.0 { counts / trend } else { 0.0 }
    };
    let shares: Vec<f64> = (0..first.sums.len()).map(share).collect();
    let level = mean(&shares);
    if level <= 0.0 {
        return None;
    }
    let shape = shares.iter().map(|share| share / level);
    Some(Season {
        strength: match all > 0.0 {
            true => (1.0 - rest / all).max(0.0),
            false => 0.0,
        },
        shape: shape.collect(),
    })
}
