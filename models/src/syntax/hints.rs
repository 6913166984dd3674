//! What to write instead of what other languages, and people, write.

use std::ops::Range;

use super::SyntaxError;
use crate::units::{self, UNITS};

/// Symbols of other languages, the longer ones first, and what to write instead.
const FOREIGN: [(&str, &str); 16] = [
    ("&&", "write `and`"),
    ("||", "write `or`"),
    ("**", "write pow(x, y)"),
    ("===", "write `==`"),
    ("=>", "write `>=`"),
    ("=<", "write `<=`"),
    ("<>", "write `!=`"),
    ("&", "write `and`"),
    ("|", "write `or`"),
    ("^", "write pow(x, y)"),
    ("=", "to compare, write `==`"),
    ("!", "write `not`"),
    ("?", "write if(condition, a, b)"),
    ("\u{201c}", "put texts in straight quotes: 'active'"),
    ("\u{2018}", "put texts in straight quotes: 'active'"),
    (
        "%",
        "a share has its sign right behind the number: 30%; there is no remainder",
    ),
];

/// A symbol that has no meaning here, and what to write instead.
pub(super) fn foreign(text: &str, at: usize) -> Option<SyntaxError> {
    let rest = &text[at..];
    // What these begin with is part of an operator that there is.
    if ["==", "!="].iter().any(|own| rest.starts_with(own)) && !rest.starts_with("===") {
        return None;
    }
    let (symbol, help) = FOREIGN
        .iter()
        .find(|(symbol, _)| rest.starts_with(symbol))?;
    Some(SyntaxError {
        span: at..at + symbol.len(),
        message: format!("`{symbol}` has no meaning in an expression"),
        help: Some((*help).to_owned()),
    })
}

/// A unit that stands apart from its number, as in `5 min`.
pub(super) fn unit_apart(
    text: &str,
    number: &Range<usize>,
    word: &str,
    span: Range<usize>,
) -> Option<SyntaxError> {
    let parts = units::parts(&format!("{}{word}", &text[number.clone()]))?;
    Some(SyntaxError {
        span: number.start..span.end,
        message: format!(
            "a unit stands right behind its number, found `{}`",
            &text[number.start..span.end]
        ),
        help: Some(format!("write {}", parts.join(" + "))),
    })
}

/// `pick(ward).beds`: what a function gives has a name before it has parts.
pub(super) fn part_of_call(function: &str, span: Range<usize>) -> SyntaxError {
    SyntaxError {
        span,
        message: format!("what `{function}(...)` gives has no name here, so nothing can be read of it"),
        help: Some(
            "name it first, `let: {chosen: {value: ...}}`, and write `chosen.` and what is to be read"
                .into(),
        ),
    }
}

/// What follows a number is no unit of time.
pub(super) fn no_unit(text: &str, span: Range<usize>, unit: &str) -> SyntaxError {
    let number = &text[span.start..span.end - unit.len()];
    if unit.starts_with('_') || (number == "0" && unit.starts_with(['x', 'b', 'o'])) {
        let digits = unit.chars().all(|c| c == '_' || c.is_ascii_digit());
        return SyntaxError {
            message: format!("`{number}{unit}` is not a number"),
            help: Some(match digits {
                true => format!("write {number}{}", unit.replace('_', "")),
                false => "write numbers in decimal digits, such as 1000, 0.5 or 1e3".into(),
            }),
            span,
        };
    }
    let names: Vec<&str> = UNITS.iter().map(|(name, _)| *name).collect();
    SyntaxError {
        message: format!(
            "`{unit}` is not a unit of time; there are {}",
            names.join(", ")
        ),
        help: units::parts(&format!("{number}{unit}")).map(|parts| match &parts[..] {
            [one] => format!("did you mean `{one}`?"),
            parts => format!("write a sum: {}", parts.join(" + ")),
        }),
        span,
    }
}
