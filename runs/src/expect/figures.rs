//! Figures as people read them.

use causeflow_models::Measure;

const SECOND: f64 = 1e6;

/// The units of spans: name and microseconds.
const UNITS: [(&str, f64); 5] = [
    ("d", 86_400.0 * SECOND),
    ("h", 3_600.0 * SECOND),
    ("m", 60.0 * SECOND),
    ("s", SECOND),
    ("ms", 1e3),
];

/// A figure in words, to so many digits as it deserves: `49.7`, `5.12 %`, `2.5h`.
pub fn shown(value: f64, measure: Measure) -> String {
    match measure {
        Measure::Number => digits(value),
        Measure::Share => format!("{} %", digits(100.0 * value)),
        Measure::Span => {
            let fits = |(_, size): &&(&str, f64)| value.abs() >= *size;
            let (name, size) = UNITS.iter().find(fits).copied().unwrap_or(("s", SECOND));
            format!("{}{name}", digits(value / size))
        }
    }
}

/// As JSON has it: spans in seconds.
pub fn plain(value: f64, measure: Measure) -> f64 {
    match measure {
        Measure::Number | Measure::Share => value,
        Measure::Span => value / SECOND,
    }
}

/// Four digits, or all of the whole part.
fn digits(value: f64) -> String {
    let mut decimals = 3;
    let mut edge = 10.0;
    while decimals > 0 && value.abs() >= edge {
        (decimals, edge) = (decimals - 1, edge * 10.0);
    }
    if value != 0.0 && value.abs() < 0.1 {
        return format!("{value:.3e}");
    }
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        for (value, measure, text) in [
            (49.714, Measure::Number, "49.71"),
            (45.0, Measure::Number, "45"),
            (123_456.7, Measure::Number, "123457"),
            (0.0, Measure::Number, "0"),
            (-2.5, Measure::Number, "-2.5"),
            (0.0512, Measure::Share, "5.12 %"),
            (9e9, Measure::Span, "2.5h"),
            (0.0, Measure::Span, "0s"),
            (0.0042, Measure::Number, "4.200e-3"),
        ] {
            assert_eq!(shown(value, measure), text);
        }
    }
}
