//! Checks a finished run on the data itself.
//!
//! Three layers, each on the one before it: the **files** (they are there, and have the size, the digest and the number
//! of rows that the manifest says), the **rows** (columns, fingerprints, order, range, attribution), and what rows
//! **say about each other** (unique ids, causes, roots, cells, delays, outcomes, ids in fields).
//!
//! ```no_run
//! use causeflow_outputs::verify::{Options, verify};
//! use std::path::Path;
//!
//! # fn main() -> Result<(), causeflow_outputs::Error> {
//! let verdict = verify(Path::new("out/tutoring-42"), None, Options::default(), &|| true)?;
//! if let Some(verdict) = verdict {
//!     for (check, group) in verdict.findings.groups() {
//!         println!("{}: {}", check.what(), group.number);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Causes that are not in the files
//! Ids follow from lineage: an event's id mixes its cause's with the effect's name and an ordinal. Mixing can be taken
//! back, so each row alone tells by which effect it came, whether or not its cause was written. Where the cause's
//! stream was written, the cause must be in the run, unless it lies before the start. It can only do so if the delay
//! can be that long, and if the root of the chain is not in the run either.
//!
//! # Memory
//! Events and references are parted by the id that they are about, and each part is checked alone. What does not fit
//! [`Options::memory`] goes to a temporary file. Besides that come, for each thread, a batch of rows, a part (some
//! megabytes) and a handful of records for each part (2 megabytes for each 256); and up to 64 bytes for each entity. None of that grows with the run
//! up to 130 million events; beyond, the parts do.

mod fields;
mod files;
mod finding;
mod follow;
mod hash;
mod ids;
mod join;
mod links;
mod origins;
mod rows;
mod rules;
mod store;
mod tables;

pub use finding::{Check, Finding, Findings, Group};

use crate::error::Error;
use crate::file::FileEntry;
use crate::manifest::{MANIFEST_NAME, Manifest};
use crate::options::Format;
use crate::read::FinishedRun;
use causeflow_engine::fingerprint::Digest;
use causeflow_engine::program::Program;
use causeflow_engine::time::Time;
use files::Files;
use jiff::Timestamp;
use join::{Join, Scratch};
use rows::{Context, FileRows, joins, read_file};
use rules::Rules;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Outbox, Store};
use tables::{Entities, Names};

/// How a run is checked.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Only whether the files are there and have the right size and number of rows.
    pub quick: bool,
    /// Bytes of memory for what is kept of events; what does not fit goes to a temporary file.
    pub memory: u64,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            quick: false,
            memory: 512 << 20,
        }
    }
}

/// What a verification came to.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// All that is not as it should be.
    pub findings: Findings,
    /// Number of files that the manifest lists.
    pub files: usize,
    /// Their bytes, as far as they are there.
    pub bytes: u64,
    /// Number of streams.
    pub streams: usize,
    /// Rows that were read.
    pub rows: u64,
    /// References from rows to other rows that were followed.
    pub links: u64,
    /// Entities that rows may refer to.
    pub entities: u64,
    /// Why rows were not read; nothing if they were.
    pub left_out: Option<String>,
}

/// Checks the run in a folder on the current rayon pool. With the program that it was played with, bent by its
/// interventions, rows are also checked against what the model says.
///
/// Gives up once `go_on` is false; nothing is returned then.
///
/// # Errors
/// [`Error::Input`] when the folder holds no finished run that this version can read; [`Error::Io`] when the disk
/// fails. What is wrong with the run is no error: it is among the [`Verdict::findings`].
pub fn verify(
    folder: &Path,
    program: Option<&Program>,
    options: Options,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Verdict>, Error> {
    let manifest = Manifest::read(folder)?;
    let Some(Files {
        findings,
        rows,
        bytes,
    }) = files::look_at(folder, &manifest, !options.quick, go_on)?
    else {
        return Ok(None);
    };
    let mut verdict = Verdict {
        findings,
        files: manifest.files.len(),
        bytes,
        streams: manifest.streams.len(),
        rows: 0,
        links: 0,
        entities: 0,
        left_out: None,
    };
    if options.quick {
        verdict.left_out = Some("--quick looks at files only".to_owned());
        return Ok(Some(verdict));
    }
    if manifest.format != Format::Parquet {
        let format = manifest.format.ending();
        let why = format!("rows are read from Parquet only, and these are {format}");
        verdict.left_out = Some(why);
        return Ok(Some(verdict));
    }
    let run = FinishedRun::written(folder, manifest)?;
    let checked = Rows {
        run: &run,
        program,
        options,
        readable: &rows,
        go_on,
    }
    .check(&mut verdict)?;
    Ok(checked.then_some(verdict))
}

/// The rows of a run while they are checked.
struct Rows<'a> {
    run: &'a FinishedRun,
    program: Option<&'a Program>,
    options: Options,
    /// Rows by path, of the files that are as the manifest says.
    readable: &'a BTreeMap<String, u64>,
    go_on: &'a (dyn Fn() -> bool + Sync),
}

