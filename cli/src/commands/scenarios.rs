//! `causeflow scenarios`: what can be started, and what can happen.

use std::path::Path;

use causeflow_engine::time::{Span, Time};
use causeflow_scenarios::{Library, Scenario, Template};
use serde_json::{Value, json};

use crate::errors::Failure;
use crate::interventions::library;
use crate::model;
use crate::output::{Align, Table, print, print_json, say, some};
use crate::words::settling;

/// Runs the command.
pub fn run(name: &str, folder: Option<&Path>, events: bool, json: bool) -> Result<(), Failure> {
    let model = model::load(name, true)?;
    let library = library(&model, folder)?;
    if library.problems().has_errors() {
        say(&format!(
            "warning: those with errors are left out\n  help: `causeflow check {name}` tells what is wrong"
        ));
    }
    if json {
        let scenarios: Vec<Value> = library.scenarios().map(scenario_as_json).collect();
        let templates = library.event_templates().map(template_as_json);
        let templates = events.then(|| templates.collect::<Vec<Value>>());
        return print_json(&match templates {
            Some(templates) => json!({"scenarios": scenarios, "events": templates}),
            None => Value::from(scenarios),
        });
    }
    print(&as_text(name, &library, events))
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

/// The pattern by which a template's events come, as its file writes it.
pub fn pattern(template: &Template) -> Option<String> {
    let pattern = serde_json::to_value(template.timing.as_ref()?.pattern).ok()?;
    pattern.as_str().map(str::to_owned)
}

/// A text without its line breaks.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// From when on a scenario does nothing any more, after its start.
pub fn settled(scenario: &Scenario) -> Span {
    let begin = Time(0);
    let end = begin + scenario.duration;
    let modifiers = scenario.rules.iter().filter_map(|r| r.modifier(begin, end));
    let settled = modifiers.map(|m| m.envelope.settled());
    let released = scenario.backlog.as_ref().map(|b| end + b.within);
    settled.chain(released).fold(end, Time::max) - begin
}

fn scenario_as_json(scenario: &Scenario) -> Value {
    json!({
        "id": scenario.id,
        "name": scenario.name,
        "description": one_line(&scenario.description),
        "duration": scenario.duration.to_string(),
        "settling": settling(scenario.settling),
        "settled_after_h": settled(scenario).days() * 24.0,
        "modifiers": scenario.rules.len(),
    })
}

fn template_as_json(template: &Template) -> Value {
    json!({
        "id": template.id,
        "type": template.kind.name(),
        "title": template.title,
        "description": one_line(&template.description),
        "severity": template.severity.name(),
        "pattern": pattern(template),
        "every": template.timing.as_ref().and_then(|timing| timing.every).map(|every| every.to_string()),
        "expected_streams": template.streams,
        "expected_direction": template.direction.name(),
        "expected_magnitude": template.magnitude.name(),
        "delay": template.delay.to_string(),
        "duration": template.duration.to_string(),
        "modifiers": template.rules.len(),
    })
}
