//! What each format writes, and rows and options that are refused.

use crate::support::{all_types, dictionary, options, spec};
use causeflow_engine::base::table::{Chunk, Column, ColumnType, TableSchema, Validity, Values};
use causeflow_outputs::arrow::ipc::reader::FileReader;
use causeflow_outputs::{
    Compression, Error, EventWriter, Format, Options, arrow_schema, rfc3339, write_table,
};
use std::fs::{self, File};

fn schema() -> TableSchema {
    let mut price = spec("price_usd", ColumnType::Float, true);
    price.unit = Some("usd".to_owned());
    price.description = Some("What is paid.".to_owned());
    TableSchema {
        name: "booking".to_owned(),
        columns: vec![
            spec("cause_id", ColumnType::Id, true),
            spec("time", ColumnType::Time, false),
            price,
            spec("minutes", ColumnType::Int, false),
            spec("cell", ColumnType::Small, false),
            spec("is_first", ColumnType::Bool, false),
            spec("note", ColumnType::Text, true),
        ],
    }
}

fn chunk() -> Chunk {
    let all = |values| Column {
        values,
        validity: Validity::All,
    };
    let some = |values, mask: [bool; 3]| Column {
        values,
        validity: Validity::Mask(mask.into()),
    };
    Chunk {
        table: 0,
        rows: 3,
        columns: vec![
            some(Values::Id(vec![i64::MAX as u64, 5, 0]), [true, false, true]),
            all(Values::Time(vec![1_770_000_000_000_001, -1, 0])),
            some(
                Values::Float(vec![1.0, f64::NAN, 1e300]),
                [true, true, false],
            ),
            all(Values::Int(vec![i32::MIN, 0, 60])),
            all(Values::Small(vec![1, 2, 65_535])),
            all(Values::Bool(vec![true, false, true])),
            some(Values::Text(vec![3, 0, 2]), [true, true, false]),
        ],
    }
}

fn written(format: Format) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (table, texts) = (schema(), dictionary());
    let entry = write_table(
        folder.path(),
        "entities/booking",
        &table,
        &texts,
        &[chunk()],
        options(format),
    )
    .expect("written");
    assert_eq!(entry.path, format!("entities/booking.{}", format.ending()));
    assert_eq!(entry.rows, 3);
    fs::read_to_string(folder.path().join(&entry.path)).expect("text")
}

#[test]
fn csv_has_a_header_decimal_ids_and_empty_missing_values() {
    let expected = "cause_id,time,price_usd,minutes,cell,is_first,note\n\
        9223372036854775807,2026-02-02T02:40:00.000001Z,1.0,-2147483648,1,true,\"with \"\"quotes\"\"\"\n\
        ,1969-12-31T23:59:59.999999Z,NaN,0,2,false,\"\"\n\
        0,1970-01-01T00:00:00.000000Z,,60,65535,true,\n";
    assert_eq!(written(Format::Csv), expected);
}

#[test]
fn json_lines_have_ids_as_strings_and_leave_missing_values_out() {
    let expected = r#"{"cause_id":"9223372036854775807","time":"2026-02-02T02:40:00.000001Z","price_usd":1.0,"minutes":-2147483648,"cell":1,"is_first":true,"note":"with \"quotes\""}
{"time":"1969-12-31T23:59:59.999999Z","minutes":0,"cell":2,"is_first":false,"note":""}
{"cause_id":"0","time":"1970-01-01T00:00:00.000000Z","minutes":60,"cell":65535,"is_first":true}
"#;
    assert_eq!(written(Format::Jsonl), expected);
}

