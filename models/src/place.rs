//! Where a part of a scalar's value stands in the file: folded lines, indentation and escapes lie between.

use std::iter::Peekable;
use std::ops::Range;
use std::str::CharIndices;

/// The bytes of `raw`, a text that begins with a scalar as it is written, that make up the bytes `part` of its value.
/// `None` where the two cannot be brought together.
///
/// White space is what folding and indentation change, so only what lies between is followed, character by character:
/// errors are about words and symbols. A part that has none stands behind what comes before it.
pub fn written(raw: &str, value: &str, part: &Range<usize>) -> Option<Range<usize>> {
    let mut characters = Characters::new(raw);
    let (mut start, mut end) = (None, characters.at);
    for (at, wanted) in value.char_indices().filter(|(_, c)| !c.is_whitespace()) {
        let last = at >= part.end;
        if last && (start.is_some() || at > part.start) {
            break;
        }
        let found = characters.next_visible()?;
        if found.1 != wanted {
            return None;
        }
        if at >= part.start {
            start.get_or_insert(found.0.start);
        }
        if last {
            break;
        }
        end = found.0.end;
    }
    let start = start.unwrap_or(end);
    Some(start..end.max(start))
}

/// How the characters of a scalar are written.
#[derive(Clone, Copy, PartialEq)]
enum Style {
    /// As they are, in one line or folded, or in a block.
    Plain,
    /// `'...'`: `''` stands for one quote.
    Single,
    /// `"..."`: with escapes.
    Double,
}

/// The characters of a scalar as it is written, one after the other.
struct Characters<'a> {
    raw: &'a str,
    rest: Peekable<CharIndices<'a>>,
    style: Style,
    /// Where the first character is.
    at: usize,
}

impl<'a> Characters<'a> {
    fn new(raw: &'a str) -> Characters<'a> {
        let (style, at) = match raw.as_bytes().first() {
            Some(b'\'') => (Style::Single, 1),
            Some(b'"') => (Style::Double, 1),
            // What follows on the line of `|` or `>` says how the block is meant.
            Some(b'|' | b'>') => (Style::Plain, raw.find('\n').unwrap_or(raw.len())),
            _ => (Style::Plain, 0),
        };
        let mut rest = raw.char_indices().peekable();
        while rest.next_if(|(place, _)| *place < at).is_some() {}
        Characters {
            raw,
            rest,
            style,
            at,
        }
    }

    /// The next character of the value that is no white space, and the bytes that stand for it.
    fn next_visible(&mut self) -> Option<(Range<usize>, char)> {
        loop {
            let (start, c) = self.rest.next()?;
            let value = match (self.style, c) {
                (Style::Single, '\'') => self.rest.next_if(|(_, c)| *c == '\'').map(|_| '\'')?,
                (Style::Double, '"') => return None,
                (Style::Double, '\\') => self.escape()?,
                _ => c,
            };
            if !value.is_whitespace() {
                let end = self.rest.peek().map_or(self.raw.len(), |(at, _)| *at);
                return Some((start..end, value));
            }
        }
    }

    /// What stands for a character after a backslash.
    fn escape(&mut self) -> Option<char> {
        let (_, c) = self.rest.next()?;
        let digits = match c {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            '0' => return Some('\0'),
            'a' => return Some('\u{7}'),
            'b' => return Some('\u{8}'),
            'e' => return Some('\u{1b}'),
            // White space of all kinds, among it the end of a line that goes on in the next.
            't' | 'n' | 'v' | 'f' | 'r' | 'N' | '_' | 'L' | 'P' => return Some(' '),
            other => return Some(other),
        };
        let mut code = 0;
        for _ in 0..digits {
            code = code * 16 + self.rest.next()?.1.to_digit(16)?;
        }
        char::from_u32(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{self, Value};

    /// What of a file stands for a word in the value of its only key.
    fn shown<'a>(file: &'a str, word: &str) -> Option<&'a str> {
        let tree = yaml::parse(file).expect("the file is YAML");
        let node = tree.at(&["k".to_owned()]);
        let Value::Scalar { text, .. } = &node.value else {
            panic!("{file} is no scalar");
        };
        let at = text
            .find(word)
            .unwrap_or_else(|| panic!("`{text}` has no {word}"));
        let raw = &file[node.span.start..];
        written(raw, text, &(at..at + word.len())).map(|part| &raw[part])
    }

    #[test]
    fn words_are_found_however_they_are_written() {
        for file in [
            "k: 1 + nope + 2\n",
            "k: 1 +\n  nope\n  + 2\n",
            "k: 'if(x, ''s'', nope)'\n",
            "k: 'a ''b''\n\n  c nope'\n",
            "k: \"\\x31 + \\u0032 \\U00000033 + nope\"\n",
            "k: \"1 + \\\n  2 +\\tnope \\\"\"\n",
            "k: >-\n  1 +\n  nope\n",
            "k: |2  # a comment\n    1 +\n    nope\n",
            "k: |\n\n  é 日本 +\n\n  nope\n",
            "k: 1 +\r\n  nope\r\n",
        ] {
            assert_eq!(shown(file, "nope"), Some("nope"), "{file}");
        }
        assert_eq!(shown("k: \"\\x31 + \\x32\"\n", "2"), Some("\\x32"));
        assert_eq!(shown("k: 'a ''b'''\n", "'b'"), Some("''b''"));
        assert_eq!(shown("k: 1 +\n  2\n", "1 + 2"), Some("1 +\n  2"));
    }

    #[test]
    fn what_is_missing_stands_behind_the_last_word() {
        let end = |raw: &str, value: &str| written(raw, value, &(value.len()..value.len()));
        assert_eq!(end("1 +  # more", "1 +"), Some(3..3));
        assert_eq!(end("|\n  1 +\n", "1 +\n"), Some(7..7));
        assert_eq!(end("''", ""), Some(1..1));
        assert_eq!(written("(((", "(((", &(1..1)), Some(1..1));
        assert_eq!(written("'x' y", "other", &(0..5)), None);
    }
}
