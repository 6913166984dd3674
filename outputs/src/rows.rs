//! Rows of one table on their way to a file: chunks of any size are copied into buffers of a fixed
//! size, so that what is encoded depends on the sequence of rows and not on how it was cut.

mod frozen;

use crate::error::Error;
use causeflow_engine::table::{Chunk, Column, ColumnType, TableSchema, Validity, Values};
pub(crate) use frozen::FrozenRows;
use std::ops::Range;

/// Rows that are encoded at once: a row group in Parquet, a record batch in Arrow.
///
/// 65,536 rows of ten columns take 3.5 MB, so 50 streams buffer less than 180 MB between them.
pub(crate) const GROUP_ROWS: usize = 65_536;

/// Consecutive rows whose validity is in its simplest form (a mask holds both kinds of rows).
pub(crate) struct Rows {
    pub rows: usize,
    pub columns: Vec<Column>,
}

/// Collects rows until a group is full.
pub(crate) struct RowBuffer {
    schema: TableSchema,
    dictionary_len: usize,
    rows: usize,
    columns: Vec<Column>,
}

impl RowBuffer {
    pub fn new(schema: TableSchema, dictionary_len: usize) -> RowBuffer {
        let columns = empty_columns(&schema, 0);
        RowBuffer {
            schema,
            dictionary_len,
            rows: 0,
            columns,
        }
    }

    /// Copies as many rows as fit, from `start` on, and returns how many those were.
    /// The chunk must have passed [`check`](Self::check).
    pub fn append(&mut self, chunk: &Chunk, start: usize) -> usize {
        let count = (chunk.rows - start).min(GROUP_ROWS - self.rows);
        for (into, from) in self.columns.iter_mut().zip(&chunk.columns) {
            append_column(into, self.rows, from, start..start + count);
        }
        self.rows += count;
        count
    }

    pub fn is_full(&self) -> bool {
        self.rows == GROUP_ROWS
    }

    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Takes the rows out. After a full group the buffer keeps room for the next one.
    pub fn take(&mut self) -> Rows {
        let capacity = if self.is_full() { GROUP_ROWS } else { 0 };
        let empty = empty_columns(&self.schema, capacity);
        let mut columns = std::mem::replace(&mut self.columns, empty);
        for column in &mut columns {
            simplify(column);
        }
        let rows = std::mem::take(&mut self.rows);
        Rows { rows, columns }
    }

    /// Checks that a chunk has the columns, types and lengths that the schema promises.
    pub fn check(&self, chunk: &Chunk) -> Result<(), Error> {
        let wrong = |message: String| Err(Error::rows(&self.schema.name, message));
        let (found, expected) = (chunk.columns.len(), self.schema.columns.len());
        if found != expected {
            return wrong(format!("{found} columns, expected {expected}"));
        }
        for (column, spec) in chunk.columns.iter().zip(&self.schema.columns) {
            let name = &spec.name;
            let kind = column.values.kind();
            if kind != spec.kind {
                let expected = spec.kind;
                return wrong(format!(
                    "column `{name}` holds {kind:?}, expected {expected:?}"
                ));
            }
            let (values, nulls) = match &column.validity {
                Validity::All => (chunk.rows, false),
                Validity::None => (0, chunk.rows > 0),
                Validity::Mask(mask) if mask.len() == chunk.rows => {
                    (chunk.rows, mask.contains(&false))
                }
                Validity::Mask(mask) => {
                    let (found, rows) = (mask.len(), chunk.rows);
                    return wrong(format!("column `{name}` has {found} flags for {rows} rows"));
                }
            };
            let found = len(&column.values);
            if found != values {
                return wrong(format!(
                    "column `{name}` has {found} values, expected {values}"
                ));
            }
            if nulls && !spec.nullable {
                return wrong(format!("column `{name}` is not nullable and misses values"));
            }
            self.check_codes(name, column)?;
        }
        Ok(())
    }

    fn check_codes(&self, name: &str, column: &Column) -> Result<(), Error> {
        let Values::Text(codes) = &column.values else {
            return Ok(());
        };
        let known = self.dictionary_len;
        let bad = |&(row, code): &(usize, &u16)| {
            let counts = match &column.validity {
                Validity::Mask(mask) => mask[row],
                Validity::All | Validity::None => true,
            };
            counts && usize::from(*code) >= known
        };
        // The fold over all codes is vectorised; the exact search only runs when it finds one.
        if codes.iter().fold(0, |max, &code| code.max(max)) as usize >= known
            && let Some((row, code)) = codes.iter().enumerate().find(bad)
        {
            let message = format!(
                "column `{name}`, row {row}: code {code} is not in the dictionary of {known} strings"
            );
            return Err(Error::rows(&self.schema.name, message));
        }
        Ok(())
    }
}

