//! The causal graph, as a drawing and as a table.

use maud::{Markup, html};

use super::{headings, table};
use crate::numbers::count;
use crate::report::Report;
use crate::report::causes::{Arrow, Graph};
use crate::report::drawing::{draw, rate};

pub fn section(report: &Report) -> Markup {
    html! {
        section #graph aria-labelledby="graph-heading" {
            h2 #graph-heading { "Causal graph" }
            @match &report.graph {
                Err(why) => p { "The graph is left out, because it needs the model: " (why) "." },
                Ok(graph) if graph.arrows.is_empty() => p { "In this model nothing causes anything else." },
                Ok(graph) => (whole(graph)),
            }
        }
    }
}

fn whole(graph: &Graph) -> Markup {
    html! {
        p {
            "Arrows go from causes to effects, with the number of effects for each cause as measured in this run: events "
            "whose cause is in the causing stream, over all events of that stream. Round boxes have events that come "
            "by themselves; dashed arrows are outcomes of which exactly one happens. Effects after the end of the run "
            "are missing, so what takes days measures lower than declared. What a scenario releases as a backlog is not in the "
            "model, and so not here."
        }
        div.scroll.drawing tabindex="0" role="region" aria-label="Drawing of the causal graph" { (draw(graph)) }
        (numbers(graph))
    }
}

fn numbers(graph: &Graph) -> Markup {
    let mut arrows: Vec<&Arrow> = graph.arrows.iter().collect();
    arrows.sort_by_key(|arrow| (arrow.from, arrow.to));
    let names = [
        "Cause",
        "Effect",
        "Declared",
        "After",
        "#Causes",
        "#Effects",
        "#Measured",
    ];
    let rows = html! {
        @for arrow in arrows {
            tr {
                th scope="row" { (graph.nodes[arrow.from].name) }
                td { (graph.nodes[arrow.to].name) }
                td { (arrow.declared.0) }
                td { (arrow.declared.1) }
                @if let Some(measured) = arrow.measured {
                    td.number { (count(measured.causes)) }
                    td.number { (count(measured.effects)) }
                    td.number { (rate(measured)) }
                } @else {
                    td colspan="3" { "the run was played without one of them" }
                }
            }
        }
    };
    let caption = "Causes and effects, as declared and as measured in the whole run";
    table("graph-table", caption, headings(&names), rows)
}
