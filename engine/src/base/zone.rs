//! Time zones: what clocks show at a time, and at which time they show it.
//!
//! What a clock shows is a *reading*: the time at which a clock in UTC would show the same. All that is counted in
//! days of a calendar is counted in readings. In UTC a reading is the time itself.
//!
//! Where clocks are put forward, some readings never come: they stand for the time as long after the change, so that
//! half past two is half past three. Where clocks are put back, some readings come twice: the first time is meant.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use crate::base::time::{Span, Time};

/// Why what clocks show is no single instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// They never show it, since they are put forward past it.
    Missing,
    /// They show it twice, since they are put back.
    Twice,
}

/// What turns times into hours and days as clocks and calendars show them, and back.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    zone: TimeZone,
    /// How far clocks are ahead of UTC, in microseconds, and from when on; the first one holds for all times before.
    offsets: Arc<[(Time, i64)]>,
}

/// Changes of clocks are known up to here, 2262-01-01T00:00:00Z; afterwards the last one holds.
const KNOWN_UNTIL: Time = Time(9_214_646_400_000_000);
/// From here on, 1980-01-01T00:00:00Z, no zone is away from UTC by anything but quarters of an hour.
const QUARTERS_SINCE: Time = Time(315_532_800_000_000);

impl Zone {
    /// The time zone of this IANA name; `None` when there is none of that name.
    pub fn named(name: &str) -> Option<Zone> {
        let zone = TimeZone::get(name).ok()?;
        let ahead = |offset: Offset| i64::from(offset.seconds()) * Span::SECOND.0;
        let mut offsets = vec![(Time(i64::MIN), ahead(zone.to_offset(Timestamp::MIN)))];
        for change in zone.following(Timestamp::MIN) {
            let (time, offset) = (change.timestamp().as_microsecond(), ahead(change.offset()));
            if time >= KNOWN_UNTIL.0 {
                break;
            }
            if offsets.last().is_some_and(|&(_, before)| before != offset) {
                offsets.push((Time(time), offset));
            }
        }
        let offsets = offsets.into();
        Some(Zone { zone, offsets })
    }

