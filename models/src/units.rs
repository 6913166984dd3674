//! Durations, shares and dates as models write them.

use causeflow_engine::time::Span;

/// Units of durations, and their length in microseconds.
pub const UNITS: [(&str, i64); 7] = [
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
    ("w", 604_800_000_000),
];

/// Microseconds of one unit.
pub fn unit_us(unit: &str) -> Option<i64> {
    UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, us)| *us)
}

/// A duration such as `90m` or `1.5h`, positive or zero.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn duration(text: &str) -> Result<Span, String> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let wrong = || format!("`{text}` is not a duration such as `10s`, `5m`, `2h` or `1d`");
    let number: f64 = number.parse().map_err(|_| wrong())?;
    if unit.trim().is_empty() {
        return Err(format!("the duration `{text}` has no unit"));
    }
    let us = unit_us(unit.trim()).ok_or_else(wrong)? as f64 * number;
    if us > 1e17 {
        return Err(format!("the duration `{text}` is too long"));
    }
    Ok(Span(us.round() as i64))
}

/// A share such as `0.3` or `30%`.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn share(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let (number, factor) = match text.strip_suffix('%') {
        Some(number) => (number.trim(), 0.01),
        None => (text, 1.0),
    };
    let value: Result<f64, _> = number.parse();
    value
        .ok()
        .filter(|x| x.is_finite())
        // Dividing keeps `7.5%` the number that 0.075 is.
        .map(|x| if factor == 1.0 { x } else { x / 100.0 })
        .ok_or_else(|| format!("`{text}` is not a share such as `0.3` or `30%`"))
}

/// A day of every year, such as `12-24`, as (month, day).
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn day_of_year(text: &str) -> Result<(i8, i8), String> {
    let wrong = || format!("`{text}` is not a day such as `12-24` (month-day)");
    let (month, day) = text.split_once('-').ok_or_else(wrong)?;
    let (month, day): (i8, i8) = (
        month.parse().map_err(|_| wrong())?,
        day.parse().map_err(|_| wrong())?,
    );
    // A leap year, so that 02-29 is one.
    jiff::civil::Date::new(2024, month, day).map_err(|_| wrong())?;
    Ok((month, day))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("90m"), Ok(Span(5_400_000_000)));
        assert_eq!(duration("1.5h"), Ok(Span(5_400_000_000)));
        assert_eq!(duration("250ms"), Ok(Span(250_000)));
        assert!(duration("90").unwrap_err().contains("no unit"));
        assert!(duration("-5m").is_err());
        assert!(duration("5 parsecs").is_err());
    }

    #[test]
    fn shares_and_days() {
        assert_eq!(share("7.5%"), Ok(0.075));
        assert!(share("half").is_err());
        assert_eq!(day_of_year("02-29"), Ok((2, 29)));
        assert!(day_of_year("02-30").is_err());
    }
}
