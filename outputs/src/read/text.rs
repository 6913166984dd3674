//! Reads CSV and JSON lines as `run` writes them, row by row, into typed columns.

use crate::arrays;
use crate::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, StringArray};
use crate::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use crate::row_text::TextFormat;
use crate::schema::arrow_schema;
use causeflow_engine::base::exact::{Digits, of_float};
use causeflow_engine::base::strings::Strings;
use causeflow_engine::base::table::{
    Column, ColumnSpec, ColumnType, TableSchema, Validity, Values,
};
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::sync::Arc;

/// The rows of a text file.
pub(crate) struct TextReader {
    file: BufReader<File>,
    format: TextFormat,
    columns: Vec<ColumnSpec>,
    schema: SchemaRef,
    line: Vec<u8>,
    /// Rows that have been read.
    rows: u64,
    texts: Texts,
}

/// The different texts of a file.
#[derive(Default)]
struct Texts {
    codes: BTreeMap<String, u16>,
    list: Vec<String>,
}

impl Texts {
    fn code(&mut self, text: &str) -> Result<u16, String> {
        if let Some(&code) = self.codes.get(text) {
            return Ok(code);
        }
        let code = u16::try_from(self.list.len());
        let code = code.map_err(|_| "has more than 65,536 different texts".to_owned())?;
        self.codes.insert(text.to_owned(), code);
        self.list.push(text.to_owned());
        Ok(code)
    }
}

/// A value as the file has it; nothing where it is missing.
type Cell<'a> = Option<Cow<'a, str>>;

impl TextReader {
    /// Begins to read a file with these columns.
    pub fn new(
        file: File,
        format: TextFormat,
        columns: &[ColumnSpec],
    ) -> Result<TextReader, String> {
        let table = TableSchema {
            name: String::new(),
            columns: columns.to_vec(),
        };
        let mut reader = TextReader {
            file: BufReader::new(file),
            format,
            columns: columns.to_vec(),
            schema: arrow_schema(&table),
            line: Vec::new(),
            rows: 0,
            texts: Texts::default(),
        };
        if format == TextFormat::Csv {
            let names = columns.iter().map(|column| column.name.as_str());
            reader.header(&names.collect::<Vec<_>>())?;
        }
        Ok(reader)
    }

    fn header(&mut self, expected: &[&str]) -> Result<(), String> {
        let line = match next_line(&mut self.file, self.format, &mut self.line)? {
            true => text(&self.line)?,
            false => "",
        };
        let found = csv_cells(line)?;
        let found: Vec<&str> = found
            .iter()
            .map(|cell| cell.as_deref().unwrap_or(""))
            .collect();
        match found == expected {
            true => Ok(()),
            false => Err(format!(
                "has the columns {}, and should have {}",
                found.join(", "),
                expected.join(", ")
            )),
        }
    }

    /// The next rows, at most so many, or nothing at the end.
    pub fn next(&mut self, most: usize) -> Result<Option<RecordBatch>, String> {
        let mut building: Vec<Building> = self.columns.iter().map(Building::new).collect();
        let mut rows = 0;
        while rows < most && next_line(&mut self.file, self.format, &mut self.line)? {
            let row = self.rows + rows as u64;
            let of_row = |message: String| format!("row {row}: {message}");
            let line = text(&self.line).map_err(of_row)?;
            match self.format {
                TextFormat::Csv => {
                    let cells = csv_cells(line).map_err(of_row)?;
                    if cells.len() != building.len() {
                        let (found, expected) = (cells.len(), building.len());
                        return Err(of_row(format!("has {found} values for {expected} columns")));
                    }
                    for ((column, building), cell) in
                        self.columns.iter().zip(&mut building).zip(cells)
                    {
                        building
                            .push(column, cell, &mut self.texts)
                            .map_err(of_row)?;
                    }
                }
                TextFormat::Jsonl => {
                    let mut values = json_values(line).map_err(of_row)?;
                    for (column, building) in self.columns.iter().zip(&mut building) {
                        let cell = values.remove(&column.name).and_then(json_cell);
                        building
                            .push(column, cell, &mut self.texts)
                            .map_err(of_row)?;
                    }
                    if let Some((name, _)) = values.into_iter().next() {
                        return Err(of_row(format!("has a value `{name}`, which is no column")));
                    }
                }
            }
            rows += 1;
        }
        self.rows += rows as u64;
        match rows {
            0 => Ok(None),
            rows => self.batch(building, rows).map(Some),
        }
    }

