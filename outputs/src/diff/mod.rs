//! The difference of two finished runs, event by event.
//!
//! An event's id follows from its lineage alone, so two runs of one seed, with and without a
//! scenario or an edit of the model, have the same rows wherever that did not reach. What is left
//! is its effect. One run is called A, the other one B or the *twin*; the difference says what has
//! to happen to B to become A.
//!
//! ```no_run
//! use causeflow_outputs::diff::{Diff, FinishedRun};
//! use std::path::Path;
//!
//! # fn main() -> Result<(), causeflow_outputs::Error> {
//! let with = FinishedRun::open(Path::new("out/strike"))?;
//! let without = FinishedRun::open(Path::new("out/plain"))?;
//! let mut diff = Diff::compare(&with, &without, &|_stream| true)?;
//! diff.explain(&|_name| true, &|_stream, _time_us| None)?;
//! for stream in &diff.streams {
//!     println!("{}: {} events differ", stream.name(), stream.counts().total());
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Tables
//! [`Diff::write`] hands one table to a sink for each stream that differs,
//! `changes/stream=<name>/part-0000`, in the order of (`time`, or `twin_time` where that is
//! missing, then `event_id`):
//!
//! | column | type | |
//! |---|---|---|
//! | `event_id` | uint64 | the same in both runs |
//! | `change` | text | `added`: only in A. `removed`: only in B. `moved`: in both, at different times; other values may differ too. `changed`: in both at the same time, with another cause, root, cell or field |
//! | `time` | timestamp | in A; missing if removed |
//! | `twin_time` | timestamp | in B; missing if added |
//! | `cause_id`, `root_id`, `cell` | uint64, uint64, uint16 | in A; in B if removed |
//! | `attribution` | text | in A; missing if removed |
//! | `why` | text | what intervened, as far as that is known: see [`Diff::explain`] |
//! | `via` | text | which way that came, as far as it is known: `lineage` or `contention` |
//! | *field*, `twin_`*field* | as in the stream | each field of the stream, in A and in B; missing where the event is |
//!
//! A field whose name (or the name of its twin) is taken gets `_` at its end. Missing values are
//! equal to each other; so are zero and minus zero, and so are all floats that are not a number.
//! `attribution` is not compared.
//!
//! `summary` has one row for each stream that was compared: `stream`, `rows` in A,
//! `twin_rows` in B, `added`, `removed`, `moved`, `changed`. `hours` has the last four by
//! `stream` and `hour` (its first instant, UTC), for hours in which there are any: events count at
//! the hour in which they are in B, those that are added at their hour in A.
//!
//! # Memory
//! Rows that are equal are forgotten at once. All columns of those that differ are held until the
//! tables are written: some 10 bytes a column and side.

mod agree;
mod change;
mod lanes;
mod merge;
mod notes;
mod side;
mod store;
mod texts;
mod why;
mod write;

pub use crate::read::FinishedRun;
pub use change::{ChangeKind, Counts};
pub use why::Intervention;

use crate::error::Error;
use crate::file::FileEntry;
use crate::read::Reader;
use causeflow_engine::base::table::ColumnSpec;
use change::Change;
use merge::Merge;
use rayon::prelude::*;
use side::RunSide;
use std::collections::BTreeMap;
use store::Store;
use texts::Texts;

/// What differs between two runs.
pub struct Diff {
    /// The streams in which events differ, by name.
    pub streams: Vec<StreamDiff>,
    /// The streams that are equal, by name, with their number of rows.
    pub identical: Vec<(String, u64)>,
    /// Streams that one of the runs was told to leave out of its files, so that nothing can be
    /// said about them.
    pub left_out: Vec<String>,
    /// What differs between the runs besides their events, such as the seed, in sentences.
    pub notes: Vec<String>,
}

/// What differs in one stream.
pub struct StreamDiff {
    name: String,
    rows: u64,
    twin_rows: u64,
    columns: Vec<ColumnSpec>,
    a: Store,
    b: Store,
    texts: Texts,
    changes: Vec<Change>,
    /// For each change the code of its text, once it has been looked for, and which way it came.
    why: Vec<(Option<u16>, Option<Via>)>,
}

/// An event that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// Its stream.
    pub stream: &'a str,
    /// Its id.
    pub event_id: u64,
    /// In which way it differs.
    pub change: ChangeKind,
    /// Its time in A, in microseconds since 1970.
    pub time_us: Option<i64>,
    /// Its time in B.
    pub twin_time_us: Option<i64>,
    /// What intervened, as far as that is known.
    pub why: Option<&'a str>,
    /// Which way it came, as far as that is known.
    pub via: Option<Via>,
    /// Where it is in both runs: the columns that differ.
    pub columns: Vec<&'a str>,
}