fn empty_columns(schema: &TableSchema, capacity: usize) -> Vec<Column> {
    let empty = |kind| match kind {
        ColumnType::Id => Values::Id(Vec::with_capacity(capacity)),
        ColumnType::Time => Values::Time(Vec::with_capacity(capacity)),
        ColumnType::Float => Values::Float(Vec::with_capacity(capacity)),
        ColumnType::Int => Values::Int(Vec::with_capacity(capacity)),
        ColumnType::Small => Values::Small(Vec::with_capacity(capacity)),
        ColumnType::Bool => Values::Bool(Vec::with_capacity(capacity)),
        ColumnType::Text => Values::Text(Vec::with_capacity(capacity)),
    };
    let column = |spec: &causeflow_engine::table::ColumnSpec| Column {
        values: empty(spec.kind),
        validity: Validity::All,
    };
    schema.columns.iter().map(column).collect()
}

pub(crate) fn len(values: &Values) -> usize {
    match values {
        Values::Id(v) => v.len(),
        Values::Time(v) => v.len(),
        Values::Float(v) => v.len(),
        Values::Int(v) => v.len(),
        Values::Small(v) | Values::Text(v) => v.len(),
        Values::Bool(v) => v.len(),
    }
}

/// Appends the rows `range` of `from` to `into`, which holds `rows` rows.
fn append_column(into: &mut Column, rows: usize, from: &Column, range: Range<usize>) {
    if range.is_empty() {
        return;
    }
    if rows == 0 {
        into.validity = match &from.validity {
            Validity::Mask(_) => Validity::Mask(Vec::new()),
            simple => simple.clone(),
        };
    }
    match (&into.validity, &from.validity) {
        (Validity::All, Validity::All) | (Validity::None, Validity::None) => {}
        (_, added) => append_validity(&mut into.validity, rows, added, range.clone()),
    }
    if matches!(into.validity, Validity::None) {
        return;
    }
    // Rows that were missing all along have no values yet.
    resize(&mut into.values, rows);
    if matches!(from.validity, Validity::None) {
        resize(&mut into.values, rows + range.len());
    } else {
        extend(&mut into.values, &from.values, range);
    }
}

fn append_validity(into: &mut Validity, rows: usize, from: &Validity, range: Range<usize>) {
    let mut mask = match std::mem::replace(into, Validity::All) {
        Validity::Mask(mask) => mask,
        Validity::All => vec![true; rows],
        Validity::None => vec![false; rows],
    };
    match from {
        Validity::All => mask.resize(rows + range.len(), true),
        Validity::None => mask.resize(rows + range.len(), false),
        Validity::Mask(flags) => mask.extend_from_slice(&flags[range]),
    }
    *into = Validity::Mask(mask);
}

fn resize(values: &mut Values, rows: usize) {
    match values {
        Values::Id(v) => v.resize(rows, 0),
        Values::Time(v) => v.resize(rows, 0),
        Values::Float(v) => v.resize(rows, 0.0),
        Values::Int(v) => v.resize(rows, 0),
        Values::Small(v) | Values::Text(v) => v.resize(rows, 0),
        Values::Bool(v) => v.resize(rows, false),
    }
}

fn extend(into: &mut Values, from: &Values, range: Range<usize>) {
    match (into, from) {
        (Values::Id(a), Values::Id(b)) => a.extend_from_slice(&b[range]),
        (Values::Time(a), Values::Time(b)) => a.extend_from_slice(&b[range]),
        (Values::Float(a), Values::Float(b)) => a.extend_from_slice(&b[range]),
        (Values::Int(a), Values::Int(b)) => a.extend_from_slice(&b[range]),
        (Values::Small(a), Values::Small(b)) => a.extend_from_slice(&b[range]),
        (Values::Bool(a), Values::Bool(b)) => a.extend_from_slice(&b[range]),
        (Values::Text(a), Values::Text(b)) => a.extend_from_slice(&b[range]),
        _ => unreachable!("`check` compared the types before any row was taken"),
    }
}

/// Two masks that mean the same may not lead to different bytes.
pub(crate) fn simplify(column: &mut Column) {
    if let Validity::Mask(mask) = &column.validity {
        if !mask.contains(&false) {
            column.validity = Validity::All;
        } else if !mask.contains(&true) {
            column.validity = Validity::None;
        }
    }
}
