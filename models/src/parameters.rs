//! Parameters: values that have a name, and that a run may give another value. Where the format asks for a number, the name of one is
//! taken for its number before anything else is looked at.

use std::collections::BTreeMap;

use serde_json::Value as Schema;

use crate::structure::number_places;
use crate::syntax::{self, Ast, AstKind, Prefix};
use crate::yaml::{Node, Value};

/// Values given from outside, by the names of parameters, as they are written: `5%`, `2h`, `true`, `web`.
pub type Given = BTreeMap<String, String>;

/// What a parameter is.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// A number.
    Number(f64),
    /// A duration in microseconds.
    Span(f64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(String),
}

impl Constant {
    /// Reads a constant. A bare word is a text.
    pub(crate) fn read(text: &str) -> Option<Constant> {
        fn of(ast: Ast) -> Option<Constant> {
            Some(match ast.kind {
                AstKind::Number(x) => Constant::Number(x),
                AstKind::Duration(us) => Constant::Span(us),
                AstKind::Bool(truth) => Constant::Bool(truth),
                AstKind::Text(text) => Constant::Text(text),
                AstKind::Name(parts) if parts.len() == 1 => Constant::Text(parts.concat()),
                AstKind::Unary(Prefix::Minus, inner) => match of(*inner)? {
                    Constant::Number(x) => Constant::Number(-x),
                    Constant::Span(us) => Constant::Span(-us),
                    Constant::Bool(_) | Constant::Text(_) => return None,
                },
                _ => return None,
            })
        }
        of(syntax::parse(text).ok()?)
    }

    /// What kind of constant it is, in words.
    pub fn kind(&self) -> &'static str {
        match self {
            Constant::Number(_) => "a number",
            Constant::Span(_) => "a duration",
            Constant::Bool(_) => "a truth value",
            Constant::Text(_) => "a text",
        }
    }

    /// Whether it is of the same kind as another one.
    pub(crate) fn is_like(&self, other: &Constant) -> bool {
        self.kind() == other.kind()
    }

    /// The number that it is, or the length in microseconds.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Constant::Number(x) | Constant::Span(x) => Some(*x),
            Constant::Bool(_) | Constant::Text(_) => None,
        }
    }

    /// As a model writes it where it takes no expressions, if it does.
    pub(crate) fn written(&self) -> Option<String> {
        match self {
            Constant::Number(x) => Some(x.to_string()),
            Constant::Span(us) => Some(format!("{us}us")),
            Constant::Bool(_) | Constant::Text(_) => None,
        }
    }
}

/// The numbers that parameters are, by name, as far as they can be read: what is wrong with them is told when they are compiled.
pub(crate) fn numbers(trees: &[Node], given: &Given) -> BTreeMap<String, String> {
    let mut numbers = BTreeMap::new();
    for (name, node) in trees
        .iter()
        .filter_map(|tree| entry(tree, "parameters"))
        .flat_map(entries)
    {
        let default = match &node.value {
            Value::Map(_) => entry(node, "value"),
            _ => Some(node),
        };
        let stated = match default.map(|node| &node.value) {
            Some(Value::Scalar { text, .. }) => Constant::read(text),
            _ => None,
        };
        let given = given.get(name).and_then(|text| Constant::read(text));
        let number = match (&stated, given) {
            // What is wrong with it is told there, and not wherever its name stands.
            (None, _) => 1.0,
            (Some(Constant::Number(_)), Some(Constant::Number(x))) => x,
            (Some(Constant::Number(x)), _) => *x,
            _ => continue,
        };
        numbers.insert(name.to_owned(), number.to_string());
    }
    numbers
}

/// Puts numbers in the place of their names wherever the schema asks for a number and for nothing else.
pub(crate) fn put(tree: &mut Node, schema: &Schema, numbers: &BTreeMap<String, String>) {
    if !numbers.is_empty() {
        number_places(tree, schema, schema, &mut |text| {
            if let Some(number) = numbers.get(text) {
                number.clone_into(text);
            }
        });
    }
}

fn entries(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = match &node.value {
        Value::Map(entries) => &entries[..],
        _ => &[],
    };
    entries.iter().map(|(name, _, node)| (&name[..], node))
}

fn entry<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    entries(node)
        .find(|(key, _)| *key == name)
        .map(|(_, node)| node)
}

/// What editors check: wherever a number is asked for, there may also be a name.
pub(crate) fn allow_names(schema: &mut Schema) {
    match schema {
        Schema::Object(map) => {
            for (key, part) in map.iter_mut() {
                // What stands in an example or a list of names is no schema.
                if !["enum", "const", "default", "required"].contains(&&key[..]) {
                    allow_names(part);
                }
            }
            let is_number = |name: &Schema| name == "number" || name == "integer";
            let mut types = match map.get("type") {
                Some(Schema::Array(types)) => types.clone(),
                Some(one @ Schema::String(_)) => vec![one.clone()],
                _ => return,
            };
            if types.iter().any(is_number) && !types.contains(&"string".into()) {
                types.push("string".into());
                map.insert("type".into(), Schema::Array(types));
                map.insert("pattern".into(), "^[a-z][a-z0-9_]*$".into());
            }
        }
        Schema::Array(parts) => parts.iter_mut().for_each(allow_names),
        _ => {}
    }
}
