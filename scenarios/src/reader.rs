//! From the text of a file to its definition, or to everything in which it differs from the format.

use causeflow_models::structure::check;
use causeflow_models::yaml::{Node, Value, YamlError, parse};
use causeflow_models::{SourceFile, suggestion};
use serde::de::DeserializeOwned;

use crate::definition::{EventsFile, ScenarioFile, events_schema, scenario_schema};
use crate::report::{Report, Sited};

/// What a file holds.
pub(crate) enum Read {
    /// A scenario.
    Scenario(Box<Sited<ScenarioFile>>),
    /// Templates of external events, and events.
    Events(ReadEvents),
}

/// What of a file of events can be used.
pub(crate) struct ReadEvents {
    /// The file, without the templates that are wrong.
    pub file: Sited<EventsFile>,
    /// Those.
    pub broken: Vec<String>,
}

/// Reads files by the formats' schemas, which are made once.
pub(crate) struct Reader {
    scenario: serde_json::Value,
    events: serde_json::Value,
}

impl Reader {
    pub fn new() -> Reader {
        Reader {
            scenario: scenario_schema(),
            events: events_schema(),
        }
    }

    /// Reads a file: one with the key `templates` holds external events, any other one a scenario.
    /// `None` when it cannot be used; the name of what it would have been is then the owner of the
    /// findings.
    pub fn read(&self, file: usize, source: &SourceFile, report: &mut Report) -> Option<Read> {
        report.owner = Some(stem(&source.path).to_owned());
        let tree = match parse(&source.text) {
            Ok(tree) => tree,
            Err(errors) => {
                errors
                    .into_iter()
                    .for_each(|error| report.refuse(file, error));
                return None;
            }
        };
        if entry(&tree, "templates").is_some() {
            return self.events(file, tree, report).map(Read::Events);
        }
        if let Some(id) = entry(&tree, "id").and_then(text) {
            report.owner = Some(id.to_owned());
        }
        let mut found = Vec::new();
        check(&tree, &self.scenario, &self.scenario, &mut found);
        let scenario = typed(file, tree.to_json(), tree, found, report)?;
        Some(Read::Scenario(Box::new(scenario)))
    }

    fn events(&self, file: usize, tree: Node, report: &mut Report) -> Option<ReadEvents> {
        let mut found = Vec::new();
        check(&tree, &self.events, &self.events, &mut found);
        let mut json = tree.to_json();
        let (mut whole, mut broken) = (Vec::new(), Vec::new());
        for error in found {
            let Some(id) = template_around(&tree, &error) else {
                whole.push(error);
                continue;
            };
            if let Some(templates) = json.get_mut("templates").and_then(|t| t.as_object_mut()) {
                templates.remove(&id);
            }
            report.owner = Some(id.clone());
            report.refuse(file, error);
            broken.push(id);
        }
        report.owner = None;
        let file = typed(file, json, tree, whole, report)?;
        Some(ReadEvents { file, broken })
    }

    /// Reads a text as a file of events.
    pub fn events_text(
        &self,
        file: usize,
        source: &SourceFile,
        report: &mut Report,
    ) -> Option<ReadEvents> {
        match parse(&source.text) {
            Ok(tree) => self.events(file, tree, report),
            Err(errors) => {
                errors
                    .into_iter()
                    .for_each(|error| report.refuse(file, error));
                None
            }
        }
    }
}

fn typed<T: DeserializeOwned>(
    file: usize,
    json: serde_json::Value,
    node: Node,
    found: Vec<YamlError>,
    report: &mut Report,
) -> Option<Sited<T>> {
    let wrong = !found.is_empty();
    found
        .into_iter()
        .for_each(|error| report.refuse(file, error));
    if wrong {
        return None;
    }
    match serde_json::from_value(json) {
        Ok(def) => Some(Sited { def, file, node }),
        Err(error) => {
            report.refuse(file, error.into());
            None
        }
    }
}

/// The template in whose block an error stands.
fn template_around(tree: &Node, error: &YamlError) -> Option<String> {
    let Value::Map(templates) = &entry(tree, "templates")?.value else {
        return None;
    };
    let around = |node: &&(String, std::ops::Range<usize>, Node)| {
        node.1.start <= error.span.start && error.span.end <= node.2.span.end.max(node.1.end)
    };
    templates.iter().find(around).map(|(id, ..)| id.clone())
}

fn entry<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Map(entries) => entries
            .iter()
            .find(|(name, ..)| name == key)
            .map(|(.., node)| node),
        _ => None,
    }
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar { text, .. } => Some(text),
        _ => None,
    }
}

/// A path without its folders and its ending.
fn stem(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// "Did you mean" for names in a map.
pub(crate) fn among<'a, T: 'a>(
    wrong: &str,
    names: impl IntoIterator<Item = (&'a String, T)>,
) -> Option<String> {
    suggestion(wrong, names.into_iter().map(|(name, _)| name.as_str()))
}
