//! Pilot runs: how much a run gives, estimated from a small one over the same days.
//!
//! What sources bring grows with the scale; what timers of entities bring, with the number of those;
//! what timers of the platform bring does not grow. So a pilot counts rows by the kind of root that
//! their chain began with, and each kind is scaled up in its own way.

use std::collections::BTreeMap;

use causeflow_engine::base::table::{Chunk, RowSink, SinkError, Values};
use causeflow_engine::base::time::Span;
use causeflow_engine::streams::play::run;
use causeflow_engine::streams::program::{KindId, Program, Source, StreamId};
use causeflow_engine::streams::world::Settings;
use causeflow_outputs::{EventWriter, Options, RunFolder};

use crate::control::{Control, Followed, check};
use crate::error::Error;

/// Rows that a pilot aims at, and with how many it is content.
const ROWS_WANTED: f64 = 500_000.0;
const ROWS_ENOUGH: f64 = 200_000.0;
/// Roots of the first attempt: chains multiply them.
const ROOTS_AT_FIRST: f64 = 60_000.0;
/// A stream with fewer rows in the pilot is estimated from its declared rate, where it has one.
const ROWS_TO_TRUST: u64 = 100;
const EVENT_ID: usize = 0;
const CAUSE_ID: usize = 2;
const ROOT_ID: usize = 3;

/// What is expected of a stream.
#[derive(Clone, Debug)]
pub struct Expected {
    /// The stream.
    pub stream: StreamId,
    /// Rows.
    pub rows: f64,
    /// Bytes of its files; 0 unless asked for.
    pub bytes: f64,
}

/// What begins a chain of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    Source,
    EntityTimer(KindId),
    Platform,
}

/// Estimates the rows of each stream that the settings ask for, and with `options` their size.
///
/// # Errors
/// When it is cancelled, and what playing and writing fail with.
pub fn estimate(
    program: &Program,
    settings: &Settings,
    options: Option<Options>,
    control: &dyn Control,
) -> Result<Vec<Expected>, Error> {
    let days = (settings.end - settings.start).days();
    let roots = roots_per_day(program) * days;
    // One root a row at least; what a chain gives is known after the first pilot.
    let mut scale = settings
        .scale
        .min(ROOTS_AT_FIRST / roots.max(1.0))
        .max(1e-6);
    loop {
        let pilot = Pilot::play(
            program,
            &Settings {
                scale,
                ..settings.clone()
            },
            control,
        )?;
        let rows = pilot.rows().max(1.0);
        if rows < ROWS_ENOUGH && scale < settings.scale {
            scale = settings.scale.min(scale * (ROWS_WANTED / rows).min(20.0));
            continue;
        }
        return match options {
            Some(options) => pilot.expected_with_bytes(
                program,
                &Settings {
                    scale,
                    ..settings.clone()
                },
                settings.scale,
                options,
                control,
            ),
            None => Ok(pilot.expected(program, settings)),
        };
    }
}

/// Expected events a day of all streams over the model's reference days, a month of them at most.
///
/// # Errors
/// When it is cancelled, and what playing fails with.
pub fn events_per_day(program: &Program, control: &dyn Control) -> Result<Vec<f64>, Error> {
    let days = program.reference.days.min(30);
    let start = program
        .zone
        .midnight(program.reference.start)
        .ok_or_else(|| {
            let message = format!(
                "the model's reference date {} is out of range",
                program.reference.start
            );
            Error::input(message, "choose a year between 1700 and 2250")
        })?;
    let end = start + Span(Span::DAY.0 * i64::from(days));
    let settings = Settings {
        seed: 42,
        start,
        end,
        open_end: false,
        scale: 1.0,
        streams: None,
    };
    let expected = estimate(program, &settings, None, control)?;
    Ok(expected
        .iter()
        .map(|stream| stream.rows / f64::from(days))
        .collect())
}

