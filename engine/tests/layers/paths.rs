//! The paths that a source names: what it imports, and what it writes out in full.

/// A path as it stands in a source, from its first segment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Where, counted from 1.
    pub line: usize,
    /// The modules within the file in which it stands.
    pub within: Vec<String>,
    /// Its segments; `*` is one, too. A `self` in braces is the path before them.
    pub segments: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Colons,
    Other(char),
}

/// All paths that begin at a crate of the workspace (`causeflow_...`), at `crate`, `self` or `super`. Comments, texts
/// and who may see an item (`pub(in ...)`) are none.
pub fn named(source: &str) -> Vec<Named> {
    let tokens = tokens(source);
    let mut all = Vec::new();
    let mut modules: Vec<(String, usize)> = Vec::new();
    let (mut depth, mut at) = (0, 0);
    while let Some((_, token)) = tokens.get(at) {
        let next = tokens.get(at + 1).map(|(_, token)| token);
        match (token, next) {
            (Token::Other('{'), _) => depth += 1,
            (Token::Other('}'), _) => {
                depth -= 1;
                modules.retain(|(_, outside)| *outside < depth);
            }
            (Token::Word(word), Some(Token::Word(name)))
                if word == "mod" && tokens.get(at + 2).is_some_and(|(_, t)| *t == OPEN) =>
            {
                modules.push((name.clone(), depth));
            }
            (Token::Word(word), Some(Token::Other('('))) if word == "pub" => {
                let closed = |(_, token): &(usize, Token)| *token == Token::Other(')');
                at += tokens[at..].iter().position(closed).unwrap_or(0);
            }
            (Token::Word(word), _) if begins(word, tokens[..at].last()) => {
                let mut found = Vec::new();
                at = tree(&tokens, at, &[], &mut found);
                let within: Vec<String> = modules.iter().map(|(name, _)| name.clone()).collect();
                all.extend(found.into_iter().map(|(line, segments)| Named {
                    line,
                    within: within.clone(),
                    segments,
                }));
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    all
}

/// The lines on which something is imported.
pub fn imports(source: &str) -> Vec<usize> {
    let tokens = tokens(source);
    let imports = tokens
        .iter()
        .filter(|(_, token)| *token == Token::Word("use".into()));
    imports.map(|(line, _)| *line).collect()
}

const OPEN: Token = Token::Other('{');

/// Whether a path begins with this word.
fn begins(word: &str, before: Option<&(usize, Token)>) -> bool {
    let goes_on = before.is_some_and(|(_, token)| *token == Token::Colons);
    word.starts_with("causeflow_") || (matches!(word, "crate" | "self" | "super") && !goes_on)
}

/// Reads a path from a token on, with what it has in braces, and tells where it ends.
fn tree(
    tokens: &[(usize, Token)],
    mut at: usize,
    prefix: &[String],
    found: &mut Vec<(usize, Vec<String>)>,
) -> usize {
    let mut segments = prefix.to_vec();
    let mut line = tokens.get(at).map_or(0, |(line, _)| *line);
    while let Some((here, token)) = tokens.get(at) {
        match token {
            Token::Word(word) if word == "self" && !segments.is_empty() => {}
            Token::Word(word) => segments.push(word.clone()),
            Token::Other('*') => segments.push("*".into()),
            Token::Other('{') => {
                at += 1;
                while let Some((_, token)) = tokens.get(at) {
                    match token {
                        Token::Other('}') => return at + 1,
                        Token::Word(word) if word == "as" => at += 2,
                        Token::Word(_) | Token::Other('*' | '{') => {
                            at = tree(tokens, at, &segments, found);
                        }
                        _ => at += 1,
                    }
                }
                return at;
            }
            _ => break,
        }
        line = *here;
        at += 1;
        match tokens.get(at) {
            Some((_, Token::Colons)) => at += 1,
            _ => break,
        }
    }
    found.push((line, segments));
    at
}

/// Words, double colons and single signs, with their lines; without comments, texts, characters and lifetimes.
fn tokens(source: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = source.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let rest = &chars[at..];
        let starts = |text: &str| text.chars().eq(rest.iter().copied().take(text.len()));
        let length = if starts("//") {
            rest.iter().position(|c| *c == '\n').unwrap_or(rest.len())
        } else if starts("/*") {
            block_comment(rest)
        } else if let Some(length) = text(rest) {
            length
        } else if rest[0] == '\'' {
            character(rest)
        } else if rest[0].is_alphanumeric() || rest[0] == '_' {
            let word = |c: &&char| c.is_alphanumeric() || **c == '_';
            let word: String = rest.iter().take_while(word).collect();
            let length = word.chars().count();
            tokens.push((line, Token::Word(word)));
            length
        } else if starts("::") {
            tokens.push((line, Token::Colons));
            2
        } else {
            if !rest[0].is_whitespace() {
                tokens.push((line, Token::Other(rest[0])));
            }
            1
        };
        line += rest[..length].iter().filter(|c| **c == '\n').count();
        at += length;
    }
    tokens
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at + 1 < rest.len() {
        match (rest[at], rest[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a text that stands here, plain or raw; none if none does.
fn text(rest: &[char]) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""]
        .iter()
        .find(|prefix| prefix.chars().eq(rest.iter().copied().take(prefix.len())))?;
    let raw = prefix.ends_with('r');
    let after = &rest[prefix.len()..];
    let hashes = after.iter().take_while(|c| raw && **c == '#').count();
    if after.get(hashes) != Some(&'"') {
        return None;
    }
    let mut at = prefix.len() + hashes + 1;
    while at < rest.len() {
        let closed =
            rest[at] == '"' && rest[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
        match rest[at] {
            _ if closed => return Some(at + 1 + hashes),
            '\\' if !raw => at += 2,
            _ => at += 1,
        }
    }
    Some(rest.len())
}

/// The length of a character, or of the sign before the name of a lifetime.
fn character(rest: &[char]) -> usize {
    match (rest.get(1), rest.get(2)) {
        (Some('\\'), _) => {
            let end = rest.iter().skip(3).position(|c| *c == '\'');
            end.map_or(rest.len(), |end| end + 4)
        }
        (_, Some('\'')) => 3,
        _ => 1,
    }
}
