//! How virtual time follows the clock on the wall.

use std::time::{Duration, Instant};

use causeflow_engine::base::time::{Span, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How fast a session goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many virtual seconds in each second; 1 is real time.
    Times(f64),
    /// As fast as it can be played.
    Max,
    /// Only as far as it is told to.
    Stepped,
}

/// The fastest that can be asked for by a number.
pub const MOST_TIMES: f64 = 100_000.0;

/// A gap between two looks at the clock that is taken for the sleep of the machine: the session goes on where it was.
const ASLEEP: Duration = Duration::from_secs(5);

impl Speed {
    /// Reads `1`, `60x`, `max` or `stepped`.
    ///
    /// # Errors
    /// When it is none of these, or no speed.
    pub fn parse(text: &str) -> Result<Speed, String> {
        let number = text.strip_suffix('x').unwrap_or(text);
        match text {
            "max" => Ok(Speed::Max),
            "stepped" => Ok(Speed::Stepped),
            _ => match number.parse::<f64>() {
                Ok(times) if times > 0.0 && times <= MOST_TIMES => Ok(Speed::Times(times)),
                _ => Err(format!(
                    "`{text}` is no speed: a number up to {MOST_TIMES} such as 60, `max`, or `stepped`"
                )),
            },
        }
    }
}

impl std::fmt::Display for Speed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Speed::Times(times) => write!(f, "{times}"),
            Speed::Max => f.write_str("max"),
            Speed::Stepped => f.write_str("stepped"),
        }
    }
}

/// How the clock of a session goes.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ClockShown {
    /// A number of virtual seconds a second, `max`, or `stepped`.
    pub speed: String,
    /// Whether it stands still.
    pub paused: bool,
    /// The virtual time up to which events have been given out, RFC 3339 in UTC.
    pub time: String,
    /// How far that lies behind where the clock should be, in seconds on the wall.
    pub lag_s: f64,
}

/// The clock of a session: where it should be now. It never goes back, and what it says moves no event.
#[derive(Debug)]
pub struct Pace {
    speed: Speed,
    paused: bool,
    /// A moment on the wall, and where the clock was then.
    anchor: (Instant, Time),
    /// When it was looked at last.
    seen: Instant,
    /// Up to where steps lead.
    stepped_to: Time,
}

impl Pace {
    /// One that begins at a time.
    pub fn new(speed: Speed, paused: bool, time: Time, now: Instant) -> Pace {
        Pace {
            speed,
            paused,
            anchor: (now, time),
            seen: now,
            stepped_to: time,
        }
    }

    /// Where it should be, for a session that is at a time.
    pub fn due(&mut self, now: Instant, at: Time) -> Time {
        let slept = now.saturating_duration_since(self.seen);
        self.seen = now;
        if slept > ASLEEP {
            // Neither this process nor its clients have been there meanwhile.
            self.anchor = (now, at);
        }
        match self.speed {
            _ if self.paused => at.max(self.stepped_to),
            Speed::Stepped => at.max(self.stepped_to),
            Speed::Max => Time(i64::MAX),
            Speed::Times(times) => {
                let (then, time) = self.anchor;
                let passed = now.saturating_duration_since(then).as_micros() as f64 * times;
                at.max(time + Span(passed as i64)).max(self.stepped_to)
            }
        }
    }

    /// How far a session that is at a time lies behind, in seconds on the wall.
    pub fn lag_s(&self, now: Instant, at: Time) -> f64 {
        let (then, time) = self.anchor;
        match self.speed {
            Speed::Times(times) if !self.paused => {
                let passed = now.saturating_duration_since(then).as_secs_f64();
                let due_s = passed - (at - time).0 as f64 / 1e6 / times;
                due_s.max(0.0)
            }
            _ => 0.0,
        }
    }

    /// Goes on at another speed from where the session is.
    pub fn set(&mut self, speed: Speed, paused: bool, now: Instant, at: Time) {
        (self.speed, self.paused) = (speed, paused);
        self.anchor = (now, at);
        self.seen = now;
        self.stepped_to = at;
    }

    /// Up to where steps lead.
    pub fn stepped_to(&self) -> Time {
        self.stepped_to
    }

    /// Leads on up to a time, if it is not there already.
    pub fn step_to(&mut self, to: Time) {
        self.stepped_to = self.stepped_to.max(to);
    }

    /// The speed.
    pub fn speed(&self) -> Speed {
        self.speed
    }

    /// Whether it stands still.
    pub fn paused(&self) -> bool {
        self.paused
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Time {
        Time(0) + Span(seconds * Span::SECOND.0)
    }

    // What the wall shows comes from outside everywhere, so tests can say what time it is.
    #[allow(clippy::disallowed_methods)]
    fn start() -> Instant {
        Instant::now()
    }

    #[test]
    fn virtual_time_follows_the_wall() {
        let begin = start();
        let wall = |ms: u64| begin + Duration::from_millis(ms);
        let mut pace = Pace::new(Speed::Times(60.0), false, at(0), begin);
        assert_eq!(pace.due(wall(500), at(0)), at(30));
        assert_eq!(pace.due(wall(1000), at(30)), at(60));
        assert!((pace.lag_s(wall(1000), at(30)) - 0.5).abs() < 1e-9);
        pace.set(Speed::Times(1.0), false, wall(1000), at(60));
        assert_eq!(pace.due(wall(3000), at(60)), at(62));
        // The machine has slept: nothing is made up for.
        assert_eq!(pace.due(wall(60_000), at(62)), at(62));
        assert_eq!(pace.due(wall(61_000), at(62)), at(63));
        pace.set(Speed::Times(1.0), true, wall(61_000), at(63));
        assert_eq!(pace.due(wall(64_000), at(63)), at(63));
        pace.set(Speed::Stepped, false, wall(64_000), at(63));
        pace.step_to(at(73));
        pace.step_to(at(68));
        assert_eq!(pace.due(wall(64_001), at(63)), at(73));
    }

    #[test]
    fn speeds_are_read_as_they_are_written() {
        for (text, speed) in [
            ("1", Some(Speed::Times(1.0))),
            ("60x", Some(Speed::Times(60.0))),
            ("max", Some(Speed::Max)),
            ("stepped", Some(Speed::Stepped)),
            ("0", None),
            ("-1", None),
            ("NaN", None),
            ("1e9", None),
            ("fast", None),
        ] {
            assert_eq!(Speed::parse(text).ok(), speed, "{text}");
        }
    }
}
