//! How fast event rows become Parquet on one thread, and how large they get.
//!
//! `cargo bench -p causeflow-outputs` writes a table of ten columns (three random ids, a time, a
//! cell, an attribution without values, two texts, two floats) with each compression. The floats
//! are once uniform, which hardly compresses, and once in cents. The files go to a temporary
//! folder, so the figures hold the digest and the copy into the page cache. With the name of a
//! compression after `--`, only that one is measured.

use causeflow_engine::base::head;
use causeflow_engine::base::table::{
    Chunk, Column, ColumnSpec, ColumnType, Dictionary, TableSchema, Validity, Values,
};
use causeflow_outputs::{Compression, EventWriter, Format, Options};
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

const CHUNK_ROWS: usize = 16_384;
const CHUNKS: usize = 128;

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn rows<T>(&mut self, mut draw: impl FnMut(&mut Draws) -> T) -> Vec<T> {
        (0..CHUNK_ROWS).map(|_| draw(self)).collect()
    }
}

fn schema() -> TableSchema {
    let fields = [
        ("subject", ColumnType::Text),
        ("country", ColumnType::Text),
        ("amount_usd", ColumnType::Float),
        ("latency_ms", ColumnType::Float),
    ];
    let fields = fields.into_iter().map(|(name, kind)| ColumnSpec {
        name: name.to_owned(),
        kind,
        unit: None,
        description: None,
        nullable: false,
    });
    TableSchema {
        name: "bench.event".to_owned(),
        columns: head::columns().into_iter().chain(fields).collect(),
    }
}

fn column(values: Values) -> Column {
    let validity = Validity::All;
    Column { values, validity }
}

fn chunk(draws: &mut Draws, time_us: &mut i64, cents: bool) -> Chunk {
    let text = |d: &mut Draws| match d.next() % 100 {
        r @ 0..60 => (r % 3) as u16,
        r => (r % 20) as u16,
    };
    let float = |d: &mut Draws| {
        let u = d.uniform();
        if cents {
            (2000.0 + u * u * 10_000.0).floor() / 100.0
        } else {
            u
        }
    };
    let columns = vec![
        column(Values::Id(draws.rows(|draws| draws.next() >> 1))),
        column(Values::Time(draws.rows(|d| {
            *time_us += (d.next() % 500_000) as i64;
            *time_us
        }))),
        Column {
            values: Values::Id(draws.rows(|draws| draws.next() >> 1)),
            validity: Validity::Mask(draws.rows(|d| d.next() % 4 > 0)),
        },
        column(Values::Id(draws.rows(|draws| draws.next() >> 1))),
        column(Values::Small(draws.rows(|d| (d.next() % 64) as u16))),
        Column {
            values: Values::Text(vec![]),
            validity: Validity::None,
        },
        column(Values::Text(draws.rows(text))),
        column(Values::Text(draws.rows(text))),
        column(Values::Float(draws.rows(float))),
        column(Values::Float(draws.rows(float))),
    ];
    Chunk {
        table: 0,
        rows: CHUNK_ROWS,
        columns,
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the wall clock; nothing it writes is kept"
)]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn measure(
    folder: &Path,
    chunks: &[Chunk],
    dictionary: &Dictionary,
    options: Options,
) -> Result<(f64, f64), Box<dyn Error>> {
    let input = chunks.to_vec();
    let (files, took) = timed(|| {
        let schemas = vec![schema()];
        let mut writer = EventWriter::new(folder, schemas, dictionary.clone(), options);
        for chunk in input {
            writer.write_chunks(vec![chunk])?;
        }
        writer.finish()
    });
    let bytes: u64 = files?.iter().map(|file| file.bytes).sum();
    let rows = (CHUNKS * CHUNK_ROWS) as f64;
    Ok((rows / took.as_secs_f64(), bytes as f64 / rows))
}

fn main() -> Result<(), Box<dyn Error>> {
    let dictionary: Dictionary = (0..20).map(|i| format!("category_{i}")).collect();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
    let only = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    println!("floats   compression   million rows/s   bytes/row");
    for (name, cents) in [("uniform", false), ("cents", true)] {
        let mut draws = Draws(7);
        let mut time_us = 1_770_000_000_000_000;
        let chunks: Vec<Chunk> = (0..CHUNKS)
            .map(|_| chunk(&mut draws, &mut time_us, cents))
            .collect();
        for compression in [
            Compression::Zstd,
            Compression::Lz4,
            Compression::Snappy,
            Compression::None,
        ] {
            let name_of = format!("{compression:?}").to_lowercase();
            if only.as_ref().is_some_and(|only| *only != name_of) {
                continue;
            }
            let options = Options::new(Format::Parquet, Some(compression))?;
            let mut best = (0.0_f64, 0.0);
            for _ in 0..5 {
                let folder = tempfile::tempdir()?;
                let run = || {
                    measure(folder.path(), &chunks, &dictionary, options)
                        .map_err(|error| error.to_string())
                };
                let (speed, size) = pool.install(run)?;
                best = (best.0.max(speed), size);
            }
            let (speed, size) = (best.0 / 1e6, best.1);
            println!("{name:8} {name_of:13} {speed:14.2} {size:11.2}");
        }
    }
    Ok(())
}
