//! The words for scenarios and for templates of external events.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::{Program, StreamId};
use causeflow_scenarios::definition::Direction;
use causeflow_scenarios::{Injection, Rule, Scenario, Template};
use schemars::JsonSchema;
use serde::Serialize;

use super::text::section;
use crate::about::scenarios::{one_line, pattern, settled};
use crate::text_table::{Align, Table};
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
        let name = |stream: StreamId| &program.streams[stream].name;
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

/// A scenario.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScenarioExplained {
    /// `scenario`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is.
    pub description: String,
    /// How many hours it lasts.
    pub duration_h: f64,
    /// Hours after its start from when on it does nothing any more.
    pub settled_after_h: f64,
    /// What it changes.
    pub modifiers: Vec<RuleShown>,
    /// What it releases after its end, if it holds something back.
    pub backlog: Option<BacklogShown>,
    /// External events that it makes known.
    pub events: Vec<EventShown>,
}

/// What a scenario releases after its end.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BacklogShown {
    /// The stream of which it held events back.
    pub of: String,
    /// The stream as which they happen after all.
    #[serde(rename = "as")]
    pub released_as: String,
    /// The share of them that does.
    pub share: f64,
    /// Within how many hours.
    pub within_h: f64,
}

/// An external event that a scenario makes known.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EventShown {
    /// The template that it is of.
    pub template: String,
    /// Hours after the scenario's start.
    pub at_h: f64,
    /// Its headline, if it is not the template's.
    pub title: Option<String>,
    /// `own` if it has the template's impact, `none` if it only announces the scenario.
    pub impact: String,
}

/// A template of external events.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TemplateExplained {
    /// `event`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// What kind of event it is.
    #[serde(rename = "type")]
    pub event_type: String,
    /// Its headline.
    pub title: String,
    /// What happens.
    pub description: String,
    /// How serious it looks.
    pub severity: String,
    /// The pattern by which its events come by themselves, if they do.
    pub pattern: Option<String>,
    /// Streams that it is expected to move.
    pub expected_streams: Vec<String>,
    /// Which way.
    pub expected_direction: String,
    /// How far.
    pub expected_magnitude: String,
    /// How many hours after it that begins.
    pub delay_h: f64,
    /// For how many hours.
    pub duration_h: f64,
    /// What it changes.
    pub modifiers: Vec<RuleShown>,
}

/// What happens to one parameter, with times in hours after the start.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RuleShown {
    /// The parameter.
    pub address: String,
    /// Whose rule it is.
    pub kind: String,
    /// `multiply`, `override`, `shift` and so on.
    pub operation: String,
    /// The operation's value.
    pub value: f64,
    /// The unit of that.
    pub value_unit: Option<String>,
    /// When it begins.
    pub start_h: f64,
    /// When it is there in full.
    pub onset_end_h: f64,
    /// Until when.
    pub end_h: f64,
    /// How it lets go.
    pub settling: String,
    /// From when on it does nothing any more.
    pub settled_h: f64,
}

impl ScenarioExplained {
    pub(super) fn of(scenario: &Scenario, program: &Program) -> ScenarioExplained {
        let name = |stream: StreamId| program.streams[stream].name.clone();
        let backlog = scenario.backlog.as_ref().map(|backlog| BacklogShown {
            of: name(backlog.held),
            released_as: name(backlog.released),
            share: backlog.share,
            within_h: hours(backlog.within),
        });
        let events = scenario.events.iter().map(|event| EventShown {
            template: event.template.clone(),
            at_h: hours(event.at),
            title: event.title.clone(),
            impact: if event.own_impact { "own" } else { "none" }.to_owned(),
        });
        ScenarioExplained {
            kind: "scenario".to_owned(),
            id: scenario.id.clone(),
            name: scenario.name.clone(),
            description: one_line(&scenario.description),
            duration_h: hours(scenario.duration),
            settled_after_h: hours(settled(scenario)),
            modifiers: rules(&scenario.rules, Span(0), scenario.duration),
            backlog,
            events: events.collect(),
        }
    }
}

impl TemplateExplained {
    pub(super) fn of(template: &Template) -> TemplateExplained {
        TemplateExplained {
            kind: "event".to_owned(),
            id: template.id.clone(),
            event_type: template.kind.name().to_owned(),
            title: template.title.clone(),
            description: one_line(&template.description),
            severity: template.severity.name().to_owned(),
            pattern: pattern(template),
            expected_streams: template.streams.clone(),
            expected_direction: template.direction.name().to_owned(),
            expected_magnitude: template.magnitude.name().to_owned(),
            delay_h: hours(template.delay),
            duration_h: hours(template.duration),
            modifiers: rules(&template.rules, template.delay, template.duration),
        }
    }
}

fn rules(rules: &[Rule], delay: Span, duration: Span) -> Vec<RuleShown> {
    let rule = |course: Course<'_>| {
        let [start_h, onset_end_h, end_h, settled_h] = course.times().map(hours);
        let amount = &course.rule.amount;
        RuleShown {
            address: course.rule.target.address.clone(),
            kind: course.rule.kind.name().to_owned(),
            operation: amount.name.to_owned(),
            value: amount.value,
            value_unit: amount.unit.map(str::to_owned),
            start_h,
            onset_end_h,
            end_h,
            settling: settling(course.rule.settling),
            settled_h,
        }
    };
    let courses = rules.iter().filter_map(|r| Course::of(r, delay, duration));
    courses.map(rule).collect()
}

fn hours(span: Span) -> f64 {
    span.0 as f64 / Span::HOUR.0 as f64
}
