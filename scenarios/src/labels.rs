//! How many of a day's external events move something: the others are red herrings.
//!
//! Two things are wanted that pull against each other. Of any thirty days, 60 to 70 % are causal; and who knows all
//! labels so far cannot tell the next. Labels that are drawn one by one leave the band in every third month; labels that
//! are dealt, so many of each hand, are known before the hand is out.
//!
//! So a day's labels are drawn one by one, and all of them are drawn again as long as they would leave the band: that
//! of the thirty days that they end, or one that they are the first days of and that could not be kept to any more. Of all ways to
//! keep to the band this one hardly ever acts, and when it does it only excludes what is not allowed: pushing earlier and
//! softer tells more on the whole (AUC of a detector that knows all labels and the numbers of events to come: 0.545, against
//! 0.57 to 0.58 when what survives a week is favoured).
//!
//! A day so depends on those before it, back to a fixed one, whatever days a run plays. Days before that one are drawn
//! from it backwards, in the same way.

use std::ops::RangeInclusive;

/// How likely an event is causal.
pub(crate) const SHARE: f64 = 0.65;
/// Days over which the share keeps to the band.
const WINDOW: usize = 30;
/// Fewest and most causal events of a hundred.
const BAND: (i64, i64) = (60, 70);
/// With fewer events in thirty days than this, labels are drawn one by one: a band of a few events would give them away.
const FEWEST: i64 = 60;
/// 2000-01-01 in days since 1970-01-01, where the first thirty days begin: near the years that people play, since what
/// lies between is drawn each time.
const ANCHOR: i64 = 10_957;

/// How many events of each day are causal, given how many events days have, and a uniform draw a day.
pub(crate) fn causal(
    days: RangeInclusive<i64>,
    events: impl Fn(i64) -> usize,
    draw: impl Fn(i64) -> f64,
) -> Vec<usize> {
    let (first, last) = days.into_inner();
    let window = WINDOW as i64;
    let mut later = Chain::default();
    later.extend(ANCHOR, 1, (last - ANCHOR + 1).max(window), &events, &draw);
    let mut earlier = Chain::default();
    if first < ANCHOR {
        earlier.begins_like(&later);
        earlier.extend(
            ANCHOR + window - 1,
            -1,
            ANCHOR + window - first,
            &events,
            &draw,
        );
    }
    let of_day = |day: i64| match day < ANCHOR {
        true => earlier.of((ANCHOR + window - 1 - day) as usize),
        false => later.of((day - ANCHOR) as usize),
    };
    (first..=last).map(of_day).collect()
}

/// Days one after the other, in either direction, as running totals that begin with 0.
#[derive(Default)]
struct Chain {
    /// Events up to each day; reaches further than what is drawn.
    events: Vec<i64>,
    causal: Vec<i64>,
}

impl Chain {
    /// Draws the first `length` days from `first` on, in steps of `step` days, as far as they are not there.
    fn extend(
        &mut self,
        first: i64,
        step: i64,
        length: i64,
        events: impl Fn(i64) -> usize,
        draw: impl Fn(i64) -> f64,
    ) {
        let day = |at: usize| first + step * at as i64;
        self.events = totals((0..length as usize + WINDOW).map(|at| events(day(at)) as i64));
        if self.causal.is_empty() {
            self.causal.push(0);
        }
        for at in self.causal.len() - 1..length as usize {
            let (least, most) = self.allowed(at);
            let number = self.events[at + 1] - self.events[at];
            let least = least.clamp(0, number);
            let causal = binomial(number, least, most.clamp(least, number), draw(day(at)));
            self.causal.push(self.causal[at] + causal);
        }
    }

    /// Takes the first thirty days of another chain in the reverse order.
    fn begins_like(&mut self, other: &Chain) {
        self.causal = totals((0..WINDOW).rev().map(|at| other.of(at) as i64));
    }

