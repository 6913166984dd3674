//! Timetables.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::resource::{Timetable, TimetableError};
use proptest::prelude::*;

#[test]
fn a_week_begins_on_monday() {
    let weekend = [(Span(0), 5), (Span(5 * Span::DAY.0), 1)];
    let agents = Timetable::weekly(&weekend).expect("a timetable");
    // 1970-01-01 was a Thursday.
    assert_eq!(agents.at(Time(0)), 5);
    let saturday = Time(2 * Span::DAY.0);
    assert_eq!(agents.next_change(Time(0)), Some((saturday, 1)));
    let monday = Time(4 * Span::DAY.0);
    assert_eq!(agents.next_change(saturday), Some((monday, 5)));
}

#[test]
fn what_is_no_timetable_is_an_error_that_says_what_to_do() {
    let refused = |changes: &[(Span, u32)]| Timetable::daily(changes).expect_err("refused");
    assert_eq!(refused(&[]), TimetableError::Empty);
    let late = refused(&[(Span::DAY, 1)]);
    assert_eq!(
        late.to_string(),
        "the offset 1d does not lie in the period: write one from 0s to less than 1d"
    );
    let twice = refused(&[(Span::HOUR, 1), (Span::HOUR, 2)]);
    assert_eq!(twice, TimetableError::NotRising(Span::HOUR));
    let never = Timetable::new(Time(0), Span(0), &[(Span(0), 1)]);
    assert_eq!(never, Err(TimetableError::Period(Span(0))));
}

#[test]
fn a_number_that_is_always_the_same_never_changes() {
    let same = Timetable::daily(&[(Span(0), 4), (Span::HOUR, 4)]).expect("a timetable");
    assert_eq!(same.next_change(Time(17)), None);
    assert_eq!(same.at(Time(17)), 4);
}

proptest! {
    /// Between a time and the next change the number stays, and at the change it is the one announced and another.
    #[test]
    fn the_next_change_is_the_next(
        offsets in proptest::collection::btree_set(0i64..50, 1..8),
        numbers in proptest::collection::vec(0u32..3, 8),
        origin in -100i64..100,
        time in -200i64..200,
    ) {
        let changes: Vec<(Span, u32)> =
            offsets.iter().zip(&numbers).map(|(offset, number)| (Span(*offset), *number)).collect();
        let table = Timetable::new(Time(origin), Span(50), &changes).expect("a timetable");
        let end = table.next_change(Time(time));
        for later in time..end.map_or(time + 120, |(change, _)| change.0) {
            prop_assert_eq!(table.at(Time(later)), table.at(Time(time)));
        }
        if let Some((change, number)) = end {
            prop_assert_eq!(table.at(change), number);
            prop_assert_ne!(number, table.at(Time(time)));
        }
    }
}
