//! The statistics of a column chunk: the range of its values and the number of missing ones.

use parquet::data_type::ByteArray;
use parquet::file::statistics::{Statistics, ValueStatistics};

/// Ids have no sign, and 63 bits: their order is the same with one.
pub(crate) fn ids(values: &[u64], nulls: u64) -> Statistics {
    let bound = |id: Option<&u64>| id.map(|id| id.cast_signed());
    let (min, max) = (values.iter().min(), values.iter().max());
    Statistics::int64(bound(min), bound(max), None, Some(nulls), false)
}

/// Of times, given each that occurs.
pub(crate) fn times(distinct: &[i64], _all: &[i64], nulls: u64) -> Statistics {
    let (min, max) = (distinct.iter().min(), distinct.iter().max());
    Statistics::int64(min.copied(), max.copied(), None, Some(nulls), false)
}

/// Of times that are encoded without a dictionary and not missing. Their range also stands in the fields of older
/// readers.
pub(crate) fn plain_times(values: &[i64]) -> Statistics {
    let (min, max) = (values.iter().min(), values.iter().max());
    let range = ValueStatistics::new(min.copied(), max.copied(), None, Some(0), false);
    Statistics::Int64(range.with_backwards_compatible_min_max(true))
}

/// Of integers, given each that occurs.
pub(crate) fn ints(distinct: &[i32], _all: &[i32], nulls: u64) -> Statistics {
    let (min, max) = (distinct.iter().min(), distinct.iter().max());
    Statistics::int32(min.copied(), max.copied(), None, Some(nulls), false)
}

/// Of floats in IEEE 754's total order, which is the one that the parquet crate declares for them:
/// the range leaves NaN out, and their number is given.
pub(crate) fn floats(distinct: &[f64], all: &[f64], nulls: u64) -> Statistics {
    let numbers = || distinct.iter().copied().filter(|value| !value.is_nan());
    let nans = match distinct.iter().any(|value| value.is_nan()) {
        true => all.iter().filter(|value| value.is_nan()).count(),
        false => 0,
    };
    let (min, max) = (
        numbers().min_by(f64::total_cmp),
        numbers().max_by(f64::total_cmp),
    );
    let range = ValueStatistics::new(min, max, None, Some(nulls), false);
    Statistics::Double(range.with_nan_count(Some(nans as u64)))
}

/// Of texts, given each that occurs.
pub(crate) fn texts(distinct: &[&str], nulls: u64) -> Statistics {
    let bound = |text: Option<&&str>| text.map(|text| ByteArray::from(*text));
    let (min, max) = (distinct.iter().min(), distinct.iter().max());
    Statistics::byte_array(bound(min), bound(max), None, Some(nulls), false)
}
