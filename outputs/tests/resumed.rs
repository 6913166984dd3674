//! A writer that is left at any point and gone on with leaves the same bytes as one that was not.

use crate::support::{Shape, all_types, cut, dictionary, names, options, rows, spec};
use causeflow_engine::base::table::{Chunk, Column, ColumnType, TableSchema, Validity, Values};
use causeflow_outputs::{
    Advice, Compression, Error, EventWriter, FileEntry, Format, FrozenEvents, Options, PART_ROWS,
    StateKind, read_state, write_state,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const KIND: StateKind = StateKind {
    name: "a writer",
    version: 1,
    remedy: Advice::Anew,
};

const COMBINATIONS: [(Format, Compression); 9] = [
    (Format::Parquet, Compression::Zstd),
    (Format::Parquet, Compression::Lz4),
    (Format::Parquet, Compression::Snappy),
    (Format::Parquet, Compression::None),
    (Format::Arrow, Compression::Zstd),
    (Format::Arrow, Compression::Lz4),
    (Format::Arrow, Compression::None),
    (Format::Csv, Compression::None),
    (Format::Jsonl, Compression::None),
];

fn schemas() -> Vec<TableSchema> {
    ["first", "second", "none"].map(all_types).into()
}

/// The rows of the first two of three streams, in pieces of these sizes, taken in turn.
fn pieces(shape: Shape, count: usize, sizes: &[usize]) -> Vec<Chunk> {
    let all = rows(shape, count);
    let mut pieces = Vec::new();
    let mut at = [0, 0];
    for (turn, &size) in sizes.iter().cycle().take(10_000).enumerate() {
        let table = turn % 2;
        let end = (at[table] + size).min(count);
        let mut piece = cut(&all, at[table], end);
        piece.table = table;
        pieces.push(piece);
        at[table] = end;
        if at == [count, count] {
            break;
        }
    }
    pieces
}

fn written(folder: &Path, pieces: &[Chunk], options: Options) -> Vec<FileEntry> {
    let mut writer = EventWriter::new(folder, schemas(), dictionary(), options);
    for piece in pieces {
        writer.write_chunks(vec![piece.clone()]).expect("rows fit");
    }
    writer.finish().expect("room")
}

fn resume(folder: &Path, frozen: &FrozenEvents) -> Result<EventWriter, Error> {
    EventWriter::resume(folder, schemas(), dictionary(), frozen)
}

/// The folder with the rows that wait, which the run's folder removes in the end.
const WAITING: &str = "resume.rows";

/// All files below a folder with their bytes.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for entry in fs::read_dir(inner).expect("readable") {
            let path = entry.expect("readable").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("below").to_owned();
                found.insert(name, fs::read(path).expect("readable"));
            }
        }
    }
    found
}

/// What a process that is killed may leave behind after its last state.
fn leave_garbage(folder: &Path) {
    for path in contents(folder).keys() {
        let mut options = fs::OpenOptions::new();
        let file = options.append(true).open(folder.join(path));
        file.and_then(|mut file| file.write_all(b"garbage"))
            .expect("room");
    }
    let stream = folder.join("events/stream=first");
    fs::create_dir_all(&stream).expect("room");
    fs::write(stream.join("part-0007.parquet"), "garbage").expect("room");
    fs::write(folder.join("events/garbage"), "garbage").expect("room");
    fs::write(folder.join(WAITING).join("77"), "garbage").expect("room");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn left_and_resumed_at_any_point_the_bytes_are_the_same(
        distinct in prop_oneof![Just(1_u64), 2_u64..400, Just(20_000), Just(u64::MAX)],
        missing_in_8 in 0_u64..=8,
        seed in any::<u64>(),
        count in prop_oneof![1_usize..50, 65_530_usize..66_000, 131_000_usize..140_000],
        sizes in prop::collection::vec(1_usize..50_000, 2..6),
        stops in prop::collection::vec((0.0..1.0, 0_usize..4), 1..3),
        (format, compression) in prop::sample::select(&COMBINATIONS[..]),
    ) {
        let options = Options::new(format, Some(compression)).expect("supported");
        let shape = Shape { distinct, missing_in_8, seed };
        let pieces = pieces(shape, count, &sizes);
        let whole = tempfile::tempdir().expect("a temporary folder");
        let expected = written(whole.path(), &pieces, options);

        let folder = tempfile::tempdir().expect("a temporary folder");
        let elsewhere = tempfile::tempdir().expect("a temporary folder");
        let state = elsewhere.path().join("state");
        let mut writer = EventWriter::new(folder.path(), schemas(), dictionary(), options);
        let mut done = 0;
        for (share, lost) in stops {
            let stop = done + ((pieces.len() - done) as f64 * share) as usize;
            for piece in &pieces[done..stop] {
                writer.write_chunks(vec![piece.clone()]).expect("rows fit");
            }
            let frozen = writer.freeze().expect("room");
            write_state(elsewhere.path(), "state", &KIND, &frozen).expect("room");
            for piece in pieces[stop..].iter().take(lost) {
                writer.write_chunks(vec![piece.clone()]).expect("rows fit");
            }
            drop(writer);
            leave_garbage(folder.path());
            let frozen: FrozenEvents = read_state(&state, &KIND).expect("whole");
            writer = resume(folder.path(), &frozen).expect("all is there");
            done = stop;
        }
        for piece in &pieces[done..] {
            writer.write_chunks(vec![piece.clone()]).expect("rows fit");
        }
        prop_assert_eq!(writer.finish().expect("room"), expected);
        prop_assert_eq!(names(&folder.path().join(WAITING)).len(), 1, "one file, however often it was left");
        fs::remove_dir_all(folder.path().join(WAITING)).expect("there");
        prop_assert_eq!(contents(folder.path()), contents(whole.path()));
    }
}

