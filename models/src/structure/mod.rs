//! Checks a YAML tree against the JSON Schema that editors use, so that there is one description
//! of the format. Unlike a deserialiser it finds everything that is wrong at once.

mod salvage;
mod words;

use std::ops::Range;

use serde_json::Value as Schema;

use crate::diagnostic::{nearest, shortened, suggestion};
use crate::yaml::{Node, Value, YamlError, scalar};
pub(crate) use salvage::{BLOCKS, Readable, any_model, salvage};
use words::{expected, found, quotes};

/// How the message ends where a key is missing.
pub(crate) const IS_MISSING: &str = "is missing here";

/// Appends everything in which `node` differs from `schema`. `root` holds the definitions.
pub fn check(node: &Node, schema: &Schema, root: &Schema, errors: &mut Vec<YamlError>) {
    let schema = resolve(schema, root);
    if let (Some(names), Value::Scalar { text, .. }) = (words::names(schema), &node.value) {
        return check_name(node, text, &names, errors);
    }
    if let Some(options) = words::options(schema) {
        return check_options(node, options, root, errors);
    }
    if !accepts(node, schema, root) {
        errors.push(YamlError {
            span: node.span.clone(),
            message: format!("found {}, expected {}", found(node), expected(schema, root)),
            help: quotes(node, |node| accepts(node, schema, root))
                .or_else(|| words::instead(node, &[schema], root)),
        });
        return;
    }
    match &node.value {
        Value::Map(_) => check_map(node, schema, root, errors),
        Value::List(nodes) => check_list(node, nodes, schema, root, errors),
        Value::Scalar { .. } => {}
    }
}

fn check_list(
    node: &Node,
    nodes: &[Node],
    schema: &Schema,
    root: &Schema,
    errors: &mut Vec<YamlError>,
) {
    let bound = |name: &str| schema.get(name).and_then(Schema::as_u64);
    let count = nodes.len() as u64;
    let missed = bound("minItems").filter(|&min| count < min);
    if let Some(wanted) = missed.or(bound("maxItems").filter(|&max| count > max)) {
        errors.push(YamlError {
            span: node.span.clone(),
            message: format!("found a list of {count} values, expected {wanted}"),
            help: None,
        });
    } else if let Some(items) = schema.get("items") {
        nodes
            .iter()
            .for_each(|node| check(node, items, root, errors));
    }
}

fn check_name(node: &Node, text: &str, names: &[String], errors: &mut Vec<YamlError>) {
    if !names.iter().any(|name| name == text) {
        errors.push(YamlError {
            span: node.span.clone(),
            message: format!(
                "found `{}`, expected one of {}",
                shortened(text),
                names.join(", ")
            ),
            help: suggestion(text, names.iter().map(String::as_str)),
        });
    }
}

fn check_options(node: &Node, options: &[Schema], root: &Schema, errors: &mut Vec<YamlError>) {
    match options
        .iter()
        .find(|option| accepts(node, resolve(option, root), root))
    {
        Some(option) => check(node, option, root, errors),
        None => errors.push(YamlError {
            span: node.span.clone(),
            message: format!(
                "found {}, expected {}",
                found(node),
                words::either(options, root)
            ),
            help: quotes(node, |node| {
                let mut options = options.iter().map(|option| resolve(option, root));
                options.any(|option| words::names(option).is_none() && accepts(node, option, root))
            })
            .or_else(|| {
                let options = options.iter().map(|option| resolve(option, root));
                words::instead(node, &options.collect::<Vec<_>>(), root)
            }),
        }),
    }
}

fn check_map(node: &Node, schema: &Schema, root: &Schema, errors: &mut Vec<YamlError>) {
    let Value::Map(entries) = &node.value else {
        return;
    };
    let properties = schema.get("properties").and_then(Schema::as_object);
    let additional = schema.get("additionalProperties");
    let names = || properties.into_iter().flat_map(|p| p.keys());
    // A key that is missing because it is misspelt is told once.
    let mut meant = Vec::new();
    let mut cut = words::Cut::default();
    for (key, span, value) in entries {
        if let Some(property) = properties.and_then(|p| p.get(key)) {
            check(value, property, root, errors);
        } else if let Some(schema) = additional.filter(|a| a.is_object()) {
            check(value, schema, root, errors);
        } else if additional == Some(&Schema::Bool(false)) && !cut.is_told(value) {
            let free = names().filter(|name| !entries.iter().any(|(key, ..)| key == *name));
            meant.extend(nearest(key, free.map(String::as_str)));
            errors.push(YamlError {
                span: span.clone(),
                message: format!("unknown key `{}`", shortened(key)),
                help: (cut.help(value)).or_else(|| suggestion(key, names().map(String::as_str))),
            });
        }
        cut.after(key, value);
    }
    for name in schema
        .get("required")
        .and_then(Schema::as_array)
        .into_iter()
        .flatten()
    {
        let name = name.as_str().unwrap_or_default();
        if !entries.iter().any(|(key, ..)| key == name) && !meant.contains(&name) {
            errors.push(YamlError {
                span: beginning(node, entries),
                message: format!("the key `{name}` {IS_MISSING}"),
                help: properties
                    .and_then(|p| p.get(name)?.get("description")?.as_str())
                    .map(|description| format!("`{name}`: {description}")),
            });
        }
    }
}

