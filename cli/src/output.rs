//! Printing: to stdout without ever panicking, tables, and numbers that people can read.

use std::io::{self, ErrorKind, Write};

use causeflow_engine::time::Time;
use serde::Serialize;

use crate::errors::Failure;

/// Writes text to stdout.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Failure::NobodyReads,
            _ => Failure::Machine(format!("writing to the standard output failed: {error}")),
        })
}

/// Writes a value to stdout as indented JSON.
pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| Failure::Machine(format!("cannot write JSON: {error}")))?;
    print(&(text + "\n"))
}

/// A value as a line of JSON.
pub fn json_line(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string(value);
    let text = text.map_err(|error| Failure::Machine(format!("cannot write JSON: {error}")))?;
    Ok(text + "\n")
}

/// Writes a line to stderr. What cannot be said there is lost.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// How a column of a [`Table`] is aligned.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Right,
}

/// Text in columns that are as wide as need be.
pub struct Table {
    aligns: Vec<Align>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub fn new(columns: &[(&str, Align)]) -> Table {
        let heading = columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        Table {
            aligns: columns.iter().map(|(_, align)| *align).collect(),
            rows: vec![heading],
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
    }

    /// The table as lines, each indented by so many spaces.
    pub fn render(&self, indent: usize) -> String {
        let width = |column: usize| {
            self.rows
                .iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.aligns.len()).map(width).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = " ".repeat(indent);
            for ((cell, align), width) in row.iter().zip(&self.aligns).zip(&widths) {
                match align {
                    Align::Left => line += &format!("{cell:<width$}  "),
                    Align::Right => line += &format!("{cell:>width$}  "),
                }
            }
            out += line.trim_end();
            out.push('\n');
        }
        out
    }
}

/// A count with thousands separated: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// An estimated count with no more digits than it deserves: `1,230,000`, `14`, `0.3`.
pub fn rough(number: f64) -> String {
    if number < 10.0 {
        let text = format!("{number:.1}");
        return text.strip_suffix(".0").map_or(text.clone(), str::to_owned);
    }
    let mut unit = 1.0;
    while number / unit >= 1000.0 {
        unit *= 10.0;
    }
    count(((number / unit).round() * unit) as u64)
}

/// An instant as RFC 3339 in UTC.
pub fn instant(time: Time) -> String {
    causeflow_outputs::rfc3339(time.0).unwrap_or_else(|| time.to_string())
}

/// A number with its plural or singular: `1 stream`, `2 streams`.
pub fn some(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A rate: `3.1 million`, `12.3 thousand`, `340`.
pub fn short(number: f64) -> String {
    if number >= 1e9 {
        format!("{:.2} billion", number / 1e9)
    } else if number >= 1e6 {
        format!("{:.1} million", number / 1e6)
    } else if number >= 1e4 {
        format!("{:.0} thousand", number / 1e3)
    } else {
        count(number.round().max(0.0) as u64)
    }
}

/// A size in decimal units: `543 MB`.
pub fn bytes(number: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let unit = units.iter().find(|(size, _)| number >= *size);
    match unit {
        Some((size, name)) if number / size < 10.0 => format!("{:.1} {name}", number / size),
        Some((size, name)) => format!("{:.0} {name}", number / size),
        None => format!("{number:.0} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(rough(1_234_567.0), "1,230,000");
        assert_eq!(rough(0.25), "0.2");
        assert_eq!(rough(4.0), "4");
        assert_eq!(rough(68_137.0), "68,100");
        assert_eq!(bytes(543_210_000.0), "543 MB");
        assert_eq!(bytes(1_500.0), "1.5 kB");
        assert_eq!(short(3_140_000.0), "3.1 million");
    }

    #[test]
    fn columns_are_aligned_and_lines_end_without_spaces() {
        let mut table = Table::new(&[("name", Align::Left), ("rows", Align::Right)]);
        table.row(["a".into(), "1,000".into()]);
        assert_eq!(table.render(2), "  name   rows\n  a     1,000\n");
    }
}
