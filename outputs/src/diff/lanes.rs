//! Columns in memory while they are compared: by the width of their values, and with texts as the
//! common codes of [`Texts`](super::texts::Texts), so that comparing is comparing numbers.

use super::texts::{Texts, Translator};
use crate::arrays::exact_units;
use crate::arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Int32Array, PrimitiveArray,
    StringArray, UInt16Array, UInt64Array,
};
use crate::arrow::buffer::{NullBuffer, ScalarBuffer};
use crate::arrow::datatypes::{
    Float64Type, Int32Type, TimestampMicrosecondType, UInt16Type, UInt64Type,
};
use crate::error::Error;
use causeflow_engine::base::table::ColumnType;

/// A column of a batch.
pub(super) enum Lane {
    /// Ids, times and exact numbers.
    Long(UInt64Array),
    /// Floats by their bits.
    Float(UInt64Array),
    Int(Int32Array),
    /// Cells and codes of texts.
    Short(UInt16Array),
    Bool(BooleanArray),
    String(StringArray),
    /// No row has a value.
    Missing,
}

impl Lane {
    /// A column of a batch whose type has been checked.
    pub fn new(
        array: &ArrayRef,
        kind: ColumnType,
        translator: &mut Translator,
        texts: &mut Texts,
    ) -> Result<Lane, Error> {
        Ok(match kind {
            ColumnType::Id => Lane::Long(array.as_primitive::<UInt64Type>().clone()),
            ColumnType::Time => Lane::Long(words(array.as_primitive::<TimestampMicrosecondType>())),
            ColumnType::Float => Lane::Float(words(array.as_primitive::<Float64Type>())),
            ColumnType::Int => Lane::Int(array.as_primitive::<Int32Type>().clone()),
            ColumnType::Exact(_) => Lane::Long(words(&exact_units(array))),
            ColumnType::Small => Lane::Short(array.as_primitive::<UInt16Type>().clone()),
            ColumnType::Bool => Lane::Bool(array.as_boolean().clone()),
            ColumnType::Text => Lane::Short(translator.translate(array, texts)?),
            ColumnType::String => Lane::String(array.as_string().clone()),
        })
    }

    /// Whether a row has a value.
    pub fn is_valid(&self, row: usize) -> bool {
        match self {
            Lane::Long(array) | Lane::Float(array) => array.is_valid(row),
            Lane::Int(array) => array.is_valid(row),
            Lane::Short(array) => array.is_valid(row),
            Lane::Bool(array) => array.is_valid(row),
            Lane::String(array) => array.is_valid(row),
            Lane::Missing => false,
        }
    }
}

/// The same bits as 64-bit words, without copying them.
fn words<T: ArrowPrimitiveType>(array: &PrimitiveArray<T>) -> UInt64Array {
    let bits = ScalarBuffer::new(array.values().inner().clone(), 0, array.len());
    UInt64Array::new(bits, array.nulls().cloned())
}

/// Floats are the same as values: zero has no sign, and all that are not a number are alike.
pub(super) fn same_float(a: u64, b: u64) -> bool {
    let (x, y) = (f64::from_bits(a), f64::from_bits(b));
    a == b || x == y || x.is_nan() && y.is_nan()
}

/// Rows of two batches, side by side.
#[derive(Clone, Copy)]
pub(super) struct Pairs {
    /// The first row on either side.
    pub a: usize,
    pub b: usize,
    pub rows: usize,
}

/// Which of some [`Pairs`] differ; empty as long as none does.
#[derive(Default)]
pub(super) struct Marks(Vec<bool>);

