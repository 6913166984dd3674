//! A table's file in any of the formats.

use crate::arrow::array::StringArray;
use crate::arrow_file::ArrowFile;
use crate::error::Error;
use crate::file::{DigestFile, FileEntry, Prefix};
use crate::options::{Format, Options};
use crate::parquet_file::{Footer, ParquetFile};
use crate::row_text::TextFormat;
use crate::rows::{RowBuffer, Rows, Spool};
use crate::schema::arrow_schema;
use crate::text_file::TextFile;
use causeflow_engine::base::table::{Chunk, Dictionary, TableSchema};
use serde::{Deserialize, Serialize};
use std::borrow::Borrow;
use std::path::Path;
use std::sync::Arc;

/// The dictionary in the two shapes that the formats need.
#[derive(Clone)]
pub(crate) struct Texts {
    pub dictionary: Dictionary,
    array: Arc<StringArray>,
}

impl Texts {
    pub fn new(dictionary: Dictionary) -> Texts {
        let array = Arc::new(StringArray::from_iter_values(dictionary.iter()));
        Texts { dictionary, array }
    }
}

/// How far an unfinished file is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FrozenFile {
    pub prefix: Prefix,
    pub rows: u64,
    /// For Parquet; otherwise empty.
    pub footer: Footer,
}

/// A file that is being written, in one of the formats.
pub(crate) enum TableFile {
    Parquet(Box<ParquetFile>),
    Arrow(Box<ArrowFile>),
    Text(Box<TextFile>),
}

impl TableFile {
    /// Creates `folder/relative.<ending>`.
    pub fn create(
        folder: &Path,
        relative: &str,
        table: &TableSchema,
        texts: &Texts,
        options: Options,
    ) -> Result<TableFile, Error> {
        let ending = options.format().ending();
        let file = DigestFile::create(folder, format!("{relative}.{ending}"))?;
        TableFile::begin(file, table, texts, options)
    }

    /// Goes on with a file that was left behind at `frozen`; what was written later is cut off.
    pub fn resume(
        folder: &Path,
        frozen: &FrozenFile,
        table: &TableSchema,
        texts: &Texts,
        options: Options,
    ) -> Result<TableFile, Error> {
        let prefix = &frozen.prefix;
        let mut file = DigestFile::reopen(folder, prefix)?;
        file.begin_again();
        let mut resumed = TableFile::begin(file, table, texts, options)?;
        match &mut resumed {
            TableFile::Parquet(file) => file.write_again(prefix, &frozen.footer)?,
            TableFile::Arrow(file) => file.write_again(prefix)?,
            TableFile::Text(file) => file.write_again(prefix, frozen.rows)?,
        }
        Ok(resumed)
    }

    fn begin(
        file: DigestFile,
        table: &TableSchema,
        texts: &Texts,
        options: Options,
    ) -> Result<TableFile, Error> {
        let (format, compression) = (options.format(), options.compression());
        let text = |file, format| {
            let created = TextFile::create(file, table, &texts.dictionary, format)?;
            Ok(TableFile::Text(Box::new(created)))
        };
        let array = Arc::clone(&texts.array);
        match format {
            Format::Parquet => ParquetFile::create(file, arrow_schema(table), array, compression)
                .map(|file| TableFile::Parquet(Box::new(file))),
            Format::Arrow => ArrowFile::create(file, arrow_schema(table), array, compression)
                .map(|file| TableFile::Arrow(Box::new(file))),
            Format::Csv => text(file, TextFormat::Csv),
            Format::Jsonl => text(file, TextFormat::Jsonl),
        }
    }

    pub fn write(&mut self, rows: Rows) -> Result<(), Error> {
        match self {
            TableFile::Parquet(file) => file.write(rows),
            TableFile::Arrow(file) => file.write(rows),
            TableFile::Text(file) => file.write(rows),
        }
    }

    /// Writes out what has been encoded, and tells what [`resume`](Self::resume) needs.
    pub fn freeze(&mut self) -> Result<FrozenFile, Error> {
        match self {
            TableFile::Parquet(file) => file.freeze(),
            TableFile::Arrow(file) => file.freeze(),
            TableFile::Text(file) => file.freeze(),
        }
    }

    pub fn finish(self) -> Result<FileEntry, Error> {
        match self {
            TableFile::Parquet(file) => file.finish(),
            TableFile::Arrow(file) => file.finish(),
            TableFile::Text(file) => file.finish(),
        }
    }
}

/// Writes a table into one new file, `folder/relative.<ending>`, such as the entities of a kind.
pub(crate) struct TableWriter {
    file: TableFile,
    buffer: RowBuffer,
    spool: Spool,
}

impl TableWriter {
    pub fn create(
        folder: &Path,
        relative: &str,
        schema: &TableSchema,
        dictionary: &Dictionary,
        options: Options,
    ) -> Result<TableWriter, Error> {
        let texts = Texts::new(Arc::clone(dictionary));
        Ok(TableWriter {
            file: TableFile::create(folder, relative, schema, &texts, options)?,
            buffer: RowBuffer::new(schema.clone(), dictionary.len()),
            spool: Spool::new(folder),
        })
    }

    pub fn write(&mut self, chunk: &Chunk) -> Result<(), Error> {
        self.buffer.check(chunk)?;
        let mut done = 0;
        while done < chunk.rows {
            done += self.buffer.append(chunk, done);
            if self.buffer.is_full() {
                self.file.write(self.buffer.take(&self.spool)?)?;
            }
        }
        Ok(())
    }

    pub fn finish(mut self) -> Result<FileEntry, Error> {
        if !self.buffer.is_empty() {
            self.file.write(self.buffer.take(&self.spool)?)?;
        }
        self.file.finish()
    }
}

/// Writes a whole table into one new file, `folder/relative.<ending>`. `chunks` are its rows in order, taken one after the
/// other, so that they need not be in memory together.
///
/// # Errors
/// [`Error::Rows`] when the chunks do not fit the schema, [`Error::Io`] when the disk fails.
pub fn write_table(
    folder: &Path,
    relative: &str,
    schema: &TableSchema,
    dictionary: &Dictionary,
    chunks: impl IntoIterator<Item: Borrow<Chunk>>,
    options: Options,
) -> Result<FileEntry, Error> {
    let mut table = TableWriter::create(folder, relative, schema, dictionary, options)?;
    chunks
        .into_iter()
        .try_for_each(|chunk| table.write(chunk.borrow()))?;
    table.finish()
}
