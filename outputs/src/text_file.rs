//! CSV and JSON lines.
//!
//! Both: times in RFC 3339 with microseconds, floats with the fewest digits that read back to the
//! same value. CSV: RFC 4180 with `\n`, ids decimal, a missing value empty, an empty text quoted
//! so that the two differ. JSON: ids are strings, a missing value is left out, and so is a float
//! that JSON has no number for (NaN, infinities).

use crate::error::{Error, io_error};
use crate::file::{DigestFile, FileEntry, Prefix};
use crate::parquet_file::Footer;
use crate::rows::Rows;
use crate::table_file::FrozenFile;
use crate::time_text::TimeText;
use causeflow_engine::base::table::{Column, Dictionary, TableSchema, Validity, Values};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes of text that are gathered before they go to the file.
const FLUSH_BYTES: usize = 256 * 1024;

/// Which of the two text formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextFormat {
    Csv,
    Jsonl,
}

/// A text file that is being written.
pub(crate) struct TextFile {
    file: DigestFile,
    format: TextFormat,
    table: String,
    /// What stands before each value: the comma, and in JSON the column's name.
    labels: Vec<Vec<u8>>,
    /// The dictionary as the format writes it: quoted and escaped where needed.
    texts: Vec<Vec<u8>>,
    /// One a column: neighbours in a column are closer in time than neighbours in a row.
    times: Vec<TimeText>,
    rows: u64,
}

impl TextFile {
    pub fn create(
        file: DigestFile,
        table: &TableSchema,
        dictionary: &Dictionary,
        format: TextFormat,
    ) -> Result<TextFile, Error> {
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        let quote = |text: &str| match format {
            TextFormat::Csv => csv_text(text),
            TextFormat::Jsonl => json_text(text),
        };
        let label = |name: &&str| match format {
            TextFormat::Csv => b",".to_vec(),
            TextFormat::Jsonl => [b",", json_text(name).as_slice(), b":"].concat(),
        };
        let mut created = TextFile {
            file,
            format,
            table: table.name.clone(),
            labels: names.iter().map(label).collect(),
            texts: dictionary.iter().map(|text| quote(text)).collect(),
            times: names.iter().map(|_| TimeText::default()).collect(),
            rows: 0,
        };
        if format == TextFormat::Csv {
            let quoted: Vec<Vec<u8>> = names.iter().map(|name| csv_text(name)).collect();
            let header = [quoted.join(&b","[..]).as_slice(), b"\n"].concat();
            created.put(&header)?;
        }
        Ok(created)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let result = self.file.write_all(bytes);
        result.map_err(io_error("writing", self.file.path()))
    }

    pub fn write(&mut self, rows: Rows) -> Result<(), Error> {
        let mut out = Vec::with_capacity(FLUSH_BYTES + 4096);
        for row in 0..rows.rows {
            self.append_row(&rows.columns, row, &mut out)?;
            if out.len() >= FLUSH_BYTES {
                self.put(&out)?;
                out.clear();
            }
        }
        self.rows += rows.rows as u64;
        self.put(&out)
    }

    fn append_row(
        &mut self,
        columns: &[Column],
        row: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let json = self.format == TextFormat::Jsonl;
        if json {
            out.push(b'{');
        }
        // The first value of a row has no comma before it, whichever column it is in.
        let mut first = true;
        for (index, column) in columns.iter().enumerate() {
            let before = out.len();
            let label = &self.labels[index];
            out.extend_from_slice(&label[usize::from(first)..]);
            let missing = match &column.validity {
                Validity::All => false,
                Validity::None => true,
                Validity::Mask(mask) => !mask[row],
            };
            let written = !missing && self.append_value(&column.values, index, row, out)?;
            if json && !written {
                out.truncate(before);
            } else {
                first = false;
            }
        }
        out.extend_from_slice(if json { b"}\n" } else { b"\n" });
        Ok(())
    }

    /// Appends a value, or returns false when the format has no way to write it.
    fn append_value(
        &mut self,
        values: &Values,
        column: usize,
        row: usize,
        out: &mut Vec<u8>,
    ) -> Result<bool, Error> {
        let json = self.format == TextFormat::Jsonl;
        let quote: &[u8] = if json { b"\"" } else { b"" };
        match values {
            Values::Id(v) => {
                out.extend_from_slice(quote);
                decimal(v[row], out);
                out.extend_from_slice(quote);
            }
            Values::Time(v) => {
                out.extend_from_slice(quote);
                if !self.times[column].append(v[row], out) {
                    let message = format!("time {} µs lies outside the years to 9999", v[row]);
                    return Err(Error::rows(&self.table, message));
                }
                out.extend_from_slice(quote);
            }
            Values::Float(v) if json && !v[row].is_finite() => return Ok(false),
            Values::Float(v) => show(format_args!("{:?}", v[row]), out),
            Values::Int(v) => {
                if v[row] < 0 {
                    out.push(b'-');
                }
                decimal(u64::from(v[row].unsigned_abs()), out);
            }
            Values::Small(v) => decimal(u64::from(v[row]), out),
            Values::Bool(v) => out.extend_from_slice(if v[row] { b"true" } else { b"false" }),
            Values::Text(v) => out.extend_from_slice(&self.texts[usize::from(v[row])]),
        }
        Ok(true)
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

fn show(value: std::fmt::Arguments<'_>, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = out.write_fmt(value);
}

fn decimal(mut value: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn csv_text(text: &str) -> Vec<u8> {
    if text.is_empty() || text.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\"")).into_bytes();
    }
    text.as_bytes().to_vec()
}

fn json_text(text: &str) -> Vec<u8> {
    serde_json::Value::from(text).to_string().into_bytes()
}
