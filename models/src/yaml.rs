//! YAML as a tree that knows where everything stands.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle};

use crate::diagnostic::{Diagnostic, Severity, shortened};

/// A node of a YAML document and the bytes of the file it takes up.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where it stands.
    pub span: Range<usize>,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    /// A text, a number, a truth value or nothing.
    Scalar {
        /// As it stands there, without quotes.
        text: String,
        /// Whether it is not in quotes.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in its order: (key, where the key stands, value).
    Map(Vec<(String, Range<usize>, Node)>),
}

/// Why a text is not such a tree.
#[derive(Debug)]
pub struct YamlError {
    /// Where.
    pub span: Range<usize>,
    /// Why.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl YamlError {
    /// The same as an error of a file, given by its place in [`crate::Diagnostics::files`].
    pub fn in_file(self, file: usize) -> Diagnostic {
        Diagnostic {
            severity: Severity::Error,
            file: Some(file),
            span: self.span,
            message: self.message,
            help: self.help,
        }
    }
}

impl From<serde_json::Error> for YamlError {
    /// What serde alone refuses, although the structure has been checked. Its own words would help nobody who
    /// writes a model: they name types of the program, and no place.
    fn from(_: serde_json::Error) -> Self {
        YamlError {
            span: 0..0,
            message: "this file cannot be read, although each part of it has the right shape"
                .into(),
            help: Some("this is a mistake in causeflow: please report it with the file".into()),
        }
    }
}

/// Deeper nesting than any model needs; guards the stack against hostile files.
const MAX_DEPTH: usize = 64;

/// Parses a file. All duplicate keys are reported at once; a syntax error ends the parse.
///
/// # Errors
/// What keeps it from being one plain document.
pub fn parse(text: &str) -> Result<Node, Vec<YamlError>> {
    let lines = Lines::new(text);
    let mut tree = Tree {
        parser: Parser::new_from_str(text),
        lines,
        errors: Vec::new(),
        anchors: false,
    };
    match tree.document() {
        Ok(_) if !tree.errors.is_empty() => Err(tree.errors),
        Ok(node) => Ok(node),
        Err(error) => {
            tree.errors.push(error);
            Err(tree.errors)
        }
    }
}

/// Turns the parser's (line, column in characters) into byte offsets.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// The place that was asked for last, as (line, column, offset): the next one is a little further on, and a
    /// file may be a single line.
    last: Cell<(usize, usize, usize)>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Lines {
            text,
            starts,
            last: Cell::new((1, 0, 0)),
        }
    }

    /// `line` counts from 1, `column` from 0.
    fn offset(&self, line: usize, column: usize) -> usize {
        let Some(&start) = self.starts.get(line.saturating_sub(1)) else {
            return self.text.len();
        };
        let (from, start) = match self.last.get() {
            (last_line, last, offset) if last_line == line && last <= column => (last, offset),
            _ => (0, start),
        };
        let found = self.text[start..].char_indices().nth(column - from);
        let Some((at, _)) = found else {
            return self.text.len();
        };
        self.last.set((line, column, start + at));
        start + at
    }

    fn range(&self, span: saphyr_parser::Span) -> Range<usize> {
        let start = self.offset(span.start.line(), span.start.col());
        let end = self.offset(span.end.line(), span.end.col());
        let kept = self.text[start..end.max(start)].trim_end().len();
        start..start + kept
    }
}

struct Tree<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    lines: Lines<'a>,
    errors: Vec<YamlError>,
    anchors: bool,
}

