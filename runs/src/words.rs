//! Pieces of a model in words: chances, delays, conditions, profiles.

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::profile::{Profile, Weekend};
use causeflow_engine::streams::program::Settling;
use causeflow_models::{AfterDef, CauseDef, Expression, StatesDef, StreamDef, duration, share};

/// A share in percent with the digits it has: `75 %`, `0.05 %`.
pub fn percent(share: f64) -> String {
    let text = format!("{:.4}", share * 100.0);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text} %")
}

/// A cause's probability as a number, where it is one.
pub fn constant_probability(cause: &CauseDef) -> Option<f64> {
    match &cause.probability {
        None => Some(1.0),
        Some(Expression(text)) => share(text).ok(),
    }
}

/// How likely: `always`, `in 75 % of the cases`, or with which expression.
pub fn chance(cause: &CauseDef) -> String {
    match (constant_probability(cause), &cause.probability) {
        (Some(1.0), _) | (None, None) => "always".to_owned(),
        (Some(p), _) => format!("in {} of the cases", percent(p)),
        (None, Some(Expression(text))) => format!("with the probability `{text}`"),
    }
}

/// A chance as short as it gets: `75 %`, or the expression.
pub fn short_chance(cause: &CauseDef) -> String {
    match (constant_probability(cause), &cause.probability) {
        (Some(p), _) => percent(p),
        (None, probability) => probability
            .as_ref()
            .map_or_else(String::new, |text| clip(&text.0)),
    }
}

/// How likely an event follows from its cause, as short as it gets, with the conditions on both: `75 %`, `if is_first`,
/// `30 % if is_first`; of lines of a document that they are that.
pub fn short_arrow(cause: &CauseDef, follows: &StreamDef) -> String {
    if follows.document.is_some() {
        return "lines".to_owned();
    }
    if follows.tracks.is_some() {
        return "changes".to_owned();
    }
    let conditions = [&cause.when, &follows.requires].into_iter().flatten();
    let conditions = conditions.map(|text| clip(&text.0));
    let joined = follows.after.as_ref().map(short_join);
    let crossing = follows.crossing.as_ref();
    let joined = joined.or(crossing.map(|crossing| clip(&crossing.when.0)));
    let conditions: Vec<String> = joined.into_iter().chain(conditions).collect();
    let (chance, conditions) = (short_chance(cause), conditions.join(" and "));
    match constant_probability(cause) {
        _ if conditions.is_empty() => chance,
        Some(1.0) => format!("if {conditions}"),
        _ => format!("{chance} if {conditions}"),
    }
}

/// What an event waits for together with others, as short as it gets: `all of 2 within 4h`.
fn short_join(after: &AfterDef) -> String {
    let all = after.members().len();
    let (what, within) = match (&after.none, &after.all) {
        (Some(none), _) => return format!("no {}", none.join(", no ")),
        (_, Some(_)) => (format!("all of {all}"), &after.within),
        _ => match after.at_least.unwrap_or(1) {
            1 => (format!("first of {all}"), &after.within),
            least => (format!("{least} of {all}"), &after.within),
        },
    };
    match within {
        Some(Expression(within)) => format!("{what} within {}", clip(within)),
        None => what,
    }
}

/// What an event waits for together with others, in words.
pub fn join(after: &AfterDef) -> String {
    let (names, of) = (after.members().join(", "), &after.of);
    let what = match (&after.none, &after.all, after.at_least.unwrap_or(1)) {
        (Some(_), ..) => format!("If none of {names} has happened to a {of}"),
        (_, Some(_), _) => format!("Once each of {names} has happened to a {of}"),
        (_, _, 1) => format!("Once the first of {names} has happened to a {of}"),
        (_, _, least) => format!("Once {least} of {names} have happened to a {of}"),
    };
    let within = after.within.as_ref().map(|within| code(&within.0));
    let when = match (within, &after.since) {
        (Some(within), Some(since)) => format!(" within {within} of {since}"),
        (Some(within), None) => format!(" within {within}"),
        (None, Some(since)) => format!(" since {since}"),
        (None, None) => String::new(),
    };
    what + &when
}

