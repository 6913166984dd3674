//! History and statistics as tables.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use causeflow_engine::base::tables::{PIECE_ROWS, TableBuilder, Tables, Texts};
use causeflow_engine::streams::series::Series;
use causeflow_engine::streams::sides::Side;

use crate::alarm::Alarm;
use crate::baseline::Expected;
use crate::history::{Ongoing, Point};
use crate::interval::{Class, Interval, Resolution};
use crate::statistics::{Figures, OfResolution, Statistics};

/// A stream, and what is expected of it. Its points are worked out when they are asked for: a long run has as many of
/// them as it has hours.
pub struct StreamHistory<'a> {
    /// The stream.
    pub stream: &'a str,
    /// Whether it has a value field.
    pub has_value: bool,
    /// What it came to.
    pub series: &'a Series,
    /// What is expected of the count in intervals of each class; nothing where it is not scored.
    pub expected: BTreeMap<Class, Expected>,
}

impl StreamHistory<'_> {
    fn point(&self, interval: &Interval) -> Point {
        let expected = |class| self.expected.get(&class).copied();
        Point::of(self.series, Side::FACTUAL, interval, expected)
    }
}

/// The points of some rows in sequence, which all columns are made from, a piece of each at a time.
#[derive(Clone, Default)]
struct Lately(Rc<RefCell<(usize, Vec<Point>)>>);

impl Lately {
    /// A row's number and its point.
    fn point(
        &self,
        row: usize,
        streams: &[StreamHistory<'_>],
        intervals: &[Interval],
    ) -> (usize, Point) {
        let mut lately = self.0.borrow_mut();
        let (first, points) = &mut *lately;
        match row.checked_sub(*first).and_then(|at| points.get(at)) {
            Some(&point) => (row, point),
            None => {
                let all = streams.len() * intervals.len();
                let first_of_piece = row - row % PIECE_ROWS;
                let piece = first_of_piece..all.min(first_of_piece + PIECE_ROWS);
                let point = |row: usize| {
                    let (stream, interval) = (row / intervals.len(), row % intervals.len());
                    streams[stream].point(&intervals[interval])
                };
                *first = first_of_piece;
                points.clear();
                points.extend(piece.map(point));
                (row, points[row - first_of_piece])
            }
        }
    }
}

/// The table `history` or `history_hourly`; `None` when its texts are more than can be told apart, which takes
/// decades of external events.
pub fn of_history<'a>(
    resolution: Resolution,
    intervals: &'a [Interval],
    streams: &'a [StreamHistory<'a>],
    scenarios: &[Ongoing],
    events: &[Ongoing],
) -> Option<Tables<'a>> {
    let rows = || {
        streams
            .iter()
            .flat_map(|stream| intervals.iter().map(move |interval| (stream, interval)))
    };
    let lately = Lately::default();
    let points = || {
        let lately = lately.clone();
        let point = move |row| lately.point(row, streams, intervals);
        (0..streams.len() * intervals.len()).map(point)
    };
    let mut texts = Texts::default();
    let mut t = TableBuilder::new(&mut texts, streams.len() * intervals.len());
    t.text("stream", "The stream", rows().map(|(s, _)| s.stream));
    let about = "When the interval begins";
    t.time("interval_start", about, rows().map(|(_, i)| i.start()));
    let about = "How much of the interval lies in the run; less than the whole of it is not scored";
    t.float("hours", about, rows().map(|(_, i)| i.covered));
    t.unit("h");
    t.count("count", "Events", points().map(|(_, p)| p.tally.count));
    let about = "Sum of the stream's value field, if it has one";
    let sum = move |(row, point): (usize, Point)| {
        let has_value = streams[row / intervals.len()].has_value;
        has_value.then(|| point.tally.value_sum())
    };
    t.optional_float("value_sum", about, points().map(sum));
    let about = "Mean of the stream's value field, if there are events";
    let mean = move |row: (usize, Point)| {
        let count = row.1.tally.count;
        sum(row).filter(|_| count > 0).map(|sum| sum / count as f64)
    };
    t.optional_float("value_mean", about, points().map(mean));
    let about = "Count that the baseline has on average in such intervals: the same part of the day, on weekdays or on weekends";
    let means = points().map(|(_, p)| p.expected.map(|e| e.mean));
    t.optional_float("baseline_mean", about, means);
    let about = "How far the baseline's counts lie from that, or more for sparse streams";
    let sigmas = points().map(|(_, p)| p.expected.map(|e| e.sigma));
    t.optional_float("baseline_sigma", about, sigmas);
    let about = "50 at the mean, 30 and 70 one sigma away, 0 and 100 three and more";
    t.optional_float("score", about, points().map(|(_, p)| p.score));
    let about = "normal (30 to 70), warning, or critical (0 or 100)";
    let flags = points().map(|(_, p)| p.flag.map(|f| f.name()));
    t.optional("flag", about, flags);
    let about =
        "low, high or none: raised by at most one in a thousand intervals of an untouched run";
    let alarms = points().map(|(_, p)| p.score.map(|_| Alarm::name(p.alarm)));
    t.optional("alarm", about, alarms);
    let mut ongoing = |name: &str, about: &str, all: &[Ongoing]| {
        let names: Vec<Option<String>> = intervals.iter().map(|i| Ongoing::names(all, i)).collect();
        t.optional_again(name, about, names.iter().map(|name| name.as_deref()));
    };
    let about = "Scenarios that are active or settling in the interval, with commas between them";
    ongoing("scenarios", about, scenarios);
    let about = "External events in whose window the interval lies, with commas between them";
    ongoing("external_events", about, events);
    let name = match resolution {
        Resolution::HalfDay => "history",
        Resolution::Hour => "history_hourly",
    };
    let table = t.finish(name, 0);
    Tables::new(texts, vec![table])
}

