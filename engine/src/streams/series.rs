//! How many events of a stream there were, hour by hour and on each side, and what their values come to. Where days of the
//! model's time zone do not begin with an hour of UTC, it is by half or quarter hours.
//!
//! Counts and sums are whole numbers, so that parts of a stream merged in any order give the same.

use std::ops::{AddAssign, Range};

use serde::{Deserialize, Serialize};

use crate::base::exact::rescaled;
use crate::base::narrow::Narrow;
use crate::base::rounding::{int_of, round_even};
use crate::base::time::{Span, Time};
use crate::streams::sides::{Side, Sides};

/// Values are summed up in millionths of their unit.
const MILLIONTHS: f64 = 1e6;

/// Number of an hour, from the epoch.
pub fn hour_of(time_us: i64) -> i64 {
    Time(time_us).index_of(Span::HOUR)
}

/// The first and the last of some times, in whatever order they come.
#[inline(always)]
pub fn first_and_last(times: impl Iterator<Item = i64>) -> Option<(i64, i64)> {
    let (first, last) = times.fold((i64::MAX, i64::MIN), |(first, last), time| {
        (first.min(time), last.max(time))
    });
    (first <= last).then_some((first, last))
}

/// A number of events and the sum of their values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hour {
    /// With the interventions.
    pub factual: Tally,
    /// Without any.
    pub untouched: Tally,
}

impl Hour {
    /// The tally of the factual or the untouched side.
    pub fn on(&self, side: Side) -> Tally {
        match side {
            Side::FACTUAL => self.factual,
            _ => self.untouched,
        }
    }
}

/// The events of one stream, step by step: hour by hour, mostly.
///
/// Steps follow each other without gaps, and each number takes as much room as numbers of its kind need: a stream has
/// some bytes for every step of a run. Sums of a stream without a value field, and the untouched side of a run without
/// interventions, take none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Series {
    /// How long a step is: a part of an hour.
    step: Span,
    /// The step at the first place, counted from the epoch.
    first: i64,
    counts: Narrow<u32>,
    /// In millionths.
    sums: Narrow<i64>,
    /// How many more the untouched side has, or with a minus how many fewer.
    more: Narrow<i16>,
    /// By how much its sum is larger, in millionths.
    larger: Narrow<i64>,
}

impl Default for Series {
    fn default() -> Series {
        Series::by(Span::HOUR)
    }
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
    /// Exact numbers with so many decimals.
    Exact(&'a [u64], u8),
}

impl Amounts<'_> {
    /// The value of one row.
    #[inline(always)]
    pub fn of(self, row: usize) -> i64 {
        // The conversion of floats to integers saturates, and makes 0 of what is no number.
        match self {
            Amounts::None => 0,
            Amounts::Floats(words) => millionths(f64::from_bits(words[row])),
            Amounts::Wholes(words) => millionths(int_of(words[row]).into()),
            Amounts::Exact(words, scale) => exact_millionths(words[row] as i64, scale),
        }
    }
}

#[inline(always)]
fn millionths(value: f64) -> i64 {
    round_even(value * MILLIONTHS) as i64
}

/// An exact number in millionths: up to six decimals nothing is rounded.
fn exact_millionths(units: i64, scale: u8) -> i64 {
    const DECIMALS: i8 = 6;
    let most = if units < 0 { i64::MIN } else { i64::MAX };
    rescaled(units, DECIMALS - scale as i8).unwrap_or(most)
}

/// Steps that a block of rows may span to be counted in an array, which is faster than a tree.
const DENSE_STEPS: i64 = 256;

impl Series {
    /// One without events, by steps of which a full number make an hour.
    pub fn by(step: Span) -> Series {
        debug_assert!(step.0 > 0 && Span::HOUR.0 % step.0 == 0);
        Series {
            step,
            first: 0,
            counts: Narrow::default(),
            sums: Narrow::default(),
            more: Narrow::default(),
            larger: Narrow::default(),
        }
    }

    /// The number of a step, from the epoch.
    fn step_of(&self, time_us: i64) -> i64 {
        Time(time_us).index_of(self.step)
    }

    /// How many steps an hour has.
    fn an_hour(&self) -> i64 {
        Span::HOUR.0 / self.step.0
    }

