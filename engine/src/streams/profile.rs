//! Profiles: how rates follow the hour, the weekday, the season and growth.
//!
//! A profile is compiled for a run into a table of factors, at every five minutes, between which they follow a straight
//! line: life has no steps, but where something opens or closes. Its scale makes the mean over the model's reference days
//! 1, so that a declared rate is what those days show.

use std::sync::{Arc, OnceLock};

use jiff::civil::Date;

use crate::base::time::{Span, Time};
use crate::base::zone::Zone;

/// Length of the steps in which a profile follows a straight line.
pub const STEP: Span = Span(5 * Span::MINUTE.0);
const STEPS_PER_DAY: usize = 288;
/// Steps before and after midnight in which one day's weight becomes the next one's: two hours each.
const NIGHT: usize = 24;
/// Days in a month, for growth: 365.25 / 12.
const MONTH_DAYS: f64 = 30.4375;

/// A factor that holds for some days of every year.
#[derive(Clone, Debug, PartialEq)]
pub struct Season {
    /// What it is called, such as `spring exams`.
    pub name: String,
    /// First day, as (month, day).
    pub from: (i8, i8),
    /// Last day, included; before `from` when the season passes the end of the year.
    pub to: (i8, i8),
    /// What rates are multiplied by.
    pub factor: f64,
}

impl Season {
    fn covers(&self, date: Date) -> bool {
        let day = (date.month(), date.day());
        if self.from <= self.to {
            self.from <= day && day <= self.to
        } else {
            self.from <= day || day <= self.to
        }
    }
}

/// What is otherwise on some dates, which differ from year to year.
#[derive(Clone, Debug, PartialEq)]
pub struct Dated {
    /// What they are called.
    pub name: String,
    /// From which day to which, both included; in order, none twice.
    pub dates: Arc<[(Date, Date)]>,
    /// What rates are multiplied by.
    pub factor: f64,
    /// Weights of the hours that hold then; of several such ones those of the first.
    pub hours: Option<[f64; 24]>,
}

impl Dated {
    fn covers(&self, date: Date) -> bool {
        let begun = self.dates.partition_point(|(from, _)| *from <= date);
        begun > 0 && date <= self.dates[begun - 1].1
    }
}

/// How a rate follows the calendar. All weights are relative.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The name by which sources and appointments refer to it.
    pub name: String,
    /// Weights of the 24 hours of the day, each taken at the hour's middle; an hour with 0 is closed.
    pub hours: [f64; 24],
    /// Whether each weight holds for its whole hour, with a step to the next.
    pub steps: bool,
    /// Weights of the 7 days of the week, Monday first.
    pub weekdays: [f64; 7],
    /// Factors for days of the year; where several apply they multiply.
    pub seasons: Vec<Season>,
    /// What is otherwise on dates; their factors multiply with those of the seasons.
    pub dated: Vec<Dated>,
    /// Whether it also grows by [`Reference::growth_per_month`].
    pub growth: bool,
}

/// The days over which declared rates are the average, and the growth they assume.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// First day, at midnight in the model's time zone.
    pub start: Date,
    /// Number of days.
    pub days: u32,
    /// Growth of the population a month: 0.035 is 3.5 %.
    pub growth_per_month: f64,
}

/// Which days are a weekend, Monday first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weekend(pub [bool; 7]);

impl Default for Weekend {
    /// Saturday and Sunday.
    fn default() -> Weekend {
        Weekend([false, false, false, false, false, true, true])
    }
}

impl Weekend {
    /// The days that profiles set apart, each given by its weights, Monday first: one to three days in a row, so that weekdays differ
    /// as little among themselves as can be, and so do days of the weekend. Saturday and Sunday, unless others do that four times
    /// as well.
    pub fn of(profiles: &[[f64; 7]]) -> Weekend {
        let spread = |weekend: Weekend| {
            let each = profiles
                .iter()
                .map(|weights| weekend.spread_within(weights));
            each.sum::<f64>()
        };
        let mut best = (spread(Weekend::default()) / 4.0, Weekend::default());
        for (first, length) in (0..7).flat_map(|first| (1..=3).map(move |length| (first, length))) {
            let is_off = |day: usize| (day + 7 - first) % 7 < length;
            let weekend = Weekend(std::array::from_fn(is_off));
            let spread = spread(weekend);
            if spread < best.0 {
                best = (spread, weekend);
            }
        }
        best.1
    }