impl Marks {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The places of the pairs that differ.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0
            .iter()
            .enumerate()
            .filter(|&(_, &differs)| differs)
            .map(|(place, _)| place)
    }

    fn set(&mut self, place: usize, rows: usize) {
        self.0.resize(rows, false);
        self.0[place] = true;
    }

    /// Marks the pairs of which `differs` is true.
    fn set_where(&mut self, rows: usize, differs: impl Fn(usize) -> bool) {
        for place in 0..rows {
            if differs(place) {
                self.set(place, rows);
            }
        }
    }

    /// Marks the pairs whose values in this column differ.
    pub fn compare(&mut self, a: &Lane, b: &Lane, pairs: Pairs) {
        match (a, b) {
            (Lane::Long(a), Lane::Long(b)) => self.numbers(a, b, pairs, |x, y| x == y),
            (Lane::Float(a), Lane::Float(b)) => self.numbers(a, b, pairs, same_float),
            (Lane::Int(a), Lane::Int(b)) => self.numbers(a, b, pairs, |x, y| x == y),
            (Lane::Short(a), Lane::Short(b)) => self.numbers(a, b, pairs, |x, y| x == y),
            (Lane::Bool(a), Lane::Bool(b)) => self.booleans(a, b, pairs),
            (Lane::String(a), Lane::String(b)) => self.set_where(pairs.rows, |place| {
                let (x, y) = (pairs.a + place, pairs.b + place);
                match (a.is_valid(x), b.is_valid(y)) {
                    (true, true) => a.value(x) != b.value(y),
                    (x, y) => x != y,
                }
            }),
            (a, b) => self.set_where(pairs.rows, |place| {
                a.is_valid(pairs.a + place) || b.is_valid(pairs.b + place)
            }),
        }
    }

    fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        a: &PrimitiveArray<T>,
        b: &PrimitiveArray<T>,
        pairs: Pairs,
        same: impl Fn(T::Native, T::Native) -> bool,
    ) where
        T::Native: Eq,
    {
        let x = &a.values()[pairs.a..pairs.a + pairs.rows];
        let y = &b.values()[pairs.b..pairs.b + pairs.rows];
        match Nulls::of(a, b, pairs) {
            Nulls::AllOnBoth => {}
            // Equal slices are compared in one go, which is what nearly all are.
            Nulls::None | Nulls::Alike if x == y => {}
            Nulls::None => self.set_where(pairs.rows, |place| !same(x[place], y[place])),
            Nulls::Alike | Nulls::Other => self.set_where(pairs.rows, |place| {
                let valid = (a.is_valid(pairs.a + place), b.is_valid(pairs.b + place));
                valid.0 != valid.1 || valid.0 && !same(x[place], y[place])
            }),
        }
    }

    fn booleans(&mut self, a: &BooleanArray, b: &BooleanArray, pairs: Pairs) {
        let alike = match Nulls::of(a, b, pairs) {
            Nulls::AllOnBoth => return,
            Nulls::None => {
                a.values().slice(pairs.a, pairs.rows) == b.values().slice(pairs.b, pairs.rows)
            }
            Nulls::Alike | Nulls::Other => false,
        };
        if alike {
            return;
        }
        self.set_where(pairs.rows, |place| {
            let (i, j) = (pairs.a + place, pairs.b + place);
            let valid = (a.is_valid(i), b.is_valid(j));
            valid.0 != valid.1 || valid.0 && a.value(i) != b.value(j)
        });
    }
}

/// How missing values lie in a column of both sides.
enum Nulls {
    None,
    AllOnBoth,
    Alike,
    Other,
}

impl Nulls {
    fn of(a: &dyn Array, b: &dyn Array, pairs: Pairs) -> Nulls {
        let rows = pairs.rows;
        let a = a.nulls().map(|nulls| nulls.slice(pairs.a, rows));
        let b = b.nulls().map(|nulls| nulls.slice(pairs.b, rows));
        let count = |nulls: &Option<_>| nulls.as_ref().map_or(0, NullBuffer::null_count);
        match (count(&a), count(&b)) {
            (0, 0) => Nulls::None,
            (x, y) if x == rows && y == rows => Nulls::AllOnBoth,
            _ if a == b => Nulls::Alike,
            _ => Nulls::Other,
        }
    }
}