/// A file of a stream that is to be read.
struct Task {
    stream: usize,
    entry: FileEntry,
}

impl Rows<'_> {
    /// Checks all rows; false if it was given up.
    fn check(&self, verdict: &mut Verdict) -> Result<bool, Error> {
        let manifest = self.run.manifest();
        let range = self.range()?;
        let names: Vec<&str> = manifest
            .streams
            .iter()
            .map(|stream| stream.name.as_str())
            .collect();
        let start = Time(range.start);
        let rules = self
            .program
            .map(|program| Rules::new(program, &names, start));
        let damaged = |path: &str| !self.readable.contains_key(path);
        let entities = match (self.program, &rules) {
            (Some(program), Some(rules)) => {
                let joining = rules.begin.0..range.end;
                Entities::read(self.run, program, &joining, &damaged, &mut verdict.findings)?
            }
            _ => Entities::none(),
        };
        verdict.entities = entities.number;
        let tables = ["modifiers.parquet", "external_events.parquet"];
        let listed = |path: &&str| manifest.files.iter().any(|file| file.path == *path);
        let attributions = match tables
            .iter()
            .filter(|path| listed(path))
            .any(|path| damaged(path))
        {
            true => None,
            false => Some(Names::read(self.run)?),
        };
        let (tasks, mut is_whole) = self.tasks();
        let rows = tasks.iter().map(|task| task.entry.rows).sum();
        let store = Store::new(rows, self.options.memory);
        let context = Context {
            run: self.run,
            range: range.clone(),
            rules: rules.as_ref(),
            entities: &entities,
            names: attributions.as_ref(),
        };
        let Some(read) = self.read(&context, &tasks, &store)? else {
            return Ok(false);
        };
        is_whole &= self.streams(&tasks, &read, verdict);
        for rows in read {
            verdict.rows += rows.digest.rows;
            verdict.links += rows.links;
            verdict.findings.merge(rows.findings);
        }
        let join = Join {
            store: &store,
            rules: rules.as_ref(),
            names: &names,
            range,
            is_whole,
        };
        if !self.join(&join, verdict)? {
            return Ok(false);
        }
        verdict.findings.locate(|stream, id| {
            // A file that cannot be read has a finding of its own.
            let event = self.run.event(stream, id).ok().flatten()?;
            Some((event.file, event.row))
        });
        Ok(true)
    }

    fn range(&self) -> Result<Range<i64>, Error> {
        let manifest = self.run.manifest();
        let time = |text: &str| text.parse::<Timestamp>().map(Timestamp::as_microsecond);
        match (time(&manifest.start), time(&manifest.end)) {
            (Ok(start), Ok(end)) => Ok(start..end),
            _ => {
                let message = "its start or end is not an instant: the manifest was changed; play the run again";
                Err(Error::input(
                    &self.run.folder().join(MANIFEST_NAME),
                    message,
                ))
            }
        }
    }

    /// The files that can be read, stream by stream, and whether that is all of them.
    fn tasks(&self) -> (Vec<Task>, bool) {
        let manifest = self.run.manifest();
        let (mut tasks, mut all) = (Vec::new(), true);
        for (stream, entry) in manifest.streams.iter().enumerate() {
            let parts = self.run.parts(&entry.name).unwrap_or_default();
            all &= !parts.is_empty();
            for part in parts {
                match self.readable.get(&part.path) {
                    Some(&rows) => {
                        let entry = FileEntry {
                            rows,
                            ..part.clone()
                        };
                        tasks.push(Task { stream, entry });
                    }
                    None => all = false,
                }
            }
        }
        (tasks, all)
    }

    /// Reads all files on all threads, each taking the next one; what came of them in their order.
    fn read(
        &self,
        context: &Context<'_>,
        tasks: &[Task],
        store: &Store,
    ) -> Result<Option<Vec<FileRows>>, Error> {
        // The longest first, so that none is left over when the others are done.
        let mut order: Vec<usize> = (0..tasks.len()).collect();
        order.sort_by_key(|&task| std::cmp::Reverse(tasks[task].entry.rows));
        let next = AtomicUsize::new(0);
        let work = || -> Result<Vec<(usize, FileRows)>, Error> {
            let mut outbox = Outbox::new(store);
            let mut done = Vec::new();
            while let Some(&task) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                if !(self.go_on)() {
                    break;
                }
                let Task { stream, entry } = &tasks[task];
                done.push((task, read_file(context, *stream, entry, &mut outbox)?));
            }
            outbox.finish()?;
            Ok(done)
        };
        let mut read = Vec::new();
        for done in rayon::broadcast(|_| work()) {
            read.extend(done?);
        }
        if read.len() < tasks.len() {
            return Ok(None);
        }
        read.sort_by_key(|(task, _)| *task);
        Ok(Some(read.into_iter().map(|(_, rows)| rows).collect()))
    }

    /// Compares fingerprints, and how the parts of a stream follow each other. False if some rows could not be read.
    fn streams(&self, tasks: &[Task], read: &[FileRows], verdict: &mut Verdict) -> bool {
        let manifest = self.run.manifest();
        let mut all = true;
        for (stream, entry) in manifest.streams.iter().enumerate() {
            let parts = tasks
                .iter()
                .zip(read)
                .filter(|(task, _)| task.stream == stream);
            let parts: Vec<(&Task, &FileRows)> = parts.collect();
            let mut digest = Digest::default();
            parts
                .iter()
                .for_each(|(_, rows)| digest.merge(&rows.digest));
            let expected = self.run.parts(&entry.name).map_or(0, |parts| parts.len());
            let whole = parts.len() == expected
                && parts
                    .iter()
                    .all(|(task, rows)| rows.digest.rows == task.entry.rows);
            if !whole {
                all = false;
                continue;
            }
            let with_rows: Vec<_> = parts
                .iter()
                .filter(|(_, rows)| rows.digest.rows > 0)
                .collect();
            for pair in with_rows.windows(2) {
                if !joins(pair[0].1, pair[1].1) {
                    verdict
                        .findings
                        .add(Check::Order, (stream, i64::MIN, 0), || Finding {
                            file: Some(pair[1].0.entry.path.clone()),
                            row: Some(0),
                            table: Some(entry.name.clone()),
                            found: format!(
                                "it does not come after the last row of {}",
                                pair[0].0.entry.path
                            ),
                            expected: "rows by time, then by the length of their chain, then by id"
                                .to_owned(),
                            ..Finding::default()
                        });
                }
            }
            let found = digest.finish(&entry.name).to_string();
            if found != entry.fingerprint {
                verdict
                    .findings
                    .add(Check::Fingerprint, (stream, 0, 0), || Finding {
                        table: Some(entry.name.clone()),
                        found,
                        expected: entry.fingerprint.clone(),
                        ..Finding::default()
                    });
            }
        }
        all
    }

    /// Checks what rows say about each other, part by part.
    fn join(&self, join: &Join<'_>, verdict: &mut Verdict) -> Result<bool, Error> {
        type Check<'a> = &'a (dyn Fn(usize, &mut Scratch<'_>) -> Result<(), Error> + Sync);
        let check: Check<'_> = &|part, scratch| join.check(part, scratch);
        let check_late: Check<'_> = &|part, scratch| join.check_late(part, scratch);
        for check in [check, check_late] {
            let next = AtomicUsize::new(0);
            let work = || -> Result<Findings, Error> {
                let mut scratch = Scratch::new(join.store);
                loop {
                    let part = next.fetch_add(1, Ordering::Relaxed);
                    if part >= join.store.parts() || !(self.go_on)() {
                        return scratch.finish();
                    }
                    check(part, &mut scratch)?;
                }
            };
            for findings in rayon::broadcast(|_| work()) {
                verdict.findings.merge(findings?);
            }
        }
        Ok((self.go_on)())
    }
}
