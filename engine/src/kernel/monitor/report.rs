//! Monitors as a table for people.

use super::{SpanTally, Tally, TimeWeighted};
use crate::base::time::{Span, Time};
use std::fmt::{self, Write};

/// The unit in which times are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Thousandths of a second.
    Millisecond,
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days of 24 hours.
    Day,
}

impl TimeUnit {
    /// How long it is.
    pub const fn span(self) -> Span {
        match self {
            TimeUnit::Millisecond => Span(1_000),
            TimeUnit::Second => Span::SECOND,
            TimeUnit::Minute => Span::MINUTE,
            TimeUnit::Hour => Span::HOUR,
            TimeUnit::Day => Span::DAY,
        }
    }

    /// Its symbol.
    pub const fn symbol(self) -> &'static str {
        match self {
            TimeUnit::Millisecond => "ms",
            TimeUnit::Second => "s",
            TimeUnit::Minute => "min",
            TimeUnit::Hour => "h",
            TimeUnit::Day => "d",
        }
    }

    /// A span in this unit.
    pub fn of(self, span: Span) -> f64 {
        span.0 as f64 / self.span().0 as f64
    }

    /// Seconds in this unit.
    fn of_seconds(self, seconds: f64) -> f64 {
        seconds * (Span::SECOND.0 as f64 / self.span().0 as f64)
    }
}

/// One measure of one resource. What does not apply to a measure is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// What was measured, such as `tellers`.
    pub subject: String,
    /// Which measure, such as `waiting time`.
    pub measure: &'static str,
    /// The unit of `mean`, `deviation`, `least` and `most`.
    pub unit: &'static str,
    /// The mean: over time for a level, over records for a time or a value.
    pub mean: Option<f64>,
    /// The standard deviation of the records.
    pub deviation: Option<f64>,
    /// The least.
    pub least: Option<f64>,
    /// The greatest.
    pub most: Option<f64>,
    /// How many records there are, or how often something happened.
    pub count: Option<u64>,
}

/// Measures of resources at one time, which print as a table.
///
/// ```
/// use causeflow_engine::base::time::{Span, Time};
/// use causeflow_engine::kernel::monitor::{Report, TimeUnit, TimeWeighted};
///
/// let mut queue = TimeWeighted::new(Time(0), 0);
/// queue.set(Time(0) + Span::HOUR, 2);
/// let mut report = Report::new(Time(0) + Span(2 * Span::HOUR.0), TimeUnit::Minute);
/// report.level("tellers", "queue length", "customers", &queue);
/// report.count("tellers", "arrived", 12);
/// assert_eq!(
///     report.to_string(),
///     "subject  measure       unit       mean  deviation  least  most  count\n\
///      tellers  queue length  customers     1                 0     2\n\
///      tellers  arrived                                                   12\n"
/// );
/// assert_eq!(report.row("tellers", "arrived").and_then(|row| row.count), Some(12));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    now: Time,
    unit: TimeUnit,
    rows: Vec<Row>,
}

impl Report {
    /// An empty report of what was observed up to `now`, with times in a unit.
    pub fn new(now: Time, unit: TimeUnit) -> Report {
        Report {
            now,
            unit,
            rows: Vec::new(),
        }
    }

    /// Up to when it reports.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The rows, in the order in which they were added.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The row of a subject and a measure.
    pub fn row(&self, subject: &str, measure: &str) -> Option<&Row> {
        let mut rows = self.rows.iter();
        rows.find(|row| row.subject == subject && row.measure == measure)
    }

    fn add(&mut self, subject: &str, measure: &'static str, unit: &'static str) -> &mut Row {
        self.rows.push(Row {
            subject: subject.to_string(),
            measure,
            unit,
            mean: None,
            deviation: None,
            least: None,
            most: None,
            count: None,
        });
        let last = self.rows.len() - 1;
        &mut self.rows[last]
    }

    /// Adds a level over time, in its own unit.
    pub fn level(
        &mut self,
        subject: &str,
        measure: &'static str,
        unit: &'static str,
        level: &TimeWeighted,
    ) {
        let now = self.now;
        let row = self.add(subject, measure, unit);
        row.mean = Some(level.mean(now));
        row.least = Some(level.least(now) as f64);
        row.most = Some(level.most(now) as f64);
    }

    /// Adds times, in the report's unit.
    pub fn times(&mut self, subject: &str, measure: &'static str, times: &SpanTally) {
        let unit = self.unit;
        let row = self.add(subject, measure, unit.symbol());
        row.mean = times.mean_seconds().map(|mean| unit.of_seconds(mean));
        row.deviation = times
            .deviation_seconds()
            .map(|seconds| unit.of_seconds(seconds));
        row.least = times.least().map(|span| unit.of(span));
        row.most = times.most().map(|span| unit.of(span));
        row.count = Some(times.count());
    }

    /// Adds values, in their own unit.
    pub fn values(
        &mut self,
        subject: &str,
        measure: &'static str,
        unit: &'static str,
        values: &Tally,
    ) {
        let row = self.add(subject, measure, unit);
        row.mean = values.mean();
        row.deviation = values.deviation();
        row.least = values.least();
        row.most = values.most();
        row.count = Some(values.count());
    }

    /// Adds a single number, such as a utilisation.
    pub fn number(
        &mut self,
        subject: &str,
        measure: &'static str,
        unit: &'static str,
        number: Option<f64>,
    ) {
        self.add(subject, measure, unit).mean = number;
    }

    /// Adds how often something happened.
    pub fn count(&mut self, subject: &str, measure: &'static str, count: u64) {
        self.add(subject, measure, "").count = Some(count);
    }
}

/// Up to three decimals, without those that say nothing.
fn shown(number: Option<f64>) -> String {
    let Some(number) = number else {
        return String::new();
    };
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

impl Row {
    fn cells(&self) -> [String; 8] {
        [
            self.subject.clone(),
            self.measure.to_string(),
            self.unit.to_string(),
            shown(self.mean),
            shown(self.deviation),
            shown(self.least),
            shown(self.most),
            self.count.map_or(String::new(), |count| count.to_string()),
        ]
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = [
            "subject",
            "measure",
            "unit",
            "mean",
            "deviation",
            "least",
            "most",
            "count",
        ];
        let mut lines = vec![heads.map(str::to_string)];
        lines.extend(self.rows.iter().map(Row::cells));
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
        let widths: [usize; 8] = std::array::from_fn(|column| width(column).unwrap_or(0));
        for line in &lines {
            let mut text = String::new();
            for (column, (cell, width)) in line.iter().zip(widths).enumerate() {
                let gap = if column == 0 { "" } else { "  " };
                // Words to the left, numbers to the right.
                if column < 3 {
                    write!(text, "{gap}{cell:width$}")?;
                } else {
                    write!(text, "{gap}{cell:>width$}")?;
                }
            }
            writeln!(f, "{}", text.trim_end())?;
        }
        Ok(())
    }
}
