//! Slots, against a calendar that keeps three sets of slot numbers.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::resource::Timetable;
use causeflow_engine::kernel::resource::slots::{Refusal, Slots};
use proptest::prelude::*;
use std::collections::BTreeSet;

const LENGTH: Span = Span(10);
const ORIGIN: Time = Time(3);

#[derive(Clone, Debug)]
enum Step {
    Open(i64, i64),
    Close(i64, i64),
    Block(i64, i64),
    Unblock(i64, i64),
    Reserve(i64, i64),
    Release(i64, i64),
    Forget(i64),
}

/// Stretches reach over several words of 64 slots, on both sides of the origin.
fn step() -> impl Strategy<Value = Step> {
    let stretch = || (-3000i64..3000, 0i64..1500);
    // Reservations gather where others are, so that they collide.
    let slots = || (-30i64..100, 1i64..6);
    prop_oneof![
        4 => stretch().prop_map(|(from, length)| Step::Open(from, from + length)),
        1 => stretch().prop_map(|(from, length)| Step::Close(from, from + length)),
        1 => stretch().prop_map(|(from, length)| Step::Block(from, from + length)),
        1 => stretch().prop_map(|(from, length)| Step::Unblock(from, from + length)),
        6 => slots().prop_map(|(slot, count)| Step::Reserve(slot, count)),
        3 => slots().prop_map(|(slot, count)| Step::Release(slot, count)),
        1 => (-3000i64..-1000).prop_map(Step::Forget),
    ]
}

#[derive(Default)]
struct Naive {
    offered: BTreeSet<i64>,
    blocked: BTreeSet<i64>,
    reserved: BTreeSet<i64>,
}

fn time(slot: i64) -> Time {
    ORIGIN + Span(slot * LENGTH.0)
}

/// The slots that lie wholly between two times.
fn within(from: i64, to: i64) -> impl Iterator<Item = i64> {
    let inside = move |slot: &i64| time(*slot).0 >= from && time(slot + 1).0 <= to;
    (-500..500).filter(inside)
}

impl Naive {
    fn is_free(&self, slot: i64) -> bool {
        let taken = self.blocked.contains(&slot) || self.reserved.contains(&slot);
        self.offered.contains(&slot) && !taken
    }

    fn refusal(&self, slot: i64) -> Refusal {
        if self.reserved.contains(&slot) {
            Refusal::Reserved(time(slot))
        } else if self.blocked.contains(&slot) {
            Refusal::Blocked(time(slot))
        } else {
            Refusal::NotOffered(time(slot))
        }
    }

    fn reserve(&mut self, slots: std::ops::Range<i64>) -> Result<(), Refusal> {
        if let Some(slot) = slots.clone().find(|slot| !self.is_free(*slot)) {
            return Err(self.refusal(slot));
        }
        self.reserved.extend(slots);
        Ok(())
    }

    fn release(&mut self, slots: std::ops::Range<i64>) -> Result<(), Refusal> {
        if let Some(slot) = slots.clone().find(|slot| !self.reserved.contains(slot)) {
            return Err(Refusal::NotReserved(time(slot)));
        }
        slots.for_each(|slot| {
            self.reserved.remove(&slot);
        });
        Ok(())
    }

    fn first_free(&self, from: i64, to: i64, count: i64) -> Option<Time> {
        let fits = |first: &i64| {
            (*first..first + count).all(|slot| self.is_free(slot)) && time(first + count).0 <= to
        };
        within(from, to).find(fits).map(time)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slots_do_what_sets_of_numbers_do(
        steps in proptest::collection::vec(step(), 1..40),
        (from, length) in (-3000i64..3000, 0i64..3000),
        count in 1i64..80,
    ) {
        let (mut slots, mut naive) = (Slots::new(ORIGIN, LENGTH), Naive::default());
        for step in steps {
            match step {
                Step::Open(from, to) => {
                    slots.open(Time(from), Time(to));
                    naive.offered.extend(within(from, to));
                }
                Step::Close(from, to) => {
                    slots.close(Time(from), Time(to));
                    within(from, to).for_each(|slot| { naive.offered.remove(&slot); });
                }
                Step::Block(from, to) => {
                    slots.block(Time(from), Time(to));
                    naive.blocked.extend(within(from, to));
                }
                Step::Unblock(from, to) => {
                    slots.unblock(Time(from), Time(to));
                    within(from, to).for_each(|slot| { naive.blocked.remove(&slot); });
                }
                Step::Reserve(slot, count) => {
                    let free = slots.is_free(time(slot), Span(count * LENGTH.0));
                    let reserved = slots.reserve(time(slot), Span(count * LENGTH.0));
                    prop_assert_eq!(free, reserved.is_ok());
                    prop_assert_eq!(reserved, naive.reserve(slot..slot + count));
                }
                Step::Release(slot, count) => {
                    let released = slots.release(time(slot), Span(count * LENGTH.0));
                    prop_assert_eq!(released, naive.release(slot..slot + count));
                }
                // What is asked about below comes later.
                Step::Forget(until) => slots.forget_before(Time(until)),
            }
        }
        let from = from.max(-300);
        let to = from + length;
        let length = Span(count * LENGTH.0);
        prop_assert_eq!(slots.first_free(Time(from), Time(to), length), naive.first_free(from, to, count));
        let reserved: Vec<Time> = slots.reserved(Time(from), Time(to)).collect();
        let expected: Vec<Time> =
            within(from, to).filter(|slot| naive.reserved.contains(slot)).map(time).collect();
        let census = slots.census(Time(from), Time(to));
        prop_assert_eq!(census.reserved, reserved.len() as u64);
        prop_assert_eq!(reserved, expected);
        prop_assert_eq!(census.free, within(from, to).filter(|slot| naive.is_free(*slot)).count() as u64);
        prop_assert!(census.usable >= census.free + census.reserved);
    }
}

#[test]
fn what_is_forgotten_is_not_offered_again() {
    let mut slots = Slots::new(Time(0), LENGTH);
    slots.open(Time(0), Time(2000));
    slots.forget_before(Time(640));
    assert_eq!(
        slots.reserve(Time(630), LENGTH),
        Err(Refusal::NotOffered(Time(630)))
    );
    slots.open(Time(0), Time(2000));
    assert_eq!(
        slots.first_free(Time(0), Time(2000), LENGTH),
        Some(Time(640))
    );
}

#[test]
fn a_timetable_opens_the_slots_that_it_covers() {
    let shifts = [(Span(5), 1), (Span(35), 2), (Span(58), 0)];
    let shifts = Timetable::new(Time(0), Span(100), &shifts).expect("a timetable");
    let mut slots = Slots::new(Time(0), LENGTH);
    slots.open_by(&shifts, Time(0), Time(200));
    // From 5 to 58, also over the change of the number at 35.
    let free: Vec<bool> = (0..10)
        .map(|slot| slots.is_free(Time(10 * slot), LENGTH))
        .collect();
    assert!(free[1..5].iter().all(|free| *free));
    assert_eq!(free.iter().filter(|free| **free).count(), 4);
}

#[test]
fn a_time_within_a_slot_is_refused() {
    let mut slots = Slots::new(Time(0), LENGTH);
    slots.open(Time(0), Time(100));
    assert_eq!(
        slots.reserve(Time(5), LENGTH),
        Err(Refusal::NotABeginning(Time(5)))
    );
    assert_eq!(
        slots.reserve(Time(10), Span(15)),
        Err(Refusal::Length(Span(15)))
    );
    assert_eq!(
        slots.release(Time(10), LENGTH),
        Err(Refusal::NotReserved(Time(10)))
    );
}