/// The first character of a map, or its first key, so that a report shows where the map begins.
fn beginning(node: &Node, entries: &[(String, Range<usize>, Node)]) -> Range<usize> {
    let start = node.span.start;
    match entries.first() {
        Some((_, key, _)) if key.start == start => key.clone(),
        _ => start..start + usize::from(!node.span.is_empty()),
    }
}

fn resolve<'a>(schema: &'a Schema, root: &'a Schema) -> &'a Schema {
    match schema.get("$ref").and_then(Schema::as_str) {
        Some(path) => {
            let name = path.rsplit('/').next().unwrap_or_default();
            root.get("$defs")
                .and_then(|defs| defs.get(name))
                .unwrap_or(schema)
        }
        None => schema,
    }
}

fn types(schema: &Schema) -> Vec<&str> {
    match schema.get("type") {
        Some(Schema::String(name)) => vec![name],
        Some(Schema::Array(names)) => names.iter().filter_map(Schema::as_str).collect(),
        _ => Vec::new(),
    }
}

/// Visits the plain texts of all scalars where a schema asks for a number, and for nothing that they could be.
pub(crate) fn number_places(
    node: &mut Node,
    schema: &Schema,
    root: &Schema,
    visit: &mut dyn FnMut(&mut String),
) {
    let schema = resolve(schema, root);
    if let Some(options) = words::options(schema) {
        let mut options = options.iter().map(|option| resolve(option, root));
        let places = |option: &&Schema| {
            types(option)
                .iter()
                .any(|name| ["number", "integer"].contains(name))
        };
        let found = options.clone().find(|option| accepts(node, option, root));
        if let Some(option) = found.or_else(|| options.find(places)) {
            number_places(node, option, root, visit);
        }
        return;
    }
    match &mut node.value {
        Value::Map(entries) => {
            let properties = schema.get("properties").and_then(Schema::as_object);
            let additional = schema.get("additionalProperties");
            for (key, _, value) in entries {
                let of_key = properties.and_then(|p| p.get(key)).or(additional);
                if let Some(of_key) = of_key.filter(|schema| schema.is_object()) {
                    number_places(value, of_key, root, visit);
                }
            }
        }
        Value::List(nodes) => {
            if let Some(items) = schema.get("items") {
                nodes
                    .iter_mut()
                    .for_each(|node| number_places(node, items, root, visit));
            }
        }
        Value::Scalar { text, plain: true } => {
            let types = types(schema);
            let is_number = types
                .iter()
                .any(|name| ["number", "integer"].contains(name));
            if is_number && !types.contains(&"string") && words::names(schema).is_none() {
                visit(text);
            }
        }
        Value::Scalar { .. } => {}
    }
}

/// Whether the node's kind is one that the schema allows.
fn accepts(node: &Node, schema: &Schema, root: &Schema) -> bool {
    if let Some(options) = words::options(schema) {
        return options
            .iter()
            .any(|option| accepts(node, resolve(option, root), root));
    }
    let types = types(schema);
    if types.is_empty() {
        return true;
    }
    types.iter().any(|&name| match &node.value {
        Value::Map(_) => name == "object",
        Value::List(_) => name == "array",
        Value::Scalar { text, plain } => match scalar(text, *plain) {
            Schema::Null => name == "null",
            Schema::Bool(_) => name == "boolean",
            // A number is no text, as for editors: a text that looks like one stands in quotes.
            Schema::Number(n) => match name {
                "number" => true,
                "integer" => whole(&n, schema),
                _ => false,
            },
            _ => name == "string",
        },
    })
}

fn whole(number: &serde_json::Number, schema: &Schema) -> bool {
    let (least, most) = bounds_of(schema);
    number.as_i64().is_some_and(|n| {
        least.is_none_or(|min| n as f64 >= min) && most.is_none_or(|max| n as f64 <= max)
    })
}

/// The least and the greatest number that a schema of whole numbers allows.
fn bounds_of(schema: &Schema) -> (Option<f64>, Option<f64>) {
    let bound = |name: &str| schema.get(name).and_then(Schema::as_f64);
    let unsigned = schema
        .get("format")
        .is_some_and(|format| format == "uint32");
    let most = bound("maximum").or(unsigned.then_some(f64::from(u32::MAX)));
    (bound("minimum"), most)
}
