//! A chart and a table for each stream, domain by domain.

use causeflow_baselines::Flag;
use maud::{Markup, html};

use super::{chart, decimal, headings, sample, table};
use crate::error::Error;
use crate::numbers::{count, some};
use crate::report::Report;
use crate::report::charts::{Mark, StreamChart};
use crate::report::history::StreamHistory;
use crate::report::times::{machine, short};

/// So many marks are listed without folding the list.
const MARKS: usize = 12;

/// Domains with the places of their streams, in the order of their first streams.
pub fn domains(report: &Report) -> Vec<(String, Vec<usize>)> {
    let mut domains: Vec<(String, Vec<usize>)> = Vec::new();
    for (place, stream) in report.streams.iter().enumerate() {
        let domain = domain(report, &stream.stream);
        match domains.iter_mut().find(|(known, _)| *known == domain) {
            Some((_, places)) => places.push(place),
            None => domains.push((domain.to_owned(), vec![place])),
        }
    }
    domains
}

/// The domain of a stream by the model; without it the first part of the stream's name.
fn domain<'a>(report: &'a Report, stream: &'a str) -> &'a str {
    let graph = report.graph.as_ref().ok();
    let node = graph.and_then(|graph| graph.nodes.iter().find(|node| node.name == stream));
    match node {
        Some(node) => &node.domain,
        None => stream.split_once('.').map_or(stream, |(first, _)| first),
    }
}

pub fn section(report: &Report, domains: &[(String, Vec<usize>)]) -> Result<Markup, Error> {
    let mut parts = Vec::new();
    for (number, (domain, places)) in domains.iter().enumerate() {
        let charts = places.iter().map(|&place| figure(report, place));
        parts.push((
            number,
            domain,
            charts.collect::<Result<Vec<Markup>, Error>>()?,
        ));
    }
    Ok(html! {
        section #streams aria-labelledby="streams-heading" {
            h2 #streams-heading { "Streams" }
            (legend())
            ul.jumps aria-label="Domains" {
                @for (number, domain, _) in &parts {
                    li { a href={ "#d" (number) } { (domain) } }
                }
            }
            @for (number, domain, figures) in &parts {
                section aria-labelledby={ "d" (number) } {
                    h3 id={ "d" (number) } { (domain) }
                    div.charts { @for figure in figures { (figure) } }
                }
            }
        }
    })
}

fn legend() -> Markup {
    let line = html! { path.count d="M1,9 L8,5 L15,8 L27,3" {} };
    let bands = html! {
        rect.band x="1" y="1" width="26" height="12" {}
        rect.band x="1" y="4" width="26" height="6" {}
        path.usual d="M1,7 L27,7" {}
    };
    let warning = html! { circle.warning cx="14" cy="7" r="3" {} };
    let critical = html! { path.critical d="M14,2 L19,7 L14,12 L9,7 Z" {} };
    let scenario = html! { rect.scenario x="1" y="1" width="16" height="12" {} rect.settling x="17" y="1" width="10" height="12" {} };
    let event = html! { path.event d="M14,1 L14,13" {} };
    html! {
        ul.legend aria-label="Signs in the charts" {
            (sample(line, "events an hour"))
            (sample(bands, "usual: mean, within 1 sigma, within 3"))
            (sample(warning, "an hour with a warning"))
            (sample(critical, "a critical hour or half day"))
            (sample(scenario, "a scenario, and its settling"))
            (sample(event, "an external event"))
        }
        p {
            "Numbers at the top are those of the list above; in brackets where it did not change the stream. "
            "The strip below each chart shows the scores of half days from 0 to 100, in which the band is normal."
        }
    }
}

fn figure(report: &Report, place: usize) -> Result<Markup, Error> {
    let history = &report.streams[place];
    let marks = marks(report, &history.stream);
    let drawing = StreamChart {
        history,
        window: report.window,
        marks: &marks,
    };
    let elements = drawing.draw()?;
    let id = format!("s{place}");
    let title = format!("{}, events an hour", history.stream);
    let description = description(history);
    Ok(html! {
        article.stream id=(id) aria-labelledby={ (id) "-heading" } {
            h4 id={ (id) "-heading" } { (history.stream) }
            p.facts { (facts(history)) }
            (chart(&id, &title, &description, StreamChart::HEIGHT, elements))
            @if !marks.is_empty() { (marked(report, &marks)) }
            details {
                summary { "Half days of " (history.stream) }
                (blocks(&id, history))
            }
        }
    })
}

