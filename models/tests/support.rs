//! Plays models and gathers what comes out, as rows that tests can compare.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use causeflow_engine::base::table::{Chunk, Column, RowSink, SinkError, Validity, Values};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::{Player, RunResult, run};
use causeflow_engine::streams::program::{Program, StreamId};
use causeflow_engine::streams::world::Settings;
use causeflow_models::{Diagnostics, Model, SourceFile, from_files};
use proptest::test_runner::{Config as ProptestConfig, RngSeed};

/// 2026-02-02T00:00:00Z, a Monday.
pub const START: Time = Time(1_769_990_400_000_000);

/// A value of a field; floats by their bits, texts spelt out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Id(u64),
    Time(i64),
    Float(u64),
    Int(i32),
    Exact(String),
    Bool(bool),
    Text(String),
}

impl Value {
    /// The number that a float, whole number, exact number or truth value is.
    pub fn number(&self) -> f64 {
        match self {
            Value::Float(bits) => f64::from_bits(*bits),
            Value::Int(x) => f64::from(*x),
            Value::Bool(x) => f64::from(u8::from(*x)),
            Value::Exact(digits) => digits.parse().expect("digits"),
            other => panic!("{other:?} is not a number"),
        }
    }

    /// The identifier that it is.
    pub fn id(&self) -> u64 {
        match self {
            Value::Id(id) => *id,
            other => panic!("{other:?} is not an identifier"),
        }
    }
}

/// An event as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub id: u64,
    pub time: i64,
    pub cause: Option<u64>,
    pub root: u64,
    pub cell: u16,
    /// The intervention that made or changed it.
    pub attribution: Option<String>,
    /// Those that are there.
    pub fields: BTreeMap<String, Value>,
}

/// What a run left behind.
pub struct Played {
    /// The chunks in the order in which the sink got them.
    pub chunks: Vec<Chunk>,
    /// The rows by stream.
    pub rows: BTreeMap<String, Vec<Row>>,
    /// What the engine returned.
    pub result: RunResult,
}

/// A sink that keeps everything.
#[derive(Default)]
pub struct Collect(pub Vec<Chunk>);

impl RowSink for Collect {
    fn write(&mut self, chunks: Vec<Chunk>) -> Result<(), SinkError> {
        self.0.extend(chunks);
        Ok(())
    }
}

/// How a property is tested: so many cases, always the same ones, so that a failure is the fault of a
/// change. PROPTEST_CASES and PROPTEST_RNG_SEED ask for more or others.
pub fn property(cases: u32) -> ProptestConfig {
    let given = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        given.cases
    } else {
        cases
    };
    let rng_seed = match given.rng_seed {
        RngSeed::Random => RngSeed::Fixed(42),
        fixed => fixed,
    };
    ProptestConfig {
        cases,
        rng_seed,
        failure_persistence: None,
        max_shrink_iters: 500,
        ..given
    }
}

/// Compiles texts as the files of one model.
pub fn compile(files: &[(String, String)]) -> Result<Model, Diagnostics> {
    let source = |(path, text): &(String, String)| SourceFile {
        path: path.clone(),
        text: text.clone(),
    };
    from_files("test", files.iter().map(source).collect())
}

/// The program of a model that must be right.
pub fn program(files: &[(String, String)]) -> Program {
    match compile(files) {
        Ok(model) => model.compiled.program,
        Err(wrong) => panic!(
            "{wrong}\n{}",
            files
                .iter()
                .map(|(_, text)| text.as_str())
                .collect::<String>()
        ),
    }
}

/// Settings from [`START`] on, at scale 1.
pub fn settings(seed: u64, hours: i64) -> Settings {
    Settings {
        seed,
        start: START,
        end: START + Span(hours * Span::HOUR.0),
        open_end: false,
        scale: 1.0,
        streams: None,
    }
}

/// Plays a program and keeps everything.
pub fn play(program: &Program, settings: &Settings) -> Played {
    let mut sink = Collect::default();
    let mut player = Player::new(program.clone(), settings).keep_parted();
    let played = player.play(settings.end, Some(&mut sink), &mut |_| {
        ControlFlow::Continue(())
    });
    played.expect("nothing interrupts the run, and the sink takes everything");
    let result = player.finish();
    Played {
        rows: rows_by_stream(program, &sink.0),
        chunks: sink.0,
        result,
    }
}

