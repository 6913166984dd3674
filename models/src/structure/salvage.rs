//! What of a file can be looked at further although something is wrong in it.

use std::ops::Range;

use serde_json::{Map, Value as Schema, json};

use super::{IS_MISSING, accepts, check, resolve, words};
use crate::diagnostic::nearest;
use crate::yaml::{Node, Value, YamlError};

/// The blocks of a model's files.
pub(crate) const BLOCKS: [&str; 12] = [
    "model",
    "parameters",
    "calendars",
    "workdays",
    "profiles",
    "tables",
    "entities",
    "relations",
    "counters",
    "desks",
    "streams",
    "expect",
];

/// What can be read of a file.
pub(crate) struct Readable {
    /// Its JSON, without what is wrong.
    pub json: Schema,
    /// The entries of blocks in which something is wrong, by block and name.
    pub tainted: Vec<(String, String)>,
    /// Blocks of which entries cannot be read.
    pub lost: Vec<String>,
}

impl Readable {
    /// Nothing, of which it is not known what it would have been.
    pub fn nothing() -> Readable {
        Readable {
            json: Schema::Object(Map::new()),
            tainted: Vec::new(),
            lost: BLOCKS.map(str::to_owned).to_vec(),
        }
    }
}

/// What stands for a model block of which parts cannot be read.
pub(crate) fn any_model() -> Schema {
    json!({
        "name": "model",
        "cells": 1,
        "window": "1h",
        "reference": {"start": "2026-02-02", "days": 7},
    })
}

/// What of a file can be looked at further although `errors` were found in it.
///
/// Keys that are unknown are left out. Where that is not enough, the part of the entry is, and then the entry.
pub(crate) fn salvage(tree: &Node, errors: &[YamlError], schema: &Schema) -> Readable {
    let mut readable = Readable {
        json: tree.to_json(),
        tainted: Vec::new(),
        lost: Vec::new(),
    };
    if errors.is_empty() {
        return readable;
    }
    if !matches!(tree.value, Value::Map(_)) {
        return Readable::nothing();
    }
    for error in errors {
        match place_of(tree, error) {
            Some((block, _)) if !BLOCKS.contains(&block) => match nearest(block, BLOCKS) {
                Some(meant) => readable.lost.push(meant.to_owned()),
                None => readable.lost.extend(BLOCKS.map(str::to_owned)),
            },
            Some((block, Some(entry))) => {
                readable.tainted.push((block.to_owned(), entry.to_owned()));
            }
            Some((block, None)) => readable.lost.push(block.to_owned()),
            None => readable.lost.extend(BLOCKS.map(str::to_owned)),
        }
    }
    let mut known = known(tree, schema, schema);
    // What is left out may leave more incomplete: then all of it goes.
    for part in [true, false, false] {
        let mut rest = Vec::new();
        check(&known, schema, schema, &mut rest);
        rest.iter().for_each(|error| cut(&mut known, error, part));
    }
    readable.json = known.to_json();
    if let Some(Schema::Object(model)) = readable.json.get_mut("model")
        && let Schema::Object(any) = any_model()
    {
        for (key, value) in any {
            model.entry(key).or_insert(value);
        }
    }
    readable
}

fn inside(span: &Range<usize>, error: &YamlError) -> bool {
    span.start <= error.span.start && error.span.end <= span.end
}

/// The entry of a map in which an error was found.
fn entry_of<'a>(node: &'a Node, error: &YamlError) -> Option<(&'a str, &'a Node)> {
    let Value::Map(entries) = &node.value else {
        return None;
    };
    let mut entries = entries.iter();
    let (name, _, node) =
        entries.find(|(_, key, node)| inside(key, error) || inside(&node.span, error))?;
    Some((name, node))
}

/// The block in which an error was found, and the entry of it.
fn place_of<'a>(tree: &'a Node, error: &YamlError) -> Option<(&'a str, Option<&'a str>)> {
    let (block, node) = entry_of(tree, error)?;
    let entry = entry_of(node, error).map(|(name, _)| name);
    Some((block, entry))
}

/// Leaves out what is wrong: the part of the entry if that may be enough, or else the entry.
fn cut(tree: &mut Node, error: &YamlError, part: bool) {
    let Some((block, entry)) = place_of(tree, error) else {
        return;
    };
    let (block, entry) = (block.to_owned(), entry.map(str::to_owned));
    let Value::Map(blocks) = &mut tree.value else {
        return;
    };
    let holds = |key: &Range<usize>, node: &Node| inside(key, error) || inside(&node.span, error);
    let (is_model, is_stream) = (block == "model", block == "streams");
    // What the model block lacks is filled in.
    if is_model && error.message.ends_with(IS_MISSING) {
        return;
    }
    let Some(entry) = entry else {
        return blocks.retain(|(name, ..)| *name != block);
    };
    let node = blocks.iter_mut().find(|(name, ..)| *name == block);
    let Some(Value::Map(entries)) = node.map(|(.., node)| &mut node.value) else {
        return;
    };
    let found = entries.iter_mut().find(|(name, ..)| *name == entry);
    match found.map(|(.., node)| &mut node.value) {
        Some(Value::Map(parts)) if part && !is_model => {
            parts.retain(|(_, key, node)| !holds(key, node));
        }
        // A stream is known by its name all the same.
        Some(value) if is_stream => *value = Value::Map(Vec::new()),
        _ => entries.retain(|(name, ..)| *name != entry),
    }
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
