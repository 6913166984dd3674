//! Shapes of what is written as JSON at once, for the descriptions of the endpoints and of the messages.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// An event, as all doors tell it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventTold {
    /// Its number, from 1.
    pub seq: u64,
    /// The stream.
    pub stream: String,
    /// When it happens, RFC 3339 in UTC.
    pub timestamp: String,
    /// The row, as `run` writes it as JSON: ids of 64 bits are texts. What it has depends on the stream: see its columns.
    pub data: BTreeMap<String, Value>,
    /// The score of its stream's last whole hour, 0 to 100, 50 being the mean; where it is known and the event is not of long ago.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normalized_value: Option<f64>,
    /// `normal`, `warning` or `critical`, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anomaly_flag: Option<String>,
}

/// A column of a stream.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnShown {
    /// Its name.
    pub name: String,
    /// Its type.
    pub r#type: String,
    /// The unit, if it has one.
    pub unit: Option<String>,
    /// What it means, where that is said.
    pub description: Option<String>,
    /// Whether it may be missing.
    pub nullable: bool,
}

/// How a stream differs from its twin in an hour.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HourDifference {
    /// The stream.
    pub stream: String,
    /// Events that the twin does not have, or not at this time.
    pub added: u64,
    /// Events that only the twin has.
    pub removed: u64,
    /// Events with other values.
    pub changed: u64,
}

/// What is usual, by stream.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SessionStatistics(pub BTreeMap<String, StreamStatistics>);

/// What is usual in a stream.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamStatistics {
    /// Events a day.
    pub mean_per_day: Option<f64>,
    /// By how many events a day that grows in a month.
    pub trend_per_month: Option<f64>,
    /// The standard error of that.
    pub trend_std_error: Option<f64>,
    /// The same growth as a share of the mean.
    pub trend_share_per_month: Option<f64>,
    /// How much of what varies the hour of the day explains, 0 to 1.
    pub daily_strength: Option<f64>,
    /// The same of the day of the week.
    pub weekly_strength: Option<f64>,
    /// How the hours of a day lie about their mean.
    pub shape_of_day: Option<Vec<f64>>,
    /// How the days of a week lie about theirs.
    pub shape_of_week: Option<Vec<f64>>,
    /// By half days.
    #[serde(rename = "12h")]
    pub half_days: ResolutionStatistics,
    /// By hours.
    #[serde(rename = "1h")]
    pub hours: ResolutionStatistics,
}

/// What is usual in a stream's intervals of one length.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolutionStatistics {
    /// Events in those of weekdays.
    pub weekday_mean: Option<f64>,
    /// Events in those of weekends.
    pub weekend_mean: Option<f64>,
    /// How much of what varies the time of the day explains, 0 to 1.
    pub daily_strength: Option<f64>,
    /// All of them.
    pub all: Option<IntervalFigures>,
    /// By the kind of interval that they are scored by, such as the same hour of weekdays.
    pub classes: BTreeMap<String, IntervalFigures>,
}

/// Events in intervals of a kind.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct IntervalFigures {
    /// How many there have been.
    pub intervals: u64,
    /// Their mean.
    pub mean: f64,
    /// Their median.
    pub median: Option<f64>,
    /// Their standard deviation.
    pub std_dev: Option<f64>,
    /// The least.
    pub min: Option<f64>,
    /// The most.
    pub max: Option<f64>,
    /// A quarter has less.
    pub p25: Option<f64>,
    /// Half of them have less.
    pub p50: Option<f64>,
    /// Three quarters have less.
    pub p75: Option<f64>,
    /// Nine of ten have less.
    pub p90: Option<f64>,
    /// Nineteen of twenty have less.
    pub p95: Option<f64>,
    /// What scores are counted in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sigma: Option<f64>,
}
