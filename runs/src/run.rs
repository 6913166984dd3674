//! All that it takes to play a run: from what is asked for, or from the manifest of a finished one, checked to be what that
//! was made from, so that playing it gives the same again.

use std::path::{Path, PathBuf};

use causeflow_engine::STREAM_STABILITY_VERSION;
use causeflow_engine::base::time::Time;
use causeflow_engine::streams::play::Player;
use causeflow_engine::streams::program::{Program, StreamId};
use causeflow_engine::streams::world::Settings;
use causeflow_models::{Diagnostics, Model};
use causeflow_outputs::{EventEntry, ExternalEventsEntry, Manifest, ScenarioEntry};
use causeflow_scenarios::definition::EventSeverity;
use causeflow_scenarios::{Activation, EventRequest, Library, Request};
use jiff::Timestamp;

use crate::control::Control;
use crate::error::{Advice, Error};
use crate::interventions::{self, Interventions, files};
use crate::spec::RunSpec;
use crate::{model, settings};

/// Where to find what a manifest only names: files of one's own, as they were given to `run`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sources<'a> {
    /// The model's folder; a built-in model needs none.
    pub model: Option<&'a str>,
    /// The folder of scenarios, if it was not the model's own.
    pub scenarios: Option<&'a Path>,
    /// The files of external events. Only their templates are used: which events happened stands in the manifest.
    pub events: &'a [PathBuf],
}

impl Sources<'_> {
    /// Whether there are any.
    pub fn are_given(&self) -> bool {
        self.model.is_some() || self.scenarios.is_some() || !self.events.is_empty()
    }
}

/// The folder of a run, of which a path names the folder or the manifest in it.
pub fn folder_of(place: &Path) -> &Path {
    match place.parent() {
        Some(parent) if place.is_file() => parent,
        _ => place,
    }
}

/// A checked model with settings, interventions and the program that they make of it.
pub struct Run {
    /// The model.
    pub model: Model,
    /// What is played of it.
    pub settings: Settings,
    /// What intervenes.
    pub interventions: Interventions,
    /// The model's program, bent by the interventions.
    pub program: Program,
    /// From when on rows are written: later than the start for a version of a window.
    pub from: Time,
}

impl Run {
    /// What is asked for. Everything that is wrong with its scenarios and events is told at once.
    ///
    /// # Errors
    /// When the model, the scenarios or the events have errors, or when they do not go with the rest.
    pub fn of(spec: &RunSpec, control: &dyn Control) -> Result<Run, Error> {
        let model = model::load_with(&spec.model, &spec.parameters, control)?;
        let base = &model.compiled.program;
        let settings = settings::settings(spec.seed, &spec.range(), &spec.streams, base, control)?;
        let interventions = Interventions::of(spec, &model, &settings, control)?;
        let program = interventions.bend(base)?;
        Ok(Run {
            from: settings.start,
            model,
            settings,
            interventions,
            program,
        })
    }

    /// What a finished run was made from. Whatever is not as it was then is refused.
    ///
    /// # Errors
    /// When the model, the scenarios or the events are not those of the run, or the manifest was changed.
    pub fn of_manifest(manifest: &Manifest, sources: Sources<'_>) -> Result<Run, Error> {
        check_stability(manifest)?;
        let model = model_of(manifest, sources.model)?;
        let program = &model.compiled.program;
        let written = settings_of(manifest, program)?;
        let library = library_of(manifest, &model, sources)?;
        let request = request_of(&manifest.scenarios, &manifest.events)?;
        let request = Request {
            without_timeline: !manifest.external_events.timeline,
            ..request
        };
        let mut settings = written.clone();
        if let Some(version) = &manifest.version {
            settings.start = instant("run_start", &version.run_start)?;
            settings.end = instant("run_end", &version.run_end)?;
        }
        let mut interventions =
            Interventions::planned(library, request, program, &settings, Vec::new())?;
        check_events(manifest, &interventions)?;
        if let Some(version) = &manifest.version {
            let request = request_of(&version.scenarios, &version.events)?;
            let window = instant("from", &version.from)?..instant("to", &version.to)?;
            settings.end = written.end;
            let (seed, until) = (settings.seed, settings.end);
            interventions = interventions.amended(program, seed, request, window, until)?;
        }
        let program = interventions.bend(program)?;
        Ok(Run {
            model,
            settings,
            interventions,
            program,
            from: written.start,
        })
    }

