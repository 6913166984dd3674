//! Durations, shares and dates as models write them.

use causeflow_engine::base::time::Span;

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

/// The longest duration that can be written, in microseconds: 3,168 years.
pub const LONGEST_US: f64 = 1e17;

/// What is said of a longer one.
pub(crate) const TOO_LONG: &str = "is too long: at most 1,157,407 days are possible";

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
    if us > LONGEST_US {
        return Err(format!("the duration `{text}` {TOO_LONG}"));
    }
    Ok(Span(us.round() as i64))
}

/// The parts of a duration as people write it, such as `1h30m` or `5min`, each with a unit that there is.
pub fn parts(text: &str) -> Option<Vec<String>> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let letters = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at(letters);
        let next = behind.find(|c: char| c.is_ascii_digit());
        let (unit, behind) = behind.split_at(next.unwrap_or(behind.len()));
        number.parse::<f64>().ok()?;
        parts.push(format!("{number}{}", usual_unit(unit.trim())?));
        rest = behind;
    }
    (!parts.is_empty()).then_some(parts)
}

/// The unit that a word means.
fn usual_unit(word: &str) -> Option<&'static str> {
    let word = word.to_ascii_lowercase();
    Some(match word.as_str() {
        "us" | "usec" => "us",
        "ms" | "msec" | "millis" => "ms",
        "s" | "sec" | "secs" | "second" | "seconds" => "s",
        "m" | "min" | "mins" | "minute" | "minutes" => "m",
        "h" | "hr" | "hrs" | "hour" | "hours" => "h",
        "d" | "day" | "days" => "d",
        "w" | "week" | "weeks" => "w",
        _ => return None,
    })
}

/// What to write instead of what is no duration, if it can be told: it has one number and one unit.
pub fn duration_like(text: &str) -> Option<String> {
    let parts = parts(text)?;
    let spans: Result<Vec<Span>, String> = parts.iter().map(|part| duration(part)).collect();
    let whole = Span(spans.ok()?.iter().map(|span| span.0).sum());
    Some(match &parts[..] {
        [one] => one.clone(),
        _ => whole.to_string(),
    })
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

/// How many events a day a rate means: `1440`, or with a unit of time `60/h`.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn rate(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let (count, unit) = text.split_once('/').unwrap_or((text, "d"));
    let us = unit_us(unit.trim()).ok_or_else(|| {
        let unit = unit.trim();
        format!("`{unit}` is not a unit of time such as `h` or `d`")
    })?;
    let count: Result<f64, _> = count.trim().parse();
    let count = count.ok().filter(|count| count.is_finite());
    let count =
        count.ok_or_else(|| format!("`{text}` is not a rate such as `1440`, a day, or `60/h`"))?;
    Ok(count * (Span::DAY.0 as f64 / us as f64))
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
    fn what_people_write_is_understood_but_not_taken() {
        for (written, meant) in [
            ("5min", "5m"),
            ("1 hour", "1h"),
            ("1h30m", "90m"),
            ("17h 30 minutes", "1050m"),
        ] {
            assert!(duration(written).is_err());
            assert_eq!(duration_like(written).as_deref(), Some(meant));
        }
        for unclear in ["5", "5 parsecs", "often", "", "1h30"] {
            assert_eq!(duration_like(unclear), None);
        }
    }

    #[test]
    fn rates_are_a_day_unless_they_say_otherwise() {
        for (text, a_day) in [
            ("113000", 113_000.0),
            ("60/h", 1440.0),
            ("0.5 / w", 0.5 / 7.0),
            ("2/d", 2.0),
        ] {
            assert_eq!(rate(text), Ok(a_day));
        }
        for wrong in ["60/hour", "often", "60/", "1e999/h", "/h"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn shares_and_days() {
        assert_eq!(share("7.5%"), Ok(0.075));
        assert!(share("half").is_err());
        assert_eq!(day_of_year("02-29"), Ok((2, 29)));
        assert!(day_of_year("02-30").is_err());
    }
}