/// Which way a difference came to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// Through its chain of causes, or state that it reads: it has a name.
    Lineage,
    /// Through something scarce, such as an agent or a slot, that was there for others.
    Contention,
}

impl Via {
    /// Both.
    pub const ALL: [Via; 2] = [Via::Lineage, Via::Contention];

    /// Its word in tables.
    pub fn name(self) -> &'static str {
        match self {
            Via::Lineage => "lineage",
            Via::Contention => "contention",
        }
    }
}

/// The files of one stream on either side, as far as the runs have it.
struct Task<'a> {
    name: &'a str,
    rows: [u64; 2],
    parts: [Option<Vec<&'a FileEntry>>; 2],
}

impl Diff {
    /// Compares the streams of which `selected` is true, in parallel on the current rayon pool.
    ///
    /// Streams of equal fingerprints are not read. If the runs are of the same model, down to its
    /// text, and only one has files of a stream, then the other was played without writing it, and
    /// it is left out; otherwise all of its events are added or removed.
    ///
    /// # Errors
    /// [`Error::Input`] when the runs cannot be compared (other models, other columns), or when a
    /// file is missing, damaged, or not what its manifest says; [`Error::Rows`] when a stream has
    /// more different texts than fit a column; [`Error::Io`] when the disk fails.
    pub fn compare(
        a: &FinishedRun,
        b: &FinishedRun,
        selected: &dyn Fn(&str) -> bool,
    ) -> Result<Diff, Error> {
        let compared = Diff::compare_while(a, b, selected, &|| true)?;
        Ok(compared.unwrap_or_else(|| unreachable!("nobody stops this comparison")))
    }

    /// As [`Diff::compare`], but gives up before the next stream once `go_on` is false; nothing is returned then.
    ///
    /// # Errors
    /// As with [`Diff::compare`].
    pub fn compare_while(
        a: &FinishedRun,
        b: &FinishedRun,
        selected: &dyn Fn(&str) -> bool,
        go_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Option<Diff>, Error> {
        let mut diff = Diff {
            streams: Vec::new(),
            identical: Vec::new(),
            left_out: Vec::new(),
            notes: notes::notes(a, b)?,
        };
        let mut tasks = diff.tasks(a, b, selected)?;
        for (run, side) in [(a, 0), (b, 1)] {
            let files = tasks
                .iter()
                .flat_map(|task| task.parts[side].iter().flatten().copied());
            run.check(&files.collect::<Vec<_>>())?;
        }
        // The longest first, so that none is left over when the others are done.
        tasks.sort_by_key(|task| std::cmp::Reverse(task.rows[0].max(task.rows[1])));
        let compared: Vec<Option<Result<StreamDiff, Error>>> = tasks
            .into_par_iter()
            .with_max_len(1)
            .map(|task| go_on().then(|| task.compare(a, b)))
            .collect();
        for stream in compared {
            let Some(stream) = stream.transpose()? else {
                return Ok(None);
            };
            match stream.changes.is_empty() {
                true => diff.identical.push((stream.name, stream.rows)),
                false => diff.streams.push(stream),
            }
        }
        diff.streams.sort_by(|x, y| x.name.cmp(&y.name));
        diff.identical.sort();
        Ok(Some(diff))
    }

    /// Sorts the streams into those to compare, which it returns, and the others.
    fn tasks<'r>(
        &mut self,
        a: &'r FinishedRun,
        b: &'r FinishedRun,
        selected: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<Task<'r>>, Error> {
        let same_model = a.manifest().model.digest == b.manifest().model.digest;
        // A manifest is about all rows of its run.
        let whole = a.part().is_none() && b.part().is_none();
        let names = [a, b].into_iter().flat_map(|run| &run.manifest().streams);
        let mut names: Vec<&str> = names.map(|stream| stream.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names.retain(|name| selected(name));
        let mut tasks = Vec::new();
        for name in names {
            let sides = [a, b].map(|run| run.stream(name));
            match sides {
                [Some(x), Some(y)]
                    if whole && (&x.fingerprint, x.rows) == (&y.fingerprint, y.rows) =>
                {
                    self.identical.push((name.to_owned(), x.rows));
                    continue;
                }
                [None, _] | [_, None] if same_model => {
                    self.left_out.push(name.to_owned());
                    continue;
                }
                _ => {}
            }
            let parts = |side: usize, run: &'r FinishedRun| {
                sides[side].map(|_| run.parts(name)).transpose()
            };
            tasks.push(Task {
                name,
                rows: sides.map(|stream| stream.map_or(0, |stream| stream.rows)),
                parts: [parts(0, a)?, parts(1, b)?],
            });
        }
        Ok(tasks)
    }

