//! A run with its files: streams, entities, and the tables of what intervened.

use causeflow_engine::streams::play::{Progress, RunResult};
use causeflow_outputs::{FileEntry, Manifest, RunFolder};

use super::counterfactual::{self, Difference, Played};
use super::keep::Kept;
use super::resume::Left;
use super::state::State;
use super::{Job, manifest};
use crate::control::{Control, check};
use crate::error::Error;
use crate::history::Scoring;
use crate::model::digest;
use crate::session::Session;
use crate::tables::{tell_what_was_kept, write_streams, write_tables};

/// What a run has left in its folder.
pub struct Written {
    /// What it says about itself.
    pub manifest: Manifest,
    /// How it differs from its twin, if it was played with one.
    pub difference: Option<Difference>,
    /// How far it was when this process went on with it.
    pub resumed_from: Option<Progress>,
}

/// Plays into the folder of a job.
pub fn write(
    job: &Job,
    replace: bool,
    control: &dyn Control,
) -> Result<(RunResult, Written), Error> {
    let folder = RunFolder::create(&job.out, replace)?;
    placed(job, folder, Begin::Anew { replace }, control)
}

/// Goes on with what was left of a job.
pub fn go_on(job: &Job, left: Left, control: &dyn Control) -> Result<(RunResult, Written), Error> {
    placed(job, left.folder, Begin::Left(Box::new(left.state)), control)
}

/// Where a run begins.
enum Begin {
    Anew { replace: bool },
    Left(Box<State>),
}

fn placed(
    job: &Job,
    folder: RunFolder,
    begin: Begin,
    control: &dyn Control,
) -> Result<(RunResult, Written), Error> {
    let filled = fill(job, &folder, begin, control);
    let can_go_on = folder.can_go_on();
    let placed = filled.and_then(|(result, written)| {
        check(control)?;
        tell_what_was_kept(&folder.commit(&written.manifest)?, control);
        Ok((result, written))
    });
    placed.map_err(|error| match can_go_on {
        true => error.resumable_in(&job.out),
        false => error,
    })
}

fn fill(
    job: &Job,
    folder: &RunFolder,
    begin: Begin,
    control: &dyn Control,
) -> Result<(RunResult, Written), Error> {
    let options = job.options;
    let (mut result, mut files, resumed_from) = streams(job, folder, begin, control)?;
    let scoring = Scoring {
        baseline: job.baseline.as_ref().map(|reference| &reference.baseline),
        model_digest: &digest(&job.run.model.files),
    };
    let interventions = &job.run.interventions;
    let (entities, tables) =
        write_tables(folder.path(), &mut result, interventions, scoring, options)?;
    files.extend(tables);
    let mut manifest = manifest::manifest(job, &result, entities, files);
    let played = Played {
        run: &job.run,
        options,
        control,
    };
    let twin = |what| counterfactual::write(&played, folder.path(), &result, &mut manifest, what);
    let difference = job.spec.counterfactual.map(twin).transpose()?;
    let written = Written {
        manifest,
        difference,
        resumed_from,
    };
    Ok((result, written))
}

type Streams = (RunResult, Vec<FileEntry>, Option<Progress>);

/// Plays the run and writes its streams, from where it was left if it was.
fn streams(
    job: &Job,
    folder: &RunFolder,
    begin: Begin,
    control: &dyn Control,
) -> Result<Streams, Error> {
    let Some(every) = job.spec.snapshot_every else {
        let simulation = job.prepare(job.run.begin(None));
        let session = Session::new(simulation, job.part(), control);
        let (result, files) = write_streams(folder.path(), session, job.options)?;
        return Ok((result, files, None));
    };
    let (kept, from) = match begin {
        Begin::Left(state) => {
            let (kept, from) = Kept::go_on(job, folder, *state, control)?;
            (kept, Some(from))
        }
        Begin::Anew { replace } => (Kept::begin(job, folder, replace, control)?, None),
    };
    let (result, files) = kept.play(every)?;
    Ok((result, files, from))
}