impl<'a> Tree<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Range<usize>), YamlError> {
        match self.parser.next() {
            Some(Ok((event, span))) => Ok((event, self.lines.range(span))),
            Some(Err(error)) => {
                let marker = error.marker();
                let at = self.lines.offset(marker.line(), marker.col());
                let at = at.min(self.lines.text.len());
                // The parser says otherwise what a tab breaks, and the eye does not see one.
                let text = self.lines.text;
                let tab = text[at..].starts_with('\t') || text[..at].ends_with('\t');
                let help = match tab {
                    true => "there is a tab here: put spaces in its place",
                    false => "check indentation, quotes, and the spaces after `:` and `,`",
                };
                Err(YamlError {
                    span: at..at,
                    message: format!("this is not YAML: {}", error.info()),
                    help: Some(help.into()),
                })
            }
            None => Ok((
                Event::StreamEnd,
                self.lines.text.len()..self.lines.text.len(),
            )),
        }
    }

    fn document(&mut self) -> Result<Node, YamlError> {
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => {
                    return Ok(Node {
                        span,
                        value: Value::Map(Vec::new()),
                    });
                }
                Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
                event => {
                    let node = self.node(event, span, 0)?;
                    return self.end_of_document(node);
                }
            }
        }
    }

    fn end_of_document(&mut self, node: Node) -> Result<Node, YamlError> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(node.or_empty_map()),
                (Event::DocumentStart(_), span) => {
                    return Err(YamlError {
                        span,
                        message: "a second document begins here; a file holds one".into(),
                        help: Some("put it into a file of its own".into()),
                    });
                }
                _ => {}
            }
        }
    }

    fn node(
        &mut self,
        event: Event<'a>,
        span: Range<usize>,
        depth: usize,
    ) -> Result<Node, YamlError> {
        if depth > MAX_DEPTH {
            return Err(YamlError {
                span,
                message: "this is nested too deeply".into(),
                help: None,
            });
        }
        let value = match event {
            Event::Scalar(text, style, ..) => Value::Scalar {
                text: text.into_owned(),
                plain: style == ScalarStyle::Plain,
            },
            Event::SequenceStart(..) => return self.list(span.start, depth),
            Event::MappingStart(..) => return self.map(span.start, depth),
            Event::Alias(_) if !self.anchors => {
                self.anchors = true;
                self.errors.push(YamlError {
                    span: span.clone(),
                    message: "aliases (`*name`) are not part of the model format".into(),
                    help: Some("write the value out".into()),
                });
                Value::Scalar {
                    text: String::new(),
                    plain: false,
                }
            }
            _ => Value::Scalar {
                text: String::new(),
                plain: true,
            },
        };
        Ok(Node { span, value })
    }

    fn list(&mut self, start: usize, depth: usize) -> Result<Node, YamlError> {
        let mut nodes = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(Node {
                    span: start..span.end.max(start),
                    value: Value::List(nodes),
                });
            }
            nodes.push(self.node(event, span, depth + 1)?);
        }
    }

    fn map(&mut self, start: usize, depth: usize) -> Result<Node, YamlError> {
        let mut entries: Vec<(String, Range<usize>, Node)> = Vec::new();
        let mut seen = BTreeSet::new();
        loop {
            let (event, span) = self.next()?;
            let key = match event {
                Event::MappingEnd => {
                    return Ok(Node {
                        span: start..span.end.max(start),
                        value: Value::Map(entries),
                    });
                }
                Event::Scalar(text, ..) => text.into_owned(),
                _ => {
                    return Err(YamlError {
                        span,
                        message: "a key must be a plain text".into(),
                        help: Some("quote what begins with `{`, `[`, `*` or `&`".into()),
                    });
                }
            };
            if !seen.insert(key.clone()) {
                self.errors.push(YamlError {
                    span: span.clone(),
                    message: format!("the key `{}` stands here a second time", shortened(&key)),
                    help: Some("remove one of the two, or rename it".into()),
                });
            }
            let (event, value_span) = self.next()?;
            let value = self.node(event, value_span, depth + 1)?;
            entries.push((key, span, value));
        }
    }
}

impl Node {
    /// An empty map.
    pub(crate) fn nothing() -> Node {
        Node {
            span: 0..0,
            value: Value::Map(Vec::new()),
        }
    }

    /// A `---` with nothing below it is an empty file.
    fn or_empty_map(self) -> Node {
        match &self.value {
            Value::Scalar { text, plain: true } if text.is_empty() => Node {
                value: Value::Map(Vec::new()),
                ..self
            },
            _ => self,
        }
    }

    /// The node at a path of keys and list positions, or the nearest one above that exists.
    pub fn at(&self, path: &[String]) -> &Node {
        let Some((first, rest)) = path.split_first() else {
            return self;
        };
        let next = match &self.value {
            Value::Map(entries) => entries
                .iter()
                .find(|(key, ..)| key == first)
                .map(|(.., node)| node),
            Value::List(nodes) => first.parse().ok().and_then(|i: usize| nodes.get(i)),
            Value::Scalar { .. } => None,
        };
        next.map_or(self, |node| node.at(rest))
    }

    /// Where the key at the end of a path stands; the node's own place if it is not a key.
    pub fn key_at(&self, path: &[String]) -> Range<usize> {
        let Some((last, above)) = path.split_last() else {
            return self.span.clone();
        };
        let node = self.at(above);
        match &node.value {
            Value::Map(entries) => {
                let key = entries.iter().find(|(key, ..)| key == last);
                key.map_or(node.span.clone(), |(_, span, _)| span.clone())
            }
            _ => node.at(std::slice::from_ref(last)).span.clone(),
        }
    }

    /// The tree as JSON, for serde: plain scalars become numbers, truth values or null where YAML
    /// says so.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Scalar { text, plain } => scalar(text, *plain),
            Value::List(nodes) => nodes.iter().map(Node::to_json).collect(),
            Value::Map(entries) => entries
                .iter()
                .map(|(key, _, node)| (key.clone(), node.to_json()))
                .collect(),
        }
    }
}

/// A scalar by YAML's core schema.
pub fn scalar(text: &str, plain: bool) -> serde_json::Value {
    if !plain {
        return text.into();
    }
    match text {
        "" | "~" | "null" => serde_json::Value::Null,
        "true" => true.into(),
        "false" => false.into(),
        _ => {
            let numeric = text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
            if let Some(whole) = text.parse::<i64>().ok().filter(|_| numeric) {
                return whole.into();
            }
            let number = text
                .parse::<f64>()
                .ok()
                .filter(|x| numeric && x.is_finite());
            number.map_or_else(|| text.into(), |x| x.into())
        }
    }
}
