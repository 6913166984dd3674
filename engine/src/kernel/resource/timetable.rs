//! A whole number that follows the day or the week, such as how many agents are on shift.

use crate::base::time::{Span, Time};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Monday before the epoch, which was a Thursday.
const MONDAY: Time = Time(-3 * Span::DAY.0);

/// A number that holds from one time of a period to the next, and repeats with the period.
///
/// ```
/// use causeflow_engine::base::time::{Span, Time};
/// use causeflow_engine::kernel::resource::Timetable;
///
/// let hour = |hour| Span(hour * Span::HOUR.0);
/// let agents = Timetable::daily(&[(hour(8), 12), (hour(18), 3)])?;
/// assert_eq!(agents.at(Time(0)), 3, "the night shift lasts past midnight");
/// assert_eq!(agents.at(Time(0) + hour(9)), 12);
/// assert_eq!(agents.next_change(Time(0)), Some((Time(0) + hour(8), 12)));
/// # Ok::<(), causeflow_engine::kernel::resource::TimetableError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timetable {
    /// A time at which a period begins.
    origin: Time,
    period: Span,
    /// Offsets within the period, rising, none of them with the number before it.
    changes: Vec<(Span, u32)>,
}

/// Why changes do not make a timetable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimetableError {
    /// There is no change, so no number ever holds.
    Empty,
    /// The period is not positive.
    Period(Span),
    /// An offset does not lie in the period.
    Outside {
        /// The offset found.
        offset: Span,
        /// The period that it has to lie in.
        period: Span,
    },
    /// An offset is not after the one before it.
    NotRising(Span),
}

impl fmt::Display for TimetableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TimetableError::Empty => f.write_str("a timetable needs at least one (offset, number)"),
            TimetableError::Period(period) => {
                write!(
                    f,
                    "a timetable's period is {period}, but has to be positive"
                )
            }
            TimetableError::Outside { offset, period } => write!(
                f,
                "the offset {offset} does not lie in the period: write one from 0s to less than {period}"
            ),
            TimetableError::NotRising(offset) => write!(
                f,
                "the offset {offset} is not after the one before it: write the offsets in rising order"
            ),
        }
    }
}

impl std::error::Error for TimetableError {}

impl Timetable {
    /// From (offset since midnight UTC, number) on, every day.
    pub fn daily(changes: &[(Span, u32)]) -> Result<Timetable, TimetableError> {
        Timetable::new(Time(0), Span::DAY, changes)
    }

    /// From (offset since Monday midnight UTC, number) on, every week.
    pub fn weekly(changes: &[(Span, u32)]) -> Result<Timetable, TimetableError> {
        Timetable::new(MONDAY, Span(7 * Span::DAY.0), changes)
    }

    /// From (offset since the beginning of a period, number) on, in every period; `origin` is the beginning of any of them. What holds
    /// last in a period holds on into the next one, up to its first offset.
    ///
    /// Offsets rise and lie in the period, from 0 on; anything else is an error.
    pub fn new(
        origin: Time,
        period: Span,
        changes: &[(Span, u32)],
    ) -> Result<Timetable, TimetableError> {
        if period <= Span(0) {
            return Err(TimetableError::Period(period));
        }
        let mut before = Span(-1);
        for &(offset, _) in changes {
            if offset < Span(0) || offset >= period {
                return Err(TimetableError::Outside { offset, period });
            }
            if offset <= before {
                return Err(TimetableError::NotRising(offset));
            }
            before = offset;
        }
        let mut number = changes.last().ok_or(TimetableError::Empty)?.1;
        let mut kept = Vec::new();
        for &(offset, next) in changes {
            if next != number {
                kept.push((offset, next));
            }
            number = next;
        }
        if kept.is_empty() {
            kept.push((Span(0), number));
        }
        Ok(Timetable {
            origin,
            period,
            changes: kept,
        })
    }

    /// How far into its period a time lies.
    fn offset(&self, time: Time) -> Span {
        Span((time.0 - self.origin.0).rem_euclid(self.period.0))
    }

    /// The number that holds at a time, and from that time on when it changes then.
    pub fn at(&self, time: Time) -> u32 {
        let offset = self.offset(time);
        let passed = self.changes.partition_point(|change| change.0 <= offset);
        // Before the first change of a period, the last one of the period before still holds.
        self.changes[(passed + self.changes.len() - 1) % self.changes.len()].1
    }

    /// The first time after `time` at which the number changes, and what it becomes; `None` when it never changes.
    pub fn next_change(&self, time: Time) -> Option<(Time, u32)> {
        if self.changes.len() < 2 {
            return None;
        }
        let offset = self.offset(time);
        let passed = self.changes.partition_point(|change| change.0 <= offset);
        let (next, number) = self.changes[passed % self.changes.len()];
        let wait = if next > offset {
            Span(next.0 - offset.0)
        } else {
            Span(next.0 - offset.0 + self.period.0)
        };
        Some((time + wait, number))
    }
}
