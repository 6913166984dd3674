//! A Parquet file that is left half-way and gone on with.
//!
//! A footer names every row group before it, and the parquet crate's writer knows only those that went through it. So
//! the groups that lie in the file are appended once more, byte by byte, to a writer that starts anew: what the footer
//! says of them is kept as the footer that the file would have if it ended there.

use super::ParquetFile;
use crate::error::Error;
use crate::file::Prefix;
use crate::table_file::FrozenFile;
use bytes::Bytes;
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::metadata::{
    ColumnChunkMetaData, FileMetaData, ParquetMetaData, ParquetMetaDataOptions,
    ParquetMetaDataReader, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::statistics::Statistics;
use parquet::schema::types::SchemaDescPtr;
use serde::{Deserialize, Serialize};
use std::fs::File;

/// What the footer of a file would be if it ended where it was left.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Footer {
    bytes: Bytes,
    /// For each column chunk, whether its range also stands in the fields of older readers, which the parquet crate
    /// forgets when it reads a footer.
    old_ranges: Vec<bool>,
}

/// The length and the magic number that end a footer.
const FOOTER_END: usize = 8;

impl ParquetFile {
    pub fn freeze(&mut self) -> std::result::Result<FrozenFile, Error> {
        self.writer
            .flush()
            .map_err(|error| Error::encode(&self.path, error))?;
        // It is as it was unless groups have been written since.
        let footer = match self.footer.take() {
            Some((groups, footer)) if groups == self.groups => footer,
            _ => self
                .footer()
                .map_err(|error| Error::encode(&self.path, error))?,
        };
        self.footer = Some((self.groups, footer.clone()));
        Ok(FrozenFile {
            footer,
            prefix: self.writer.inner_mut().prefix()?,
            rows: self.rows,
        })
    }

    fn footer(&self) -> Result<Footer> {
        let schema = SchemaDescPtr::clone(&self.descriptions);
        let rows = i64::try_from(self.rows)?;
        let about = FileMetaData::new(1, rows, None, None, schema, None);
        let groups = self.writer.flushed_row_groups().to_vec();
        let chunks = groups.iter().flat_map(|group| group.columns());
        let old_ranges = chunks.map(has_old_range).collect();
        let mut bytes = Vec::new();
        ParquetMetaDataWriter::new(&mut bytes, &ParquetMetaData::new(about, groups)).finish()?;
        let bytes = bytes.into();
        Ok(Footer { bytes, old_ranges })
    }

    /// Appends the row groups that the reopened file holds once more, so that the footer will name them.
    pub fn write_again(
        &mut self,
        prefix: &Prefix,
        footer: &Footer,
    ) -> std::result::Result<(), Error> {
        self.try_write_again(footer)
            .map_err(|error| Error::encode(&self.path, error))?;
        self.writer
            .flush()
            .map_err(|error| Error::encode(&self.path, error))?;
        self.writer.inner_mut().end_again(prefix)
    }

    fn try_write_again(&mut self, footer: &Footer) -> Result<()> {
        let held = File::open(&self.path)?;
        let mut old_ranges = footer.old_ranges.iter();
        for group in row_groups(&footer.bytes, &self.descriptions)? {
            let mut appended = self.writer.next_row_group()?;
            for chunk in group.columns() {
                let old_range = old_ranges.next().copied().unwrap_or_default();
                let close = ColumnCloseResult {
                    bytes_written: u64::try_from(chunk.compressed_size())?,
                    rows_written: u64::try_from(group.num_rows())?,
                    metadata: with_old_range(chunk.clone(), old_range)?,
                    bloom_filter: None,
                    column_index: None,
                    offset_index: None,
                };
                appended.append_column(&held, close)?;
            }
            appended.close()?;
            self.groups += 1;
            self.rows += u64::try_from(group.num_rows())?;
        }
        Ok(())
    }
}

fn row_groups(footer: &Bytes, schema: &SchemaDescPtr) -> Result<Vec<RowGroupMetaData>> {
    let options = ParquetMetaDataOptions::new()
        .with_schema(SchemaDescPtr::clone(schema))
        .with_encoding_stats_as_mask(false);
    let end = footer.len().saturating_sub(FOOTER_END);
    let footer =
        ParquetMetaDataReader::decode_metadata_with_options(&footer[..end], Some(&options))?;
    Ok(footer.row_groups().to_vec())
}

fn has_old_range(chunk: &ColumnChunkMetaData) -> bool {
    let range = chunk.statistics();
    range.is_some_and(Statistics::is_min_max_backwards_compatible)
}

fn with_old_range(chunk: ColumnChunkMetaData, old: bool) -> Result<ColumnChunkMetaData> {
    macro_rules! with {
        ($range:expr, $($kind:ident)*) => {
            match $range {
                $(Statistics::$kind(range) => {
                    Statistics::$kind(range.with_backwards_compatible_min_max(old))
                })*
            }
        };
    }
    let Some(range) = chunk.statistics().cloned() else {
        return Ok(chunk);
    };
    let range = with!(range, Boolean Int32 Int64 Int96 Float Double ByteArray FixedLenByteArray);
    chunk.into_builder().set_statistics(range).build()
}
