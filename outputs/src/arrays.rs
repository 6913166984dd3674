//! Columns as Arrow arrays, without copying the values.

use crate::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, DictionaryArray, Float64Array,
    Int32Array, Int64Array, PrimitiveArray, StringArray, TimestampMicrosecondArray, UInt16Array,
    UInt64Array, new_null_array,
};
use crate::arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use crate::arrow::datatypes::{ArrowPrimitiveType, DataType, Decimal128Type, Int64Type};
use crate::arrow::error::ArrowError;
use causeflow_engine::base::exact::Digits;
use causeflow_engine::base::table::{Column, ColumnType, Validity, Values};
use std::sync::Arc;

/// Turns a column of `rows` rows into an array of `data_type`. What stands under a missing row is
/// set to zero, because formats that store it would otherwise show what the caller left there.
pub(crate) fn array(
    column: Column,
    rows: usize,
    data_type: &DataType,
    texts: &Arc<StringArray>,
) -> Result<ArrayRef, ArrowError> {
    let mask = match column.validity {
        Validity::All => None,
        Validity::None if column.values.kind() == ColumnType::Text => Some(vec![false; rows]),
        Validity::None => return Ok(new_null_array(data_type, rows)),
        Validity::Mask(mask) => Some(mask),
    };
    let mask = mask.as_deref();
    Ok(match column.values {
        Values::Id(v) => {
            // Ids have 63 bits, so that they are the same without a sign and with one.
            Arc::new(same_bits::<_, Int64Type>(&primitive::<UInt64Array, _>(
                v, mask,
            )))
        }
        Values::Time(v) => {
            let times: TimestampMicrosecondArray =
                primitive::<TimestampMicrosecondArray, _>(v, mask);
            Arc::new(times.with_timezone("UTC"))
        }
        Values::Float(v) => Arc::new(primitive::<Float64Array, _>(v, mask)),
        Values::Int(v) => Arc::new(primitive::<Int32Array, _>(v, mask)),
        Values::Exact(v, Digits::WHOLE) => Arc::new(primitive::<Int64Array, _>(v, mask)),
        Values::Exact(v, digits) => {
            let v = v.into_iter().map(i128::from).collect();
            let decimals: Decimal128Array = primitive::<Decimal128Array, _>(v, mask);
            let (precision, scale) = (digits.precision(), digits.scale().cast_signed());
            Arc::new(decimals.with_precision_and_scale(precision, scale)?)
        }
        Values::Small(v) => Arc::new(primitive::<UInt16Array, _>(v, mask)),
        Values::Bool(mut v) => {
            blank(&mut v, mask);
            Arc::new(BooleanArray::new(v.into(), mask.map(NullBuffer::from)))
        }
        Values::Text(mut v) => {
            v.resize(rows, 0);
            let keys = primitive::<UInt16Array, _>(v, mask);
            Arc::new(DictionaryArray::try_new(
                keys,
                Arc::clone(texts) as ArrayRef,
            )?)
        }
        Values::String(mut v) => {
            if let Some(mask) = mask {
                v.blank(mask);
            }
            let (text, offsets) = v.into_parts();
            Arc::new(StringArray::try_new(
                OffsetBuffer::new(offsets.into()),
                Buffer::from_vec(text.into_bytes()),
                mask.map(NullBuffer::from),
            )?)
        }
    })
}

/// Exact numbers in units of their last decimal. What is no column of such has none.
pub(crate) fn exact_units(array: &ArrayRef) -> Int64Array {
    match array.as_primitive_opt::<Decimal128Type>() {
        // A schema that was checked has at most as many digits as 64 bits hold.
        Some(decimals) => decimals.unary(|units| units as i64),
        None => array
            .as_primitive_opt::<Int64Type>()
            .cloned()
            .unwrap_or_else(|| Int64Array::new_null(array.len())),
    }
}

/// The same numbers as another type of as many bits. Nothing is copied.
pub(crate) fn same_bits<A: ArrowPrimitiveType, B: ArrowPrimitiveType>(
    array: &PrimitiveArray<A>,
) -> PrimitiveArray<B> {
    let bits = array.values().inner().clone();
    PrimitiveArray::new(
        ScalarBuffer::new(bits, 0, array.len()),
        array.nulls().cloned(),
    )
}

trait FromParts<N> {
    fn from_parts(values: Vec<N>, nulls: Option<NullBuffer>) -> Self;
}

impl<T: ArrowPrimitiveType> FromParts<T::Native> for PrimitiveArray<T> {
    fn from_parts(values: Vec<T::Native>, nulls: Option<NullBuffer>) -> Self {
        PrimitiveArray::new(values.into(), nulls)
    }
}

fn primitive<A: FromParts<N>, N: Copy + Default>(mut values: Vec<N>, mask: Option<&[bool]>) -> A {
    blank(&mut values, mask);
    A::from_parts(values, mask.map(NullBuffer::from))
}

fn blank<N: Copy + Default>(values: &mut [N], mask: Option<&[bool]>) {
    if let Some(mask) = mask {
        for (value, &valid) in values.iter_mut().zip(mask) {
            *value = if valid { *value } else { N::default() };
        }
    }
}
