//! Times as people write them: instants, local times in the model's zone, and days of a run.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::base::zone::{Doubt, Zone};
use causeflow_engine::streams::profile::Weekend;
use causeflow_engine::streams::program::Program;
use causeflow_models::Diagnostics;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

/// What turns texts into times: the model's time zone, and the start of the run, whose day is `day1`.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: Zone,
    weekend: Weekend,
    start: Time,
}

impl Clock {
    /// The clock of a program's run that begins at `start`.
    pub fn new(program: &Program, start: Time) -> Clock {
        Clock {
            weekend: program.weekend,
            ..Clock::in_zone(program.zone.clone(), start)
        }
    }

    /// The clock of a run in this time zone that begins at `start`, of which no more is known.
    pub fn in_zone(zone: Zone, start: Time) -> Clock {
        Clock {
            zone,
            weekend: Weekend::default(),
            start,
        }
    }

    /// The time zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The days of the weekend.
    pub fn weekend(&self) -> Weekend {
        self.weekend
    }

    /// Reads a time:
    /// - an instant, such as `2026-02-14T10:00:00Z` or `2026-02-14T10:00:00+01:00`;
    /// - a date and time in the model's time zone, such as `2026-02-14T10:00`;
    /// - a date, which is its midnight there, such as `2026-02-14`;
    /// - a day of the run counted from 1, with or without a time, such as `day12T10:00`: the day on which the run
    ///   begins is `day1`, also when it begins in the course of it.
    ///
    /// # Errors
    /// When it is none of these, or lies outside of the years 1700 to 2250.
    pub fn time(&self, text: &str) -> Result<Time, Diagnostics> {
        let wrong = || {
            let message = format!("`{text}` is not a time");
            let help = "write an instant such as `2026-02-14T10:00:00Z`, a date and time such as `2026-02-14T10:00`, \
                        a date, or a day of the run such as `day12T10:00`";
            Diagnostics::general(message, Some(help.into()))
        };
        let time = match self.read(text.trim()).ok_or_else(wrong)? {
            Read::Instant(time) => time,
            Read::Local(local) => self.zone.instant(local).ok_or_else(wrong)?,
        };
        let year = self.zone.local(time).year();
        if !(1700..=2250).contains(&year) {
            let message = format!("`{text}` leaves the years 1700 to 2250");
            return Err(Diagnostics::general(message, None));
        }
        Ok(time)
    }

    /// What is to be known of a time that clocks never show, or twice: which one is taken.
    pub fn remark(&self, text: &str) -> Option<String> {
        let Read::Local(local) = self.read(text.trim())? else {
            return None;
        };
        let taken = self.zone.instant(local)?;
        remark(text, &self.zone, local, taken)
    }

    fn read(&self, text: &str) -> Option<Read> {
        if let Some(relative) = text.strip_prefix("day") {
            let (day, rest) = match relative.find(['T', ' ']) {
                Some(at) => (&relative[..at], Some(&relative[at + 1..])),
                None => (relative, None),
            };
            let day: i64 = day.parse().ok().filter(|day| (1..=200_000).contains(day))?;
            let first = self.zone.local(self.start).date();
            let date = first.checked_add(jiff::Span::new().days(day - 1)).ok()?;
            let time = match rest {
                Some(time) => time.parse().ok()?,
                None => jiff::civil::Time::midnight(),
            };
            return Some(Read::Local(date.to_datetime(time)));
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Some(Read::Instant(Time(instant.as_microsecond())));
        }
        if text.contains(['T', 't', ' ']) {
            return Some(Read::Local(text.parse().ok()?));
        }
        Some(Read::Local(text.parse::<Date>().ok()?.at(0, 0, 0, 0)))
    }
}

/// What a text says.
enum Read {
    Instant(Time),
    /// What clocks show in the model's time zone.
    Local(DateTime),
}

/// What is to be known of a time that clocks never show, or twice; `taken` is the instant that is meant.
fn remark(text: &str, zone: &Zone, local: DateTime, taken: Time) -> Option<String> {
    Some(match zone.doubt(local)? {
        Doubt::Missing => format!(
            "`{text}` does not exist in the model's time zone, since clocks are put forward: {} is taken, which is {taken}",
            zone.local(taken)
        ),
        Doubt::Twice => format!(
            "`{text}` comes twice in the model's time zone, since clocks are put back: the first is taken, which is {taken}"
        ),
    })
}

/// Splits `THING@TIME`.
pub(crate) fn at_time<'a>(
    text: &'a str,
    what: &str,
    example: &str,
) -> Result<(&'a str, &'a str), Diagnostics> {
    match text.split_once('@') {
        Some((id, time)) if !id.trim().is_empty() => Ok((id.trim(), time.trim())),
        _ => {
            let message = format!("`{text}` does not say when {what}");
            Err(Diagnostics::general(
                message,
                Some(format!("write `{example}`")),
            ))
        }
    }
}

/// The smallest whole hour that is not before a time.
pub(crate) fn hour_from(time: Time) -> Time {
    let floor = time.floor_to(Span::HOUR);
    if floor < time {
        floor + Span::HOUR
    } else {
        floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(zone: &str) -> Clock {
        Clock {
            weekend: Weekend::default(),
            zone: Zone::named(zone).expect("a zone"),
            start: Time(1_769_990_400_000_000),
        }
    }

    #[test]
    fn a_time_that_clocks_never_show_or_twice_says_what_is_taken() {
        for (zone, text, says, taken) in [
            (
                "Europe/Berlin",
                "2026-03-29T02:30",
                "does not exist",
                "2026-03-29T01:30:00Z",
            ),
            (
                "Europe/Berlin",
                "2026-10-25T02:30",
                "comes twice",
                "2026-10-25T00:30:00Z",
            ),
            (
                "Africa/Cairo",
                "2026-04-24",
                "does not exist",
                "2026-04-23T22:00:00Z",
            ),
            (
                "Australia/Lord_Howe",
                "2026-04-05T01:45",
                "comes twice",
                "2026-04-04T14:45:00Z",
            ),
        ] {
            let clock = clock(zone);
            let time = clock.time(text).expect("a time is taken");
            assert_eq!(time.to_string(), taken, "{zone} {text}");
            let remark = clock.remark(text).expect("there is a doubt");
            assert!(remark.contains(says) && remark.contains(taken), "{remark}");
        }
        let clock = clock("Europe/Berlin");
        for text in [
            "2026-03-29T03:00",
            "2026-03-29T01:30:00Z",
            "2026-03-29",
            "day2T02:30",
            "soon",
        ] {
            assert_eq!(clock.remark(text), None, "{text}");
        }
    }
}
