//! Plays a run again from its manifest and says whether it is the same.

use std::path::Path;

use causeflow_engine::streams::play::RunResult;
use causeflow_outputs::diff::{Diff, Event};
use causeflow_outputs::sink::Files;
use causeflow_outputs::{Compression, EventRow, FinishedRun, Format, Manifest, Options, rfc3339};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::control::{Control, Part};
use crate::error::Error;
use crate::expected::{self, Wrong};
use crate::finished::{Finished, Lineage};
use crate::job::stream_entries;
use crate::run::{Run, Sources, folder_of};
use crate::session::Session;
use crate::tables::write_streams;
use crate::verify::Found;

mod tables;

/// What playing a run again came to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Replayed {
    /// Whether all is as the manifest says.
    pub identical: bool,
    /// The manifest, as it was named.
    pub manifest: String,
    /// The model's name.
    pub model: String,
    /// The seed, as a decimal string.
    pub seed: String,
    /// The first instant of the run.
    pub start: String,
    /// The first instant after it.
    pub end: String,
    /// The share of the model's population and traffic.
    pub scale: f64,
    /// How many streams it has.
    pub streams: usize,
    /// How many rows were played.
    pub rows: u64,
    /// The fingerprint that the manifest names.
    pub fingerprint: String,
    /// The one that the run has now.
    pub replayed_fingerprint: String,
    /// Streams whose rows are not those that the manifest names.
    pub differing: Vec<Differing>,
    /// The first event that differs, if the files of the run can tell.
    pub event: Option<First>,
    /// What else is not as it should be.
    pub findings: Vec<Checked>,
    /// Why the files cannot tell which event differs.
    pub note: Option<String>,
    /// How many scenarios the run has.
    #[serde(skip)]
    pub scenarios: usize,
    /// How many external events.
    #[serde(skip)]
    pub external_events: usize,
}

/// A stream whose rows are not those that the manifest names.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Differing {
    /// Its name.
    pub name: String,
    /// The rows that the manifest names.
    pub rows: u64,
    /// The digest over them.
    pub fingerprint: String,
    /// The rows that were played.
    pub replayed_rows: u64,
    /// The digest over them.
    pub replayed_fingerprint: String,
}

/// The first event that differs, in the files of the run and played again.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct First {
    /// Its stream.
    pub stream: String,
    /// Its id.
    pub event_id: String,
    /// How many events differ altogether.
    pub differing_events: u64,
    /// The file that it is in, if it is in one.
    pub file: Option<String>,
    /// Its row there, from 0.
    pub row: Option<u64>,
    /// Its columns there.
    pub in_files: Option<Map<String, Value>>,
    /// Its columns as they were played again, if it was.
    pub replayed: Option<Map<String, Value>>,
    /// Its causes, the direct one first.
    pub causes: Vec<Cause>,
    /// The cause at which the chain leaves the files.
    pub missing_cause: Option<String>,
}

/// A cause of an event.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Cause {
    /// Its stream.
    pub stream: String,
    /// Its id.
    pub event_id: String,
    /// When it took place.
    pub time: String,
    /// Who made or changed it.
    pub attribution: Option<String>,
}

/// Something that is not as it should be, and which check found it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Checked {
    /// What and where.
    #[serde(flatten)]
    pub found: Found,
    /// The check.
    pub check: String,
    /// The same for people.
    #[serde(skip)]
    pub what: String,
}

