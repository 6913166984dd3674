//! Statistics as JSON: all of them for a run, the gist for a baseline's reader.

use causeflow_baselines::{Figures, OfResolution, Season, Statistics};
use serde_json::{Map, Value, json};

/// All statistics, by stream.
pub fn full(all: &[Statistics]) -> Value {
    let stream = |one: &Statistics| {
        let mut value = head(one);
        for of in &one.resolutions {
            value[of.resolution.name()] = resolution(of);
        }
        (one.stream.clone(), value)
    };
    Value::Object(all.iter().map(stream).collect())
}

/// The same by half days only, in four digits.
pub fn short(all: &[Statistics]) -> Value {
    let stream = |one: &Statistics| {
        let mut value = head(one);
        let [half_days, _] = &one.resolutions;
        value[half_days.resolution.name()] = resolution(half_days);
        (one.stream.clone(), rounded(value))
    };
    Value::Object(all.iter().map(stream).collect())
}

/// What does not depend on the length of intervals.
fn head(one: &Statistics) -> Value {
    let share = one
        .trend
        .zip(one.per_day.filter(|per_day| *per_day > 0.0))
        .map(|(trend, per_day)| trend.per_month / per_day);
    let shape = |season: &Option<Season>| season.as_ref().map(|season| season.shape.clone());
    json!({
        "mean_per_day": one.per_day,
        "trend_per_month": one.trend.map(|trend| trend.per_month),
        "trend_std_error": one.trend.and_then(|trend| trend.standard_error),
        "trend_share_per_month": share,
        "daily_strength": one.day.as_ref().map(|season| season.strength),
        "weekly_strength": one.week.as_ref().map(|season| season.strength),
        "shape_of_day": shape(&one.day),
        "shape_of_week": shape(&one.week),
    })
}

fn resolution(of: &OfResolution) -> Value {
    let classes = of.classes.iter();
    let classes: Map<String, Value> = classes
        .map(|(class, f)| (class.name(of.resolution), figures(f, true)))
        .collect();
    json!({
        "weekday_mean": of.weekday_mean,
        "weekend_mean": of.weekend_mean,
        "daily_strength": of.daily_strength,
        "all": of.all.as_ref().map(|f| figures(f, false)),
        "classes": classes,
    })
}

fn figures(figures: &Figures, scored: bool) -> Value {
    let summary = &figures.summary;
    let mut value = json!({
        "intervals": summary.count(),
        "mean": summary.mean,
        "median": summary.quantile(0.5),
        "std_dev": summary.std_dev,
        "min": summary.min(),
        "max": summary.max(),
        "p25": summary.quantile(0.25),
        "p50": summary.quantile(0.5),
        "p75": summary.quantile(0.75),
        "p90": summary.quantile(0.9),
        "p95": summary.quantile(0.95),
    });
    if scored {
        value["sigma"] = figures.sigma.into();
    }
    value
}

/// Numbers in four digits, whole ones as such.
fn rounded(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let text = number.as_f64().map(|number| format!("{number:.3e}"));
            let short = text
                .and_then(|text| text.parse::<f64>().ok())
                .unwrap_or(0.0);
            match short.fract() == 0.0 && short.abs() < 1e15 {
                true => json!(short as i64),
                false => json!(short),
            }
        }
        Value::Array(values) => values.into_iter().map(rounded).collect(),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(k, v)| (k, rounded(v))).collect())
        }
        other => other,
    }
}
