//! The same rows give the same bytes, however they arrive, and read back as they were.

use crate::support::{Shape, all_types, cut, dictionary, options, rows};
use causeflow_engine::base::exact::Digits;
use causeflow_engine::base::table::{Chunk, Column, Validity, Values};
use causeflow_outputs::arrow::array::{Array, AsArray, RecordBatch};
use causeflow_outputs::arrow::compute::concat_batches;
use causeflow_outputs::arrow::datatypes::{
    Decimal128Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType, UInt16Type,
};
use causeflow_outputs::{Compression, EventWriter, FileEntry, Format, Options, PART_ROWS};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::file::statistics::Statistics;
use proptest::prelude::*;
use std::fs;
use std::fs::File;
use std::path::Path;
use tempfile::TempDir;

const FORMATS: [Format; 4] = [Format::Parquet, Format::Arrow, Format::Csv, Format::Jsonl];

fn write(chunks: Vec<Chunk>, options: Options, threads: usize) -> (TempDir, Vec<FileEntry>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let files = pool.expect("a thread pool").install(|| {
        let schemas = vec![all_types("a.b"), all_types("none")];
        let mut writer = EventWriter::new(folder.path(), schemas, dictionary(), options);
        for chunk in chunks {
            writer.write_chunks(vec![chunk]).expect("rows fit");
        }
        writer.finish().expect("the disk has room")
    });
    (folder, files)
}

fn cuts(chunk: &Chunk, sizes: &[usize]) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut start = 0;
    for &size in sizes.iter().cycle().take(10_000) {
        let end = (start + size).min(chunk.rows);
        chunks.push(cut(chunk, start, end));
        start = end;
    }
    chunks.push(cut(chunk, start, chunk.rows));
    chunks
}

fn read(path: &Path) -> RecordBatch {
    let file = File::open(path).expect("the file exists");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
    let schema = reader.schema().clone();
    let batches: Vec<RecordBatch> = reader
        .with_batch_size(1 << 20)
        .build()
        .expect("a reader")
        .collect::<Result<_, _>>()
        .expect("readable pages");
    concat_batches(&schema, &batches).expect("one schema")
}

fn assert_column(column: &Column, array: &dyn Array, rows: usize) {
    let valid = |row: usize| column.validity.has(row);
    let texts = dictionary();
    for row in 0..rows {
        assert_eq!(array.is_valid(row), valid(row), "row {row}");
        if !valid(row) {
            continue;
        }
        match &column.values {
            Values::Id(v) => assert_eq!(
                array.as_primitive::<Int64Type>().value(row),
                v[row].cast_signed()
            ),
            Values::Time(v) => assert_eq!(
                array.as_primitive::<TimestampMicrosecondType>().value(row),
                v[row]
            ),
            Values::Float(v) => {
                let found = array.as_primitive::<Float64Type>().value(row);
                assert_eq!(found.to_bits(), v[row].to_bits());
            }
            Values::Int(v) => assert_eq!(array.as_primitive::<Int32Type>().value(row), v[row]),
            Values::Exact(v, Digits::WHOLE) => {
                assert_eq!(array.as_primitive::<Int64Type>().value(row), v[row]);
            }
            Values::Exact(v, digits) => {
                let decimals = array.as_primitive::<Decimal128Type>();
                assert_eq!(decimals.value(row), i128::from(v[row]));
                assert_eq!(
                    decimals.value_as_string(row),
                    digits.show(v[row]).to_string()
                );
            }
            Values::Small(v) => assert_eq!(array.as_primitive::<UInt16Type>().value(row), v[row]),
            Values::Bool(v) => assert_eq!(array.as_boolean().value(row), v[row]),
            Values::Text(v) => {
                let array = array.as_dictionary::<UInt16Type>();
                let key = usize::from(array.keys().value(row));
                let found = array.values().as_string::<i32>().value(key);
                assert_eq!(found, texts[usize::from(v[row])]);
            }
            Values::String(v) => assert_eq!(array.as_string::<i32>().value(row), v.get(row)),
        }
    }
}

fn shapes() -> impl Strategy<Value = Shape> {
    let distinct = prop_oneof![Just(1_u64), 2_u64..400, Just(20_000), Just(u64::MAX)];
    (distinct, 0_u64..=8, any::<u64>()).prop_map(|(distinct, missing_in_8, seed)| Shape {
        distinct,
        missing_in_8,
        seed,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..Default::default() })]

    #[test]
    fn parquet_reads_back_whatever_the_cuts_and_compression(
        shape in shapes(),
        count in prop_oneof![1_usize..50, 1_000_usize..9_000, 65_530_usize..80_000],
        sizes in prop::collection::vec(1_usize..20_000, 1..6),
        compression in prop_oneof![
            Just(Compression::Zstd), Just(Compression::Lz4),
            Just(Compression::Snappy), Just(Compression::None),
        ],
    ) {
        let options = Options::new(Format::Parquet, Some(compression)).expect("supported");
        let chunk = rows(shape, count);
        let (folder, files) = write(cuts(&chunk, &sizes), options, 1);
        let batch = read(&folder.path().join(&files[0].path));
        prop_assert_eq!(batch.num_rows(), count);
        for (column, array) in chunk.columns.iter().zip(batch.columns()) {
            assert_column(column, array, count);
        }
    }

    #[test]
    fn bytes_do_not_depend_on_cuts_or_threads(
        shape in shapes(),
        count in prop_oneof![0_usize..50, 65_530_usize..70_000],
        sizes in prop::collection::vec(1_usize..20_000, 1..6),
        format in prop::sample::select(&FORMATS[..]),
    ) {
        let chunk = rows(shape, count);
        let (_, whole) = write(vec![chunk.clone()], options(format), 1);
        let (_, pieces) = write(cuts(&chunk, &sizes), options(format), 3);
        prop_assert_eq!(whole, pieces);
    }
}

