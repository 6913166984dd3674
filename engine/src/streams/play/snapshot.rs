//! Snapshots: a run at a barrier, as plain values that any serde format stores.
//!
//! [`Player::snapshot`](crate::streams::play::Player::snapshot) takes one; the same program goes
//! on from it to the same rows, also with interventions added that begin at its time or later, or with others that end
//! earlier than was known
//! ([`Player::resume`](crate::streams::play::Player::resume)). What follows from the program is not
//! in it, so a snapshot belongs to the program, seed and scale that it was taken of, and is refused
//! by others.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::STREAM_STABILITY_VERSION;
use crate::base::draw::{Purpose, mix, purpose};
use crate::base::time::Time;
use crate::streams::cell::{Onwards, ProcessState, end_of_day};
use crate::streams::kept::Kept;
use crate::streams::program::{Backlog, Envelope, Expr, Modifier, Program, Source, StreamId};
use crate::streams::rates::{Arrivals, Rates};
use crate::streams::rows::Sums;
use crate::streams::sides::Side;
use crate::streams::view::Observed;
use crate::streams::world::World;

/// A run at a barrier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// What it is of.
    pub origin: Origin,
    /// The barrier.
    pub time: Time,
    /// Rows handed over so far, and pairs of them at the same place of the total order.
    pub(crate) rows: u64,
    pub(crate) ties: u64,
    /// What has been kept within bounds so far.
    pub(crate) kept: Vec<Kept>,
    /// What each stream has come to so far.
    pub(crate) sums: Vec<Sums>,
    pub(crate) rates: Vec<Rates>,
    pub(crate) observed: Observed,
    /// All processes.
    pub(crate) cells: Vec<ProcessState>,
}

/// What a snapshot is of: it can only go on under a program for which its values mean the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    stream_stability_version: u32,
    seed: u64,
    begin: Time,
    /// Events from then on are not kept.
    end: Time,
    /// Digest of the streams that are written: what they do not need is left out.
    wanted: u64,
    /// Digest of what has been left out so far because it does not matter to what is written.
    relevance: u64,
    scale: f64,
    /// Digest of all names and counts on which the layout of the state depends.
    layout: u64,
    /// Number of texts, and a digest over them in order: codes of texts are part of the state.
    texts: (usize, u64),
    /// The interventions, in order, and whether each was asked for: labels and sides are part of the state.
    interventions: Vec<(String, bool)>,
    /// Digest of what each of them has done so far.
    pasts: Vec<u64>,
    /// For each stream, a digest of how the rate of its source is bent for the rest of the day.
    rates: Vec<u64>,
    /// What is held back, and when it is released.
    backlogs: Vec<Backlog>,
}

/// Why a run cannot go on from a snapshot.
#[derive(Clone, Debug, PartialEq)]
pub enum SnapshotError {
    /// It was taken by an engine of another stream-stability version, this one.
    Version(u32),
    /// It was taken of another run.
    Differs {
        /// In what they differ.
        what: &'static str,
    },
    /// It was taken too late for what is asked for: that begins before this time.
    TooLate(Time),
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotError::Version(version) => write!(
                f,
                "the snapshot is of stream-stability version {version}, and this is version {STREAM_STABILITY_VERSION}"
            ),
            SnapshotError::Differs { what } => {
                write!(f, "the snapshot was taken of a run with another {what}")
            }
            SnapshotError::TooLate(time) => {
                let Time(time_us) = time;
                write!(
                    f,
                    "nothing can change before {time_us} us since the epoch any more"
                )
            }
        }
    }
}

impl std::error::Error for SnapshotError {}

impl Snapshot {
    /// Whether a run can go on from here.
    ///
    /// # Errors
    /// In what the two differ, or that something differs too early.
    pub(crate) fn check(&self, world: &World) -> Result<(), SnapshotError> {
        self.origin.check(world, self.time)?;
        self.origin.moved(world, self.time).map(drop)
    }

