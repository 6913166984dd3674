//! `causeflow replay`: plays a run again from its manifest and says whether it is the same.

use std::path::Path;

use causeflow_engine::run::RunResult;
use causeflow_outputs::diff::{Diff, Event};
use causeflow_outputs::{Compression, FinishedRun, Format, Manifest, Options};

use crate::args::ReplayArgs;
use crate::errors::Failure;
use crate::expected::{self, Wrong};
use crate::folder::write_streams;
use crate::interrupt;
use crate::progress::{Clock, Watch};
use crate::recipe::{Recipe, folder_of};

use super::run::{pool, stream_entries};

mod lineage;
mod report;
mod tables;

use lineage::Lineage;
use report::Report;

/// A stream whose rows are not those that the manifest names.
pub struct Differing {
    pub name: String,
    pub rows: u64,
    pub fingerprint: String,
    pub replayed_rows: u64,
    pub replayed_fingerprint: String,
}

/// What the files of the run say about a difference.
pub enum Found {
    /// Why the files cannot tell.
    Nothing(String),
    /// The first event that differs.
    First(Box<First>),
}

/// The first event that differs, in the files of the run and played again.
pub struct First {
    pub stream: String,
    pub event_id: u64,
    /// How many events differ altogether.
    pub differing: u64,
    pub written: Option<causeflow_outputs::EventRow>,
    pub replayed: Option<causeflow_outputs::EventRow>,
    pub lineage: Lineage,
}

/// Runs the command.
pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let manifest = Manifest::read(&args.manifest)?;
    let recipe = Recipe::of(&manifest, args.sources.sources())?;
    let pool = pool(args.threads)?;
    interrupt::listen()?;
    let clock = Clock::start();
    let replay = Replay {
        args,
        manifest: &manifest,
        recipe: &recipe,
    };
    let (result, differing, found, wrong) = pool.install(|| replay.compare())?;
    let report = Report {
        args,
        manifest: &manifest,
        recipe: &recipe,
        result: &result,
        clock,
        differing: &differing,
        found: found.as_ref(),
        wrong: &wrong,
    };
    match args.json {
        true => report.print_json()?,
        false => report.print()?,
    }
    match report.is_identical() {
        true => Ok(()),
        false => Err(Failure::Differ),
    }
}

/// What was played, the streams that differ, what the files say about them, and what else is wrong.
type Compared = (RunResult, Vec<Differing>, Option<Found>, Vec<Wrong>);

struct Replay<'a> {
    args: &'a ReplayArgs,
    manifest: &'a Manifest,
    recipe: &'a Recipe,
}

impl Replay<'_> {
    /// Plays without writing events, and once more with the streams that differ, if there are any.
    fn compare(&self) -> Result<Compared, Failure> {
        let place = expected::temporary()?;
        let (mut result, mut files) = tables::play(self, place.path())?;
        let differing = differing(self.manifest, &result);
        let wrong = tables::compare(self, place.path(), &mut result, &mut files)?;
        let found = match differing.is_empty() {
            true => None,
            false => Some(self.look_up(&differing)?),
        };
        Ok((result, differing, found, wrong))
    }

    fn watch(&self, what: &'static str) -> Watch {
        let (settings, warmup) = (&self.recipe.settings, self.recipe.program.warmup);
        Watch::new(what, settings.start, settings.end, warmup, self.args.quiet)
    }

    /// Finds the first event that differs, if the files of the run are there.
    fn look_up(&self, differing: &[Differing]) -> Result<Found, Failure> {
        let folder = folder_of(&self.args.manifest);
        let missing = self.manifest.files.iter().find(|file| {
            let stream = file.path.strip_prefix("events/stream=");
            let stream = stream.and_then(|rest| rest.split('/').next());
            stream.is_some_and(|name| differing.iter().any(|one| one.name == name))
                && !folder.join(&file.path).is_file()
        });
        if let Some(missing) = missing {
            return Ok(Found::Nothing(format!(
                "the files of the run are not there to look up which events: {} is missing",
                folder.join(&missing.path).display()
            )));
        }
        let place = expected::temporary()?;
        let replayed = self.write(place.path(), differing)?;
        let written = match FinishedRun::open(folder) {
            Ok(run) => run,
            Err(error) => return Ok(Found::Nothing(error.to_string())),
        };
        self.first(&written, &replayed, differing)
    }

    /// Plays again and writes the streams that differ to a temporary folder.
    fn write(&self, place: &Path, differing: &[Differing]) -> Result<FinishedRun, Failure> {
        let program = &self.recipe.program;
        let streams = differing.iter().filter_map(|one| program.stream(&one.name));
        let simulation = self.recipe.begin(Some(streams.collect()));
        let options = Options::new(Format::Parquet, Some(Compression::Zstd))?;
        let watch = self.watch("what differs  ");
        let (result, files) = write_streams(place, simulation, options, watch)?;
        let manifest = Manifest {
            streams: stream_entries(&result.streams),
            files,
            format: options.format(),
            compression: options.compression(),
            ..self.manifest.clone()
        };
        Ok(FinishedRun::written(place, manifest)?)
    }

    fn first(
        &self,
        written: &FinishedRun,
        replayed: &FinishedRun,
        differing: &[Differing],
    ) -> Result<Found, Failure> {
        let wanted = |stream: &str| differing.iter().any(|one| one.name == stream);
        let compared = Diff::compare_while(written, replayed, &wanted, &|| !interrupt::asked());
        let diff = match compared {
            Ok(Some(diff)) => diff,
            Ok(None) => return Err(Failure::Interrupted),
            // Files that are damaged tell nothing about single events, and the error says which.
            Err(error) => return Ok(Found::Nothing(error.to_string())),
        };
        let when = |event: &Event<'_>| {
            let times = event.time_us.into_iter().chain(event.twin_time_us);
            (times.min(), event.event_id)
        };
        let events = diff.streams.iter().flat_map(|stream| stream.events());
        let Some(first) = events.min_by_key(when) else {
            return Ok(Found::Nothing(
                "the rows in the files are those that were played again, so the manifest was changed and not the files"
                    .to_owned(),
            ));
        };
        let (stream, id) = (first.stream, first.event_id);
        let versions = [written.event(stream, id)?, replayed.event(stream, id)?];
        let lineage = Lineage::of(&self.recipe.program, [replayed, written], &versions)?;
        let [in_files, again] = versions;
        Ok(Found::First(Box::new(First {
            stream: stream.to_owned(),
            event_id: id,
            differing: diff.counts().total(),
            written: in_files,
            replayed: again,
            lineage,
        })))
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
