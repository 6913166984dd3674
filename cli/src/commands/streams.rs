//! `causeflow streams`: a model's streams at a glance.

use causeflow_models::{Model, StreamDef};
use serde_json::json;

use crate::errors::Failure;
use crate::output::{Align, Table, print, print_json, rough, some};
use crate::{interrupt, model, pilot};

/// Runs the command.
pub fn run(model: &str, json: bool) -> Result<(), Failure> {
    let model = model::load(model, json)?;
    interrupt::listen()?;
    let per_day = pilot::events_per_day(&model.compiled.program)?;
    if json {
        print_json(&as_json(&model, &per_day))
    } else {
        print(&as_text(&model, &per_day))
    }
}

/// Where a stream's events come from, in a few words each.
fn origins(definition: &StreamDef) -> Vec<String> {
    let mut origins = Vec::new();
    origins.extend(definition.source.as_ref().map(|_| "source".to_owned()));
    origins.extend(
        definition
            .timer
            .as_ref()
            .map(|timer| format!("every {}", timer.every.0)),
    );
    origins.extend(definition.causes.iter().map(|cause| cause.on.clone()));
    origins
}

/// The streams by domain, then by name.
fn sorted(model: &Model) -> Vec<usize> {
    let streams = &model.compiled.program.streams;
    let mut order: Vec<usize> = (0..streams.len()).collect();
    order.sort_by_key(|&s| (&streams[s].domain, &streams[s].name));
    order
}

fn fields(model: &Model, stream: usize) -> Vec<&str> {
    model.compiled.program.streams[stream]
        .fields
        .iter()
        .map(|(column, _)| column.name.as_str())
        .collect()
}

fn as_text(model: &Model, per_day: &[f64]) -> String {
    let program = &model.compiled.program;
    let mut table = Table::new(&[
        ("stream", Align::Left),
        ("domain", Align::Left),
        ("cadence", Align::Left),
        ("events/day", Align::Right),
        ("comes from", Align::Left),
        ("fields", Align::Left),
    ]);
    for s in sorted(model) {
        let stream = &program.streams[s];
        table.row([
            stream.name.clone(),
            stream.domain.clone(),
            stream.cadence.clone(),
            rough(per_day[s]),
            origins(&model.compiled.definitions[s]).join(", "),
            fields(model, s).join(", "),
        ]);
    }
    format!(
        "{}\n{}, about {} events a day: estimates at scale 1, from a small pilot run over the reference days.\n",
        table.render(0),
        some(program.streams.len(), "stream"),
        rough(per_day.iter().sum()),
    )
}

fn as_json(model: &Model, per_day: &[f64]) -> Vec<serde_json::Value> {
    let one = |s: usize| {
        let stream = &model.compiled.program.streams[s];
        json!({
            "name": stream.name,
            "domain": stream.domain,
            "cadence": stream.cadence,
            "description": stream.description,
            "expected_events_per_day": per_day[s],
            "origins": origins(&model.compiled.definitions[s]),
            "fields": fields(model, s),
        })
    };
    sorted(model).into_iter().map(one).collect()
}
