//! A run that keeps snapshots, and with each of them a state to go on from.

use std::path::PathBuf;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::Simulation;
use causeflow_engine::streams::play::snapshot::Snapshot;
use causeflow_engine::streams::play::{Progress, RunResult};
use causeflow_outputs::{DiskFollower, FileEntry, FrozenEvents, Manifest, RunFolder};

use super::resume::check_sources;
use super::state::{State, as_stored};
use super::{Job, manifest};
use crate::control::Control;
use crate::error::Error;
use crate::events::Events;
use crate::session::Session;
use crate::snapshots;
use crate::spec::RunSpec;

/// A run under way.
pub struct Kept<'a> {
    session: Session<'a>,
    events: Events,
    keeper: Keeper,
}

/// Writes snapshots and states.
struct Keeper {
    folder: PathBuf,
    spec: RunSpec,
    replace: bool,
    manifest: Manifest,
    snapshots: Vec<FileEntry>,
    disk: DiskFollower,
}

/// A run at a barrier, and how far its files were.
struct Moment {
    snapshot: Snapshot,
    events: FrozenEvents,
}

impl<'a> Kept<'a> {
    /// A run at its beginning.
    pub fn begin(
        job: &Job,
        folder: &RunFolder,
        replace: bool,
        control: &'a dyn Control,
    ) -> Result<Kept<'a>, Error> {
        let simulation = job.prepare(job.run.begin(None));
        Ok(Kept {
            events: Events::new(folder.path(), &simulation, job.options),
            session: Session::new(simulation, job.part(), control),
            keeper: Keeper {
                folder: folder.path().to_owned(),
                spec: as_stored(&job.spec, job.options)?,
                replace,
                manifest: manifest::sources(job),
                snapshots: Vec::new(),
                disk: DiskFollower::new(folder.path()),
            },
        })
    }

    /// A run where it was left, and how far that is.
    pub fn go_on(
        job: &Job,
        folder: &RunFolder,
        state: State,
        control: &'a dyn Control,
    ) -> Result<(Kept<'a>, Progress), Error> {
        check_sources(&manifest::sources(job), &state.manifest)?;
        folder.keep_only(&state.snapshots, &["events"])?;
        let snapshot = snapshots::read(folder.path(), state.time)?;
        let simulation = Simulation::resume(job.run.program.clone(), &job.run.settings, snapshot);
        let simulation = simulation.map_err(|error| {
            let message = format!("the run cannot go on from its last snapshot: {error}");
            Error::input(
                message,
                "start the run anew with --force and without --resume",
            )
        })?;
        let simulation = job.prepare(simulation);
        let from = Progress {
            time: simulation.time(),
            rows: state.events.rows(),
        };
        let kept = Kept {
            events: Events::resume(folder.path(), &simulation, &state.events)?,
            session: Session::going_on(simulation, job.part(), Some(from), control),
            keeper: Keeper {
                folder: folder.path().to_owned(),
                spec: state.spec,
                replace: state.replace,
                manifest: state.manifest,
                snapshots: state.snapshots,
                disk: DiskFollower::new(folder.path()),
            },
        };
        Ok((kept, from))
    }

    /// Plays to the end with snapshots in between, and closes the files: those of the streams, and the snapshots.
    pub fn play(self, every: Span) -> Result<(RunResult, Vec<FileEntry>), Error> {
        let Kept {
            mut session,
            mut events,
            mut keeper,
        } = self;
        let end = session.end();
        let mut moment = None;
        loop {
            let until = next(session.simulation(), every).min(end);
            // The last moment is written while the run is played on; with one thread, before.
            let (written, played) = rayon::join(
                || moment.take().map_or(Ok(()), |moment| keeper.write(moment)),
                || session.step(until, Some(&mut events)),
            );
            written?;
            played?;
            if session.time() >= end {
                break;
            }
            moment = Some(Moment {
                snapshot: session.snapshot(),
                events: events.freeze()?,
            });
        }
        let mut files = events.finish()?;
        files.extend(keeper.snapshots);
        keeper.disk.finish()?;
        Ok((session.finish(), files))
    }
}

/// When the next snapshot is due: at multiples of the span, so that a day is a day of UTC, and from the start on.
fn next(simulation: &Simulation, every: Span) -> Time {
    let start = simulation.world().start;
    let first = Time(start.0 - 1).floor_to(every) + every;
    let next = simulation.time().floor_to(every) + every;
    next.max(first)
}

impl Keeper {
    /// Writes a moment to go on from. Until all of it is written the one before it holds.
    fn write(&mut self, moment: Moment) -> Result<(), Error> {
        let Moment { snapshot, events } = moment;
        let entry = snapshots::write(&self.folder, &snapshot)?;
        self.disk.follow(&entry.path);
        self.snapshots.push(entry);
        let state = State {
            spec: self.spec.clone(),
            replace: self.replace,
            manifest: self.manifest.clone(),
            time: snapshot.time,
            snapshots: self.snapshots.clone(),
            events,
        };
        state.write(&self.folder)
    }
}
