//! What was observed, in tables: quantiles and histograms whose numbers stand in columns.

use std::ops::Range;

use super::Compiler;
use super::laws::{Bin, Quantiles};
use super::report::At;
use super::tables::{Rows, number_of};
use super::types::Ty;
use crate::diagnostic::suggestion;
use crate::units;

/// A number or a duration as a table has it.
fn value_of(cell: &str) -> Option<(f64, Ty)> {
    match number_of(cell) {
        Some(x) => Some((x, Ty::Number)),
        None => units::duration(cell)
            .ok()
            .map(|span| (span.0 as f64, Ty::Span)),
    }
}

/// A range such as `0..10`, or a single value.
fn range_of(cell: &str) -> Option<(f64, f64, Ty)> {
    let (low, high) = cell.split_once("..").unwrap_or((cell, cell));
    match (value_of(low)?, value_of(high)?) {
        ((low, ty), (high, other)) if ty == other && low <= high => Some((low, high, ty)),
        _ => None,
    }
}

/// A table whose cells are read one by one, and what is wrong with them.
struct Reading<'a> {
    rows: &'a Rows,
    /// The cells of its columns as they are written.
    cells: Vec<Vec<String>>,
    wrong: Vec<(Range<usize>, String, &'static str)>,
    ty: Option<Ty>,
}

impl Reading<'_> {
    /// A value of the type of those before it.
    fn of_type<T>(
        &mut self,
        (column, row): (usize, usize),
        read: Option<(T, Ty)>,
        what: &str,
    ) -> Option<T> {
        let help = match (read, self.ty) {
            (Some((value, ty)), None) => {
                self.ty = Some(ty);
                return Some(value);
            }
            (Some((value, ty)), Some(known)) if ty == known => return Some(value),
            (Some(_), _) => "either all of them are numbers, or all are durations such as 5m",
            (None, _) => "write a number, such as 12.5, or a duration, such as 5m",
        };
        let message = format!("found `{}`, expected {what}", self.cells[column][row]);
        self.wrong
            .push((self.rows.columns[column].spans[row].clone(), message, help));
        None
    }
}

impl Compiler {
    /// `table` or `table.column`: the table, and the column of that name, or the one that is usual.
    fn table_of_law(&mut self, written: &str, usual: &str, at: &At) -> Option<(usize, usize)> {
        let (name, column) = written.split_once('.').unwrap_or((written, usual));
        let Some(table) = self.tables.iter().position(|(table, _)| table == name) else {
            if !self.report.is_spoilt("tables", name) {
                let help = suggestion(name, self.tables.iter().map(|(name, _)| name.as_str()));
                let message = format!("there is no table `{name}`");
                self.report.certain_error(at, message, help);
            }
            return None;
        };
        let rows = &self.tables[table].1;
        if rows.is_spoilt {
            return None;
        }
        let found = rows.columns.iter().position(|known| known.name == column);
        if found.is_none() {
            let help = suggestion(column, rows.columns.iter().map(|known| known.name.as_str()));
            let message = format!("the table {name} has no column `{column}`");
            self.report.certain_error(at, message, help);
        }
        Some((table, found?))
    }

    /// Reads a table row by row.
    fn read_law<T>(
        &mut self,
        table: usize,
        mut read: impl FnMut(&mut Reading<'_>, usize) -> Option<T>,
    ) -> Option<(Vec<T>, Option<Ty>)> {
        let rows = self.tables[table].1.clone();
        let file = self.report.text(rows.file);
        // Numbers may be written as durations are, so cells count as they stand in the file, but for quotes.
        let cell = |span: &Range<usize>| file[span.clone()].trim_matches('"').to_owned();
        let columns = rows.columns.iter();
        let mut reading = Reading {
            cells: columns
                .map(|column| column.spans.iter().map(cell).collect())
                .collect(),
            rows: &rows,
            wrong: Vec::new(),
            ty: None,
        };
        let values: Vec<T> = (0..rows.keys.len())
            .filter_map(|row| read(&mut reading, row))
            .collect();
        let (wrong, ty) = (reading.wrong, reading.ty);
        let right = wrong.is_empty();
        for (span, message, help) in wrong {
            self.report
                .error_at(rows.file, span, message, Some(help.into()));
        }
        right.then_some((values, ty))
    }

    /// Shares in the column that is the key, and the values below which they lie.
    pub(super) fn quantiles_of_table(&mut self, written: &str, at: &At) -> Option<Quantiles> {
        let (table, column) = self.table_of_law(written, "value", at)?;
        let key = self.tables[table].1.key;
        self.read_law(table, |reading, row| {
            let text = &reading.cells[key][row];
            let share = units::share(text).ok().filter(|x| (0.0..=1.0).contains(x));
            if share.is_none() {
                let message = format!("`{text}` is not a share from 0% to 100%");
                let span = reading.rows.columns[key].spans[row].clone();
                reading.wrong.push((span, message, "write 25% or 0.25"));
            }
            let value = value_of(&reading.cells[column][row]);
            let value = reading.of_type((column, row), value, "a number or a duration");
            Some((share?, value?))
        })
    }

    /// Ranges, in the column that is the key or in `from` and `to`, and their weights.
    pub(super) fn bins_of_table(
        &mut self,
        written: &str,
        at: &At,
    ) -> Option<(Vec<Bin>, Option<Ty>)> {
        let (table, column) = self.table_of_law(written, "weight", at)?;
        let rows = &self.tables[table].1;
        let (key, file) = (rows.key, rows.file);
        let named = |name: &str| rows.columns.iter().position(|column| column.name == name);
        let ends = named("from").zip(named("to"));
        self.read_law(table, |reading, row| {
            let range = match ends {
                None => {
                    let range = range_of(&reading.cells[key][row]).map(|(a, b, ty)| ((a, b), ty));
                    reading.of_type((key, row), range, "a range such as 0..10, or a number")
                }
                Some((from, to)) => {
                    let [from, to] = [from, to].map(|column| {
                        let value = value_of(&reading.cells[column][row]);
                        reading.of_type((column, row), value, "a number or a duration")
                    });
                    from.zip(to)
                }
            };
            let at = ends.map_or(key, |(from, _)| from);
            let span = reading.rows.columns[at].spans[row].clone();
            if range.is_some_and(|(low, high)| low > high) {
                let message = "this range goes from high to low".to_owned();
                reading
                    .wrong
                    .push((span, message, "write the lower bound first"));
                return None;
            }
            let text = &reading.cells[column][row];
            let weight = number_of(text).filter(|weight| *weight >= 0.0);
            if weight.is_none() {
                let message = format!("found the weight {text}, expected 0 or more");
                let span = reading.rows.columns[column].spans[row].clone();
                reading
                    .wrong
                    .push((span, message, "weights are numbers, such as counts"));
            }
            let text = reading.cells[at][row].clone();
            let ((low, high), weight) = (range?, weight?);
            Some(Bin {
                low,
                high,
                weight,
                text,
                cell: Some((file, span)),
            })
        })
    }
}
