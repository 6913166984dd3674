//! Tables for those who write files: what a run says besides its events. They are made piece by piece, so that a table
//! of many rows never is in memory as a whole.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::table::{Chunk, Column, ColumnSpec, Dictionary, TableSchema, Validity, Values};
use crate::base::time::Time;

/// Rows that are made at once: so many of each column, then the next ones.
pub const PIECE_ROWS: usize = 8192;

/// Some tables that share their texts.
pub struct Tables<'a> {
    /// The texts of all of them; it is not the program's.
    pub dictionary: Dictionary,
    /// Each with all of its rows; [`Chunk::table`] is the place in this list.
    pub tables: Vec<Table<'a>>,
}

impl<'a> Tables<'a> {
    /// Tables and their texts; `None` when those are more than can be told apart.
    pub fn new(texts: Texts, tables: Vec<Table<'a>>) -> Option<Tables<'a>> {
        u16::try_from(texts.all.len().saturating_sub(1)).ok()?;
        Some(Tables {
            dictionary: Arc::from(texts.all),
            tables,
        })
    }
}

/// Gives texts their codes, in the order in which they come.
#[derive(Debug, Default)]
pub struct Texts {
    all: Vec<String>,
    codes: BTreeMap<String, u16>,
    /// The code that was given last.
    last: u16,
}

impl Texts {
    fn code(&mut self, text: &str) -> u16 {
        // Most columns have the same text many times in a row.
        if self
            .all
            .get(usize::from(self.last))
            .is_some_and(|last| last == text)
        {
            return self.last;
        }
        self.last = match self.codes.get(text) {
            Some(&code) => code,
            None => {
                // Too many are refused when all are known.
                let code = self.all.len() as u16;
                self.all.push(text.to_owned());
                self.codes.insert(text.to_owned(), code);
                code
            }
        };
        self.last
    }
}

/// A table: its chunks, one after the other, which are made as they are taken.
pub struct Table<'a> {
    /// Its name and columns.
    pub schema: TableSchema,
    at: usize,
    /// How many rows are still to come.
    rows: usize,
    columns: Vec<Cells<'a>>,
}

/// Makes the next so many cells of a column.
type Cells<'a> = Box<dyn FnMut(usize) -> Column + 'a>;

impl Table<'_> {
    /// How many rows are still to come: all of them, before any has been taken.
    pub fn rows(&self) -> usize {
        self.rows
    }
}

impl Iterator for Table<'_> {
    type Item = Chunk;

    fn next(&mut self) -> Option<Chunk> {
        let rows = self.rows.min(PIECE_ROWS);
        if rows == 0 {
            return None;
        }
        self.rows -= rows;
        Some(Chunk {
            table: self.at,
            rows,
            columns: self.columns.iter_mut().map(|cells| cells(rows)).collect(),
        })
    }
}

/// A table in the making, column by column. Texts get their codes at once, column after column; all other values are
/// taken from their iterators when the rows are, a piece of each column at a time.
pub struct TableBuilder<'t, 'a> {
    texts: &'t mut Texts,
    rows: usize,
    specs: Vec<ColumnSpec>,
    columns: Vec<Cells<'a>>,
}

impl<'t, 'a> TableBuilder<'t, 'a> {
    /// A table with so many rows, whose texts go to `texts`.
    pub fn new(texts: &'t mut Texts, rows: usize) -> TableBuilder<'t, 'a> {
        TableBuilder {
            texts,
            rows,
            specs: Vec::new(),
            columns: Vec::new(),
        }
    }

