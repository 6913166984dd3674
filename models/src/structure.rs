//! Checks a YAML tree against the JSON Schema that editors use, so that there is one description
//! of the format. Unlike a deserialiser it finds everything that is wrong at once.

use std::ops::Range;

use serde_json::Value as Schema;

use crate::diagnostic::suggestion;
use crate::yaml::{Node, Value, YamlError, scalar};

/// Appends everything in which `node` differs from `schema`. `root` holds the definitions.
pub fn check(node: &Node, schema: &Schema, root: &Schema, errors: &mut Vec<YamlError>) {
    let schema = resolve(schema, root);
    if let Some(options) = schema
        .get("anyOf")
        .or_else(|| schema.get("oneOf"))
        .and_then(Schema::as_array)
    {
        // Names of which each has a description stand as constants, one an option.
        let constant = |option: &Schema| option.get("const")?.as_str().map(str::to_owned);
        return match (
            options.iter().map(constant).collect::<Option<Vec<_>>>(),
            &node.value,
        ) {
            (Some(names), Value::Scalar { text, .. }) => check_name(node, text, &names, errors),
            _ => check_options(node, options, root, errors),
        };
    }
    if !accepts(node, schema, root) {
        errors.push(YamlError {
            span: node.span.clone(),
            message: format!("found {}, expected {}", found(node), expected(schema, root)),
            help: None,
        });
        return;
    }
    match &node.value {
        Value::Map(_) => check_map(node, schema, root, errors),
        Value::List(nodes) => {
            for bound in ["minItems", "maxItems"] {
                let Some(count) = schema.get(bound).and_then(Schema::as_u64) else {
                    continue;
                };
                let wrong = if bound == "minItems" {
                    nodes.len() as u64
                } else {
                    count
                } < count
                    || bound == "maxItems" && nodes.len() as u64 > count;
                if wrong {
                    errors.push(YamlError {
                        span: node.span.clone(),
                        message: format!(
                            "found a list of {} values, expected {count}",
                            nodes.len()
                        ),
                        help: None,
                    });
                    return;
                }
            }
            if let Some(items) = schema.get("items") {
                nodes
                    .iter()
                    .for_each(|node| check(node, items, root, errors));
            }
        }
        Value::Scalar { text, .. } => {
            if let Some(names) = schema.get("enum").and_then(Schema::as_array) {
                let names = names.iter().filter_map(Schema::as_str);
                check_name(
                    node,
                    text,
                    &names.map(str::to_owned).collect::<Vec<_>>(),
                    errors,
                );
            }
        }
    }
}

/// What of a file can be looked at further although `errors` were found in it: its JSON without the
/// parts of streams that are wrong, and the names of those streams. `None` when something else is.
pub(crate) fn salvage(tree: &Node, errors: &[YamlError]) -> Option<(Schema, Vec<String>)> {
    let mut json = tree.to_json();
    let mut tainted = Vec::new();
    let Value::Map(blocks) = &tree.value else {
        return None;
    };
    let streams = blocks
        .iter()
        .find(|(key, ..)| key == "streams")
        .map(|(.., node)| node);
    for error in errors {
        let Value::Map(streams) = &streams?.value else {
            return None;
        };
        let inside =
            |span: &Range<usize>| span.start <= error.span.start && error.span.end <= span.end;
        let (name, _, stream) = streams.iter().find(|(_, _, node)| inside(&node.span))?;
        let wrong = json.get_mut("streams")?.get_mut(name)?;
        match (&stream.value, wrong.as_object_mut()) {
            (Value::Map(parts), Some(wrong)) => {
                let holds = |key: &Range<usize>, node: &Node| inside(key) || inside(&node.span);
                for (part, ..) in parts.iter().filter(|(_, key, node)| holds(key, node)) {
                    wrong.remove(part);
                }
            }
            _ => *wrong = Schema::Object(serde_json::Map::new()),
        }
        tainted.push(name.clone());
    }
    Some((json, tainted))
}

