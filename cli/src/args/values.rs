//! Values of arguments, and their limits.

use std::ffi::OsStr;

use causeflow_engine::base::time::Span;
use causeflow_models::duration;
use causeflow_outputs::{Compression, Format};
use causeflow_runs::schema::{Named, SCHEMAS};
use causeflow_runs::{Counterfactual, MAX_DAYS, SCALES, days_fit};
use clap::ValueEnum;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;

/// What a run is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CounterfactualArg {
    /// The run without all that was asked for
    Together,
    /// The run without each of that, too
    Each,
}

impl From<CounterfactualArg> for Counterfactual {
    fn from(what: CounterfactualArg) -> Counterfactual {
        match what {
            CounterfactualArg::Together => Counterfactual::Together,
            CounterfactualArg::Each => Counterfactual::Each,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
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

#[derive(Clone, Copy, Debug, ValueEnum)]
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

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum GraphFormat {
    Mermaid,
    Dot,
}

/// The schemas by their names, which help and completions know.
#[derive(Clone)]
pub(super) struct Schemas;

impl TypedValueParser for Schemas {
    type Value = Named;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Named, clap::Error> {
        let names = SCHEMAS.iter().map(|(name, ..)| *name);
        let name = PossibleValuesParser::new(names).parse_ref(command, arg, value)?;
        let found = SCHEMAS.iter().find(|(known, ..)| *known == name);
        found
            .copied()
            .ok_or_else(|| clap::Error::new(ErrorKind::InvalidValue))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let value = |(name, what, _): &Named| PossibleValue::new(*name).help(*what);
        Some(Box::new(SCHEMAS.iter().map(value)))
    }
}

pub(super) fn seed(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("expected a whole number from 0 to {}", u64::MAX))
}

pub(super) fn days(text: &str) -> Result<f64, String> {
    let days: Option<f64> = text.parse().ok();
    days.filter(|days| days_fit(*days)).ok_or_else(|| {
        format!(
            "expected a number of days from one second (0.00002) to {MAX_DAYS}, such as 30 or 0.5"
        )
    })
}

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
