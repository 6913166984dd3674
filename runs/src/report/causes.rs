//! What causes what in the model, and how often it did in the run.

use std::collections::BTreeMap;

use causeflow_models::{CauseDef, Model};
use rayon::prelude::*;

use crate::error::Error;
use crate::finished::Finished;
use crate::words::{short_arrow, short_delay};

/// An arrow of the causal graph.
#[derive(Clone, Debug)]
pub struct Arrow {
    /// Place of the cause among the streams of the model.
    pub from: usize,
    /// Place of the effect.
    pub to: usize,
    /// Chance and delay as the model declares them.
    pub declared: (String, String),
    /// Whether it is one of several outcomes, of which exactly one happens.
    pub outcome: bool,
    /// What the run has; nothing if it was played without one of the streams.
    pub measured: Option<Measured>,
}

/// How often a cause had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Events of the causing stream.
    pub causes: u64,
    /// Events of the caused stream whose cause is one of them.
    pub effects: u64,
}

impl Measured {
    /// Effects a cause.
    pub fn rate(self) -> Option<f64> {
        (self.causes > 0).then(|| self.effects as f64 / self.causes as f64)
    }
}

/// A stream of the causal graph.
#[derive(Clone, Debug)]
pub struct Node {
    pub name: String,
    pub domain: String,
    /// Whether some of its events come by themselves: from a source or by a timer.
    pub root: bool,
}

/// What causes what.
#[derive(Clone, Debug)]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub arrows: Vec<Arrow>,
}

/// The arrows of a model, with what a run has of each. Reads the ids of all streams that cause others or are caused.
pub fn measured(model: &Model, run: &Finished) -> Result<Graph, Error> {
    let mut graph = declared(model);
    let mut by_cause: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (place, arrow) in graph.arrows.iter().enumerate() {
        by_cause.entry(arrow.from).or_default().push(place);
    }
    // One cause after another, so that only the ids of one stream are in memory.
    for (from, places) in by_cause {
        let Some(ids) = run.event_ids(&graph.nodes[from].name)? else {
            continue;
        };
        let causes = ids.len() as u64;
        let count = |place: &usize| {
            let to = graph.arrows[*place].to;
            run.caused_by(&graph.nodes[to].name, &ids)
        };
        let counts: Vec<Option<u64>> = places.par_iter().map(count).collect::<Result<_, _>>()?;
        for (place, effects) in places.into_iter().zip(counts) {
            graph.arrows[place].measured = effects.map(|effects| Measured { causes, effects });
        }
    }
    Ok(graph)
}

fn declared(model: &Model) -> Graph {
    let program = &model.compiled.program;
    let definitions = &model.compiled.definitions;
    let nodes = program.streams.iter().zip(definitions);
    let nodes = nodes.map(|(stream, definition)| Node {
        name: stream.name.clone(),
        domain: stream.domain.clone(),
        root: definition.source.is_some() || definition.timer.is_some(),
    });
    let mut arrows: Vec<Arrow> = Vec::new();
    for (to, definition) in definitions.iter().enumerate() {
        for cause in &definition.causes {
            let Some(from) = program.stream(&cause.on) else {
                continue;
            };
            let declared = (short_arrow(cause, definition), short_delay(cause));
            add(&mut arrows, from.index(), to, (cause, declared));
        }
    }
    Graph {
        nodes: nodes.collect(),
        arrows,
    }
}

/// Adds an arrow. A stream may be caused by another in several ways, which its rows do not tell apart: they are one arrow.
fn add(
    arrows: &mut Vec<Arrow>,
    from: usize,
    to: usize,
    (cause, declared): (&CauseDef, (String, String)),
) {
    let known = arrows.iter_mut().find(|a| (a.from, a.to) == (from, to));
    match known {
        Some(known) => {
            known.declared.0 += &format!(" or {}", declared.0);
            known.declared.1 += &format!(" or {}", declared.1);
        }
        None => arrows.push(Arrow {
            from,
            to,
            declared,
            outcome: cause.outcome.is_some(),
            measured: None,
        }),
    }
}
