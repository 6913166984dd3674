//! Pages and column chunks put together from values that are already encoded.
//!
//! The parquet crate's own writers hash every text value of every row; a column that arrives as
//! codes has no need of it. Its public page writer takes finished pages, so only their contents are
//! made here, while headers, footers and offsets stay the crate's business.

use super::hybrid;
use bytes::Bytes;
use parquet::basic::{Compression, Encoding, PageType};
use parquet::column::page::{CompressedPage, Page, PageWriter};
use parquet::column::writer::ColumnCloseResult;
use parquet::errors::Result;
use parquet::file::metadata::{ColumnChunkMetaData, PageEncodingStats};
use parquet::file::statistics::Statistics;
use parquet::file::writer::{SerializedPageWriter, TrackedWrite};
use parquet::schema::types::ColumnDescPtr;

/// An encoded column chunk and what the footer says of it.
pub(crate) struct EncodedChunk {
    pub bytes: Bytes,
    pub close: ColumnCloseResult,
}

/// The contents of one uncompressed column chunk: at most a dictionary page, and one data page.
pub(crate) struct Contents {
    pub column: ColumnDescPtr,
    pub rows: usize,
    /// The plain encoded values of the dictionary, and their number.
    pub dictionary: Option<(Vec<u8>, usize)>,
    /// Definition levels (where the column is nullable) and values.
    pub data: Bytes,
    /// How the values are encoded.
    pub encoding: Encoding,
    pub statistics: Statistics,
}

impl Contents {
    /// Writes the pages.
    pub fn into_chunk(self) -> Result<EncodedChunk> {
        let data_page = Page::DataPage {
            buf: self.data,
            num_values: self.rows as u32,
            encoding: self.encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let mut encodings = vec![Encoding::RLE, self.encoding];
        if self.dictionary.is_some() {
            encodings.push(Encoding::PLAIN);
        }
        let dictionary_page = self.dictionary.map(|(values, count)| Page::DictionaryPage {
            buf: values.into(),
            num_values: count as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        });
        let mut stats = Vec::new();
        let mut metadata = ColumnChunkMetaData::builder(self.column)
            .set_compression(Compression::UNCOMPRESSED)
            .set_num_values(self.rows as i64)
            .set_statistics(self.statistics);

        let pages: Vec<Page> = dictionary_page.into_iter().chain([data_page]).collect();
        let size: usize = pages.iter().map(|page| page.buffer().len() + 64).sum();
        let mut sink = TrackedWrite::new(Vec::with_capacity(size));
        let mut writer = SerializedPageWriter::new(&mut sink);
        let mut written = 0;
        for page in pages {
            let page_type = page.page_type();
            let encoding = page.encoding();
            let bytes = page.buffer().len();
            let spec = writer.write_page(CompressedPage::new(page, bytes))?;
            let offset = spec.offset as i64;
            metadata = match page_type {
                PageType::DICTIONARY_PAGE => metadata.set_dictionary_page_offset(Some(offset)),
                _ => metadata.set_data_page_offset(offset),
            };
            let count = 1;
            stats.push(PageEncodingStats {
                page_type,
                encoding,
                count,
            });
            written += spec.bytes_written;
        }
        writer.close()?;
        let metadata = metadata
            .set_encodings(encodings)
            .set_page_encoding_stats(stats)
            .set_total_compressed_size(written as i64)
            .set_total_uncompressed_size(written as i64)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: written,
            rows_written: self.rows as u64,
            metadata,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        let bytes = sink.into_inner()?.into();
        Ok(EncodedChunk { bytes, close })
    }
}

/// Definition levels of a flat nullable column, with their length in front; nothing when the
/// column is not nullable.
pub(crate) fn levels(nullable: bool, rows: usize, mask: Option<&[bool]>) -> Vec<u8> {
    if !nullable {
        return Vec::new();
    }
    let mut out = vec![0; 4];
    match mask {
        Some(mask) => hybrid::encode(mask, 1, &mut out),
        None => hybrid::encode(&vec![true; rows], 1, &mut out),
    }
    let bytes = (out.len() - 4) as u32;
    out[..4].copy_from_slice(&bytes.to_le_bytes());
    out
}
