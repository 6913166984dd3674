//! The syntax of expressions: text to a tree that remembers where each part stands.

mod hints;
mod numbers;
mod operator;

use std::ops::Range;

use jiff::civil::DateTime;

use crate::diagnostic::shortened;
pub use operator::{Operator, Prefix};

/// A part of an expression and the bytes of its text that it takes up.
#[derive(Clone, Debug, PartialEq)]
pub struct Ast {
    /// Where it stands in the expression's text.
    pub span: Range<usize>,
    /// What it is.
    pub kind: AstKind,
}

/// What a part of an expression is.
#[derive(Clone, Debug, PartialEq)]
pub enum AstKind {
    /// A number or share.
    Number(f64),
    /// A duration, in microseconds.
    Duration(f64),
    /// A date, at midnight, or a time of a day, as clocks show it.
    Date(DateTime),
    /// A text in quotes.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A name with its parts, such as `student.grade`.
    Name(Vec<String>),
    /// A function and its arguments.
    Call(String, Vec<Ast>),
    /// `-x` or `not x`.
    Unary(Prefix, Box<Ast>),
    /// An argument of a function by its name, as in `choose(city, weight: population)`.
    Named(String, Box<Ast>),
    /// An operator between two parts.
    Binary(Operator, Box<Ast>, Box<Ast>),
    /// `a..b`.
    Range(Box<Ast>, Box<Ast>),
}

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntaxError {
    /// Where.
    pub span: Range<usize>,
    /// What was found and expected.
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl SyntaxError {
    fn new(span: Range<usize>, message: impl Into<String>) -> SyntaxError {
        SyntaxError {
            span,
            message: message.into(),
            help: None,
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Number(f64),
    Duration(f64),
    Date(DateTime),
    Text(String),
    Word(String),
    Symbol(&'static str),
    End,
}

const SYMBOLS: [&str; 16] = [
    "..", "<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "(", ")", ",", ".", ":",
];

/// Deeper nesting than any model needs; guards the stack against hostile files.
const MAX_DEPTH: usize = 48;
/// More parts than any expression needs: `1 + 1 + ...` is a tree as deep as it is long.
const MAX_TOKENS: usize = 400;

/// Parses an expression.
///
/// # Errors
/// Where and why it is not one.
pub fn parse(text: &str) -> Result<Ast, SyntaxError> {
    let tokens = tokens(text)?;
    // The last one stands for the end.
    let parts = tokens.len() - 1;
    if parts > MAX_TOKENS {
        let message = format!("this has {parts} parts, an expression has at most {MAX_TOKENS}");
        return Err(SyntaxError::new(tokens[MAX_TOKENS].1.clone(), message));
    }
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
    };
    let mut ast = parser.binary(0)?;
    if parser.take("..") {
        let high = parser.binary(0)?;
        let span = ast.span.start..high.span.end;
        ast = Ast {
            span,
            kind: AstKind::Range(Box::new(ast), Box::new(high)),
        };
    }
    let (token, span) = parser.peek().clone();
    if token == Token::End {
        Ok(ast)
    } else {
        let message = format!("found {}, expected the end or an operator", show(&token));
        Err(SyntaxError::new(span, message))
    }
}

fn show(token: &Token) -> String {
    match token {
        Token::Number(x) => format!("`{x}`"),
        Token::Duration(_) => "a duration".into(),
        Token::Date(_) => "a date".into(),
        Token::Text(text) => format!("'{}'", shortened(text)),
        Token::Word(word) => format!("`{}`", shortened(word)),
        Token::Symbol(symbol) => format!("`{symbol}`"),
        Token::End => "the end".into(),
    }
}

fn tokens(text: &str) -> Result<Vec<(Token, Range<usize>)>, SyntaxError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let start = at;
        let token = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if c.is_ascii_digit() {
            numbers::number(text, &mut at)?
        } else if c == '\'' || c == '"' {
            let Some(end) = text[at + 1..].find(c) else {
                let message = format!("this text has no closing {c}");
                return Err(SyntaxError::new(at..text.len(), message));
            };
            at += end + 2;
            Token::Text(text[start + 1..at - 1].to_owned())
        } else if c.is_ascii_alphabetic() || c == '_' {
            at += text[at..]
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(text.len() - at);
            Token::Word(text[start..at].to_owned())
        } else if let Some(foreign) = hints::foreign(text, at) {
            return Err(foreign);
        } else if let Some(symbol) = SYMBOLS
            .iter()
            .find(|symbol| text[at..].starts_with(**symbol))
        {
            at += symbol.len();
            Token::Symbol(symbol)
        } else {
            let message = format!("`{c}` has no meaning in an expression");
            return Err(SyntaxError::new(at..at + c.len_utf8(), message));
        };
        if let (Some((Token::Number(_), number)), Token::Word(word)) = (tokens.last(), &token)
            && let Some(error) = hints::unit_apart(text, number, word, start..at)
        {
            return Err(error);
        }
        tokens.push((token, start..at));
    }
    tokens.push((Token::End, text.len()..text.len()));
    Ok(tokens)
}

struct Parser {
    tokens: Vec<(Token, Range<usize>)>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &(Token, Range<usize>) {
        &self.tokens[self.at]
    }

    fn next(&mut self) -> (Token, Range<usize>) {
        let token = self.tokens[self.at].clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn take(&mut self, symbol: &str) -> bool {
        let found = match &self.peek().0 {
            Token::Symbol(s) => *s == symbol,
            Token::Word(word) => word == symbol,
            _ => false,
        };
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<Range<usize>, SyntaxError> {
        let (token, span) = self.peek().clone();
        if self.take(symbol) {
            Ok(span)
        } else {
            let message = format!("found {}, expected `{symbol}`", show(&token));
            Err(SyntaxError::new(span, message))
        }
    }

    fn binary(&mut self, level: usize) -> Result<Ast, SyntaxError> {
        let Some(operators) = Operator::LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(op) = operators.iter().copied().find(|op| self.take(op.sign())) {
            let right = self.binary(level + 1)?;
            let span = left.span.start..right.span.end;
            left = Ast {
                span,
                kind: AstKind::Binary(op, Box::new(left), Box::new(right)),
            };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Ast, SyntaxError> {
        let start = self.peek().1.start;
        for op in Prefix::ALL {
            if self.take(op.sign()) {
                self.enter(start)?;
                let inner = match op.level() {
                    Some(level) => self.binary(level)?,
                    None => self.unary()?,
                };
                self.depth -= 1;
                return Ok(Ast {
                    span: start..inner.span.end,
                    kind: AstKind::Unary(op, Box::new(inner)),
                });
            }
        }
        self.primary()
    }

    fn enter(&mut self, at: usize) -> Result<(), SyntaxError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(SyntaxError::new(at..at, "this is nested too deeply"));
        }
        Ok(())
    }

    fn primary(&mut self) -> Result<Ast, SyntaxError> {
        let (token, span) = self.next();
        let kind = match token {
            Token::Number(x) => AstKind::Number(x),
            Token::Duration(us) => AstKind::Duration(us),
            Token::Date(local) => AstKind::Date(local),
            Token::Text(text) => AstKind::Text(text),
            Token::Word(word) if word == "true" || word == "false" => AstKind::Bool(word == "true"),
            Token::Word(word) => return self.name_or_call(word, span),
            Token::Symbol("(") => {
                self.enter(span.start)?;
                let inner = self.binary(0)?;
                self.depth -= 1;
                let end = self.expect(")")?;
                return Ok(Ast {
                    span: span.start..end.end,
                    ..inner
                });
            }
            other => {
                let message = format!("found {}, expected a value", show(&other));
                return Err(SyntaxError::new(span, message));
            }
        };
        Ok(Ast { span, kind })
    }

    /// An argument of a function, which may have its name before it.
    fn argument(&mut self) -> Result<Ast, SyntaxError> {
        let (token, span) = self.peek().clone();
        let next = self.tokens.get(self.at + 1);
        let named = next.is_some_and(|next| next.0 == Token::Symbol(":"));
        let name = match token {
            Token::Word(name) if named => name,
            _ => return self.binary(0),
        };
        self.at += 2;
        let value = self.binary(0)?;
        Ok(Ast {
            span: span.start..value.span.end,
            kind: AstKind::Named(name, Box::new(value)),
        })
    }

    fn name_or_call(&mut self, word: String, span: Range<usize>) -> Result<Ast, SyntaxError> {
        if self.take("(") {
            self.enter(span.start)?;
            let mut args = Vec::new();
            while self.peek().0 != Token::Symbol(")") {
                args.push(self.argument()?);
                if !self.take(",") {
                    break;
                }
            }
            self.depth -= 1;
            let end = self.expect(")")?;
            if self.peek().0 == Token::Symbol(".") {
                return Err(hints::part_of_call(&word, span.start..end.end));
            }
            return Ok(Ast {
                span: span.start..end.end,
                kind: AstKind::Call(word, args),
            });
        }
        let (mut parts, mut end) = (vec![word], span.end);
        while self.take(".") {
            let (token, part) = self.next();
            let Token::Word(word) = token else {
                let message = format!("found {}, expected a name after the dot", show(&token));
                return Err(SyntaxError::new(part, message));
            };
            parts.push(word);
            end = part.end;
        }
        Ok(Ast {
            span: span.start..end,
            kind: AstKind::Name(parts),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        fn show(ast: &Ast) -> String {
            match &ast.kind {
                AstKind::Number(x) => x.to_string(),
                AstKind::Duration(us) => format!("{us}us"),
                AstKind::Date(local) => local.to_string(),
                AstKind::Text(text) => format!("'{text}'"),
                AstKind::Bool(b) => b.to_string(),
                AstKind::Name(parts) => parts.join("."),
                AstKind::Call(name, args) => {
                    format!(
                        "{name}[{}]",
                        args.iter().map(show).collect::<Vec<_>>().join(" ")
                    )
                }
                AstKind::Unary(op, a) => format!("({} {})", op.sign(), show(a)),
                AstKind::Binary(op, a, b) => {
                    format!("({} {} {})", op.sign(), show(a), show(b))
                }
                AstKind::Named(name, a) => format!("{name}:{}", show(a)),
                AstKind::Range(a, b) => format!("{}..{}", show(a), show(b)),
            }
        }
        parse(text).map_or_else(|e| format!("{:?}: {}", e.span, e.message), |ast| show(&ast))
    }

    #[test]
    fn every_operator_is_read_as_it_is_written() {
        for op in Operator::LEVELS.concat() {
            let ast = parse(&format!("a {} b", op.sign())).expect("an expression");
            assert!(matches!(ast.kind, AstKind::Binary(found, ..) if found == op));
        }
        for op in Prefix::ALL {
            let ast = parse(&format!("{} a", op.sign())).expect("an expression");
            assert!(matches!(ast.kind, AstKind::Unary(found, _) if found == op));
        }
    }

    #[test]
    fn operators_bind_as_usual() {
        assert_eq!(
            shown("1 + 2 * 3 < 4 and not a or b"),
            "(or (and (< (+ 1 (* 2 3)) 4) (not a)) b)"
        );
        assert_eq!(shown("-(a - 1) / 5m"), "(/ (- (- a 1)) 300000000us)");
        assert_eq!(shown("not a == 'x'"), "(not (== a 'x'))");
    }

    #[test]
    fn literals_names_calls_and_ranges() {
        assert_eq!(
            shown("choose(city, weight: size, land: a.b)"),
            "choose[city weight:size land:a.b]"
        );
        assert_eq!(shown("1h..6h"), "3600000000us..21600000000us");
        assert_eq!(shown("30%"), "0.3");
        assert_eq!(
            shown("if(student.tutor.quality > 0.5, 'a', \"b\")"),
            "if[(> student.tutor.quality 0.5) 'a' 'b']"
        );
        assert_eq!(shown("1.5"), "1.5");
        assert_eq!(shown("1e-3 + 2.5E+2"), "(+ 0.001 250)");
        assert_eq!(shown("1e3s"), "1000000000us");
        assert_eq!(shown("2026-01-31"), "2026-01-31T00:00:00");
        assert_eq!(
            shown("time<2026-01-31T08:30+1d"),
            "(< time (+ 2026-01-31T08:30:00 86400000000us))"
        );
        assert_eq!(shown("2026 - 01 - 01"), "(- (- 2026 1) 1)");
    }

    #[test]
    fn errors_say_where() {
        assert_eq!(shown("1 +"), "3..3: found the end, expected a value");
        assert_eq!(shown("(1"), "2..2: found the end, expected `)`");
        assert_eq!(
            shown("5 parsec"),
            "2..8: found `parsec`, expected the end or an operator"
        );
        assert!(shown("2026-02-30").contains("`2026-02-30` is not a date"));
        assert!(shown("1 + 2026-1-1").contains("not a date"));
        assert!(shown("5parsec").contains("not a unit of time"));
        assert!(shown(&"(".repeat(100)).contains("nested too deeply"));
        assert!(shown("a $ b").contains("no meaning"));
    }
}
