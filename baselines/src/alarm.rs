//! Whether a count is so unusual that somebody should be told.

/// At most so many of the intervals of an untouched run raise an alarm: one in a thousand.
pub const FALSE_ALARMS: f64 = 0.001;
/// What a normal distribution exceeds with half of that, on each of its sides.
const LIMIT: f64 = 3.290_526_731_491_926;

/// An alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alarm {
    /// The count is lower than chance explains.
    Low,
    /// It is higher.
    High,
}

impl Alarm {
    /// What tables call it, and the lack of one.
    pub fn name(alarm: Option<Alarm>) -> &'static str {
        match alarm {
            None => "none",
            Some(Alarm::Low) => "low",
            Some(Alarm::High) => "high",
        }
    }

    /// The alarm that a count raises where this mean and sigma are expected, if it does.
    ///
    /// Counts are taken for those of a Poisson distribution whose events come in groups of sigma² / mean. So low counts are
    /// judged by a distribution as skewed as theirs is; of large ones it is a normal distribution.
    pub fn of(count: f64, mean: f64, sigma: f64) -> Option<Alarm> {
        // Sigma is 1 at least, also where hardly anything is expected.
        let group = (sigma * sigma / mean.max(1.0)).max(1.0);
        match count {
            _ if deviate(count, mean, group) > LIMIT => Some(Alarm::High),
            // What reaches the mean is not low, also where sigma is so large that the approximation of such counts says so.
            _ if count + 1.0 < mean && deviate(count + 1.0, mean, group) < -LIMIT => {
                Some(Alarm::Low)
            }
            _ => None,
        }
    }
}

/// The deviate of a normal distribution that is as likely exceeded as this count is reached. Source: Wilson and Hilferty
/// (1931), since that a Poisson count reaches n is that a gamma variable of shape n stays below the mean.
fn deviate(count: f64, mean: f64, group: f64) -> f64 {
    let (count, mean) = (count / group, mean / group);
    if count <= 0.0 {
        return f64::NEG_INFINITY;
    }
    3.0 * count.sqrt() * (1.0 - 1.0 / (9.0 * count) - libm::cbrt(mean / count))
}