    /// From where a run goes on that may do so, and what is otherwise there.
    pub(crate) fn onwards<'a>(&self, world: &World, arrivals: &'a [Arrivals]) -> Onwards<'a> {
        let origin = self.origin.sides(&world.program).unwrap_or_default();
        let mut onwards = Onwards::new((self.time, origin), arrivals);
        let rates = ahead(&world.program, self.time);
        for (stream, was) in StreamId::each(&self.origin.rates) {
            if rates[stream] != *was {
                onwards.open_anew(stream);
            }
        }
        for (was, is) in self.origin.moved(world, self.time).unwrap_or_default() {
            onwards.release_anew(&world.program, &was, &is);
        }
        onwards
    }
}

impl Origin {
    /// For each side of a run that goes on the one that it was.
    pub(crate) fn sides(&self, program: &Program) -> Option<Vec<Side>> {
        program.origin(self.interventions.len())
    }

    /// That of snapshots of a run at a time.
    pub(crate) fn of(world: &World, now: Time) -> Origin {
        let program = &world.program;
        let interventions = program.interventions.iter();
        let interventions = interventions.map(|it| (it.name.clone(), it.asked_for));
        Origin {
            stream_stability_version: STREAM_STABILITY_VERSION,
            seed: world.seed,
            begin: world.begin,
            end: world.kept_until,
            wanted: world.wanted_digest(),
            relevance: world.relevance_digest(now),
            scale: world.scale,
            layout: layout(program),
            texts: (program.dictionary.len(), texts(&program.dictionary)),
            interventions: interventions.collect(),
            pasts: pasts(program, now),
            rates: ahead(program, now),
            backlogs: program.backlogs.clone(),
        }
    }

    /// Whether a run can go on from a snapshot of this origin: it is of the same run, or of one
    /// with fewer interventions, or with interventions that do something else from then on.
    ///
    /// # Errors
    /// In what the two differ.
    fn check(&self, world: &World, now: Time) -> Result<(), SnapshotError> {
        let mine = Origin::of(world, now);
        if self.stream_stability_version != mine.stream_stability_version {
            return Err(SnapshotError::Version(self.stream_stability_version));
        }
        let program = &world.program;
        let known = program.dictionary.get(..self.texts.0);
        let differs = [
            (self.seed != mine.seed, "seed"),
            (self.begin != mine.begin, "start"),
            (self.scale.to_bits() != mine.scale.to_bits(), "scale"),
            (self.layout != mine.layout, "model"),
            (
                !mine.interventions.starts_with(&self.interventions),
                "scenario or external event",
            ),
            (known.map(texts) != Some(self.texts.1), "model"),
            (self.end < mine.end, "end, which was earlier"),
            (self.wanted != mine.wanted, "selection of streams"),
            (
                self.relevance != mine.relevance,
                "beginning of what matters to its rows, which was later",
            ),
            (
                self.sides(program).is_none(),
                "number of scenarios, which are too many to be told apart",
            ),
        ];
        if let Some((_, what)) = differs.into_iter().find(|(differs, _)| *differs) {
            return Err(SnapshotError::Differs { what });
        }
        let (known, new) = mine.pasts.split_at(self.pasts.len());
        match known == self.pasts && new.iter().all(|&past| past == NO_PAST) {
            true => Ok(()),
            false => Err(SnapshotError::TooLate(now)),
        }
    }

    /// The backlogs that are released at another time than was known, as they were and as they are: of what is held back
    /// already the release waits.
    ///
    /// # Errors
    /// When that cannot be changed any more.
    fn moved(&self, world: &World, now: Time) -> Result<Vec<(Backlog, Backlog)>, SnapshotError> {
        let has_begun = |backlog: &&Backlog| {
            let past = backlog.by.intervention();
            let past = past.and_then(|place| self.pasts.get(place));
            past.is_some_and(|&past| past != NO_PAST)
        };
        let was: Vec<&Backlog> = self.backlogs.iter().filter(has_begun).collect();
        let is: Vec<&Backlog> = (world.program.backlogs.iter()).filter(has_begun).collect();
        let pairs = || was.iter().zip(&is).filter(|(was, is)| was != is);
        let may_move = |(was, is): (&&Backlog, &&Backlog)| {
            let mut moved = **was;
            (moved.from, moved.within) = (is.from, is.within);
            // Whether another one's releases are told from these.
            let twins = self.backlogs.iter().filter(|other| {
                let mut other = **other;
                other.by = was.by;
                other == **was
            });
            moved == **is
                && now >= world.start
                && now <= was.from.min(is.from)
                && was.from + was.within <= self.end
                && twins.count() == 1
        };
        if was.len() != is.len() || !pairs().all(may_move) {
            return Err(SnapshotError::TooLate(now));
        }
        Ok(pairs().map(|(was, is)| (**was, **is)).collect())
    }
}

