//! Whole tables in memory, built column by column, for those who write files: what a run says besides its events.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::table::{Chunk, Column, ColumnSpec, Dictionary, TableSchema, Validity, Values};
use crate::time::Time;

/// Some tables that share their texts.
#[derive(Clone, Debug)]
pub struct Tables {
    /// The texts of all of them; it is not the program's.
    pub dictionary: Dictionary,
    /// Each with all of its rows; [`Chunk::table`] is the place in this list.
    pub tables: Vec<(TableSchema, Chunk)>,
}

impl Tables {
    /// Tables and their texts; `None` when those are more than can be told apart.
    pub fn new(texts: Texts, tables: Vec<(TableSchema, Chunk)>) -> Option<Tables> {
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
}

impl Texts {
    fn code(&mut self, text: &str) -> u16 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        // Too many are refused when all are known.
        let code = self.all.len() as u16;
        self.all.push(text.to_owned());
        self.codes.insert(text.to_owned(), code);
        code
    }
}

/// A table in the making.
pub struct TableBuilder<'a> {
    texts: &'a mut Texts,
    rows: usize,
    specs: Vec<ColumnSpec>,
    columns: Vec<Column>,
}

impl<'a> TableBuilder<'a> {
    /// A table with so many rows, whose texts go to `texts`.
    pub fn new(texts: &'a mut Texts, rows: usize) -> TableBuilder<'a> {
        TableBuilder {
            texts,
            rows,
            specs: Vec::new(),
            columns: Vec::new(),
        }
    }

    /// A column of any type; with `valid`, a value may be missing.
    pub fn column(
        &mut self,
        name: &str,
        description: &str,
        values: Values,
        valid: Option<Vec<bool>>,
    ) {
        self.specs.push(ColumnSpec {
            name: name.to_owned(),
            kind: values.kind(),
            unit: name.ends_with("_h").then(|| "h".to_owned()),
            description: Some(description.to_owned()),
            nullable: valid.is_some(),
        });
        self.columns.push(Column {
            values,
            validity: valid.map_or(Validity::All, Validity::Mask),
        });
    }

    /// A column of texts.
    pub fn text<'t>(
        &mut self,
        name: &str,
        description: &str,
        texts: impl Iterator<Item = &'t str>,
    ) {
        let codes = texts.map(|text| self.texts.code(text)).collect();
        self.column(name, description, Values::Text(codes), None);
    }

    /// A column of texts that may be missing.
    pub fn optional<'t>(
        &mut self,
        name: &str,
        description: &str,
        texts: impl Iterator<Item = Option<&'t str>>,
    ) {
        let texts: Vec<Option<&str>> = texts.collect();
        let codes = texts
            .iter()
            .map(|text| text.map_or(0, |text| self.texts.code(text)))
            .collect();
        let valid = texts.iter().map(Option::is_some).collect();
        self.column(name, description, Values::Text(codes), Some(valid));
    }

    /// A column of times.
    pub fn time(&mut self, name: &str, description: &str, times: impl Iterator<Item = Time>) {
        let times = times.map(|time| time.0).collect();
        self.column(name, description, Values::Time(times), None);
    }

    /// A column of floats.
    pub fn float(&mut self, name: &str, description: &str, values: impl Iterator<Item = f64>) {
        self.column(name, description, Values::Float(values.collect()), None);
    }

    /// A column of floats that may be missing.
    pub fn optional_float(
        &mut self,
        name: &str,
        description: &str,
        values: impl Iterator<Item = Option<f64>>,
    ) {
        let values: Vec<Option<f64>> = values.collect();
        let valid = values.iter().map(Option::is_some).collect();
        let values = values.iter().map(|value| value.unwrap_or(0.0)).collect();
        self.column(name, description, Values::Float(values), Some(valid));
    }

    /// A column of counts; none is so large that it would not fit into 32 bits.
    pub fn count(&mut self, name: &str, description: &str, values: impl Iterator<Item = u64>) {
        let values = values.map(|value| i32::try_from(value).unwrap_or(i32::MAX));
        self.column(name, description, Values::Int(values.collect()), None);
    }

    /// The unit of the last column.
    pub fn unit(&mut self, unit: &str) {
        if let Some(spec) = self.specs.last_mut() {
            spec.unit = Some(unit.to_owned());
        }
    }

    /// The table of this name, which is at this place in its list.
    pub fn finish(self, name: &str, at: usize) -> (TableSchema, Chunk) {
        let schema = TableSchema {
            name: name.to_owned(),
            columns: self.specs,
        };
        let chunk = Chunk {
            table: at,
            rows: self.rows,
            columns: self.columns,
        };
        (schema, chunk)
    }
}
