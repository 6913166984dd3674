//! From what is asked for to the engine's settings: the range, the streams, and their limits.

use std::ops::{Range, RangeInclusive};

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::base::zone::Zone;
use causeflow_engine::streams::program::{Program, StreamId};
use causeflow_engine::streams::world::Settings;
use causeflow_models::suggestion;
use causeflow_scenarios::Clock;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::control::Control;
use crate::error::Error;
use crate::interventions::tell_doubts;
use crate::spec::{MAX_DAYS, Range as Asked, SCALES, days_fit};

/// Within these years all times are exact to the microsecond.
const YEARS: RangeInclusive<i16> = 1700..=2250;
/// Entities of all kinds together, at the start; each takes some hundred bytes.
const MAX_ENTITIES: f64 = 100_000_000.0;

/// What the engine is asked to play.
pub(crate) fn settings(
    seed: u64,
    args: &Asked,
    patterns: &[String],
    program: &Program,
    control: &dyn Control,
) -> Result<Settings, Error> {
    check(args)?;
    let start = start(args, program, control)?;
    // Days of the calendar: one on which clocks change is shorter or longer.
    let length = Span((args.days * Span::DAY.0 as f64).round() as i64);
    let end = program
        .zone
        .when_from(program.zone.reading(start) + length, start);
    if !exact(start - program.warmup) || !exact(end) {
        return Err(outside(args));
    }
    let entities = entities(program, args.scale);
    if entities > MAX_ENTITIES {
        let message = format!(
            "{} gives {entities:.0} entities, more than the {MAX_ENTITIES} that are supported",
            args.scale
        );
        return Err(Error::input(message, "choose a smaller scale").in_field("scale"));
    }
    Ok(Settings {
        seed,
        start,
        end,
        open_end: false,
        scale: args.scale,
        streams: streams(patterns, program)?,
    })
}

/// Refuses what no run can have. A command line says so itself, a plain value could be anything.
fn check(args: &Asked) -> Result<(), Error> {
    if !days_fit(args.days) {
        let message = format!("a run of {} days cannot be played", args.days);
        let help = format!(
            "choose a number of days from one second (0.00002) to {MAX_DAYS}, such as 30 or 0.5"
        );
        return Err(Error::input(message, help).in_field("days"));
    }
    if !SCALES.contains(&args.scale) {
        let message = format!("a run at scale {} cannot be played", args.scale);
        let help = "choose a number from 0.000001 to 100, such as 1 or 0.01";
        return Err(Error::input(message, help).in_field("scale"));
    }
    Ok(())
}

/// Whether a range and a scale are such as a run can have.
pub(crate) fn are_playable(range: &Range<Time>, scale: f64, program: &Program) -> bool {
    exact(range.start - program.warmup)
        && exact(range.end)
        && range.start < range.end
        && days_fit((range.end - range.start).days())
        && SCALES.contains(&scale)
        && entities(program, scale) <= MAX_ENTITIES
}

/// How many entities there are at the start, of all kinds together.
fn entities(program: &Program, scale: f64) -> f64 {
    let kinds = program.kinds.iter();
    kinds.map(|kind| f64::from(kind.count) * scale).sum()
}

/// Whether a time lies in the years that are supported.
fn exact(time: Time) -> bool {
    let year = Timestamp::from_microsecond(time.0)
        .map(|timestamp| TimeZone::UTC.to_datetime(timestamp).year());
    year.is_ok_and(|year| YEARS.contains(&year))
}

fn outside(args: &Asked) -> Error {
    let (first, last) = (YEARS.start(), YEARS.end());
    let message = format!(
        "{} with the model's warm-up and {} days leaves the years {first} to {last}",
        args.start, args.days
    );
    Error::input(message, "choose a date such as 2026-02-02").in_field("start")
}

/// What does not name its offset is in the model's time zone.
fn start(args: &Asked, program: &Program, control: &dyn Control) -> Result<Time, Error> {
    let clock = Clock::new(program, Time(0));
    tell_doubts(&clock, [&*args.start].into_iter(), control);
    instant_of("start", &args.start, &program.zone)
}

/// The instant that a field of this name says: a date is its midnight, and with a time and no offset it is what clocks show.
///
/// # Errors
/// When it is neither a date nor a time.
fn instant_of(field: &str, text: &str, zone: &Zone) -> Result<Time, Error> {
    let wrong = |error: jiff::Error| {
        Error::input(
            format!("`{text}` is neither a date nor a time: {error}"),
            "write a date such as 2026-02-02, a date and time such as 2026-02-02T06:00, or an instant such as \
             2026-02-02T06:00:00Z or 2026-02-02T06:00:00+01:00",
        )
        .in_field(field)
    };
    let local = if text.contains([':', 'T', 't', ' ']) {
        let instant: Result<Timestamp, _> = text.parse();
        match (instant, text.parse::<DateTime>()) {
            (Ok(instant), _) => return Ok(Time(instant.as_microsecond())),
            (Err(_), Ok(local)) => local,
            (Err(error), Err(_)) => return Err(wrong(error)),
        }
    } else {
        text.parse::<Date>().map_err(wrong)?.at(0, 0, 0, 0)
    };
    // What lies outside of the years is found to do so with the rest of the range.
    Ok(zone.instant(local).unwrap_or(Time(i64::MAX)))
}

/// The streams that match any of the patterns, and without patterns those that the model writes; `None` for all. Of what the model does not write only
/// that is meant which a pattern names.
fn streams(patterns: &[String], program: &Program) -> Result<Option<Vec<StreamId>>, Error> {
    if patterns.is_empty() {
        let written = StreamId::each(&program.streams).filter(|(_, stream)| stream.written);
        let written: Vec<StreamId> = written.map(|(stream, _)| stream).collect();
        return Ok((written.len() < program.streams.len()).then_some(written));
    }
    let mut matched = vec![false; program.streams.len()];
    for pattern in patterns {
        let mut any = false;
        for (stream, matched) in program.streams.iter().zip(&mut matched) {
            let is_meant = stream.written || *pattern == stream.name;
            if is_meant && matches(pattern, &stream.name) {
                (*matched, any) = (true, true);
            }
        }
        if !any {
            let help = suggestion(
                pattern,
                program.streams.iter().map(|stream| stream.name.as_str()),
            );
            let message = format!(
                "`{pattern}` matches none of the {} streams of {}",
                program.streams.len(),
                program.name
            );
            return Err(Error::wrong(message, help).in_field("streams"));
        }
    }
    let matched = StreamId::each(&matched).filter(|(_, matched)| **matched);
    Ok(Some(matched.map(|(stream, _)| stream).collect()))
}

/// Whether a name matches a pattern in which `*` is any text and `?` any character.
///
/// Greedy with one point of return, the last `*`: at most the product of the lengths.
pub fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(&c) if c == '?' || c == name[n] => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((at, taken)) = star else {
                    return false;
                };
                star = Some((at, taken + 1));
                p = at + 1;
                n = taken + 1;
            }
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_whole_names() {
        for pattern in [
            "booking.requested",
            "booking.*",
            "*",
            "*.requested",
            "b*.r*d",
            "booking?requested",
            "**",
        ] {
            assert!(matches(pattern, "booking.requested"), "{pattern}");
        }
        for pattern in [
            "booking",
            "booking.",
            "*.request",
            "?",
            "",
            "booking.requested?",
        ] {
            assert!(!matches(pattern, "booking.requested"), "{pattern}");
        }
        assert!(!matches("*a*a*a*a*a*b", &"a".repeat(2_000)));
    }
}
