//! Rows as bytes, for this program only, as fast as they can be copied.
//!
//! A record has the rows of one piece: their number, then for each column what its validity is and its values in
//! little-endian bytes. Nothing is compressed: most of it are ids, and what waits is read back soon or never.

use super::Rows;
use causeflow_engine::base::strings::Strings;
use causeflow_engine::base::table::{Column, ColumnType, TableSchema, Validity, Values};
use std::ops::Range;

const ALL: u8 = 0;
const NONE: u8 = 1;
const MASK: u8 = 2;

/// Appends a record with some rows of a piece.
pub(super) fn encode(piece: &Rows, range: Range<usize>, into: &mut Vec<u8>) {
    into.extend_from_slice(&(range.len() as u32).to_le_bytes());
    for Column { values, validity } in &piece.columns {
        match validity {
            Validity::All => into.push(ALL),
            Validity::None => {
                into.push(NONE);
                continue;
            }
            Validity::Mask(mask) => {
                into.push(MASK);
                put(&mask[range.clone()], |v| [u8::from(v)], into);
            }
        }
        let range = range.clone();
        match values {
            Values::Id(v) => put(&v[range], u64::to_le_bytes, into),
            Values::Time(v) | Values::Exact(v, _) => put(&v[range], i64::to_le_bytes, into),
            Values::Float(v) => put(&v[range], f64::to_le_bytes, into),
            Values::Int(v) => put(&v[range], i32::to_le_bytes, into),
            Values::Small(v) | Values::Text(v) => put(&v[range], u16::to_le_bytes, into),
            Values::Bool(v) => put(&v[range], |v| [u8::from(v)], into),
            Values::String(v) => {
                let lengths: Vec<u32> = range.clone().map(|row| v.get(row).len() as u32).collect();
                put(&lengths, u32::to_le_bytes, into);
                range.for_each(|row| into.extend_from_slice(v.get(row).as_bytes()));
            }
        }
    }
}

/// The pieces of all records; none if the bytes are no records of such a table.
pub(super) fn decode(schema: &TableSchema, mut bytes: &[u8]) -> Option<Vec<Rows>> {
    let mut pieces = Vec::new();
    while !bytes.is_empty() {
        let rows = u32::from_le_bytes(*take::<4>(&mut bytes)?) as usize;
        let columns = schema.columns.iter();
        let columns: Option<Vec<Column>> = columns
            .map(|spec| column(spec.kind, rows, &mut bytes))
            .collect();
        let columns = columns?;
        pieces.push(Rows { rows, columns });
    }
    Some(pieces)
}

fn column(kind: ColumnType, rows: usize, bytes: &mut &[u8]) -> Option<Column> {
    let flag = |[byte]: [u8; 1]| byte != 0;
    let validity = match *take::<1>(bytes)? {
        [ALL] => Validity::All,
        [NONE] => Validity::None,
        [MASK] => Validity::Mask(get(bytes, rows, flag)?),
        _ => return None,
    };
    let count = match validity {
        Validity::None => 0,
        Validity::All | Validity::Mask(_) => rows,
    };
    let values = match kind {
        ColumnType::Id => Values::Id(get(bytes, count, u64::from_le_bytes)?),
        ColumnType::Time => Values::Time(get(bytes, count, i64::from_le_bytes)?),
        ColumnType::Float => Values::Float(get(bytes, count, f64::from_le_bytes)?),
        ColumnType::Int => Values::Int(get(bytes, count, i32::from_le_bytes)?),
        ColumnType::Exact(digits) => Values::Exact(get(bytes, count, i64::from_le_bytes)?, digits),
        ColumnType::Small => Values::Small(get(bytes, count, u16::from_le_bytes)?),
        ColumnType::Text => Values::Text(get(bytes, count, u16::from_le_bytes)?),
        ColumnType::Bool => Values::Bool(get(bytes, count, flag)?),
        ColumnType::String => Values::String(strings(bytes, count)?),
    };
    Some(Column { values, validity })
}

/// Their lengths stand before them.
fn strings(bytes: &mut &[u8], count: usize) -> Option<Strings> {
    let lengths = get(bytes, count, u32::from_le_bytes)?;
    let mut offsets = vec![0];
    let mut end = 0i32;
    for length in lengths {
        end = end.checked_add(i32::try_from(length).ok()?)?;
        offsets.push(end);
    }
    let (text, rest) = bytes.split_at_checked(end as usize)?;
    *bytes = rest;
    Strings::from_parts(str::from_utf8(text).ok()?.to_owned(), offsets)
}

fn put<T: Copy, const N: usize>(values: &[T], to_bytes: impl Fn(T) -> [u8; N], into: &mut Vec<u8>) {
    let begin = into.len();
    into.resize(begin + values.len() * N, 0);
    let (places, _) = into[begin..].as_chunks_mut::<N>();
    for (place, &value) in places.iter_mut().zip(values) {
        *place = to_bytes(value);
    }
}

fn get<T, const N: usize>(
    bytes: &mut &[u8],
    count: usize,
    from_bytes: impl Fn([u8; N]) -> T,
) -> Option<Vec<T>> {
    let (values, rest) = bytes.split_at_checked(count.checked_mul(N)?)?;
    *bytes = rest;
    let (values, _) = values.as_chunks::<N>();
    Some(values.iter().map(|&value| from_bytes(value)).collect())
}

fn take<'a, const N: usize>(bytes: &mut &'a [u8]) -> Option<&'a [u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(taken)
}
