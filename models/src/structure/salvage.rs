//! What of a file can be looked at further although something is wrong in it.

use std::ops::Range;

use serde_json::Value as Schema;

use super::{accepts, check, resolve, words};
use crate::yaml::{Node, Value, YamlError};

/// What of a file can be looked at further although `errors` were found in it: its JSON without what is wrong in
/// streams, and the names of those streams. `None` when something else is wrong.
///
/// Keys that are unknown are left out. Where that is not enough, the part of the stream is.
pub(crate) fn salvage(
    tree: &Node,
    errors: &[YamlError],
    schema: &Schema,
) -> Option<(Schema, Vec<String>)> {
    if errors.is_empty() {
        return Some((tree.to_json(), Vec::new()));
    }
    let tainted: Option<Vec<String>> = errors
        .iter()
        .map(|error| Some(stream_of(tree, error)?.0.to_owned()))
        .collect();
    let tainted = tainted?;
    let known = known(tree, schema, schema);
    let mut json = known.to_json();
    let mut rest = Vec::new();
    check(&known, schema, schema, &mut rest);
    for error in rest {
        let (name, stream) = stream_of(&known, &error)?;
        let wrong = json.get_mut("streams")?.get_mut(name)?;
        match (&stream.value, wrong.as_object_mut()) {
            (Value::Map(parts), Some(wrong)) => {
                let holds = |key: &Range<usize>, node: &Node| {
                    inside(key, &error) || inside(&node.span, &error)
                };
                for (part, ..) in parts.iter().filter(|(_, key, node)| holds(key, node)) {
                    wrong.remove(part);
                }
            }
            _ => *wrong = Schema::Object(serde_json::Map::new()),
        }
    }
    Some((json, tainted))
}

fn inside(span: &Range<usize>, error: &YamlError) -> bool {
    span.start <= error.span.start && error.span.end <= span.end
}

/// The stream in which an error was found.
fn stream_of<'a>(tree: &'a Node, error: &YamlError) -> Option<(&'a str, &'a Node)> {
    let Value::Map(blocks) = &tree.value else {
        return None;
    };
    let (.., streams) = blocks.iter().find(|(key, ..)| key == "streams")?;
    let Value::Map(streams) = &streams.value else {
        return None;
    };
    let mut streams = streams.iter();
    let (name, _, stream) = streams.find(|(.., node)| inside(&node.span, error))?;
    Some((name, stream))
}

/// A tree without the keys that its schema does not know.
fn known(node: &Node, schema: &Schema, root: &Schema) -> Node {
    let schema = resolve(schema, root);
    if let Some(options) = words::options(schema) {
        let mut options = options.iter().map(|option| resolve(option, root));
        let option = options.find(|option| accepts(node, option, root));
        return option.map_or_else(|| node.clone(), |option| known(node, option, root));
    }
    let value = match &node.value {
        Value::Map(entries) => {
            let properties = schema.get("properties").and_then(Schema::as_object);
            let additional = schema.get("additionalProperties");
            let kept = entries.iter().filter_map(|(key, span, value)| {
                let of_key = properties.and_then(|p| p.get(key)).or(additional);
                let value = match of_key {
                    Some(Schema::Bool(false)) => return None,
                    Some(of_key) => known(value, of_key, root),
                    None => value.clone(),
                };
                Some((key.clone(), span.clone(), value))
            });
            Value::Map(kept.collect())
        }
        Value::List(nodes) => match schema.get("items") {
            Some(items) => Value::List(nodes.iter().map(|n| known(n, items, root)).collect()),
            None => node.value.clone(),
        },
        Value::Scalar { .. } => node.value.clone(),
    };
    Node {
        span: node.span.clone(),
        value,
    }
}
