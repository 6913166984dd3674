//! The summary: how usual the run is, and where it is not.

use maud::{Markup, html};

use super::{headings, signed, table};
use crate::numbers::{count, some};
use crate::report::Report;
use crate::report::history::{StreamHistory, Tally};
use crate::report::interventions::{Intervention, Numbered, by_size};

/// Rows of the tables of what stands out.
const ROWS: usize = 8;

pub fn section(report: &Report) -> Markup {
    let (mut blocks, mut hours) = (Tally::default(), Tally::default());
    for stream in &report.streams {
        blocks.merge(stream.blocks.tally);
        hours.merge(stream.hourly.tally);
    }
    let scenarios = report.interventions.iter().filter(|i| i.scenario).count();
    let events = report.interventions.len() - scenarios;
    html! {
        section #summary aria-labelledby="summary-heading" {
            h2 #summary-heading { "Summary" }
            p {
                (some(scenarios, "scenario")) " and " (some(events, "external event")) " in this run. "
                "Each interval of each stream is scored from 0 to 100 against what is usual in such intervals "
                "without interventions: "
                b { "normal" } " is within one sigma of the mean (scores 30 to 70), " b { "critical" }
                " is three sigmas away or more (0 or 100), " b { "warning" } " is what lies between."
            }
            ul.tiles {
                (tile("normal", blocks.normal, blocks.scored()))
                (tile("warning", blocks.warning, blocks.scored()))
                (tile("critical", blocks.critical, blocks.scored()))
            }
            (tallies(blocks, hours))
            div.pair {
                (unusual(&report.streams))
                (largest(&report.interventions))
            }
        }
    }
}

fn share(part: u64, whole: u64) -> String {
    format!("{:.1} %", part as f64 / whole.max(1) as f64 * 100.0)
}

fn tile(flag: &str, number: u64, all: u64) -> Markup {
    html! {
        li class=(flag) {
            span.sign aria-hidden="true" {}
            span.figure { (share(number, all)) }
            span.label { (flag) ": " (count(number)) " half days" }
        }
    }
}

fn tallies(blocks: Tally, hours: Tally) -> Markup {
    let row = |name: &str, tally: Tally| {
        html! {
            tr {
                th scope="row" { (name) }
                @for number in [tally.normal, tally.warning, tally.critical, tally.unscored] {
                    td.number { (count(number)) }
                }
            }
        }
    };
    let names = [
        "Intervals",
        "#Normal",
        "#Warning",
        "#Critical",
        "#Not scored",
    ];
    let rows = html! { (row("Half days", blocks)) (row("Hours", hours)) };
    table(
        "tallies",
        "Intervals of all streams, in the whole run",
        headings(&names),
        rows,
    )
}

fn unusual(streams: &[StreamHistory]) -> Markup {
    let mut most: Vec<(usize, &StreamHistory)> = streams.iter().enumerate().collect();
    let critical = |s: &StreamHistory| (s.blocks.tally.critical, s.hourly.tally.critical);
    most.retain(|(_, stream)| critical(stream) != (0, 0));
    most.sort_by_key(|(_, stream)| std::cmp::Reverse(critical(stream)));
    if most.is_empty() {
        return html! { p { "No stream has a critical interval." } };
    }
    let rows = html! {
        @for (place, stream) in most.iter().take(ROWS) {
            tr {
                th scope="row" { a href={ "#s" (place) } { (stream.stream) } }
                td.number { (count(stream.blocks.tally.critical)) }
                td.number { (count(stream.hourly.tally.critical)) }
            }
        }
    };
    let caption = "Streams with the most critical intervals";
    let names = ["Stream", "#Half days", "#Hours"];
    table("unusual", caption, headings(&names), rows)
}

/// The largest effects; the whole list is in the part about the twin.
fn largest(interventions: &[Intervention]) -> Markup {
    let effects = by_size(interventions);
    if effects.is_empty() {
        return html! { p { "Nothing that intervened changed any event." } };
    }
    let rows = html! {
        @for Numbered { number, intervention, stream, effect } in effects.iter().take(ROWS) {
            tr {
                th scope="row" { a href={ "#i" (number) } { (number) " " (intervention.id()) } }
                td { (stream) }
                td.number { (count(effect.touched())) }
                td.number { (signed(effect.net())) }
            }
        }
    };
    let names = ["Cause", "Stream", "#Events that differ", "#Net"];
    table(
        "largest",
        "The largest effects, exactly as they are",
        headings(&names),
        rows,
    )
}
