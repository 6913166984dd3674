//! How many events of a stream there were, hour by hour and on each side, and what their values come to.
//!
//! Counts and sums are whole numbers, so that parts of a stream merged in any order give the same.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::sides::{Side, Sides};
use crate::time::{Span, Time};

/// Values are summed up in millionths of their unit.
const MILLIONTHS: f64 = 1e6;

/// Number of an hour, from the epoch.
pub fn hour_of(time_us: i64) -> i64 {
    Time(time_us).index_of(Span::HOUR)
}

/// A number of events and the sum of their values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// How many events.
    pub count: u64,
    /// The sum of the stream's value field, in millionths of its unit, each value rounded to them; 0
    /// for streams without such a field. What lies beyond 2^63 millionths counts as that.
    pub value_millionths: i128,
}

impl Tally {
    /// The sum of the values, in their unit.
    pub fn value_sum(&self) -> f64 {
        self.value_millionths as f64 / MILLIONTHS
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.count += other.count;
        self.value_millionths += other.value_millionths;
    }
}

/// A tally for each side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hour {
    /// With the interventions.
    pub factual: Tally,
    /// Without any.
    pub untouched: Tally,
}

impl Hour {
    /// The tally of one side.
    pub fn on(&self, side: Side) -> Tally {
        match side {
            Side::Factual => self.factual,
            Side::Untouched => self.untouched,
        }
    }

    fn merge(&mut self, other: &Hour) {
        self.factual += other.factual;
        self.untouched += other.untouched;
    }
}

/// The events of one stream, hour by hour.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// By hour, counted from the epoch; hours without events have no entry.
    pub hours: BTreeMap<i64, Hour>,
}

/// The values of some rows, in millionths.
#[derive(Clone, Copy)]
pub enum Amounts<'a> {
    /// The stream has no value field.
    None,
    /// The bits of floats.
    Floats(&'a [u64]),
    /// The bits of floats that are to be rounded to whole numbers first.
    Wholes(&'a [u64]),
}

impl Amounts<'_> {
    /// The value of one row.
    #[inline(always)]
    pub fn of(self, row: usize) -> i64 {
        // The conversion of floats to integers saturates, and makes 0 of what is no number.
        match self {
            Amounts::None => 0,
            Amounts::Floats(words) => millionths(f64::from_bits(words[row])),
            Amounts::Wholes(words) => millionths(crate::rows::int_of(words[row]).into()),
        }
    }
}

#[inline(always)]
fn millionths(value: f64) -> i64 {
    crate::eval::round_even(value * MILLIONTHS) as i64
}

/// Hours that a block of rows may span to be counted in an array, which is faster than a tree.
const DENSE_HOURS: i64 = 256;

impl Series {
    /// Counts rows, each on the sides on which it is. `times_us` are their times.
    #[inline]
    pub fn add(&mut self, times_us: &[i64], amounts: Amounts<'_>, sides: impl Fn(usize) -> Sides) {
        let (Some(&first), Some(&last)) = (times_us.iter().min(), times_us.iter().max()) else {
            return;
        };
        let (first, last) = (hour_of(first), hour_of(last));
        let tally = |row: usize| Tally {
            count: 1,
            value_millionths: amounts.of(row).into(),
        };
        if last - first >= DENSE_HOURS {
            for (row, &time) in times_us.iter().enumerate() {
                let hour = self.hours.entry(hour_of(time)).or_default();
                count(hour, sides(row), tally(row));
            }
            return;
        }
        let mut hours = vec![Hour::default(); (last - first + 1) as usize];
        for (row, &time) in times_us.iter().enumerate() {
            let hour = &mut hours[(hour_of(time) - first) as usize];
            count(hour, sides(row), tally(row));
        }
        for (at, hour) in (first..).zip(&hours) {
            if hour.factual.count + hour.untouched.count > 0 {
                self.hours.entry(at).or_default().merge(hour);
            }
        }
    }

    /// Counts rows that are on both sides.
    pub fn add_to_both(&mut self, times_us: &[i64], amounts: Amounts<'_>) {
        match amounts {
            Amounts::None => self.add_values(times_us, |_| 0),
            Amounts::Floats(_) => self.add_values(times_us, |row| amounts.of(row)),
            Amounts::Wholes(_) => self.add_values(times_us, |row| amounts.of(row)),
        }
    }

    #[inline(always)]
    fn add_values(&mut self, times_us: &[i64], amount: impl Fn(usize) -> i64) {
        let (Some(&first), Some(&last)) = (times_us.iter().min(), times_us.iter().max()) else {
            return;
        };
        let (first, last) = (hour_of(first), hour_of(last));
        let mut merge = |hour: i64, tally: Tally| {
            let (factual, untouched) = (tally, tally);
            let both = Hour { factual, untouched };
            self.hours.entry(hour).or_default().merge(&both);
        };
        if last - first >= DENSE_HOURS {
            for (row, &time) in times_us.iter().enumerate() {
                let value_millionths = amount(row).into();
                let count = 1;
                merge(
                    hour_of(time),
                    Tally {
                        count,
                        value_millionths,
                    },
                );
            }
            return;
        }
        // Sums of the upper and the lower halves of the values, which a block of rows cannot make overflow.
        let mut hours = [(0u64, 0i64, 0i64); DENSE_HOURS as usize];
        let begin = first * Span::HOUR.0;
        for (row, &time) in times_us.iter().enumerate() {
            let hour = (time - begin) as u64 / Span::HOUR.0 as u64;
            let (count, upper, lower) = &mut hours[hour as usize % hours.len()];
            let value = amount(row);
            *count += 1;
            *upper += value >> 32;
            *lower += value & i64::from(u32::MAX);
        }
        for (at, &(count, upper, lower)) in (first..=last).zip(&hours) {
            if count > 0 {
                let value_millionths = (i128::from(upper) << 32) + i128::from(lower);
                merge(
                    at,
                    Tally {
                        count,
                        value_millionths,
                    },
                );
            }
        }
    }

