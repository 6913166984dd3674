//! Checks the streams of a run: all their rows, and then what rows say about each other.

use super::finding::{Check, Finding, Findings};
use super::join::{Join, Scratch};
use super::order::joins;
use super::records::Packing;
use super::rows::{Context, FileRows, read_file};
use super::rules::Rules;
use super::store::{Kind, Outbox, Store};
use super::tables::Entities;
use super::{Known, Verdict};
use crate::error::Error;
use crate::file::FileEntry;
use crate::manifest::MANIFEST_NAME;
use crate::read::FinishedRun;
use causeflow_engine::base::fingerprint::Digest;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The streams of a run while they are checked.
pub(super) struct Streams<'a> {
    pub run: &'a FinishedRun,
    pub known: &'a Known,
    /// Bytes of memory for what is kept of events.
    pub memory: u64,
    /// Rows by path, of the files that are as the manifest says.
    pub readable: &'a BTreeMap<String, u64>,
    pub go_on: &'a (dyn Fn() -> bool + Sync),
}

/// A file of a stream that is to be read.
struct Task {
    stream: usize,
    entry: FileEntry,
}

impl Streams<'_> {
    /// Checks all rows; false if it was given up.
    pub fn check(&self, verdict: &mut Verdict) -> Result<bool, Error> {
        let manifest = self.run.manifest();
        let range = self.range()?;
        let names: Vec<&str> = manifest
            .streams
            .iter()
            .map(|stream| stream.name.as_str())
            .collect();
        let rules = self.known.rules.as_ref();
        let damaged = |path: &str| !self.readable.contains_key(path);
        let entities = match rules {
            Some(rules) => {
                Entities::read(self.run, rules, &range, &damaged, &mut verdict.findings)?
            }
            None => Entities::none(),
        };
        verdict.entities = entities.number;
        let (tasks, mut is_whole) = self.tasks();
        let rows = tasks.iter().map(|task| task.entry.rows).sum();
        let store = Store::new(rows, self.memory);
        let mut outbox = Outbox::new(&store);
        for record in &entities.kept {
            outbox.push(Kind::Histories, *record)?;
        }
        outbox.finish()?;
        let packing = packing(&range, rules, names.len());
        let context = Context {
            run: self.run,
            range: range.clone(),
            packing: &packing,
            rules,
            entities: &entities,
            names: self.known.names.as_ref(),
        };
        let Some(read) = self.read(&context, &tasks, &store)? else {
            return Ok(false);
        };
        is_whole &= self.streams(&tasks, &read, verdict);
        // Only the model says what follows from events that are not written.
        is_whole &= rules.is_some() || self.run.manifest().left_out.is_empty();
        for rows in read {
            verdict.rows += rows.digest.rows;
            verdict.links += rows.links;
            verdict.nobody += rows.nobody;
            verdict.at_bounds += rows.at_bounds;
            verdict.findings.merge(rows.findings);
        }
        let join = Join {
            store: &store,
            packing: &packing,
            rules,
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
        Ok(self.instant(&manifest.start)?..self.instant(&manifest.end)?)
    }

    fn instant(&self, text: &str) -> Result<i64, Error> {
        text.parse::<Timestamp>()
            .map(Timestamp::as_microsecond)
            .map_err(|_| {
                let message = format!(
                    "its `{text}` is not an instant: the manifest was changed; play the run again"
                );
                Error::input(&self.run.folder().join(MANIFEST_NAME), message)
            })
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

/// How records are written for a run over this range, of so many streams.
fn packing(range: &Range<i64>, rules: Option<&Rules>, streams: usize) -> Packing {
    match rules {
        // The cell behind the last is the platform's.
        Some(rules) => Packing::new(range, rules.cells, streams.max(rules.effects.len())),
        None => Packing::new(range, u16::MAX, streams),
    }
}
