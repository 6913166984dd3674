//! Rows that differ, kept column by column: what a comparison holds in memory.

use super::lanes::{Lane, same_float};
use crate::read::columns::{ATTRIBUTION, EVENT_ID, TIME};
use causeflow_engine::base::table::{Column, ColumnType, Validity, Values};

/// The kept rows of one side.
pub(super) struct Store {
    columns: Vec<Kept>,
    rows: usize,
}

struct Kept {
    kind: ColumnType,
    values: KeptValues,
    /// One flag a row from the first missing value on; before that, none.
    valid: Vec<bool>,
}

enum KeptValues {
    /// Ids, times, exact numbers, and floats by their bits.
    Long(Vec<u64>),
    Int(Vec<i32>),
    Short(Vec<u16>),
    Bool(Vec<bool>),
    String(Vec<Box<str>>),
}

impl Store {
    pub fn new(kinds: impl Iterator<Item = ColumnType>) -> Store {
        let columns = kinds.map(|kind| Kept {
            kind,
            values: match kind {
                ColumnType::Id | ColumnType::Time | ColumnType::Float | ColumnType::Exact(_) => {
                    KeptValues::Long(Vec::new())
                }
                ColumnType::Int => KeptValues::Int(Vec::new()),
                ColumnType::Small | ColumnType::Text => KeptValues::Short(Vec::new()),
                ColumnType::Bool => KeptValues::Bool(Vec::new()),
                ColumnType::String => KeptValues::String(Vec::new()),
            },
            valid: Vec::new(),
        });
        Store {
            columns: columns.collect(),
            rows: 0,
        }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Adds these rows of a batch.
    pub fn extend(&mut self, lanes: &[Lane], rows: &[usize]) {
        for (column, lane) in self.columns.iter_mut().zip(lanes) {
            column.extend(lane, rows, self.rows);
        }
        self.rows += rows.len();
    }

    /// A 64-bit value, or the number of a text or a cell; `None` where it is missing.
    pub fn word(&self, column: usize, row: usize) -> Option<u64> {
        let column = &self.columns[column];
        column.is_valid(row).then(|| match &column.values {
            KeptValues::Long(v) => v[row],
            KeptValues::Int(v) => u64::from(v[row].cast_unsigned()),
            KeptValues::Short(v) => u64::from(v[row]),
            KeptValues::Bool(v) => u64::from(v[row]),
            // Strings are compared by themselves.
            KeptValues::String(_) => 0,
        })
    }

    /// A string; none where it is missing, or the column is of another type.
    fn string(&self, column: usize, row: usize) -> Option<&str> {
        let column = &self.columns[column];
        match &column.values {
            KeptValues::String(v) if column.is_valid(row) => Some(&v[row]),
            _ => None,
        }
    }

    /// The event's id.
    pub fn id(&self, row: usize) -> u64 {
        // Neither ids nor times may be missing: the schema of the file was checked.
        self.word(EVENT_ID, row).unwrap_or(0)
    }

    /// The event's time in microseconds.
    pub fn time(&self, row: usize) -> i64 {
        self.word(TIME, row).unwrap_or(0).cast_signed()
    }

    /// The code of the event's attribution.
    pub fn attribution(&self, row: usize) -> Option<u16> {
        self.word(ATTRIBUTION, row).map(|code| code as u16)
    }

    /// The columns in which two rows differ, their attribution aside.
    pub fn differing<'a>(
        &'a self,
        row: usize,
        other: &'a Store,
        other_row: usize,
    ) -> impl Iterator<Item = usize> + 'a {
        (0..self.columns.len()).filter(move |&column| {
            let float = self.columns[column].kind == ColumnType::Float;
            let strings = self.string(column, row) == other.string(column, other_row);
            let same = strings
                && match (self.word(column, row), other.word(column, other_row)) {
                    (Some(a), Some(b)) => a == b || float && same_float(a, b),
                    (a, b) => a == b,
                };
            column != ATTRIBUTION && !same
        })
    }

    /// The values of a column in these rows, missing where there is no row.
    pub fn gather(&self, column: usize, rows: impl Iterator<Item = Option<usize>>) -> Column {
        self.columns[column].gather(rows)
    }
}

impl Kept {
    fn is_valid(&self, row: usize) -> bool {
        self.valid.get(row).copied().unwrap_or(true)
    }

    /// Adds rows of a lane to the `kept` that are there.
    fn extend(&mut self, lane: &Lane, rows: &[usize], kept: usize) {
        if !self.valid.is_empty() || rows.iter().any(|&row| !lane.is_valid(row)) {
            self.valid.resize(kept, true);
            self.valid
                .extend(rows.iter().map(|&row| lane.is_valid(row)));
        }
        let total = kept + rows.len();
        match (&mut self.values, lane) {
            (KeptValues::Long(v), Lane::Long(lane) | Lane::Float(lane)) => {
                v.extend(rows.iter().map(|&row| lane.value(row)));
            }
            (KeptValues::Int(v), Lane::Int(lane)) => {
                v.extend(rows.iter().map(|&row| lane.value(row)));
            }
            (KeptValues::Short(v), Lane::Short(lane)) => {
                v.extend(rows.iter().map(|&row| lane.value(row)));
            }
            (KeptValues::Bool(v), Lane::Bool(lane)) => {
                v.extend(rows.iter().map(|&row| lane.value(row)));
            }
            (KeptValues::String(v), Lane::String(lane)) => {
                v.extend(rows.iter().map(|&row| lane.value(row).into()));
            }
            (KeptValues::Long(v), _) => v.resize(total, 0),
            (KeptValues::Int(v), _) => v.resize(total, 0),
            (KeptValues::Short(v), _) => v.resize(total, 0),
            (KeptValues::Bool(v), _) => v.resize(total, false),
            (KeptValues::String(v), _) => v.resize(total, "".into()),
        }
    }

    fn gather(&self, rows: impl Iterator<Item = Option<usize>>) -> Column {
        let rows: Vec<Option<usize>> = rows
            .map(|row| row.filter(|&row| self.is_valid(row)))
            .collect();
        fn pick<T: Copy, U: Default>(
            values: &[T],
            rows: &[Option<usize>],
            turn: impl Fn(T) -> U,
        ) -> Vec<U> {
            let value = |row: &Option<usize>| row.map_or_else(U::default, |row| turn(values[row]));
            rows.iter().map(value).collect()
        }
        let values = match (&self.values, self.kind) {
            (KeptValues::Long(v), ColumnType::Time) => {
                Values::Time(pick(v, &rows, u64::cast_signed))
            }
            (KeptValues::Long(v), ColumnType::Float) => {
                Values::Float(pick(v, &rows, f64::from_bits))
            }
            (KeptValues::Long(v), ColumnType::Exact(digits)) => {
                Values::Exact(pick(v, &rows, u64::cast_signed), digits)
            }
            (KeptValues::Long(v), _) => Values::Id(pick(v, &rows, |value| value)),
            (KeptValues::Int(v), _) => Values::Int(pick(v, &rows, |value| value)),
            (KeptValues::Short(v), ColumnType::Text) => Values::Text(pick(v, &rows, |value| value)),
            (KeptValues::Short(v), _) => Values::Small(pick(v, &rows, |value| value)),
            (KeptValues::Bool(v), _) => Values::Bool(pick(v, &rows, |value| value)),
            (KeptValues::String(v), _) => {
                let string = |row: &Option<usize>| row.map_or("", |row| &*v[row]);
                Values::String(rows.iter().map(string).collect())
            }
        };
        let validity = Validity::Mask(rows.iter().map(Option::is_some).collect());
        Column { values, validity }
    }
}