    /// What a manifest says that follows from what it asks for, played or not.
    pub(crate) fn sources(&self, manifest: &Manifest) -> Manifest {
        let model = &self.model;
        let (mut scenarios, events) = (
            self.interventions.scenario_entries(),
            self.interventions.event_entries(),
        );
        let mut version = manifest.version.clone();
        if let Some(version) = &mut version {
            version.scenarios = scenarios.split_off(manifest.scenarios.len().min(scenarios.len()));
        }
        let (events, put_in): (Vec<EventEntry>, Vec<EventEntry>) = match version {
            Some(_) => events
                .into_iter()
                .partition(|event| manifest.events.contains(event)),
            None => (events, Vec::new()),
        };
        if let Some(version) = &mut version {
            version.events = put_in;
        }
        Manifest {
            model: model::entry(model),
            time_zone: self.program.zone.name().to_owned(),
            cells: u32::from(self.program.cells),
            scenarios,
            events,
            external_events: ExternalEventsEntry {
                // A version's number is that of its run: it was compared when the recipe was made.
                number: match version {
                    Some(_) => manifest.external_events.number,
                    None => self.interventions.external_events_entry().number,
                },
                ..self.interventions.external_events_entry()
            },
            version,
            left_out: self.left_out(),
            ..manifest.clone()
        }
    }

    /// The streams that are not written.
    pub(crate) fn left_out(&self) -> Vec<String> {
        let written = self.settings.streams.as_ref();
        let written = |stream| written.is_none_or(|list| list.contains(&stream));
        let streams = StreamId::each(&self.program.streams);
        let left_out = streams.filter(|&(stream, _)| !written(stream));
        left_out.map(|(_, stream)| stream.name.clone()).collect()
    }

    /// The run at its beginning, with the rows that it has in its files, of all streams or of some.
    pub fn begin(&self, streams: Option<Vec<StreamId>>) -> Player {
        let settings = Settings {
            streams: streams.or_else(|| self.settings.streams.clone()),
            ..self.settings.clone()
        };
        let mut player = Player::new(self.program.clone(), &settings);
        // It has only begun, so it is not past that.
        let _ = player.write_from(self.from);
        player
    }
}

/// Refuses a run whose values this version of the program would not generate.
fn check_stability(manifest: &Manifest) -> Result<(), Error> {
    let (needed, ours) = (manifest.stream_stability_version, STREAM_STABILITY_VERSION);
    if needed == ours {
        return Ok(());
    }
    let generator = &manifest.generator;
    Err(Error::input(
        format!(
            "the run needs stream-stability version {needed}, and this program has version {ours}: it would generate \
             other values"
        ),
        format!(
            "use {} {}, which made the run, or another one with stream-stability version {needed}",
            generator.name, generator.version
        ),
    ))
}

/// The model of a manifest, down to its text.
pub(crate) fn model_of(manifest: &Manifest, given: Option<&str>) -> Result<Model, Error> {
    let entry = &manifest.model;
    let name = given.unwrap_or(&entry.name);
    if given.is_none() && causeflow_models::built_in(name).is_none() {
        return Err(Error::advised(
            format!("the run is of the model `{name}`, which is not built in"),
            &[Advice::Model],
        ));
    }
    let model = model::load_with(name, &entry.parameters, &())?;
    let found = &model.compiled.program.name;
    if *found != entry.name {
        return Err(Error::advised(
            format!(
                "the run is of the model `{}`, and {name} is the model `{found}`",
                entry.name
            ),
            &[Advice::Model],
        ));
    }
    let digest = model::digest_of(&model);
    if digest == entry.digest {
        return Ok(model);
    }
    let (message, help) = match given {
        Some(given) => (
            format!(
                "the files of the model in {given} are not those that the run was made from: their digest is {digest}, \
                 and the manifest says {}",
                entry.digest
            ),
            None,
        ),
        None => (
            format!(
                "the built-in model `{name}` is not the one that the run was made from: its digest is {digest}, and the \
                 manifest says {}",
                entry.digest
            ),
            Some(format!(
                "use {} {}, which made the run",
                manifest.generator.name, manifest.generator.version
            )),
        ),
    };
    Err(Error::wrong(message, help).advising(&[Advice::Model]))
}

/// The range, the scale and the streams of a manifest.
fn settings_of(manifest: &Manifest, program: &Program) -> Result<Settings, Error> {
    let (start, end) = (
        instant("start", &manifest.start)?,
        instant("end", &manifest.end)?,
    );
    if !settings::are_playable(&(start..end), manifest.scale, program) {
        return Err(changed(format!(
            "no run has the range from {} to {} and the scale {}",
            manifest.start, manifest.end, manifest.scale
        )));
    }
    let cells = u32::from(program.cells);
    if manifest.cells != cells {
        return Err(changed(format!(
            "it says {} cells, and the model has {cells}",
            manifest.cells
        )));
    }
    Ok(Settings {
        seed: manifest.seed,
        start,
        end,
        open_end: false,
        scale: manifest.scale,
        streams: streams_of(manifest, program)?,
    })
}