/// The digest of an intervention that has done nothing yet.
const NO_PAST: u64 = 0;

/// Digests of what each intervention has done up to a time.
fn pasts(program: &Program, now: Time) -> Vec<u64> {
    let mut pasts: Vec<Vec<u64>> = vec![Vec::new(); program.interventions.len()];
    let has_begun = |modifier: &&Modifier| modifier.envelope.start < now;
    for (modified, place) in program.modified.iter().zip(places(program)) {
        for modifier in modified.modifiers().filter(has_begun) {
            let words = modifier.words_until(now);
            let digest = words.iter().fold(place, |sum, word| mix(sum ^ word));
            if let Some(past) = modifier.by.intervention().and_then(|at| pasts.get_mut(at)) {
                past.push(digest);
            }
        }
    }
    let digest = pasts.into_iter().map(|mut past| {
        // In whatever order parameters have been bent, and however often an expression has been copied for it.
        past.sort_unstable();
        past.dedup();
        past.iter().fold(NO_PAST, |sum, word| mix(sum ^ word))
    });
    digest.collect()
}

/// Where the modified parameters are: of which stream, or of which desk.
fn places(program: &Program) -> Vec<u64> {
    let mut places = vec![0; program.modified.len()];
    for desk in &program.desks {
        if let Some(at) = desk.modified {
            places[usize::from(at)] = purpose(&desk.name).0;
        }
    }
    for stream in &program.streams {
        let Purpose(name) = purpose(&stream.name);
        if let Some(at) = stream.source.as_ref().and_then(Source::modified) {
            places[usize::from(at)] = mix(name);
        }
        for e in stream.expressions() {
            e.visit(&mut |e| {
                if let Expr::Modified(at, _) = e {
                    places[usize::from(*at)] = name;
                }
            });
        }
    }
    places
}

/// For each stream, a digest of how the rate of its source is bent from a time on until the day ends: so far ahead there are
/// candidates.
fn ahead(program: &Program, now: Time) -> Vec<u64> {
    let end = end_of_day(now);
    let acts = |modifier: &&Modifier| {
        let Envelope { start, .. } = modifier.envelope;
        now < end && start < end && modifier.envelope.settled() > now
    };
    let streams = program.streams.iter();
    let digest = streams.map(|stream| {
        let modified = stream.source.as_ref().and_then(Source::modified);
        let modified = modified.map(|at| &program.modified[usize::from(at)]);
        let modifiers = modified.into_iter().flat_map(|m| m.modifiers());
        let words = modifiers.filter(acts).map(|m| m.words_until(Time::NEVER));
        words.flatten().fold(0, |sum, word| mix(sum ^ word))
    });
    digest.collect()
}

fn texts(dictionary: &[String]) -> u64 {
    let add = |sum: u64, text: &String| mix(sum ^ purpose(text).0);
    dictionary.iter().fold(0, add)
}

/// Digest of what the layout of a run's state depends on.
fn layout(program: &Program) -> u64 {
    let mut sum = mix(u64::from(program.cells));
    let mut add = |name: &str, numbers: &[usize]| {
        let Purpose(name) = purpose(name);
        sum = mix(sum ^ name);
        for &number in numbers {
            sum = mix(sum ^ number as u64);
        }
    };
    add(
        "window",
        &[program.window.0 as usize, program.tick.0 as usize],
    );
    for stream in &program.streams {
        add(&stream.name, &[usize::from(stream.carried)]);
        stream.carried_names.iter().for_each(|name| add(name, &[]));
    }
    for kind in &program.kinds {
        let sizes = [
            kind.attributes.len(),
            kind.variables.len(),
            kind.diary.as_ref().map_or(0, |table| table.words()),
            kind.diary.as_ref().map_or(0, |table| table.step.0 as usize),
            kind.states.len(),
        ];
        add(&kind.name, &sizes);
    }
    add("counters", &[program.counters.len()]);
    program.desks.iter().for_each(|desk| add(&desk.name, &[]));
    sum
}
