//! How unusual a count is, on a scale from 0 to 100.

use crate::summary::Summary;

/// Half the width of the band of ordinary counts, in sigma, and what it is worth.
const ORDINARY: (f64, f64) = (1.0, 20.0);
/// From here on a count is critical, in sigma, and what that is worth.
const CRITICAL: (f64, f64) = (3.0, 50.0);

/// What a score says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// 30 to 70: within one sigma.
    Normal,
    /// Between one sigma and three.
    Warning,
    /// 0 or 100: three sigma or more.
    Critical,
}

impl Flag {
    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Flag::Normal => "normal",
            Flag::Warning => "warning",
            Flag::Critical => "critical",
        }
    }

    /// The flag that tables call so.
    pub fn named(name: &str) -> Option<Flag> {
        let all = [Flag::Normal, Flag::Warning, Flag::Critical];
        all.into_iter().find(|flag| flag.name() == name)
    }

    /// What a score says.
    pub fn of(score: f64) -> Flag {
        if (30.0..=70.0).contains(&score) {
            Flag::Normal
        } else if score > 0.0 && score < 100.0 {
            Flag::Warning
        } else {
            Flag::Critical
        }
    }
}

/// The score of a count: 50 at the mean, 30 and 70 one sigma below and above it, 0 and 100 three sigma and more,
/// linear in between.
pub fn score(count: f64, mean: f64, sigma: f64) -> f64 {
    let z = (count - mean) / sigma;
    let away = z.abs();
    let points = if away <= ORDINARY.0 {
        away * ORDINARY.1 / ORDINARY.0
    } else {
        let slope = (CRITICAL.1 - ORDINARY.1) / (CRITICAL.0 - ORDINARY.0);
        (ORDINARY.1 + (away - ORDINARY.0) * slope).min(CRITICAL.1)
    };
    50.0 + points.copysign(z)
}

/// The shares of a normal distribution within one sigma and within three.
const WITHIN_ONE: f64 = 0.682_689_492_137_086;
const WITHIN_THREE: f64 = 0.997_300_203_936_740;
/// What is to be within three sigma is a little nearer than that: a count three sigma away is critical.
const NEARER: f64 = 1.0 - 1e-9;

/// Mean and sigma against which counts of a class are scored; `None` without any.
///
/// Sigma is the standard deviation, or more where that is too little:
/// - as much as it takes for no fewer of the class's own counts to lie within one sigma and within three than a normal
///   distribution has there. The counts of a busy stream have another distribution: growth spreads them evenly, and a
///   few intervals with more variance than usual stand far out. Its standard deviation alone would call too many of them
///   unusual.
/// - the standard deviation of a Poisson distribution of this mean, for a class with few counts to tell from, or with few
///   events; and 1.
pub fn expected(counts: &[f64]) -> Option<(f64, f64)> {
    let summary = Summary::of(counts)?;
    let away: Vec<f64> = counts
        .iter()
        .map(|count| (count - summary.mean).abs())
        .collect();
    let away = Summary::of(&away)?;
    let sigma = summary
        .std_dev
        .unwrap_or(0.0)
        .max(away.holding(WITHIN_ONE) / ORDINARY.0)
        .max(away.holding(WITHIN_THREE) / (CRITICAL.0 * NEARER))
        .max(summary.mean.sqrt())
        .max(1.0);
    Some((summary.mean, sigma))
}