    /// Notes that a row that was counted on both sides has another value on the untouched one.
    pub fn replace_untouched(&mut self, time_us: i64, counted: i64, value: i64) {
        let hour = self.hours.entry(hour_of(time_us)).or_default();
        hour.untouched.value_millionths += i128::from(value) - i128::from(counted);
    }

    /// Adds another part of the stream.
    pub fn merge(&mut self, other: &Series) {
        for (&at, hour) in &other.hours {
            self.hours.entry(at).or_default().merge(hour);
        }
    }

    /// How many events of one side an hour has.
    pub fn count(&self, hour: i64, side: Side) -> u64 {
        self.hours.get(&hour).map_or(0, |hour| hour.on(side).count)
    }
}

#[inline(always)]
fn count(hour: &mut Hour, sides: Sides, tally: Tally) {
    if sides.on(Side::Factual) {
        hour.factual += tally;
    }
    if sides.on(Side::Untouched) {
        hour.untouched += tally;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row() -> impl Strategy<Value = (i64, f64, u8)> {
        // Some days around the epoch, so that blocks of either kind come up.
        let time = -20 * Span::DAY.0..20 * Span::DAY.0;
        (time, -1e5..1e5f64, 0..3u8)
    }

    fn sides(code: u8) -> Sides {
        Sides::of_bits(code.into())
    }

    fn of(rows: &[(i64, f64, u8)]) -> Series {
        let times: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let words: Vec<u64> = rows.iter().map(|row| row.1.to_bits()).collect();
        let mut series = Series::default();
        series.add(&times, Amounts::Floats(&words), |row| sides(rows[row].2));
        series
    }

    proptest! {
        #[test]
        fn parts_give_the_same_however_they_are_cut_and_merged(
            rows in prop::collection::vec(row(), 0..60),
            cuts in prop::collection::vec(0..60usize, 0..5),
            backwards in any::<bool>(),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(rows.len())).collect();
            cuts.extend([0, rows.len()]);
            cuts.sort_unstable();
            let mut parts: Vec<Series> = cuts.windows(2).map(|w| of(&rows[w[0]..w[1]])).collect();
            if backwards {
                parts.reverse();
            }
            let mut merged = Series::default();
            parts.iter().for_each(|part| merged.merge(part));
            prop_assert_eq!(&merged, &of(&rows));
            let mut one_by_one = Series::default();
            for &(time, value, code) in &rows {
                let hour = one_by_one.hours.entry(time.div_euclid(Span::HOUR.0)).or_default();
                let tally = Tally { count: 1, value_millionths: (value * 1e6).round_ties_even() as i128 };
                if sides(code).on(Side::Factual) {
                    hour.factual += tally;
                }
                if sides(code).on(Side::Untouched) {
                    hour.untouched += tally;
                }
            }
            prop_assert_eq!(merged, one_by_one);
            let (times, words): (Vec<i64>, Vec<u64>) =
                rows.iter().map(|row| (row.0, row.1.to_bits())).unzip();
            for amounts in [Amounts::None, Amounts::Floats(&words), Amounts::Wholes(&words)] {
                let (mut both, mut each) = (Series::default(), Series::default());
                both.add_to_both(&times, amounts);
                each.add(&times, amounts, |_| Sides::Both);
                prop_assert_eq!(both, each);
            }
        }
    }

    #[test]
    fn values_are_exact_to_the_millionth_and_saturate() {
        let values = [0.1, 0.2, 0.3, 1e300, -1e300, f64::NAN];
        let words: Vec<u64> = values.iter().map(|value| value.to_bits()).collect();
        let amounts = Amounts::Floats(&words);
        let all: Vec<i64> = (0..values.len()).map(|row| amounts.of(row)).collect();
        assert_eq!(all, [100_000, 200_000, 300_000, i64::MAX, i64::MIN, 0]);
        assert_eq!(Amounts::Wholes(&[2.5f64.to_bits()]).of(0), 2_000_000);
        assert_eq!(Amounts::None.of(7), 0);
    }

    #[test]
    fn another_value_on_the_untouched_side_replaces_the_one_counted() {
        let mut series = of(&[(5, 3.0, 0)]);
        series.replace_untouched(5, 3_000_000, 1_500_000);
        let hour = series.hours[&0];
        assert_eq!(hour.factual.value_sum(), 3.0);
        assert_eq!(hour.untouched.value_sum(), 1.5);
        assert_eq!(
            (
                series.count(0, Side::Untouched),
                series.count(1, Side::Factual)
            ),
            (1, 0)
        );
    }
}