    /// How much the weights of weekdays and those of the weekend's days differ among themselves: the sum of squares, for a mean of 1.
    fn spread_within(self, weights: &[f64; 7]) -> f64 {
        let mean = weights.iter().sum::<f64>() / 7.0;
        if mean <= 0.0 {
            return 0.0;
        }
        let within = |class: bool| {
            let days = weights.iter().zip(self.0).filter(|(_, day)| *day == class);
            let days: Vec<f64> = days.map(|(weight, _)| weight / mean).collect();
            let mean = days.iter().sum::<f64>() / days.len().max(1) as f64;
            days.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>()
        };
        within(false) + within(true)
    }

    /// Whether a date is one of them.
    pub fn has(self, date: Date) -> bool {
        self.0[date.weekday().to_monday_zero_offset() as usize]
    }
}

/// (1 + growth) to the power of the months since a time.
fn grown(reference: &Reference, since: Span) -> f64 {
    libm::exp(libm::log1p(reference.growth_per_month) * since.days() / MONTH_DAYS)
}

/// Mean of the growth over the reference days of a population that began `warmup` before them.
pub fn mean_growth(reference: &Reference, warmup: Span) -> f64 {
    let sum: f64 = (0..reference.days)
        .map(|day| {
            grown(
                reference,
                Span(warmup.0 + Span::DAY.0 * i64::from(day) + Span::DAY.0 / 2),
            )
        })
        .sum();
    sum / f64::from(reference.days.max(1))
}

impl Profile {
    /// The profile that is 1 at all times.
    pub fn flat() -> Profile {
        Profile {
            name: String::new(),
            hours: [1.0; 24],
            steps: false,
            weekdays: [1.0; 7],
            seasons: Vec::new(),
            dated: Vec::new(),
            growth: false,
        }
    }

    /// Weight within the day at the beginning and at the end of each of its 288 steps: linear between the middles of the hours,
    /// except towards one that is closed, scaled to a mean of 1.
    fn steps_of_day(&self, hours: &[f64; 24]) -> [Line; STEPS_PER_DAY] {
        let at = |step: usize, node: usize| {
            let hour = node as f64 / 12.0 - 0.5;
            let before = libm::floor(hour);
            let share = hour - before;
            let at = |h: f64| hours[(h as i64).rem_euclid(24) as usize];
            // Up to the middle of an hour it comes from the one before, from there on it leads to the next one.
            let (one, other) = match share == 0.0 && node > step {
                true => (at(before - 1.0), at(before)),
                false => (at(before), at(before + 1.0)),
            };
            match self.steps || one == 0.0 || other == 0.0 {
                true => hours[step / STEPS_PER_HOUR],
                false => between(at(before), at(before + 1.0), share),
            }
        };
        let mut steps: [Line; STEPS_PER_DAY] =
            std::array::from_fn(|step| Line(at(step, step), at(step, step + 1)));
        let mean = steps.iter().map(Line::mean).sum::<f64>() / STEPS_PER_DAY as f64;
        if mean > 0.0 {
            steps
                .iter_mut()
                .for_each(|step| *step = step.times(1.0 / mean));
        }
        steps
    }

    /// The weight of a day at the beginning and at the end of one of its steps; those of the day before, the day itself, and
    /// the next one are given. Around midnight one leads to the other, except to or from what is closed.
    fn steps_around(&self, weights: [f64; 3], step: usize) -> Line {
        self.blended(step, |day| Line(weights[day], weights[day]))
    }