/// Plays a run again, on the threads of the current rayon pool; `place` is its folder or its manifest, and `baseline` the one
/// that it was scored against, if it was.
///
/// # Errors
/// When the run is not what its manifest says, when a source or the baseline does not fit, and when it is cancelled.
pub fn replay(
    place: &Path,
    sources: Sources<'_>,
    baseline: Option<&Path>,
    control: &dyn Control,
) -> Result<Replayed, Error> {
    let manifest = Manifest::read(place)?;
    let run = Run::of_manifest(&manifest, sources)?;
    let replay = Replay {
        place,
        sources,
        baseline,
        control,
        manifest: &manifest,
        run: &run,
    };
    let Compared {
        result,
        differing,
        found,
        wrong,
    } = replay.compare()?;
    let (event, note) = match found {
        None => (None, None),
        Some(Ok(first)) => (Some(first), None),
        Some(Err(why)) => (None, Some(why)),
    };
    let replayed_fingerprint = result.fingerprint.to_string();
    Ok(Replayed {
        identical: differing.is_empty()
            && replayed_fingerprint == manifest.fingerprint
            && wrong.is_empty(),
        manifest: place.display().to_string(),
        seed: manifest.seed.to_string(),
        scale: manifest.scale,
        streams: manifest.streams.len(),
        rows: result.streams.iter().map(|stream| stream.rows).sum(),
        replayed_fingerprint,
        differing,
        event,
        findings: wrong.iter().map(Checked::of).collect(),
        note,
        scenarios: run.interventions.activations.len(),
        external_events: run.interventions.plan.external_events().len(),
        model: manifest.model.name,
        start: manifest.start,
        end: manifest.end,
        fingerprint: manifest.fingerprint,
    })
}

impl Replayed {
    /// Fails if it is not the same.
    ///
    /// # Errors
    /// Of the kind [`Difference`](crate::Kind::Difference).
    pub fn check(&self) -> Result<(), Error> {
        match self.identical {
            true => Ok(()),
            false => Err(Error::difference("the run is not the same")),
        }
    }
}

impl Checked {
    fn of((check, finding): &Wrong) -> Checked {
        Checked {
            found: Found::of(finding),
            check: check.name().to_owned(),
            what: check.what().to_owned(),
        }
    }
}

impl First {
    fn of(event: &Event<'_>, differing: u64, lineage: &Lineage, versions: Versions) -> First {
        let [written, replayed] = versions;
        let columns = |row: Option<&EventRow>| row.map(|row| row.columns.iter().cloned().collect());
        First {
            stream: event.stream.to_owned(),
            event_id: event.event_id.to_string(),
            differing_events: differing,
            file: written.as_ref().map(|row| row.file.clone()),
            row: written.as_ref().map(|row| row.row),
            in_files: columns(written.as_ref()),
            replayed: columns(replayed.as_ref()),
            causes: lineage.causes.iter().map(Cause::of).collect(),
            missing_cause: lineage.lost.map(|id| id.to_string()),
        }
    }
}

impl Cause {
    fn of(row: &EventRow) -> Cause {
        // The first column of every stream.
        let id = row.columns.first().map(|(_, value)| match value {
            Value::String(id) => id.clone(),
            other => other.to_string(),
        });
        Cause {
            stream: row.stream.clone(),
            event_id: id.unwrap_or_default(),
            time: rfc3339(row.time_us).unwrap_or_else(|| format!("{} µs", row.time_us)),
            attribution: row.attribution.clone(),
        }
    }
}

/// An event in the files and played again.
type Versions = [Option<EventRow>; 2];

/// The first event that differs, or why the files of the run cannot tell.
type Told = std::result::Result<First, String>;

/// A run that was played again, held against its manifest.
struct Compared {
    /// What was played.
    result: RunResult,
    /// The streams that differ.
    differing: Vec<Differing>,
    /// What the files say about these.
    found: Option<Told>,
    /// What else is wrong.
    wrong: Vec<Wrong>,
}

struct Replay<'a> {
    place: &'a Path,
    sources: Sources<'a>,
    baseline: Option<&'a Path>,
    control: &'a dyn Control,
    manifest: &'a Manifest,
    run: &'a Run,
}

