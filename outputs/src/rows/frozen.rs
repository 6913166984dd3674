//! Rows that wait to be encoded, as bytes.

use super::{RowBuffer, Rows};
use crate::error::Error;
use bytes::Bytes;
use causeflow_engine::table::{Chunk, Column, ColumnType, TableSchema, Validity, Values};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// The rows of a buffer. Columns stand as little-endian bytes, each compressed for itself, on all threads.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct FrozenRows {
    rows: u64,
    columns: Vec<FrozenColumn>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct FrozenColumn {
    values: Packed,
    validity: FrozenValidity,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum FrozenValidity {
    All,
    None,
    Mask(Packed),
}

/// Bytes, compressed.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Packed {
    bytes: u64,
    packed: Bytes,
}

impl RowBuffer {
    /// The rows that it holds.
    pub fn freeze(&self) -> Result<FrozenRows, Error> {
        let mut rows = Rows::joined(&self.schema, self.read_aside()?);
        for piece in &self.pieces {
            rows.append(&piece.columns, 0..piece.rows);
        }
        FrozenRows::of(&self.schema, &rows)
    }

    /// Takes rows in that were frozen, before any others.
    pub fn thaw(&mut self, frozen: &FrozenRows) -> Result<(), Error> {
        let Rows { rows, columns } = frozen.thaw(&self.schema)?;
        let chunk = Chunk {
            table: 0,
            rows,
            columns,
        };
        self.check(&chunk)?;
        self.append(&chunk, 0);
        Ok(())
    }
}

impl FrozenRows {
    /// Rows of a table.
    pub fn of(schema: &TableSchema, rows: &Rows) -> Result<FrozenRows, Error> {
        let columns = rows.columns.par_iter().map(FrozenColumn::of);
        let columns: std::io::Result<Vec<FrozenColumn>> = columns.collect();
        let wrong = |error| Error::rows(&schema.name, format!("packing failed: {error}"));
        let columns = columns.map_err(wrong)?;
        let rows = rows.rows as u64;
        Ok(FrozenRows { rows, columns })
    }

    /// The rows again.
    pub fn thaw(&self, schema: &TableSchema) -> Result<Rows, Error> {
        let kinds = schema.columns.iter().map(|column| column.kind);
        let columns = self.columns.iter().zip(kinds);
        let columns: Option<Vec<Column>> =
            columns.map(|(column, kind)| column.thaw(kind)).collect();
        match (columns, usize::try_from(self.rows)) {
            (Some(columns), Ok(rows)) => Ok(Rows { rows, columns }),
            _ => {
                let message = "the rows that were kept cannot be read";
                Err(Error::rows(&schema.name, message))
            }
        }
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }
}

impl FrozenColumn {
    fn of(column: &Column) -> std::io::Result<FrozenColumn> {
        let values = match &column.values {
            Values::Id(v) => Packed::of(bytes(v, |v| v.to_le_bytes())),
            Values::Time(v) => Packed::of(bytes(v, |v| v.to_le_bytes())),
            Values::Float(v) => Packed::of(bytes(v, |v| v.to_le_bytes())),
            Values::Int(v) => Packed::of(bytes(v, |v| v.to_le_bytes())),
            Values::Small(v) | Values::Text(v) => Packed::of(bytes(v, |v| v.to_le_bytes())),
            Values::Bool(v) => Packed::of(bytes(v, |v| [u8::from(v)])),
        }?;
        let validity = match &column.validity {
            Validity::All => FrozenValidity::All,
            Validity::None => FrozenValidity::None,
            Validity::Mask(mask) => {
                FrozenValidity::Mask(Packed::of(bytes(mask, |v| [u8::from(v)]))?)
            }
        };
        Ok(FrozenColumn { values, validity })
    }

    /// Nothing if the bytes cannot be unpacked into values of this type.
    fn thaw(&self, kind: ColumnType) -> Option<Column> {
        let bytes = self.values.unpacked()?;
        let flag = |[byte]: [u8; 1]| byte != 0;
        let values = match kind {
            ColumnType::Id => Values::Id(values(&bytes, u64::from_le_bytes)?),
            ColumnType::Time => Values::Time(values(&bytes, i64::from_le_bytes)?),
            ColumnType::Float => Values::Float(values(&bytes, f64::from_le_bytes)?),
            ColumnType::Int => Values::Int(values(&bytes, i32::from_le_bytes)?),
            ColumnType::Small => Values::Small(values(&bytes, u16::from_le_bytes)?),
            ColumnType::Text => Values::Text(values(&bytes, u16::from_le_bytes)?),
            ColumnType::Bool => Values::Bool(values(&bytes, flag)?),
        };
        let validity = match &self.validity {
            FrozenValidity::All => Validity::All,
            FrozenValidity::None => Validity::None,
            FrozenValidity::Mask(mask) => Validity::Mask(self::values(&mask.unpacked()?, flag)?),
        };
        Some(Column { values, validity })
    }
}

impl Packed {
    fn of(bytes: Vec<u8>) -> std::io::Result<Packed> {
        Ok(Packed {
            bytes: bytes.len() as u64,
            packed: zstd::bulk::compress(&bytes, 1)?.into(),
        })
    }

    fn unpacked(&self) -> Option<Vec<u8>> {
        let bytes = usize::try_from(self.bytes).ok()?;
        let unpacked = zstd::bulk::decompress(&self.packed, bytes).ok()?;
        (unpacked.len() == bytes).then_some(unpacked)
    }
}

fn bytes<T: Copy, const N: usize>(values: &[T], to_bytes: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| to_bytes(value)).collect()
}

fn values<T, const N: usize>(bytes: &[u8], from_bytes: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
    let (whole, rest) = bytes.as_chunks::<N>();
    let values = whole.iter().map(|&value| from_bytes(value));
    rest.is_empty().then(|| values.collect())
}