    /// The weight within the day of one of its steps, where the days around may have other hours.
    fn hours_around(&self, steps: &Steps, [before, own, after]: [usize; 3], step: usize) -> Line {
        match before == own && own == after {
            true => steps[own][step],
            false => self.blended(step, |day| steps[[before, own, after][day]][step]),
        }
    }

    /// What leads from the day before, 0, to the day itself, 1, and on to the next one, 2.
    fn blended(&self, step: usize, of_day: impl Fn(usize) -> Line) -> Line {
        let blend =
            |own: f64, other: f64, nodes: usize| match self.steps || own == 0.0 || other == 0.0 {
                true => own,
                false => between(own, other, nodes as f64 / (2 * NIGHT) as f64),
            };
        let at = |node: usize, end: fn(Line) -> f64| match (
            NIGHT.checked_sub(node),
            (node + NIGHT).checked_sub(STEPS_PER_DAY),
        ) {
            (Some(nodes), _) => blend(end(of_day(1)), end(of_day(0)), nodes),
            (_, Some(nodes)) => blend(end(of_day(1)), end(of_day(2)), nodes),
            _ => end(of_day(1)),
        };
        Line(at(step, |line| line.0), at(step + 1, |line| line.1))
    }

    /// What is known of the day before a date, of the date, and of the day after it.
    fn around(&self, date: Date) -> Around {
        let (before, after) = (date.yesterday(), date.tomorrow());
        let days = [before.unwrap_or(date), date, after.unwrap_or(date)];
        Around {
            weights: days.map(|date| self.day_weight(date)),
            hours: days.map(|date| self.hours_on(date)),
        }
    }

    fn day_weight(&self, date: Date) -> f64 {
        let weekday = self.weekdays[date.weekday().to_monday_zero_offset() as usize];
        let seasons = self.seasons.iter().filter(|s| s.covers(date));
        let dated = self.dated.iter().filter(|dated| dated.covers(date));
        let factors = seasons.map(|s| s.factor).chain(dated.map(|d| d.factor));
        factors.fold(weekday, |weight, factor| weight * factor)
    }

    /// The hours that differ by dates.
    fn other_hours(&self) -> impl Iterator<Item = (&Dated, &[f64; 24])> {
        self.dated
            .iter()
            .filter_map(|dated| Some((dated, dated.hours.as_ref()?)))
    }

    /// Which hours hold on a date: 0 are the usual ones.
    fn hours_on(&self, date: Date) -> usize {
        let found = self.other_hours().position(|(dated, _)| dated.covers(date));
        found.map_or(0, |found| found + 1)
    }

    /// Factor that makes the mean over the reference days 1.
    fn scale(&self, steps: &Steps, reference: &Reference, warmup: Span) -> f64 {
        // What each of the days around has a part in, so that no day's steps need be gone through again.
        let part = |around: Around| -> f64 {
            let weighed = (0..STEPS_PER_DAY).map(|step| self.line(steps, &around, step).mean());
            weighed.sum::<f64>() / STEPS_PER_DAY as f64
        };
        let mut known: Vec<(Around, f64)> = Vec::new();
        let mut date = reference.start;
        let mut sum = 0.0;
        for day in 0..reference.days {
            let since = Span(warmup.0 + Span::DAY.0 * i64::from(day) + Span::DAY.0 / 2);
            let growth = if self.growth {
                grown(reference, since)
            } else {
                1.0
            };
            let around = self.around(date);
            let found = known.iter().find(|(other, _)| *other == around);
            let weight = match found {
                Some((_, weight)) => *weight,
                None => {
                    known.push((around, part(around)));
                    known[known.len() - 1].1
                }
            };
            sum += weight * growth;
            date = date.tomorrow().unwrap_or(date);
        }
        if sum > 0.0 {
            f64::from(reference.days) / sum
        } else {
            1.0
        }
    }

