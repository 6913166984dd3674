//! How each column is encoded: what was measured to be fast and small (docs/performance.md).
//!
//! | type | repeating values | otherwise |
//! |---|---|---|
//! | id | dictionary | plain, never compressed: random bits do not shrink |
//! | time, int | dictionary | delta, bit-packed; compressing that gains nothing |
//! | float | dictionary | byte stream split, then the file's compression; plain without one |
//! | text, small | dictionary | dictionary |
//! | bool | plain bits | plain bits |

use super::dictionary::{self, Bits, Dictionary};
use super::hybrid;
use super::pages::{Contents, EncodedChunk, levels};
use super::ranges;
use crate::arrays;
use arrow::array::{Array, StringArray};
use arrow::buffer::ScalarBuffer;
use arrow::datatypes::{ArrowNativeType, Field};
use bytes::Bytes;
use causeflow_engine::table::{Column, Validity, Values};
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::errors::{ParquetError, Result};
use parquet::file::statistics::Statistics;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::types::ColumnDescPtr;
use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

/// Bits a value is expected to take without a dictionary, by type.
const ID_BITS: usize = 64;
const TIME_BITS: usize = 24;
const FLOAT_BITS: usize = 52;
const INT_BITS: usize = 16;

/// An encoded column of a row group, made here or by the parquet crate.
pub(crate) enum ColumnChunk {
    Own(Box<EncodedChunk>),
    Arrow(Box<ArrowColumnChunk>),
}

impl ColumnChunk {
    pub fn append_to<W: Write + Send>(
        self,
        group: &mut SerializedRowGroupWriter<'_, W>,
    ) -> Result<()> {
        match self {
            ColumnChunk::Own(chunk) => group.append_column(&chunk.bytes, chunk.close),
            ColumnChunk::Arrow(chunk) => chunk.append_to_row_group(group),
        }
    }
}

/// What a column's encoder needs to know besides the values.
pub(crate) struct ColumnContext<'a> {
    pub rows: usize,
    pub field: &'a Field,
    pub column: ColumnDescPtr,
    pub texts: &'a Arc<StringArray>,
    pub writer: ArrowColumnWriter,
}

impl ColumnContext<'_> {
    /// The number of missing rows, given the values that are there.
    fn nulls<T>(&self, kept: &[T]) -> u64 {
        (self.rows - kept.len()) as u64
    }
}

/// Encodes one column of a row group.
pub(crate) fn encode(context: ColumnContext<'_>, column: Column) -> Result<ColumnChunk> {
    let mask = match &column.validity {
        Validity::None => return by_arrow(context, column),
        Validity::All => None,
        Validity::Mask(mask) => Some(mask.as_slice()),
    };
    let own = match &column.values {
        Values::Id(v) => Some(ids(&context, v, mask)?),
        Values::Time(v) => repeating(&context, v, mask, TIME_BITS, ranges::times)?,
        Values::Int(v) => repeating(&context, v, mask, INT_BITS, ranges::ints)?,
        Values::Float(v) => repeating(&context, v, mask, FLOAT_BITS, ranges::floats)?,
        Values::Text(v) => Some(texts(&context, v, mask)?),
        Values::Small(v) => Some(smalls(&context, v, mask)?),
        Values::Bool(_) => None,
    };
    match own {
        Some(chunk) => Ok(ColumnChunk::Own(Box::new(chunk))),
        None => by_arrow(context, column),
    }
}

fn by_arrow(context: ColumnContext<'_>, column: Column) -> Result<ColumnChunk> {
    let ColumnContext {
        rows,
        field,
        texts,
        mut writer,
        ..
    } = context;
    let array = arrays::array(column, rows, field.data_type(), texts)
        .map_err(|error| ParquetError::ArrowError(error.to_string()))?;
    for leaf in compute_leaves(field, &array)? {
        writer.write(&leaf)?;
    }
    Ok(ColumnChunk::Arrow(Box::new(writer.close()?)))
}

/// The values of the rows that have one.
fn present<'a, T: Copy>(values: &'a [T], mask: Option<&[bool]>) -> Cow<'a, [T]> {
    match mask {
        None => Cow::Borrowed(values),
        Some(mask) => {
            let kept = values.iter().zip(mask).filter(|&(_, &valid)| valid);
            Cow::Owned(kept.map(|(&value, _)| value).collect())
        }
    }
}