    /// Finds out why each event differs, from what the runs say.
    ///
    /// For an event of A that is its attribution, if `is_cause` holds for that: what both runs have makes no
    /// difference. Otherwise, and for one that was removed, its causes in B
    /// are followed upwards through events that differ too, and the topmost of them decides. If
    /// that is still in A, its attribution there is what is wanted; if not, `intervention` is asked
    /// what was at work on its stream at its time in B. Which way it came is only known where an attribution tells.
    ///
    /// # Errors
    /// [`Error::Rows`] when a stream then has more different texts than fit a column.
    pub fn explain(
        &mut self,
        is_cause: &dyn Fn(&str) -> bool,
        intervention: Intervention<'_, '_>,
    ) -> Result<(), Error> {
        why::explain(&mut self.streams, is_cause, intervention)
    }

    /// Tells why each event differs, as `known` says for a stream and an event.
    ///
    /// # Errors
    /// [`Error::Rows`] when a stream then has more different texts than fit a column.
    pub fn explain_by(&mut self, known: &dyn Fn(&str, u64) -> (String, Via)) -> Result<(), Error> {
        for stream in &mut self.streams {
            let mut all = Vec::with_capacity(stream.changes.len());
            for change in &stream.changes {
                let id = change.id(&stream.a, &stream.b);
                let (why, via) = known(&stream.name, id);
                all.push((Some(stream.texts.code(&why)?), Some(via)));
            }
            stream.why = all;
        }
        Ok(())
    }

    /// Whether no event differs.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// How many events differ in all streams.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for stream in &self.streams {
            counts += stream.counts();
        }
        counts
    }

    /// The first events that differ, by time, then by id.
    pub fn first(&self, limit: usize) -> Vec<Event<'_>> {
        let mut first: Vec<Event<'_>> = Vec::new();
        for stream in &self.streams {
            first.extend(stream.events().take(limit));
        }
        first.sort_by_key(|event| (event.time_us.or(event.twin_time_us), event.event_id));
        first.truncate(limit);
        first
    }
}

impl StreamDiff {
    /// The stream's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many events A has.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// How many events B has.
    pub fn twin_rows(&self) -> u64 {
        self.twin_rows
    }

    /// How many events differ.
    pub fn counts(&self) -> Counts {
        change::count(&self.changes)
    }

    /// How many events differ by hour (its first instant, in microseconds since 1970), for hours
    /// with any. Events count at the hour in which they are in B, those added at theirs in A.
    pub fn by_hour(&self) -> BTreeMap<i64, Counts> {
        change::by_hour(&self.changes, &self.a, &self.b)
    }

    /// The events that differ, by time, then by id.
    pub fn events(&self) -> impl Iterator<Item = Event<'_>> {
        (0..).zip(&self.changes).map(|(place, change)| {
            let differing = change
                .a()
                .zip(change.b())
                .map(|(a, b)| self.a.differing(a, &self.b, b));
            let differing = differing.into_iter().flatten();
            Event {
                stream: &self.name,
                event_id: change.id(&self.a, &self.b),
                change: change.kind,
                time_us: change.a().map(|row| self.a.time(row)),
                twin_time_us: change.b().map(|row| self.b.time(row)),
                why: self.why_at(place).map(|code| self.texts.get(code)),
                via: self.via_at(place),
                columns: differing
                    .map(|column| self.columns[column].name.as_str())
                    .collect(),
            }
        })
    }
}

impl StreamDiff {
    /// Nothing before it has been looked for.
    fn why_at(&self, place: usize) -> Option<u16> {
        self.why.get(place)?.0
    }

    fn via_at(&self, place: usize) -> Option<Via> {
        self.why.get(place)?.1
    }
}

impl Task<'_> {
    fn compare(self, a: &FinishedRun, b: &FinishedRun) -> Result<StreamDiff, Error> {
        let [parts_a, parts_b] = self.parts;
        let reader_a = parts_a
            .map(|parts| Reader::new(a, parts, true))
            .transpose()?;
        let reader_b = parts_b
            .map(|parts| Reader::new(b, parts, false))
            .transpose()?;
        let both = (reader_a.as_ref(), reader_b.as_ref());
        if let (Some(x), Some(y)) = both {
            agree::agree(self.name, x.columns(), y.columns(), (a, b))?;
        }
        let columns = both.0.or(both.1).map(|reader| reader.columns().to_vec());
        let columns = columns.unwrap_or_default();
        let merge = Merge::new(
            RunSide::new(reader_a, &columns),
            RunSide::new(reader_b, &columns),
            Texts::new(self.name),
        );
        let merged = merge.run()?;
        Ok(StreamDiff {
            name: self.name.to_owned(),
            rows: merged.rows[0],
            twin_rows: merged.rows[1],
            columns,
            a: merged.a,
            b: merged.b,
            texts: merged.texts,
            changes: merged.changes,
            why: Vec::new(),
        })
    }
}
