//! Virtual time: whole microseconds since the Unix epoch, UTC. No float is a time.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// A point in virtual time, in microseconds since 1970-01-01T00:00:00Z.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Time(pub i64);

/// A length of virtual time, in microseconds.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Span(pub i64);

impl Span {
    /// One second.
    pub const SECOND: Span = Span(1_000_000);
    /// One minute.
    pub const MINUTE: Span = Span(60 * 1_000_000);
    /// One hour.
    pub const HOUR: Span = Span(3_600 * 1_000_000);
    /// One day of 24 hours.
    pub const DAY: Span = Span(86_400 * 1_000_000);

    /// The longest span of which this one and another are multiples.
    pub fn common(self, other: Span) -> Span {
        let (mut a, mut b) = (self.0, other.0);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        Span(a)
    }

    /// The span in days, for rates.
    pub fn days(self) -> f64 {
        self.0 as f64 / Self::DAY.0 as f64
    }
}

impl Time {
    /// The beginning of the year 1, before which no column of times reaches.
    pub const EARLIEST: Time = Time(-62_135_596_800_000_000);
    /// 9999-12-30T22:00:00Z, the last instant that has a date in every time zone. No column of times reaches beyond it.
    pub const LATEST: Time = Time(253_402_207_200_000_000);
    /// The end of what has none: the year 2255, up to which a float has whole microseconds.
    pub const NEVER: Time = Time(1 << f64::MANTISSA_DIGITS);

    /// The last multiple of `step` (counted from the epoch) that is not after this time.
    #[inline]
    pub fn floor_to(self, step: Span) -> Time {
        Time(self.0.div_euclid(step.0) * step.0)
    }

    /// How many whole `step`s lie between the epoch and this time, rounded down.
    #[inline]
    pub fn index_of(self, step: Span) -> i64 {
        self.0.div_euclid(step.0)
    }
}

impl Add<Span> for Time {
    type Output = Time;
    #[inline]
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    #[inline]
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Sub<Span> for Time {
    type Output = Time;
    #[inline]
    fn sub(self, span: Span) -> Time {
        Time(self.0.saturating_sub(span.0))
    }
}

impl Sub for Time {
    type Output = Span;
    #[inline]
    fn sub(self, other: Time) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl Add for Span {
    type Output = Span;
    #[inline]
    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Span;
    #[inline]
    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Time {
    /// RFC 3339 with as many decimals as needed, such as `2026-02-02T10:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => timestamp.fmt(f),
            Err(_) => write!(f, "{} us", self.0),
        }
    }
}

impl fmt::Display for Span {
    /// The span in its largest whole unit, such as `90m` or `2d`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [
            (Self::DAY.0, "d"),
            (Self::HOUR.0, "h"),
            (Self::MINUTE.0, "m"),
            (Self::SECOND.0, "s"),
            (1_000, "ms"),
        ];
        for (size, name) in units {
            if self.0 != 0 && self.0 % size == 0 {
                return write!(f, "{}{name}", self.0 / size);
            }
        }
        if self.0 == 0 {
            return f.write_str("0s");
        }
        write!(f, "{}us", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_read_in_their_largest_whole_unit() {
        assert_eq!(Span(0).to_string(), "0s");
        assert_eq!(Span(90 * Span::MINUTE.0).to_string(), "90m");
        assert_eq!((Span::DAY).to_string(), "1d");
        assert_eq!(Span(1_500_000).to_string(), "1500ms");
        assert_eq!(Span(7).to_string(), "7us");
    }

    #[test]
    fn flooring_goes_down_before_the_epoch_too() {
        assert_eq!(Time(-1).floor_to(Span::HOUR), Time(-Span::HOUR.0));
        assert_eq!(Time(-1).index_of(Span::HOUR), -1);
    }
}
