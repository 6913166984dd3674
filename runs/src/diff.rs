//! What differs between two finished runs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use causeflow_models::suggestion;
use causeflow_outputs::diff::{Counts, Diff, Event, StreamDiff, Via};
use causeflow_outputs::sink::Files;
use causeflow_outputs::{FileEntry, FinishedRun, Format, Options, RunFolder, rfc3339};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::control::{Control, check};
use crate::error::{Advice, Error};
use crate::finished::Finished;
use crate::interventions::reach::Reach;
use crate::job::StreamDifference;
use crate::run::instant;
use crate::settings::matches;
use crate::versions;

/// Two runs to be compared.
#[derive(Clone, Debug, Default)]
pub struct Pair {
    /// The folder of the first, A.
    pub a: PathBuf,
    /// The folder of the second, B.
    pub b: Option<PathBuf>,
    /// In place of B: a version of a part of A, which is compared with what A has there.
    pub version: Option<String>,
    /// Patterns of the names of streams to be compared; all without any.
    pub streams: Vec<String>,
    /// The new folder to write the events that differ to.
    pub out: Option<PathBuf>,
}

/// Two runs that have been compared.
pub struct Comparison {
    /// A, or the version.
    pub a: Finished,
    /// B, or the part of the run that the version is of.
    pub b: Finished,
    /// What differs.
    pub diff: Diff,
    /// The files that were written.
    pub files: Vec<FileEntry>,
    out: Option<PathBuf>,
}

/// What a comparison came to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Compared {
    /// Whether no event differs.
    pub identical: bool,
    /// The model's name.
    pub model: String,
    /// The first run.
    pub a: ComparedRun,
    /// The second.
    pub b: ComparedRun,
    /// What is to be known about the two.
    pub notes: Vec<String>,
    /// The streams in which events differ.
    pub streams: Vec<StreamDifference>,
    /// Those in which none does.
    pub identical_streams: Vec<String>,
    /// Those that only one of the runs has files of.
    pub left_out_streams: Vec<String>,
    /// The first events that differ.
    pub events: Vec<DifferingEvent>,
    /// The folder that they were written to.
    pub out: Option<String>,
    /// How many files that has.
    pub files: usize,
    /// Events of all streams that differ.
    #[serde(flatten)]
    pub counts: Counts,
    /// The same by hour, if it is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hours: Option<Vec<HourDifference>>,
}

/// One of two runs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ComparedRun {
    /// Its folder.
    pub path: String,
    /// Its seed, as a decimal string.
    pub seed: String,
    /// Its first instant.
    pub start: String,
    /// The first instant after it.
    pub end: String,
    /// The share of the model's population and traffic.
    pub scale: f64,
    /// A digest over the model's text files.
    pub model_digest: String,
    /// A digest over its rows.
    pub fingerprint: String,
}

/// An event that differs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DifferingEvent {
    /// Its stream.
    pub stream: String,
    /// Its id.
    pub event_id: String,
    /// In which way it differs.
    pub change: String,
    /// Its time in A.
    pub time: Option<String>,
    /// Its time in B.
    pub twin_time: Option<String>,
    /// The columns with other values.
    pub differs_in: Vec<String>,
    /// Because of what, if that is known.
    pub why: Option<String>,
    /// `lineage` or `contention`.
    pub via: Option<String>,
}

/// What differs in an hour of a stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct HourDifference {
    /// The stream.
    pub stream: String,
    /// The hour's beginning.
    pub hour: String,
    /// Events that differ.
    #[serde(flatten)]
    pub counts: Counts,
}

/// Compares two runs, on the threads of the current rayon pool.
///
/// # Errors
/// When one of them cannot be read, when they are of different models, when the folder to write to is not empty, and when
/// it is cancelled.
pub fn compare(asked: &Pair, control: &dyn Control) -> Result<Comparison, Error> {
    let (a, b) = sides(asked)?;
    check_patterns(&asked.streams, &a, &b)?;
    // Before anything is compared: finding the place taken afterwards would waste the work.
    let folder = asked.out.as_deref().map(reserve).transpose()?;
    let wanted = |stream: &str| {
        asked.streams.is_empty() || asked.streams.iter().any(|pattern| matches(pattern, stream))
    };
    let compared = Diff::compare_while(&a, &b, &wanted, &|| !control.cancelled())?;
    let mut diff = compared.ok_or_else(Error::interrupted)?;
    let reach = Reach::only_in(&a, &b)?;
    diff.explain(&|name| reach.has(name), &|stream, time_us| {
        reach.at(stream, time_us)
    })?;
    check(control)?;
    let mut files: Vec<FileEntry> = Vec::new();
    if let Some(folder) = folder {
        let mut tables = Files::below(folder.path(), Options::new(Format::Parquet, None)?);
        diff.write(&mut tables, "")?;
        files = tables.into_files();
        folder.place()?;
    }
    let out = asked.out.clone();
    Ok(Comparison {
        a,
        b,
        diff,
        files,
        out,
    })
}