    /// Fewest and most causal events of a day with which it and those to come can keep to the band. Exact: backwards from
    /// the last window that begins before it, of each day the numbers from which those of the next can be reached.
    fn allowed(&self, at: usize) -> (i64, i64) {
        let (mut least, mut most) = (i64::MIN / 2, i64::MAX / 2);
        for end in (at + 1..=at + WINDOW).rev() {
            if end < at + WINDOW {
                least -= self.events[end + 1] - self.events[end];
            }
            if let Some((from, to)) = self.window(end) {
                (least, most) = (least.max(from), most.min(to));
            }
        }
        (least - self.causal[at], most - self.causal[at])
    }

    /// Fewest and most causal events up to the end of a window that it may have, unless it is too small for that.
    fn window(&self, end: usize) -> Option<(i64, i64)> {
        let start = end.saturating_sub(WINDOW);
        let events = self.events[start + WINDOW] - self.events[start];
        // Before there are thirty days, as if those missing had had exactly their share.
        let missing = events - (self.events[end] - self.events[start]);
        let share = (SHARE * 100.0) as i64;
        let least = self.causal[start] * 100 + BAND.0 * events - share * missing;
        let most = self.causal[start] * 100 + BAND.1 * events - share * missing;
        (events >= FEWEST).then_some((-(-least).div_euclid(100), most.div_euclid(100)))
    }

    fn of(&self, at: usize) -> usize {
        (self.causal[at + 1] - self.causal[at]) as usize
    }
}

fn totals(numbers: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut total = 0;
    let sum = numbers.map(|number| {
        total += number;
        total
    });
    std::iter::once(0).chain(sum).collect()
}

/// The quantile of a binomial distribution of so many trials, given that it lies between two numbers.
fn binomial(trials: i64, least: i64, most: i64, u: f64) -> i64 {
    let odds = SHARE / (1.0 - SHARE);
    let mut weight = 1.0;
    let mut weights = Vec::with_capacity(trials as usize + 1);
    for number in 0..=trials {
        weights.push(weight);
        weight *= odds * (trials - number) as f64 / (number + 1) as f64;
    }
    let weights = &weights[least as usize..=most as usize];
    let mut rest = u * weights.iter().sum::<f64>();
    for (number, weight) in (least..).zip(weights) {
        rest -= weight;
        if rest < 0.0 {
            return number;
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_binomial_within_bounds_has_the_right_shares(trials in 0..7i64, bounds in (0..7i64, 0..7i64)) {
            let least = bounds.0.min(trials);
            let most = (least + bounds.1).min(trials);
            let choose = |k: i64| (0..k).fold(1.0, |c, i| c * (trials - i) as f64 / (i + 1) as f64);
            let likely = |k: i64| choose(k) * libm::pow(SHARE, k as f64) * libm::pow(1.0 - SHARE, (trials - k) as f64);
            let all: f64 = (least..=most).map(likely).sum();
            let steps = 20_000;
            for number in least..=most {
                let found = (0..steps).filter(|&step| binomial(trials, least, most, (f64::from(step) + 0.5) / f64::from(steps)) == number);
                let share = found.count() as f64 / f64::from(steps);
                prop_assert!((share - likely(number) / all).abs() < 2.0 / f64::from(steps), "{number}: {share}");
            }
        }

        #[test]
        fn days_do_not_depend_on_which_days_are_asked_for(seed: u64, first in 9_000i64..13_000, length in 0i64..90, before in 0i64..200, after in 0i64..200) {
            let mixed = |day: i64| causeflow_engine::base::draw::mix(seed ^ day as u64);
            let events = |day| (mixed(day) % 6) as usize;
            let draw = |day| (mixed(day) >> 11) as f64 / (1u64 << 53) as f64;
            let part = causal(first..=first + length, events, draw);
            let more = causal(first - before..=first + length + after, events, draw);
            prop_assert_eq!(&more[before as usize..][..part.len()], part);
        }
    }
}
