//! A stream interval by interval, with scores.

use causeflow_engine::base::time::Time;
use causeflow_engine::streams::series::{Series, Tally};
use causeflow_engine::streams::sides::Side;

use crate::alarm::Alarm;
use crate::baseline::Expected;
use crate::interval::{Class, Interval};
use crate::score::{Flag, score};

/// A stream in one interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Its events, and the sum of their values.
    pub tally: Tally,
    /// What is expected of the count; none where it is not scored.
    pub expected: Option<Expected>,
    /// 0 to 100; none where it is not scored.
    pub score: Option<f64>,
    /// What the score says.
    pub flag: Option<Flag>,
    /// Whether the count is more than chance explains.
    pub alarm: Option<Alarm>,
}

/// The points of a stream, one an interval, scored against what `expected` says about their classes. Intervals that the
/// range cuts, and those of whose class nothing is known, are not scored.
pub fn history(
    series: &Series,
    side: Side,
    intervals: &[Interval],
    expected: impl Fn(Class) -> Option<Expected>,
) -> Vec<Point> {
    let point = |interval: &Interval| Point::of(series, side, interval, &expected);
    intervals.iter().map(point).collect()
}

impl Point {
    pub(crate) fn of(
        series: &Series,
        side: Side,
        interval: &Interval,
        expected: impl Fn(Class) -> Option<Expected>,
    ) -> Point {
        let tally = series.between(interval.time.clone()).on(side);
        let expected = match interval.whole {
            true => expected(interval.class),
            false => None,
        };
        let score = expected.map(|e| score(tally.count as f64, e.mean, e.sigma));
        Point {
            tally,
            expected,
            score,
            flag: score.map(Flag::of),
            alarm: expected.and_then(|e| Alarm::of(tally.count as f64, e.mean, e.sigma)),
        }
    }
}

/// Something that goes on for a while, such as a scenario or the window of an external event.
#[derive(Clone, Debug, PartialEq)]
pub struct Ongoing {
    /// What it is called.
    pub name: String,
    /// When it begins.
    pub start: Time,
    /// The first instant after it.
    pub end: Time,
}

impl Ongoing {
    /// The names of those that go on at any time of an interval, with commas between them; `None` if there are none.
    pub fn names(all: &[Ongoing], interval: &Interval) -> Option<String> {
        let names: Vec<&str> = all
            .iter()
            .filter(|one| one.start < interval.end() && interval.start() < one.end)
            .map(|one| one.name.as_str())
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}
