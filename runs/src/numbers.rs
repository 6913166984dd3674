//! Numbers and times as people read them, and values as lines of JSON.

use causeflow_engine::base::time::Time;
use serde::{Serialize, Serializer};

use crate::error::Error;

/// A value as a line of JSON.
pub(crate) fn json_line(value: &impl Serialize) -> Result<String, Error> {
    let text = serde_json::to_string(value);
    let text = text.map_err(|error| Error::machine(format!("cannot write JSON: {error}")))?;
    Ok(text + "\n")
}

/// A count with thousands separated: `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// An estimated count with no more digits than it deserves: `1,230,000`, `14`, `0.3`.
pub fn rough(number: f64) -> String {
    if number < 10.0 {
        let text = format!("{number:.1}");
        return text.strip_suffix(".0").map_or(text.clone(), str::to_owned);
    }
    let mut unit = 1.0;
    while number / unit >= 1000.0 {
        unit *= 10.0;
    }
    count(((number / unit).round() * unit) as u64)
}

/// An instant as RFC 3339 in UTC.
pub fn instant(time: Time) -> String {
    causeflow_outputs::rfc3339(time.0).unwrap_or_else(|| time.to_string())
}

/// Writes an instant into JSON.
pub(crate) fn as_instant<S: Serializer>(time: &Time, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&instant(*time))
}

/// A number with its plural or singular: `1 stream`, `2 streams`.
pub fn some(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// A rate: `3.1 million`, `12.3 thousand`, `340`.
pub fn short(number: f64) -> String {
    if number >= 1e9 {
        format!("{:.2} billion", number / 1e9)
    } else if number >= 1e6 {
        format!("{:.1} million", number / 1e6)
    } else if number >= 1e4 {
        format!("{:.0} thousand", number / 1e3)
    } else {
        count(number.round().max(0.0) as u64)
    }
}

/// A size in decimal units: `543 MB`.
pub fn bytes(number: f64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    let unit = units.iter().find(|(size, _)| number >= *size);
    match unit {
        Some((size, name)) if number / size < 10.0 => format!("{:.1} {name}", number / size),
        Some((size, name)) => format!("{:.0} {name}", number / size),
        None => format!("{number:.0} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(count(0), "0");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(rough(1_234_567.0), "1,230,000");
        assert_eq!(rough(0.25), "0.2");
        assert_eq!(rough(4.0), "4");
        assert_eq!(rough(68_137.0), "68,100");
        assert_eq!(bytes(543_210_000.0), "543 MB");
        assert_eq!(bytes(1_500.0), "1.5 kB");
        assert_eq!(short(3_140_000.0), "3.1 million");
    }
}
