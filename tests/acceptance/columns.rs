//! Looks into the columns of a chunk.

use causeflow_engine::base::table::{Chunk, Column, Values};

/// Columns that every stream has.
pub const EVENT: usize = 0;
pub const TIME: usize = 1;
pub const CAUSE: usize = 2;
pub const ROOT: usize = 3;
pub const ATTRIBUTION: usize = 5;

/// Whether a row has a value in a column.
pub fn has_value(column: &Column, row: usize) -> bool {
    column.validity.has(row)
}

/// When the rows take place, in microseconds.
pub fn times(chunk: &Chunk) -> &[i64] {
    moments(&chunk.columns[TIME].values)
}

/// A column of times, in microseconds.
pub fn moments(values: &Values) -> &[i64] {
    if let Values::Time(times) = values {
        times
    } else {
        panic!("not a column of times")
    }
}

/// A column of identifiers.
pub fn identifiers(values: &Values) -> &[u64] {
    if let Values::Id(ids) = values {
        ids
    } else {
        panic!("not a column of identifiers")
    }
}

/// A column of whole numbers.
pub fn integers(values: &Values) -> &[i32] {
    if let Values::Int(integers) = values {
        integers
    } else {
        panic!("not a column of integers")
    }
}
