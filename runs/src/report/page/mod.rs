//! The page: its frame and the order of its parts.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::file::MARK;
use super::times::full;
use super::{Report, charts};
use crate::error::Error;
use crate::numbers::{count, some};

mod graph;
mod interventions;
mod streams;
mod summary;
mod twin;

const STYLE: &str = include_str!("style.css");

/// What a browser may load for the page: nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The whole page as HTML.
pub fn page(report: &Report) -> Result<String, Error> {
    let title = title(report);
    let domains = streams::domains(report);
    let body = html! {
        a.skip href="#main" { "Skip to the content" }
        header {
            h1 { (title) }
            p.lead { (lead(report)) }
        }
        nav aria-label="Parts of this page" {
            ul {
                li { a href="#summary" { "Summary" } }
                li { a href="#interventions" { "What intervened" } }
                li { a href="#streams" { "Streams" } }
                li { a href="#graph" { "Causal graph" } }
                li { a href="#twin" { "Untouched twin" } }
            }
        }
        main #main tabindex="-1" {
            (summary::section(report))
            (interventions::section(report))
            (streams::section(report, &domains)?)
            (graph::section(report))
            (twin::section(report)?)
        }
        (footer(report))
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                (PreEscaped(MARK))
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) " · causeflow" }
                style { (PreEscaped(STYLE)) }
            }
            body { (body) }
        }
    };
    Ok(page.into_string() + "\n")
}

fn title(report: &Report) -> String {
    let manifest = report.manifest;
    let version = manifest.version.as_ref();
    let version = version.map_or_else(String::new, |v| format!(", version {}", v.name));
    format!("{}, seed {}{version}", manifest.model.name, manifest.seed)
}

fn lead(report: &Report) -> Markup {
    let manifest = report.manifest;
    let rows: u64 = manifest.streams.iter().map(|stream| stream.rows).sum();
    html! {
        (count(rows)) " events in " (some(manifest.streams.len(), "stream")) ", from " (full(report.range.from)) " to "
        (full(report.range.to)) " (all times are UTC). Charts show " (full(report.window.from)) " to "
        (full(report.window.to)) "."
    }
}

fn footer(report: &Report) -> Markup {
    let manifest = report.manifest;
    let generator = &manifest.generator;
    let facts = [
        ("Model", manifest.model.name.clone()),
        ("Seed", manifest.seed.to_string()),
        ("Scale", manifest.scale.to_string()),
        ("Start", manifest.start.clone()),
        ("End", manifest.end.clone()),
        ("Fingerprint", manifest.fingerprint.clone()),
        ("Model digest", manifest.model.digest.clone()),
        (
            "Played by",
            format!("{} {}", generator.name, generator.version),
        ),
    ];
    html! {
        footer {
            h2 { "The run" }
            dl {
                @for (name, value) in facts {
                    div { dt { (name) } dd { (value) } }
                }
            }
        }
    }
}

/// A chart with its title and description for those who do not see it.
fn chart(id: &str, title: &str, description: &str, height: i32, elements: String) -> Markup {
    html! {
        svg.chart viewBox=(charts::view_box(height)) role="img"
            aria-labelledby={ (id) "-title " (id) "-description" } {
            title id={ (id) "-title" } { (title) }
            desc id={ (id) "-description" } { (description) }
            (PreEscaped(elements))
        }
    }
}

/// A sign of the charts and what it means.
fn sample(sign: Markup, text: &str) -> Markup {
    html! {
        li {
            svg.sample viewBox="0 0 28 14" width="28" height="14" aria-hidden="true" { (sign) }
            (text)
        }
    }
}

/// A table that scrolls by itself where the screen is narrower; its caption names it also for the keyboard's focus.
fn table(id: &str, caption: &str, head: Markup, body: Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-labelledby=(id) {
            table {
                caption id=(id) { (caption) }
                thead { (head) }
                tbody { (body) }
            }
        }
    }
}

/// A row of column headings; those that begin with `#` stand above numbers.
fn headings(names: &[&str]) -> Markup {
    html! {
        tr {
            @for name in names {
                @match name.strip_prefix('#') {
                    Some(name) => th.number scope="col" { (name) },
                    None => th scope="col" { (name) },
                }
            }
        }
    }
}

/// A number that is not negative, with one decimal: `13,053.5`.
fn decimal(number: f64) -> String {
    let tenths = (number * 10.0).round() as u64;
    format!("{}.{}", count(tenths / 10), tenths % 10)
}

/// A number with its sign.
fn signed(number: i64) -> String {
    match number {
        0 => "0".to_owned(),
        1.. => format!("+{}", count(number.unsigned_abs())),
        _ => format!("\u{2212}{}", count(number.unsigned_abs())),
    }
}
