//! What is usual for a stream.

use std::collections::BTreeMap;

use crate::interval::{Class, Interval, Resolution};
use crate::pool::Pool;
use crate::score::expected;
use crate::season::{Decomposition, Season, decompose, season};
use crate::summary::{Summary, mean};
use crate::trend::{Day, Trend, WEEK, trend};

/// The statistics of one stream, over all runs of a pool.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// The stream.
    pub stream: String,
    /// Growth of the daily totals, in events a day; none within a week.
    pub trend: Option<Trend>,
    /// Mean of the daily totals; none within a day.
    pub per_day: Option<f64>,
    /// The season of the day, 24 hours; none within two days.
    pub day: Option<Season>,
    /// The season of the week, 7 days from Monday; none within two weeks.
    pub week: Option<Season>,
    /// By half days and by hours.
    pub resolutions: [OfResolution; 2],
}

/// The statistics of one stream at one resolution.
#[derive(Clone, Debug, PartialEq)]
pub struct OfResolution {
    /// The resolution.
    pub resolution: Resolution,
    /// Over all intervals; none where no interval is whole.
    pub all: Option<Figures>,
    /// Mean count of an interval on weekdays.
    pub weekday_mean: Option<f64>,
    /// Mean count of an interval on weekends.
    pub weekend_mean: Option<f64>,
    /// How strong the season of the day is at this resolution, 0 to 1.
    pub daily_strength: Option<f64>,
    /// By class, those that have intervals.
    pub classes: Vec<(Class, Figures)>,
}

/// Figures of the counts of some intervals.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Moments and quantiles.
    pub summary: Summary,
    /// The sigma with which counts are scored: see [`expected`].
    pub sigma: f64,
}

impl Figures {
    fn of(counts: &[f64]) -> Option<Figures> {
        let (_, sigma) = expected(counts)?;
        let summary = Summary::of(counts)?;
        Some(Figures { summary, sigma })
    }
}

impl Statistics {
    pub(crate) fn of(pool: &Pool, stream: usize, name: &str) -> Statistics {
        let (hours, counts) = (
            pool.intervals(Resolution::Hour),
            pool.counts(stream, Resolution::Hour),
        );
        let days = Days::of(pool.intervals(Resolution::HalfDay));
        let half_days = pool.counts(stream, Resolution::HalfDay);
        let totals: Vec<Vec<Day>> = half_days.iter().map(|run| days.totals(run)).collect();
        let all: Vec<Day> = totals.iter().flatten().copied().collect();
        let all_totals: Vec<f64> = all.iter().map(|day| day.total).collect();
        Statistics {
            stream: name.to_owned(),
            trend: trend(&all),
            per_day: (!all.is_empty()).then(|| mean(&all_totals)),
            day: daily(hours, &counts, Resolution::Hour),
            week: weekly(&totals),
            resolutions: Resolution::ALL.map(|resolution| {
                OfResolution::of(
                    resolution,
                    pool.intervals(resolution),
                    &pool.counts(stream, resolution),
                )
            }),
        }
    }
}

impl OfResolution {
    fn of(resolution: Resolution, intervals: &[Interval], runs: &[&[f64]]) -> OfResolution {
        let select = |wanted: &dyn Fn(Class) -> bool| -> Vec<f64> {
            let run = |run: &&[f64]| -> Vec<f64> {
                let counts = intervals.iter().zip(*run);
                let counts = counts.filter(|(interval, _)| wanted(interval.class));
                counts.map(|(_, count)| *count).collect()
            };
            runs.iter().flat_map(run).collect()
        };
        let mean_of = |weekend: bool| {
            let counts = select(&|class| class.weekend == weekend);
            (!counts.is_empty()).then(|| mean(&counts))
        };
        let of_classes = by_class(intervals, runs);
        let class = |class: Class| Some((class, Figures::of(of_classes.get(&class)?)?));
        OfResolution {
            resolution,
            all: Figures::of(&select(&|_| true)),
            weekday_mean: mean_of(false),
            weekend_mean: mean_of(true),
            daily_strength: daily(intervals, runs, resolution).map(|season| season.strength),
            classes: Class::all(resolution).filter_map(class).collect(),
        }
    }
}

/// The counts of each class of intervals, run by run.
pub(crate) fn by_class(intervals: &[Interval], runs: &[&[f64]]) -> BTreeMap<Class, Vec<f64>> {
    let mut of_classes: BTreeMap<Class, Vec<f64>> = BTreeMap::new();
    for run in runs {
        for (interval, &count) in intervals.iter().zip(*run) {
            of_classes.entry(interval.class).or_default().push(count);
        }
    }
    of_classes
}

fn daily(intervals: &[Interval], runs: &[&[f64]], resolution: Resolution) -> Option<Season> {
    let parts: Vec<usize> = intervals
        .iter()
        .map(|i| usize::from(i.class.part))
        .collect();
    let one = |run: &&[f64]| decompose(run, &parts, resolution.a_day());
    let runs: Option<Vec<Decomposition>> = runs.iter().map(one).collect();
    season(&runs?)
}

fn weekly(runs: &[Vec<Day>]) -> Option<Season> {
    let one = |days: &Vec<Day>| {
        let totals: Vec<f64> = days.iter().map(|day| day.total).collect();
        let parts: Vec<usize> = days.iter().map(|day| usize::from(day.weekday)).collect();
        decompose(&totals, &parts, WEEK)
    };
    let runs: Option<Vec<Decomposition>> = runs.iter().map(one).collect();
    season(&runs?)
}

/// The whole days of a range.
struct Days {
    /// For each, the place of its first half among the half days, and the day without its total.
    days: Vec<(usize, Day)>,
}

impl Days {
    fn of(half_days: &[Interval]) -> Days {
        let first = half_days.first().map(|interval| interval.date);
        let day = |(at, pair): (usize, &[Interval])| {
            let date = pair[0].date;
            if pair[1].date != date {
                return None;
            }
            // Dates of a run lie within some centuries.
            let number = first?.until(date).map_or(0, |span| span.get_days());
            let weekday = date.weekday().to_monday_zero_offset() as u8;
            let total = 0.0;
            Some((
                at,
                Day {
                    number,
                    weekday,
                    total,
                },
            ))
        };
        Days {
            days: half_days.windows(2).enumerate().filter_map(day).collect(),
        }
    }

    fn totals(&self, counts: &[f64]) -> Vec<Day> {
        let total = |&(at, day): &(usize, Day)| Day {
            total: counts[at] + counts[at + 1],
            ..day
        };
        self.days.iter().map(total).collect()
    }
}