impl Comparison {
    /// Fails if anything differs.
    ///
    /// # Errors
    /// Of the kind [`Difference`](crate::Kind::Difference).
    pub fn check(&self) -> Result<(), Error> {
        match self.diff.counts().total() {
            0 => Ok(()),
            differ => Err(Error::difference(format!("{differ} events differ"))),
        }
    }

    /// The size of the files that were written.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// What it came to, with so many of the events that differ, the first by time, and with counts by hour or without.
    pub fn outcome(&self, events: usize, hours: bool) -> Compared {
        let diff = &self.diff;
        let by_hour = || diff.streams.iter().flat_map(HourDifference::of).collect();
        Compared {
            identical: diff.is_empty(),
            model: self.a.manifest().model.name.clone(),
            a: ComparedRun::of(&self.a),
            b: ComparedRun::of(&self.b),
            notes: diff.notes.clone(),
            streams: diff.streams.iter().map(StreamDifference::of).collect(),
            identical_streams: diff
                .identical
                .iter()
                .map(|(name, _)| name.clone())
                .collect(),
            left_out_streams: diff.left_out.clone(),
            events: diff.first(events).iter().map(DifferingEvent::of).collect(),
            out: self.out.as_ref().map(|out| out.display().to_string()),
            files: self.files.len(),
            counts: diff.counts(),
            hours: hours.then(by_hour),
        }
    }
}

impl ComparedRun {
    fn of(run: &Finished) -> ComparedRun {
        let manifest = run.manifest();
        ComparedRun {
            path: run.folder().display().to_string(),
            seed: manifest.seed.to_string(),
            start: manifest.start.clone(),
            end: manifest.end.clone(),
            scale: manifest.scale,
            model_digest: manifest.model.digest.clone(),
            fingerprint: manifest.fingerprint.clone(),
        }
    }
}

impl DifferingEvent {
    fn of(event: &Event<'_>) -> DifferingEvent {
        DifferingEvent {
            stream: event.stream.to_owned(),
            event_id: event.event_id.to_string(),
            change: event.change.name().to_owned(),
            time: event.time_us.map(time),
            twin_time: event.twin_time_us.map(time),
            differs_in: event.columns.iter().map(ToString::to_string).collect(),
            why: event.why.map(str::to_owned),
            via: event.via.map(|via| Via::name(via).to_owned()),
        }
    }
}

impl HourDifference {
    fn of(stream: &StreamDiff) -> Vec<HourDifference> {
        let hours = stream.by_hour().into_iter();
        let hour = |(hour, counts)| HourDifference {
            stream: stream.name().to_owned(),
            hour: time(hour),
            counts,
        };
        hours.map(hour).collect()
    }
}

fn time(time_us: i64) -> String {
    rfc3339(time_us).unwrap_or_else(|| format!("{time_us} µs"))
}

/// The two runs, or a version and what the run has in its part.
fn sides(asked: &Pair) -> Result<(Finished, Finished), Error> {
    let Some(name) = &asked.version else {
        let b = asked.b.as_deref().unwrap_or(&asked.a);
        return Ok((Finished::open(&asked.a)?, Finished::open(b)?));
    };
    let version = versions::find(&asked.a, name)?;
    let run = FinishedRun::open(&asked.a)?;
    if version.entry.of != run.manifest().fingerprint {
        return Err(Error::input(
            format!(
                "`{name}` is a version of another run than the one that lies in {} now",
                asked.a.display()
            ),
            "make it again",
        ));
    }
    let (from, end) = (
        instant("start", &version.manifest.start)?,
        instant("end", &version.manifest.end)?,
    );
    Ok((
        Finished::open(&version.folder)?,
        run.within(from.0..end.0).into(),
    ))
}

/// Reserves the folder to write to, which must be empty or not there.
fn reserve(out: &Path) -> Result<RunFolder, Error> {
    let taken = out
        .read_dir()
        .is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(Error::input(
            format!("{} is not empty", out.display()),
            "remove what is there",
        )
        .advising(&[Advice::OtherFolder]));
    }
    Ok(RunFolder::create(out, false)?)
}

/// Refuses a pattern that matches no stream of either run.
fn check_patterns(patterns: &[String], a: &Finished, b: &Finished) -> Result<(), Error> {
    let streams = [a, b].into_iter().flat_map(|run| &run.manifest().streams);
    let names: BTreeSet<&str> = streams.map(|stream| stream.name.as_str()).collect();
    for pattern in patterns {
        if !names.iter().any(|name| matches(pattern, name)) {
            let message = format!(
                "`{pattern}` matches none of the {} streams of the two runs",
                names.len()
            );
            let help = suggestion(pattern, names.iter().copied());
            return Err(Error::wrong(message, help).in_field("stream"));
        }
    }
    Ok(())
}
