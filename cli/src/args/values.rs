//! Values of arguments, and their limits.

use std::ops::RangeInclusive;

use causeflow_engine::time::Span;
use causeflow_models::duration;
use causeflow_outputs::{Compression, Format};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// What a run is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CounterfactualArg {
    /// The run without all that was asked for
    Together,
    /// The run without each of that, too
    Each,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FormatArg {
    Parquet,
    Arrow,
    Csv,
    Jsonl,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Format {
        match format {
            FormatArg::Parquet => Format::Parquet,
            FormatArg::Arrow => Format::Arrow,
            FormatArg::Csv => Format::Csv,
            FormatArg::Jsonl => Format::Jsonl,
        }
    }
}

impl From<Format> for FormatArg {
    fn from(format: Format) -> FormatArg {
        match format {
            Format::Parquet => FormatArg::Parquet,
            Format::Arrow => FormatArg::Arrow,
            Format::Csv => FormatArg::Csv,
            Format::Jsonl => FormatArg::Jsonl,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CompressionArg {
    Zstd,
    Lz4,
    Snappy,
    None,
}

impl From<CompressionArg> for Compression {
    fn from(compression: CompressionArg) -> Compression {
        match compression {
            CompressionArg::Zstd => Compression::Zstd,
            CompressionArg::Lz4 => Compression::Lz4,
            CompressionArg::Snappy => Compression::Snappy,
            CompressionArg::None => Compression::None,
        }
    }
}

impl From<Compression> for CompressionArg {
    fn from(compression: Compression) -> CompressionArg {
        match compression {
            Compression::Zstd => CompressionArg::Zstd,
            Compression::Lz4 => CompressionArg::Lz4,
            Compression::Snappy => CompressionArg::Snappy,
            Compression::None => CompressionArg::None,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum GraphFormat {
    Mermaid,
    Dot,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SchemaOf {
    Model,
    Scenario,
    Events,
    Manifest,
    Baseline,
}

pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

/// Ten years: the profiles' tables of a longer range would take more memory than the rest.
const MAX_DAYS: f64 = 3660.0;
const SECONDS_PER_DAY: f64 = 86_400.0;

pub(super) fn days(text: &str) -> Result<f64, String> {
    let days: Option<f64> = text.parse().ok();
    days.filter(|days| days_fit(*days)).ok_or_else(|| {
        format!(
            "expected a number of days from one second (0.00002) to {MAX_DAYS}, such as 30 or 0.5"
        )
    })
}

/// Whether a run can be so many days long.
pub fn days_fit(days: f64) -> bool {
    days * SECONDS_PER_DAY >= 1.0 && days <= MAX_DAYS
}

/// From a millionth to a hundred times the model's size.
pub const SCALES: RangeInclusive<f64> = 1e-6..=100.0;

pub(super) fn scale(text: &str) -> Result<f64, String> {
    let scale: Option<f64> = text.parse().ok();
    scale
        .filter(|scale| SCALES.contains(scale))
        .ok_or_else(|| "expected a number from 0.000001 to 100, such as 1 or 0.01".to_owned())
}

pub(super) fn span(text: &str) -> Result<Span, String> {
    match duration(text)? {
        Span(0) => Err("expected some time, such as 6h or 1d".to_owned()),
        span => Ok(span),
    }
}

const MAX_THREADS: usize = 1024;

pub(super) fn threads(text: &str) -> Result<usize, String> {
    let threads: Option<usize> = text.parse().ok();
    threads
        .filter(|threads| (1..=MAX_THREADS).contains(threads))
        .ok_or_else(|| format!("expected a whole number from 1 to {MAX_THREADS}"))
}
