//! The first seed of a baseline as three files of JSON, for those who want to load all of it at once: the days hour by
//! hour, the statistics, the external events. Each tells where it is from, and has a digest over what it holds.

use causeflow_baselines::{Baseline, Pool, Resolution, Statistics, history, intervals};
use causeflow_engine::STREAM_STABILITY_VERSION;
use causeflow_engine::streams::play::{StreamResult, run as play};
use causeflow_engine::streams::sides::Side;
use causeflow_outputs::sink::{Document, Sink};
use causeflow_scenarios::{ExternalEvent, Plan, Request};
use serde_json::{Value, json};

use super::{Job, about};
use crate::control::Followed;
use crate::error::Error;
use crate::interventions::library;
use crate::numbers::{instant, json_line};
use crate::statistics_json;

/// Writes the three files.
pub fn write(
    job: &Job,
    sink: &mut dyn Sink,
    pool: &Pool,
    statistics: &[Statistics],
) -> Result<(), Error> {
    let program = &job.model.compiled.program;
    let range = job.settings.start..job.settings.end;
    let request = Request {
        without_timeline: !job.spec.timeline,
        ..Request::default()
    };
    let library = library(job.model, None)?;
    let plan = Plan::new(&library, program, &request, range, job.spec.seed)?;
    let mut bent = program.clone();
    plan.apply(&mut bent)?;
    let mut followed = Followed::silent(job.control);
    let mut note = |progress| followed.note(progress);
    let streams = play(bent, job.settings, None, &mut note)?.streams;
    let days = (job.settings.end - job.settings.start).days();
    let events = plan.external_events();
    let first = || std::iter::once(job.spec.seed);
    let mut write = |name: String, seeds: Value, data: Value, rows: usize| -> Result<(), Error> {
        Ok(sink.document(&Document {
            name: &name,
            text: &with_metadata(job, seeds, &data)?,
            rows: rows as u64,
        })?)
    };
    write(
        format!("baseline-full-{days}day.json"),
        about(job, first()),
        points(job, &streams, &Baseline::of(statistics)),
        streams.len(),
    )?;
    write(
        "baseline-statistics.json".to_owned(),
        about(job, pool.seeds()),
        statistics_json::short(statistics),
        statistics.len(),
    )?;
    write(
        format!("baseline-events-{days}day.json"),
        about(job, first()),
        events.iter().map(event).collect(),
        events.len(),
    )
}

/// A file's text: what it holds, after what tells where it is from. The digest is that of `data` as it stands there.
fn with_metadata(job: &Job, mut metadata: Value, data: &Value) -> Result<String, Error> {
    let data = json_line(data)?;
    let data = data.trim_end();
    metadata["generator"] = format!("causeflow {}", env!("CARGO_PKG_VERSION")).into();
    metadata["stream_stability_version"] = STREAM_STABILITY_VERSION.into();
    metadata["external_events"] = job.spec.timeline.into();
    metadata["checksum"] = format!("blake3:{}", blake3::hash(data.as_bytes()).to_hex()).into();
    let metadata = json_line(&metadata)?;
    Ok(format!(
        "{{\"metadata\":{},\n\"data\":{data}}}\n",
        metadata.trim_end()
    ))
}

/// Streams, and the hours of each.
fn points(job: &Job, streams: &[StreamResult], baseline: &Baseline) -> Value {
    let range = job.settings.start..job.settings.end;
    let program = &job.model.compiled.program;
    let intervals = intervals(&program.zone, program.weekend, &range, Resolution::Hour);
    let of_stream = |stream: &StreamResult| {
        let points = history(&stream.series, Side::FACTUAL, &intervals, |class| {
            baseline.expected(&stream.name, Resolution::Hour, class)
        });
        let points = intervals.iter().zip(&points).map(|(interval, point)| {
            json!({
                "timestamp": instant(interval.start()),
                "value": point.tally.count,
                "normalized": point.score.map(|score| (score * 10.0).round() / 10.0),
                "flag": point.flag.map(|flag| flag.name()),
            })
        });
        (stream.name.clone(), points.collect())
    };
    Value::Object(streams.iter().map(of_stream).collect())
}

fn event(event: &ExternalEvent) -> Value {
    json!({
        "id": event.id.0.to_string(),
        "timestamp": instant(event.time),
        "type": event.kind.name(),
        "title": event.title,
        "severity": event.severity.name(),
        "icon": event.icon,
        "impact": {
            "streams": event.streams,
            "direction": event.direction.name(),
            "magnitude": event.magnitude.name(),
            "delay_h": event.delay.days() * 24.0,
            "duration_h": event.duration.days() * 24.0,
        },
        "causal": event.is_causal,
    })
}