    /// Counts rows, each on the sides on which it is. `times_us` are their times.
    #[inline]
    pub fn add(&mut self, times_us: &[i64], amounts: Amounts<'_>, sides: impl Fn(usize) -> Sides) {
        let Some((first, last)) = first_and_last(times_us.iter().copied()) else {
            return;
        };
        let (first, last) = (self.step_of(first), self.step_of(last));
        let tally = |row: usize| Tally {
            count: 1,
            value_millionths: amounts.of(row).into(),
        };
        if last - first >= DENSE_STEPS {
            for (row, &time) in times_us.iter().enumerate() {
                let mut hour = Hour::default();
                count(&mut hour, sides(row), tally(row));
                self.add_step(self.step_of(time), &hour);
            }
            return;
        }
        let mut hours = vec![Hour::default(); (last - first + 1) as usize];
        for (row, &time) in times_us.iter().enumerate() {
            let hour = &mut hours[(self.step_of(time) - first) as usize];
            count(hour, sides(row), tally(row));
        }
        for (at, hour) in (first..).zip(&hours) {
            self.add_step(at, hour);
        }
    }

    /// Counts rows that are on both sides.
    pub fn add_to_both(&mut self, times_us: &[i64], amounts: Amounts<'_>) {
        match amounts {
            Amounts::None => self.add_values(times_us, |_| 0),
            Amounts::Floats(_) => self.add_values(times_us, |row| amounts.of(row)),
            Amounts::Wholes(_) => self.add_values(times_us, |row| amounts.of(row)),
            Amounts::Exact(..) => self.add_values(times_us, |row| amounts.of(row)),
        }
    }

    #[inline(always)]
    fn add_values(&mut self, times_us: &[i64], amount: impl Fn(usize) -> i64) {
        // Hours are so common that dividing by them is to be cheap.
        match self.step {
            Span::HOUR => self.add_values_by(Span::HOUR, times_us, amount),
            step => self.add_values_by(step, times_us, amount),
        }
    }