fn bytes_of<T: ArrowNativeType>(values: Vec<T>) -> Bytes {
    Bytes::from_owner(ScalarBuffer::from(values).into_inner())
}

fn ids(context: &ColumnContext<'_>, values: &[u64], mask: Option<&[bool]>) -> Result<EncodedChunk> {
    let kept = present(values, mask);
    let nulls = context.nulls(&kept);
    if let Some(dictionary) = dictionary::build(&kept, ID_BITS) {
        let statistics = ranges::ids(&dictionary.values, nulls);
        return with_dictionary(context, dictionary, mask, statistics);
    }
    let statistics = ranges::ids(&kept, nulls);
    let values = bytes_of(kept.into_owned());
    let levels = levels(context.field.is_nullable(), context.rows, mask);
    let data = match levels.is_empty() {
        true => values,
        false => [levels.as_slice(), &values].concat().into(),
    };
    contents(context, None, data, statistics)
}

/// Writes a column by its dictionary if that pays.
fn repeating<T: Bits + ArrowNativeType>(
    context: &ColumnContext<'_>,
    values: &[T],
    mask: Option<&[bool]>,
    rival_bits: usize,
    range: fn(&[T], &[T], u64) -> Statistics,
) -> Result<Option<EncodedChunk>> {
    let kept = present(values, mask);
    let Some(dictionary) = dictionary::build(&kept, rival_bits) else {
        return Ok(None);
    };
    let statistics = range(&dictionary.values, &kept, context.nulls(&kept));
    with_dictionary(context, dictionary, mask, statistics).map(Some)
}

fn with_dictionary<T: ArrowNativeType>(
    context: &ColumnContext<'_>,
    dictionary: Dictionary<T>,
    mask: Option<&[bool]>,
    statistics: Statistics,
) -> Result<EncodedChunk> {
    let distinct = dictionary.values.len();
    let page = bytes_of(dictionary.values).to_vec();
    let data = coded(context, &dictionary.codes, distinct, mask);
    contents(context, Some((page, distinct)), data.into(), statistics)
}

fn texts(
    context: &ColumnContext<'_>,
    codes: &[u16],
    mask: Option<&[bool]>,
) -> Result<EncodedChunk> {
    let kept = present(codes, mask);
    let dictionary = dictionary::renumber(&kept, context.texts.len());
    let mut page = Vec::new();
    let strings = dictionary.values.iter();
    let strings: Vec<&str> = strings
        .map(|&code| context.texts.value(usize::from(code)))
        .collect();
    for text in &strings {
        page.extend_from_slice(&(text.len() as u32).to_le_bytes());
        page.extend_from_slice(text.as_bytes());
    }
    let statistics = ranges::texts(&strings, context.nulls(&kept));
    let data = coded(context, &dictionary.codes, strings.len(), mask);
    let page = Some((page, strings.len()));
    contents(context, page, data.into(), statistics)
}

fn smalls(
    context: &ColumnContext<'_>,
    values: &[u16],
    mask: Option<&[bool]>,
) -> Result<EncodedChunk> {
    let kept = present(values, mask);
    let limit = kept.iter().fold(0, |max, &value| value.max(max));
    let dictionary = dictionary::renumber(&kept, usize::from(limit) + 1);
    let values: Vec<i32> = dictionary.values.iter().map(|&v| i32::from(v)).collect();
    let codes = dictionary.codes;
    let statistics = ranges::ints(&values, &[], context.nulls(&kept));
    let dictionary = Dictionary { values, codes };
    with_dictionary(context, dictionary, mask, statistics)
}

/// The data page of a column with a dictionary: levels, the width of a code, the codes.
fn coded(
    context: &ColumnContext<'_>,
    codes: &[u16],
    distinct: usize,
    mask: Option<&[bool]>,
) -> Vec<u8> {
    let mut data = levels(context.field.is_nullable(), context.rows, mask);
    let width = hybrid::bit_width(distinct);
    data.push(width);
    hybrid::encode(codes, width, &mut data);
    data
}

fn contents(
    context: &ColumnContext<'_>,
    dictionary: Option<(Vec<u8>, usize)>,
    data: Bytes,
    statistics: Statistics,
) -> Result<EncodedChunk> {
    let contents = Contents {
        column: Arc::clone(&context.column),
        rows: context.rows,
        dictionary,
        data,
        statistics,
    };
    contents.into_chunk()
}
