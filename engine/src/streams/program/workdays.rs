//! The working days and hours of places, counted in what clocks show.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Expr;
use super::calendar::{midnight_of, weekday_of};
use crate::base::time::{Span, Time};
use crate::streams::profile::Weekend;

/// What is asked of the working days of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Working {
    /// Midnight of the so-many-th working day after that of a time, or before; with 0 that of its own day, or of the next working day.
    Day,
    /// Whether the day of a time is one: a truth value.
    Is,
    /// When so much has been worked since a time; with nothing when work goes on.
    After,
    /// How long is worked from a time to another one; less than nothing from the later to the earlier.
    Between,
}

/// A question to the working days of a place. What is a time of its answers is what clocks show.
#[derive(Clone, Debug)]
pub struct AtWork {
    /// What is asked.
    pub asked: Working,
    /// The text by which the place is known.
    pub place: Expr,
    /// The places by the codes of these texts, in order.
    pub places: Arc<Vec<(u16, Arc<Workdays>)>>,
    /// What holds for any other text.
    pub elsewhere: Arc<Workdays>,
    /// The time.
    pub time: Expr,
    /// The number of days, the span, or the other time.
    pub other: Expr,
}

impl AtWork {
    /// The working days of the place that a text is.
    pub fn at(&self, place: u64) -> &Workdays {
        let found = self
            .places
            .binary_search_by_key(&place, |(code, _)| u64::from(*code));
        found.map_or(&self.elsewhere, |found| &self.places[found].1)
    }
}

/// When people work on a day: from and to, since midnight, in order.
pub type Opening = Vec<(Span, Span)>;

/// The working days and hours of a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Workdays {
    weekend: Weekend,
    /// The hours of each day of the week, Monday first; those of the weekend have none.
    open: [Opening; 7],
    /// How long is worked in a week.
    of_week: i64,
    /// Days of the week otherwise worked on that are not as usual, in order.
    special: Vec<Special>,
    /// How much less than usual is worked on those on which that is less.
    most_lost: i64,
}

/// A day that is not as usual.
#[derive(Clone, Debug, PartialEq)]
struct Special {
    /// Since 1970.
    day: i64,
    /// Its hours; without any nobody works.
    open: Arc<Opening>,
    /// By how many working days, and how much working time, there is less than usual up to its end.
    lost: (i64, i64),
}

/// How far from a day another one is looked for.
const FARTHEST: i64 = 1_400_000;

impl Workdays {
    /// Working days: all but those of a weekend and those off, which are counted since 1970. On `other` days that are worked there
    /// are other hours than those of their day of the week.
    pub fn new(
        weekend: Weekend,
        mut open: [Opening; 7],
        off: &[i64],
        other: &[(i64, Arc<Opening>)],
    ) -> Workdays {
        for (hours, _) in open.iter_mut().zip(weekend.0).filter(|(_, off)| *off) {
            hours.clear();
        }
        let mut special: BTreeMap<i64, Arc<Opening>> = other.iter().cloned().collect();
        special.extend(off.iter().map(|day| (*day, Arc::default())));
        special.retain(|day, _| !weekend.0[weekday_of(*day) as usize]);
        let (mut lost, mut most_lost) = ((0, 0), 0);
        let special = special.into_iter().map(|(day, hours)| {
            let less = length(&open[weekday_of(day) as usize]) - length(&hours);
            lost = (lost.0 + i64::from(hours.is_empty()), lost.1 + less);
            most_lost += less.max(0);
            Special {
                day,
                open: hours,
                lost,
            }
        });
        let special = special.collect();
        Workdays {
            weekend,
            of_week: open.iter().map(length).sum(),
            open,
            special,
            most_lost,
        }
    }

    /// Whether somebody works on a day since 1970.
    pub fn works(&self, day: i64) -> bool {
        let off = self.weekend.0[weekday_of(day) as usize];
        !off && self.special(day).is_none_or(|found| !found.is_empty())
    }