/// Events a day at scale 1 that nothing causes.
fn roots_per_day(program: &Program) -> f64 {
    let per_day = |every: Span| 1.0 / every.days().max(1e-9);
    let of_source = |source: &Source| match source {
        Source::Arrivals { rate_per_day, .. } => *rate_per_day,
        Source::Each { timer, actor } => {
            per_day(timer.every.length()) * f64::from(program.kinds[actor.kind].count)
        }
        Source::Platform { timer, instances } => {
            per_day(timer.every.length()) * instances.len().max(1) as f64
        }
    };
    program
        .streams
        .iter()
        .filter_map(|stream| stream.source.as_ref())
        .map(of_source)
        .sum()
}

/// The declared rate of a stream that comes from a source alone.
fn declared_per_day(program: &Program, stream: StreamId) -> Option<f64> {
    let caused = || {
        program
            .streams
            .iter()
            .any(|cause| cause.all_effects().any(|effect| effect.stream == stream))
    };
    match &program.streams[stream].source {
        Some(Source::Arrivals { rate_per_day, .. }) if !caused() => Some(*rate_per_day),
        Some(Source::Arrivals { .. } | Source::Each { .. } | Source::Platform { .. }) | None => {
            None
        }
    }
}

/// By how much rows of chains with this root grow from one scale to another.
fn growth(program: &Program, root: Root, from: f64, to: f64) -> f64 {
    match root {
        Root::Platform => 1.0,
        Root::Source => to / from,
        Root::EntityTimer(kind) => {
            let population = |scale| f64::from(program.founders(kind, scale));
            population(to) / population(from).max(1.0)
        }
    }
}

/// A small run and what it counted.
struct Pilot {
    scale: f64,
    wanted: Vec<StreamId>,
    /// For each stream, its rows by root.
    counts: Vec<Vec<(Root, u64)>>,
}

impl Pilot {
    fn play(program: &Program, settings: &Settings, control: &dyn Control) -> Result<Pilot, Error> {
        let mut counter = Counter::new(program, None);
        play(program, settings, &mut counter, control)?;
        Ok(Pilot::of(counter, settings, program))
    }

    fn of(counter: Counter, settings: &Settings, program: &Program) -> Pilot {
        let all = || program.stream_ids().collect();
        let wanted = settings.streams.clone().unwrap_or_else(all);
        Pilot {
            scale: settings.scale,
            wanted,
            counts: counter.counts,
        }
    }

    fn rows(&self) -> f64 {
        self.counts
            .iter()
            .flatten()
            .map(|(_, rows)| *rows as f64)
            .sum()
    }

    fn expected(&self, program: &Program, settings: &Settings) -> Vec<Expected> {
        let days = (settings.end - settings.start).days();
        let rows = |stream: StreamId| {
            let counts = &self.counts[stream];
            match declared_per_day(program, stream) {
                Some(rate) if counts.iter().map(|(_, rows)| rows).sum::<u64>() < ROWS_TO_TRUST => {
                    rate * days * settings.scale
                }
                _ => {
                    let grown = |&(root, rows): &(Root, u64)| {
                        rows as f64 * growth(program, root, self.scale, settings.scale)
                    };
                    counts.iter().map(grown).fold(0.0, |sum, rows| sum + rows)
                }
            }
        };
        self.wanted
            .iter()
            .map(|&stream| Expected {
                stream,
                rows: rows(stream),
                bytes: 0.0,
            })
            .collect()
    }

    /// Plays once more and encodes the rows; an empty file of each stream shows what is fixed.
    fn expected_with_bytes(
        self,
        program: &Program,
        small: &Settings,
        scale: f64,
        options: Options,
        control: &dyn Control,
    ) -> Result<Vec<Expected>, Error> {
        let mut expected = self.expected(
            program,
            &Settings {
                scale,
                ..small.clone()
            },
        );
        // Of a name that nobody else has: several pilots may be under way, and gone when they are dropped.
        let scratch = tempfile::tempdir()
            .map_err(|error| Error::machine(format!("no temporary folder can be made: {error}")))?;
        let folder = |what| RunFolder::create(&scratch.path().join(what), true);
        let (full, empty) = (folder("rows")?, folder("none")?);
        let mut counter = Counter::new(program, Some(writer(&full, program, options)));
        play(program, small, &mut counter, control)?;
        let mut with_rows = vec![(0, 0); program.streams.len()];
        for (stream, file) in files_by_stream(program, counter.finish()?) {
            with_rows[stream].0 += file.rows;
            with_rows[stream].1 += file.bytes;
        }
        let mut without = vec![0; program.streams.len()];
        for (stream, file) in files_by_stream(program, writer(&empty, program, options).finish()?) {
            without[stream] = file.bytes;
        }
        for one in &mut expected {
            let (rows, bytes) = with_rows[one.stream];
            let fixed = without[one.stream] as f64;
            let each = (bytes as f64 - fixed).max(0.0) / (rows.max(1)) as f64;
            one.bytes = fixed + each * one.rows;
        }
        Ok(expected)
    }
}

