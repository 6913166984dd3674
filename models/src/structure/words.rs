//! How structural errors put what was found, what was expected, and what to do.

use serde_json::Value as Schema;

use super::{bounds_of, resolve, types};
use crate::diagnostic::shortened;
use crate::yaml::{Node, Value, scalar};

/// What stands there.
pub(super) fn found(node: &Node) -> String {
    match &node.value {
        Value::Map(_) => "a map of keys".into(),
        Value::List(_) => "a list".into(),
        Value::Scalar { text, plain: true } if text.is_empty() => "nothing".into(),
        Value::Scalar { text, plain } => {
            let shown = format!("`{}`", shortened(text));
            // In quotes even a number is a text, and that is what is wrong with it.
            let number = !plain && !scalar(text, true).is_string();
            if number {
                format!("{shown} in quotes")
            } else {
                shown
            }
        }
    }
}

/// What a schema asks for.
pub(super) fn expected(schema: &Schema, root: &Schema) -> String {
    let schema = resolve(schema, root);
    if let Some(names) = names(schema) {
        return format!("one of {}", names.join(", "));
    }
    if let Some(options) = options(schema) {
        return either(options, root);
    }
    let what: Vec<String> = types(schema)
        .iter()
        .filter(|name| **name != "null")
        .map(|name| match *name {
            "object" => a_map(schema),
            "array" => "a list".into(),
            "integer" => a_whole_number(schema),
            "number" => "a number".into(),
            "boolean" => "true or false".into(),
            _ => "a text".into(),
        })
        .collect();
    what.join(" or ")
}

/// What several schemas ask for, of which one is enough.
pub(super) fn either(options: &[Schema], root: &Schema) -> String {
    let mut what: Vec<String> = Vec::new();
    for option in options {
        let one = expected(option, root);
        // Leaving a key out is always possible where nothing is one of the options.
        if !one.is_empty() && !what.contains(&one) {
            what.push(one);
        }
    }
    what.join(" or ")
}

/// The names of which a schema allows one; each that has a description stands as a constant.
pub(super) fn names(schema: &Schema) -> Option<Vec<String>> {
    let text = |name: &Schema| name.as_str().map(str::to_owned);
    if let Some(names) = schema.get("enum").and_then(Schema::as_array) {
        return names.iter().map(text).collect();
    }
    let constant = |option: &Schema| text(option.get("const")?);
    options(schema)?.iter().map(constant).collect()
}

/// The schemas of which one is enough.
pub(super) fn options(schema: &Schema) -> Option<&[Schema]> {
    let options = schema.get("anyOf").or_else(|| schema.get("oneOf"));
    options.and_then(Schema::as_array).map(Vec::as_slice)
}

fn a_map(schema: &Schema) -> String {
    let keys = schema.get("required").and_then(Schema::as_array);
    let keys: Vec<&str> = keys
        .into_iter()
        .flatten()
        .filter_map(Schema::as_str)
        .collect();
    match keys[..] {
        [] => "a map of keys".into(),
        [key] => format!("a map with the key {key}"),
        _ => format!("a map with the keys {}", keys.join(", ")),
    }
}

fn a_whole_number(schema: &Schema) -> String {
    match bounds_of(schema) {
        (Some(min), Some(max)) => format!("a whole number from {min} to {max}"),
        (None, Some(max)) => format!("a whole number up to {max}"),
        (Some(min), None) => format!("a whole number, {min} or more"),
        (None, None) => "a whole number".into(),
    }
}

/// What to do about a scalar that would be right with quotes, or without.
pub(super) fn quotes(node: &Node, accepts: impl Fn(&Node) -> bool) -> Option<String> {
    let Value::Scalar { text, plain } = &node.value else {
        return None;
    };
    let other = Node {
        span: node.span.clone(),
        value: Value::Scalar {
            text: text.clone(),
            plain: !plain,
        },
    };
    let short = shortened(text);
    match plain {
        _ if text.is_empty() || !accepts(&other) => None,
        true => Some(format!("to mean a text, put it in quotes: '{short}'")),
        false => Some(format!("leave out the quotes: {short}")),
    }
}

