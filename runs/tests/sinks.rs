//! All that leaves a run goes through one protocol: to files, to sinks of one's own, to several at once.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use causeflow_engine::base::table::{Chunk, RowSink, SinkError};
use causeflow_engine::base::time::Span;
use causeflow_outputs::sink::{Document, Files, Heading, Opening, Sink, TableSink, Tee};
use causeflow_outputs::{Format, Manifest, Options, RowEncoder, RunFolder, TextFormat};
use causeflow_runs::{Control, Counterfactual, Error, Job, Kind, Left, Place, RunSpec};
use proptest::prelude::*;

use crate::support::{job, small, temp};

/// Keeps a run as text in memory.
#[derive(Default)]
struct Texts {
    streams: Vec<(String, RowEncoder, Vec<u8>)>,
    tables: BTreeMap<String, Vec<u8>>,
    documents: BTreeMap<String, String>,
    /// What is visible, once it is.
    fingerprint: Option<String>,
    prepared: Option<String>,
}

impl RowSink for Texts {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        for chunk in &chunks {
            let (_, encoder, text) = &mut self.streams[chunk.table];
            encoder.encode_all(chunk, text)?;
        }
        Ok(())
    }
}

impl Sink for Texts {
    fn begin(&mut self, run: &Opening<'_>) -> Result<(), SinkError> {
        let streams = run.streams.iter().map(|schema| {
            let encoder = RowEncoder::new(schema, run.dictionary, TextFormat::Csv);
            let text = encoder.header().to_vec();
            (schema.name.clone(), encoder, text)
        });
        self.streams = streams.collect();
        Ok(())
    }

    /// What was there outlives the process: as much of it as the checkpoint knows of.
    fn resume(&mut self, run: &Opening<'_>, checkpoint: &[u8]) -> Result<(), SinkError> {
        let before = std::mem::take(&mut self.streams);
        self.begin(run)?;
        // Tables come after the streams, and all of them again.
        self.tables.clear();
        self.documents.clear();
        let lengths: Vec<usize> = serde_json::from_slice(checkpoint)?;
        for (((_, _, text), (_, _, mut there)), length) in
            self.streams.iter_mut().zip(before).zip(lengths)
        {
            there.truncate(length);
            *text = there;
        }
        Ok(())
    }

    fn checkpoint(&mut self) -> Result<Vec<u8>, SinkError> {
        let lengths: Vec<usize> = self.streams.iter().map(|(_, _, text)| text.len()).collect();
        Ok(serde_json::to_vec(&lengths)?)
    }

    fn table<'s>(&'s mut self, table: &Heading<'_>) -> Result<Box<dyn TableSink + 's>, SinkError> {
        let mut encoder = RowEncoder::new(table.schema, table.dictionary, TextFormat::Csv);
        let text = self.tables.entry(table.name.to_owned()).or_default();
        // A run that was stopped while its tables were written writes them once more.
        text.clear();
        text.extend_from_slice(encoder.header());
        Ok(Box::new(move |chunk: &Chunk| {
            Ok(encoder.encode_all(chunk, text)?)
        }))
    }

    fn document(&mut self, document: &Document<'_>) -> Result<(), SinkError> {
        let (name, text) = (document.name.to_owned(), document.text.to_owned());
        self.documents.insert(name, text);
        Ok(())
    }

    fn prepare(&mut self, manifest: &Manifest) -> Result<(), SinkError> {
        self.prepared = Some(manifest.fingerprint.clone());
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.fingerprint = self.prepared.take();
        Ok(())
    }

    fn abort(&mut self) {
        self.prepared = None;
    }
}

/// Takes a number of calls, and fails at the next one.
#[derive(Default)]
struct Failing {
    room: usize,
    /// Whether it was asked to finish.
    at_the_end: bool,
    aborted: bool,
}

impl Failing {
    fn call(&mut self) -> Result<(), SinkError> {
        assert!(!self.aborted, "nothing comes after it was given up");
        match self.room.checked_sub(1) {
            Some(room) => self.room = room,
            None => return Err(Box::new(Error::input("no room", "make some"))),
        }
        Ok(())
    }
}

impl RowSink for Failing {
    fn write(&mut self, _: Vec<Chunk>) -> Result<(), SinkError> {
        self.call()
    }
}

impl Sink for Failing {
    fn begin(&mut self, _: &Opening<'_>) -> Result<(), SinkError> {
        self.call()
    }

    fn resume(&mut self, _: &Opening<'_>, _: &[u8]) -> Result<(), SinkError> {
        self.call()
    }

    fn checkpoint(&mut self) -> Result<Vec<u8>, SinkError> {
        self.call().map(|()| Vec::new())
    }

    fn close(&mut self) -> Result<(), SinkError> {
        self.call()
    }

    fn table<'s>(&'s mut self, _: &Heading<'_>) -> Result<Box<dyn TableSink + 's>, SinkError> {
        self.call()?;
        Ok(Box::new(FailingTable(self)))
    }

    fn document(&mut self, _: &Document<'_>) -> Result<(), SinkError> {
        self.call()
    }