#[test]
fn values_under_missing_rows_do_not_show() {
    let shape = Shape {
        distinct: 50,
        missing_in_8: 4,
        seed: 1,
    };
    let chunk = rows(shape, 500);
    let mut other = chunk.clone();
    for column in &mut other.columns {
        let Validity::Mask(mask) = &column.validity else {
            continue;
        };
        let missing = mask
            .iter()
            .enumerate()
            .filter(|&(_, &valid)| !valid)
            .map(|(row, _)| row);
        for row in missing.collect::<Vec<_>>() {
            match &mut column.values {
                Values::Id(v) => v[row] = 77,
                Values::Time(v) => v[row] = 77,
                Values::Float(v) => v[row] = f64::NAN,
                Values::Int(v) => v[row] = 77,
                Values::Exact(v, _) => v[row] = 77,
                Values::Small(v) => v[row] = 77,
                Values::Bool(v) => v[row] = !v[row],
                Values::Text(v) => v[row] = 777,
                Values::String(v) => {
                    let other = |at: usize| {
                        if at == row {
                            "seventy-seven"
                        } else {
                            v.get(at)
                        }
                    };
                    *v = (0..v.len()).map(other).collect();
                }
            }
        }
    }
    for format in FORMATS {
        let (_, first) = write(vec![chunk.clone()], options(format), 1);
        let (_, second) = write(vec![other.clone()], options(format), 1);
        assert_eq!(first, second, "{format:?}");
    }
}

#[test]
fn floats_keep_every_bit_and_ranges_hold_no_nan() {
    let special = [
        0.0,
        -0.0,
        f64::NAN,
        f64::INFINITY,
        f64::MIN_POSITIVE,
        1e300,
        -1.5,
    ];
    let distinct = (0..140).map(|row| {
        if row % 7 == 2 {
            f64::NAN
        } else {
            f64::from(row) - 1.5
        }
    });
    // The first repeats and gets a dictionary, the second does not.
    for (values, low, high) in [
        (special.repeat(20), -1.5, f64::INFINITY),
        (distinct.collect(), -1.5, 137.5),
    ] {
        let shape = Shape {
            distinct: 5,
            missing_in_8: 0,
            seed: 1,
        };
        let mut chunk = rows(shape, values.len());
        chunk.columns[2].values = Values::Float(values);
        let (folder, files) = write(vec![chunk.clone()], options(Format::Parquet), 1);
        let path = folder.path().join(&files[0].path);
        assert_column(&chunk.columns[2], read(&path).column(2), chunk.rows);
        let file = File::open(path).expect("written");
        let metadata = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet");
        let statistics = metadata.metadata().row_group(0).column(2).statistics();
        let Some(Statistics::Double(range)) = statistics else {
            panic!("a range of floats");
        };
        assert_eq!(
            (range.min_opt(), range.max_opt()),
            (Some(&low), Some(&high))
        );
        assert_eq!(
            (range.nan_count_opt(), range.null_count_opt()),
            (Some(20), Some(0))
        );
    }
}

#[test]
fn digests_and_sizes_are_those_of_the_files() {
    let chunk = rows(
        Shape {
            distinct: 50,
            missing_in_8: 1,
            seed: 3,
        },
        70_000,
    );
    for format in FORMATS {
        let (folder, files) = write(vec![chunk.clone()], options(format), 2);
        assert_eq!(files.len(), 2);
        for (file, rows) in files.iter().zip([70_000, 0]) {
            let bytes = fs::read(folder.path().join(&file.path)).expect("written");
            assert_eq!(file.bytes, bytes.len() as u64);
            assert_eq!(file.digest, format!("blake3:{}", blake3::hash(&bytes)));
            assert_eq!(file.rows, rows);
        }
        let ending = format.ending();
        assert_eq!(
            files[0].path,
            format!("events/stream=a.b/part-0000.{ending}")
        );
        assert_eq!(
            files[1].path,
            format!("events/stream=none/part-0000.{ending}")
        );
    }
}

#[test]
fn a_full_part_begins_the_next_one_and_never_an_empty_one() {
    let schema = causeflow_engine::base::table::TableSchema {
        name: "s".to_owned(),
        columns: vec![crate::support::spec(
            "flag",
            causeflow_engine::base::table::ColumnType::Bool,
            false,
        )],
    };
    let chunk = |rows: usize| Chunk {
        table: 0,
        rows,
        columns: vec![Column {
            values: Values::Bool(vec![true; rows]),
            validity: Validity::All,
        }],
    };
    for (extra, parts) in [(0, 1), (1, 2)] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let schemas = vec![schema.clone()];
        let mut writer =
            EventWriter::new(folder.path(), schemas, [].into(), options(Format::Parquet));
        let rows = usize::try_from(PART_ROWS).expect("fits");
        writer
            .write_chunks(vec![chunk(rows), chunk(extra)])
            .expect("fits");
        let files = writer.finish().expect("room");
        assert_eq!(files.len(), parts);
        assert_eq!(
            files.iter().map(|f| f.rows).sum::<u64>(),
            PART_ROWS + extra as u64
        );
    }
}
