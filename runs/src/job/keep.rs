//! A run that keeps snapshots, and with each of them a state to go on from.

use std::path::PathBuf;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::Player;
use causeflow_engine::streams::play::snapshot::Snapshot;
use causeflow_engine::streams::play::{Progress, RunResult};
use causeflow_outputs::sink::Sink;
use causeflow_outputs::{DiskFollower, FileEntry, Manifest, RunFolder};

use super::resume::check_sources;
use super::state::{State, as_stored};
use super::{Job, manifest};
use crate::control::Control;
use crate::error::{Advice, Error};
use crate::opening::{self, Opening};
use crate::session::Session;
use crate::snapshots;
use crate::spec::RunSpec;
use crate::streams::Streams;

/// A run under way.
pub struct Kept<'a> {
    session: Session<'a>,
    streams: Streams<'a>,
    keeper: Keeper,
    /// Once the window has begun.
    opening: Opening,
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

/// A run at a barrier, what its sink needs to go on from there, and the rows so far.
struct Moment {
    snapshot: Snapshot,
    sink: (Vec<u8>, u64),
}

impl<'a> Kept<'a> {
    /// A run at its beginning.
    pub fn begin(
        job: &Job,
        sink: &'a mut dyn Sink,
        control: &'a dyn Control,
    ) -> Result<Kept<'a>, Error> {
        let player = job.prepare(job.run.begin(None));
        let folder = folder_of(sink)?;
        let keeper = Keeper {
            folder: folder.path().to_owned(),
            spec: as_stored(&job.spec, job.options)?,
            replace: folder.replaces(),
            manifest: manifest::sources(job),
            snapshots: Vec::new(),
            disk: DiskFollower::new(folder.path()),
        };
        Ok(Kept {
            streams: Streams::begin(sink, &player, &keeper.manifest)?,
            session: Session::new(player, job.part(), control),
            keeper,
            opening: Opening::default(),
        })
    }

    /// A run where it was left, and how far that is.
    pub fn go_on(
        job: &Job,
        sink: &'a mut dyn Sink,
        state: State,
        control: &'a dyn Control,
    ) -> Result<(Kept<'a>, Progress), Error> {
        check_sources(&manifest::sources(job), &state.manifest)?;
        let folder = folder_of(sink)?;
        folder.keep_only(&state.snapshots, &["events"])?;
        let at = |time| -> Result<Player, Error> {
            let snapshot = snapshots::read(folder.path(), time)?;
            let player = Player::resume(job.run.program.clone(), &job.run.settings, &snapshot);
            player.map_err(|error| {
                let message = format!("the run cannot go on from its last snapshot: {error}");
                Error::advised(message, &[Advice::Anew])
            })
        };
        // Of a run that says how everybody stood at its start, the first snapshot is of that time.
        let opening = match opening::is_asked_for(&job.run.program) {
            true => Opening::of(&at(job.run.from)?),
            false => Opening::default(),
        };
        let player = job.prepare(at(state.time)?);
        let from = Progress {
            time: player.time(),
            rows: state.rows,
        };
        let keeper = Keeper {
            folder: folder.path().to_owned(),
            spec: state.spec,
            replace: state.replace,
            manifest: state.manifest,
            snapshots: state.snapshots,
            disk: DiskFollower::new(folder.path()),
        };
        let checkpoint = (&state.sink[..], state.rows);
        let kept = Kept {
            streams: Streams::resume(sink, &player, &keeper.manifest, checkpoint)?,
            session: Session::going_on(player, job.part(), Some(from), control),
            keeper,
            opening,
        };
        Ok((kept, from))
    }

    /// Plays to the end with snapshots in between, and closes the streams. Returns the snapshots.
    pub fn play(self, every: Span) -> Result<(RunResult, Opening, Vec<FileEntry>), Error> {
        let Kept {
            mut session,
            mut streams,
            mut keeper,
            mut opening,
        } = self;
        let end = session.end();
        let mut moment = None;
        loop {
            let until = next(session.player(), every).min(end);
            // The last moment is written while the run is played on; with one thread, before.
            let (written, played) = rayon::join(
                || moment.take().map_or(Ok(()), |moment| keeper.write(moment)),
                || session.step(until, Some(&mut streams)),
            );
            written?;
            played?;
            if session.time() >= end {
                break;
            }
            if opening::begins_now(session.player()) {
                opening = Opening::of(session.player());
            }
            // The run stands still as long as the longer of the two takes.
            let player = session.player();
            let (snapshot, sink) = rayon::join(|| player.snapshot(), || streams.checkpoint());
            let sink = sink?;
            moment = Some(Moment { snapshot, sink });
        }
        streams.close()?;
        keeper.disk.finish()?;
        Ok((session.finish(), opening, keeper.snapshots))
    }
}

/// Where a run that keeps snapshots keeps them.
fn folder_of(sink: &dyn Sink) -> Result<&RunFolder, Error> {
    let folder = sink.files().and_then(|files| files.run_folder);
    folder.ok_or_else(|| {
        Error::input(
            "snapshots lie in the folder of a run, and this one is not written into any",
            "let it write files, too, or play it without snapshots",
        )
        .in_field("snapshot_every")
    })
}

/// When the next snapshot is due: at multiples of the span, so that a day is a day of UTC, and from the start on; at the
/// start itself where the run says how everybody stood then.
fn next(player: &Player, every: Span) -> Time {
    let start = player.world().start;
    if opening::is_asked_for(&player.world().program) && player.time() < start {
        return start;
    }
    let first = Time(start.0 - 1).floor_to(every) + every;
    let next = player.time().floor_to(every) + every;
    next.max(first)
}

impl Keeper {
    /// Writes a moment to go on from. Until all of it is written the one before it holds.
    fn write(&mut self, moment: Moment) -> Result<(), Error> {
        let Moment {
            snapshot,
            sink: (sink, rows),
        } = moment;
        let entry = snapshots::write(&self.folder, &snapshot)?;
        self.disk.follow(&entry.path);
        self.snapshots.push(entry);
        let state = State {
            spec: self.spec.clone(),
            replace: self.replace,
            manifest: self.manifest.clone(),
            time: snapshot.time,
            snapshots: self.snapshots.clone(),
            rows,
            sink,
        };
        state.write(&self.folder)
    }
}