/// How long after its cause, in words.
pub fn delay(cause: &CauseDef) -> String {
    let after = match (&cause.at, &cause.delay) {
        (Some(Expression(at)), _) => format!("at the time `{at}`"),
        (None, None) => "at once".to_owned(),
        (None, Some(Expression(delay))) => span(delay),
    };
    match (&cause.count, &cause.spacing) {
        (None, _) => after,
        (Some(Expression(count)), None) => format!("{after}, {} times", code(count)),
        (Some(Expression(count)), Some(Expression(spacing))) => {
            let first = if after == "at once" {
                String::new()
            } else {
                format!("{after}, then ")
            };
            format!("{first}{} times, {} apart", code(count), code(spacing))
        }
    }
}

fn span(text: &str) -> String {
    if let Some((low, high)) = text.split_once("..") {
        return format!("{} to {} later", low.trim(), high.trim());
    }
    match duration(text) {
        Ok(span) if span.0 == 0 => "at once".to_owned(),
        Ok(_) => format!("{text} later"),
        Err(_) => format!("`{text}` later"),
    }
}

/// A delay as short as it gets: `1m..60m`.
pub fn short_delay(cause: &CauseDef) -> String {
    let after = match (&cause.at, &cause.delay) {
        (Some(Expression(at)), _) => format!("at {}", clip(at)),
        (None, None) => "0s".to_owned(),
        (None, Some(Expression(delay))) => clip(delay),
    };
    match (&cause.count, &cause.each) {
        (Some(Expression(count)), _) => format!("{} x, {after}", clip(count)),
        (None, Some(each)) => format!("each {each}, {after}"),
        (None, None) => after,
    }
}

/// Numbers and durations as they are, other expressions marked as such.
fn code(text: &str) -> String {
    if text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(' ') {
        text.to_owned()
    } else {
        format!("`{text}`")
    }
}

/// The beginning of an expression, for labels.
fn clip(text: &str) -> String {
    const LONGEST: usize = 28;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(LONGEST - 1).collect();
    format!("{}…", beginning.trim_end())
}

/// What else holds for a cause: its condition and where the effect lands.
pub fn circumstances(cause: &CauseDef) -> String {
    let mut out = String::new();
    if let Some(each) = &cause.each {
        out += &match each.split_once('.') {
            _ if cause.links.is_some() => format!(", for each link to one of `{each}`"),
            _ if cause.related => format!(", for each of `{each}`"),
            Some((kind, of)) => format!(", for each {kind} that belongs to the {of}"),
            None => format!(", for each {each}"),
        };
    }
    if let Some(Expression(when)) = &cause.when {
        out += &format!(", where `{when}`");
    }
    match &cause.cell {
        Some(cell) if cell.is_any() => out += ", anywhere in the population",
        Some(cell) if !cell.entities().is_empty() => {
            out += &format!(", where the {} lives", cell.entities().join(" and the "));
        }
        _ => {}
    }
    out
}

/// The states in which actors take part.
pub fn states(states: &StatesDef) -> String {
    match states {
        StatesDef::List(list) => format!("in state {}", list.join(" or ")),
        StatesDef::Shares(shares) => {
            let each = shares
                .iter()
                .map(|(state, share)| format!("{state} {}", percent(*share)));
            format!(
                "taking part by state: {}",
                each.collect::<Vec<_>>().join(", ")
            )
        }
    }
}

