//! The whole job against its parts, in one process, so that the ratios hold on a noisy machine.
//!
//! `cargo bench -p causeflow-runs --bench job [-- ROUNDS]` prints, for one thread and for two: rows/s of the
//! simulation alone (all fields drawn, nothing written), of the encoder alone (the same rows from
//! memory, the same settings, to files), and of the whole job; and their ratios as the median over
//! the rounds, with the least and the greatest. All parts of a round follow each other directly.
#![allow(clippy::disallowed_methods)] // A benchmark measures the wall clock.

use std::ops::ControlFlow;
use std::time::Instant;

use causeflow_engine::base::table::{Chunk, RowSink, SinkError};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::run;
use causeflow_engine::streams::world::Settings;
use causeflow_models::Model;
use causeflow_outputs::{Compression, EventWriter, Format, Options};

/// 2026-02-02T00:00:00Z.
const START: Time = Time(1_769_990_400_000_000);
/// The whole job's range, in days: what `causeflow run tutoring` plays.
const JOB_DAYS: i64 = 30;
/// Days of rows that fit into memory for the encoder.
const MEMORY_DAYS: i64 = 3;

/// Keeps all chunks, call by call.
#[derive(Default)]
struct Kept(Vec<Vec<Chunk>>);

impl RowSink for Kept {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        self.0.push(chunks);
        Ok(())
    }
}

/// Rows per second of each part.
#[derive(Clone, Copy)]
struct Round {
    simulation: f64,
    encoder: f64,
    job: f64,
}

fn main() {
    let rounds = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .next()
        .unwrap_or(3);
    let model = causeflow_models::load("tutoring").expect("the built-in model is right");
    let mut single = Vec::new();
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .expect("threads");
        let results: Vec<Round> = (0..rounds)
            .map(|_| pool.install(|| round(&model)))
            .collect();
        println!("\n{threads} thread{}", if threads == 1 { "" } else { "s" });
        row(
            "simulation alone, million rows/s",
            results.iter().map(|r| r.simulation / 1e6),
        );
        row(
            "encoder alone, million rows/s",
            results.iter().map(|r| r.encoder / 1e6),
        );
        row(
            "whole job, million rows/s",
            results.iter().map(|r| r.job / 1e6),
        );
        row(
            "whole job / encoder alone",
            results.iter().map(|r| r.job / r.encoder),
        );
        if threads == 1 {
            single = results;
        } else {
            println!("\n2 threads against 1");
            let pairs = || results.iter().zip(&single);
            row(
                "simulation alone",
                pairs().map(|(two, one)| two.simulation / one.simulation),
            );
            row("whole job", pairs().map(|(two, one)| two.job / one.job));
        }
    }
}

fn row(what: &str, values: impl Iterator<Item = f64>) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    println!(
        "  {what:<34} {median:7.2}  ({:.2} to {:.2})",
        values[0],
        values[values.len() - 1]
    );
}

fn round(model: &Model) -> Round {
    let rows = kept(model);
    let encoder = timed(|| encode(model, rows));
    let simulation = timed(|| play(model, JOB_DAYS, None));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let job = timed(|| {
        let mut writer = writer(model, folder.path());
        let rows = play(model, JOB_DAYS, Some(&mut writer));
        writer.finish().expect("the disk has room");
        rows
    });
    Round {
        simulation,
        encoder,
        job,
    }
}

/// Rows per second of work that returns its number of rows.
fn timed(work: impl FnOnce() -> u64) -> f64 {
    let start = Instant::now();
    let rows = work();
    rows as f64 / start.elapsed().as_secs_f64()
}

fn play(model: &Model, days: i64, sink: Option<&mut dyn RowSink>) -> u64 {
    let end = START + Span(days * Span::DAY.0);
    let settings = Settings {
        seed: 42,
        start: START,
        end,
        open_end: false,
        scale: 1.0,
        streams: None,
    };
    let mut watch = |_| ControlFlow::Continue(());
    let result = run(model.compiled.program.clone(), &settings, sink, &mut watch);
    result
        .expect("nothing interrupts it")
        .streams
        .iter()
        .map(|stream| stream.rows)
        .sum()
}

fn kept(model: &Model) -> Vec<Vec<Chunk>> {
    let mut kept = Kept::default();
    play(model, MEMORY_DAYS, Some(&mut kept));
    kept.0
}

fn writer(model: &Model, folder: &std::path::Path) -> EventWriter {
    let program = &model.compiled.program;
    let schemas = program
        .streams
        .iter()
        .map(|stream| stream.schema())
        .collect();
    let options = Options::new(Format::Parquet, Some(Compression::Zstd)).expect("a legal pair");
    EventWriter::new(folder, schemas, program.dictionary.clone(), options)
}

fn encode(model: &Model, rows: Vec<Vec<Chunk>>) -> u64 {
    let count = rows.iter().flatten().map(|chunk| chunk.rows as u64).sum();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut writer = writer(model, folder.path());
    for chunks in rows {
        writer.write_chunks(chunks).expect("the disk has room");
    }
    writer.finish().expect("the disk has room");
    count
}
