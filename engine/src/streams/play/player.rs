//! A run that is played step by step: up to a time, then on, with snapshots in between.
//!
//! A [`Player`] is made by [`new`](Player::new) or [`resume`](Player::resume); then, if at all, it is told from when on to
//! write and what to keep ([`write_from`](Player::write_from), [`keep_parted`](Player::keep_parted)); then
//! [`play`](Player::play) and [`snapshot`](Player::snapshot) in any order and as often as wanted; [`finish`](Player::finish)
//! ends it. After an error of `play` it must not be used any more: rows may be missing. [`run`](super::run) does all that
//! for a run from its beginning to its end.
//!
//! It sets the pace and hands over rows, and decides nothing about them: they do not depend on where it was stopped in
//! between, on whether it went on from a snapshot, on the sink, or on the number of threads.

use std::ops::ControlFlow;

use rayon::prelude::*;

use crate::base::fingerprint::{combine, text_hash};
use crate::base::scratch;
use crate::base::table::{Chunk, RowSink};
use crate::base::time::Time;
use crate::streams::cell::LogicalProcess;
use crate::streams::entities;
use crate::streams::program::{KindId, Program, StreamId};
use crate::streams::rates::Arrivals;
use crate::streams::rows::{CellRows, Completion, EarlySums, Sums, collect, lots};
use crate::streams::world::{Settings, World};

use super::clockwork::Clockwork;
use super::outcome::{Progress, RunError, RunResult, StreamResult, TooLarge};
use super::snapshot::{Origin, Snapshot, SnapshotError};

/// A run under way.
pub struct Player {
    world: World,
    clockwork: Clockwork,
    /// Hashes of the program's texts.
    text_hashes: Vec<u64>,
    /// What each stream has come to so far.
    sums: Vec<Sums>,
    rows: u64,
    ties: u64,
    /// Whether it is kept of each row on which sides it is.
    keeps_parted: bool,
}

impl Player {
    /// A run at its beginning.
    pub fn new(program: Program, settings: &Settings) -> Player {
        let world = World::new(program, settings);
        let clockwork = Clockwork::new(&world);
        Player::of(world, clockwork)
    }

    /// A run at the barrier of a snapshot. The program may have interventions that the snapshot's had
    /// not, behind those that it had, if they begin at that barrier or later; those that it had may do something else from
    /// the barrier on, such as end earlier; and the run may end earlier, and later if the end was
    /// [open](Settings::open_end).
    ///
    /// # Errors
    /// When the snapshot is of another run, or was taken too late for what is otherwise.
    pub fn resume(
        program: Program,
        settings: &Settings,
        snapshot: &Snapshot,
    ) -> Result<Player, SnapshotError> {
        let world = World::new(program, settings);
        snapshot.check(&world)?;
        let arrivals = Arrivals::with(&world, snapshot.rates.clone());
        let onwards = snapshot.onwards(&world, &arrivals);
        let cells = snapshot.cells.par_iter().enumerate();
        let cells = cells
            .map(|(index, state)| LogicalProcess::of_state(&world, index as u16, state, &onwards));
        let cells: Vec<LogicalProcess> = cells.collect();
        world.ledger.restore(&snapshot.kept);
        let observed = snapshot.observed.clone().of_origin(&onwards.origin);
        let sums = snapshot.sums.iter();
        let sums = sums.map(|sums| sums.of_origin(&onwards.origin)).collect();
        let clockwork = Clockwork::at(&world, snapshot.time, (cells, arrivals), observed);
        Ok(Player {
            sums,
            rows: snapshot.rows,
            ties: snapshot.ties,
            ..Player::of(world, clockwork)
        })
    }

    fn of(world: World, clockwork: Clockwork) -> Player {
        let texts = world.program.dictionary.iter();
        let streams = world.program.streams.len();
        Player {
            text_hashes: texts.map(|text| text_hash(text)).collect(),
            sums: vec![Sums::default(); streams],
            rows: 0,
            ties: 0,
            keeps_parted: false,
            world,
            clockwork,
        }
    }

