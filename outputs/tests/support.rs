//! Tables, rows and manifests to test with.

use causeflow_engine::base::exact::Digits;
use causeflow_engine::base::table::{
    Chunk, Column, ColumnSpec, ColumnType, Dictionary, TableSchema, Validity, Values,
};
use causeflow_outputs::{
    Compression, ExternalEventsEntry, FileEntry, Format, GENERATOR_NAME, Generator,
    MANIFEST_VERSION, Manifest, ModelEntry, Options,
};
use std::fs;
use std::path::Path;

pub fn spec(name: &str, kind: ColumnType, nullable: bool) -> ColumnSpec {
    ColumnSpec {
        name: name.to_owned(),
        kind,
        unit: None,
        description: None,
        nullable,
    }
}

/// Each type, and decimals that formats store in 32 bits, in 64, and as texts.
fn types() -> impl Iterator<Item = ColumnType> {
    let decimals = [(5, 2), (12, 2), (18, 9)];
    let decimals = decimals.map(|(precision, scale)| {
        ColumnType::Exact(Digits::new(precision, scale).expect("possible"))
    });
    ColumnType::ALL.into_iter().chain(decimals)
}

/// A string such as formats have to quote, or that is empty, or in other letters.
fn string(draw: u64) -> String {
    const PARTS: [&str; 9] = [
        "",
        "a",
        "\"",
        ",",
        "\n",
        "\r",
        "\u{5e9}\u{5dc}",
        "\u{1f600}",
        "\\u0",
    ];
    let part = |at: u32| PARTS[(draw >> (4 * at)) as usize % PARTS.len()];
    (0..draw as u32 % 12).map(part).collect()
}

/// A table with a column of each type, once without missing values and once with.
pub fn all_types(name: &str) -> TableSchema {
    let mut columns = Vec::new();
    for nullable in [false, true] {
        for kind in types() {
            columns.push(spec(
                &format!("{kind:?}_{nullable}").to_lowercase(),
                kind,
                nullable,
            ));
        }
    }
    TableSchema {
        name: name.to_owned(),
        columns,
    }
}

pub fn dictionary() -> Dictionary {
    [
        "",
        "plain",
        "with, comma",
        "with \"quotes\"",
        "line\nbreak",
        "é",
    ]
    .map(str::to_owned)
    .into()
}

pub fn options(format: Format) -> Options {
    Options::new(format, None).expect("every format has a default compression")
}

/// How many different values the columns have, and how their missing rows lie.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub distinct: u64,
    pub missing_in_8: u64,
    pub seed: u64,
}

