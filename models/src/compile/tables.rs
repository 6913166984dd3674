//! Reference data: tables of a model's folder, their types, and what is read of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use causeflow_engine::base::draw::{Purpose, purpose};
use causeflow_engine::streams::program::{Cells, Expr, NO_TIME, StartRow};

use super::lower::Scope;
use super::report::At;
use super::types::{Texts, Ty, Typed};
use super::{Compiler, Merged};
use crate::definition::{CellType, Map, TableDef};
use crate::diagnostic::{number, suggestion};
use crate::syntax::{self, Ast, AstKind};
use crate::table::{Table, is_plain};

/// A table, while a model is compiled; its rows stand in the order of their keys.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The file, as an index into the model's.
    file: usize,
    /// The keys' texts, as codes.
    pub keys: Vec<u16>,
    /// The columns, the key among them.
    columns: Vec<ColumnOfRows>,
    /// Whether something is wrong with it already.
    is_spoilt: bool,
}

#[derive(Clone, Debug)]
struct ColumnOfRows {
    name: String,
    ty: Ty,
    words: Vec<u64>,
    /// Where its cells stand in the file.
    spans: Vec<Range<usize>>,
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

    fn column(&self, name: &str) -> Option<&ColumnOfRows> {
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
        let Some(file) = self.report.file_named(path) else {
            let names: Vec<String> = self.report.tables().collect();
            let help = match names.is_empty() {
                true => Some("put it into the model's folder".to_owned()),
                false => suggestion(path, names.iter().map(String::as_str)),
            };
            let message = format!("there is no file `{path}` in the model's folder");
            self.report.certain_error(&at_path, message, help);
            return nothing;
        };
        let text = self.report.text(file).to_owned();
        let (table, errors) = Table::read(&text);
        let right = errors.is_empty();
        for error in errors {
            self.report
                .error_at(file, error.span, error.message, error.help);
        }
        if table.rows.is_empty() {
            return nothing;
        }
        let rows = self.typed_rows(at, definition, (file, &text), &table);
        rows.filter(|_| right).unwrap_or(nothing)
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
            keys,
            columns,
            is_spoilt: false,
        })
    }

    fn check_header(&mut self, (file, text): (usize, &str), table: &Table) {
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

    /// The table of a name.
    pub(super) fn table_named(&self, name: &str) -> Option<u16> {
        let place = self.tables.iter().position(|(table, _)| table == name);
        place.map(|place| place as u16)
    }

    fn table_argument(&mut self, arg: &Ast, scope: &Scope) -> Option<u16> {
        let name = self.plain_name(arg, scope)?;
        let found = self.table_named(&name);
        if found.is_none() && !self.report.is_spoilt("tables", &name) {
            let help = suggestion(&name, self.tables.iter().map(|(name, _)| name.as_str()));
            let message = format!("there is no table `{name}`");
            self.report
                .certain_error_in(&scope.at, &arg.span, message, help);
        }
        found.filter(|&table| !self.rows(table).is_spoilt)
    }

    fn rows(&self, table: u16) -> &Rows {
        &self.tables[usize::from(table)].1
    }

    /// A row as a value: the text of its key.
    fn row_value(&self, table: u16, expr: Expr) -> Typed {
        Typed {
            expr,
            ty: Ty::Row(table),
            texts: Some(self.rows(table).texts()),
        }
    }

    /// Those from whose rows entities are made, and how many.
    pub(super) fn start_rows(&self, table: u16) -> Vec<StartRow> {
        let keys = self.rows(table).keys.iter();
        let row = |&code: &u16| StartRow {
            purpose: purpose(self.texts.text(code)),
            code,
        };
        keys.map(row).collect()
    }

    /// `row.column`.
    pub(super) fn cell(
        &mut self,
        table: u16,
        row: Expr,
        part: &str,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<Typed> {
        let rows = self.rows(table);
        let Some(column) = rows.column(part) else {
            if rows.is_spoilt {
                return None;
            }
            let name = &self.tables[usize::from(table)].0;
            let message = format!("the table {name} has no column `{part}`");
            let help = suggestion(part, rows.columns.iter().map(|column| column.name.as_str()));
            self.report.error_in(&scope.at, span, message, help);
            return None;
        };
        let texts: Texts = (column.ty == Ty::Text).then(|| {
            // That of no row is the empty one.
            column
                .words
                .iter()
                .map(|&word| word as u16)
                .chain([0])
                .collect()
        });
        let missing = match column.ty {
            Ty::Time => NO_TIME.to_bits(),
            _ => 0,
        };
        let pairs = rows.keys.iter().copied().zip(column.words.iter().copied());
        let cells = Cells::new(pairs, missing, column.ty != Ty::Text);
        Some(Typed {
            expr: Expr::Cell(Arc::new(cells), Box::new(row)),
            ty: column.ty,
            texts,
        })
    }

    /// `lookup(table, text)`: the row whose key it is, or that of none.
    pub(super) fn lookup_row(
        &mut self,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let wanted = "a table and a text";
        self.arity("lookup", args.len(), wanted, args.len() == 2, span, scope)?;
        let table = self.table_argument(&args[0], scope)?;
        let text = self.lower(&args[1], scope)?;
        let text = self.check_type(text, &[Ty::Text], scope, &args[1].span)?;
        let keys = self.rows(table).texts();
        if let Some(possible) = &text.texts
            && possible.is_disjoint(&keys)
        {
            let name = &self.tables[usize::from(table)].0;
            let message = format!("no row of {name} has any of the keys that this can be");
            self.report
                .error_in(&scope.at, &args[1].span, message, None);
            return None;
        }
        let pairs = keys.iter().map(|&code| (code, u64::from(code)));
        let cells = Cells::new(pairs, 0, false);
        let mut row = self.row_value(table, Expr::Cell(Arc::new(cells), Box::new(text.expr)));
        row.texts.iter_mut().for_each(|texts| {
            texts.insert(0);
        });
        Some(row)
    }

    /// `choose(table, weight: column, column: text)`: a row by weight, of all or of those where a column is a text.
    pub(super) fn choose(
        &mut self,
        args: &[Ast],
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<Typed> {
        let some = !args.is_empty();
        self.arity(
            "choose",
            args.len(),
            "a table, and what is said of it",
            some,
            span,
            scope,
        )?;
        let draw = scope.next_purpose();
        let table = self.table_argument(&args[0], scope)?;
        let (mut weights, mut by) = (None, None);
        for arg in &args[1..] {
            let AstKind::Named(name, value) = &arg.kind else {
                let message =
                    "expected `weight: column`, or a column and the text that it is to be";
                self.report
                    .certain_error_in(&scope.at, &arg.span, message, None);
                return None;
            };
            let twice = if name == "weight" {
                weights.is_some()
            } else {
                by.is_some()
            };
            if twice {
                let message = match name == "weight" {
                    true => "there is a second `weight`",
                    false => "rows are chosen by the text of one column",
                };
                self.report
                    .certain_error_in(&scope.at, &arg.span, message, None);
                return None;
            }
            match name == "weight" {
                true => weights = Some(self.weights(table, value, scope)?),
                false => by = Some(self.condition(table, name, value, &arg.span, scope)?),
            }
        }
        let keys = self.rows(table).keys.clone();
        let weights = weights.unwrap_or_else(|| vec![1.0; keys.len()]);
        let rows = keys.iter().copied().zip(weights);
        let Some((selector, column)) = by else {
            let Some(choice) = choice(rows, draw) else {
                self.no_weight(&args[0].span, scope);
                return None;
            };
            return Some(self.row_value(table, choice));
        };
        let mut groups: BTreeMap<u16, Vec<(u16, f64)>> = BTreeMap::new();
        for (row, text) in rows.zip(column) {
            groups.entry(text).or_default().push(row);
        }
        let cases = groups
            .into_iter()
            .filter_map(|(text, rows)| Some((text, choice(rows.into_iter(), draw)?)));
        let cases: Vec<(u16, Expr)> = cases.collect();
        if cases.is_empty() {
            self.no_weight(&args[0].span, scope);
            return None;
        }
        let none = Box::new(Expr::Text(0));
        let mut row = self.row_value(table, Expr::Case(Box::new(selector), cases, none));
        row.texts.iter_mut().for_each(|texts| {
            texts.insert(0);
        });
        Some(row)
    }

    fn no_weight(&mut self, span: &Range<usize>, scope: &Scope) {
        let message = "the weights of these rows add up to nothing, or to more than any number";
        self.report.certain_error_in(&scope.at, span, message, None);
    }

    /// The weights in a column.
    fn weights(&mut self, table: u16, value: &Ast, scope: &Scope) -> Option<Vec<f64>> {
        let name = self.plain_name(value, scope)?;
        let column = self.column_of(table, &name, Ty::Number, &value.span, scope)?;
        let weights: Vec<f64> = column
            .words
            .iter()
            .map(|&word| f64::from_bits(word))
            .collect();
        let wrong = weights.iter().position(|weight| *weight < 0.0);
        if let Some(at) = wrong {
            let message = format!(
                "found the weight {}, expected 0 or more",
                number(weights[at])
            );
            let file = self.rows(table).file;
            self.report
                .error_at(file, column.spans[at].clone(), message, None);
            return None;
        }
        Some(weights)
    }

    /// A column of texts, and the text that it is to be.
    fn condition(
        &mut self,
        table: u16,
        name: &str,
        value: &Ast,
        span: &Range<usize>,
        scope: &mut Scope,
    ) -> Option<(Expr, Vec<u16>)> {
        let column = self.column_of(table, name, Ty::Text, span, scope)?;
        let typed = self.lower(value, scope)?;
        let typed = self.check_type(typed, &[Ty::Text], scope, &value.span)?;
        let texts: Vec<u16> = column.words.iter().map(|&word| word as u16).collect();
        if let Some(possible) = &typed.texts
            && !texts.iter().any(|text| possible.contains(text))
        {
            let message = format!("no row has any of the values that this can be as its `{name}`");
            self.report.error_in(&scope.at, &value.span, message, None);
            return None;
        }
        Some((typed.expr, texts))
    }

    fn column_of(
        &mut self,
        table: u16,
        name: &str,
        ty: Ty,
        span: &Range<usize>,
        scope: &Scope,
    ) -> Option<ColumnOfRows> {
        let rows = self.rows(table);
        let of_type = rows.columns.iter().filter(|column| column.ty == ty);
        if let Some(column) = of_type.clone().find(|column| column.name == name) {
            return Some(column.clone());
        }
        let help = match rows.column(name) {
            // A single cell that is no number makes all of them texts.
            Some(column) if column.ty == Ty::Text => {
                let texts = column.words.iter();
                let mut texts = texts.map(|&word| self.texts.text(word as u16));
                let wrong = texts.find(|cell| number_of(cell).is_none());
                let wrong = wrong.unwrap_or_default();
                Some(format!(
                    "`{wrong}` is no number: correct it, or state `types: {{{name}: number}}` to be told of all such cells"
                ))
            }
            _ => suggestion(name, of_type.map(|column| column.name.as_str())),
        };
        let what = if ty == Ty::Number { "numbers" } else { "texts" };
        let table = &self.tables[usize::from(table)].0;
        let message = format!("the table {table} has no column `{name}` of {what}");
        self.report.certain_error_in(&scope.at, span, message, help);
        None
    }
}

/// A choice among rows by weight, if any has one.
fn choice(rows: impl Iterator<Item = (u16, f64)>, draw: Purpose) -> Option<Expr> {
    let (codes, weights): (Vec<u16>, Vec<f64>) = rows.filter(|row| row.1 > 0.0).unzip();
    let total: f64 = weights.iter().sum();
    let mut sum = 0.0;
    let shares = weights.iter().map(|weight| {
        sum += weight / total;
        sum
    });
    let shares: Vec<f64> = shares.collect();
    (total > 0.0 && total.is_finite()).then_some(Expr::Choice(shares, codes, draw))
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

fn number_of(cell: &str) -> Option<f64> {
    cell.parse().ok().filter(|x: &f64| x.is_finite())
}

fn truth_of(cell: &str) -> Option<bool> {
    cell.parse().ok()
}
