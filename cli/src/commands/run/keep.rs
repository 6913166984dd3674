//! A run that keeps snapshots, and with each of them a state to go on from.

use std::ops::ControlFlow;
use std::path::PathBuf;

use causeflow_engine::run::{Progress, RunResult};
use causeflow_engine::simulation::Simulation;
use causeflow_engine::snapshot::Snapshot;
use causeflow_engine::time::{Span, Time};
use causeflow_outputs::{DiskFollower, FileEntry, FrozenEvents, Manifest, RunFolder};

use super::resume::check_sources;
use super::state::{State, as_stored};
use super::{Job, manifest};
use crate::args::RunArgs;
use crate::errors::Failure;
use crate::events::Events;
use crate::snapshots;

/// A run under way.
pub struct Kept {
    simulation: Simulation,
    events: Events,
    keeper: Keeper,
}

/// Writes snapshots and states.
struct Keeper {
    folder: PathBuf,
    args: RunArgs,
    manifest: Manifest,
    snapshots: Vec<FileEntry>,
    disk: DiskFollower,
}

/// A run at a barrier, and how far its files were.
struct Moment {
    snapshot: Snapshot,
    events: FrozenEvents,
}

impl Kept {
    /// A run at its beginning.
    pub fn begin(job: &Job, folder: &RunFolder) -> Result<Kept, Failure> {
        let simulation = job.prepare(Simulation::new(job.program.clone(), job.settings));
        Ok(Kept {
            events: Events::new(folder.path(), &simulation, job.options),
            simulation,
            keeper: Keeper {
                folder: folder.path().to_owned(),
                args: as_stored(job.args, job.options)?,
                manifest: manifest::sources(job),
                snapshots: Vec::new(),
                disk: DiskFollower::new(folder.path()),
            },
        })
    }

    /// A run where it was left, and how far that is.
    pub fn go_on(job: &Job, folder: &RunFolder, state: State) -> Result<(Kept, Progress), Failure> {
        check_sources(&manifest::sources(job), &state.manifest)?;
        folder.keep_only(&state.snapshots, &["events"])?;
        let snapshot = snapshots::read(folder.path(), state.time)?;
        let simulation = Simulation::resume(job.program.clone(), job.settings, snapshot);
        let simulation = simulation.map_err(|error| {
            let message = format!("the run cannot go on from its last snapshot: {error}");
            Failure::input(
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
            simulation,
            keeper: Keeper {
                folder: folder.path().to_owned(),
                args: state.args,
                manifest: state.manifest,
                snapshots: state.snapshots,
                disk: DiskFollower::new(folder.path()),
            },
        };
        Ok((kept, from))
    }

    /// Plays to the end with snapshots in between, and closes the files: those of the streams, and the snapshots.
    pub fn play(
        self,
        every: Span,
        note: &mut (dyn FnMut(Progress) -> ControlFlow<()> + Send),
    ) -> Result<(RunResult, Vec<FileEntry>), Failure> {
        let Kept {
            mut simulation,
            mut events,
            mut keeper,
        } = self;
        let end = simulation.world().end;
        let mut moment = None;
        loop {
            let until = next(&simulation, every).min(end);
            // The last moment is written while the run is played on; with one thread, before.
            let (written, played) = rayon::join(
                || moment.take().map_or(Ok(()), |moment| keeper.write(moment)),
                || simulation.play(until, Some(&mut events), note),
            );
            written?;
            played?;
            if simulation.time() >= end {
                break;
            }
            moment = Some(Moment {
                snapshot: simulation.snapshot(),
                events: events.freeze()?,
            });
        }
        let mut files = events.finish()?;
        files.extend(keeper.snapshots);
        keeper.disk.finish()?;
        Ok((simulation.finish(), files))
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
    fn write(&mut self, moment: Moment) -> Result<(), Failure> {
        let Moment { snapshot, events } = moment;
        let entry = snapshots::write(&self.folder, &snapshot)?;
        self.disk.follow(&entry.path);
        self.snapshots.push(entry);
        let state = State {
            args: self.args.clone(),
            manifest: self.manifest.clone(),
            time: snapshot.time,
            snapshots: self.snapshots.clone(),
            events,
        };
        state.write(&self.folder)
    }
}

/// Refuses to keep snapshots more often than a run can stand still.
pub fn check_span(job: &Job) -> Result<(), Failure> {
    let window = job.program.window;
    match job.args.snapshot_every {
        Some(every) if every < window => Err(Failure::input(
            format!(
                "--snapshot-every {every} is less than a window of {}, which is {window}: it is played in one go",
                job.program.name
            ),
            format!("keep a snapshot every {window} or less often"),
        )),
        _ => Ok(()),
    }
}
