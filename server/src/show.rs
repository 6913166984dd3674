//! Messages to those who look on, as texts.

use causeflow_engine::base::time::{Span, Time};
use causeflow_models::duration;
use causeflow_runs::live::{Anomaly, Past};
use serde_json::{Value, json};

/// An instant as RFC 3339 in UTC.
pub fn instant(time: Time) -> String {
    causeflow_runs::numbers::instant(time)
}

/// The time of a command, which may be said relative to now: `-1d`, `+2h`. Anything else is for the session to read.
pub fn moment(said: Option<String>, now: Time) -> String {
    let Some(said) = said else {
        return instant(now);
    };
    let text = said.trim();
    let span = |text: &str| duration(text.trim_start()).ok();
    let relative = match (text.strip_prefix('-'), text.strip_prefix('+')) {
        _ if text == "now" => Some(now),
        (Some(back), _) => span(back).map(|span| Time(now.0.saturating_sub(span.0))),
        (_, Some(on)) => span(on).map(|span| Time(now.0.saturating_add(span.0))),
        _ => None,
    };
    relative.map_or(said, instant)
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
