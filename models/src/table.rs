//! Tables of a model: CSV files in its folder, read to cells that know where they stand.

use std::ops::Range;

use serde_json::Value as Json;

use crate::yaml::{self, YamlError};

/// What follows a byte order mark, which some programs put before UTF-8.
const MARK: char = '\u{feff}';

/// Whether a file of a model holds a table.
pub(crate) fn is_table(path: &str) -> bool {
    path.ends_with(".csv")
}

/// The files that a model's text names as tables, and as lists of dates.
pub(crate) fn named(text: &str) -> Vec<String> {
    let Ok(tree) = yaml::parse(text).map(|tree| tree.to_json()) else {
        return Vec::new();
    };
    let tables = tree.get("tables").and_then(Json::as_object);
    let file = |table: &Json| {
        let long = || table.get("file")?.as_str();
        table.as_str().or_else(long).map(str::to_owned)
    };
    let mut names: Vec<String> = tables
        .into_iter()
        .flatten()
        .filter_map(|(_, table)| file(table))
        .collect();
    let relations = tree.get("relations").and_then(Json::as_object);
    let of_relation = |relation: &Json| Some(relation.get("rows")?.as_str()?.to_owned());
    names.extend(
        relations
            .into_iter()
            .flatten()
            .filter_map(|(_, relation)| of_relation(relation)),
    );
    for block in ["calendars", "workdays", "profiles"] {
        tree.get(block)
            .into_iter()
            .for_each(|block| dates(block, &mut names));
    }
    names.retain(|name| is_plain(name));
    names
}

/// What stands below the key `dates`, however deep.
fn dates(json: &Json, names: &mut Vec<String>) {
    match json {
        Json::Array(parts) => parts.iter().for_each(|part| dates(part, names)),
        Json::Object(parts) => parts.iter().for_each(|(key, part)| match (&key[..], part) {
            ("dates", Json::String(name)) => names.push(name.clone()),
            ("dates", Json::Array(several)) => {
                names.extend(
                    several
                        .iter()
                        .filter_map(|name| Some(name.as_str()?.to_owned())),
                );
            }
            _ => dates(part, names),
        }),
        _ => {}
    }
}

/// Whether this is the name of a table's file in the folder itself.
pub(crate) fn is_plain(name: &str) -> bool {
    is_table(name) && !name.contains(['/', '\\'])
}

/// A table as it stands in its file.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// The names of the columns.
    pub header: Vec<String>,
    /// The cells, row by row.
    pub rows: Vec<Vec<String>>,
    /// Where each row begins in the file; the header's first.
    starts: Vec<usize>,
}

impl Table {
    /// Reads a file: a header, and rows of as many cells, and tells what is wrong with its shape; rows of other lengths are left out. Quotes, line ends within
    /// them and either kind of line ends are as RFC 4180 has them.
    pub fn read(text: &str) -> (Table, Vec<YamlError>) {
        let mark = if text.starts_with(MARK) {
            MARK.len_utf8()
        } else {
            0
        };
        let mut reader = csv::ReaderBuilder::new();
        let mut reader = reader
            .has_headers(false)
            .flexible(true)
            .from_reader(&text.as_bytes()[mark..]);
        let mut table = Table::default();
        let mut errors = Vec::new();
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    errors.push(wrong(
                        0..0,
                        error.to_string(),
                        "write it as RFC 4180 has it",
                    ));
                    break;
                }
            };
            let start = record.position().map_or(0, |at| at.byte() as usize);
            // The position of a record may be that of the line end before it.
            let blank = text[mark + start..].bytes();
            let blank = blank.take_while(|c| matches!(c, b'\r' | b'\n')).count();
            let start = mark + start + blank;
            let cells: Vec<String> = record.iter().map(str::to_owned).collect();
            let width = table.header.len();
            if table.starts.is_empty() {
                table.header = cells;
            } else if cells.len() == width {
                table.rows.push(cells);
            } else {
                let count = cells_of(cells.len());
                let message = format!("this row has {count}, the header has {width}");
                let help = "a cell that is empty still has its comma";
                let end = text[start..].find(['\r', '\n']);
                let span = start..end.map_or(text.len(), |end| start + end);
                errors.push(wrong(span, message, help));
                continue;
            }
            table.starts.push(start);
        }
        if table.rows.is_empty() && errors.is_empty() {
            let help = "the first line has the names of the columns, each further one a row";
            errors.push(wrong(0..0, "this table has no rows".into(), help));
        }
        (table, errors)
    }

    /// Where a cell stands; of the header, row `None`.
    pub fn span(&self, text: &str, row: Option<usize>, column: usize) -> Range<usize> {
        let start = self.starts.get(row.map_or(0, |row| row + 1));
        let mut from = start.copied().unwrap_or(0);
        let (mut quoted, mut passed) = (false, 0);
        for (at, c) in text[from..].char_indices() {
            let at = start.copied().unwrap_or(0) + at;
            match c {
                '"' => quoted = !quoted,
                ',' | '\r' | '\n' if !quoted => {
                    if passed == column || c != ',' {
                        return from..at;
                    }
                    (passed, from) = (passed + 1, at + 1);
                }
                _ => {}
            }
        }
        from..text.len()
    }
}

fn cells_of(count: usize) -> String {
    format!("{count} cell{}", if count == 1 { "" } else { "s" })
}

fn wrong(span: Range<usize>, message: String, help: &str) -> YamlError {
    YamlError {
        span,
        message,
        help: Some(help.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_line_ends_and_quotes_are_read_as_they_are_meant() {
        let text = "\u{feff}name,note\r\n\"Łódź, city\",\"two\nlines \"\"quoted\"\"\"\r\nمصر,\n";
        let (table, errors) = Table::read(text);
        assert!(errors.is_empty());
        assert_eq!(table.header, ["name", "note"]);
        assert_eq!(table.rows[0], ["Łódź, city", "two\nlines \"quoted\""]);
        assert_eq!(table.rows[1], ["مصر", ""]);
        assert_eq!(&text[table.span(text, None, 1)], "note");
        assert_eq!(&text[table.span(text, Some(0), 0)], "\"Łódź, city\"");
        assert_eq!(&text[table.span(text, Some(1), 0)], "مصر");
        assert_eq!(&text[table.span(text, Some(1), 1)], "");
    }

    #[test]
    fn what_has_no_rows_or_rows_of_other_lengths_is_told() {
        for empty in ["", "\u{feff}", "name,lat\n"] {
            let (_, errors) = Table::read(empty);
            assert_eq!(errors[0].message, "this table has no rows");
        }
        let text = "a,b\n1,2\n3\n4,5,6\n";
        let (table, errors) = Table::read(text);
        assert_eq!(table.rows, [["1", "2"]]);
        let told: Vec<(&str, &str)> = errors
            .iter()
            .map(|e| (&text[e.span.clone()], &e.message[..]))
            .collect();
        assert_eq!(told[0], ("3", "this row has 1 cell, the header has 2"));
        assert_eq!(told[1], ("4,5,6", "this row has 3 cells, the header has 2"));
    }
}
