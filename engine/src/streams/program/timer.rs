//! Timers: regular times of the clock or of the calendar.

use super::calendar::{month_of, reading_of_month};
use crate::base::time::{Span, Time};
use crate::base::zone::Zone;

/// How long a timer's periods are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// As long each, whatever clocks show.
    Even(Span),
    /// Days of the calendar in the model's time zone, however long each is; counted from 1970-01-01, a Thursday.
    Days(u32),
    /// Months of the calendar.
    Month,
}

/// The regular times of a timer. Each occurrence belongs to a period and is due at a *phase* after its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timer {
    /// How long its periods are.
    pub every: Every,
    /// The earliest phase. Of days and months it is counted as clocks show it, so that 17 h are five o'clock.
    pub from: Span,
    /// How much later the phase may be: it is drawn, for each entity or value of its own.
    pub spread: Span,
    /// Each occurrence comes up to this much later.
    pub jitter: Span,
}

impl Every {
    /// The longest that a period may be said to be, for phases within it.
    pub fn length(self) -> Span {
        match self {
            Every::Even(span) => span,
            Every::Days(days) => Span(Span::DAY.0 * i64::from(days)),
            Every::Month => Span(31 * Span::DAY.0),
        }
    }

    /// The period of this number: when clocks, or its own count, say that it is due.
    pub fn due(self, zone: &Zone, number: i64, phase: Span) -> Time {
        match self {
            Every::Even(span) => Time(number.saturating_mul(span.0)) + phase,
            Every::Days(_) => zone.when(Time(number * self.length().0) + phase),
            Every::Month => zone.when(reading_of_month(number, phase)),
        }
    }

    /// The number of the last period that is due up to a time.
    pub fn last(self, zone: &Zone, time: Time, phase: Span) -> i64 {
        let reading = || zone.reading(time);
        let mut number = match self {
            Every::Even(span) => return (time - phase).index_of(span),
            Every::Days(_) => (reading() - phase).index_of(self.length()) - 1,
            Every::Month => month_of(reading()) - 2,
        };
        // What clocks show may come twice, or not at all, and months differ.
        while self.due(zone, number + 1, phase) <= time {
            number += 1;
        }
        number
    }

    /// A time of the period before, for what does not depend on the very moment.
    pub fn earlier(self, zone: &Zone, time: Time) -> Time {
        match self {
            Every::Even(span) => time - span,
            Every::Days(_) => zone.when(zone.reading(time) - self.length()),
            Every::Month => {
                let reading = zone.reading(time);
                let month = month_of(reading);
                let into = reading - reading_of_month(month, Span(0));
                zone.when(reading_of_month(month - 1, into))
            }
        }
    }
}

impl Timer {
    /// The phase for a draw from 0 to 1.
    pub fn phase(&self, u: f64) -> Span {
        self.from + Span((u * self.spread.0 as f64) as i64)
    }

    /// The number and the time of the first occurrence after `since`; `jitter` gives the draw for a number.
    ///
    /// Occurrences are counted from the epoch, so that they do not depend on when a run starts.
    pub fn next<T>(
        &self,
        zone: &Zone,
        phase: Span,
        since: Time,
        jitter: impl Fn(i64) -> (T, f64),
    ) -> (T, Time) {
        let mut number = self.every.last(zone, since, phase);
        loop {
            let (key, u) = jitter(number);
            let (due, next) = (
                self.every.due(zone, number, phase),
                self.every.due(zone, number + 1, phase),
            );
            // A day may be shorter than a day: each occurrence comes before the next one is due.
            let late = (u * self.jitter.0 as f64) as i64;
            let time = due + Span(late.min((next - due).0 - 1).max(0));
            if time > since {
                return (key, time);
            }
            number += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn every() -> impl Strategy<Value = Every> {
        prop_oneof![
            (1..100_000i64).prop_map(|minutes| Every::Even(Span(minutes * Span::MINUTE.0))),
            (1..40u32).prop_map(Every::Days),
            Just(Every::Month),
        ]
    }

    const ZONES: [&str; 6] = [
        "UTC",
        "America/New_York",
        "Africa/Cairo",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Europe/Berlin",
    ];

    proptest! {
        /// The last period that is due is due, and the next one is not.
        #[test]
        fn the_last_period_is_the_last(
            every in every(),
            name in prop::sample::select(ZONES.to_vec()),
            phase in 0.0..1.0f64,
            us in 0..4_000_000_000_000_000i64,
        ) {
            let zone = Zone::named(name).expect("there is this zone");
            let phase = Span((phase * every.length().0 as f64) as i64);
            let number = every.last(&zone, Time(us), phase);
            prop_assert!(every.due(&zone, number, phase) <= Time(us));
            prop_assert!(every.due(&zone, number + 1, phase) > Time(us));
        }

        /// However far jitter spreads them, occurrences follow one another, one a period and none left out.
        #[test]
        fn occurrences_come_one_a_period(
            every in every(),
            name in prop::sample::select(ZONES.to_vec()),
            (phase, jitter) in (0.0..1.0f64, 0.0..1.0f64),
            us in 0..4_000_000_000_000_000i64,
            seed in any::<u64>(),
        ) {
            let zone = Zone::named(name).expect("there is this zone");
            let longest = every.length().0 as f64;
            let timer = Timer { every, from: Span(0), spread: Span(0), jitter: Span((jitter * longest) as i64) };
            let phase = Span((phase * longest) as i64);
            let key = crate::base::draw::Key(seed);
            let draw = |number: i64| (number, key.child(crate::base::draw::purpose("x"), number as u64).uniform(crate::base::draw::purpose("y")));
            let (mut number, mut time) = timer.next(&zone, phase, Time(us), draw);
            for _ in 0..40 {
                let (next, later) = timer.next(&zone, phase, time, draw);
                prop_assert!(later > time);
                prop_assert_eq!(next, number + 1);
                (number, time) = (next, later);
            }
        }
    }
}
