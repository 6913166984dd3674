//! `causeflow scenarios`: what can be started, and what can happen.

use std::path::Path;

use causeflow_runs::about::{ScenariosShown, one_line, pattern};
use causeflow_runs::words::settling;
use causeflow_runs::{library, load};
use causeflow_scenarios::Library;

use crate::errors::Failure;
use crate::output::{Align, Table, print_as, say, some};

/// Runs the command.
pub fn run(name: &str, folder: Option<&Path>, events: bool, json: bool) -> Result<(), Failure> {
    let model = load(name, &())?;
    let library = library(&model, folder)?;
    if library.problems().has_errors() {
        say(&format!(
            "warning: those with errors are left out\n  help: `causeflow check {name}` tells what is wrong"
        ));
    }
    let shown = ScenariosShown::of(&library, events);
    print_as(json, &shown, || as_text(name, &library, events))
}

fn as_text(name: &str, library: &Library, events: bool) -> String {
    let mut table = Table::new(&[
        ("scenario", Align::Left),
        ("lasts", Align::Right),
        ("settles", Align::Left),
        ("what it is", Align::Left),
    ]);
    let mut first = None;
    for scenario in library.scenarios() {
        first = first.or(Some(&scenario.id));
        table.row([
            scenario.id.clone(),
            scenario.duration.to_string(),
            settling(scenario.settling),
            one_line(&scenario.description),
        ]);
    }
    let mut text = match first {
        None => format!("{name} has no scenarios; docs/scenarios.md tells how to write one.\n"),
        Some(id) => format!(
            "{}\nTo start one: `causeflow run {name} --scenario {id}@day3T10:00`; \
             `causeflow explain {name} {id}` tells what it changes.\n",
            table.render(0)
        ),
    };
    if events {
        text += &format!("\n{}", templates(library));
    }
    text
}

fn templates(library: &Library) -> String {
    let mut table = Table::new(&[
        ("event", Align::Left),
        ("type", Align::Left),
        ("comes", Align::Left),
        ("after", Align::Right),
        ("lasts", Align::Right),
        ("what has happened", Align::Left),
    ]);
    let mut number = 0;
    for template in library.event_templates() {
        number += 1;
        table.row([
            template.id.clone(),
            template.kind.name().to_owned(),
            pattern(template).unwrap_or_else(|| "when asked for".to_owned()),
            template.delay.to_string(),
            template.duration.to_string(),
            template.title.clone(),
        ]);
    }
    match number {
        0 => "There are no templates of external events.\n".to_owned(),
        number => format!(
            "{}\n{}; `after` is the time until its impact begins.\n",
            table.render(0),
            some(number, "template")
        ),
    }
}
