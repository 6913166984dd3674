//! The list of what intervened.

use maud::{Markup, html};

use super::{headings, signed, table};
use crate::finished::id;
use crate::numbers::count;
use crate::report::Report;
use crate::report::interventions::Intervention;
use crate::report::times::{machine, short};

pub fn section(report: &Report) -> Markup {
    html! {
        section #interventions aria-labelledby="interventions-heading" {
            h2 #interventions-heading { "What intervened" }
            @if report.interventions.is_empty() {
                p { "Nothing: the run has neither scenarios nor external events." }
            } @else {
                p {
                    "Charts mark these by their numbers. Added are events that would not be there, or not at this time, "
                    "without it; removed are those that would; changed are those with other values. An external event "
                    "that changed nothing is a red herring, or the news of a scenario."
                }
                (list(report))
            }
        }
    }
}

fn list(report: &Report) -> Markup {
    let names = [
        "#No.",
        "What",
        "Starts",
        "Ends",
        "#Added",
        "#Removed",
        "#Changed",
        "#Net",
        "Mostly in",
    ];
    let rows = html! {
        @for (number, intervention) in (1..).zip(&report.interventions) {
            (row(report, number, intervention))
        }
    };
    let caption = "Scenarios and external events, in the order of their start";
    table("interventions-table", caption, headings(&names), rows)
}

fn row(report: &Report, number: usize, intervention: &Intervention) -> Markup {
    let total = intervention.total();
    let most = intervention.most().and_then(|most| {
        let place = report.streams.iter().position(|s| s.stream == most)?;
        Some((most, place))
    });
    let time = |time| html! { time datetime=(machine(time)) { (short(time)) } };
    html! {
        tr.still[total.touched() == 0] id={ "i" (number) } {
            td.number { (number) }
            th scope="row" {
                (intervention.id())
                small { (about(intervention)) }
            }
            td { (time(intervention.start)) }
            td { (time(intervention.end)) }
            td.number { (count(total.added)) }
            td.number { (count(total.removed)) }
            td.number { (count(total.changed)) }
            td.number { (signed(total.net())) }
            td { @if let Some((most, place)) = most { a href={ "#s" (place) } { (most) } } @else { "nothing" } }
        }
    }
}

fn about(intervention: &Intervention) -> String {
    let mut parts = vec![match &intervention.about {
        None => "scenario".to_owned(),
        Some(about) => format!("external event: {about}"),
    }];
    parts.extend(intervention.title.clone());
    parts.extend(
        intervention
            .news_of
            .as_ref()
            .map(|scenario| format!("news of {}", id(scenario))),
    );
    parts.join(" · ")
}
