//! A file of CSV or JSON lines.

use crate::error::{Error, io_error};
use crate::file::{DigestFile, FileEntry, Prefix};
use crate::parquet_file::Footer;
use crate::row_text::{RowEncoder, TextFormat};
use crate::rows::Rows;
use crate::table_file::FrozenFile;
use causeflow_engine::base::table::{Dictionary, TableSchema};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes of text that are gathered before they go to the file.
const FLUSH_BYTES: usize = 256 * 1024;

/// A text file that is being written.
pub(crate) struct TextFile {
    file: DigestFile,
    encoder: RowEncoder,
    rows: u64,
}

impl TextFile {
    pub fn create(
        mut file: DigestFile,
        table: &TableSchema,
        dictionary: &Dictionary,
        format: TextFormat,
    ) -> Result<TextFile, Error> {
        let encoder = RowEncoder::new(table, dictionary, format);
        put(&mut file, encoder.header())?;
        let rows = 0;
        Ok(TextFile {
            file,
            encoder,
            rows,
        })
    }

    pub fn write(&mut self, rows: Rows) -> Result<(), Error> {
        let mut out = Vec::with_capacity(FLUSH_BYTES + 4096);
        for row in 0..rows.rows {
            self.encoder.append(&rows.columns, row, &mut out)?;
            if out.len() >= FLUSH_BYTES {
                put(&mut self.file, &out)?;
                out.clear();
            }
        }
        self.rows += rows.rows as u64;
        put(&mut self.file, &out)
    }

    pub fn freeze(&mut self) -> Result<FrozenFile, Error> {
        Ok(FrozenFile {
            prefix: self.file.prefix()?,
            rows: self.rows,
            footer: Footer::default(),
        })
    }

    /// Takes once more what the reopened file holds, after the header that stands there already.
    pub fn write_again(&mut self, prefix: &Prefix, rows: u64) -> Result<(), Error> {
        let path = self.file.path().to_owned();
        let header = self.file.prefix()?.bytes;
        let mut copy = || {
            let mut held = File::open(&path)?;
            held.seek(SeekFrom::Start(header))?;
            let mut rest = held.take(prefix.bytes.saturating_sub(header));
            io::copy(&mut rest, &mut self.file)
        };
        copy().map_err(io_error("reading again", &path))?;
        self.rows = rows;
        self.file.end_again(prefix)
    }

    pub fn finish(mut self) -> Result<FileEntry, Error> {
        self.file.finish(self.rows)
    }
}

fn put(file: &mut DigestFile, bytes: &[u8]) -> Result<(), Error> {
    let result = file.write_all(bytes);
    result.map_err(io_error("writing", file.path()))
}
