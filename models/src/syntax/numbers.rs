//! Numbers, shares and durations within expressions.

use super::{SyntaxError, Token, hints};
use crate::units;
use jiff::civil::{Date, DateTime};

/// Reads what begins with a digit, and goes behind it.
pub(super) fn number(text: &str, at: &mut usize) -> Result<Token, SyntaxError> {
    let start = *at;
    if let Some(date) = date(text, at) {
        return date;
    }
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

/// Reads a date, or a date and a time of the day, if that is what stands here; `2026-01-01` is no difference.
fn date(text: &str, at: &mut usize) -> Option<Result<Token, SyntaxError>> {
    let digits = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.');
    let rest = &text[*at..];
    let rest = &rest[..rest.find(|c| !word(c)).unwrap_or(rest.len())];
    let mut parts = rest.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let day = &day[..day.find(|c: char| !c.is_ascii_digit()).unwrap_or(day.len())];
    if year.len() != 4 || ![year, month, day].into_iter().all(digits) {
        return None;
    }
    let date = year.len() + month.len() + day.len() + 2;
    let length = match rest[date..].starts_with('T') {
        true => rest.trim_end_matches('.').len(),
        false => date,
    };
    let (start, end) = (*at, *at + length);
    *at = end;
    let local = match length == date {
        true => rest[..date].parse::<Date>().map(|date| date.at(0, 0, 0, 0)),
        false => rest[..length].parse::<DateTime>(),
    };
    Some(local.map(Token::Date).map_err(|_| SyntaxError {
        span: start..end,
        message: format!("`{}` is not a date", &text[start..end]),
        help: Some(
            "write 2026-02-02 or 2026-02-02T08:30; a difference of numbers takes spaces".into(),
        ),
    }))
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
