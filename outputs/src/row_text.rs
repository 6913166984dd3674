//! Rows as text: CSV and JSON lines, without a file.
//!
//! Both: times in RFC 3339 with microseconds, floats with the fewest digits that read back to the
//! same value. CSV: RFC 4180 with `\n`, ids decimal, a missing value empty, an empty text quoted
//! so that the two differ. JSON: ids are strings, and so are exact numbers of more than 15 digits, which a reader that knows only
//! floats would change; a missing value is left out, and so is a float that JSON has no number for (NaN, infinities). Exact
//! numbers have all their decimals.

use crate::error::Error;
use crate::time_text::TimeText;
use causeflow_engine::base::table::{Chunk, Column, Dictionary, TableSchema, Validity, Values};
use std::io::Write;

/// Which of the two text formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFormat {
    /// Comma-separated values.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

/// Encodes the rows of one table as text, in the form that they have in files.
///
/// ```
/// use causeflow_engine::base::table::*;
/// use causeflow_outputs::{RowEncoder, TextFormat};
///
/// let column = |name: &str, kind| ColumnSpec {
///     name: name.to_owned(),
///     kind,
///     unit: None,
///     description: None,
///     nullable: false,
/// };
/// let schema = TableSchema {
///     name: "booking.requested".to_owned(),
///     columns: vec![column("event_id", ColumnType::Id), column("time", ColumnType::Time)],
/// };
/// let all = |values| Column { values, validity: Validity::All };
/// let chunk = Chunk {
///     table: 0,
///     rows: 2,
///     columns: vec![all(Values::Id(vec![7, 9])), all(Values::Time(vec![0, 2_000_000]))],
/// };
/// let mut encoder = RowEncoder::new(&schema, &[].into(), TextFormat::Jsonl);
/// let mut text = Vec::new();
/// encoder.encode(&chunk, 1, &mut text)?;
/// assert_eq!(text, b"{\"event_id\":\"9\",\"time\":\"1970-01-01T00:00:02.000000Z\"}\n");
/// # Ok::<(), causeflow_outputs::Error>(())
/// ```
pub struct RowEncoder {
    format: TextFormat,
    table: String,
    /// What stands before each value: the comma, and in JSON the column's name.
    labels: Vec<Vec<u8>>,
    /// The dictionary as the format writes it: quoted and escaped where needed.
    texts: Vec<Vec<u8>>,
    /// One a column: neighbours in a column are closer in time than neighbours in a row.
    times: Vec<TimeText>,
    header: Vec<u8>,
}

impl RowEncoder {
    /// Prepares to encode rows of this table, in which codes of texts stand for those of the dictionary.
    pub fn new(table: &TableSchema, dictionary: &Dictionary, format: TextFormat) -> RowEncoder {
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        let quote = |text: &str| {
            let mut quoted = Vec::new();
            match format {
                TextFormat::Csv => csv_text(text, &mut quoted),
                TextFormat::Jsonl => json_text(text, &mut quoted),
            }
            quoted
        };
        let label = |name: &&str| match format {
            TextFormat::Csv => b",".to_vec(),
            TextFormat::Jsonl => [b",", quote(name).as_slice(), b":"].concat(),
        };
        let header = match format {
            TextFormat::Csv => {
                let quoted: Vec<Vec<u8>> = names.iter().map(|name| quote(name)).collect();
                [quoted.join(&b","[..]).as_slice(), b"\n"].concat()
            }
            TextFormat::Jsonl => Vec::new(),
        };
        RowEncoder {
            format,
            table: table.name.clone(),
            labels: names.iter().map(label).collect(),
            texts: dictionary.iter().map(|text| quote(text)).collect(),
            times: names.iter().map(|_| TimeText::default()).collect(),
            header,
        }
    }

    /// What stands before the first row: the names of the columns in CSV, nothing in JSON lines.
    pub fn header(&self) -> &[u8] {
        &self.header
    }

    /// Appends a row of a chunk and the end of its line. The chunk has the columns of the table.
    ///
    /// # Errors
    /// [`Error::Rows`] when a time lies outside the years that RFC 3339 has.
    ///
    /// # Panics
    /// When the chunk has no such row, or its columns are not those of the table.
    pub fn encode(&mut self, chunk: &Chunk, row: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        self.append(&chunk.columns, row, out)
    }

    /// Appends all rows of a chunk, each as [`encode`](Self::encode) does.
    ///
    /// # Errors
    /// As of `encode`.
    ///
    /// # Panics
    /// When the columns of the chunk are not those of the table.
    pub fn encode_all(&mut self, chunk: &Chunk, out: &mut Vec<u8>) -> Result<(), Error> {
        (0..chunk.rows).try_for_each(|row| self.append(&chunk.columns, row, out))
    }

    pub(crate) fn append(
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
            Values::Exact(v, digits) => {
                let quote = if digits.fit_a_float() { b"" } else { quote };
                out.extend_from_slice(quote);
                show(format_args!("{}", digits.show(v[row])), out);
                out.extend_from_slice(quote);
            }
            Values::Small(v) => decimal(u64::from(v[row]), out),
            Values::Bool(v) => out.extend_from_slice(if v[row] { b"true" } else { b"false" }),
            Values::Text(v) => out.extend_from_slice(&self.texts[usize::from(v[row])]),
            Values::String(v) => match self.format {
                TextFormat::Csv => csv_text(v.get(row), out),
                TextFormat::Jsonl => json_text(v.get(row), out),
            },
        }
        Ok(true)
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

fn csv_text(text: &str, out: &mut Vec<u8>) {
    let special = |byte: &u8| matches!(byte, b'"' | b',' | b'\n' | b'\r');
    if !text.is_empty() && !text.as_bytes().iter().any(special) {
        return out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'"');
}

fn json_text(text: &str, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = serde_json::to_writer(out, text);
}
