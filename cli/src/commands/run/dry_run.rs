//! `run --dry-run`: the plan, printed.

use causeflow_runs::{Control, Counterfactual, Estimate, Job, Planned};

use crate::errors::Failure;
use crate::output::{Align, Table, bytes, print_as, rough, short, some};

/// Estimates a run, prints the plan, and writes nothing.
pub fn show(job: &Job, json: bool, control: &dyn Control) -> Result<(), Failure> {
    let estimate = job.estimate(control)?;
    print_as(json, &estimate, || as_text(job, &estimate))
}

fn as_text(job: &Job, estimate: &Estimate) -> String {
    let settings = &job.run.settings;
    let days = (settings.end - settings.start).days();
    let mut table = Table::new(&[
        ("stream", Align::Left),
        ("rows", Align::Right),
        ("rows/day", Align::Right),
        ("size", Align::Right),
    ]);
    let mut sorted: Vec<(&str, f64, f64)> = Vec::new();
    for one in &estimate.streams {
        sorted.push((&one.name, one.expected_rows, one.expected_bytes));
    }
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
    let (rows, size) = (estimate.expected_rows, estimate.expected_bytes);
    sorted.push(("total", rows, size));
    for (name, rows, size) in sorted {
        table.row([
            name.to_owned(),
            rough(rows),
            rough(rows / days),
            bytes(size),
        ]);
    }
    let told = estimate.uneven.iter().chain(&estimate.beyond_dates);
    let told = told.map(|line| format!("{line}\n"));
    format!(
        "{} from {} to {}, seed {}, scale {}\n{}\n{}\n\
         About {} rows of {} and {} as {} in {}.\n\
         {}This is an estimate, from a small pilot run over the same days. Nothing was written.\n",
        estimate.model,
        estimate.start,
        estimate.end,
        estimate.seed,
        estimate.scale,
        interventions(estimate),
        table.render(0),
        short(rows),
        some(estimate.streams.len(), "stream"),
        bytes(size),
        estimate.format.ending(),
        estimate.out,
        told.collect::<String>(),
    )
}

/// What will happen besides the model, a line each.
fn interventions(estimate: &Estimate) -> String {
    let scenario = |one: &Planned| {
        let settled = match one.settled == one.end {
            true => String::new(),
            false => format!(", settled by {}", one.settled),
        };
        let Planned { id, start, end, .. } = one;
        format!("scenario {id} from {start} to {end}{settled}\n")
    };
    let mut text: String = estimate.scenarios.iter().map(scenario).collect();
    if estimate.external_events > 0 {
        text += &format!(
            "{}, {} of which by {}\n",
            some(estimate.external_events, "external event"),
            estimate.of_timeline,
            match estimate.of_timeline {
                1 => "itself",
                _ => "themselves",
            },
        );
    }
    text += match estimate.counterfactual {
        None => "",
        Some(Counterfactual::Together) => {
            "played twice, the second time without what was asked for, and compared\n"
        }
        Some(Counterfactual::Each) => {
            "played again without what was asked for, and without each of that, and compared\n"
        }
    };
    text
}