    /// Leaves out all rows before a time, as if nobody had asked for them.
    ///
    /// # Errors
    /// [`SnapshotError::TooLate`] when the run is past that time already.
    pub fn write_from(&mut self, from: Time) -> Result<(), SnapshotError> {
        if self.clockwork.now > from {
            return Err(SnapshotError::TooLate(self.clockwork.now));
        }
        self.world.write_from(from);
        self.sums = vec![Sums::default(); self.sums.len()];
        (self.rows, self.ties) = (0, 0);
        // Of entities all are written, whenever they have come.
        let mut kept = self.world.ledger.all();
        kept.retain(|kept| !kept.is_of_event());
        self.world.ledger.restore(&kept);
        Ok(())
    }

    /// Keeps of each row that is not the same on all sides on which it is, see [`StreamResult::parted`]: that takes
    /// sixteen bytes a row.
    pub fn keep_parted(mut self) -> Player {
        self.keeps_parted = true;
        self
    }

    /// What is fixed for the run.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The barrier at which the run is: everything before it has been played.
    pub fn time(&self) -> Time {
        self.clockwork.now
    }

    /// Plays up to the first barrier at or after `until`, or to the first at or after the end, on the threads of the
    /// current rayon pool. All rows up to there have then been handed to the sink.
    ///
    /// `watch` is called at barriers; when it breaks, the run ends with [`RunError::Interrupted`].
    ///
    /// # Errors
    /// When interrupted, when a ring of causes grows without end, when an exact number does not fit, and when the sink cannot store rows. The run cannot go on after that.
    pub fn play(
        &mut self,
        until: Time,
        sink: Option<&mut dyn RowSink>,
        watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
    ) -> Result<(), RunError> {
        let until = until.min(self.world.end);
        self.clockwork.ahead = match sink {
            Some(_) => Vec::new(),
            None => {
                let cells = 0..self.world.program.cells;
                cells.map(|_| EarlySums::new(&self.world)).collect()
            }
        };
        let mut delivery = Delivery {
            sink,
            waiting: Vec::new(),
        };
        while self.clockwork.now < until {
            let from = self.clockwork.now;
            let completion = Completion {
                world: &self.world,
                text_hashes: &self.text_hashes,
                keeps_parted: self.keeps_parted,
            };
            let clockwork = &mut self.clockwork;
            let played = delivery.along(true, || clockwork.advance_batch(completion, until))?;
            played.map_err(RunError::Growing)?;
            self.collect(from, &mut delivery)?;
            // All up to here has been worked out, so this is the first one, however it was played.
            if let Some(kept) = self.world.ledger.too_large() {
                let program = &self.world.program;
                return Err(RunError::TooLarge(TooLarge::of(&kept, program)));
            }
            let progress = Progress {
                time: self.clockwork.now.min(self.world.end),
                rows: self.rows,
            };
            if watch(progress).is_break() {
                return Err(RunError::Interrupted);
            }
        }
        delivery.along(true, scratch::drop_pages)
    }

    /// Takes the rows of what has been played since `from`, adds them up and hands them over, lot by lot: while one is
    /// completed, the one before it is written.
    fn collect(&mut self, from: Time, delivery: &mut Delivery<'_>) -> Result<(), RunError> {
        let keep = delivery.sink.is_some();
        let times = from.0..self.clockwork.now.0;
        let mut parts = vec![Sums::default(); self.sums.len()];
        let lots = lots(&self.world, &played(&self.clockwork.cells), times, keep);
        for lot in lots {
            let completion = Completion {
                world: &self.world,
                text_hashes: &self.text_hashes,
                keeps_parted: self.keeps_parted,
            };
            let cells = played(&self.clockwork.cells);
            let collect = || collect(completion, &cells, &lot, keep);
            let rows = delivery.along(false, collect)?;
            for (portion, rows) in lot.iter().zip(rows) {
                parts[portion.stream].merge(&rows.sums);
                self.ties += rows.ties;
                delivery.waiting.extend(rows.chunks);
                if portion.last {
                    self.clockwork.forget_rows(portion.stream);
                }
            }
        }
        let ahead = self.clockwork.ahead.iter_mut().map(EarlySums::take);
        for parts in [parts].into_iter().chain(ahead) {
            for (sum, part) in self.sums.iter_mut().zip(parts) {
                sum.merge(&part);
                self.rows += part.digest.rows;
            }
        }
        Ok(())
    }