    fn prepare(&mut self, _: &Manifest) -> Result<(), SinkError> {
        self.call()
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.at_the_end = true;
        self.call()
    }

    fn abort(&mut self) {
        self.aborted = true;
    }
}

struct FailingTable<'s>(&'s mut Failing);

impl TableSink for FailingTable<'_> {
    fn write(&mut self, _: &Chunk) -> Result<(), SinkError> {
        self.0.call()
    }

    fn finish(self: Box<Self>) -> Result<(), SinkError> {
        self.0.call()
    }
}

/// Has enough after being asked so often.
struct Patience(AtomicU32);

impl Control for Patience {
    fn cancelled(&self) -> bool {
        let left = self.0.load(Ordering::Relaxed);
        self.0.store(left.saturating_sub(1), Ordering::Relaxed);
        left == 0
    }
}

fn files(job: &Job, name: &str, format: Format) -> Files {
    let folder = RunFolder::create(&job.out.with_file_name(name), true).expect("room");
    let options = Options::new(format, None).expect("they go together");
    Files::staged(folder, options)
}

/// All files below a folder, by their paths.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn add(from: &Path, folder: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("readable").path();
            match path.is_dir() {
                true => add(from, &path, all),
                false => {
                    let name = path.strip_prefix(from).expect("below it");
                    let name = name.display().to_string();
                    all.insert(name, fs::read(&path).expect("readable"));
                }
            }
        }
    }
    let mut all = BTreeMap::new();
    add(folder, folder, &mut all);
    all
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let names = entries.map(|entry| entry.expect("readable").file_name());
    let mut names: Vec<String> = names.map(|name| name.display().to_string()).collect();
    names.sort();
    names
}

/// Holds what a sink of one's own has got against the files of the same run in the same format.
fn assert_has_all(texts: &Texts, csv: &BTreeMap<String, Vec<u8>>) {
    let mut seen = 0;
    let mut has = |path: String, text: &[u8]| {
        let file = csv.get(&path).unwrap_or_else(|| panic!("{path} is there"));
        assert!(file == text, "{path}");
        seen += 1;
    };
    for (stream, _, text) in &texts.streams {
        has(format!("events/stream={stream}/part-0000.csv"), text);
    }
    for (table, text) in &texts.tables {
        has(format!("{table}.csv"), text);
    }
    for (name, text) in &texts.documents {
        has(name.clone(), text.as_bytes());
    }
    // What is of files alone: their columns, and the manifest, which lists files.
    let own = ["columns.json", "manifest.json"];
    let snapshots = csv.keys().filter(|path| path.starts_with("snapshots/"));
    assert_eq!(csv.len(), seen + own.len() + snapshots.count());
}

#[test]
fn each_of_several_sinks_gets_the_run_as_if_it_were_alone() {
    let folder = temp();
    let spec = RunSpec {
        scenarios: vec!["payment-outage@day1T10:00".to_owned()],
        counterfactual: Some(Counterfactual::Each),
        ..small()
    };
    let csv = RunSpec {
        format: Format::Csv,
        ..spec.clone()
    };
    job(spec.clone(), &folder.path().join("parquet"))
        .write(false, &())
        .expect("it plays");
    job(csv.clone(), &folder.path().join("csv"))
        .write(false, &())
        .expect("it plays");
    let job = job(csv, &folder.path().join("tee"));
    let (mut a, mut b) = (
        files(&job, "a", Format::Csv),
        files(&job, "b", Format::Parquet),
    );
    let mut texts = Texts::default();
    let (result, written) = job
        .write_to(&mut Tee::new(vec![&mut texts, &mut a, &mut b]), &())
        .expect("it plays");
    let tee = folder.path().join("tee");
    let (alone, both) = (
        contents(&folder.path().join("csv/out")),
        contents(&tee.join("a")),
    );
    assert_eq!(alone, both);
    assert_has_all(&texts, &alone);
    assert_eq!(texts.fingerprint, Some(result.fingerprint.to_string()));
    assert_eq!(written.manifest.files.len() + 1, both.len());
    // Texts of a comparison are numbered as the files that it reads have them, so those differ.
    let of_run = |folder: &Path| {
        let mut all = contents(folder);
        all.retain(|path, _| !path.starts_with("counterfactual/") && path != "manifest.json");
        all
    };
    assert_eq!(
        of_run(&folder.path().join("parquet/out")),
        of_run(&tee.join("b"))
    );
    Manifest::read(&tee.join("b")).expect("a run of its own");
}

/// Counts the rows of streams, and says nothing about the rest.
#[derive(Default)]
struct Counting {
    rows: u64,
    shown: Option<u64>,
    aborted: bool,
}

impl RowSink for Counting {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        self.rows += chunks.iter().map(|chunk| chunk.rows as u64).sum::<u64>();
        Ok(())
    }
}

impl Sink for Counting {
    fn begin(&mut self, _: &Opening<'_>) -> Result<(), SinkError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), SinkError> {
        self.shown = Some(self.rows);
        Ok(())
    }

    fn abort(&mut self) {
        self.aborted = true;
    }
}

