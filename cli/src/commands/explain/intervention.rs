//! The words for scenarios and for templates of external events.

use causeflow_engine::program::Program;
use causeflow_engine::time::{Span, Time};
use causeflow_scenarios::definition::Direction;
use causeflow_scenarios::{Injection, Rule, Scenario, Template};
use serde_json::{Value, json};

use super::text::section;
use crate::commands::scenarios::{one_line, pattern, settled};
use crate::output::{Align, Table};
use crate::words::{lasting, percent, settling};

/// Everything about a scenario.
pub fn scenario(scenario: &Scenario, program: &Program) -> String {
    let mut out = format!(
        "{}: {}\n{}\n\nLasts {}, then lets go {}; {} after its start it does nothing any more.\n",
        scenario.id,
        scenario.name,
        one_line(&scenario.description),
        scenario.duration,
        settling(scenario.settling),
        lasting(settled(scenario)),
    );
    out += &changes(&scenario.rules, Span(0), scenario.duration);
    let backlog = scenario.backlog.as_ref().map(|backlog| {
        let name = |stream| &program.streams[usize::from(stream)].name;
        format!(
            "{} of the {} events that would not be there without it happen as {} after all, within {} after its end",
            percent(backlog.share),
            name(backlog.held),
            name(backlog.released),
            backlog.within
        )
    });
    if let Some(backlog) = backlog {
        out += &section("What it releases", vec![backlog]);
    }
    if !scenario.events.is_empty() {
        let events = scenario.events.iter().map(injection);
        out += &section("External events that it makes known", events.collect());
    }
    out
}

/// Everything about a template.
pub fn template(template: &Template) -> String {
    let every = template.timing.as_ref().and_then(|timing| timing.every);
    let often = every.map_or(String::new(), |every| format!(", every {every} on average"));
    let comes = match pattern(template) {
        Some(pattern) => format!(
            "Comes by itself ({pattern}{often}); about a third of such events are red herrings and change nothing"
        ),
        None => "Comes only when it is asked for".to_owned(),
    };
    let direction = match template.direction {
        Direction::Increase => "an increase",
        Direction::Decrease => "a decrease",
        Direction::Mixed => "ups and downs",
    };
    let mut out = format!(
        "{}: {}\n{}\n\nType {}, severity {}. {comes}.\n\
         To be expected from {} after it on, for {}: {direction} of {} magnitude in {}.\n",
        template.id,
        template.title,
        one_line(&template.description),
        template.kind.name(),
        template.severity.name(),
        template.delay,
        template.duration,
        template.magnitude.name(),
        template.streams.join(", "),
    );
    out += &changes(&template.rules, template.delay, template.duration);
    out
}

/// What rules do, with times relative to a start, from which it takes some time until they begin.
fn changes(rules: &[Rule], delay: Span, duration: Span) -> String {
    if rules.is_empty() {
        return section("What it changes", Vec::new());
    }
    let mut table = Table::new(&[
        ("parameter", Align::Left),
        ("change", Align::Left),
        ("begins", Align::Right),
        ("in full", Align::Right),
        ("until", Align::Right),
        ("lets go", Align::Left),
        ("settled", Align::Right),
    ]);
    for course in rules.iter().filter_map(|r| Course::of(r, delay, duration)) {
        let [begins, full, until, settled] = course.times().map(|time| match time {
            Span(0) => "start".to_owned(),
            after => format!("+{}", lasting(after)),
        });
        table.row([
            course.rule.target.address.clone(),
            change(course.rule),
            begins,
            full,
            until,
            settling(course.rule.settling),
            settled,
        ]);
    }
    let times = match delay {
        Span(0) => "times are counted from its start",
        _ => "times are counted from the event",
    };
    format!("\nWhat it changes ({times})\n{}", table.render(2))
}

/// A rule with its times after a start.
struct Course<'a> {
    rule: &'a Rule,
    begins: Span,
    full: Span,
    until: Span,
    settled: Span,
}