fn mix(seed: u64, row: u64) -> u64 {
    let mut z = seed ^ row.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The rows of a table of [`all_types`] as one chunk.
pub fn rows(shape: Shape, count: usize) -> Chunk {
    let draw = |row: usize| mix(shape.seed, mix(shape.seed, row as u64) % shape.distinct);
    let all = |value: &dyn Fn(u64) -> u64| (0..count).map(draw).map(value).collect::<Vec<u64>>();
    let values = |kind| match kind {
        ColumnType::Id => Values::Id(all(&|d| d >> 1)),
        ColumnType::Time => Values::Time(
            all(&|d| d % (1 << 50))
                .iter()
                .map(|&d| d as i64 - (1 << 49))
                .collect(),
        ),
        ColumnType::Float => Values::Float(all(&|d| d).iter().map(|&d| d as f64 / 3e15).collect()),
        ColumnType::Int => Values::Int(all(&|d| d).iter().map(|&d| d as i32).collect()),
        ColumnType::Exact(digits) => {
            let most = 10i64.checked_pow(digits.precision().into());
            let fitted = |&d: &u64| most.map_or(d as i64, |most| d as i64 % most);
            Values::Exact(all(&|d| d).iter().map(fitted).collect(), digits)
        }
        ColumnType::Small => Values::Small(all(&|d| d).iter().map(|&d| d as u16).collect()),
        ColumnType::Bool => Values::Bool(all(&|d| d).iter().map(|&d| d % 2 == 0).collect()),
        ColumnType::Text => Values::Text(all(&|d| d).iter().map(|&d| (d % 6) as u16).collect()),
        ColumnType::String => {
            let strings: Vec<String> = all(&|d| d).into_iter().map(string).collect();
            Values::String(strings.iter().map(String::as_str).collect())
        }
    };
    let mask = |row: usize| mix(!shape.seed, row as u64) % 8 >= shape.missing_in_8;
    let mut columns: Vec<Column> = Vec::new();
    for nullable in [false, true] {
        for kind in types() {
            let validity = match nullable {
                true => Validity::Mask((0..count).map(mask).collect()),
                false => Validity::All,
            };
            let values = values(kind);
            columns.push(Column { values, validity });
        }
    }
    Chunk {
        table: 0,
        rows: count,
        columns,
    }
}

/// The rows from `start` to `end` as a chunk of their own, masks in their shortest form.
pub fn cut(chunk: &Chunk, start: usize, end: usize) -> Chunk {
    let column = |column: &Column| {
        let validity = match &column.validity {
            Validity::Mask(mask) => match &mask[start..end] {
                flags if !flags.contains(&false) => Validity::All,
                flags if !flags.contains(&true) => Validity::None,
                flags => Validity::Mask(flags.to_vec()),
            },
            other => other.clone(),
        };
        let end = if validity == Validity::None {
            start
        } else {
            end
        };
        let values = match &column.values {
            Values::Id(v) => Values::Id(v[start..end].to_vec()),
            Values::Time(v) => Values::Time(v[start..end].to_vec()),
            Values::Float(v) => Values::Float(v[start..end].to_vec()),
            Values::Int(v) => Values::Int(v[start..end].to_vec()),
            Values::Exact(v, digits) => Values::Exact(v[start..end].to_vec(), *digits),
            Values::Small(v) => Values::Small(v[start..end].to_vec()),
            Values::Bool(v) => Values::Bool(v[start..end].to_vec()),
            Values::Text(v) => Values::Text(v[start..end].to_vec()),
            Values::String(v) => Values::String((start..end).map(|row| v.get(row)).collect()),
        };
        Column { values, validity }
    };
    Chunk {
        table: chunk.table,
        rows: end - start,
        columns: chunk.columns.iter().map(column).collect(),
    }
}

pub fn manifest(files: Vec<FileEntry>) -> Manifest {
    Manifest {
        manifest_version: MANIFEST_VERSION,
        generator: Generator {
            name: GENERATOR_NAME.to_owned(),
            version: "0.1.0".to_owned(),
        },
        stream_stability_version: 1,
        model: ModelEntry {
            name: "tutoring".to_owned(),
            digest: "blake3:00".to_owned(),
            parameters: Default::default(),
        },
        seed: u64::MAX,
        start: "2026-02-02T00:00:00.000000Z".to_owned(),
        end: "2026-03-04T00:00:00.000000Z".to_owned(),
        time_zone: "UTC".to_owned(),
        scale: 1.0,
        cells: 64,
        scenarios: vec![],
        events: vec![],
        baseline: None,
        external_events: ExternalEventsEntry::default(),
        version: None,
        format: Format::Parquet,
        compression: Compression::Zstd,
        fingerprint: "00".to_owned(),
        streams: vec![],
        left_out: vec![],
        entities: vec![],
        entities_start: Vec::new(),
        files,
        digest: String::new(),
    }
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder exists");
    let name = |entry: std::io::Result<fs::DirEntry>| {
        entry
            .expect("readable")
            .file_name()
            .to_string_lossy()
            .into_owned()
    };
    let mut names: Vec<String> = entries.map(name).collect();
    names.sort();
    names
}

/// A file as a manifest lists it. Only its path counts here.
pub fn entry(path: &str) -> FileEntry {
    FileEntry {
        path: path.to_owned(),
        rows: 0,
        bytes: 0,
        digest: String::new(),
    }
}