    /// The profile's factors from `begin` (when the population is as declared) to `end`.
    pub fn compile(
        &self,
        zone: &Zone,
        reference: &Reference,
        warmup: Span,
        begin: Time,
        end: Time,
    ) -> ProfileTable {
        let hours = std::iter::once(&self.hours).chain(self.other_hours().map(|(_, hours)| hours));
        let steps: Steps = hours.map(|hours| self.steps_of_day(hours)).collect();
        let scale = self.scale(&steps, reference, warmup);
        let first = begin.index_of(STEP);
        let first_day = first.div_euclid(STEPS_PER_DAY as i64);
        let last = end.index_of(STEP).max(first);
        let days = last.div_euclid(STEPS_PER_DAY as i64) - first_day + 1;
        let recipe = Recipe {
            profile: self.clone(),
            zone: zone.clone(),
            reference: reference.clone(),
            begin,
            scale,
            steps,
        };
        let mut known: Vec<(Option<Likeness>, i64)> = Vec::new();
        let day_of = (first_day..first_day + days).map(|day| {
            let likeness = recipe.likeness(day);
            let alike =
                |(other, _): &(Option<Likeness>, i64)| likeness.is_some() && *other == likeness;
            known.iter().position(alike).unwrap_or_else(|| {
                known.push((likeness, day));
                known.len() - 1
            }) as u32
        });
        let day_of = day_of.collect();
        let days = known.iter().map(|&(_, day)| (day, OnceLock::new()));
        ProfileTable {
            first,
            count: (last - first + 1) as usize,
            lead: first.rem_euclid(STEPS_PER_DAY as i64) as usize,
            day_of,
            days: days.collect(),
            recipe,
            sums: OnceLock::new(),
        }
    }

    /// The weight at a step of a day among others.
    fn line(&self, steps: &Steps, around: &Around, step: usize) -> Line {
        let of_hours = self.hours_around(steps, around.hours, step);
        self.steps_around(around.weights, step).with(&of_hours)
    }
}

/// What the factors of a day follow from.
#[derive(Clone, Debug)]
struct Recipe {
    profile: Profile,
    zone: Zone,
    reference: Reference,
    /// When the population is as declared.
    begin: Time,
    scale: f64,
    /// The weights within a day.
    steps: Steps,
}

/// What the factors of a day follow from, of those that do not grow: by how much its clocks are ahead, and what is around each date that it has a
/// part of.
type Likeness = (Span, [Around; 2]);

/// When a day begins, in UTC.
fn beginning(day: i64) -> Time {
    Time(day * Span::DAY.0)
}

impl Recipe {
    /// What a day is like; nothing if no other need be like it.
    fn likeness(&self, day: i64) -> Option<Likeness> {
        let ahead = self.zone.offset(beginning(day));
        let is_so = |hour| self.zone.offset(beginning(day) + Span(hour * Span::HOUR.0)) == ahead;
        let is_steady = !self.profile.growth && (1..=24).all(is_so);
        is_steady.then(|| {
            let dates = [beginning(day), beginning(day + 1) - Span(1)];
            let around = |time| self.profile.around(self.zone.local(time).date());
            (ahead, dates.map(around))
        })
    }

    /// The factors of a day.
    fn day(&self, day: i64) -> Day {
        let growth = |time: Time| match self.profile.growth {
            true => grown(&self.reference, time - self.begin),
            false => 1.0,
        };
        let mut date = (Date::MIN, Around::default());
        let mut grown = growth(beginning(day));
        let lines: [Line; STEPS_PER_DAY] = std::array::from_fn(|step| {
            let time = beginning(day) + Span(step as i64 * STEP.0);
            let local = self.zone.local(time);
            if local.date() != date.0 {
                let mut around = self.profile.around(local.date());
                around.weights = around.weights.map(|weight| weight * self.scale);
                date = (local.date(), around);
            }
            let step = local.hour() as usize * STEPS_PER_HOUR + local.minute() as usize / 5;
            let before = std::mem::replace(&mut grown, growth(time + STEP));
            let line = self.profile.line(&self.steps, &date.1, step);
            line.with(&Line(before, grown))
        });
        Day::new(&lines)
    }
}