/// What a profile is like: its hours, its weekend, what else it follows.
pub fn profile(profile: &Profile, weekend: Weekend) -> String {
    let mut parts = Vec::new();
    let hours = (0..24).map(|hour| (hour, profile.hours[hour]));
    let busiest = hours.clone().rev().max_by(|a, b| a.1.total_cmp(&b.1));
    let quietest = hours.min_by(|a, b| a.1.total_cmp(&b.1));
    if let (Some((busy, most)), Some((quiet, least))) = (busiest, quietest)
        && most > least
    {
        parts.push(format!(
            "busiest from {busy:02}:00 to {:02}:00, quietest from {quiet:02}:00",
            busy + 1
        ));
    }
    let mean = |is_weekend: bool| {
        let days = profile.weekdays.iter().zip(weekend.0);
        let days: Vec<f64> = days
            .filter(|(_, of_weekend)| *of_weekend == is_weekend)
            .map(|(weight, _)| *weight)
            .collect();
        days.iter().sum::<f64>() / days.len().max(1) as f64
    };
    let (week, weekend) = (mean(false), mean(true));
    if week > 0.0 && (weekend / week - 1.0).abs() >= 0.005 {
        parts.push(format!("weekends {:+.0} %", (weekend / week - 1.0) * 100.0));
    }
    let seasons = profile.seasons.iter().map(|season| &season.name);
    let (hours, factors): (Vec<_>, Vec<_>) = profile
        .dated
        .iter()
        .partition(|dated| dated.hours.is_some());
    let names: Vec<&str> = seasons
        .chain(factors.iter().map(|dated| &dated.name))
        .map(String::as_str)
        .collect();
    if !names.is_empty() {
        parts.push(format!("seasons: {}", names.join(", ")));
    }
    for dated in hours {
        parts.push(format!("other hours on the dates of {}", dated.name));
    }
    if profile.growth {
        parts.push("growing with the business".to_owned());
    }
    if parts.is_empty() {
        "the same at all times".to_owned()
    } else {
        parts.join("; ")
    }
}

/// How something lets go.
pub fn settling(settling: Settling) -> String {
    match settling {
        Settling::Immediate => "at once".to_owned(),
        Settling::Linear(length) => format!("evenly over {length}"),
        Settling::Exponential(half_life) => format!("by half every {half_life}"),
    }
}

/// A length of time to the minute, in at most two units: `4h`, `17d 23h`.
pub fn lasting(span: Span) -> String {
    let minutes = (span.0 as f64 / Span::MINUTE.0 as f64).round() as i64;
    let (days, hours) = (minutes / 1440, minutes / 60);
    let parts = match (days, hours) {
        _ if minutes == 0 => return span.to_string(),
        (0, 0) => [(0, "h"), (minutes, "m")],
        (0, _) => [(hours, "h"), (minutes % 60, "m")],
        _ => [(days, "d"), (hours % 24, "h")],
    };
    let parts = parts.iter().filter(|(number, _)| *number != 0);
    let parts: Vec<String> = parts
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_two_units_at_most() {
        let minutes = |n: i64| lasting(Span(n * Span::MINUTE.0 + 400_000));
        assert_eq!(minutes(25_871), "17d 23h");
        assert_eq!(minutes(240), "4h");
        assert_eq!(minutes(65), "1h 5m");
        assert_eq!(minutes(10), "10m");
        assert_eq!(lasting(Span(0)), "0s");
        assert_eq!(lasting(Span(2_000_000)), "2s");
    }

    #[test]
    fn percents_have_the_digits_they_need() {
        assert_eq!(percent(0.75), "75 %");
        assert_eq!(percent(0.0005), "0.05 %");
        assert_eq!(percent(0.4286), "42.86 %");
        assert_eq!(percent(0.0), "0 %");
    }

    #[test]
    fn delays_read_as_words() {
        assert_eq!(span("1m..60m"), "1m to 60m later");
        assert_eq!(span("24h"), "24h later");
        assert_eq!(span("0s"), "at once");
        assert_eq!(span("lognormal(8h, 0.5)"), "`lognormal(8h, 0.5)` later");
    }
}
