//! The history of a run, and its statistics.

use causeflow_baselines::{
    Baseline, Class, Ongoing, Pool, Resolution, Statistics, StreamHistory, intervals, of_history,
    of_statistics,
};
use causeflow_engine::streams::play::{RunResult, StreamResult};
use causeflow_engine::streams::program::Program;
use causeflow_outputs::sink::{Document, Sink};
use causeflow_outputs::{Generator, Manifest, VersionEntry};
use causeflow_scenarios::Plan;
use causeflow_scenarios::effects::causes;
use serde_json::{Value, json};

use crate::error::Error;
use crate::interventions::{Interventions, too_many};
use crate::numbers::json_line;
use crate::statistics_json;
use crate::tables::write_with_rows;

/// The file with statistics as JSON.
pub const STATISTICS: &str = "statistics.json";

/// What the history of a run is scored against, and what its statistics say that they are of.
#[derive(Clone, Copy)]
pub struct Scoring<'a> {
    /// Nothing for the run's own untouched side.
    pub baseline: Option<&'a Baseline>,
    /// The manifest of the run, as far as it is known before it is over.
    pub of: &'a Manifest,
}

/// What statistics say that they are of, which the manifest says, too: neither can be edited without the other.
pub fn origin(of: &Manifest) -> Value {
    let Generator { name, version } = &of.generator;
    let mut origin = json!({
        "generator": {"name": name, "version": version},
        "model": of.model.name,
        "model_digest": of.model.digest,
        "seeds": [of.seed.to_string()],
        "start": of.start,
        "end": of.end,
        "scale": of.scale,
    });
    if let Some(VersionEntry { from, to, .. }) = &of.version {
        origin["version"] = json!({"from": from, "to": to});
    }
    origin
}

/// Hands over history by half days and by hours, and statistics as a table and as JSON.
pub fn write(
    sink: &mut dyn Sink,
    result: &RunResult,
    (interventions, plan): (&Interventions, &Plan),
    scoring: Scoring<'_>,
) -> Result<(), Error> {
    let (world, program) = (&result.world, &result.world.program);
    let range = world.written_from()..world.end;
    let pool = Pool::of_run(
        &program.zone,
        program.weekend,
        &range,
        world.seed,
        &result.streams,
    );
    let statistics = pool.statistics();
    let own;
    let baseline = match scoring.baseline {
        Some(baseline) => baseline,
        None => {
            own = Baseline::of(&statistics);
            &own
        }
    };
    let (scenarios, events) = ongoing(interventions, plan, program);
    for resolution in Resolution::ALL {
        let intervals = intervals(&program.zone, program.weekend, &range, resolution);
        let streams = result.streams.iter().map(|stream| StreamHistory {
            stream: &stream.name,
            has_value: has_value(program, stream),
            series: &stream.series,
            expected: Class::all(resolution)
                .filter_map(|class| {
                    let expected = baseline.expected(&stream.name, resolution, class);
                    Some((class, expected?))
                })
                .collect(),
        });
        let streams: Vec<StreamHistory<'_>> = streams.collect();
        let tables = of_history(resolution, &intervals, &streams, &scenarios, &events);
        write_with_rows(sink, tables.ok_or_else(too_many)?)?;
    }
    let tables = of_statistics(&statistics).ok_or_else(too_many)?;
    write_with_rows(sink, tables)?;
    write_statistics(sink, scoring, &statistics)
}

fn write_statistics(
    sink: &mut dyn Sink,
    scoring: Scoring<'_>,
    statistics: &[Statistics],
) -> Result<(), Error> {
    let mut value = origin(scoring.of);
    value["streams"] = statistics_json::full(statistics);
    Ok(sink.document(&Document {
        name: STATISTICS,
        text: &json_line(&value)?,
        rows: statistics.len() as u64,
    })?)
}

fn has_value(program: &Program, result: &StreamResult) -> bool {
    let stream = program.stream(&result.name);
    stream.is_some_and(|stream| program.streams[stream].value.is_some())
}

/// What goes on and when: scenarios until they have settled and released what they held back, and external events for as
/// long as an impact is to be expected, whether or not they have one.
pub(crate) fn ongoing(
    interventions: &Interventions,
    plan: &Plan,
    program: &Program,
) -> (Vec<Ongoing>, Vec<Ongoing>) {
    let scenarios = interventions.scheduled().into_iter();
    let scenarios = scenarios.map(|one| Ongoing {
        name: one.activation.to_string(),
        start: one.activation.start,
        end: one.settled,
    });
    let causes = causes(plan, program).into_iter();
    let events = causes.filter(|cause| cause.kind == "external_event");
    let events = events.map(|event| Ongoing {
        name: event.name,
        start: event.window.0,
        end: event.window.1,
    });
    (scenarios.collect(), events.collect())
}
