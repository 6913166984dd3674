//! A run on its way into a sink: streams, entities, and the tables of what intervened.

use causeflow_engine::streams::play::{Progress, RunResult};
use causeflow_outputs::sink::Sink;
use causeflow_outputs::{FileEntry, Manifest};

use super::counterfactual::{self, Difference, Played};
use super::keep::Kept;
use super::state::State;
use super::{Job, manifest};
use crate::control::{Control, check};
use crate::error::Error;
use crate::history::Scoring;
use crate::opening::Opening;
use crate::session::Session;
use crate::tables::{write_streams, write_tables};

/// What a run has left.
pub struct Written {
    /// What it says about itself.
    pub manifest: Manifest,
    /// How it differs from its twin, if it was played with one.
    pub difference: Option<Difference>,
    /// How far it was when this process went on with it.
    pub resumed_from: Option<Progress>,
}

/// Where a run begins.
pub enum Begin {
    /// At its beginning.
    Anew,
    /// Where it was left.
    Left(Box<State>),
}

/// Plays a job into a sink, from begin to finish. What fails is given up.
pub fn write(
    job: &Job,
    sink: &mut dyn Sink,
    begin: Begin,
    control: &dyn Control,
) -> Result<(RunResult, Written), Error> {
    let written = fill(job, sink, begin, control).and_then(|(result, mut written)| {
        check(control)?;
        sink.prepare(&written.manifest)?;
        check(control)?;
        sink.finish()?;
        let files = sink.files();
        written.manifest.files = files.map_or_else(Vec::new, |files| files.files.to_vec());
        Ok((result, written))
    });
    written.map_err(|error| {
        let folder = sink.files().and_then(|files| files.run_folder);
        let error = match folder.filter(|folder| folder.can_go_on()) {
            Some(folder) => error.resumable_in(folder.out()),
            None => error,
        };
        sink.abort();
        error
    })
}

/// Plays the run and hands over all that it leaves. The files of the manifest are those beside the sink's.
fn fill(
    job: &Job,
    sink: &mut dyn Sink,
    begin: Begin,
    control: &dyn Control,
) -> Result<(RunResult, Written), Error> {
    if job.spec.counterfactual.is_some() {
        counterfactual::files_of(sink)?;
    }
    let (mut result, opening, snapshots, resumed_from) = streams(job, sink, begin, control)?;
    let scoring = Scoring {
        baseline: job.baseline.as_ref().map(|reference| &reference.baseline),
        of: &manifest::sources(job),
    };
    let interventions = &job.run.interventions;
    let entities = write_tables(sink, (&mut result, &opening), interventions, scoring)?;
    let manifest = manifest::manifest(job, &result, entities, snapshots);
    let played = Played {
        run: &job.run,
        control,
    };
    let twin = |what| counterfactual::write(&played, sink, &result, &manifest, what);
    let difference = job.spec.counterfactual.map(twin).transpose()?;
    let written = Written {
        manifest,
        difference,
        resumed_from,
    };
    Ok((result, written))
}

type Streams = (RunResult, Opening, Vec<FileEntry>, Option<Progress>);

/// Plays the run and hands over its streams, from where it was left if it was. Returns the snapshots, too.
fn streams(
    job: &Job,
    sink: &mut dyn Sink,
    begin: Begin,
    control: &dyn Control,
) -> Result<Streams, Error> {
    let Some(every) = job.spec.snapshot_every else {
        let player = job.prepare(job.run.begin(None));
        let session = Session::new(player, job.part(), control);
        let (result, opening) = write_streams(sink, session, &manifest::sources(job))?;
        return Ok((result, opening, Vec::new(), None));
    };
    let (kept, from) = match begin {
        Begin::Left(state) => {
            let (kept, from) = Kept::go_on(job, sink, *state, control)?;
            (kept, Some(from))
        }
        Begin::Anew => (Kept::begin(job, sink, control)?, None),
    };
    let (result, opening, snapshots) = kept.play(every)?;
    Ok((result, opening, snapshots, from))
}
