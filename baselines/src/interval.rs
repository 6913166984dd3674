//! The intervals of a history: half days of the model's time zone, or hours, and what they are compared with.

use std::ops::Range;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::base::zone::Zone;
use causeflow_engine::streams::profile::Weekend;
use jiff::civil::Date;

/// How long the intervals are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resolution {
    /// Half days, from midnight and from noon in the model's time zone.
    HalfDay,
    /// Hours of UTC.
    Hour,
}

impl Resolution {
    /// Both.
    pub const ALL: [Resolution; 2] = [Resolution::HalfDay, Resolution::Hour];

    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Resolution::HalfDay => "12h",
            Resolution::Hour => "1h",
        }
    }

    /// Hours of an interval.
    pub fn hours(self) -> u8 {
        match self {
            Resolution::HalfDay => 12,
            Resolution::Hour => 1,
        }
    }

    /// Intervals of a day.
    pub fn a_day(self) -> usize {
        usize::from(24 / self.hours())
    }
}

/// What an interval is compared with: the same part of the day, on weekdays or on weekends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class {
    /// Whether it is a day of the weekend.
    pub weekend: bool,
    /// Which half or hour of the day, from 0.
    pub part: u8,
}

impl Class {
    /// All classes of a resolution, in the order of tables.
    pub fn all(resolution: Resolution) -> impl Iterator<Item = Class> {
        let parts = resolution.a_day() as u8;
        let class = move |weekend| (0..parts).map(move |part| Class { weekend, part });
        [false, true].into_iter().flat_map(class)
    }

    /// What tables call it, such as `weekday 12-24`.
    pub fn name(self, resolution: Resolution) -> String {
        let day = if self.weekend { "weekend" } else { "weekday" };
        let from = self.part * resolution.hours();
        format!("{day} {from:02}-{:02}", from + resolution.hours())
    }
}

/// An interval of a history.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval {
    /// From when to when it goes.
    pub time: Range<Time>,
    /// The date on which it begins, in the model's time zone.
    pub date: Date,
    /// Its class.
    pub class: Class,
    /// How much of it lies in the range, in hours.
    pub covered: f64,
    /// Whether all of it does: others are neither scored nor counted in statistics.
    pub whole: bool,
}

impl Interval {
    /// When it begins.
    pub fn start(&self) -> Time {
        self.time.start
    }

    /// The first instant after it.
    pub fn end(&self) -> Time {
        self.time.end
    }
}

/// The intervals of a range, in order; those at its ends may lie in it only partly.
///
/// Counts are kept by [steps of the zone](Zone::step), so half days begin at midnight and at noon. On days on which clocks change,
/// they may have 11 or 13 hours.
pub fn intervals(
    zone: &Zone,
    weekend: Weekend,
    range: &Range<Time>,
    resolution: Resolution,
) -> Vec<Interval> {
    let step = match resolution {
        // An hour that comes twice, when clocks are put back, is two intervals.
        Resolution::Hour => Span::HOUR,
        Resolution::HalfDay => zone.step(),
    };
    let start_of = |at: i64| Time(at * step.0);
    let place = |at: i64| {
        let local = zone.local(start_of(at));
        (local.date(), local.hour() as u8 / resolution.hours())
    };
    let same = |a: i64, b: i64| match resolution {
        Resolution::Hour => a == b,
        Resolution::HalfDay => place(a) == place(b),
    };
    let mut intervals = Vec::new();
    if range.is_empty() {
        return intervals;
    }
    let mut start = range.start.index_of(step);
    while same(start - 1, start) {
        start -= 1;
    }
    while start_of(start) < range.end {
        let mut end = start + 1;
        while same(start, end) {
            end += 1;
        }
        let (date, part) = place(start);
        let (from, to) = (start_of(start), start_of(end));
        let covered = to.min(range.end) - from.max(range.start);
        intervals.push(Interval {
            time: from..to,
            date,
            class: Class {
                weekend: weekend.has(date),
                part,
            },
            covered: covered.0 as f64 / Span::HOUR.0 as f64,
            whole: covered == to - from,
        });
        start = end;
    }
    intervals
}
