//! Days of the calendar, counted in what clocks show.

use jiff::civil::Date;

use crate::base::time::{Span, Time};
use crate::streams::profile::Weekend;

/// A midnight that follows from a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Midnight {
    /// The one with which its month begins.
    MonthStart,
    /// The one with which its month ends.
    MonthEnd,
    /// That of the next such day of the week after its day, 0 is Monday.
    Next(u8),
    /// That of the so-many-th working day after its day, or before; with 0 that of its own day, or of the next working day. Nobody works
    /// on days of the weekend.
    Workday(Weekend),
}

impl Midnight {
    /// What clocks show then, for what they show at a time, and a number of days for those that count them.
    pub fn of(self, reading: Time, number: f64) -> Time {
        let day = reading.index_of(Span::DAY);
        match self {
            Midnight::MonthStart => reading_of_month(month_of(reading), Span(0)),
            Midnight::MonthEnd => reading_of_month(month_of(reading) + 1, Span(0)),
            Midnight::Next(weekday) => {
                let ahead = (i64::from(weekday) - weekday_of(day) + 6).rem_euclid(7) + 1;
                midnight_of(day + ahead)
            }
            // What is more than anybody counts is as good as that.
            Midnight::Workday(weekend) => {
                let number = number.clamp(-1e6, 1e6).floor() as i64;
                midnight_of(workday(day, number, weekend))
            }
        }
    }
}

/// A part of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatePart {
    /// The year.
    Year,
    /// The month, from 1.
    Month,
    /// The day of the month, from 1.
    Day,
}

impl DatePart {
    /// That of what clocks show.
    pub fn of(self, reading: Time) -> f64 {
        let date = date_of(reading.index_of(Span::DAY));
        match self {
            DatePart::Year => date.year().into(),
            DatePart::Month => date.month().into(),
            DatePart::Day => date.day().into(),
        }
    }
}

/// The `number`-th working day after a day, or before.
fn workday(day: i64, number: i64, weekend: Weekend) -> i64 {
    let works = |day: i64| !weekend.0[weekday_of(day) as usize];
    let a_week = weekend.0.iter().filter(|off| !**off).count() as i64;
    if a_week == 0 {
        return day;
    }
    let (mut day, step, wanted) = match number {
        0 if works(day) => return day,
        0 => (day, 1, 1),
        _ => (day, number.signum(), number.abs()),
    };
    // Each week has as many; what is left lies within one.
    let weeks = (wanted - 1) / a_week;
    day += step * weeks * 7;
    let mut left = wanted - weeks * a_week;
    while left > 0 {
        day += step;
        left -= i64::from(works(day));
    }
    day
}

/// The day of the week of a day since 1970, a Thursday.
pub(super) fn weekday_of(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

pub(super) fn midnight_of(day: i64) -> Time {
    Time(day.saturating_mul(Span::DAY.0))
}

/// How many months lie between January 1970 and a reading's.
pub(super) fn month_of(reading: Time) -> i64 {
    let date = date_of(reading.index_of(Span::DAY));
    (i64::from(date.year()) - 1970) * 12 + i64::from(date.month()) - 1
}

/// A phase after the beginning of a month; a day that it does not have is its last one.
pub(super) fn reading_of_month(month: i64, phase: Span) -> Time {
    let (year, month) = (1970 + month.div_euclid(12), month.rem_euclid(12) + 1);
    let first = Date::new(year.clamp(-9999, 9999) as i16, month as i8, 1).unwrap_or(Date::MIN);
    let day = phase.0.div_euclid(Span::DAY.0);
    let of_day = Span(phase.0.rem_euclid(Span::DAY.0));
    let day = day.min(i64::from(first.days_in_month()) - 1);
    Time((day_number(first) + day) * Span::DAY.0) + of_day
}

const EPOCH: Date = Date::constant(1970, 1, 1);

fn day_number(date: Date) -> i64 {
    (date - EPOCH).get_days().into()
}

/// The date of a day since 1970; beyond what calendars can show, the first or the last that they can.
pub(crate) fn date_of(day: i64) -> Date {
    let span = jiff::Span::new().try_days(day);
    let date = span.and_then(|span| EPOCH.checked_add(span));
    date.unwrap_or(if day < 0 { Date::MIN } else { Date::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn working_days_are_counted_one_by_one(day in -40_000..80_000i64, number in -400..400i64, off in any::<[bool; 7]>()) {
            prop_assume!(off.iter().any(|off| !off));
            let works = |day: i64| !off[weekday_of(day) as usize];
            let found = workday(day, number, Weekend(off));
            let passed = match number {
                0 if works(day) => 0,
                0 => 1,
                number => number.abs(),
            };
            let between = if number < 0 { found..day } else { day + 1..found + 1 };
            prop_assert!(works(found));
            prop_assert_eq!(between.filter(|day| works(*day)).count() as i64, passed);
        }

        #[test]
        fn midnights_lie_where_they_should(us in -2_000_000_000_000_000i64..4_000_000_000_000_000, weekday in 0..7u8) {
            let reading = Time(us);
            let of = |midnight: Midnight| midnight.of(reading, 0.0);
            let (start, end) = (of(Midnight::MonthStart), of(Midnight::MonthEnd));
            prop_assert!(start <= reading && reading < end);
            prop_assert_eq!((DatePart::Day.of(start), DatePart::Day.of(end)), (1.0, 1.0));
            prop_assert_eq!(DatePart::Month.of(start), DatePart::Month.of(reading));
            prop_assert!((28..=31).contains(&((end - start).0 / Span::DAY.0)));
            let next = of(Midnight::Next(weekday));
            let ahead = next.index_of(Span::DAY) - reading.index_of(Span::DAY);
            prop_assert!((1..=7).contains(&ahead));
            prop_assert_eq!(weekday_of(next.index_of(Span::DAY)), i64::from(weekday));
            let date = jiff::Timestamp::from_microsecond(us).expect("a time").to_zoned(jiff::tz::TimeZone::UTC);
            prop_assert_eq!(DatePart::Day.of(reading), f64::from(date.day()));
            prop_assert_eq!(DatePart::Year.of(reading), f64::from(date.year()));
            prop_assert_eq!(weekday_of(reading.index_of(Span::DAY)), i64::from(date.weekday().to_monday_zero_offset()));
        }
    }
}