/// Plays a model of one file for so many hours.
pub fn played(text: &str, seed: u64, hours: i64) -> Played {
    let program = program(&[("a.yaml".into(), text.into())]);
    play(&program, &settings(seed, hours))
}

/// The rows of chunks, by stream.
pub fn rows_by_stream(program: &Program, chunks: &[Chunk]) -> BTreeMap<String, Vec<Row>> {
    let names = program.streams.iter().map(|stream| stream.name.clone());
    let mut rows: BTreeMap<String, Vec<Row>> = names.map(|name| (name, Vec::new())).collect();
    for chunk in chunks {
        let name = &program.streams[chunk.table].name;
        if let Some(rows) = rows.get_mut(name) {
            rows.extend((0..chunk.rows).map(|row| read_row(program, chunk, row)));
        }
    }
    rows
}

/// Plays a program without keeping rows; the fingerprints by stream.
pub fn fingerprints(program: &Program, settings: &Settings) -> BTreeMap<String, String> {
    let result = run(program.clone(), settings, None, &mut |_| {
        ControlFlow::Continue(())
    });
    named_fingerprints(&result.expect("nothing interrupts the run"))
}

/// The fingerprints of a run by stream.
pub fn named_fingerprints(result: &RunResult) -> BTreeMap<String, String> {
    result
        .streams
        .iter()
        .map(|s| (s.name.clone(), format!("{} {}", s.rows, s.fingerprint)))
        .collect()
}

/// The indices of the streams of these names.
pub fn streams(program: &Program, names: &[&str]) -> Vec<StreamId> {
    names
        .iter()
        .map(|name| program.stream(name).expect("the model has the stream"))
        .collect()
}

fn read_row(program: &Program, chunk: &Chunk, row: usize) -> Row {
    let value = |column: &Column| read(program, column, row);
    let time = match value(&chunk.columns[1]) {
        Some(Value::Time(time)) => time,
        other => panic!("the time is {other:?}"),
    };
    let cell = match &chunk.columns[4].values {
        Values::Small(cells) => cells[row],
        other => panic!("the cell is {other:?}"),
    };
    let attribution = value(&chunk.columns[5]).map(|by| match by {
        Value::Text(name) => name,
        other => panic!("the attribution is {other:?}"),
    });
    assert!(
        attribution.is_none() || !program.interventions.is_empty(),
        "nothing is attributed without an intervention"
    );
    let fields = program.streams[chunk.table]
        .fields
        .iter()
        .zip(&chunk.columns[6..]);
    Row {
        id: value(&chunk.columns[0]).expect("every row has an id").id(),
        time,
        cause: value(&chunk.columns[2]).map(|cause| cause.id()),
        root: value(&chunk.columns[3]).expect("every row has a root").id(),
        cell,
        attribution,
        fields: fields
            .filter_map(|((spec, _), column)| {
                let value = value(column);
                assert!(
                    value.is_some() || spec.nullable,
                    "`{}` is missing",
                    spec.name
                );
                Some((spec.name.clone(), value?))
            })
            .collect(),
    }
}

fn read(program: &Program, column: &Column, row: usize) -> Option<Value> {
    match &column.validity {
        Validity::None => return None,
        Validity::Mask(valid) if !valid[row] => return None,
        _ => {}
    }
    Some(match &column.values {
        Values::Id(v) => Value::Id(v[row]),
        Values::Time(v) => Value::Time(v[row]),
        Values::Float(v) => Value::Float(v[row].to_bits()),
        Values::Int(v) => Value::Int(v[row]),
        Values::Exact(v, digits) => Value::Exact(digits.show(v[row]).to_string()),
        Values::Small(v) => Value::Int(i32::from(v[row])),
        Values::Bool(v) => Value::Bool(v[row]),
        Values::Text(v) => Value::Text(program.dictionary[usize::from(v[row])].clone()),
        Values::String(v) => Value::Text(v.get(row).to_owned()),
    })
}