#[test]
fn arrow_files_read_back_in_every_compression() {
    for compression in [Compression::Zstd, Compression::Lz4, Compression::None] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let options = Options::new(Format::Arrow, Some(compression)).expect("supported");
        let (table, texts) = (schema(), dictionary());
        let entry = write_table(folder.path(), "t", &table, &texts, &[chunk()], options);
        let path = folder.path().join(entry.expect("written").path);
        let file = File::open(path).expect("written");
        let mut reader = FileReader::try_new(file, None).expect("an Arrow file");
        assert_eq!(reader.schema(), arrow_schema(&table));
        let batch = reader.next().expect("one batch").expect("readable");
        assert_eq!(batch.num_rows(), 3);
        assert_eq!(batch.column(0).null_count(), 1);
    }
}

#[test]
fn units_and_descriptions_are_field_metadata() {
    let schema = arrow_schema(&schema());
    let metadata = schema.field(2).metadata();
    assert_eq!(metadata.get("unit").map(String::as_str), Some("usd"));
    assert_eq!(
        metadata.get("description").map(String::as_str),
        Some("What is paid.")
    );
    assert!(schema.field(0).metadata().is_empty());
}

#[test]
fn combinations_that_a_format_does_not_know_are_refused() {
    for (format, compression) in [
        (Format::Arrow, Compression::Snappy),
        (Format::Csv, Compression::Zstd),
        (Format::Jsonl, Compression::Lz4),
    ] {
        let error = Options::new(format, Some(compression)).expect_err("not supported");
        assert!(!error.is_machine_failure());
        assert!(
            error.to_string().contains("none") || error.to_string().contains("leave"),
            "{error}"
        );
    }
    let chosen = Options::new(Format::Csv, None).expect("supported");
    assert_eq!(chosen.compression(), Compression::None);
}

#[test]
fn rows_that_break_the_schema_are_refused_by_name() {
    type Breakage = fn(&mut Chunk);
    let broken: [(Breakage, &str); 6] = [
        (|c| c.table = 9, "only 1 streams"),
        (|c| drop(c.columns.pop()), "6 columns, expected 7"),
        (
            |c| c.columns[3].values = Values::Float(vec![]),
            "`minutes` holds Float, expected Int",
        ),
        (
            |c| c.columns[3].values = Values::Int(vec![1]),
            "`minutes` has 1 values, expected 3",
        ),
        (
            |c| c.columns[4].validity = Validity::Mask(vec![true, false, true]),
            "`cell` is not nullable",
        ),
        (
            |c| c.columns[6].values = Values::Text(vec![0, 6, 0]),
            "code 6 is not in the dictionary",
        ),
    ];
    for (break_it, expected) in broken {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (schemas, options) = (vec![schema()], options(Format::Parquet));
        let mut writer = EventWriter::new(folder.path(), schemas, dictionary(), options);
        let mut chunk = chunk();
        break_it(&mut chunk);
        let error = writer.write_chunks(vec![chunk]).expect_err("broken");
        assert!(matches!(error, Error::Rows { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn times_are_written_in_utc_with_microseconds() {
    assert_eq!(rfc3339(-1).as_deref(), Some("1969-12-31T23:59:59.999999Z"));
    assert_eq!(rfc3339(0).as_deref(), Some("1970-01-01T00:00:00.000000Z"));
    assert_eq!(rfc3339(i64::MAX), None);
}

#[test]
fn a_time_that_text_cannot_hold_is_an_error() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut chunk = chunk();
    chunk.columns[1].values = Values::Time(vec![0, i64::MAX, 0]);
    let (table, texts) = (schema(), dictionary());
    let result = write_table(
        folder.path(),
        "t",
        &table,
        &texts,
        &[chunk],
        options(Format::Csv),
    );
    assert!(result.expect_err("too late").to_string().contains("9999"));
}

#[test]
fn a_table_without_rows_has_its_columns() {
    for format in [Format::Parquet, Format::Arrow, Format::Csv, Format::Jsonl] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let table = all_types("t");
        let entry = write_table(
            folder.path(),
            "t",
            &table,
            &dictionary(),
            Vec::<Chunk>::new(),
            options(format),
        );
        assert_eq!(entry.expect("written").rows, 0);
    }
}
