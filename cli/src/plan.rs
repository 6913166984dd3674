//! `run --dry-run`: the plan, printed.

use causeflow_engine::world::Settings;
use causeflow_models::Model;
use causeflow_outputs::Options;
use serde_json::json;

use crate::args::RunArgs;
use crate::errors::Failure;
use crate::output::{Align, Table, bytes, instant, print, print_json, rough, short, some};
use crate::pilot::{Expected, estimate};

/// Estimates a run, prints the plan, and writes nothing.
pub fn show(
    args: &RunArgs,
    model: &Model,
    settings: &Settings,
    options: Options,
    out: &str,
) -> Result<(), Failure> {
    let expected = estimate(&model.compiled.program, settings, Some(options))?;
    if args.json {
        print_json(&as_json(model, settings, options, out, &expected))
    } else {
        print(&as_text(model, settings, options, out, &expected))
    }
}

fn total(expected: &[Expected]) -> (f64, f64) {
    (
        expected.iter().map(|e| e.rows).sum(),
        expected.iter().map(|e| e.bytes).sum(),
    )
}

fn as_text(
    model: &Model,
    settings: &Settings,
    options: Options,
    out: &str,
    expected: &[Expected],
) -> String {
    let program = &model.compiled.program;
    let days = (settings.end - settings.start).days();
    let mut table = Table::new(&[
        ("stream", Align::Left),
        ("rows", Align::Right),
        ("rows/day", Align::Right),
        ("size", Align::Right),
    ]);
    let mut sorted: Vec<&Expected> = expected.iter().collect();
    sorted.sort_by(|a, b| b.rows.total_cmp(&a.rows));
    for one in sorted {
        let name = program.streams[usize::from(one.stream)].name.clone();
        table.row([
            name,
            rough(one.rows),
            rough(one.rows / days),
            bytes(one.bytes),
        ]);
    }
    let (rows, size) = total(expected);
    table.row(["total".into(), rough(rows), rough(rows / days), bytes(size)]);
    format!(
        "{} from {} to {}, seed {}, scale {}\n\n{}\n\
         About {} rows of {} and {} as {} in {out}.\n\
         This is an estimate, from a small pilot run over the same days. Nothing was written.\n",
        program.name,
        instant(settings.start),
        instant(settings.end),
        settings.seed,
        settings.scale,
        table.render(0),
        short(rows),
        some(expected.len(), "stream"),
        bytes(size),
        options.format().ending(),
    )
}

fn as_json(
    model: &Model,
    settings: &Settings,
    options: Options,
    out: &str,
    expected: &[Expected],
) -> serde_json::Value {
    let program = &model.compiled.program;
    let (rows, size) = total(expected);
    let streams: Vec<_> = expected
        .iter()
        .map(|one| {
            let stream = &program.streams[usize::from(one.stream)];
            json!({
                "name": stream.name, "domain": stream.domain,
                "expected_rows": one.rows.round(), "expected_bytes": one.bytes.round(),
            })
        })
        .collect();
    json!({
        "estimate": true,
        "model": program.name,
        "seed": settings.seed.to_string(),
        "start": instant(settings.start),
        "end": instant(settings.end),
        "scale": settings.scale,
        "format": options.format(),
        "compression": options.compression(),
        "out": out,
        "expected_rows": rows.round(),
        "expected_bytes": size.round(),
        "streams": streams,
    })
}