/// The steps of days with the usual hours, and with each of the others.
type Steps = Vec<[Line; STEPS_PER_DAY]>;

/// What is known of a day, the one before and the next one: their weights, and which hours they have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Around {
    weights: [f64; 3],
    hours: [usize; 3],
}

/// What lies at a share of the way from one value to another one; from there back it is exactly the same.
fn between(one: f64, other: f64, share: f64) -> f64 {
    match one == other {
        true => one,
        false => one * (1.0 - share) + other * share,
    }
}

/// The values at the beginning and at the end of a step, in which they follow a straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Line(f64, f64);

impl Line {
    fn mean(&self) -> f64 {
        (self.0 + self.1) / 2.0
    }

    fn times(&self, factor: f64) -> Line {
        Line(self.0 * factor, self.1 * factor)
    }

    /// Both multiplied, at the beginning and at the end.
    fn with(&self, other: &Line) -> Line {
        Line(self.0 * other.0, self.1 * other.1)
    }

    /// The value at a share of the step.
    fn at(&self, share: f64) -> f64 {
        self.0 + (self.1 - self.0) * share
    }

    /// The share of the step before which so much of its sum lies, of a step as long as 1.
    fn share_of(&self, sum: f64) -> f64 {
        let Line(begin, end) = *self;
        let root = libm::sqrt((begin * begin + 2.0 * (end - begin) * sum).max(0.0));
        match begin + root > 0.0 {
            true => (2.0 * sum / (begin + root)).min(1.0),
            false => 0.0,
        }
    }
}

/// A profile's factors over a run, at every five minutes.
///
/// A day's are worked out when they are first asked for, and days that are alike share them: the table of a session that has lasted a year,
/// most of which it does not look at any more, is about as large as that of a new one.
#[derive(Clone, Debug)]
pub struct ProfileTable {
    /// Number of the first step, from the epoch.
    first: i64,
    /// Number of steps.
    count: usize,
    /// How many steps of its day lie before the first one.
    lead: usize,
    /// Which of `days` each day is, in UTC, from that of the first step on.
    day_of: Vec<u32>,
    /// The days, without repetition: the number of one that is so, and its factors.
    days: Vec<(i64, OnceLock<Box<Day>>)>,
    recipe: Recipe,
    /// Sums of the factors, once there has been an appointment.
    sums: OnceLock<Sums>,
}

/// Sums of factors.
#[derive(Clone, Debug)]
struct Sums {
    /// Before each day.
    of_days: Vec<f64>,
    /// Before each step of a day, once it has been asked for.
    of_steps: Vec<OnceLock<Box<[f64; STEPS_PER_DAY]>>>,
}

/// The factors of a day, and the range of each hour's and of the day's.
#[derive(Clone, Debug)]
struct Day {
    /// At the beginning of each step, and at the end of the last one.
    nodes: [f64; STEPS_PER_DAY + 1],
    /// At the end of each step, where the next one does not always begin with that.
    ends: Option<Box<[f64; STEPS_PER_DAY]>>,
    hours: [Bounds; 24],
    whole: Bounds,
}

/// The least of some factors and the largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// The least.
    pub least: f64,
    /// The largest, but at least 0.
    pub most: f64,
}

impl Bounds {
    /// Of no factors.
    const NONE: Bounds = Bounds {
        least: f64::INFINITY,
        most: 0.0,
    };

    fn of(lines: impl Iterator<Item = Line>) -> Bounds {
        let one = |line: Line| Bounds {
            least: line.0.min(line.1),
            most: line.0.max(line.1),
        };
        lines.map(one).fold(Bounds::NONE, Bounds::and)
    }

    fn and(self, other: Bounds) -> Bounds {
        let (less, more) = (other.least < self.least, other.most > self.most);
        Bounds {
            least: if less { other.least } else { self.least },
            most: if more { other.most } else { self.most },
        }
    }
}

const STEPS_PER_HOUR: usize = STEPS_PER_DAY / 24;

