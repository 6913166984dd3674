//! The formats and compressions a table can be written in, and which go together.

use crate::error::Error;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A file format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Apache Parquet: the smallest and the most widely read.
    Parquet,
    /// The Arrow IPC file format, also known as Feather v2.
    Arrow,
    /// Comma-separated values with one header row.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    /// The ending of a file's name, without the dot.
    pub fn ending(self) -> &'static str {
        match self {
            Format::Parquet => "parquet",
            Format::Arrow => "arrow",
            Format::Csv => "csv",
            Format::Jsonl => "jsonl",
        }
    }
}

/// A compression of a file's pages or buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Zstandard at level 1.
    Zstd,
    /// LZ4 (raw blocks in Parquet, frames in Arrow).
    Lz4,
    /// Snappy, in Parquet only.
    Snappy,
    /// No compression.
    None,
}

/// A format with a compression that it supports; made by [`Options::new`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    format: Format,
    compression: Compression,
}

impl Options {
    /// Pairs a format with a compression. Without one, Parquet takes zstd and the others none.
    ///
    /// # Errors
    /// [`Error::Options`] when the format does not support the compression: Arrow knows no Snappy;
    /// CSV and JSON lines are always written uncompressed.
    pub fn new(format: Format, compression: Option<Compression>) -> Result<Options, Error> {
        let default = match format {
            Format::Parquet => Compression::Zstd,
            Format::Arrow | Format::Csv | Format::Jsonl => Compression::None,
        };
        let compression = compression.unwrap_or(default);
        let message = match (format, compression) {
            (Format::Arrow, Compression::Snappy) => {
                "Arrow files cannot be compressed with snappy: choose zstd, lz4 or none"
            }
            (Format::Csv | Format::Jsonl, c) if c != Compression::None => {
                "CSV and JSON lines are written uncompressed: leave it out, or choose parquet or arrow"
            }
            _ => {
                return Ok(Options {
                    format,
                    compression,
                });
            }
        };
        Err(Error::Options { message })
    }

    /// The file format.
    pub fn format(self) -> Format {
        self.format
    }

    /// The compression.
    pub fn compression(self) -> Compression {
        self.compression
    }
}
