//! Messages to those who look on, as texts.

use causeflow_engine::base::time::{Span, Time};
use causeflow_runs::live::{Anomaly, Past};
use serde_json::{Value, json};

/// An instant as RFC 3339 in UTC.
pub fn instant(time: Time) -> String {
    causeflow_runs::numbers::instant(time)
}

/// How the session stands.
pub fn state(past: &Past, now: Time) -> String {
    json!({ "type": "state", "state": past.state(now) }).to_string()
}

/// An interval that turned warning or critical.
pub fn anomaly(epoch: &str, anomaly: &Anomaly) -> String {
    json!({
        "type": "anomaly",
        "epoch": epoch,
        "stream": anomaly.stream,
        "interval_start": instant(anomaly.interval_start),
        "value": anomaly.value,
        "normalizedValue": anomaly.normalized_value,
        "anomalyFlag": anomaly.anomaly_flag,
    })
    .to_string()
}

/// What an hour has that it would not have without what was asked for.
pub fn difference(epoch: &str, hour: Time, streams: &Value) -> String {
    json!({
        "type": "twin:diff",
        "epoch": epoch,
        "from": instant(hour),
        "to": instant(hour + Span::HOUR),
        "streams": streams,
    })
    .to_string()
}