impl Day {
    fn new(lines: &[Line; STEPS_PER_DAY]) -> Day {
        let mut nodes = [0.0; STEPS_PER_DAY + 1];
        for (node, line) in nodes.iter_mut().zip(lines) {
            *node = line.0;
        }
        nodes[STEPS_PER_DAY] = lines[STEPS_PER_DAY - 1].1;
        let ends = lines.map(|line| line.1);
        let of = |steps: &[Line]| Bounds::of(steps.iter().copied());
        let hour = |hour: usize| of(&lines[hour * STEPS_PER_HOUR..][..STEPS_PER_HOUR]);
        Day {
            ends: (ends[..] != nodes[1..]).then(|| Box::new(ends)),
            nodes,
            hours: std::array::from_fn(hour),
            whole: of(lines),
        }
    }

    #[inline(always)]
    fn line(&self, step: usize) -> Line {
        let end = match &self.ends {
            Some(ends) => ends[step],
            None => self.nodes[step + 1],
        };
        Line(self.nodes[step], end)
    }
}

impl ProfileTable {
    /// The day at a place, from that of the first step on.
    #[inline(always)]
    fn day(&self, place: usize) -> &Day {
        let (day, factors) = &self.days[self.day_of[place] as usize];
        match factors.get() {
            Some(factors) => factors,
            None => self.make(*day, factors),
        }
    }