/// A row of the table of statistics.
struct Row<'a> {
    statistics: &'a Statistics,
    resolution: usize,
    class: String,
    figures: &'a Figures,
    /// Whether it is the row over all classes.
    all: bool,
}

impl<'a> Row<'a> {
    fn of(&self) -> &'a OfResolution {
        &self.statistics.resolutions[self.resolution]
    }
}

/// The table `statistics`: for each stream and resolution a row over all intervals (class `all`), then one a class.
pub fn of_statistics(all: &[Statistics]) -> Option<Tables<'_>> {
    let mut rows = Vec::new();
    for statistics in all {
        for (resolution, of) in statistics.resolutions.iter().enumerate() {
            let flat = of
                .all
                .iter()
                .map(|figures| ("all".to_owned(), figures, true));
            let classes = of.classes.iter();
            let classes = classes.map(|(class, f)| (class.name(of.resolution), f, false));
            rows.extend(flat.chain(classes).map(|(class, figures, all)| Row {
                statistics,
                resolution,
                class,
                figures,
                all,
            }));
        }
    }
    // There are so few that their values may as well be made at once.
    fn each<'r, T: 'static>(
        rows: &[Row<'r>],
        of: impl Fn(&Row<'r>) -> T,
    ) -> impl Iterator<Item = T> + 'static {
        rows.iter().map(of).collect::<Vec<T>>().into_iter()
    }
    let rows = &rows[..];
    let mut texts = Texts::default();
    let mut t = TableBuilder::new(&mut texts, rows.len());
    t.text(
        "stream",
        "The stream",
        rows.iter().map(|r| r.statistics.stream.as_str()),
    );
    let about = "Length of the intervals: 12h or 1h";
    let lengths: Vec<&str> = rows.iter().map(|r| r.of().resolution.name()).collect();
    t.text("resolution", about, lengths.into_iter());
    let about = "all, or weekday or weekend and the hours of the day in the model's time zone";
    t.text("class", about, rows.iter().map(|r| r.class.as_str()));
    let about = "Whole intervals, of all seeds together";
    t.count(
        "intervals",
        about,
        each(rows, |r| r.figures.summary.count() as u64),
    );
    type Figure = (&'static str, &'static str, fn(&Figures) -> f64);
    let figures: [Figure; 9] = [
        ("mean", "Mean count of an interval", |f| f.summary.mean),
        ("median", "Median count", |f| f.summary.quantile(0.5)),
        ("min", "Smallest count", |f| f.summary.min()),
        ("max", "Largest count", |f| f.summary.max()),
        ("p25", "Lower quartile of the counts", |f| {
            f.summary.quantile(0.25)
        }),
        ("p50", "Their median", |f| f.summary.quantile(0.5)),
        ("p75", "Their upper quartile", |f| f.summary.quantile(0.75)),
        ("p90", "The count that one in ten exceeds", |f| {
            f.summary.quantile(0.9)
        }),
        ("p95", "The count that one in twenty exceeds", |f| {
            f.summary.quantile(0.95)
        }),
    ];
    for (name, about, of) in figures {
        t.float(name, about, each(rows, |r| of(r.figures)));
        if name == "median" {
            let about = "Standard deviation of the counts, as a sample; none of a single one";
            t.optional_float("std_dev", about, each(rows, |r| r.figures.summary.std_dev));
        }
    }
    let about = "The sigma with which counts are scored";
    t.optional_float(
        "sigma",
        about,
        each(rows, |r| (!r.all).then_some(r.figures.sigma)),
    );
    let mut flat = |name: &str, about: &str, of: &dyn Fn(&Row<'_>) -> Option<f64>| {
        let values = each(rows, |r| of(r).filter(|_| r.all));
        t.optional_float(name, about, values);
    };
    flat(
        "weekday_mean",
        "Mean count of an interval from Monday to Friday",
        &|r| r.of().weekday_mean,
    );
    flat(
        "weekend_mean",
        "Mean count of an interval on Saturday and Sunday",
        &|r| r.of().weekend_mean,
    );
    let about = "By how many events a day the daily totals grow within 30 days, the pattern of the week taken out";
    flat("trend_per_month", about, &|r| {
        r.statistics.trend.map(|t| t.per_month)
    });
    flat("trend_std_error", "Standard error of that", &|r| {
        r.statistics.trend?.standard_error
    });
    let about = "The trend over the mean daily total";
    flat("trend_share_per_month", about, &|r| {
        let per_day = r.statistics.per_day.filter(|per_day| *per_day > 0.0)?;
        Some(r.statistics.trend?.per_month / per_day)
    });
    let about = "Strength of the season of the day at this resolution, 0 to 1";
    flat("daily_strength", about, &|r| r.of().daily_strength);
    let about = "Strength of the season of the week in the daily totals, 0 to 1";
    flat("weekly_strength", about, &|r| {
        Some(r.statistics.week.as_ref()?.strength)
    });
    let table = t.finish("statistics", 0);
    Tables::new(texts, vec![table])
}
