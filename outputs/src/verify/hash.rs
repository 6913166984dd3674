//! The words of columns that were read back, as fingerprints take them.

use crate::arrays::exact_units;
use crate::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use crate::arrow::datatypes::{
    Float64Type, Int32Type, TimestampMicrosecondType, UInt16Type, UInt64Type,
};
use causeflow_engine::base::fingerprint::{
    RowHashes, float_word, int_word, string_hash, text_hash,
};
use causeflow_engine::base::table::ColumnType;

/// The hashes of a column's texts; batches of one row group share a dictionary.
#[derive(Default)]
pub(super) struct TextHashes {
    last: Option<ArrayRef>,
    hashes: Vec<u64>,
}

impl TextHashes {
    fn take_up(&mut self, values: &ArrayRef) {
        let known = self.last.as_ref();
        if known.is_none_or(|last| !last.to_data().ptr_eq(&values.to_data())) {
            let texts = values.as_string::<i32>();
            self.hashes.clear();
            let hashes = (0..texts.len()).map(|at| text_hash(texts.value(at)));
            self.hashes.extend(hashes);
            self.last = Some(values.clone());
        }
    }
}

/// Adds a column to the hashes of rows.
pub(super) fn add(
    hashes: &mut RowHashes<'_>,
    array: &ArrayRef,
    kind: ColumnType,
    texts: &mut TextHashes,
) {
    match kind {
        ColumnType::Id => words::<UInt64Type>(hashes, array, |word| word),
        ColumnType::Time => words::<TimestampMicrosecondType>(hashes, array, |time| time as u64),
        ColumnType::Float => words::<Float64Type>(hashes, array, float_word),
        ColumnType::Int => words::<Int32Type>(hashes, array, int_word),
        ColumnType::Exact(_) => primitive(hashes, &exact_units(array), |units| units as u64),
        ColumnType::Small => words::<UInt16Type>(hashes, array, u64::from),
        ColumnType::Bool => {
            let bits = array.as_boolean();
            let values = bits.values().iter().map(u64::from);
            match bits.nulls() {
                None => hashes.column(values),
                Some(nulls) => hashes.column_where(nulls.iter(), values),
            }
        }
        ColumnType::Text => {
            let array = array.as_dictionary::<UInt16Type>();
            texts.take_up(array.values());
            let known = &texts.hashes;
            let hash = |key: u16| known.get(usize::from(key)).copied().unwrap_or(0);
            primitive(hashes, array.keys(), hash);
        }
        ColumnType::String => {
            let strings = array.as_string::<i32>();
            let words = (0..strings.len()).map(|row| string_hash(strings.value(row)));
            match strings.nulls() {
                None => hashes.column(words),
                Some(nulls) => hashes.column_where(nulls.iter(), words),
            }
        }
    }
}

fn words<T: ArrowPrimitiveType>(
    hashes: &mut RowHashes<'_>,
    array: &ArrayRef,
    word: impl Fn(T::Native) -> u64,
) {
    primitive(hashes, array.as_primitive::<T>(), word);
}

fn primitive<T: ArrowPrimitiveType>(
    hashes: &mut RowHashes<'_>,
    array: &PrimitiveArray<T>,
    word: impl Fn(T::Native) -> u64,
) {
    let values = array.values().iter().map(|&value| word(value));
    match array.nulls() {
        None => hashes.column(values),
        Some(nulls) => hashes.column_where(nulls.iter(), values),
    }
}