    /// Midnight of a working day, as [`Working::Day`] says.
    pub fn day(&self, reading: Time, number: f64) -> Time {
        let day = reading.index_of(Span::DAY);
        // What is more than anybody counts is as good as that.
        let number = number.clamp(-1e6, 1e6).floor() as i64;
        midnight_of(self.workday(day, number))
    }

    fn workday(&self, day: i64, number: i64) -> i64 {
        let before = self.days_before(day);
        let wanted = match number {
            0 if self.works(day) => return day,
            0 => before + 1,
            1.. => self.days_before(day + 1) + number,
            _ => before + number + 1,
        };
        let a_week = self.weekend.0.iter().filter(|off| !**off).count() as i64;
        if a_week == 0 {
            return day;
        }
        let far = 7 * (number.abs() / a_week + 2 + self.special.len() as i64);
        first(day - far, day + far, |day| {
            self.days_before(day + 1) >= wanted
        })
    }

    /// When so much has been worked since a time, as what clocks show.
    pub fn after(&self, reading: Time, span: f64) -> Time {
        if self.of_week == 0 {
            return reading;
        }
        let day = reading.index_of(Span::DAY);
        let (start, span) = (self.worked_before(reading), span.clamp(0.0, 1e17) as i64);
        // Where nothing is to be worked it is the beginning of what would be worked next.
        let wanted = start + span.max(1);
        let far = 7 * ((span + self.most_lost) / self.of_week + 2);
        let day = first(day, day.saturating_add(far), |day| {
            self.worked_before(midnight_of(day + 1)) >= wanted
        });
        let midnight = midnight_of(day);
        let mut left = wanted - self.worked_before(midnight);
        for &(from, to) in self.hours(day) {
            if left <= (to - from).0 {
                return midnight + from + Span(left - i64::from(span == 0));
            }
            left -= (to - from).0;
        }
        midnight + Span::DAY
    }

    /// How long is worked from a time to another one, both as clocks show them.
    pub fn between(&self, from: Time, to: Time) -> Span {
        Span(self.worked_before(to) - self.worked_before(from))
    }

    fn special(&self, day: i64) -> Option<&Opening> {
        let found = self.special.binary_search_by_key(&day, |one| one.day);
        found.ok().map(|found| &*self.special[found].open)
    }

    fn hours(&self, day: i64) -> &Opening {
        let usual = &self.open[weekday_of(day) as usize];
        self.special(day).unwrap_or(usual)
    }

    /// What there is less than usual before a day.
    fn lost_before(&self, day: i64) -> (i64, i64) {
        let passed = self.special.partition_point(|one| one.day < day);
        passed
            .checked_sub(1)
            .map_or((0, 0), |last| self.special[last].lost)
    }

    /// How many working days lie before a day, from some Monday on.
    fn days_before(&self, day: i64) -> i64 {
        let worked = |days: &[bool]| days.iter().filter(|off| !**off).count() as i64;
        let (weekend, weekday) = (&self.weekend.0, weekday_of(day));
        let weeks = (day - weekday).div_euclid(7);
        weeks * worked(weekend) + worked(&weekend[..weekday as usize]) - self.lost_before(day).0
    }

    /// How long is worked before a time, from some Monday on.
    fn worked_before(&self, reading: Time) -> i64 {
        let day = reading.index_of(Span::DAY);
        let weekday = weekday_of(day);
        let days = &self.open[..weekday as usize];
        let whole = (day - weekday).div_euclid(7) * self.of_week;
        let whole = whole + days.iter().map(length).sum::<i64>() - self.lost_before(day).1;
        let passed = reading - midnight_of(day);
        let part = |(from, to): &(Span, Span)| (passed.min(*to) - *from).0.max(0);
        whole + self.hours(day).iter().map(part).sum::<i64>()
    }
}

fn length(hours: &Opening) -> i64 {
    hours.iter().map(|(from, to)| (*to - *from).0).sum()
}

