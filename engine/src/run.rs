//! Playing a program: windows, barriers, and rows on their way out.
//!
//! Between two barriers all processes play in parallel and alone. At a barrier, messages are handed
//! over in total order and the business-wide view is taken. So the number of threads cannot show.

use std::ops::ControlFlow;

use rayon::prelude::*;

use crate::attribution::Effects;
use crate::cell::{Cell, Event};
use crate::fingerprint::{Digest, Fingerprint, combine, text_hash};
use crate::founding::found;
use crate::program::Program;
use crate::rows::{Ahead, collect};
use crate::table::{Chunk, Sink, SinkError};
use crate::time::{Span, Time};
use crate::world::{Observed, Settings, View, World};

/// How far a run has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Virtual time of the last barrier.
    pub time: Time,
    /// Rows handed to the sink (or digested, without one).
    pub rows: u64,
}

/// Why a run ended before its time.
#[derive(Debug)]
pub enum RunError {
    /// The caller's `watch` asked for it.
    Interrupted,
    /// The sink could not store the rows.
    Sink(SinkError),
}

impl std::fmt::Display for RunError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RunError::Interrupted => f.write_str("the run was interrupted"),
            RunError::Sink(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RunError {}

/// What a stream came to.
#[derive(Clone, Debug)]
pub struct StreamResult {
    /// The stream's name.
    pub name: String,
    /// Number of rows.
    pub rows: u64,
    /// Digest over them.
    pub fingerprint: Fingerprint,
    /// What interventions did to it; empty without any.
    pub effects: Effects,
}

/// What a run came to.
pub struct RunResult {
    /// What was fixed for the run.
    pub world: World,
    /// The processes as they are at the end.
    pub cells: Vec<Cell>,
    /// The written streams.
    pub streams: Vec<StreamResult>,
    /// Digest over all of them.
    pub fingerprint: Fingerprint,
    /// Events that took place, with those of the warm-up and those not written.
    pub played: u64,
    /// Pairs of rows at the same place of the total order; 0, or the order is not total.
    pub ties: u64,
}

/// So many words of rows, at least, go on their way together, unless a day brings fewer.
const BATCH_WORDS: usize = 500_000;

/// Plays a program on the threads of the current rayon pool.
///
/// `watch` is called at barriers; when it breaks, the run ends with [`RunError::Interrupted`].
///
/// # Errors
/// When interrupted, and when the sink cannot store rows.
pub fn run(
    program: Program,
    settings: &Settings,
    mut sink: Option<&mut dyn Sink>,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<RunResult, RunError> {
    let text_hashes: Vec<u64> = program
        .dictionary
        .iter()
        .map(|text| text_hash(text))
        .collect();
    let mut world = World::new(program, settings);
    let cells = found(&mut world);
    let world = world;
    let mut clockwork = Clockwork::new(&world, cells);
    let mut sums = vec![(Digest::default(), Effects::default()); world.program.streams.len()];
    if sink.is_none() {
        clockwork.ahead = (0..world.program.cells)
            .map(|_| Ahead::new(&world))
            .collect();
    }
    let (mut ties, mut rows) = (0, 0);
    let mut pending: Vec<Chunk> = Vec::new();
    let keep = sink.is_some();
    loop {
        let written = std::mem::take(&mut pending);
        let ((), stored) = rayon::join(
            || clockwork.advance_batch(&world, &text_hashes),
            || match sink.as_deref_mut() {
                Some(sink) if !written.is_empty() => sink.write(written),
                _ => Ok(()),
            },
        );
        stored.map_err(RunError::Sink)?;
        for (stream, part) in collect(&world, &clockwork.cells, &text_hashes, keep)
            .into_iter()
            .enumerate()
        {
            sums[stream].0.merge(&part.digest);
            sums[stream].1.merge(&part.effects);
            rows += part.digest.rows;
            ties += part.ties;
            pending.extend(part.chunks);
        }
        for ahead in &mut clockwork.ahead {
            for (sum, (digest, effects)) in sums.iter_mut().zip(ahead.take()) {
                sum.0.merge(&digest);
                sum.1.merge(&effects);
                rows += digest.rows;
            }
        }
        clockwork.clear_rows();
        let progress = Progress {
            time: clockwork.now.min(world.end),
            rows,
        };
        if watch(progress).is_break() {
            return Err(RunError::Interrupted);
        }
        if clockwork.now >= world.end {
            break;
        }
    }
    if let Some(sink) = sink {
        sink.write(pending).map_err(RunError::Sink)?;
    }
    let cells = clockwork.cells;
    Ok(finish(world, cells, settings, sums, ties))
}

fn finish(
    world: World,
    cells: Vec<Cell>,
    settings: &Settings,
    sums: Vec<(Digest, Effects)>,
    ties: u64,
) -> RunResult {
    let streams: Vec<StreamResult> = world
        .program
        .streams
        .iter()
        .zip(sums)
        .enumerate()
        .filter(|(s, _)| {
            settings
                .streams
                .as_ref()
                .is_none_or(|list| list.contains(&(*s as u16)))
        })
        .map(|(_, (stream, (digest, effects)))| StreamResult {
            name: stream.name.clone(),
            rows: digest.rows,
            fingerprint: digest.finish(&stream.name),
            effects,
        })
        .collect();
    RunResult {
        fingerprint: combine(streams.iter().map(|s| (s.name.as_str(), s.fingerprint))),
        played: cells.iter().map(|cell| cell.rows.played).sum(),
        world,
        cells,
        streams,
        ties,
    }
}

/// The processes and the barrier between their windows.
struct Clockwork {
    /// The cells, and the platform last.
    cells: Vec<Cell>,
    now: Time,
    observed: Observed,
    /// How many ticks back the platform looks.
    memory: usize,
    /// The digests of each cell's rows, if nothing but digests is asked for; otherwise empty.
    ahead: Vec<Ahead>,
}

impl Clockwork {
    fn new(world: &World, cells: Vec<Cell>) -> Clockwork {
        let longest = world.periods.iter().max().copied().unwrap_or_default();
        let tick = world.program.tick;
        let mut first = View::default();
        for cell in &cells {
            merge(&mut first, &cell.view(world));
        }
        let observed = Observed {
            first: world.begin,
            tick,
            views: vec![first],
        };
        Clockwork {
            cells,
            now: world.begin,
            observed,
            memory: (longest.0 / tick.0 + 1) as usize,
            ahead: Vec::new(),
        }
    }

    /// Plays windows until there are enough rows, a day has passed, or the end is reached.
    fn advance_batch(&mut self, world: &World, text_hashes: &[u64]) {
        let latest = world.end.min(self.now + Span::DAY);
        while self.now < latest {
            self.advance(world, text_hashes);
            let words: usize = self
                .cells
                .iter()
                .flat_map(|cell| cell.rows.by_stream.iter().chain(&cell.rows.factual))
                .map(Vec::len)
                .sum();
            if words >= BATCH_WORDS {
                break;
            }
        }
    }

    /// Plays one window: the cells in parallel and alone, then the platform, which sees them.
    fn advance(&mut self, world: &World, text_hashes: &[u64]) {
        let (start, end) = (self.now, self.now + world.program.window);
        let nothing = Observed::default();
        let (platform, cells) = self
            .cells
            .split_last_mut()
            .expect("the platform is always there");
        let play = |cell: &mut Cell| {
            cell.exchange_queue();
            cell.advance(world, &nothing, start, end);
            cell.exchange_queue();
        };
        if self.ahead.is_empty() {
            cells.par_iter_mut().with_max_len(1).for_each(play);
        } else {
            cells
                .par_iter_mut()
                .zip(&mut self.ahead)
                .with_max_len(1)
                .for_each(|(cell, ahead)| {
                    ahead.prepare(cell);
                    play(cell);
                    ahead.digest(world, cell, text_hashes);
                });
        }
        for tick in 0..(world.program.window.0 / world.program.tick.0) as usize {
            let mut view = platform.view(world);
            for cell in cells.iter() {
                merge(&mut view, &cell.views[tick]);
            }
            self.observed.views.push(view);
        }
        platform.advance(world, &self.observed, start, end);
        self.forget(world);
        self.hand_over(world);
        self.now = end;
    }

    /// Drops the views that lie further back than any timer looks.
    fn forget(&mut self, world: &World) {
        let spare = self.observed.views.len().saturating_sub(self.memory + 1);
        self.observed.views.drain(..spare);
        self.observed.first += Span(world.program.tick.0 * spare as i64);
    }

    /// Hands messages over in total order.
    fn hand_over(&mut self, world: &World) {
        let mut messages: Vec<(u16, Event)> = self
            .cells
            .iter_mut()
            .flat_map(|cell| std::mem::take(&mut cell.outbox))
            .collect();
        messages.sort_by_key(|(_, event)| event.order());
        for (process, event) in messages {
            self.cells[usize::from(process)].receive(world, event);
        }
    }

    fn clear_rows(&mut self) {
        for cell in &mut self.cells {
            cell.rows.clear();
        }
    }
}

/// Adds a process's view to that of the business.
fn merge(whole: &mut View, part: &View) {
    if whole.factual.states.is_empty() {
        *whole = part.clone();
    } else {
        whole.add(part);
    }
}