#[test]
fn a_sink_of_events_alone_takes_a_run_and_says_that_it_cannot_go_on_with_one() {
    let folder = temp();
    let events = job(small(), &folder.path().join("events"));
    let mut sink = Counting::default();
    let (result, _) = events.write_to(&mut sink, &()).expect("it plays");
    let rows = result.streams.iter().map(|stream| stream.rows).sum();
    assert_eq!(sink.shown, Some(rows));

    let spec = RunSpec {
        snapshot_every: Some(Span(6 * Span::HOUR.0)),
        ..small()
    };
    let snapshots = job(spec, &folder.path().join("snapshots"));
    let mut sink = Counting::default();
    let mut files = files(&snapshots, "files", Format::Parquet);
    let both = &mut Tee::new(vec![&mut files, &mut sink]);
    let error = snapshots.write_to(both, &()).err().expect("no checkpoints");
    assert!(error.message().contains("play the run without snapshots"));
    assert!(sink.aborted && sink.shown.is_none());
    assert!(!snapshots.out.with_file_name("files").exists());
}

#[test]
fn a_sink_that_fails_anywhere_leaves_nothing_that_looks_whole() {
    let folder = temp();
    let job = job(
        RunSpec {
            days: 1.0,
            scale: 0.001,
            ..small()
        },
        folder.path(),
    );
    job.write(false, &()).expect("an earlier run");
    let before = contents(&job.out);
    let calls = {
        let room = usize::MAX;
        let mut all = Failing {
            room,
            ..Failing::default()
        };
        job.write_to(&mut all, &()).expect("it plays");
        room - all.room
    };
    // All at both ends, and some in between.
    let rooms = (0..8)
        .chain((8..calls - 4).step_by(9))
        .chain(calls - 4..calls);
    for (room, first) in rooms.flat_map(|room| [(room, true), (room, false)]) {
        let mut failing = Failing {
            room,
            ..Failing::default()
        };
        let mut files = files(&job, "out", Format::Jsonl);
        let sinks: Vec<&mut dyn Sink> = match first {
            true => vec![&mut failing, &mut files],
            false => vec![&mut files, &mut failing],
        };
        let played = job.write_to(&mut Tee::new(sinks), &());
        drop(files);
        let error = played.err().expect("no room");
        assert_eq!((error.kind(), error.message()), (Kind::Input, "no room"));
        assert!(failing.aborted);
        // Only what can hardly fail comes after the first sink has made anything visible.
        assert_eq!(failing.at_the_end, room == calls - 1);
        if first || !failing.at_the_end {
            assert_eq!(names(folder.path()), ["out"], "after {room} calls");
            assert_eq!(contents(&job.out), before, "after {room} calls");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn several_sinks_go_on_together_and_have_each_row_once(stops in prop::collection::vec(4_u32..40, 1..4)) {
        let folder = temp();
        let spec = RunSpec {
            format: Format::Csv,
            snapshot_every: Some(Span(6 * Span::HOUR.0)),
            ..small()
        };
        let whole = job(spec.clone(), &folder.path().join("whole"));
        whole.write(false, &()).expect("it plays");
        let job = job(spec, &folder.path().join("tee"));
        let mut texts = Texts::default();
        let mut stops = stops.into_iter().map(|asked| Patience(AtomicU32::new(asked)));
        let never = Patience(AtomicU32::new(u32::MAX));
        let mut left: Option<Left> = None;
        loop {
            let patience = stops.next();
            let control = patience.as_ref().unwrap_or(&never);
            let played = match left.take() {
                None => {
                    let mut files = files(&job, "out", Format::Csv);
                    job.write_to(&mut Tee::new(vec![&mut files, &mut texts]), control)
                }
                Some(left) => {
                    let (mut files, state) = left.into_parts().expect("as it was");
                    job.go_on_to(&mut Tee::new(vec![&mut files, &mut texts]), state, control)
                }
            };
            match played {
                Ok(_) => break,
                Err(error) => {
                    prop_assert_eq!(error.kind(), Kind::Interrupted);
                    prop_assert!(texts.fingerprint.is_none());
                    if let Some(out) = error.resumable() {
                        left = Some(Left::open(out).expect("it can be gone on with").checked().expect("its place is free"));
                    }
                }
            }
        }
        let alone = contents(&whole.out);
        prop_assert!(alone == contents(&job.out));
        assert_has_all(&texts, &alone);
    }
}

#[test]
fn what_takes_files_is_refused_by_name_where_there_are_none() {
    let folder = temp();
    let twin = RunSpec {
        scenarios: vec!["payment-outage@day1T10:00".to_owned()],
        counterfactual: Some(Counterfactual::Together),
        ..small()
    };
    let kept = RunSpec {
        snapshot_every: Some(Span::DAY),
        ..small()
    };
    for (spec, field) in [(twin, "counterfactual"), (kept, "snapshot_every")] {
        let mut texts = Texts::default();
        let played = job(spec, folder.path()).write_to(&mut texts, &());
        let error = played.err().expect("no files");
        assert_eq!(error.kind(), Kind::Input);
        assert_eq!(error.place(), Some(&Place::Field(field.to_owned())));
        assert!(texts.streams.is_empty(), "before anything is played");
    }
}