    #[cold]
    fn make<'a>(&self, day: i64, factors: &'a OnceLock<Box<Day>>) -> &'a Day {
        factors.get_or_init(|| Box::new(self.recipe.day(day)))
    }

    fn position(&self, time: Time) -> usize {
        (time.index_of(STEP) - self.first).clamp(0, self.count as i64 - 1) as usize
    }

    #[inline(always)]
    fn at(&self, position: usize) -> Line {
        let step = position + self.lead;
        self.day(step / STEPS_PER_DAY).line(step % STEPS_PER_DAY)
    }

    /// How far a time lies in the step at a position, as a share of it.
    #[inline(always)]
    fn share(&self, position: usize, time: Time) -> f64 {
        let into = time.0 - (self.first + position as i64) * STEP.0;
        into.clamp(0, STEP.0) as f64 / STEP.0 as f64
    }

    /// The factor at a time; before and after the table's range its first and last one.
    #[inline]
    pub fn factor(&self, time: Time) -> f64 {
        let position = self.position(time);
        self.at(position).at(self.share(position, time))
    }

    /// The range of the factors from `start` up to `end`.
    pub fn between(&self, start: Time, end: Time) -> Bounds {
        let mut from = self.position(start) + self.lead;
        let to = self.position(end - Span(1)) + self.lead + 1;
        let mut bounds = Bounds::NONE;
        // Whole days and hours at once where they fit.
        while from < to {
            let day = self.day(from / STEPS_PER_DAY);
            let step = from % STEPS_PER_DAY;
            let (part, steps) = if step == 0 && to - from >= STEPS_PER_DAY {
                (day.whole, STEPS_PER_DAY)
            } else if step.is_multiple_of(STEPS_PER_HOUR) && to - from >= STEPS_PER_HOUR {
                (day.hours[step / STEPS_PER_HOUR], STEPS_PER_HOUR)
            } else {
                (Bounds::of([day.line(step)].into_iter()), 1)
            };
            bounds = bounds.and(part);
            from += steps;
        }
        bounds
    }

    /// The sums before each day.
    fn sums(&self) -> Sums {
        let mut sum = 0.0;
        let of_days = (0..self.day_of.len()).map(|place| {
            let before = sum;
            let (number, factors) = &self.days[self.day_of[place] as usize];
            // Days that nothing else has asked for need not be kept for this.
            let made = factors.get().is_none().then(|| self.recipe.day(*number));
            if let Some(day) = factors.get().map(|day| &**day).or(made.as_ref()) {
                sum = self.summed(day, place, sum, |_, _| ());
            }
            before
        });
        Sums {
            of_days: of_days.collect(),
            of_steps: (0..self.day_of.len()).map(|_| OnceLock::new()).collect(),
        }
    }

    /// Adds up the factors of a day, in order, and tells the sum before each of its steps.
    fn summed(
        &self,
        day: &Day,
        place: usize,
        before: f64,
        mut tell: impl FnMut(usize, f64),
    ) -> f64 {
        let lead = if place == 0 { self.lead } else { 0 };
        (lead..STEPS_PER_DAY).fold(before, |sum, step| {
            tell(step, sum);
            sum + day.line(step).mean()
        })
    }

    /// The sum of the factors before a position.
    #[inline]
    fn before(&self, position: usize) -> f64 {
        let step = position + self.lead;
        let (place, step) = (step / STEPS_PER_DAY, step % STEPS_PER_DAY);
        let sums = self.sums.get_or_init(|| self.sums());
        let of_steps = sums.of_steps[place].get_or_init(|| {
            let mut of_steps = Box::new([0.0; STEPS_PER_DAY]);
            let before = sums.of_days[place];
            self.summed(self.day(place), place, before, |step, sum| {
                of_steps[step] = sum
            });
            of_steps
        });
        of_steps[step]
    }

    /// A time from `earliest` to `latest`, on a multiple of `step` as clocks show it, with a density that follows the
    /// profile; `u` is uniform in (0, 1). None where no such multiple lies between the two when the profile is not 0.
    pub fn appointment(
        &self,
        zone: &Zone,
        u: f64,
        (earliest, latest): (Time, Time),
        step: Span,
    ) -> Option<Time> {
        if latest < earliest || step <= Span(0) {
            return None;
        }
        // Only the steps between the two bounds can hold it.
        let (from, to) = (self.position(earliest), self.position(latest));
        let reach = |time: Time, at: usize| {
            let (line, share) = (self.at(at), self.share(at, time));
            self.before(at) + (line.0 + line.at(share)) / 2.0 * share
        };
        let (low, high) = (reach(earliest, from), reach(latest, to));
        let target = low + (high - low) * u;
        let (mut at, mut above) = (from, to + 1);
        while at + 1 < above {
            let middle = at + (above - at) / 2;
            match self.before(middle) <= target {
                true => at = middle,
                false => above = middle,
            }
        }
        let share = self.at(at).share_of(target - self.before(at));
        let time = (self.first + at as i64) * STEP.0 + (share * STEP.0 as f64) as i64;
        let time = Time(time.clamp(earliest.0, latest.0));
        let fits = |time: &Time| (earliest..=latest).contains(time) && self.factor(*time) > 0.0;
        let next = zone.reading(time).floor_to(step) + step;
        Some(zone.floor_to(time, step))
            .filter(fits)
            .or_else(|| Some(zone.when_from(next, time)).filter(fits))
            .or_else(|| self.nearest(zone, time, (earliest, latest), step))
    }

    /// The multiple of `step` in a range that is nearest to a time and at which the profile is not 0, where those on both
    /// sides of the time are none: it is looked for among all of them, a step of the profile at a time.
    fn nearest(
        &self,
        zone: &Zone,
        time: Time,
        (earliest, latest): (Time, Time),
        step: Span,
    ) -> Option<Time> {
        let up = |time: Time| {
            let reading = zone.reading(time);
            let above = reading.0 + (step.0 - reading.0.rem_euclid(step.0)) % step.0;
            zone.when_from(Time(above), time)
        };
        let (from, to) = (self.position(earliest), self.position(latest));
        let open = (from..=to).filter(|&at| self.at(at).0 > 0.0);
        let first = open.filter_map(|at| {
            let begin = Time((self.first + at as i64) * STEP.0);
            let end = (begin + STEP).min(latest + Span(1));
            // Within a step of the profile the first multiple is as good as any.
            Some(up(begin.max(earliest))).filter(|&found| found < end)
        });
        first.min_by_key(|found| (found.0.abs_diff(time.0), found.0))
    }
}
