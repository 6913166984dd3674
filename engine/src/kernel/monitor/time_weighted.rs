//! A level over time, such as a number of customers.

use crate::base::time::{Span, Time};
use serde::{Deserialize, Serialize};

/// A level that changes at points in time, with its exact integral.
///
/// A level that lasts no time does not count: neither in the integral nor in the least and the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeWeighted {
    level: i64,
    /// When the level was set last.
    since: Time,
    began: Time,
    /// Up to `since`, in levels times microseconds.
    integral: i128,
    least: i64,
    most: i64,
}

impl TimeWeighted {
    /// A level from `began` on.
    pub const fn new(began: Time, level: i64) -> TimeWeighted {
        TimeWeighted {
            level,
            since: began,
            began,
            integral: 0,
            least: i64::MAX,
            most: i64::MIN,
        }
    }

    /// The level from `now` on is `level`. `now` is not before the last change.
    #[inline]
    pub fn set(&mut self, now: Time, level: i64) {
        self.pass(now);
        self.level = level;
    }

    /// The level from `now` on is higher by `change`, which may be negative. `now` is not before the last change.
    #[inline]
    pub fn add(&mut self, now: Time, change: i64) {
        self.set(now, self.level + change);
    }

    #[inline]
    fn pass(&mut self, now: Time) {
        if now == self.since {
            return;
        }
        debug_assert!(now > self.since, "a monitor's time does not go back");
        self.integral += i128::from(self.level) * i128::from(now.0 - self.since.0);
        self.least = self.least.min(self.level);
        self.most = self.most.max(self.level);
        self.since = now;
    }

    /// As it will be at `now`.
    fn at(mut self, now: Time) -> TimeWeighted {
        self.pass(now);
        self
    }

    /// The level now.
    pub fn level(&self) -> i64 {
        self.level
    }

    /// Since when the level is observed.
    pub fn began(&self) -> Time {
        self.began
    }

    /// The integral over time up to `now`, in levels times microseconds. Exact.
    pub fn integral(&self, now: Time) -> i128 {
        self.at(now).integral
    }

    /// The mean over time up to `now`; the level itself when no time has passed.
    pub fn mean(&self, now: Time) -> f64 {
        let Span(length_us) = now - self.began;
        if length_us <= 0 {
            return self.level as f64;
        }
        self.integral(now) as f64 / length_us as f64
    }

    /// The least level that has lasted, up to `now`; the level itself when no time has passed.
    pub fn least(&self, now: Time) -> i64 {
        self.at(now).least.min(if now == self.began {
            self.level
        } else {
            i64::MAX
        })
    }

    /// The greatest level that has lasted, up to `now`; the level itself when no time has passed.
    pub fn most(&self, now: Time) -> i64 {
        self.at(now).most.max(if now == self.began {
            self.level
        } else {
            i64::MIN
        })
    }

    /// Begins anew at `now` with the level as it is, as at the end of a warm-up.
    pub fn reset(&mut self, now: Time) {
        *self = TimeWeighted::new(now, self.level);
    }
}
