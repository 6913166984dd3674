//! What differs from the run without interventions.

use maud::{Markup, html};

use super::{chart, headings, sample, signed, table};
use crate::error::Error;
use crate::finished::Compared;
use crate::numbers::{count, some};
use crate::report::Report;
use crate::report::charts::TwinChart;
use crate::report::interventions::{Numbered, by_size};
use crate::report::twin::Moved;

pub fn section(report: &Report) -> Result<Markup, Error> {
    let touched = report.interventions.iter().any(|i| i.total().touched() > 0);
    let figures: Vec<Markup> = (0..)
        .zip(&report.twin.moved)
        .map(|(number, moved)| figure(report, number, moved))
        .collect::<Result<_, _>>()?;
    Ok(html! {
        section #twin aria-labelledby="twin-heading" {
            h2 #twin-heading { "What differs from the untouched twin" }
            @if touched {
                p {
                    "The twin is the same run without any intervention, event by event. These figures are exact, not "
                    "estimates."
                }
                @if figures.is_empty() {
                    p { "In the time that the charts show, no stream has other counts than its twin." }
                } @else {
                    (legend())
                    div.charts { @for figure in &figures { (figure) } }
                }
                (effects(report))
            } @else {
                p { "Nothing: no scenario and no external event changed an event of this run." }
            }
            @if let Some(compared) = &report.twin.counterfactual { (counterfactual(compared)) }
        }
    })
}

fn legend() -> Markup {
    let run = html! { path.count d="M1,7 L27,7" {} };
    let twin = html! { path.twin d="M1,7 L27,7" {} };
    let apart = html! { rect.apart x="1" y="1" width="26" height="12" {} };
    html! {
        ul.legend aria-label="Signs in the charts of this part" {
            (sample(run, "events an hour in this run"))
            (sample(twin, "without interventions"))
            (sample(apart, "the difference"))
        }
    }
}

fn figure(report: &Report, number: usize, moved: &Moved) -> Result<Markup, Error> {
    let drawing = TwinChart {
        window: report.window,
        hours: &moved.hours,
    };
    let elements = drawing.draw()?;
    let id = format!("t{number}");
    let (with, without) = (moved.events(), moved.without());
    let net = signed(with as i64 - without as i64);
    let facts = format!(
        "{} events, {} without interventions: {net}",
        count(with),
        count(without)
    );
    let title = format!(
        "{}, events an hour with and without interventions",
        moved.stream
    );
    Ok(html! {
        article.stream aria-labelledby={ (id) "-heading" } {
            h3 id={ (id) "-heading" } { (moved.stream) }
            p.facts { (facts) }
            (chart(&id, &title, &facts, TwinChart::HEIGHT, elements))
        }
    })
}

fn effects(report: &Report) -> Markup {
    let effects = by_size(&report.interventions);
    let names = ["Cause", "Stream", "#Added", "#Removed", "#Changed", "#Net"];
    let rows = html! {
        @for Numbered { number, intervention, stream, effect } in &effects {
            tr {
                th scope="row" { a href={ "#i" (number) } { (number) " " (intervention.id()) } }
                td { (stream) }
                td.number { (count(effect.added)) }
                td.number { (count(effect.removed)) }
                td.number { (count(effect.changed)) }
                td.number { (signed(effect.net())) }
            }
        }
    };
    let caption =
        "What each intervention did to each stream in the whole run, the largest effects first";
    html! {
        details open[effects.len() <= 20] {
            summary { "All " (some(effects.len(), "effect")) ", by cause and stream" }
            (table("effects-table", caption, headings(&names), rows))
        }
    }
}

fn counterfactual(compared: &[Compared]) -> Markup {
    let names = [
        "Stream",
        "#Events",
        "#In the counterfactual",
        "#Added",
        "#Removed",
        "#Moved",
        "#Changed",
    ];
    let rows = html! {
        @for c in compared {
            tr {
                th scope="row" { (c.stream) }
                @for number in [c.rows, c.twin_rows, c.added, c.removed, c.moved, c.changed] {
                    td.number { (count(number)) }
                }
            }
        }
    };
    let caption = "Streams that differ from the counterfactual run";
    html! {
        h3 { "The counterfactual run" }
        p {
            "Played again without the scenarios and external events that were asked for; the external events that come by "
            "themselves are in both. " (some(compared.len(), "stream")) " differ from it."
        }
        @if !compared.is_empty() { (table("counterfactual-table", caption, headings(&names), rows)) }
    }
}
