//! Numbers, shares and durations within expressions.

use super::{SyntaxError, Token, hints};
use crate::units;

/// Reads what begins with a digit, and goes behind it.
pub(super) fn number(text: &str, at: &mut usize) -> Result<Token, SyntaxError> {
    let start = *at;
    let digits = |at: &mut usize| {
        *at += text[*at..]
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len() - *at);
    };
    digits(at);
    let mut rest = text[*at..].chars();
    // `1..6` is a range, `1.5` a number.
    if rest.next() == Some('.') && rest.next().is_some_and(|c| c.is_ascii_digit()) {
        *at += 1;
        digits(at);
    }
    exponent(text, at);
    let value: f64 = text[start..*at].parse().unwrap_or(f64::INFINITY);
    if !value.is_finite() {
        return Err(SyntaxError::new(start..*at, "this number is too large"));
    }
    if text[*at..].starts_with('%') {
        *at += 1;
        return Ok(Token::Number(value / 100.0));
    }
    let letters = text[*at..]
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len() - *at);
    let unit = &text[*at..*at + letters];
    if unit.is_empty() {
        return Ok(Token::Number(value));
    }
    *at += letters;
    match units::unit_us(unit).map(|us| value * us as f64) {
        Some(us) if us > units::LONGEST_US => Err(SyntaxError::new(
            start..*at,
            format!("this duration {}", units::TOO_LONG),
        )),
        Some(us) => Ok(Token::Duration(us.round())),
        None => Err(hints::no_unit(text, start..*at, unit)),
    }
}

/// Goes behind an exponent, as in `1e-3`, if there is one.
fn exponent(text: &str, at: &mut usize) {
    let Some(rest) = text[*at..].strip_prefix(['e', 'E']) else {
        return;
    };
    let digits = rest.strip_prefix(['+', '-']).unwrap_or(rest);
    let others = digits.trim_start_matches(|c: char| c.is_ascii_digit());
    if others.len() < digits.len() {
        *at = text.len() - others.len();
    }
}