impl Course<'_> {
    /// Nothing for a cascade that the end comes before.
    fn of(rule: &Rule, delay: Span, duration: Span) -> Option<Course<'_>> {
        let begin = Time(0) + delay;
        let envelope = rule.modifier(begin, begin + duration)?.envelope;
        let after = |time: Time| time - Time(0);
        Some(Course {
            rule,
            begins: after(envelope.start),
            full: after((envelope.start + envelope.onset).min(envelope.end)),
            until: after(envelope.end),
            settled: after(envelope.settled()),
        })
    }

    fn times(&self) -> [Span; 4] {
        [self.begins, self.full, self.until, self.settled]
    }
}

/// What a rule does to its parameter.
fn change(rule: &Rule) -> String {
    let amount = &rule.amount;
    let value = match amount.unit {
        Some("s") => Span((amount.value * 1e6) as i64).to_string(),
        Some("per_hour") => format!("{} an hour", amount.value),
        _ => amount.value.to_string(),
    };
    match amount.name {
        "multiply" => format!("times {value}"),
        "override" => format!("becomes {value}"),
        "shift" if amount.value >= 0.0 => format!("+{} points", points(amount.value)),
        "shift" => format!("{} points", points(amount.value)),
        _ if amount.value >= 0.0 => format!("+{value}"),
        _ => value,
    }
}

/// A share in percentage points, without the last bits of a float.
fn points(share: f64) -> f64 {
    (share * 1e6).round() / 1e4
}

fn injection(event: &Injection) -> String {
    let when = match event.at {
        Span(0) => "at its start".to_owned(),
        Span(before) if before < 0 => format!("{} before its start", Span(-before)),
        after => format!("{after} after its start"),
    };
    let title = event
        .title
        .as_ref()
        .map(|title| format!(", \"{title}\""))
        .unwrap_or_default();
    let impact = match event.own_impact {
        true => "with an impact of its own",
        false => "which only announces it",
    };
    format!("{when}: {}{title}, {impact}", event.template)
}

/// A scenario for programs.
pub fn scenario_as_json(scenario: &Scenario, program: &Program) -> Value {
    let name = |stream| &program.streams[usize::from(stream)].name;
    let backlog = scenario.backlog.as_ref().map(|backlog| {
        json!({
            "of": name(backlog.held),
            "as": name(backlog.released),
            "share": backlog.share,
            "within_h": hours(backlog.within),
        })
    });
    let events = scenario.events.iter().map(|event| {
        json!({
            "template": event.template,
            "at_h": hours(event.at),
            "title": event.title,
            "impact": if event.own_impact { "own" } else { "none" },
        })
    });
    json!({
        "kind": "scenario",
        "id": scenario.id,
        "name": scenario.name,
        "description": one_line(&scenario.description),
        "duration_h": hours(scenario.duration),
        "settled_after_h": hours(settled(scenario)),
        "modifiers": rules(&scenario.rules, Span(0), scenario.duration),
        "backlog": backlog,
        "events": events.collect::<Vec<_>>(),
    })
}

/// A template for programs.
pub fn template_as_json(template: &Template) -> Value {
    json!({
        "kind": "event",
        "id": template.id,
        "type": template.kind.name(),
        "title": template.title,
        "description": one_line(&template.description),
        "severity": template.severity.name(),
        "pattern": pattern(template),
        "expected_streams": template.streams,
        "expected_direction": template.direction.name(),
        "expected_magnitude": template.magnitude.name(),
        "delay_h": hours(template.delay),
        "duration_h": hours(template.duration),
        "modifiers": rules(&template.rules, template.delay, template.duration),
    })
}

fn rules(rules: &[Rule], delay: Span, duration: Span) -> Vec<Value> {
    let rule = |course: Course<'_>| {
        let [begins, full, until, settled] = course.times().map(hours);
        json!({
            "address": course.rule.target.address,
            "kind": course.rule.kind.name(),
            "operation": course.rule.amount.name,
            "value": course.rule.amount.value,
            "value_unit": course.rule.amount.unit,
            "start_h": begins,
            "onset_end_h": full,
            "end_h": until,
            "settling": settling(course.rule.settling),
            "settled_h": settled,
        })
    };
    let courses = rules.iter().filter_map(|r| Course::of(r, delay, duration));
    courses.map(rule).collect()
}

fn hours(span: Span) -> f64 {
    span.0 as f64 / Span::HOUR.0 as f64
}