impl Replay<'_> {
    /// Plays without writing events, and once more with the streams that differ, if there are any.
    fn compare(&self) -> Result<Compared, Error> {
        let place = expected::temporary()?;
        let (mut result, written) = tables::play(self, place.path())?;
        let differing = differing(self.manifest, &result);
        let wrong = tables::compare(self, &mut result, written)?;
        let found = match differing.is_empty() {
            true => None,
            false => Some(self.look_up(&differing)?),
        };
        Ok(Compared {
            result,
            differing,
            found,
            wrong,
        })
    }

    /// Finds the first event that differs, if the files of the run are there.
    fn look_up(&self, differing: &[Differing]) -> Result<Told, Error> {
        let folder = folder_of(self.place);
        let missing = self.manifest.files.iter().find(|file| {
            let stream = file.path.strip_prefix("events/stream=");
            let stream = stream.and_then(|rest| rest.split('/').next());
            stream.is_some_and(|name| differing.iter().any(|one| one.name == name))
                && !folder.join(&file.path).is_file()
        });
        if let Some(missing) = missing {
            return Ok(Err(format!(
                "the files of the run are not there to look up which events: {} is missing",
                folder.join(&missing.path).display()
            )));
        }
        let place = expected::temporary()?;
        let replayed = self.write(place.path(), differing)?;
        let written = match Finished::open(folder) {
            Ok(run) => run,
            Err(error) => return Ok(Err(error.to_string())),
        };
        self.first(&written, &replayed, differing)
    }

    /// Plays again and writes the streams that differ to a temporary folder.
    fn write(&self, place: &Path, differing: &[Differing]) -> Result<Finished, Error> {
        let program = &self.run.program;
        let streams = differing.iter().filter_map(|one| program.stream(&one.name));
        let player = self.run.begin(Some(streams.collect()));
        let options = Options::new(Format::Parquet, Some(Compression::Zstd))?;
        let session = Session::new(player, Part::Differing, self.control);
        let mut files = Files::below(place, options);
        let (result, _) = write_streams(&mut files, session, self.manifest)?;
        let manifest = Manifest {
            streams: stream_entries(&result.streams),
            files: files.into_files(),
            format: options.format(),
            compression: options.compression(),
            ..self.manifest.clone()
        };
        Ok(FinishedRun::written(place, manifest)?.into())
    }

    fn first(
        &self,
        written: &Finished,
        replayed: &Finished,
        differing: &[Differing],
    ) -> Result<Told, Error> {
        let wanted = |stream: &str| differing.iter().any(|one| one.name == stream);
        let compared =
            Diff::compare_while(written, replayed, &wanted, &|| !self.control.cancelled());
        let diff = match compared {
            Ok(Some(diff)) => diff,
            Ok(None) => return Err(Error::interrupted()),
            // Files that are damaged tell nothing about single events, and the error says which.
            Err(error) => return Ok(Err(error.to_string())),
        };
        let when = |event: &Event<'_>| {
            let times = event.time_us.into_iter().chain(event.twin_time_us);
            (times.min(), event.event_id)
        };
        let events = diff.streams.iter().flat_map(|stream| stream.events());
        let Some(first) = events.min_by_key(when) else {
            return Ok(Err(
                "the rows in the files are those that were played again, so the manifest was changed and not the files"
                    .to_owned(),
            ));
        };
        let (stream, id) = (first.stream, first.event_id);
        let versions = [written.event(stream, id)?, replayed.event(stream, id)?];
        let [in_files, again] = &versions;
        // What was played again is believed, if it is there.
        let event = again.as_ref().or(in_files.as_ref());
        let lineage = Lineage::of(&self.run.program, &[replayed, written], event)?;
        let differing = diff.counts().total();
        Ok(Ok(First::of(&first, differing, &lineage, versions)))
    }
}

/// The streams whose rows are not those that the manifest names.
fn differing(manifest: &Manifest, result: &RunResult) -> Vec<Differing> {
    let found = stream_entries(&result.streams);
    let expected = manifest.streams.iter();
    let differing = expected.filter_map(|expected| {
        // Only the manifest's streams were played.
        let found = found.iter().find(|found| found.name == expected.name)?;
        (found != expected).then(|| Differing {
            name: expected.name.clone(),
            rows: expected.rows,
            fingerprint: expected.fingerprint.clone(),
            replayed_rows: found.rows,
            replayed_fingerprint: found.fingerprint.clone(),
        })
    });
    differing.collect()
}