fn play(
    program: &Program,
    settings: &Settings,
    counter: &mut Counter,
    control: &dyn Control,
) -> Result<(), Error> {
    let mut followed = Followed::silent(control);
    let mut note = |progress| followed.note(progress);
    run(program.clone(), settings, Some(counter), &mut note)?;
    check(control)
}

fn writer(folder: &RunFolder, program: &Program, options: Options) -> EventWriter {
    let schemas = program
        .streams
        .iter()
        .map(|stream| stream.schema())
        .collect();
    EventWriter::new(folder.path(), schemas, program.dictionary.clone(), options)
}

fn files_by_stream(
    program: &Program,
    files: Vec<causeflow_outputs::FileEntry>,
) -> impl Iterator<Item = (StreamId, causeflow_outputs::FileEntry)> {
    files.into_iter().filter_map(|file| {
        let name = file
            .path
            .strip_prefix("events/stream=")?
            .split('/')
            .next()?;
        Some((program.stream(name)?, file))
    })
}

/// A sink that counts rows by what their chain began with.
struct Counter {
    /// For each stream, what its events without a cause are.
    roots: Vec<Root>,
    /// The roots that are not those of sources, by event_id.
    known: BTreeMap<u64, Root>,
    counts: Vec<Vec<(Root, u64)>>,
    writer: Option<EventWriter>,
}

impl Counter {
    fn new(program: &Program, writer: Option<EventWriter>) -> Counter {
        let root = |source: &Option<Source>| match source {
            Some(Source::Each { actor, .. }) => Root::EntityTimer(actor.kind),
            Some(Source::Platform { .. }) => Root::Platform,
            Some(Source::Arrivals { .. }) | None => Root::Source,
        };
        Counter {
            roots: program
                .streams
                .iter()
                .map(|stream| root(&stream.source))
                .collect(),
            known: BTreeMap::new(),
            counts: vec![Vec::new(); program.streams.len()],
            writer,
        }
    }

    fn finish(self) -> Result<Vec<causeflow_outputs::FileEntry>, Error> {
        match self.writer {
            Some(writer) => Ok(writer.finish()?),
            None => Ok(Vec::new()),
        }
    }

    /// Takes note of a chunk's events that nothing caused.
    fn learn(&mut self, chunk: &Chunk) {
        let root = self.roots[chunk.table];
        if root == Root::Source {
            return;
        }
        let Values::Id(ids) = &chunk.columns[EVENT_ID].values else {
            return;
        };
        let causes = &chunk.columns[CAUSE_ID];
        let own = ids
            .iter()
            .enumerate()
            .filter(|(row, _)| !causes.validity.has(*row));
        self.known.extend(own.map(|(_, id)| (*id, root)));
    }

    fn count(&mut self, chunk: &Chunk) {
        let Values::Id(ids) = &chunk.columns[ROOT_ID].values else {
            return;
        };
        let counts = &mut self.counts[chunk.table];
        for id in ids {
            let root = self.known.get(id).copied().unwrap_or(Root::Source);
            match counts.iter_mut().find(|(known, _)| *known == root) {
                Some((_, rows)) => *rows += 1,
                None => counts.push((root, 1)),
            }
        }
    }
}

impl RowSink for Counter {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        // Effects may stand in earlier chunks than their roots.
        chunks.iter().for_each(|chunk| self.learn(chunk));
        chunks.iter().for_each(|chunk| self.count(chunk));
        match &mut self.writer {
            Some(writer) => writer.write(chunks),
            None => Ok(()),
        }
    }
}