    #[inline(always)]
    fn add_values_by(&mut self, step: Span, times_us: &[i64], amount: impl Fn(usize) -> i64) {
        let Some((first, last)) = first_and_last(times_us.iter().copied()) else {
            return;
        };
        let step_of = |time_us| Time(time_us).index_of(step);
        let (first, last) = (step_of(first), step_of(last));
        let mut merge = |hour: i64, tally: Tally| {
            let (factual, untouched) = (tally, tally);
            let both = Hour { factual, untouched };
            self.add_step(hour, &both);
        };
        if last - first >= DENSE_STEPS {
            for (row, &time) in times_us.iter().enumerate() {
                let value_millionths = amount(row).into();
                let count = 1;
                merge(
                    step_of(time),
                    Tally {
                        count,
                        value_millionths,
                    },
                );
            }
            return;
        }
        // Sums of the upper and the lower halves of the values, which a block of rows cannot make overflow.
        let whole = |upper: i64, lower: i64| (i128::from(upper) << 32) + i128::from(lower);
        if first == last {
            // As good as always, where a stream has many rows.
            let (mut upper, mut lower) = (0, 0);
            for value in (0..times_us.len()).map(amount) {
                upper += value >> 32;
                lower += value & i64::from(u32::MAX);
            }
            let count = times_us.len() as u64;
            let value_millionths = whole(upper, lower);
            return merge(
                first,
                Tally {
                    count,
                    value_millionths,
                },
            );
        }
        let mut hours = [(0u64, 0i64, 0i64); DENSE_STEPS as usize];
        let begin = first * step.0;
        for (row, &time) in times_us.iter().enumerate() {
            let hour = (time - begin) as u64 / step.0 as u64;
            let (count, upper, lower) = &mut hours[hour as usize % hours.len()];
            let value = amount(row);
            *count += 1;
            *upper += value >> 32;
            *lower += value & i64::from(u32::MAX);
        }
        for (at, &(count, upper, lower)) in (first..=last).zip(&hours) {
            if count > 0 {
                let value_millionths = whole(upper, lower);
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

    /// Adds to a step.
    fn add_step(&mut self, at: i64, hour: &Hour) {
        let Hour { factual, untouched } = hour;
        let more = i128::from(untouched.count) - i128::from(factual.count);
        let larger = untouched.value_millionths - factual.value_millionths;
        if *hour == Hour::default() {
            return;
        }
        let place = self.make_place(at);
        self.counts.add(place, factual.count.into());
        self.sums.add(place, factual.value_millionths);
        self.more.add(place, more);
        self.larger.add(place, larger);
    }

    /// The place of a step, for which there is one from now on.
    fn make_place(&mut self, step: i64) -> usize {
        if self.places() == 0 {
            self.first = step;
        } else if step < self.first {
            // Rows come in windows one after the other, so that this is rare.
            let before = self.first.abs_diff(step) as usize;
            self.counts.shift(before);
            self.sums.shift(before);
            self.more.shift(before);
            self.larger.shift(before);
            self.first = step;
        }
        (step - self.first) as usize
    }

    /// How many steps from the first on there may be something in.
    fn places(&self) -> usize {
        let sums = self.sums.len().max(self.larger.len());
        self.counts.len().max(self.more.len()).max(sums)
    }

    /// Notes that a row that was counted on both sides has another value on the untouched one.
    pub fn replace_untouched(&mut self, time_us: i64, counted: i64, value: i64) {
        let place = self.make_place(self.step_of(time_us));
        self.larger
            .add(place, i128::from(value) - i128::from(counted));
    }

    /// Adds another part of the stream.
    pub fn merge(&mut self, other: &Series) {
        if self.places() == 0 {
            self.step = other.step;
        }
        for (start, hour) in other.steps() {
            self.add_step(self.step_of(start.0), &hour);
        }
    }

    /// The steps in which there was something on either side, in order, by the times at which they begin.
    fn steps(&self) -> impl Iterator<Item = (Time, Hour)> {
        let start = |place: usize| Time((self.first + place as i64) * self.step.0);
        let all = (0..self.places()).map(move |place| (start(place), self.at(place)));
        all.filter(|(_, hour)| *hour != Hour::default())
    }

    /// What there was in an hour, counted from the epoch.
    pub fn hour(&self, hour: i64) -> Hour {
        match self.an_hour() {
            1 => self.step(hour),
            steps => {
                self.sum(hour.saturating_mul(steps)..hour.saturating_add(1).saturating_mul(steps))
            }
        }
    }

    /// What there was from a time up to another one, each the beginning of a step.
    pub fn between(&self, range: Range<Time>) -> Hour {
        self.sum(self.step_of(range.start.0)..self.step_of(range.end.0))
    }

    fn sum(&self, steps: Range<i64>) -> Hour {
        let end = self.first + self.places() as i64;
        let mut sum = Hour::default();
        for step in steps.start.max(self.first)..steps.end.min(end) {
            let Hour { factual, untouched } = self.step(step);
            sum.factual += factual;
            sum.untouched += untouched;
        }
        sum
    }

    fn step(&self, step: i64) -> Hour {
        match step.checked_sub(self.first).map(usize::try_from) {
            Some(Ok(place)) => self.at(place),
            _ => Hour::default(),
        }
    }

    fn at(&self, place: usize) -> Hour {
        let (count, sum) = (self.counts.get(place), self.sums.get(place));
        // No side of a step has fewer than no events.
        let tally = |count: i128, sum| Tally {
            count: u64::try_from(count).unwrap_or(0),
            value_millionths: sum,
        };
        Hour {
            factual: tally(count, sum),
            untouched: tally(count + self.more.get(place), sum + self.larger.get(place)),
        }
    }

    /// The hours in which there was something on either side, in order, counted from the epoch.
    pub fn hours(&self) -> impl Iterator<Item = (i64, Hour)> {
        let (steps, end) = (self.an_hour(), self.first + self.places() as i64);
        let hours = self.first.div_euclid(steps)..(end + steps - 1).div_euclid(steps);
        let all = hours.map(|hour| (hour, self.hour(hour)));
        all.filter(|(_, hour)| *hour != Hour::default())
    }

    /// How many events of one side an hour has.
    pub fn count(&self, hour: i64, side: Side) -> u64 {
        self.hour(hour).on(side).count
    }
}

/// A series is what there was in its steps, however it came about.
impl PartialEq for Series {
    fn eq(&self, other: &Series) -> bool {
        self.steps().eq(other.steps())
    }
}

impl Eq for Series {}

impl FromIterator<(i64, Hour)> for Series {
    /// Hours that come twice are added up.
    fn from_iter<I: IntoIterator<Item = (i64, Hour)>>(hours: I) -> Series {
        let mut series = Series::default();
        for (at, hour) in hours {
            series.add_step(at, &hour);
        }
        series
    }
}

#[inline(always)]
fn count(hour: &mut Hour, sides: Sides, tally: Tally) {
    if sides.on(Side::FACTUAL) {
        hour.factual += tally;
    }
    if sides.on(Side::UNTOUCHED) {
        hour.untouched += tally;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn row() -> impl Strategy<Value = (i64, f64, u8)> {
        // Some days around the epoch, so that blocks of either kind come up.
        let time = -20 * Span::DAY.0..20 * Span::DAY.0;
        (time, -1e5..1e5f64, 0..3u8)
    }

    fn sides(code: u8) -> Sides {
        Sides::of_bits(code.into())
    }

    fn of(rows: &[(i64, f64, u8)]) -> Series {
        of_rows(Series::default(), rows)
    }

    fn of_rows(mut series: Series, rows: &[(i64, f64, u8)]) -> Series {
        let times: Vec<i64> = rows.iter().map(|row| row.0).collect();
        let words: Vec<u64> = rows.iter().map(|row| row.1.to_bits()).collect();
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
            let mut one_by_one: BTreeMap<i64, Hour> = BTreeMap::new();
            for &(time, value, code) in &rows {
                let hour = one_by_one.entry(time.div_euclid(Span::HOUR.0)).or_default();
                let tally = Tally { count: 1, value_millionths: (value * 1e6).round_ties_even() as i128 };
                if sides(code).on(Side::FACTUAL) {
                    hour.factual += tally;
                }
                if sides(code).on(Side::UNTOUCHED) {
                    hour.untouched += tally;
                }
            }
            prop_assert!(merged.hours().eq(one_by_one.clone()));
            prop_assert_eq!(&merged, &one_by_one.clone().into_iter().collect::<Series>());
            for at in -100..30 {
                prop_assert_eq!(merged.hour(at), one_by_one.get(&at).copied().unwrap_or_default());
            }
            // By quarter hours it is the same, and parts of hours are known besides.
            let quarter = Span(15 * Span::MINUTE.0);
            let quarters = of_rows(Series::by(quarter), &rows);
            prop_assert!(quarters.hours().eq(one_by_one));
            let (from, to) = (Time(-100 * quarter.0), Time(1001 * quarter.0));
            let mut expected = 0;
            for &(time, _, code) in &rows {
                expected += u64::from(sides(code).on(Side::FACTUAL) && (from..to).contains(&Time(time)));
            }
            prop_assert_eq!(quarters.between(from..to).factual.count, expected);
            let mut again = Series::default();
            again.merge(&quarters);
            prop_assert_eq!(&again, &quarters);
            let words: Vec<u64> = rows.iter().map(|row| row.1.to_bits()).collect();
            // As they are, and all within one hour.
            for hourly in [false, true] {
                let time = |&(time, ..): &(i64, f64, u8)| match hourly {
                    true => time.rem_euclid(Span::HOUR.0),
                    false => time,
                };
                let times: Vec<i64> = rows.iter().map(time).collect();
                let step = if backwards { Span::HOUR } else { Span(30 * Span::MINUTE.0) };
                for amounts in [Amounts::None, Amounts::Floats(&words), Amounts::Wholes(&words)] {
                    let (mut both, mut each) = (Series::by(step), Series::by(step));
                    both.add_to_both(&times, amounts);
                    each.add(&times, amounts, |_| Sides::ALL);
                    prop_assert_eq!(both, each);
                }
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
    fn nothing_is_too_much_for_an_hour() {
        let much = Hour {
            factual: Tally {
                count: u64::MAX,
                value_millionths: i128::from(i64::MIN) * 1_000,
            },
            untouched: Tally {
                count: 3,
                value_millionths: i128::from(i64::MAX) * 1_000,
            },
        };
        let series: Series = [(i64::from(i32::MAX), much)].into_iter().collect();
        assert_eq!(series.hour(i64::from(i32::MAX)), much);
        assert_eq!(series.hour(i64::MIN), Hour::default());
        assert_eq!(series.hour(i64::MAX), Hour::default());
    }

    #[test]
    fn another_value_on_the_untouched_side_replaces_the_one_counted() {
        let mut series = of(&[(5, 3.0, 0)]);
        series.replace_untouched(5, 3_000_000, 1_500_000);
        let hour = series.hour(0);
        assert_eq!(hour.factual.value_sum(), 3.0);
        assert_eq!(hour.untouched.value_sum(), 1.5);
        assert_eq!(
            (
                series.count(0, Side::UNTOUCHED),
                series.count(1, Side::FACTUAL)
            ),
            (1, 0)
        );
    }
}
