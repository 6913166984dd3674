//! Which part of the run the charts show.

use causeflow_engine::base::time::{Span, Time};

use crate::error::Error;
use crate::numbers::instant;

/// How long before the first scenario the charts begin.
const BEFORE_SCENARIO: Span = Span(2 * Span::DAY.0);

/// A part of a run, from whole hour to whole hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from: Time,
    pub to: Time,
}

impl Window {
    /// The window of so many days, no longer than the run: from `from`, or around the first scenario, or the end of the run.
    pub fn of(
        run: Window,
        from: Option<Time>,
        days: i64,
        first_scenario: Option<Time>,
    ) -> Result<Window, Error> {
        let run = Window {
            from: run.from.floor_to(Span::HOUR),
            to: ceil(run.to, Span::HOUR),
        };
        let length = Span(days * Span::DAY.0);
        let latest = (run.to - length).max(run.from);
        let from = match (from, first_scenario) {
            (Some(from), _) if from < run.from || from >= run.to => {
                return Err(Error::input(
                    format!("{} lies outside of the run", instant(from)),
                    format!(
                        "choose a time from {} on and before {}",
                        instant(run.from),
                        instant(run.to)
                    ),
                )
                .in_field("from"));
            }
            (Some(from), _) => from.floor_to(Span::HOUR),
            (None, Some(start)) => (start - BEFORE_SCENARIO).floor_to(Span::DAY).min(latest),
            (None, None) => latest,
        };
        let from = from.max(run.from);
        let to = (from + length).min(run.to);
        Ok(Window { from, to })
    }

    /// Whether an instant lies in it.
    pub fn contains(self, time: Time) -> bool {
        self.from <= time && time < self.to
    }

    /// Whether something that goes on from `from` until `to` shows in it.
    pub fn meets(self, from: Time, to: Time) -> bool {
        from < self.to && to.max(from + Span(1)) > self.from
    }

    /// How many days it has, the last one perhaps not whole.
    pub fn days(self) -> i64 {
        (self.to.0 - self.from.0 + Span::DAY.0 - 1) / Span::DAY.0
    }

    /// The midnights in it, in UTC.
    pub fn midnights(self) -> impl Iterator<Item = Time> {
        let first = ceil(self.from, Span::DAY).0;
        (0..)
            .map(move |day| Time(first + day * Span::DAY.0))
            .take_while(move |midnight| *midnight < self.to)
    }
}

/// The first multiple of `step` that is not earlier.
fn ceil(time: Time, step: Span) -> Time {
    (time + Span(step.0 - 1)).floor_to(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUN: Window = Window {
        from: Time(0),
        to: Time(20 * Span::DAY.0),
    };

    fn day(day: f64) -> Time {
        Time((day * Span::DAY.0 as f64) as i64)
    }

    fn days(window: Result<Window, Error>) -> (f64, f64) {
        let window = window.expect("a window");
        let in_days = |time: Time| time.0 as f64 / Span::DAY.0 as f64;
        (in_days(window.from), in_days(window.to))
    }

    #[test]
    fn without_a_scenario_it_is_the_end_of_the_run() {
        assert_eq!(days(Window::of(RUN, None, 7, None)), (13.0, 20.0));
        assert_eq!(days(Window::of(RUN, None, 30, None)), (0.0, 20.0));
    }

    #[test]
    fn it_begins_two_days_before_a_scenario_and_stays_in_the_run() {
        assert_eq!(days(Window::of(RUN, None, 7, Some(day(5.4)))), (3.0, 10.0));
        assert_eq!(days(Window::of(RUN, None, 7, Some(day(0.5)))), (0.0, 7.0));
        assert_eq!(
            days(Window::of(RUN, None, 7, Some(day(19.5)))),
            (13.0, 20.0)
        );
    }

    #[test]
    fn one_that_is_asked_for_is_shortened_where_the_run_ends() {
        assert_eq!(
            days(Window::of(RUN, Some(day(18.0)), 7, None)),
            (18.0, 20.0)
        );
        assert!(Window::of(RUN, Some(day(20.0)), 7, None).is_err());
        assert!(Window::of(RUN, Some(day(-1.0)), 7, None).is_err());
    }

    #[test]
    fn what_has_no_length_meets_it_where_it_lies_in_it() {
        assert!(RUN.meets(day(0.0), day(0.0)));
        assert!(!RUN.meets(day(20.0), day(20.0)));
        assert!(RUN.meets(day(-3.0), day(0.5)));
        assert!(!RUN.meets(day(-3.0), day(0.0)));
    }
}
