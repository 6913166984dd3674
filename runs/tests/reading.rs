//! What is read of a run is what was written, in every format.

use causeflow_baselines::Resolution;
use causeflow_outputs::arrow::array::{AsArray, RecordBatch};
use causeflow_outputs::arrow::compute::concat_batches;
use causeflow_outputs::arrow::datatypes::{TimestampMicrosecondType, UInt64Type};
use causeflow_outputs::{FinishedRun, Format};
use causeflow_runs::finished::Statistic;
use causeflow_runs::{Finished, Kind, Run, RunSpec, Sources};

use crate::support::{play, small, temp};

const STREAM: &str = "booking.requested";

fn all(run: &FinishedRun, columns: &[&str], times: Option<std::ops::Range<i64>>) -> RecordBatch {
    let batches = run.rows(STREAM, columns, times).expect("it has the stream");
    let batches: Vec<RecordBatch> = batches.map(|batch| batch.expect("rows")).collect();
    let schema = batches.first().expect("rows").schema();
    concat_batches(&schema, &batches).expect("of one schema")
}

#[test]
fn rows_are_those_of_the_time_with_the_columns_in_the_order_that_is_asked_for() {
    for format in [Format::Parquet, Format::Arrow, Format::Csv, Format::Jsonl] {
        let folder = temp();
        let (job, written) = play(RunSpec { format, ..small() }, folder.path());
        let run = FinishedRun::open(&job.out).expect("a run");
        let whole = all(&run, &[], None);
        let listed = written.manifest.streams.iter().find(|s| s.name == STREAM);
        assert_eq!(whole.num_rows() as u64, listed.expect("the stream").rows);
        let times = whole
            .column(1)
            .as_primitive::<TimestampMicrosecondType>()
            .values();
        let (third, two_thirds) = (times.len() / 3, times.len() * 2 / 3);
        let range = times[third]..times[two_thirds];
        let inside = times.iter().filter(|time| range.contains(time)).count();
        let first = times.partition_point(|time| *time < range.start);
        let part = all(&run, &["cell", "event_id"], Some(range));
        assert_eq!(part.num_columns(), 2);
        assert_eq!(part.schema().field(0).name(), "cell");
        assert_eq!(
            part.column(0),
            &whole.slice(first, inside).column(4).clone()
        );
        assert_eq!(
            part.column(1),
            &whole.slice(first, inside).column(0).clone()
        );
        let id = part.column(1).as_primitive::<UInt64Type>().value(0);
        let event = run.event(STREAM, id).expect("readable").expect("there");
        assert_eq!(event.row, first as u64, "{format:?}");
        let error = run
            .rows(STREAM, &["nope"], None)
            .err()
            .expect("no such column");
        assert!(error.to_string().contains("no column `nope`"), "{error}");
        assert!(run.rows("nope", &[], None).is_err());
    }
}

#[test]
fn entities_are_those_that_the_manifest_lists_with_the_columns_that_are_asked_for() {
    for format in [Format::Parquet, Format::Arrow, Format::Csv, Format::Jsonl] {
        let folder = temp();
        let (job, written) = play(RunSpec { format, ..small() }, folder.path());
        let run = Finished::open(&job.out).expect("a run");
        assert!(!written.manifest.entities.is_empty());
        for entry in &written.manifest.entities {
            let id = format!("{}_id", entry.kind);
            let found = run.entities(&entry.kind, &["state", &id]).expect("a table");
            let found: Vec<_> = found.map(|batch| batch.expect("rows")).collect();
            let rows: usize = found.iter().map(|batch| batch.num_rows()).sum();
            assert_eq!(rows as u64, entry.rows, "{format:?} {}", entry.kind);
            for batch in &found {
                let names = batch.schema_ref().fields().iter().map(|field| field.name());
                assert!(names.eq(["state", &id]));
                let ids = batch.column(1).as_primitive::<UInt64Type>();
                assert!(ids.values().iter().all(|&id| id > 0));
            }
        }
        let error = run.entities("nobody", &[]).err().expect("no such kind");
        assert!(error.to_string().contains("student"), "{error}");
        assert!(run.entities("student", &["nope"]).is_err());
    }
}