/// What to write instead of something of another kind than the schemas ask for, where it can be told what was meant.
pub(super) fn instead(node: &Node, schemas: &[&Schema], root: &Schema) -> Option<String> {
    let wanted = |name: &str| schemas.iter().any(|schema| types(schema).contains(&name));
    match &node.value {
        Value::Scalar { text, plain: true } if wanted("number") || wanted("integer") => {
            let digits: String = text
                .chars()
                .filter(|c| !matches!(c, '_' | ',' | '\'' | ' '))
                .collect();
            (digits != *text && digits.parse::<f64>().is_ok()).then(|| format!("write {digits}"))
        }
        Value::List(nodes) if schemas.iter().any(|schema| has_weights(schema, root)) => {
            let text = |node: &Node| match &node.value {
                Value::Scalar { text, .. } => Some(format!("{text}: 1")),
                _ => None,
            };
            let texts: Option<Vec<String>> = nodes.iter().map(text).collect();
            Some(format!(
                "give each its weight, such as {{{}}}",
                texts?.join(", ")
            ))
        }
        Value::Map(entries) if wanted("string") && !wanted("object") && !entries.is_empty() => {
            let weights = entries.iter().all(|(.., node)| match &node.value {
                Value::Scalar { text, plain: true } => scalar(text, true).is_number(),
                _ => false,
            });
            weights.then(|| {
                "one name stands here, for all of them: give the others a kind of their own, or draw an attribute with `choice`".into()
            })
        }
        Value::List(nodes) if wanted("string") => match &nodes[..] {
            [one] => match &one.value {
                Value::Scalar { text, .. } => Some(format!("leave out the brackets: {text}")),
                _ => None,
            },
            _ => None,
        },
        Value::Scalar { text, plain: true } if wanted("array") && !text.is_empty() => {
            Some(format!("write a list: [{}]", shortened(text)))
        }
        _ => None,
    }
}

/// Whether a schema is that of a map of names with numbers.
fn has_weights(schema: &Schema, root: &Schema) -> bool {
    let of_names = schema.get("additionalProperties");
    of_names.is_some_and(|schema| types(resolve(schema, root)).contains(&"number"))
}

/// An expression that a comma cuts into entries of a map, as in `{at: uniform(0s, 5m)}`: its beginning has a
/// parenthesis that is not closed, and what follows are keys without values. That is told once.
#[derive(Default)]
pub(super) struct Cut {
    /// Parentheses that are open, less those that are closed.
    open: i32,
    told: bool,
}

impl Cut {
    fn is_rest(&self, value: &Node) -> bool {
        let nothing =
            matches!(&value.value, Value::Scalar { text, plain: true } if text.is_empty());
        self.open > 0 && nothing
    }

    /// Whether a key that is unknown is part of what has been told already.
    pub(super) fn is_told(&self, value: &Node) -> bool {
        self.told && self.is_rest(value)
    }

    /// What to do about a key that is unknown because it is the rest of an expression.
    pub(super) fn help(&mut self, value: &Node) -> Option<String> {
        self.is_rest(value).then(|| {
            self.told = true;
            "within `{...}` a comma begins the next key: put an expression with commas in quotes"
                .into()
        })
    }

    /// Goes on behind an entry.
    pub(super) fn after(&mut self, key: &str, value: &Node) {
        let depth =
            |text: &str| text.matches('(').count() as i32 - text.matches(')').count() as i32;
        match &value.value {
            _ if self.is_rest(value) => self.open += depth(key),
            Value::Scalar { text, .. } => {
                *self = Cut {
                    open: depth(text),
                    told: false,
                }
            }
            _ => *self = Cut::default(),
        }
    }
}
