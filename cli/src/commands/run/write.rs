//! A run with its files: streams, entities, and the tables of what intervened.

use causeflow_engine::run::{Progress, RunResult};
use causeflow_engine::simulation::Simulation;
use causeflow_outputs::{FileEntry, Manifest, RunFolder};

use super::counterfactual::{self, Difference};
use super::keep::Kept;
use super::resume::Left;
use super::state::State;
use super::{Job, manifest};
use crate::errors::Failure;
use crate::folder::{say_what_was_kept, write_streams, write_tables};
use crate::history::Scoring;
use crate::interrupt;
use crate::model::digest;

/// What a run has left in its folder.
pub struct Written {
    pub manifest: Manifest,
    /// How it differs from its twin, if it was played with one.
    pub difference: Option<Difference>,
    /// How far it was when this process went on with it.
    pub resumed_from: Option<Progress>,
}

/// Plays into a folder. What goes wrong before the very end leaves nothing behind, or, of a run that keeps snapshots,
/// what it takes to go on.
pub fn write(job: &Job, left: Option<Left>) -> Result<(RunResult, Written), Failure> {
    let (folder, state) = match left {
        Some(Left { folder, state }) => (folder, Some(state)),
        None => (RunFolder::create(job.out, job.args.force)?, None),
    };
    let filled = fill(job, &folder, state);
    let can_go_on = folder.can_go_on();
    let placed = filled.and_then(|(result, written)| {
        interrupt::check()?;
        say_what_was_kept(&folder.commit(&written.manifest)?);
        Ok((result, written))
    });
    placed.map_err(|failure| match can_go_on {
        true => failure.resumable(job.out),
        false => failure,
    })
}

fn fill(
    job: &Job,
    folder: &RunFolder,
    state: Option<State>,
) -> Result<(RunResult, Written), Failure> {
    let options = job.options;
    let (mut result, mut files, resumed_from) = streams(job, folder, state)?;
    let scoring = Scoring {
        baseline: job.baseline.as_ref().map(|reference| &reference.baseline),
        model_digest: &digest(&job.model.files),
    };
    let (entities, tables) = write_tables(
        folder.path(),
        &mut result,
        job.interventions,
        scoring,
        options,
    )?;
    files.extend(tables);
    let mut manifest = manifest::manifest(job, &result, entities, files);
    let difference = match job.args.counterfactual {
        Some(what) => {
            let played = job.played();
            Some(counterfactual::write(
                &played,
                folder.path(),
                &result,
                &mut manifest,
                what,
            )?)
        }
        None => None,
    };
    let written = Written {
        manifest,
        difference,
        resumed_from,
    };
    Ok((result, written))
}

type Streams = (RunResult, Vec<FileEntry>, Option<Progress>);

/// Plays the run and writes its streams, from where it was left if it was.
fn streams(job: &Job, folder: &RunFolder, state: Option<State>) -> Result<Streams, Failure> {
    let what = match job.args.counterfactual {
        Some(_) => "run   ",
        None => "",
    };
    let Some(every) = job.args.snapshot_every else {
        let simulation = job.prepare(Simulation::new(job.program.clone(), job.settings));
        let watch = job.watch(what);
        let (result, files) = write_streams(folder.path(), simulation, job.options, watch)?;
        return Ok((result, files, None));
    };
    let (kept, from) = match state {
        Some(state) => {
            let (kept, from) = Kept::go_on(job, folder, state)?;
            (kept, Some(from))
        }
        None => (Kept::begin(job, folder)?, None),
    };
    let mut watch = job.watch(what);
    if let Some(from) = from {
        watch = watch.going_on(from);
    }
    let mut note = |progress: Progress| watch.note(progress);
    let (result, files) = kept.play(every, &mut note)?;
    Ok((result, files, from))
}