fn check_name(node: &Node, text: &str, names: &[String], errors: &mut Vec<YamlError>) {
    if !names.iter().any(|name| name == text) {
        errors.push(YamlError {
            span: node.span.clone(),
            message: format!("found `{text}`, expected one of {}", names.join(", ")),
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
        None => {
            let wanted: Vec<String> = options
                .iter()
                .map(|option| expected(resolve(option, root), root))
                .collect();
            errors.push(YamlError {
                span: node.span.clone(),
                message: format!("found {}, expected {}", found(node), wanted.join(" or ")),
                help: None,
            });
        }
    }
}

fn check_map(node: &Node, schema: &Schema, root: &Schema, errors: &mut Vec<YamlError>) {
    let Value::Map(entries) = &node.value else {
        return;
    };
    let properties = schema.get("properties").and_then(Schema::as_object);
    let additional = schema.get("additionalProperties");
    for (key, span, value) in entries {
        if let Some(property) = properties.and_then(|p| p.get(key)) {
            check(value, property, root, errors);
        } else if let Some(schema) = additional.filter(|a| a.is_object()) {
            check(value, schema, root, errors);
        } else if additional == Some(&Schema::Bool(false)) {
            let names = properties
                .into_iter()
                .flat_map(|p| p.keys())
                .map(String::as_str);
            errors.push(YamlError {
                span: span.clone(),
                message: format!("unknown key `{key}`"),
                help: suggestion(key, names),
            });
        }
    }
    for name in schema
        .get("required")
        .and_then(Schema::as_array)
        .into_iter()
        .flatten()
    {
        let name = name.as_str().unwrap_or_default();
        if !entries.iter().any(|(key, ..)| key == name) {
            errors.push(YamlError {
                span: beginning(node, entries),
                message: format!("the key `{name}` is missing here"),
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

/// Whether the node's kind is one that the schema allows.
fn accepts(node: &Node, schema: &Schema, root: &Schema) -> bool {
    if let Some(options) = schema
        .get("anyOf")
        .or_else(|| schema.get("oneOf"))
        .and_then(Schema::as_array)
    {
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
            Schema::Number(n) => match name {
                "number" => true,
                "integer" => whole(&n, schema),
                // A text such as a name may look like a number.
                "string" => types.len() == 1,
                _ => false,
            },
            _ => name == "string",
        },
    })
}

fn whole(number: &serde_json::Number, schema: &Schema) -> bool {
    let unsigned = schema
        .get("format")
        .is_some_and(|format| format == "uint32");
    let bound = |name: &str| match schema.get(name).and_then(Schema::as_f64) {
        None if name == "maximum" && unsigned => Some(f64::from(u32::MAX)),
        bound => bound,
    };
    number.as_i64().is_some_and(|n| {
        bound("minimum").is_none_or(|min| n as f64 >= min)
            && bound("maximum").is_none_or(|max| n as f64 <= max)
    })
}

fn found(node: &Node) -> String {
    match &node.value {
        Value::Map(_) => "a map of keys".into(),
        Value::List(_) => "a list".into(),
        Value::Scalar { text, plain: true } if text.is_empty() => "nothing".into(),
        Value::Scalar { text, .. } => format!("`{text}`"),
    }
}

fn expected(schema: &Schema, root: &Schema) -> String {
    let schema = resolve(schema, root);
    let what: Vec<String> = types(schema)
        .iter()
        .filter(|name| **name != "null")
        .map(|name| match *name {
            "object" => match schema.get("required").and_then(Schema::as_array) {
                Some(keys) if !keys.is_empty() => {
                    let keys: Vec<&str> = keys.iter().filter_map(Schema::as_str).collect();
                    format!("a map with the keys {}", keys.join(", "))
                }
                _ => "a map of keys".into(),
            },
            "array" => "a list".into(),
            "integer" => match schema.get("maximum").and_then(Schema::as_u64) {
                Some(max) => format!("a whole number up to {max}"),
                None => "a whole number".into(),
            },
            "number" => "a number".into(),
            "boolean" => "true or false".into(),
            _ => "a text".into(),
        })
        .collect();
    if what.is_empty() {
        "something else".into()
    } else {
        what.join(" or ")
    }
}