    /// The time zone of which all others are said to be ahead or behind.
    pub fn utc() -> Zone {
        Zone {
            zone: TimeZone::UTC,
            offsets: [(Time(i64::MIN), 0)].into(),
        }
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// Which of the offsets holds at a time.
    #[inline]
    fn at(&self, time: Time) -> usize {
        match self.offsets.len() {
            1 => 0,
            _ => {
                self.offsets
                    .partition_point(|&(from, _)| from <= time)
                    .max(1)
                    - 1
            }
        }
    }

    /// How far clocks are ahead of UTC at a time.
    #[inline]
    pub fn offset(&self, time: Time) -> Span {
        Span(self.offsets[self.at(time)].1)
    }

    /// What clocks show at a time.
    #[inline]
    pub fn reading(&self, time: Time) -> Time {
        time + self.offset(time)
    }

    /// When clocks show a reading.
    #[inline]
    pub fn when(&self, reading: Time) -> Time {
        if let [(_, offset)] = self.offsets[..] {
            return reading - Span(offset);
        }
        // The first offset under which the reading comes before the next change.
        let ends = self
            .offsets
            .windows(2)
            .map(|pair| pair[1].0 + Span(pair[0].1));
        debug_assert!(ends.is_sorted());
        let (mut from, mut to) = (0, self.offsets.len() - 1);
        while from < to {
            let middle = (from + to) / 2;
            let end = self.offsets[middle + 1].0 + Span(self.offsets[middle].1);
            match end <= reading {
                true => from = middle + 1,
                false => to = middle,
            }
        }
        let time = reading - Span(self.offsets[from].1);
        match time < self.offsets[from].0 {
            // It is skipped: as long after the change as clocks that were not put forward would show.
            true => reading - Span(self.offsets[from - 1].1),
            false => time,
        }
    }

    /// When clocks show a reading, as [`Zone::when`]; of two such times the later one where the first comes before `earliest`.
    pub fn when_from(&self, reading: Time, earliest: Time) -> Time {
        let (first, second) = (self.when(reading), reading - self.offset(earliest));
        match first < earliest && earliest <= second && self.reading(second) == reading {
            true => second,
            false => first,
        }
    }

    /// The last time up to this one at which clocks show a multiple of a step, counted from midnight where a day is one.
    pub fn floor_to(&self, time: Time, step: Span) -> Time {
        let reading = self.reading(time);
        let floored = reading.floor_to(step);
        let since = time - (reading - floored);
        match self.at(since) == self.at(time) {
            true => since,
            // The clocks have changed since.
            false => self.when(floored).min(time),
        }
    }

    /// Readings that never come, where clocks are put forward: from, up to.
    pub fn skipped(&self) -> impl Iterator<Item = (Time, Time)> {
        let pairs = self.offsets.windows(2);
        let forward = pairs.filter(|pair| pair[0].1 < pair[1].1);
        forward.map(|pair| (pair[1].0 + Span(pair[0].1), pair[1].0 + Span(pair[1].1)))
    }

    /// The longest part of a day of which all offsets are multiples: an hour or a quarter of one for most zones. What it was
    /// before 1980 does not count.
    pub fn grain(&self) -> Span {
        let since = &self.offsets[self.at(QUARTERS_SINCE)..];
        since.iter().fold(Span::DAY, |grain, &(_, offset)| {
            grain.common(Span(offset.abs()))
        })
    }

    /// The longest part of an hour of which days and hours of clocks are made: an hour, mostly, or a half or quarter of one.
    pub fn step(&self) -> Span {
        self.grain().common(Span::HOUR)
    }

    /// What clocks and calendars show at a time; beyond what they can show, at the first or last instant that they can.
    pub fn local(&self, time: Time) -> DateTime {
        let shown = time.clamp(Time::EARLIEST, Time::LATEST);
        let timestamp = Timestamp::from_microsecond(shown.0).unwrap_or(Timestamp::MAX);
        self.zone.to_datetime(timestamp)
    }

    /// Hour of the day (0-23) and day of the week (0 is Monday) at a time.
    pub fn hour_and_weekday(&self, time: Time) -> (u8, u8) {
        let reading = self.reading(time);
        let hour = reading.index_of(Span::HOUR).rem_euclid(24);
        // The epoch was a Thursday.
        let weekday = (reading.index_of(Span::DAY) + 3).rem_euclid(7);
        (hour as u8, weekday as u8)
    }

    /// The first beginning of an hour, as clocks show it, that is not before a time, or a change of the clocks if that comes
    /// first: not all time zones are whole hours away from UTC, and not all clocks change at a full hour.
    pub fn hour_from(&self, time: Time) -> Time {
        let reading = self.reading(time);
        let into = reading - reading.floor_to(Span::HOUR);
        if into == Span(0) {
            return time;
        }
        let next = time + (Span::HOUR - into);
        // A change at this very time counts.
        let change = self.offsets.partition_point(|&(from, _)| from < time);
        let change = self.offsets.get(change).map(|&(from, _)| from);
        change.map_or(next, |change| change.min(next))
    }

    /// Whether clocks and calendars never show this, or twice.
    pub fn doubt(&self, local: DateTime) -> Option<Doubt> {
        match self.zone.to_ambiguous_zoned(local).offset() {
            AmbiguousOffset::Unambiguous { .. } => None,
            AmbiguousOffset::Gap { .. } => Some(Doubt::Missing),
            AmbiguousOffset::Fold { .. } => Some(Doubt::Twice),
        }
    }

    /// Midnight at the beginning of a date; `None` where it has no timestamp (beyond the year 9999).
    pub fn midnight(&self, date: Date) -> Option<Time> {
        self.instant(date.at(0, 0, 0, 0))
    }

    /// When clocks and calendars show this, see [`Zone::when`]; `None` where it has no timestamp.
    pub fn instant(&self, local: DateTime) -> Option<Time> {
        let reading = Offset::UTC.to_timestamp(local).ok()?;
        Some(self.when(Time(reading.as_microsecond())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ZONES: [&str; 8] = [
        "UTC",
        "America/New_York",
        "Africa/Cairo",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Europe/Berlin",
        "America/St_Johns",
        "Pacific/Apia",
    ];

    fn zone(name: &str) -> Zone {
        Zone::named(name).expect("there is this zone")
    }

    fn time(text: &str) -> Time {
        let timestamp: Timestamp = text.parse().expect("it is one");
        Time(timestamp.as_microsecond())
    }

    proptest! {
        /// The table says what the time zone database says, from 1750 to 2250.
        #[test]
        fn readings_and_times_are_those_of_the_database(
            name in prop::sample::select(ZONES.to_vec()),
            us in -6_942_000_000_000_000..8_835_000_000_000_000i64,
            // Near a change of the last one before that, too.
            (near, minutes) in (any::<bool>(), -200..200i64),
        ) {
            let zone = zone(name);
            let mut at = Time(us);
            if near && zone.offsets.len() > 1 {
                at = zone.offsets[zone.at(at).max(1)].0 + Span(minutes * Span::MINUTE.0);
            }
            let local = zone.local(at);
            let reading = zone.reading(at);
            let expected = Offset::UTC.to_timestamp(local).expect("it has one").as_microsecond();
            prop_assert_eq!(reading.0, expected);
            let compatible = zone.zone.to_ambiguous_zoned(local).compatible().expect("it is one");
            prop_assert_eq!(zone.when(reading).0, compatible.timestamp().as_microsecond());
            // And for what may be skipped or come twice.
            let other = Time(at.0 + zone.offsets[0].1);
            let local = Timestamp::from_microsecond(other.0).expect("it is one");
            let compatible = zone.zone.to_ambiguous_zoned(Offset::UTC.to_datetime(local)).compatible();
            let compatible = compatible.expect("it is one").timestamp().as_microsecond();
            prop_assert_eq!(zone.when(other).0, compatible);
        }

        /// From a time on, the time at which clocks show a reading is not before, if there is one at all.
        #[test]
        fn of_two_times_the_one_that_is_not_too_early_is_taken(
            name in prop::sample::select(ZONES.to_vec()),
            us in 0..4_000_000_000_000_000i64,
            near in -200..200i64,
            step in prop::sample::select(vec![30i64, 60, 1440]),
        ) {
            let zone = zone(name);
            let change = zone.offsets[zone.at(Time(us))].0.max(Time(0));
            let at = change + Span(near * Span::MINUTE.0);
            prop_assert_eq!(zone.when_from(zone.reading(at), at), at);
            let floored = zone.floor_to(at, Span(step * Span::MINUTE.0));
            prop_assert!(floored <= at);
            prop_assert!(at - floored < Span(step * Span::MINUTE.0 + 2 * Span::DAY.0));
        }
    }

    #[test]
    fn what_is_skipped_comes_later_and_what_comes_twice_comes_first() {
        for (name, reading, expected) in [
            (
                "America/New_York",
                "2026-03-08T02:30:00Z",
                "2026-03-08T07:30:00Z",
            ),
            (
                "America/New_York",
                "2026-11-01T01:30:00Z",
                "2026-11-01T05:30:00Z",
            ),
            (
                "Africa/Cairo",
                "2026-04-24T00:00:00Z",
                "2026-04-23T22:00:00Z",
            ),
            (
                "Africa/Cairo",
                "2026-10-29T23:30:00Z",
                "2026-10-29T20:30:00Z",
            ),
            (
                "Australia/Lord_Howe",
                "2026-10-04T02:15:00Z",
                "2026-10-03T15:45:00Z",
            ),
            (
                "Australia/Lord_Howe",
                "2026-04-05T01:45:00Z",
                "2026-04-04T14:45:00Z",
            ),
            (
                "Asia/Kathmandu",
                "2026-04-05T09:00:00Z",
                "2026-04-05T03:15:00Z",
            ),
            (
                "Europe/Berlin",
                "2026-03-29T02:30:00Z",
                "2026-03-29T01:30:00Z",
            ),
            (
                "Europe/Berlin",
                "2026-10-25T02:30:00Z",
                "2026-10-25T00:30:00Z",
            ),
        ] {
            assert_eq!(
                zone(name).when(time(reading)),
                time(expected),
                "{name} {reading}"
            );
        }
        // Said to be later, it is the second time.
        let (berlin, later) = (zone("Europe/Berlin"), time("2026-10-25T01:10:00Z"));
        assert_eq!(
            berlin.when_from(time("2026-10-25T02:30:00Z"), later),
            time("2026-10-25T01:30:00Z")
        );
    }

    #[test]
    fn zones_are_whole_quarters_of_an_hour_away() {
        let minutes = |name| zone(name).grain().0 / Span::MINUTE.0;
        let found = ZONES.map(minutes);
        assert_eq!(found[..6], [1440, 60, 60, 30, 15, 60]);
        let steps = ZONES.map(|name| zone(name).step().0 / Span::MINUTE.0);
        assert_eq!(steps[..6], [60, 60, 60, 30, 15, 60]);
    }

    #[test]
    fn hours_begin_where_clocks_say_so() {
        let kathmandu = zone("Asia/Kathmandu");
        assert_eq!(
            kathmandu.hour_from(time("2026-02-02T00:00:00Z")),
            time("2026-02-02T00:15:00Z")
        );
        // Clocks go from 2:00 to 2:30: the hour has begun with the change.
        let lord_howe = zone("Australia/Lord_Howe");
        let change = time("2026-10-03T15:30:00Z");
        assert_eq!(lord_howe.hour_from(change - Span(1)), change);
        assert_eq!(lord_howe.hour_from(change), change);
        assert_eq!(
            lord_howe.hour_from(change + Span(1)),
            time("2026-10-03T16:00:00Z")
        );
        assert_eq!(lord_howe.hour_and_weekday(change), (2, 6));
    }
}