/// What a stream's chart marks: scenarios, and the external events that changed the stream or were expected to.
fn marks(report: &Report, stream: &str) -> Vec<Mark> {
    let numbered = (1..).zip(&report.interventions);
    let shown = numbered.filter_map(|(number, intervention)| {
        let moved = intervention.effects.contains_key(stream);
        let meant = intervention.scenario || intervention.expected.iter().any(|e| e == stream);
        let until = match intervention.scenario {
            true => intervention.settled,
            // A mark where it began.
            false => intervention.start,
        };
        let seen = report.window.meets(intervention.start, until);
        ((moved || meant) && seen).then_some(Mark {
            number,
            scenario: intervention.scenario,
            moved,
            start: intervention.start,
            end: intervention.end,
            settled: intervention.settled,
        })
    });
    shown.collect()
}

/// What is marked, by number and name; folded where it is much.
fn marked(report: &Report, marks: &[Mark]) -> Markup {
    let list = html! {
        @for (place, mark) in marks.iter().enumerate() {
            @if place > 0 { ", " }
            @if !mark.moved { "(" }
            a href={ "#i" (mark.number) } { (mark.number) " " (report.interventions[mark.number - 1].id()) }
            @if !mark.moved { ")" }
        }
    };
    html! {
        @if marks.len() > MARKS {
            details { summary { (marks.len()) " marks" } p.marks { (list) } }
        } @else {
            p.marks { "Marked: " (list) }
        }
    }
}

fn facts(history: &StreamHistory) -> String {
    let events: u64 = history.hourly.points.iter().map(|point| point.count).sum();
    let flagged = |flag| {
        history
            .hourly
            .points
            .iter()
            .filter(|p| p.flag == Some(flag))
            .count()
    };
    format!(
        "{} events; {} with a warning, {} critical",
        count(events),
        some(flagged(Flag::Warning), "hour"),
        flagged(Flag::Critical)
    )
}

fn description(history: &StreamHistory) -> String {
    let points = &history.hourly.points;
    let least = points.iter().map(|point| point.count).min().unwrap_or(0);
    let peak = points.iter().rev().max_by_key(|point| point.count);
    let peak = peak.map_or_else(
        || "no hour".to_owned(),
        |peak| {
            format!(
                "{} in the hour from {}",
                count(peak.count),
                short(peak.start)
            )
        },
    );
    let critical = points
        .iter()
        .filter(|point| point.flag == Some(Flag::Critical));
    let critical: Vec<String> = critical.map(|point| short(point.start)).collect();
    let critical = match critical.as_slice() {
        [] => "No hour is critical".to_owned(),
        [first] => format!("The hour from {first} is critical"),
        [first, .., last] => {
            format!(
                "{} hours are critical, from {first} to {last}",
                critical.len()
            )
        }
    };
    format!(
        "Least {}, most {peak}. {critical}. The table of half days below has counts and scores.",
        count(least)
    )
}

fn blocks(id: &str, history: &StreamHistory) -> Markup {
    let names = ["From", "#Events", "#Usual", "#Sigma", "#Score", "Flag"];
    let number = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), decimal);
    let rows = html! {
        @for point in &history.blocks.points {
            tr {
                th scope="row" { time datetime=(machine(point.start)) { (short(point.start)) } }
                td.number { (count(point.count)) }
                td.number { (number(point.usual.map(|(mean, _)| mean))) }
                td.number { (number(point.usual.map(|(_, sigma)| sigma))) }
                td.number { (number(point.score)) }
                td { (point.flag.map_or("not scored", Flag::name)) }
            }
        }
    };
    let caption = format!("{} in half days", history.stream);
    table(&format!("{id}-table"), &caption, headings(&names), rows)
}
