//! Requests to start a scenario: `ID@TIME` or `ID@TIME+DURATION`.

use std::fmt;

use causeflow_engine::base::time::{Span, Time};
use causeflow_models::{Diagnostics, duration};

use crate::clock::{Clock, at_time};

/// A request to start a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Activation {
    /// The scenario's id.
    pub scenario: String,
    /// When it begins.
    pub start: Time,
    /// How long it is active, if not as long as the scenario says.
    pub duration: Option<Span>,
}

impl Activation {
    /// Reads `ID@TIME` or `ID@TIME+DURATION`, with times as in [`Clock::time`].
    ///
    /// ```
    /// # use causeflow_engine::base::time::{Span, Time};
    /// # use causeflow_scenarios::{Activation, Clock};
    /// # let program = causeflow_models::load("tutoring").unwrap().compiled.program;
    /// let clock = Clock::new(&program, Time(1_769_990_400_000_000));
    /// let outage = Activation::parse("payment-outage@day13T10:00+6h", &clock).unwrap();
    /// assert_eq!(outage.to_string(), "payment-outage@2026-02-14T10:00:00Z");
    /// assert_eq!(outage.duration, Some(Span(6 * Span::HOUR.0)));
    /// ```
    ///
    /// # Errors
    /// When the text, the time or the duration is none.
    pub fn parse(text: &str, clock: &Clock) -> Result<Activation, Diagnostics> {
        let example = "payment-outage@2026-02-14T10:00+4h";
        let (scenario, when) = at_time(text, "the scenario is to begin", example)?;
        // An offset such as +01:00 is a part of the time; a duration ends with its unit.
        let length = when.rsplit_once('+').filter(|(time, length)| {
            length.ends_with(|c: char| c.is_ascii_alphabetic())
                || clock.time(time).is_ok() && clock.time(when).is_err()
        });
        let (time, length) = match length {
            Some((time, length)) => (time, Some(length)),
            None => (when, None),
        };
        let length = length.map(|text| match duration(text) {
            Ok(span) if span > Span(0) => Ok(span),
            found => {
                let message = found
                    .err()
                    .unwrap_or_else(|| "a scenario takes some time".into());
                Err(Diagnostics::general(
                    message,
                    Some(format!("write `{example}`")),
                ))
            }
        });
        Ok(Activation {
            scenario: scenario.to_owned(),
            start: clock.time(time)?,
            duration: length.transpose()?,
        })
    }
}

impl fmt::Display for Activation {
    /// The name that rows are attributed to, such as `payment-outage@2026-02-14T10:00:00Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.scenario, self.start)
    }
}
