//! Arrow IPC files: one record batch a group of rows.

use crate::arrays;
use crate::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use crate::arrow::datatypes::SchemaRef;
use crate::arrow::error::ArrowError;
use crate::arrow::ipc::reader::StreamReader;
use crate::arrow::ipc::writer::{FileWriter, IpcWriteOptions};
use crate::arrow::ipc::{CompressionType, MetadataVersion};
use crate::error::Error;
use crate::file::{DigestFile, FileEntry, Prefix};
use crate::options::Compression;
use crate::parquet_file::Footer;
use crate::rows::Rows;
use crate::table_file::FrozenFile;
use rayon::prelude::*;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

/// Alignment of messages and buffers, 64 bytes, which is also the writer's default.
const ALIGNMENT: usize = 64;
/// The magic number `ARROW1`, padded to the alignment.
const HEADER_BYTES: u64 = ALIGNMENT as u64;

/// An Arrow IPC file that is being written.
pub(crate) struct ArrowFile {
    path: PathBuf,
    writer: FileWriter<DigestFile>,
    schema: SchemaRef,
    texts: Arc<StringArray>,
    rows: u64,
}

impl ArrowFile {
    pub fn create(
        file: DigestFile,
        schema: SchemaRef,
        texts: Arc<StringArray>,
        compression: Compression,
    ) -> Result<ArrowFile, Error> {
        let path = file.path().to_owned();
        let wrong = |error: ArrowError| Error::encode(&path, error);
        let (codec, level) = match compression {
            Compression::Zstd => (Some(CompressionType::ZSTD), Some(1)),
            Compression::Lz4 => (Some(CompressionType::LZ4_FRAME), None),
            Compression::Snappy | Compression::None => (None, None),
        };
        let options = IpcWriteOptions::try_new(ALIGNMENT, false, MetadataVersion::V5)
            .and_then(|options| options.try_with_compression(codec))
            .and_then(|options| options.try_with_compression_level(level))
            .map_err(wrong)?;
        let writer = FileWriter::try_new_with_options(file, &schema, options).map_err(wrong)?;
        Ok(ArrowFile {
            path,
            writer,
            schema,
            texts,
            rows: 0,
        })
    }

    /// Writes one record batch.
    pub fn write(&mut self, rows: Rows) -> Result<(), Error> {
        self.try_write(rows)
            .map_err(|error| Error::encode(&self.path, error))
    }

    fn try_write(&mut self, rows: Rows) -> Result<(), ArrowError> {
        let count = rows.rows;
        let columns: Vec<ArrayRef> = rows
            .columns
            .into_par_iter()
            .zip(self.schema.fields().par_iter())
            .map(|(column, field)| arrays::array(column, count, field.data_type(), &self.texts))
            .collect::<Result<_, ArrowError>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let schema = Arc::clone(&self.schema);
        let batch = RecordBatch::try_new_with_options(schema, columns, &options)?;
        self.writer.write(&batch)?;
        self.rows += count as u64;
        Ok(())
    }

    pub fn freeze(&mut self) -> Result<FrozenFile, Error> {
        Ok(FrozenFile {
            prefix: self.writer.get_mut().prefix()?,
            rows: self.rows,
            footer: Footer::default(),
        })
    }

    /// Writes the batches that the reopened file holds once more, so that the footer will name them.
    pub fn write_again(&mut self, prefix: &Prefix) -> Result<(), Error> {
        self.try_write_again(prefix)
            .map_err(|error| Error::encode(&self.path, error))?;
        self.writer.get_mut().end_again(prefix)
    }

    fn try_write_again(&mut self, prefix: &Prefix) -> Result<(), ArrowError> {
        let mut held = File::open(&self.path)?;
        held.seek(SeekFrom::Start(HEADER_BYTES))?;
        // After its header, a file is a stream; what is missing here is only the end mark.
        let rest = held.take(prefix.bytes.saturating_sub(HEADER_BYTES));
        for batch in StreamReader::try_new_buffered(rest, None)? {
            let batch = batch?;
            self.writer.write(&batch)?;
            self.rows += batch.num_rows() as u64;
        }
        Ok(())
    }

    pub fn finish(self) -> Result<FileEntry, Error> {
        let ArrowFile {
            path, mut writer, ..
        } = self;
        let wrong = |error: ArrowError| Error::encode(&path, error);
        writer.finish().map_err(wrong)?;
        writer.into_inner().map_err(wrong)?.finish(self.rows)
    }
}