    /// A column of values that are all there.
    fn all<T: 'a>(
        &mut self,
        (name, description): (&str, &str),
        mut values: impl Iterator<Item = T> + 'a,
        of: fn(Vec<T>) -> Values,
    ) {
        self.describe(name, description, &of(Vec::new()), false);
        self.columns.push(Box::new(move |rows| Column {
            values: of(values.by_ref().take(rows).collect()),
            validity: Validity::All,
        }));
    }

    /// A column of values that may be missing.
    fn some<T: Default + 'a>(
        &mut self,
        (name, description): (&str, &str),
        mut values: impl Iterator<Item = Option<T>> + 'a,
        of: fn(Vec<T>) -> Values,
    ) {
        self.describe(name, description, &of(Vec::new()), true);
        self.columns.push(Box::new(move |rows| {
            let next = values.by_ref().take(rows);
            let (values, valid) = next
                .map(|value| {
                    let valid = value.is_some();
                    (value.unwrap_or_default(), valid)
                })
                .unzip();
            Column {
                values: of(values),
                validity: Validity::Mask(valid),
            }
        }));
    }

    fn describe(&mut self, name: &str, description: &str, values: &Values, nullable: bool) {
        self.specs.push(ColumnSpec {
            name: name.to_owned(),
            kind: values.kind(),
            unit: name.ends_with("_h").then(|| "h".to_owned()),
            description: Some(description.to_owned()),
            nullable,
        });
    }

    /// A column of texts.
    pub fn text<'s>(
        &mut self,
        name: &str,
        description: &str,
        texts: impl Iterator<Item = &'s str>,
    ) {
        let codes: Vec<u16> = texts.map(|text| self.texts.code(text)).collect();
        self.all((name, description), codes.into_iter(), Values::Text);
    }

    /// A column of texts that may be missing.
    pub fn optional<'s>(
        &mut self,
        name: &str,
        description: &str,
        texts: impl Iterator<Item = Option<&'s str>>,
    ) {
        let codes = self.codes(texts).into_iter();
        self.some((name, description), codes, Values::Text);
    }

    /// The codes of texts, which may be missing.
    fn codes<'s>(&mut self, texts: impl Iterator<Item = Option<&'s str>>) -> Vec<Option<u16>> {
        let code = |text: Option<&str>| text.map(|text| self.texts.code(text));
        texts.map(code).collect()
    }

    /// A column of texts that may be missing, and come again and again in the same sequence.
    pub fn optional_again<'s>(
        &mut self,
        name: &str,
        description: &str,
        texts: impl Iterator<Item = Option<&'s str>>,
    ) {
        let codes = self.codes(texts);
        let again = (0..codes.len()).cycle().map(move |at| codes[at]);
        self.some((name, description), again, Values::Text);
    }

    /// A column of identifiers.
    pub fn id(&mut self, name: &str, description: &str, ids: impl Iterator<Item = u64> + 'a) {
        self.all((name, description), ids, Values::Id);
    }

    /// A column of times.
    pub fn time(&mut self, name: &str, description: &str, times: impl Iterator<Item = Time> + 'a) {
        let times = times.map(|time| time.0);
        self.all((name, description), times, Values::Time);
    }

    /// A column of floats.
    pub fn float(&mut self, name: &str, description: &str, values: impl Iterator<Item = f64> + 'a) {
        self.all((name, description), values, Values::Float);
    }

    /// A column of floats that may be missing.
    pub fn optional_float(
        &mut self,
        name: &str,
        description: &str,
        values: impl Iterator<Item = Option<f64>> + 'a,
    ) {
        self.some((name, description), values, Values::Float);
    }

    /// A column of numbers of 32 bits.
    pub fn int(&mut self, name: &str, description: &str, values: impl Iterator<Item = i32> + 'a) {
        self.all((name, description), values, Values::Int);
    }

    /// A column of counts; none is so large that it would not fit into 32 bits.
    pub fn count(&mut self, name: &str, description: &str, values: impl Iterator<Item = u64> + 'a) {
        let values = values.map(|value| i32::try_from(value).unwrap_or(i32::MAX));
        self.int(name, description, values);
    }

    /// A column of what is true or false.
    pub fn flag(&mut self, name: &str, description: &str, flags: impl Iterator<Item = bool> + 'a) {
        self.all((name, description), flags, Values::Bool);
    }

    /// The unit of the last column.
    pub fn unit(&mut self, unit: &str) {
        if let Some(spec) = self.specs.last_mut() {
            spec.unit = Some(unit.to_owned());
        }
    }

    /// The table of this name, which is at this place in its list.
    pub fn finish(self, name: &str, at: usize) -> Table<'a> {
        Table {
            schema: TableSchema {
                name: name.to_owned(),
                columns: self.specs,
            },
            at,
            rows: self.rows,
            columns: self.columns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_rows_one_after_the_other() {
        let rows = 2 * PIECE_ROWS + 5;
        let mut texts = Texts::default();
        let mut t = TableBuilder::new(&mut texts, rows);
        t.count("number", "Which row", 0..rows as u64);
        let even = (0..rows).map(|row| (row % 2 == 0).then_some(row as f64));
        t.optional_float("even", "The number, if it is even", even);
        t.text("text", "The same for all", (0..rows).map(|_| "x"));
        let mut table = t.finish("t", 3);
        assert_eq!(table.rows(), rows);
        let mut done = 0;
        for chunk in &mut table {
            assert_eq!((chunk.table, chunk.columns.len()), (3, 3));
            let numbers = (done..done + chunk.rows).map(|row| row as i32).collect();
            assert_eq!(chunk.columns[0].values, Values::Int(numbers));
            let even = (done..done + chunk.rows).map(|row| row % 2 == 0).collect();
            assert_eq!(chunk.columns[1].validity, Validity::Mask(even));
            assert_eq!(chunk.columns[2].values, Values::Text(vec![0; chunk.rows]));
            done += chunk.rows;
        }
        assert_eq!((done, table.rows()), (rows, 0));
        let tables = Tables::new(texts, vec![table]).expect("one text");
        assert_eq!(&*tables.dictionary, ["x".to_owned()]);
    }
}
