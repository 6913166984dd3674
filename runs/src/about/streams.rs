//! A model's streams, and the built-in models, at a glance.

use causeflow_models::{BUILT_IN, Model, StreamDef};
use schemars::JsonSchema;
use serde::Serialize;

use super::one_line;
use crate::control::Control;
use crate::error::Error;
use crate::interventions::library;
use crate::model;
use crate::pilot::events_per_day;

/// A stream at a glance.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StreamShown {
    /// Its name.
    pub name: String,
    /// Its domain.
    pub domain: String,
    /// How often it is looked at.
    pub cadence: String,
    /// What it means.
    pub description: String,
    /// Whether its events are written when nobody says which streams are.
    pub written: bool,
    /// Events a day at scale 1, estimated.
    pub expected_events_per_day: f64,
    /// Where its events come from, in a few words each.
    pub origins: Vec<String>,
    /// Its own fields.
    pub fields: Vec<String>,
}

/// The streams of a model by domain, then by name.
///
/// # Errors
/// When it is cancelled, and what a pilot run fails with.
pub fn streams(model: &Model, control: &dyn Control) -> Result<Vec<StreamShown>, Error> {
    let per_day = events_per_day(&model.compiled.program, control)?;
    let streams = model.compiled.program.streams.iter();
    let defined = model.compiled.definitions.iter().zip(per_day);
    let mut shown: Vec<StreamShown> = streams
        .zip(defined)
        .map(|(stream, (definition, per_day))| StreamShown {
            name: stream.name.clone(),
            domain: stream.domain.clone(),
            cadence: stream.cadence.clone(),
            description: stream.description.clone(),
            written: stream.written,
            expected_events_per_day: per_day,
            origins: origins(definition),
            fields: stream
                .fields
                .iter()
                .map(|(column, _)| column.name.clone())
                .collect(),
        })
        .collect();
    shown.sort_by(|a, b| (&a.domain, &a.name).cmp(&(&b.domain, &b.name)));
    Ok(shown)
}

/// Where a stream's events come from.
fn origins(definition: &StreamDef) -> Vec<String> {
    let source = definition.source.as_ref().map(|_| "source".to_owned());
    let timer = definition.timer.as_ref();
    let timer = timer.map(|timer| format!("every {}", timer.every.0));
    let causes = definition.causes.iter().map(|cause| cause.on.clone());
    source.into_iter().chain(timer).chain(causes).collect()
}

/// A built-in model at a glance.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ModelShown {
    /// Its name.
    pub name: String,
    /// How many streams it has.
    pub streams: usize,
    /// How many scenarios.
    pub scenarios: usize,
    /// What it is.
    pub description: String,
    /// A digest over its text files.
    pub digest: String,
}

/// The built-in models.
///
/// # Errors
/// None that a model could do something about.
pub fn models() -> Result<Vec<ModelShown>, Error> {
    let shown = |(name, _): &(&str, _)| {
        let model = model::load(name, &())?;
        Ok(ModelShown {
            name: (*name).to_owned(),
            streams: model.compiled.program.streams.len(),
            scenarios: library(&model, None)?.scenarios().count(),
            description: one_line(&model.compiled.description),
            digest: model::digest(&model.files),
        })
    };
    BUILT_IN.iter().map(shown).collect()
}