/// The first day of a range from which on something holds, of which that is known; its last one if that is too far.
fn first(low: i64, high: i64, holds: impl Fn(i64) -> bool) -> i64 {
    let (mut low, mut high) = (low, high.min(low.saturating_add(2 * FARTHEST)));
    while low < high {
        let middle = low + (high - low) / 2;
        match holds(middle) {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_place() -> impl Strategy<Value = Workdays> {
        let hours = || prop::collection::vec(0..=24i64, 0..4);
        let days = || prop::collection::vec(-60..60i64, 0..20);
        let week = prop::array::uniform7(hours());
        (any::<[bool; 7]>(), week, days(), days(), hours()).prop_map(
            |(weekend, week, off, other, hours)| {
                let opening = |mut hours: Vec<i64>| -> Opening {
                    hours.sort_unstable();
                    let pairs = hours.chunks_exact(2).filter(|pair| pair[0] < pair[1]);
                    let pairs = pairs
                        .map(|pair| (Span(pair[0] * Span::HOUR.0), Span(pair[1] * Span::HOUR.0)));
                    pairs.collect()
                };
                let hours = Arc::new(opening(hours));
                let other: Vec<_> = other.iter().map(|day| (*day, hours.clone())).collect();
                Workdays::new(Weekend(weekend), week.map(opening), &off, &other)
            },
        )
    }

    /// An hour after the other, as long as somebody looks.
    fn worked(place: &Workdays, hour: i64) -> bool {
        let (day, of_day) = (
            hour.div_euclid(24),
            Span(hour.rem_euclid(24) * Span::HOUR.0),
        );
        let mut hours = place.hours(day).iter();
        hours.any(|(from, to)| *from <= of_day && of_day < *to)
    }

    proptest! {
        #[test]
        fn working_days_are_counted_one_by_one(place in any_place(), day in -80..80i64, number in -90..90i64) {
            prop_assume!(place.weekend.0.iter().any(|off| !off));
            let found = place.day(Time(day * Span::DAY.0 + 7), number as f64).index_of(Span::DAY);
            let count = |mut days: std::ops::Range<i64>| days.by_ref().filter(|day| place.works(*day)).count() as i64;
            prop_assert!(place.works(found));
            match number {
                0 => prop_assert!(found >= day && count(day..found) == 0),
                1.. => prop_assert_eq!(count(day + 1..found + 1), number),
                _ => prop_assert_eq!(count(found..day), -number),
            }
        }

        #[test]
        fn working_hours_are_counted_one_by_one(place in any_place(), from in -1500..1500i64, span in 0..500i64) {
            prop_assume!(place.of_week > 0);
            let hour = |hour: i64| Time(hour * Span::HOUR.0);
            let after = place.after(hour(from), (span * Span::HOUR.0) as f64);
            prop_assert_eq!(after.0 % Span::HOUR.0, 0);
            let found = after.0 / Span::HOUR.0;
            let passed = (from..found).filter(|at| worked(&place, *at)).count() as i64;
            prop_assert_eq!(passed, span);
            // It is the first such time, or, where nothing was to be worked, work goes on then.
            let last = found - i64::from(span > 0);
            prop_assert!(worked(&place, last));
            prop_assert_eq!(place.between(hour(from), after), Span(span * Span::HOUR.0));
            prop_assert_eq!(place.between(after, hour(from)), Span(-span * Span::HOUR.0));
        }
    }

    #[test]
    fn nobody_works_where_all_days_are_off() {
        let place = Workdays::new(Weekend([true; 7]), Default::default(), &[], &[]);
        let time = Time(12 * Span::HOUR.0);
        assert_eq!(place.day(time, 3.0), Time(0));
        assert_eq!(place.after(time, 1e9), time);
        assert!(!place.works(0));
    }

    #[test]
    fn more_than_anybody_counts_is_as_far_as_that() {
        let hours = || vec![(Span(0), Span(1))];
        let place = Workdays::new(
            Weekend::default(),
            std::array::from_fn(|_| hours()),
            &[3, 4],
            &[],
        );
        assert!(place.after(Time(0), f64::MAX) > Time(FARTHEST * Span::DAY.0));
        assert!(place.day(Time(0), f64::MAX) > Time(FARTHEST / 2 * Span::DAY.0));
        assert!(place.day(Time(0), f64::MIN) < Time(-FARTHEST / 2 * Span::DAY.0));
    }
}
