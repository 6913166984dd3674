//! The history of a run, interval by interval.

use causeflow_baselines::{Ongoing, Resolution};
use causeflow_engine::base::time::{Span, Time};
use causeflow_outputs::SmallTable;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Columns, Finished};
use crate::error::{Error, Result};
use crate::numbers::as_instant;
use crate::run::instant;

/// An interval of a stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Point {
    /// The stream.
    #[serde(skip)]
    pub stream: String,
    /// Its beginning.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub interval_start: Time,
    /// Its length within the run.
    pub hours: f64,
    /// Events in it.
    pub count: u64,
    /// The sum of the field that history sums up, where the stream has one.
    pub value_sum: Option<f64>,
    /// The mean of that.
    pub value_mean: Option<f64>,
    /// How many events are usual.
    pub baseline_mean: Option<f64>,
    /// How far counts usually are from that.
    pub baseline_sigma: Option<f64>,
    /// From 0 to 100: how usual the count is.
    pub score: Option<f64>,
    /// `normal`, `warning` or `critical`.
    pub flag: Option<String>,
    /// What an alarm on the counts would say.
    pub alarm: Option<String>,
    /// Scenarios that go on.
    pub scenarios: Option<String>,
    /// External events that go on.
    pub external_events: Option<String>,
}

/// Points of a stream, as they are shown to programs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PointsShown {
    /// The stream.
    pub stream: String,
    /// In the order of time.
    pub points: Vec<Point>,
}

impl Finished {
    /// The points of one stream that lie in this time, be it with a part of their interval.
    ///
    /// # Errors
    /// When the run has no such stream, and as with [`history`](Self::history).
    pub fn history_of(
        &self,
        stream: &str,
        resolution: Resolution,
        (from, to): (Option<Time>, Option<Time>),
    ) -> Result<Vec<Point>> {
        self.check_stream(stream)?;
        let clock = self.clock()?;
        // Half days are those of the model's clocks, and have an hour more or less where these change.
        let (zone, half) = (clock.zone(), Span(12 * Span::HOUR.0));
        let end = |start: Time| match resolution {
            Resolution::HalfDay => zone.when_from(zone.reading(start).floor_to(half) + half, start),
            Resolution::Hour => start + Span::HOUR,
        };
        let mut points = self.history(resolution)?;
        points.retain(|point| {
            let start = point.interval_start;
            point.stream == stream
                && from.is_none_or(|from| end(start) > from)
                && to.is_none_or(|to| start < to)
        });
        Ok(points)
    }

    /// What goes on in the run, by the names that its history has, and for how long: scenarios until they have settled, external
    /// events for as long as an impact is to be expected.
    ///
    /// # Errors
    /// When the table of external events is damaged, and when the manifest was changed.
    pub fn ongoing(&self) -> Result<Vec<Ongoing>> {
        let manifest = self.manifest();
        let put_in = manifest.version.iter().flat_map(|v| &v.scenarios);
        let mut all = Vec::new();
        for scenario in manifest.scenarios.iter().chain(put_in) {
            all.push(Ongoing {
                name: scenario.attribution.clone(),
                start: instant("start", &scenario.start)?,
                end: instant("settled", &scenario.settled)?,
            });
        }
        for event in self.external_events()? {
            // An announcement of a scenario has a name of its own.
            let own = event.attribution.filter(|_| event.injected_by.is_none());
            let start = event.time + event.expected_delay;
            all.push(Ongoing {
                name: own.unwrap_or_else(|| format!("{}@{}", event.template, event.time)),
                start,
                end: start + event.expected_duration,
            });
        }
        Ok(all)
    }

    /// The points of all streams, stream by stream, in the order of time.
    ///
    /// # Errors
    /// When an earlier version of the program played the run, or the table is damaged.
    pub fn history(&self, resolution: Resolution) -> Result<Vec<Point>> {
        let name = match resolution {
            Resolution::HalfDay => "history",
            Resolution::Hour => "history_hourly",
        };
        let table = self.table(name)?.ok_or_else(|| {
            let folder = self.folder().display();
            Error::input(
                format!("{folder} has no table {name}: a version of causeflow played it that wrote no history"),
                "play it again",
            )
        })?;
        points(&table)
    }
}

fn points(table: &SmallTable) -> Result<Vec<Point>> {
    let columns = Columns(table);
    let (stream, start) = (columns.words("stream")?, columns.times("interval_start")?);
    let (hours, count) = (columns.numbers("hours")?, columns.counts("count")?);
    let (sum, mean) = (
        columns.numbers("value_sum")?,
        columns.numbers("value_mean")?,
    );
    let usual = columns.numbers("baseline_mean")?;
    let sigma = columns.numbers("baseline_sigma")?;
    let (score, flag) = (columns.numbers("score")?, columns.texts("flag")?);
    // Runs of earlier versions have none.
    let alarm = columns.texts("alarm");
    let alarm = alarm.unwrap_or_else(|_| vec![None; table.rows()]);
    let (scenarios, events) = (
        columns.texts("scenarios")?,
        columns.texts("external_events")?,
    );
    let points = (0..table.rows()).map(|row| Point {
        stream: stream[row].clone(),
        interval_start: start[row],
        hours: hours[row].unwrap_or_default(),
        count: count[row],
        value_sum: sum[row],
        value_mean: mean[row],
        baseline_mean: usual[row],
        baseline_sigma: sigma[row],
        score: score[row],
        flag: flag[row].clone(),
        alarm: alarm[row].clone(),
        scenarios: scenarios[row].clone(),
        external_events: events[row].clone(),
    });
    Ok(points.collect())
}
