//! `run --dry-run`: the plan, printed.

use causeflow_outputs::ScenarioEntry;
use serde_json::json;

use super::Job;
use super::peopled::uneven;
use crate::args::CounterfactualArg;
use crate::errors::Failure;
use crate::interventions::entries::Scheduled;
use crate::output::{Align, Table, bytes, instant, print, print_json, rough, short, some};
use crate::pilot::{Expected, estimate};

/// Estimates a run, prints the plan, and writes nothing.
pub fn show(job: &Job) -> Result<(), Failure> {
    let expected = estimate(job.program, job.settings, Some(job.options))?;
    if job.args.json {
        print_json(&as_json(job, &expected))
    } else {
        print(&as_text(job, &expected))
    }
}

fn total(expected: &[Expected]) -> (f64, f64) {
    (
        expected.iter().map(|e| e.rows).sum(),
        expected.iter().map(|e| e.bytes).sum(),
    )
}

fn as_text(job: &Job, expected: &[Expected]) -> String {
    let (program, settings) = (job.program, job.settings);
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
        "{} from {} to {}, seed {}, scale {}\n{}\n{}\n\
         About {} rows of {} and {} as {} in {}.\n\
         {}This is an estimate, from a small pilot run over the same days. Nothing was written.\n",
        program.name,
        instant(settings.start),
        instant(settings.end),
        settings.seed,
        settings.scale,
        interventions(job),
        table.render(0),
        short(rows),
        some(expected.len(), "stream"),
        bytes(size),
        job.options.format().ending(),
        job.out.display(),
        uneven(program, settings.scale)
            .iter()
            .map(|line| format!("{line}\n"))
            .collect::<String>(),
    )
}

/// What will happen besides the model, a line each.
fn interventions(job: &Job) -> String {
    let scenario = |one: Scheduled<'_>| {
        let settled = match one.settled > one.end {
            true => format!(", settled by {}", instant(one.settled)),
            false => String::new(),
        };
        format!(
            "scenario {} from {} to {}{settled}\n",
            one.activation.scenario,
            instant(one.activation.start),
            instant(one.end),
        )
    };
    let mut text: String = job
        .interventions
        .scheduled()
        .into_iter()
        .map(scenario)
        .collect();
    let events = job.interventions.plan.external_events();
    let of_timeline = events.iter().filter(|event| event.of_timeline).count();
    if !events.is_empty() {
        text += &format!(
            "{}, {of_timeline} of which by {}\n",
            some(events.len(), "external event"),
            if of_timeline == 1 {
                "itself"
            } else {
                "themselves"
            },
        );
    }
    match job.args.counterfactual {
        None => {}
        Some(CounterfactualArg::Together) => {
            text += "played twice, the second time without what was asked for, and compared\n";
        }
        Some(CounterfactualArg::Each) => {
            text +=
                "played again without what was asked for, and without each of that, and compared\n";
        }
    }
    text
}

fn as_json(job: &Job, expected: &[Expected]) -> serde_json::Value {
    let (program, settings, options) = (job.program, job.settings, job.options);
    let scenario = |one: ScenarioEntry| {
        json!({
            "id": one.id, "start": one.start, "end": one.end, "settled": one.settled, "attribution": one.attribution,
        })
    };
    let scenarios = job.interventions.scenario_entries();
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
        "scenarios": scenarios.into_iter().map(scenario).collect::<Vec<_>>(),
        "external_events": job.interventions.plan.external_events().len(),
        "counterfactual": job.args.counterfactual,
        "out": job.out.display().to_string(),
        "expected_rows": rows.round(),
        "expected_bytes": size.round(),
        "streams": streams,
        "uneven": uneven(program, settings.scale),
    })
}
