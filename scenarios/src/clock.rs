//! Times as people write them: instants, local times in the model's zone, and days of a run.

use causeflow_engine::calendar::Zone;
use causeflow_engine::program::Program;
use causeflow_engine::time::{Span, Time};
use causeflow_models::Diagnostics;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};

/// What turns texts into times: the model's time zone, and the start of the run, whose day is `day1`.
#[derive(Clone, Debug)]
pub struct Clock {
    zone: Zone,
    start: Time,
}

impl Clock {
    /// The clock of a program's run that begins at `start`.
    pub fn new(program: &Program, start: Time) -> Clock {
        Clock {
            zone: program.zone.clone(),
            start,
        }
    }

    /// The time zone.
    pub fn zone(&self) -> &Zone {
        &self.zone
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
        let time = self.read(text.trim()).ok_or_else(wrong)?;
        let year = self.zone.local(time).year();
        if !(1700..=2250).contains(&year) {
            let message = format!("`{text}` leaves the years 1700 to 2250");
            return Err(Diagnostics::general(message, None));
        }
        Ok(time)
    }

    fn read(&self, text: &str) -> Option<Time> {
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
            return self.zone.instant(date.to_datetime(time));
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Some(Time(instant.as_microsecond()));
        }
        if text.contains(['T', 't', ' ']) {
            return self.zone.instant(text.parse::<DateTime>().ok()?);
        }
        self.zone.midnight(text.parse::<Date>().ok()?)
    }
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
