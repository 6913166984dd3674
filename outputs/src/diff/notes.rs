//! Whether two runs can be compared, and what a reader of the result should know about them.

use crate::error::Error;
use crate::manifest::Manifest;
use crate::read::FinishedRun;
use std::fmt::Display;

/// What differs between the runs besides their events, in sentences.
///
/// # Errors
/// [`Error::Input`] when the runs are of different models.
pub(super) fn notes(a: &FinishedRun, b: &FinishedRun) -> Result<Vec<String>, Error> {
    let (ma, mb) = (a.manifest(), b.manifest());
    if ma.model.name != mb.model.name {
        let message = format!(
            "is a run of the model `{}`, and {} is one of `{}`: compare two runs of the same model",
            ma.model.name,
            b.folder().display(),
            mb.model.name
        );
        return Err(Error::input(a.folder(), message));
    }
    let mut notes = Vec::new();
    let mut note = |what: &str, a: &dyn Display, b: &dyn Display, meaning: &str| {
        let (a, b) = (a.to_string(), b.to_string());
        if a != b {
            notes.push(format!("{what}: {a} in A, {b} in B; {meaning}"));
        }
    };
    note(
        "the seeds differ",
        &ma.seed,
        &mb.seed,
        "no event is in both",
    );
    note(
        "the runs start at different times",
        &ma.start,
        &mb.start,
        "what lies outside of one of them counts as added or removed",
    );
    note(
        "the runs end at different times",
        &ma.end,
        &mb.end,
        "what lies outside of one of them counts as added or removed",
    );
    note(
        "the scales differ",
        &ma.scale,
        &mb.scale,
        "most events differ for that reason alone",
    );
    note(
        "the numbers of cells differ",
        &ma.cells,
        &mb.cells,
        "most events differ for that reason alone",
    );
    note(
        "the versions of generated values differ",
        &ma.stream_stability_version,
        &mb.stream_stability_version,
        "events may differ for that reason alone",
    );
    note(
        "the scenarios differ",
        &scenarios(ma),
        &scenarios(mb),
        "the differences are their effect",
    );
    note(
        "the external events that were asked for differ",
        &events(ma),
        &events(mb),
        "the differences are their effect",
    );
    note(
        "external events that come by themselves",
        &timeline(ma),
        &timeline(mb),
        "their effect is among the differences",
    );
    if ma.model.digest != mb.model.digest {
        notes.push("the files of the model differ: its edits are part of the effect".to_owned());
    }
    Ok(notes)
}

fn scenarios(manifest: &Manifest) -> String {
    list(scenario_names(manifest).into_iter())
}

fn scenario_names(manifest: &Manifest) -> Vec<String> {
    let put_in = manifest
        .version
        .iter()
        .flat_map(|version| &version.scenarios);
    let scenarios = manifest.scenarios.iter().chain(put_in);
    scenarios
        .map(|scenario| scenario.attribution.clone())
        .collect()
}

fn events(manifest: &Manifest) -> String {
    list(event_names(manifest).into_iter())
}

fn event_names(manifest: &Manifest) -> Vec<String> {
    let put_in = manifest.version.iter().flat_map(|version| &version.events);
    let events = manifest.events.iter().chain(put_in);
    events
        .map(|event| format!("{}@{}", event.template, event.time))
        .collect()
}

fn timeline(manifest: &Manifest) -> &'static str {
    match manifest.external_events.timeline {
        true => "some",
        false => "none",
    }
}

fn list(names: impl Iterator<Item = String>) -> String {
    let names: Vec<String> = names.collect();
    match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    }
}
