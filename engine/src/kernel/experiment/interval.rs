//! Means with confidence intervals.

use super::student::t_quantile;
use crate::kernel::monitor::Tally;
use std::fmt;

/// A mean of independent values, and how far the true mean may be from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Half the width of the interval, infinite when there are fewer than two values.
    pub half_width: f64,
    /// The probability with which such an interval holds the true mean, such as 0.95.
    pub confidence: f64,
    /// How many values it is of.
    pub count: u64,
}

impl Interval {
    /// Of values that are independent and about normal, as means over whole replications are: Student's t. None without values.
    pub fn of(values: &Tally, confidence: f64) -> Option<Interval> {
        let mean = values.mean()?;
        let half_width = match values.deviation() {
            Some(deviation) => {
                let t = t_quantile(0.5 + 0.5 * confidence, values.count() - 1);
                t * deviation / (values.count() as f64).sqrt()
            }
            None => f64::INFINITY,
        };
        Some(Interval {
            mean,
            half_width,
            confidence,
            count: values.count(),
        })
    }

    /// The lower end.
    pub fn low(&self) -> f64 {
        self.mean - self.half_width
    }

    /// The upper end.
    pub fn high(&self) -> f64 {
        self.mean + self.half_width
    }

    /// Whether a value lies within it, ends included.
    pub fn holds(&self, value: f64) -> bool {
        (self.low()..=self.high()).contains(&value)
    }

    /// Half the width over the mean's magnitude; zero when the width is zero.
    pub fn relative_half_width(&self) -> f64 {
        if self.half_width == 0.0 {
            return 0.0;
        }
        self.half_width / self.mean.abs()
    }
}

impl fmt::Display for Interval {
    /// Such as `3.142 ± 0.021 (95 %, 20 values)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Interval {
            mean, half_width, ..
        } = self;
        let (percent, count) = (100.0 * self.confidence, self.count);
        write!(
            f,
            "{mean:.4} ± {half_width:.4} ({percent:.0} %, {count} values)"
        )
    }
}