    /// The run as it stands.
    pub fn snapshot(&self) -> Snapshot {
        let cells = &self.clockwork.cells;
        let arrivals = self.clockwork.arrivals.iter();
        Snapshot {
            origin: Origin::of(&self.world, self.clockwork.now),
            time: self.clockwork.now,
            rows: self.rows,
            ties: self.ties,
            kept: self.world.ledger.all(),
            sums: self.sums.clone(),
            rates: arrivals.map(|arrivals| arrivals.rates.clone()).collect(),
            observed: self.clockwork.observed.clone(),
            cells: cells.par_iter().map(LogicalProcess::state).collect(),
        }
    }

    /// What the written streams have come to so far.
    pub fn streams(&self) -> Vec<StreamResult> {
        results(&self.world, self.sums.clone())
    }

    /// The rows of one kind of entity as they are at the barrier, as [`entities`] gives them at the end.
    pub fn entities(&self, kind: KindId) -> impl Iterator<Item = Chunk> {
        entities::rows(&self.world, &self.clockwork.cells, kind)
    }

    /// What the run has come to.
    pub fn finish(self) -> RunResult {
        let streams = results(&self.world, self.sums);
        let cells = self.clockwork.cells;
        RunResult {
            fingerprint: combine(streams.iter().map(|s| (s.name.as_str(), s.fingerprint))),
            played: cells.iter().map(|cell| cell.rows.played).sum(),
            refused: cells.iter().map(|cell| cell.refused).sum(),
            kept: self.world.ledger.all(),
            world: self.world,
            cells,
            streams,
            ties: self.ties,
        }
    }
}

/// What has been added up of the written streams.
fn results(world: &World, sums: Vec<Sums>) -> Vec<StreamResult> {
    let streams = StreamId::each(&world.program.streams).zip(sums);
    let written = streams.filter(|((id, _), _)| world.is_written(*id));
    let results = written.map(|((_, stream), mut sums)| StreamResult {
        name: stream.name.clone(),
        rows: sums.digest.rows,
        fingerprint: sums.digest.finish(&stream.name),
        impact: sums.impact,
        series: sums.series,
        parted: {
            sums.parted.sort_unstable();
            sums.parted
        },
    });
    results.collect()
}

/// What has taken place on each process.
fn played(cells: &[LogicalProcess]) -> Vec<CellRows<'_>> {
    let each = cells.iter().map(|cell| CellRows {
        rows: &cell.rows,
        population: &cell.population,
    });
    each.collect()
}

/// Rows on their way to the sink, if there is one.
struct Delivery<'a> {
    sink: Option<&'a mut dyn RowSink>,
    /// What is written next.
    waiting: Vec<Chunk>,
}

impl Delivery<'_> {
    /// Does some work, while what waits is written: all up to a time, or a part if the sink takes parts.
    fn along<T: Send>(
        &mut self,
        all: bool,
        work: impl FnOnce() -> T + Send,
    ) -> Result<T, RunError> {
        let sink = self.sink.as_deref_mut();
        let sink = sink.filter(|sink| !self.waiting.is_empty() && (all || sink.in_parts()));
        let waiting = match sink {
            Some(_) => std::mem::take(&mut self.waiting),
            None => Vec::new(),
        };
        let (done, stored) = rayon::join(work, || sink.map_or(Ok(()), |sink| sink.write(waiting)));
        stored.map_err(RunError::Sink)?;
        Ok(done)
    }
}
