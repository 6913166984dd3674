//! How each column is encoded: what was measured to be fast and small (docs/performance.md).
//!
//! | type | repeating values | otherwise |
//! |---|---|---|
//! | id | dictionary | plain, never compressed: random bits do not shrink |
//! | time, int | dictionary | delta, bit-packed; compressing that gains nothing |
//! | float, exact | dictionary | plain, then the file's compression |
//! | text, small | dictionary | dictionary |
//! | bool | plain bits | plain bits |
//! | string | plain | plain, then the file's compression |
//!
//! All of these are encodings that readers have known for long. Splitting floats into streams of bytes would be smaller, but
//! Spark 3.5 and fastparquet cannot read it.

use super::delta;
use super::dictionary::{self, Bits, Dictionary};
use super::hybrid;
use super::pages::{Contents, EncodedChunk, levels};
use super::ranges;
use crate::arrays;
use crate::arrow::array::{Array, StringArray};
use crate::arrow::buffer::ScalarBuffer;
use crate::arrow::datatypes::{ArrowNativeType, Field};
use bytes::Bytes;
use causeflow_engine::base::exact::Digits;
use causeflow_engine::base::table::{Column, Validity, Values};
use parquet::arrow::arrow_writer::{ArrowColumnChunk, ArrowColumnWriter, compute_leaves};
use parquet::basic::Encoding;
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
const EXACT_BITS: usize = 32;

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
    if column.validity == Validity::None {
        return by_arrow(context, column);
    }
    let Column { values, validity } = column;
    let mask = match &validity {
        Validity::Mask(mask) => Some(mask.as_slice()),
        Validity::All | Validity::None => None,
    };
    let own = |chunk| ColumnChunk::Own(Box::new(chunk));
    let values = match values {
        // The ids themselves become the page.
        Values::Id(ids) => return self::ids(&context, ids, mask).map(own),
        values => values,
    };
    let encoded = match &values {
        Values::Time(v) => times(&context, v, mask)?,
        Values::Int(v) => repeating(&context, v, mask, INT_BITS, ranges::ints)?,
        Values::Exact(v, digits) => exact(&context, v, *digits, mask)?,
        Values::Float(v) => repeating(&context, v, mask, FLOAT_BITS, ranges::floats)?,
        Values::Text(v) => Some(texts(&context, v, mask)?),
        Values::Small(v) => Some(smalls(&context, v, mask)?),
        Values::Id(_) | Values::Bool(_) | Values::String(_) => None,
    };
    match encoded {
        Some(chunk) => Ok(own(chunk)),
        None => by_arrow(context, Column { values, validity }),
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

fn ids(
    context: &ColumnContext<'_>,
    values: Vec<u64>,
    mask: Option<&[bool]>,
) -> Result<EncodedChunk> {
    let kept = match mask {
        None => values,
        Some(_) => present(&values, mask).into_owned(),
    };
    let nulls = context.nulls(&kept);
    if let Some(dictionary) = dictionary::build(&kept, ID_BITS) {
        let statistics = ranges::ids(&dictionary.values, nulls);
        return with_dictionary(context, dictionary, mask, statistics);
    }
    let statistics = ranges::ids(&kept, nulls);
    let values = bytes_of(kept);
    let levels = levels(context.field.is_nullable(), context.rows, mask);
    let data = match levels.is_empty() {
        true => values,
        false => [levels.as_slice(), &values].concat().into(),
    };
    contents(context, Encoding::PLAIN, None, data, statistics)
}

fn times(
    context: &ColumnContext<'_>,
    values: &[i64],
    mask: Option<&[bool]>,
) -> Result<Option<EncodedChunk>> {
    let by_dictionary = repeating(context, values, mask, TIME_BITS, ranges::times)?;
    // Of times that may be missing the parquet crate writes down more than a range.
    if by_dictionary.is_some() || context.field.is_nullable() {
        return Ok(by_dictionary);
    }
    let statistics = ranges::plain_times(values);
    let data = delta::encode(values).into();
    let encoding = Encoding::DELTA_BINARY_PACKED;
    contents(context, encoding, None, data, statistics).map(Some)
}

/// Exact numbers: the parquet crate stores those of up to nine digits in 32 bits.
fn exact(
    context: &ColumnContext<'_>,
    values: &[i64],
    digits: Digits,
    mask: Option<&[bool]>,
) -> Result<Option<EncodedChunk>> {
    if digits.precision() > 9 {
        return repeating(context, values, mask, EXACT_BITS, ranges::times);
    }
    let values: Vec<i32> = values.iter().map(|&units| units as i32).collect();
    repeating(context, &values, mask, EXACT_BITS, ranges::ints)
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
    let encoding = Encoding::RLE_DICTIONARY;
    let dictionary = Some((page, distinct));
    contents(context, encoding, dictionary, data.into(), statistics)
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
    let encoding = Encoding::RLE_DICTIONARY;
    contents(context, encoding, page, data.into(), statistics)
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
    encoding: Encoding,
    dictionary: Option<(Vec<u8>, usize)>,
    data: Bytes,
    statistics: Statistics,
) -> Result<EncodedChunk> {
    let contents = Contents {
        column: Arc::clone(&context.column),
        rows: context.rows,
        dictionary,
        data,
        encoding,
        statistics,
    };
    contents.into_chunk()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrow::datatypes::{DataType, Schema, TimeUnit};
    use crate::options::Compression;
    use parquet::arrow::ArrowSchemaConverter;
    use parquet::arrow::arrow_writer::ArrowRowGroupWriterFactory;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::types::SchemaDescPtr;
    use proptest::prelude::*;

    type Encoder = fn(ColumnContext<'_>, Column) -> Result<ColumnChunk>;

    /// A file of one column of times, which may not be missing.
    fn file(times: &[i64], encoder: Encoder) -> Result<Vec<u8>> {
        let time = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        let schema = Arc::new(Schema::new(vec![Field::new("time", time, false)]));
        let properties = super::super::properties(&schema, Compression::Zstd)?;
        let descriptions = SchemaDescPtr::new(ArrowSchemaConverter::new().convert(&schema)?);
        let (root, properties) = (descriptions.root_schema_ptr(), Arc::new(properties));
        let mut file = SerializedFileWriter::new(Vec::new(), root, properties)?;
        let factory = ArrowRowGroupWriterFactory::new(&file, Arc::clone(&schema));
        for writer in factory.create_column_writers(0)? {
            let context = ColumnContext {
                rows: times.len(),
                field: schema.field(0),
                column: descriptions.column(0),
                texts: &Arc::new(StringArray::from_iter_values(["text"])),
                writer,
            };
            let column = Column {
                values: Values::Time(times.to_vec()),
                validity: Validity::All,
            };
            let chunk = encoder(context, column)?;
            let mut group = file.next_row_group()?;
            chunk.append_to(&mut group)?;
            group.close()?;
        }
        file.into_inner()
    }

    fn same_as_by_arrow(times: &[i64]) {
        let ours = file(times, encode).expect("our own encoder");
        let theirs = file(times, by_arrow).expect("the parquet crate's");
        assert!(ours == theirs, "{times:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        #[test]
        fn times_are_encoded_as_the_parquet_crate_does(
            rows in prop_oneof![1..10usize, 60..70usize, 250..260usize, 1..2000usize],
            seed in any::<u64>(),
            bits in 8..64u32,
            sorted in any::<bool>(),
        ) {
            let mixed = |row: u64| (seed ^ row.wrapping_mul(0xD6E8_FEB8_6659_FD93)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let mut times: Vec<i64> = (0..rows as u64).map(|row| mixed(row) as i64 >> (63 - bits)).collect();
            if sorted {
                times.sort_unstable();
            }
            // A dictionary would be something else.
            if dictionary::build(&times, TIME_BITS).is_none() {
                same_as_by_arrow(&times);
            }
        }
    }

    #[test]
    fn differences_of_any_size_are_encoded_as_the_parquet_crate_does() {
        let far = |row: i64| {
            if row % 2 == 0 {
                i64::MIN + row
            } else {
                i64::MAX - row
            }
        };
        same_as_by_arrow(&(0..1000).map(far).collect::<Vec<i64>>());
        same_as_by_arrow(&(0..1000).map(|row| row * 1000).collect::<Vec<i64>>());
        same_as_by_arrow(&(0..257).map(|row| row * row * row).collect::<Vec<i64>>());
    }
}
