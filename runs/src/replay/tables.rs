//! What a run has besides its events, made again: tables, snapshots, and the comparison with its twin.

use std::path::Path;

use causeflow_baselines::{Baseline, Pool};
use causeflow_engine::streams::play::RunResult;
use causeflow_outputs::sink::{Files, Sink};
use causeflow_outputs::verify::{Check, Finding};
use causeflow_outputs::{BaselineEntry, Compression, FileEntry, Manifest, Options};

use super::{Replay, folder_of, stream_entries};
use crate::control::Part;
use crate::error::{Advice, Error};
use crate::expected::{self, Again, Wrong};
use crate::history::Scoring;
use crate::job::counterfactual::{self, DIFFERENCE, Played};
use crate::opening::Opening;
use crate::reference::Reference;
use crate::run::Run;
use crate::session::Session;
use crate::snapshots;
use crate::spec::Counterfactual;
use crate::streams::Streams;
use crate::tables::write_tables;

/// What was written of a run that is played again.
pub struct Written {
    files: Files,
    snapshots: Vec<FileEntry>,
    opening: Opening,
}

/// Plays the run. Snapshots that it kept are kept again, and events are written where the twin is to be compared with them.
pub fn play(replay: &Replay, place: &Path) -> Result<(RunResult, Written), Error> {
    let Replay { manifest, run, .. } = replay;
    let mut player = run.begin(None);
    if has_twin(manifest) {
        player = player.keep_parted();
    }
    let mut files = Files::below(place, quick(manifest)?);
    let mut streams = Streams::begin(&mut files, &player, manifest)?;
    let mut session = Session::new(player, Part::Run, replay.control);
    let mut snapshots = Vec::new();
    let end = session.end();
    let opening = Opening::reach(
        &mut session,
        has_twin(manifest).then_some(&mut streams as _),
    )?;
    let kept = snapshots::times(manifest).into_iter();
    for time in kept.filter(|&time| time < end) {
        session.step(time, has_twin(manifest).then_some(&mut streams as _))?;
        snapshots.push(snapshots::write(place, &session.snapshot())?);
    }
    session.step(end, has_twin(manifest).then_some(&mut streams as _))?;
    if has_twin(manifest) {
        streams.close()?;
    }
    let written = Written {
        files,
        snapshots,
        opening,
    };
    Ok((session.finish(), written))
}

/// Makes the tables again, and compares them and what the manifest says with those of the run.
pub fn compare(
    replay: &Replay,
    result: &mut RunResult,
    written: Written,
) -> Result<Vec<Wrong>, Error> {
    let Replay { manifest, run, .. } = replay;
    let Written {
        files,
        snapshots,
        opening,
    } = written;
    let options = Options::new(manifest.format, Some(manifest.compression))?;
    let scored = Scored::of(replay)?;
    let scoring = Scoring {
        baseline: scored.baseline.as_ref(),
        of: manifest,
    };
    let mut files = files.written_as(options);
    let entities = write_tables(&mut files, (result, &opening), &run.interventions, scoring)?;
    let mut again = Manifest {
        entities: entities.at_end,
        entities_start: entities.at_start,
        baseline: scored.entry,
        ..run.sources(manifest)
    };
    if let (Some(version), Some(run)) = (&mut again.version, scored.run) {
        version.of = run;
    }
    if has_twin(manifest) {
        let written = Manifest {
            compression: quick(manifest)?.compression(),
            streams: stream_entries(&result.streams),
            ..again.clone()
        };
        twin(replay, &mut files, result, &written)?;
    }
    // Without its baseline, what the history would be scored against cannot be known.
    let unscored = manifest.baseline.is_some() && again.baseline.is_none();
    if unscored {
        again.baseline.clone_from(&manifest.baseline);
    }
    let mut wrong = expected::of_manifest(manifest, &again)?;
    wrong.extend(expected::of_statistics(folder_of(replay.place), manifest));
    let left_out =
        |path: &str| path.starts_with("events/") || unscored && path.starts_with("history");
    let place = files.folder().to_owned();
    let again = [files.into_files(), snapshots].concat();
    let tables = Again {
        folder: &place,
        files: &again,
        same_program: expected::is_of_this_program(manifest),
    };
    wrong.extend(tables.compare(folder_of(replay.place), manifest, &|path| !left_out(path))?);
    if unscored {
        wrong.push((Check::Table, not_scored()));
    }
    Ok(wrong)
}

/// What a run is scored against.
#[derive(Default)]
struct Scored {
    /// Nothing for the run's own untouched side.
    baseline: Option<Baseline>,
    /// For the manifest, if it is a baseline of its own.
    entry: Option<BaselineEntry>,
    /// The fingerprint of the run that a version is of.
    run: Option<String>,
}

impl Scored {
    fn of(replay: &Replay) -> Result<Scored, Error> {
        if replay.manifest.version.is_some() {
            return of_run(replay);
        }
        let (model, settings) = (&replay.run.model, &replay.run.settings);
        let reference = Reference::asked_for(replay.baseline, model, settings)?;
        Ok(reference.map_or_else(Scored::default, |reference| Scored {
            entry: Some(reference.entry()),
            baseline: Some(reference.baseline),
            run: None,
        }))
    }
}

fn not_scored() -> Finding {
    Finding {
        table: Some("history".to_owned()),
        found: "scores against a baseline, which were not compared".to_owned(),
        expected: "that baseline".to_owned(),
        advice: Some(Advice::Baseline),
        ..Finding::default()
    }
}

/// Whether a run was compared with its twin.
fn has_twin(manifest: &Manifest) -> bool {
    let mut files = manifest.files.iter();
    let of_twin = |path: &str| {
        path.strip_prefix(DIFFERENCE)
            .is_some_and(|rest| rest.starts_with('/'))
    };
    files.any(|file| of_twin(&file.path))
}

/// What is read once and removed need not be small. The format is the run's: which texts a comparison has in its dictionary
/// follows from it.
fn quick(manifest: &Manifest) -> Result<Options, Error> {
    Ok(Options::new(manifest.format, Some(Compression::None))?)
}

/// Plays the twin and writes what differs from the run whose events were written.
fn twin(
    replay: &Replay,
    sink: &mut dyn Sink,
    result: &RunResult,
    written: &Manifest,
) -> Result<(), Error> {
    let played = Played {
        run: replay.run,
        control: replay.control,
    };
    let each = format!("{DIFFERENCE}/each/");
    let mut files = replay.manifest.files.iter();
    let what = match files.any(|file| file.path.starts_with(&each)) {
        true => Counterfactual::Each,
        false => Counterfactual::Together,
    };
    counterfactual::write(&played, sink, result, written, what).map(drop)
}

/// What was usual in the run that a version is of, from playing it.
fn of_run(replay: &Replay) -> Result<Scored, Error> {
    let manifest = replay.manifest;
    let Some(version) = &manifest.version else {
        return Ok(Scored::default());
    };
    let run = Manifest {
        start: version.run_start.clone(),
        end: version.run_end.clone(),
        version: None,
        ..manifest.clone()
    };
    let run = Run::of_manifest(&run, replay.sources)?;
    let mut session = Session::new(run.begin(None), Part::Original, replay.control);
    session.step(session.end(), None)?;
    let result = session.finish();
    let world = &result.world;
    let range = world.written_from()..world.end;
    let (zone, weekend) = (&world.program.zone, world.program.weekend);
    let pool = Pool::of_run(zone, weekend, &range, world.seed, &result.streams);
    Ok(Scored {
        baseline: Some(pool.baseline()),
        entry: None,
        run: Some(result.fingerprint.to_string()),
    })
}
