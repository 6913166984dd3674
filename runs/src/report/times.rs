//! Times as the page shows them, in UTC.

use causeflow_engine::base::time::Time;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::numbers::instant;

fn shown(time: Time, format: &str) -> String {
    let timestamp = Timestamp::from_microsecond(time.0);
    timestamp.map_or_else(
        // The command does not accept times of which there is no date.
        |_| instant(time),
        |timestamp| {
            timestamp
                .to_zoned(TimeZone::UTC)
                .strftime(format)
                .to_string()
        },
    )
}

/// `Mon 2 Feb 10:00`.
pub fn short(time: Time) -> String {
    shown(time, "%a %-d %b %H:%M")
}

/// `Mon 2 Feb 2026, 10:00`.
pub fn full(time: Time) -> String {
    shown(time, "%a %-d %b %Y, %H:%M")
}

/// `Mon 2`.
pub fn weekday_and_day(time: Time) -> String {
    shown(time, "%a %-d")
}

/// `2`.
pub fn day_of_month(time: Time) -> String {
    shown(time, "%-d")
}

/// For machines: `2026-02-02T10:00:00Z`.
pub fn machine(time: Time) -> String {
    shown(time, "%Y-%m-%dT%H:%M:%SZ")
}