    fn batch(&self, building: Vec<Building>, rows: usize) -> Result<RecordBatch, String> {
        let texts = Arc::new(StringArray::from_iter_values(&self.texts.list));
        let columns = building.into_iter().zip(self.schema.fields());
        let arrays = columns.map(|(building, field)| {
            let column = building.finish();
            arrays::array(column, rows, field.data_type(), &texts)
        });
        let arrays = arrays.collect::<Result<Vec<ArrayRef>, _>>();
        let batch =
            arrays.and_then(|arrays| RecordBatch::try_new(Arc::clone(&self.schema), arrays));
        batch.map_err(|error| error.to_string())
    }
}

/// A column while it is read.
struct Building {
    values: Values,
    present: Vec<bool>,
}

impl Building {
    fn new(column: &ColumnSpec) -> Building {
        Building {
            values: Values::empty(column.kind),
            present: Vec::new(),
        }
    }

    fn push(
        &mut self,
        column: &ColumnSpec,
        cell: Cell<'_>,
        texts: &mut Texts,
    ) -> Result<(), String> {
        let name = &column.name;
        // JSON has no way to write a float that is not a number.
        let is_lost = cell.is_none() && !column.nullable && column.kind == ColumnType::Float;
        if cell.is_none() && !column.nullable && !is_lost {
            return Err(format!("has no `{name}`"));
        }
        self.present.push(cell.is_some() || is_lost);
        let text = cell.as_deref().unwrap_or_default();
        let there = cell.is_some();
        let wrong = || format!("`{text}` is no value of `{name}`");
        match &mut self.values {
            Values::Id(v) => v.push(parsed(text, there).ok_or_else(wrong)?),
            Values::Time(v) => v.push(match there {
                true => instant(text).ok_or_else(wrong)?,
                false => 0,
            }),
            Values::Float(_) if is_lost => {}
            Values::Float(v) => v.push(parsed(text, there).ok_or_else(wrong)?),
            Values::Int(v) => v.push(parsed(text, there).ok_or_else(wrong)?),
            Values::Exact(v, digits) => v.push(match there {
                true => exact(text, *digits).ok_or_else(wrong)?,
                false => 0,
            }),
            Values::Small(v) => v.push(parsed(text, there).ok_or_else(wrong)?),
            Values::Bool(v) => v.push(parsed(text, there).ok_or_else(wrong)?),
            Values::Text(v) => v.push(match there {
                true => texts.code(text)?,
                false => 0,
            }),
            Values::String(v) => match text.len() <= Strings::MOST_BYTES {
                true => v.push(text),
                false => {
                    return Err(format!(
                        "`{name}` has {} bytes, at most {} are possible",
                        text.len(),
                        Strings::MOST_BYTES
                    ));
                }
            },
        }
        if let (Values::Float(v), true) = (&mut self.values, is_lost) {
            v.push(f64::NAN);
        }
        Ok(())
    }

    fn finish(self) -> Column {
        let all = self.present.iter().all(|&there| there);
        Column {
            values: self.values,
            validity: match all {
                true => Validity::All,
                false => Validity::Mask(self.present),
            },
        }
    }
}

fn parsed<T: std::str::FromStr + Default>(text: &str, there: bool) -> Option<T> {
    match there {
        true => text.parse().ok(),
        false => Some(T::default()),
    }
}

/// An exact number. One that JSON has as a number comes as the text of a float, which tells it from all others.
fn exact(text: &str, digits: Digits) -> Option<i64> {
    let of_float = || {
        let units = of_float(text.parse().ok()?, digits.scale())?;
        (digits.fit_a_float() && digits.hold(units)).then_some(units)
    };
    digits.parse(text).or_else(of_float)
}

fn instant(text: &str) -> Option<i64> {
    text.parse::<Timestamp>()
        .ok()
        .map(Timestamp::as_microsecond)
}

fn text(line: &[u8]) -> Result<&str, String> {
    str::from_utf8(line).map_err(|error| format!("is not UTF-8: {error}"))
}