#[test]
fn finished_parts_are_kept_and_later_ones_are_written_again() {
    let schema = TableSchema {
        name: "first".to_owned(),
        columns: vec![spec("flag", ColumnType::Bool, false)],
    };
    let chunk = |rows: usize| Chunk {
        table: 0,
        rows,
        columns: vec![Column {
            values: Values::Bool((0..rows).map(|row| row % 3 == 0).collect()),
            validity: Validity::All,
        }],
    };
    let part = usize::try_from(PART_ROWS).expect("fits");
    for before in [part - 10, part, part + 70_000] {
        let finish = |mut writer: EventWriter| {
            writer.write_chunks(vec![chunk(part)]).expect("fits");
            writer.finish().expect("room")
        };
        let new = |folder: &Path| {
            let schemas = vec![schema.clone()];
            let mut writer =
                EventWriter::new(folder, schemas, dictionary(), options(Format::Parquet));
            writer.write_chunks(vec![chunk(before)]).expect("fits");
            writer
        };
        let folders = [(), ()].map(|()| tempfile::tempdir().expect("a temporary folder"));
        let [whole, left] = folders.each_ref().map(TempDir::path);
        let expected = finish(new(whole));
        let mut writer = new(left);
        let frozen = writer.freeze().expect("room");
        finish(writer);
        let schemas = vec![schema.clone()];
        let resumed = EventWriter::resume(left, schemas, dictionary(), &frozen);
        assert_eq!(finish(resumed.expect("all is there")), expected);
        fs::remove_dir_all(left.join(WAITING)).expect("there");
        assert_eq!(contents(left), contents(whole));
    }
}

/// A writer that was left with a part open, and what is needed to go on.
fn left(format: Format) -> (TempDir, FrozenEvents, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let shape = Shape {
        distinct: 50,
        missing_in_8: 1,
        seed: 3,
    };
    let mut writer = EventWriter::new(folder.path(), schemas(), dictionary(), options(format));
    writer
        .write_chunks(vec![rows(shape, 70_000)])
        .expect("fits");
    let frozen = writer.freeze().expect("room");
    let part = format!("events/stream=first/part-0000.{}", format.ending());
    let part = folder.path().join(part);
    (folder, frozen, part)
}

fn refusal(result: Result<EventWriter, Error>) -> String {
    let Err(error) = result else {
        panic!("resumed what is not as it was");
    };
    assert!(matches!(error, Error::Input { .. }), "{error}");
    assert_eq!(error.advice(), [Advice::Anew]);
    error.to_string()
}

#[test]
fn what_is_not_as_it_was_left_is_named_in_every_format() {
    for format in [Format::Parquet, Format::Arrow, Format::Csv, Format::Jsonl] {
        let (folder, frozen, part) = left(format);
        for file in [part, folder.path().join(WAITING).join("0")] {
            assert_named(&folder, &frozen, &file);
        }
    }
}

fn assert_named(folder: &TempDir, frozen: &FrozenEvents, part: &Path) {
    let whole = fs::read(part).expect("written");
    for at in [0, whole.len() / 2, whole.len() - 1] {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        fs::write(part, changed).expect("room");
        let message = refusal(resume(folder.path(), frozen));
        assert!(message.contains("was changed"), "{message}");
        let name = part.file_name().expect("a name").to_string_lossy();
        assert!(message.contains(&*name), "{message}");
    }
    fs::write(part, &whole[..whole.len() - 1]).expect("room");
    let message = refusal(resume(folder.path(), frozen));
    assert!(message.contains("has lost its end"), "{message}");
    fs::remove_file(part).expect("there");
    let message = refusal(resume(folder.path(), frozen));
    assert!(message.contains("is missing"), "{message}");
    fs::write(part, &whole).expect("room");
    assert!(resume(folder.path(), frozen).is_ok());
}

#[test]
fn other_streams_and_other_texts_are_refused() {
    let (folder, frozen, _) = left(Format::Parquet);
    let mut fewer = schemas();
    fewer.pop();
    let mut other = schemas();
    other[1].columns[0].name.push('x');
    for schemas in [fewer, other] {
        let resumed = EventWriter::resume(folder.path(), schemas, dictionary(), &frozen);
        assert!(refusal(resumed).contains("another model"));
    }
    let texts = ["a".to_owned(), "b".to_owned()].into();
    let resumed = EventWriter::resume(folder.path(), schemas(), texts, &frozen);
    assert!(refusal(resumed).contains("another model"));
}
