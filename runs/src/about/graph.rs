//! What causes what in a model, as a drawing.

use std::collections::BTreeMap;

use causeflow_models::{CauseDef, Model, StreamDef};

use crate::words::{short_arrow, short_delay};

/// A node's place in the drawing and its label.
type Node<'a> = (usize, &'a str);

/// Streams by domain.
fn domains(model: &Model) -> BTreeMap<&str, Vec<Node<'_>>> {
    let mut domains: BTreeMap<&str, Vec<Node>> = BTreeMap::new();
    for (index, stream) in model.compiled.program.streams.iter().enumerate() {
        domains
            .entry(&stream.domain)
            .or_default()
            .push((index, &stream.name));
    }
    domains
}

/// Edges: (cause, effect, how, in words).
fn edges(model: &Model) -> impl Iterator<Item = (usize, usize, &CauseDef, String)> {
    let program = &model.compiled.program;
    let all = model.compiled.definitions.iter().enumerate();
    all.flat_map(move |(to, definition)| {
        definition.causes.iter().filter_map(move |cause| {
            let arrow = short_arrow(cause, definition);
            let label = match definition.tracks {
                Some(_) => arrow,
                None => format!("{arrow}, {}", short_delay(cause)),
            };
            Some((program.stream(&cause.on)?.index(), to, cause, label))
        })
    })
}

/// What cancels a deadline: (what comes, what does not follow then).
fn cancelled(model: &Model) -> impl Iterator<Item = (usize, usize)> {
    let program = &model.compiled.program;
    let all = program.streams.iter().enumerate();
    let deadlines = all.filter_map(|(to, stream)| Some((to, stream.join.as_ref()?)));
    let deadlines = deadlines.filter(|(_, join)| join.at_least == 0);
    deadlines.flat_map(|(to, join)| {
        let members = join.members.iter();
        members.map(move |member| (member.stream.index(), to))
    })
}

/// What a node's shape tells.
enum Origin {
    Source,
    Timer,
    Caused,
}

fn origin(definition: &StreamDef) -> Origin {
    match (&definition.source, &definition.timer) {
        (Some(_), _) => Origin::Source,
        (None, Some(_)) => Origin::Timer,
        (None, None) => Origin::Caused,
    }
}

/// The drawing for Mermaid.
pub fn mermaid(model: &Model) -> String {
    let mut out =
        "%% Rounded: from a source. Hexagon: by a timer. Rectangle: caused.\nflowchart LR\n"
            .to_owned();
    for (number, (domain, nodes)) in domains(model).into_iter().enumerate() {
        out += &format!("  subgraph d{number}[\"{}\"]\n", mermaid_text(domain));
        for (index, name) in nodes {
            let (open, close) = match origin(&model.compiled.definitions[index]) {
                Origin::Source => ("([", "])"),
                Origin::Timer => ("{{", "}}"),
                Origin::Caused => ("[", "]"),
            };
            out += &format!("    s{index}{open}\"{}\"{close}\n", mermaid_text(name));
        }
        out += "  end\n";
    }
    for (from, to, cause, label) in edges(model) {
        let arrow = match (cause.outcome.is_some(), cause.joined) {
            (true, _) => "-.->",
            (_, true) => "==>",
            _ => "-->",
        };
        out += &format!("  s{from} {arrow}|\"{}\"| s{to}\n", mermaid_text(&label));
    }
    for (from, to) in cancelled(model) {
        out += &format!("  s{from} -.-x s{to}\n");
    }
    out + "%% Dotted: one of the outcomes of which exactly one happens.\n\
           %% Thick: several together, or what begins a deadline. Cross: what cancels that.\n"
}

/// Mermaid writes special characters as `#name;`.
fn mermaid_text(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '#' => out += "#35;",
            '"' => out += "#quot;",
            '<' => out += "#lt;",
            '>' => out += "#gt;",
            '&' => out += "#amp;",
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The drawing for Graphviz.
pub fn dot(model: &Model) -> String {
    let mut out = format!(
        "// Ellipse: from a source. Hexagon: by a timer. Box: caused. Dashed: one outcome of several.\n\
         // Bold: several together, or what begins a deadline. Bar: what cancels that.\ndigraph \"{}\" {{\n",
        dot_text(&model.compiled.program.name)
    );
    out += "  rankdir=LR;\n  node [fontname=\"Helvetica\"];\n  edge [fontname=\"Helvetica\", fontsize=10];\n";
    for (number, (domain, nodes)) in domains(model).into_iter().enumerate() {
        out += &format!(
            "  subgraph cluster_{number} {{\n    label=\"{}\";\n",
            dot_text(domain)
        );
        for (index, name) in nodes {
            let shape = match origin(&model.compiled.definitions[index]) {
                Origin::Source => "ellipse",
                Origin::Timer => "hexagon",
                Origin::Caused => "box",
            };
            out += &format!(
                "    s{index} [label=\"{}\", shape={shape}];\n",
                dot_text(name)
            );
        }
        out += "  }\n";
    }
    for (from, to, cause, label) in edges(model) {
        let style = match (cause.outcome.is_some(), cause.joined) {
            (true, _) => ", style=dashed",
            (_, true) => ", style=bold",
            _ => "",
        };
        out += &format!(
            "  s{from} -> s{to} [label=\"{}\"{style}];\n",
            dot_text(&label)
        );
    }
    for (from, to) in cancelled(model) {
        out += &format!("  s{from} -> s{to} [arrowhead=tee];\n");
    }
    out + "}\n"
}

fn dot_text(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace(['\n', '\r'], " ")
}