/// Reads a line without its end; a quoted value may hold ends of lines. False at the end of the file.
fn next_line(
    file: &mut impl BufRead,
    format: TextFormat,
    line: &mut Vec<u8>,
) -> Result<bool, String> {
    line.clear();
    loop {
        let read = file
            .read_until(b'\n', line)
            .map_err(|error| error.to_string())?;
        let is_cut = read == 0 || line.last() != Some(&b'\n');
        let quotes = || line.iter().filter(|&&byte| byte == b'"').count();
        let is_open = format == TextFormat::Csv && quotes() % 2 == 1;
        match (is_cut, line.is_empty()) {
            (true, true) => return Ok(false),
            (true, false) => return Err("ends within a row".to_owned()),
            (false, _) if is_open => continue,
            (false, _) => {
                line.pop();
                return Ok(true);
            }
        }
    }
}

/// The values of a row of CSV (RFC 4180): nothing is missing, two quotes are an empty text.
fn csv_cells(line: &str) -> Result<Vec<Cell<'_>>, String> {
    let mut cells = Vec::new();
    let mut rest = line;
    loop {
        let (cell, after) = match rest.strip_prefix('"') {
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let cell = &rest[..end];
                (
                    (!cell.is_empty()).then_some(Cow::Borrowed(cell)),
                    &rest[end..],
                )
            }
            Some(quoted) => {
                let (cell, after) = unquoted(quoted)?;
                (Some(cell), after)
            }
        };
        cells.push(cell);
        match after.strip_prefix(',') {
            Some(after) => rest = after,
            None if after.is_empty() => return Ok(cells),
            None => return Err("has text after a quoted value".to_owned()),
        }
    }
}

/// The text up to the closing quote, and what comes after it.
fn unquoted(quoted: &str) -> Result<(Cow<'_, str>, &str), String> {
    let mut from = 0;
    loop {
        let Some(quote) = quoted[from..].find('"').map(|at| from + at) else {
            return Err("has a quote that does not end".to_owned());
        };
        let after = &quoted[quote + 1..];
        if after.starts_with('"') {
            from = quote + 2;
            continue;
        }
        let cell = &quoted[..quote];
        let cell = match cell.contains('"') {
            true => Cow::Owned(cell.replace("\"\"", "\"")),
            false => Cow::Borrowed(cell),
        };
        return Ok((cell, after));
    }
}

fn json_values(line: &str) -> Result<serde_json::Map<String, Value>, String> {
    match serde_json::from_str(line) {
        Ok(Value::Object(values)) => Ok(values),
        Ok(_) => Err("is no JSON object".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

fn json_cell(value: Value) -> Cell<'static> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(Cow::Owned(text)),
        other => Some(Cow::Owned(other.to_string())),
    }
}

/// All rows of a text file as texts, for a table whose columns are named when they are asked for.
pub(crate) fn read_texts(file: File, format: TextFormat) -> Result<RecordBatch, String> {
    let mut file = BufReader::new(file);
    let mut line = Vec::new();
    let mut columns: Vec<(String, Vec<Option<String>>)> = Vec::new();
    let mut rows = 0;
    if format == TextFormat::Csv && next_line(&mut file, format, &mut line)? {
        let names = csv_cells(text(&line)?)?.into_iter();
        columns = names
            .map(|name| (name.unwrap_or_default().into_owned(), Vec::new()))
            .collect();
    }
    while next_line(&mut file, format, &mut line)? {
        let of_row = |message: String| format!("row {rows}: {message}");
        let line = text(&line).map_err(of_row)?;
        match format {
            TextFormat::Csv => {
                let cells = csv_cells(line).map_err(of_row)?;
                if cells.len() != columns.len() {
                    return Err(of_row(format!(
                        "has {} values for {} columns",
                        cells.len(),
                        columns.len()
                    )));
                }
                for ((_, column), cell) in columns.iter_mut().zip(cells) {
                    column.push(cell.map(Cow::into_owned));
                }
            }
            TextFormat::Jsonl => {
                for (name, value) in json_values(line).map_err(of_row)? {
                    let known = columns.iter().position(|(column, _)| *column == name);
                    let at = known.unwrap_or_else(|| {
                        columns.push((name, vec![None; rows]));
                        columns.len() - 1
                    });
                    columns[at].1.push(json_cell(value).map(Cow::into_owned));
                }
                columns
                    .iter_mut()
                    .for_each(|(_, column)| column.resize(rows + 1, None));
            }
        }
        rows += 1;
    }
    let (fields, arrays): (Vec<Field>, Vec<ArrayRef>) = columns
        .into_iter()
        .map(|(name, values)| {
            let array: ArrayRef = Arc::new(StringArray::from(values));
            (Field::new(name, DataType::Utf8, true), array)
        })
        .unzip();
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    let batch = RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options);
    batch.map_err(|error| error.to_string())
}