#[test]
fn entities_at_the_start_are_those_of_kinds_of_which_the_model_asks_for_it() {
    let stock = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/models/stock");
    for format in [Format::Parquet, Format::Arrow, Format::Csv, Format::Jsonl] {
        let folder = temp();
        let spec = RunSpec {
            format,
            days: 3.0,
            ..RunSpec::of(stock)
        };
        let (job, written) = play(spec, folder.path());
        let run = Finished::open(&job.out).expect("a run");
        let [entry] = &written.manifest.entities_start[..] else {
            panic!("of one kind: {:?}", written.manifest.entities_start);
        };
        assert_eq!(entry.kind, "product");
        let read = |rows: causeflow_outputs::StreamRows<'_>| {
            let batches: Vec<RecordBatch> = rows.map(|batch| batch.expect("rows")).collect();
            concat_batches(&batches.first().expect("rows").schema(), &batches).expect("one schema")
        };
        let columns = ["product_id", "on_hand"];
        let start = read(run.entities_start("product", &columns).expect("a table"));
        let end = read(run.entities("product", &columns).expect("a table"));
        assert_eq!(start.num_rows() as u64, entry.rows);
        assert_eq!(start.column(0), end.column(0), "{format:?}: nobody goes");
        assert_ne!(start.column(1), end.column(1), "{format:?}: stock moves");
        let error = run
            .entities_start("customer", &[])
            .err()
            .expect("not asked for");
        assert!(error.to_string().contains("it has product"), "{error}");
    }
}

#[test]
fn tables_say_the_same_about_a_run() {
    let folder = temp();
    let outage = "payment-outage@day8T10:00+6h";
    let spec = RunSpec {
        days: 9.0,
        scenarios: vec![outage.to_owned()],
        ..small()
    };
    let (job, written) = play(spec, folder.path());
    let run = Finished::open(&job.out).expect("a run");
    let hours = run.history(Resolution::Hour).expect("a history");
    for stream in &written.manifest.streams {
        let hours = hours.iter().filter(|point| point.stream == stream.name);
        assert_eq!(hours.map(|point| point.count).sum::<u64>(), stream.rows);
    }
    let effects = run.effects().expect("effects");
    let hourly = run.hourly_effects().expect("effects");
    for effect in effects.iter().filter(|effect| effect.kind == "scenario") {
        let hours = hourly.iter();
        let hours = hours.filter(|h| (&h.cause, &h.stream) == (&effect.cause, &effect.stream));
        let added: u64 = hours.map(|hour| hour.added).sum();
        assert_eq!(added, effect.added, "{}", effect.stream);
    }
    assert!(
        run.modifiers()
            .expect("modifiers")
            .iter()
            .any(|m| m.stream().starts_with("payment"))
    );
    let statistics = run
        .statistics()
        .expect("statistics")
        .expect("of this version");
    assert_eq!(
        statistics.len(),
        Statistic::read(&job.out).expect("statistics").len()
    );
    assert!(run.counterfactual().expect("none").is_none());
    assert!(run.versions().expect("none").is_empty());
    let error = run
        .check_stream("payment.failur")
        .expect_err("no such stream");
    assert_eq!(error.kind(), Kind::Input);
    assert!(
        error
            .help()
            .is_some_and(|help| help.contains("payment.failure"))
    );
}

#[test]
fn a_manifest_gives_the_run_that_it_is_of() {
    let folder = temp();
    let (job, written) = play(small(), folder.path());
    let run = Run::of_manifest(&written.manifest, Sources::default()).expect("of this program");
    assert_eq!(run.settings.start, job.run.settings.start);
    assert_eq!(run.program.name, job.run.program.name);
    let mut session = causeflow_runs::Session::begin(&run, &());
    session.step(session.end(), None).expect("it plays");
    let again = session.finish().fingerprint.to_string();
    assert_eq!(again, written.manifest.fingerprint);
}

#[test]
fn tables_of_a_model_are_part_of_what_a_manifest_is_of() {
    let folder = temp();
    let model = folder.path().join("branches");
    std::fs::create_dir(&model).expect("room");
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let example = example.join("../examples/models/branches");
    for file in std::fs::read_dir(example).expect("the example") {
        let file = file.expect("a file").path();
        let name = file.file_name().expect("a name");
        std::fs::copy(&file, model.join(name)).expect("room");
    }
    let spec = RunSpec {
        days: 2.0,
        ..RunSpec::of(model.to_str().expect("UTF-8"))
    };
    let (_, written) = play(spec, folder.path());
    let sources = || Sources {
        model: model.to_str(),
        ..Sources::default()
    };
    let again = || Run::of_manifest(&written.manifest, sources());
    let run = again().expect("of this program");
    let mut session = causeflow_runs::Session::begin(&run, &());
    session.step(session.end(), None).expect("it plays");
    let fingerprint = session.finish().fingerprint.to_string();
    assert_eq!(fingerprint, written.manifest.fingerprint);
    let cities = model.join("cities.csv");
    let text = std::fs::read_to_string(&cities).expect("a table");
    std::fs::write(&cities, text.replace("3677472", "3677473")).expect("room");
    let error = again().err().expect("another model");
    assert_eq!(error.kind(), Kind::Input, "{error}");
}