/// The streams that were written; `None` for all.
fn streams_of(manifest: &Manifest, program: &Program) -> Result<Option<Vec<StreamId>>, Error> {
    let stream = |name: &str| {
        let stream = program.stream(name);
        stream.ok_or_else(|| {
            changed(format!(
                "it lists the stream `{name}`, which the model does not have"
            ))
        })
    };
    let names = manifest.streams.iter().map(|stream| stream.name.as_str());
    let mut streams = names
        .map(stream)
        .collect::<Result<Vec<StreamId>, Error>>()?;
    streams.sort_unstable();
    streams.dedup();
    Ok((streams.len() < program.streams.len()).then_some(streams))
}

/// The scenarios and event templates of a manifest, down to their text.
fn library_of(manifest: &Manifest, model: &Model, sources: Sources<'_>) -> Result<Library, Error> {
    let mut library = interventions::library(model, sources.scenarios)?;
    for path in sources.events {
        library.add_events(&model.compiled.program, interventions::read(path)?)?;
    }
    let put_in = manifest
        .version
        .iter()
        .flat_map(|version| &version.scenarios);
    for entry in manifest.scenarios.iter().chain(put_in) {
        check_scenario(&library, entry, sources.scenarios)?;
    }
    Ok(library)
}

fn check_scenario(
    library: &Library,
    entry: &ScenarioEntry,
    folder: Option<&Path>,
) -> Result<(), Error> {
    let id = &entry.id;
    let known = library.scenarios().any(|scenario| scenario.id == *id);
    let digest = files::of_scenario(library, id);
    if known && digest == entry.digest {
        return Ok(());
    }
    // What is wrong with a scenario that does not work explains more than its digest.
    if !known && !library.problems_of(id).list.is_empty() {
        library.scenario(id)?;
    }
    let place = match folder {
        Some(folder) => folder.display().to_string(),
        None => "the model".to_owned(),
    };
    let message = match known {
        true => format!(
            "the scenario `{id}` of {place} is not the one of the run: its digest is {digest}, and the manifest says {}",
            entry.digest
        ),
        false => format!("the run has the scenario `{id}`, which {place} does not have"),
    };
    Err(Error::advised(message, &[Advice::Scenarios]))
}

/// Refuses event templates that are not those of then.
fn check_events(manifest: &Manifest, interventions: &Interventions) -> Result<(), Error> {
    let found = interventions.external_events_entry();
    let expected = &manifest.external_events;
    if (&found.digest, found.timeline) != (&expected.digest, expected.timeline) {
        let say = |digest: &Option<String>| digest.clone().unwrap_or_else(|| "none".to_owned());
        return Err(Error::advised(
            format!(
                "the templates of external events are not those of the run: their digest is {}, and the manifest says {}",
                say(&found.digest),
                say(&expected.digest)
            ),
            &[Advice::Events, Advice::Scenarios],
        ));
    }
    if found.number != expected.number {
        return Err(changed(format!(
            "it says {} external events, and what it asks for brings {}",
            expected.number, found.number
        )));
    }
    Ok(())
}

/// What was asked for.
fn request_of(scenarios: &[ScenarioEntry], events: &[EventEntry]) -> Result<Request, Error> {
    let activations = scenarios.iter().map(activation);
    let events = events.iter().map(event);
    Ok(Request {
        activations: activations.collect::<Result<_, Error>>()?,
        events: events.collect::<Result<_, Error>>()?,
        without_timeline: false,
    })
}

fn activation(entry: &ScenarioEntry) -> Result<Activation, Error> {
    let (start, end) = (instant("start", &entry.start)?, instant("end", &entry.end)?);
    if end <= start {
        return Err(changed(format!(
            "the scenario `{}` ends at {} and begins at {}",
            entry.id, entry.end, entry.start
        )));
    }
    Ok(Activation {
        scenario: entry.id.clone(),
        start,
        duration: Some(end - start),
    })
}

fn event(entry: &EventEntry) -> Result<EventRequest, Error> {
    let severity: Result<EventSeverity, _> = serde_json::from_value(entry.severity.as_str().into());
    let severity = severity.map_err(|_| {
        changed(format!(
            "`{}` is not the severity of an event",
            entry.severity
        ))
    })?;
    Ok(EventRequest {
        template: entry.template.clone(),
        at: entry.time.clone(),
        title: Some(entry.title.clone()),
        description: Some(entry.description.clone()),
        severity: Some(severity),
        causal: entry.causal,
        until: None,
    })
}

/// A time of a manifest.
pub(crate) fn instant(what: &str, text: &str) -> Result<Time, Error> {
    let instant: Result<Timestamp, _> = text.parse();
    let wrong = |_| changed(format!("its {what} `{text}` is not an instant"));
    Ok(Time(instant.map_err(wrong)?.as_microsecond()))
}

/// A manifest that says what no run can say.
pub(crate) fn changed(message: String) -> Error {
    Error::from(Diagnostics::general(
        format!("the manifest was changed: {message}"),
        Some("take it from a copy of the run, or play the run again".into()),
    ))
}
