//! Parquet files: the columns of a row group are encoded in parallel and appended in order.

mod column;
mod delta;
mod dictionary;
mod frozen;
mod hybrid;
mod pages;
mod ranges;

use crate::arrow::array::StringArray;
use crate::arrow::datatypes::{DataType, SchemaRef};
use crate::error::Error;
use crate::file::{DigestFile, FileEntry};
use crate::options::Compression;
use crate::pandas;
use crate::rows::Rows;
use crate::schema::is_bigint;
use column::{ColumnChunk, ColumnContext};
pub(crate) use frozen::Footer;
use parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
use parquet::arrow::{ArrowSchemaConverter, add_encoded_arrow_schema_to_metadata};
use parquet::basic::{Compression as Codec, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnPath, SchemaDescPtr};
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;

/// A Parquet file that is being written.
pub(crate) struct ParquetFile {
    path: PathBuf,
    writer: SerializedFileWriter<DigestFile>,
    factory: ArrowRowGroupWriterFactory,
    schema: SchemaRef,
    descriptions: SchemaDescPtr,
    texts: Arc<StringArray>,
    groups: usize,
    rows: u64,
    /// What the footer was when the file was last frozen, with so many groups.
    footer: Option<(usize, Footer)>,
}

impl ParquetFile {
    pub fn create(
        file: DigestFile,
        schema: SchemaRef,
        texts: Arc<StringArray>,
        compression: Compression,
    ) -> Result<ParquetFile, Error> {
        let path = file.path().to_owned();
        let wrong = |error: ParquetError| Error::encode(&path, error);
        let mut properties = properties(&schema, compression).map_err(wrong)?;
        add_encoded_arrow_schema_to_metadata(&pandas::described(&schema), &mut properties);
        let converted = ArrowSchemaConverter::new().convert(&schema);
        let descriptions = SchemaDescPtr::new(converted.map_err(wrong)?);
        let root = descriptions.root_schema_ptr();
        let writer = SerializedFileWriter::new(file, root, Arc::new(properties)).map_err(wrong)?;
        let factory = ArrowRowGroupWriterFactory::new(&writer, Arc::clone(&schema));
        Ok(ParquetFile {
            path,
            writer,
            factory,
            schema,
            descriptions,
            texts,
            groups: 0,
            rows: 0,
            footer: None,
        })
    }

    /// Writes one row group.
    pub fn write(&mut self, rows: Rows) -> Result<(), Error> {
        self.try_write(rows)
            .map_err(|error| Error::encode(&self.path, error))
    }

    fn try_write(&mut self, rows: Rows) -> Result<(), ParquetError> {
        let writers = self.factory.create_column_writers(self.groups)?;
        let tasks: Vec<_> = writers
            .into_iter()
            .zip(rows.columns)
            .enumerate()
            .map(|(index, (writer, column))| {
                let context = ColumnContext {
                    rows: rows.rows,
                    field: self.schema.field(index),
                    column: self.descriptions.column(index),
                    texts: &self.texts,
                    writer,
                };
                (context, column)
            })
            .collect();
        let encode = |(context, values)| column::encode(context, values);
        let chunks: Vec<ColumnChunk> = tasks
            .into_par_iter()
            .map(encode)
            .collect::<Result<_, ParquetError>>()?;
        let mut group = self.writer.next_row_group()?;
        for chunk in chunks {
            chunk.append_to(&mut group)?;
        }
        group.close()?;
        self.groups += 1;
        self.rows += rows.rows as u64;
        Ok(())
    }

    pub fn finish(mut self) -> Result<FileEntry, Error> {
        self.writer
            .finish()
            .map_err(|error| Error::encode(&self.path, error))?;
        self.writer.inner_mut().finish(self.rows)
    }
}

/// The settings of the columns that the parquet crate encodes; see [`column`] for the choice.
fn properties(
    schema: &SchemaRef,
    compression: Compression,
) -> Result<WriterProperties, ParquetError> {
    let codec = match compression {
        Compression::Zstd => Codec::ZSTD(ZstdLevel::try_new(1)?),
        Compression::Lz4 => Codec::LZ4_RAW,
        Compression::Snappy => Codec::SNAPPY,
        Compression::None => Codec::UNCOMPRESSED,
    };
    // One page a column and row group: page limits that never apply keep the pages' borders, and
    // with them the bytes, independent of the writer's internal batches.
    let mut builder = WriterProperties::builder()
        .set_dictionary_enabled(false)
        .set_compression(Codec::UNCOMPRESSED)
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_data_page_row_count_limit(usize::MAX)
        .set_data_page_size_limit(usize::MAX)
        .set_write_batch_size(8192);
    for field in schema.fields() {
        let path = ColumnPath::new(vec![field.name().clone()]);
        builder = match field.data_type() {
            DataType::Float64 | DataType::Decimal128(..) | DataType::Utf8 => {
                builder.set_column_compression(path, codec)
            }
            DataType::Int64 if is_bigint(field) => builder.set_column_compression(path, codec),
            DataType::Timestamp(..) | DataType::Int32 => {
                builder.set_column_encoding(path, Encoding::DELTA_BINARY_PACKED)
            }
            _ => builder,
        };
    }
    Ok(builder.build())
}
