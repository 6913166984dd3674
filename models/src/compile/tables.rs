//! Reference data: tables of a model's folder and the types of their columns.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::report::At;
use super::types::Ty;
use super::{Compiler, Merged};
use crate::definition::{CellType, Map, TableDef};
use crate::diagnostic::suggestion;
use crate::syntax::{self, AstKind};
use crate::table::{Table, is_plain};

/// A table, while a model is compiled; its rows stand in the order of their keys.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The file, as an index into the model's.
    pub(super) file: usize,
    /// Which of the columns is the key.
    pub(super) key: usize,
    /// The keys' texts, as codes.
    pub keys: Vec<u16>,
    /// The columns, the key among them.
    pub(super) columns: Vec<ColumnOfRows>,
    /// Whether something is wrong with it already.
    pub(super) is_spoilt: bool,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct ColumnOfRows {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Ty,
    /// What stands in it, row by row.
    pub words: Vec<u64>,
    /// Where its cells stand in the file.
    pub spans: Vec<Range<usize>>,
}

impl Rows {
    /// All keys.
    pub fn texts(&self) -> BTreeSet<u16> {
        self.keys.iter().copied().collect()
    }

    /// All keys, and the empty text, which is that of no row.
    pub fn texts_or_none(&self) -> BTreeSet<u16> {
        self.keys.iter().copied().chain([0]).collect()
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<&ColumnOfRows> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl Compiler {
    /// Reads all tables.
    pub(super) fn tables(&mut self, merged: &Merged) {
        for (name, (file, definition)) in &merged.tables {
            let at = At::new(*file, &["tables", name]);
            self.check_name(name, &at);
            let rows = self.table(&at, definition);
            self.tables.push((name.clone(), rows));
        }
    }

    fn table(&mut self, at: &At, definition: &TableDef) -> Rows {
        let nothing = Rows {
            file: 0,
            key: 0,
            keys: Vec::new(),
            columns: Vec::new(),
            is_spoilt: true,
        };
        let (path, at_path) = match definition {
            TableDef::Short(path) => (path, at.clone()),
            TableDef::Long(long) => (&long.file, at.key("file")),
        };
        if !is_plain(path) {
            let message = format!("`{path}` is not the name of a table's file");
            let help = "a table is a CSV file in the model's folder itself, such as cities.csv";
            self.report
                .certain_error(&at_path, message, Some(help.into()));
            return nothing;
        }
        let found = self.report.found();
        let Some((file, text, table)) = self.table_file(path, &at_path) else {
            return nothing;
        };
        let right = self.report.found() == found;
        let rows = self.typed_rows(at, definition, (file, &text), &table);
        rows.filter(|_| right).unwrap_or(nothing)
    }

    /// The file of a name, with what stands in it, unless there is no such file or it has no rows.
    pub(super) fn table_file(&mut self, path: &str, at: &At) -> Option<(usize, String, Table)> {
        let Some(file) = self.report.file_named(path) else {
            let names: Vec<String> = self.report.tables().collect();
            let help = match names.is_empty() {
                true => Some("put it into the model's folder".to_owned()),
                false => suggestion(path, names.iter().map(String::as_str)),
            };
            let message = format!("there is no file `{path}` in the model's folder");
            self.report.certain_error(at, message, help);
            return None;
        };
        let text = self.report.text(file).to_owned();
        let (table, errors) = Table::read(&text);
        for error in errors {
            self.report
                .error_at(file, error.span, error.message, error.help);
        }
        (!table.rows.is_empty()).then_some((file, text, table))
    }

    /// Gives the columns their types, and sorts the rows by their keys.
    fn typed_rows(
        &mut self,
        at: &At,
        definition: &TableDef,
        (file, text): (usize, &str),
        table: &Table,
    ) -> Option<Rows> {
        let found = self.report.found();
        self.check_header((file, text), table);
        let none = Map::new();
        let (key, types) = match definition {
            TableDef::Short(_) => (None, &none),
            TableDef::Long(long) => (long.key.as_ref(), &long.types),
        };
        let known = || table.header.iter().map(String::as_str);
        let place = |name: &str| table.header.iter().position(|column| column == name);
        for name in types.keys().filter(|name| place(name).is_none()) {
            let message = format!("the table has no column `{name}`");
            let at = at.key("types").key(name);
            self.report
                .certain_error_at_key(&at, message, suggestion(name, known()));
        }
        let key = match key {
            None => 0,
            Some(key) => place(key).unwrap_or_else(|| {
                let message = format!("the table has no column `{key}`");
                self.report
                    .certain_error(&at.key("key"), message, suggestion(key, known()));
                0
            }),
        };
        let order = self.in_order_of_keys((file, text), table, key);
        let keys: Vec<u16> = order
            .iter()
            .map(|&row| self.text_code(&table.rows[row][key], at))
            .collect();
        let columns = table.header.iter().enumerate().map(|(column, name)| {
            let cells = table.rows.iter().map(|row| &row[column][..]);
            let stated = types.get(name).copied();
            let of = match column == key {
                true => CellType::Text,
                false => stated.unwrap_or_else(|| inferred(cells)),
            };
            self.typed_column((file, text), table, (column, of), &order)
        });
        let columns: Vec<ColumnOfRows> = columns.collect();
        (self.report.found() == found).then_some(Rows {
            file,
            key,
            keys,
            columns,
            is_spoilt: false,
        })
    }

    pub(super) fn check_header(&mut self, (file, text): (usize, &str), table: &Table) {
        for (column, name) in table.header.iter().enumerate() {
            let span = table.span(text, None, column);
            let fine = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
            let (message, help) = if !fine {
                let help = "lower-case letters, digits and _, beginning with a letter";
                (format!("`{name}` cannot be the name of a column"), help)
            } else if table.header[..column].contains(name) {
                (
                    format!("there is a second column `{name}`"),
                    "rename one of the two",
                )
            } else {
                continue;
            };
            self.report.error_at(file, span, message, Some(help.into()));
        }
    }

    /// The rows in the order of their keys, each of which is there once.
    fn in_order_of_keys(
        &mut self,
        (file, text): (usize, &str),
        table: &Table,
        key: usize,
    ) -> Vec<usize> {
        let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
        for (row, cells) in table.rows.iter().enumerate() {
            let name = &cells[key][..];
            let column = &table.header[key];
            let message = if name.is_empty() {
                format!("this row has no `{column}`, by which rows are told apart")
            } else if rows.insert(name, row).is_some() {
                format!("there is a second row with the {column} `{name}`")
            } else {
                continue;
            };
            let help =
                "each row has its own key, which is the first column unless `key` names another";
            let span = table.span(text, Some(row), key);
            self.report.error_at(file, span, message, Some(help.into()));
        }
        rows.into_values().collect()
    }

    fn typed_column(
        &mut self,
        (file, text): (usize, &str),
        table: &Table,
        (column, of): (usize, CellType),
        order: &[usize],
    ) -> ColumnOfRows {
        let (mut words, mut spans) = (Vec::new(), Vec::new());
        for &row in order {
            let cell = &table.rows[row][column];
            let span = table.span(text, Some(row), column);
            let word = match of {
                CellType::Text => Some(u64::from(self.text_code(cell, &At::new(file, &[])))),
                CellType::Number => number_of(cell).map(f64::to_bits),
                CellType::Bool => truth_of(cell).map(|truth| f64::from(u8::from(truth)).to_bits()),
                CellType::Time => self.time_of(cell).map(f64::to_bits),
            };
            if word.is_none() {
                let message = format!("found `{cell}`, expected {}", of.expected());
                let help = "correct the cell, or state another type for the column with `types`";
                self.report
                    .error_at(file, span.clone(), message, Some(help.into()));
            }
            words.push(word.unwrap_or(0));
            spans.push(span);
        }
        let ty = match of {
            CellType::Text => Ty::Text,
            CellType::Number => Ty::Number,
            CellType::Bool => Ty::Bool,
            CellType::Time => Ty::Time,
        };
        let name = table.header[column].clone();
        ColumnOfRows {
            name,
            ty,
            words,
            spans,
        }
    }

    fn time_of(&self, cell: &str) -> Option<f64> {
        match syntax::parse(cell).ok()?.kind {
            AstKind::Date(local) => Some(self.zone.instant(local)?.0 as f64),
            _ => None,
        }
    }
}

/// The type of a column that states none: numbers, truth values or times where all cells are that, otherwise texts.
fn inferred<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> CellType {
    // What begins with a 0 is no number but a code, such as that of a place.
    let number = |cell: &str| {
        let digits = cell.strip_prefix('-').unwrap_or(cell);
        let code = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
        !code && digits.starts_with(|c: char| c.is_ascii_digit()) && number_of(cell).is_some()
    };
    let time = |cell: &str| {
        matches!(
            syntax::parse(cell).map(|ast| ast.kind),
            Ok(AstKind::Date(_))
        )
    };
    if cells.clone().all(number) {
        CellType::Number
    } else if cells.clone().all(|cell| truth_of(cell).is_some()) {
        CellType::Bool
    } else if cells.clone().all(time) {
        CellType::Time
    } else {
        CellType::Text
    }
}

/// The number that a cell is, if it is one.
pub(super) fn number_of(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|x: &f64| x.is_finite())
}

fn truth_of(cell: &str) -> Option<bool> {
    cell.parse().ok()
}
