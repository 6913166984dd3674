//! What a run says about itself.

use causeflow_engine::STREAM_STABILITY_VERSION;
use causeflow_engine::streams::play::{RunResult, StreamResult};
use causeflow_outputs::{
    FileEntry, GENERATOR_NAME, Generator, MANIFEST_VERSION, Manifest, StreamEntry,
};

use super::Job;
use crate::model::entry;
use crate::numbers::instant;
use crate::opening::Entities;

/// The manifest of a finished run.
pub fn manifest(
    job: &Job,
    result: &RunResult,
    entities: Entities,
    files: Vec<FileEntry>,
) -> Manifest {
    Manifest {
        fingerprint: result.fingerprint.to_string(),
        streams: streams(&result.streams),
        entities: entities.at_end,
        entities_start: entities.at_start,
        files,
        ..sources(job)
    }
}

/// What the manifest says about what a run is made from; what comes of it is left empty.
pub fn sources(job: &Job) -> Manifest {
    let (run, options) = (&job.run, job.options);
    let settings = &run.settings;
    Manifest {
        manifest_version: MANIFEST_VERSION,
        generator: Generator {
            name: GENERATOR_NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
        },
        stream_stability_version: STREAM_STABILITY_VERSION,
        model: entry(&run.model),
        seed: settings.seed,
        start: instant(settings.start),
        end: instant(settings.end),
        time_zone: run.program.zone.name().to_owned(),
        scale: settings.scale,
        cells: u32::from(run.program.cells),
        scenarios: run.interventions.scenario_entries(),
        events: run.interventions.event_entries(),
        external_events: run.interventions.external_events_entry(),
        version: None,
        baseline: job
            .baseline
            .as_ref()
            .map(crate::reference::Reference::entry),
        format: options.format(),
        compression: options.compression(),
        fingerprint: String::new(),
        streams: Vec::new(),
        left_out: run.left_out(),
        entities: Vec::new(),
        entities_start: Vec::new(),
        files: Vec::new(),
        digest: String::new(),
    }
}

/// The streams as a manifest lists them.
pub fn streams(results: &[StreamResult]) -> Vec<StreamEntry> {
    let entry = |stream: &StreamResult| StreamEntry {
        name: stream.name.clone(),
        rows: stream.rows,
        fingerprint: stream.fingerprint.to_string(),
    };
    results.iter().map(entry).collect()
}
