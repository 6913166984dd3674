//! The future-event list agrees with the `priority-queue` crate whatever is done to it,
//! and keeps what its documentation promises.

use causeflow_engine::base::queue::{FutureEvents, Handle, Order};
use priority_queue::PriorityQueue;
use proptest::prelude::*;
use std::cmp::Reverse;

fn at(time_us: i64) -> Order {
    Order {
        time_us,
        rank: 0,
        key: 0,
    }
}

/// A stretch of time that events of one burst fall into. Together they hold ties, crowds, gaps and both ends of time.
#[derive(Clone, Copy, Debug)]
enum Stretch {
    /// From the event popped last on.
    Ahead { span_us: u64 },
    /// Around a fixed time, so also before the event popped last.
    Around { center_us: i64, span_us: u64 },
}

#[derive(Clone, Debug)]
enum Step {
    /// So many pushes, with few keys and ranks so that orders tie.
    Push {
        count: usize,
        stretch: Stretch,
        seed: u64,
    },
    Pop {
        count: usize,
    },
    PopBefore {
        delay_us: i64,
    },
    Peek,
    /// The queue is stored, and what is read back takes its place.
    Store,
    /// Each pick is a position in the list of all handles ever given, stale ones included.
    Cancel {
        picks: Vec<prop::sample::Index>,
    },
    /// The handles given last, except for one in so many.
    CancelLast {
        count: usize,
        kept_every: usize,
    },
    Reschedule {
        picks: Vec<prop::sample::Index>,
        stretch: Stretch,
        seed: u64,
    },
    /// Pops and pushes again, so many times.
    Hold {
        count: usize,
        stretch: Stretch,
        seed: u64,
    },
}

fn stretches() -> impl Strategy<Value = Stretch> {
    let spans = || {
        prop_oneof![
            Just(0),
            1..20_u64,
            1..5_000_u64,
            Just(86_400_000_000),
            Just(1 << 50),
            Just(u64::MAX)
        ]
    };
    let centers = prop_oneof![
        Just(0),
        Just(i64::MIN),
        Just(i64::MAX),
        -1_000_000..1_000_000_i64,
        any::<i64>()
    ];
    prop_oneof![
        3 => spans().prop_map(|span_us| Stretch::Ahead { span_us }),
        1 => (centers, spans()).prop_map(|(center_us, span_us)| Stretch::Around { center_us, span_us }),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let picks = || prop::collection::vec(any::<prop::sample::Index>(), 1..40);
    let counts = || prop_oneof![3 => 1..40_usize, 2 => 100..800_usize];
    prop_oneof![
        4 => (counts(), stretches(), any::<u64>()).prop_map(|(count, stretch, seed)| Step::Push { count, stretch, seed }),
        3 => counts().prop_map(|count| Step::Pop { count }),
        2 => prop_oneof![-10..10_i64, 1..10_000_i64, Just(i64::MAX)].prop_map(|delay_us| Step::PopBefore { delay_us }),
        1 => Just(Step::Peek),
        1 => Just(Step::Store),
        2 => picks().prop_map(|picks| Step::Cancel { picks }),
        1 => (500..2_500_usize, 2..2_000_usize).prop_map(|(count, kept_every)| Step::CancelLast { count, kept_every }),
        2 => (picks(), stretches(), any::<u64>()).prop_map(|(picks, stretch, seed)| Step::Reschedule { picks, stretch, seed }),
        3 => (counts(), stretches(), any::<u64>()).prop_map(|(count, stretch, seed)| Step::Hold { count, stretch, seed }),
    ]
}

/// The queue under test beside its oracle. An event is its number; the oracle breaks ties by the number of the push.
#[derive(Default)]
struct Pair {
    queue: FutureEvents<usize>,
    oracle: PriorityQueue<usize, Reverse<(Order, usize)>>,
    /// All handles ever given, with the event that each stood for and whether a reschedule made it stale.
    handles: Vec<(Handle, usize, bool)>,
    events: usize,
    pushes: usize,
    now_us: i64,
}

impl Pair {
    fn order(&self, stretch: Stretch, random: &mut u64) -> Order {
        *random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let bits = *random >> 16;
        let (from_us, span_us) = match stretch {
            Stretch::Ahead { span_us } => (self.now_us, span_us),
            Stretch::Around { center_us, span_us } => {
                (center_us.saturating_sub_unsigned(span_us / 2), span_us)
            }
        };
        let offset_us = (u128::from(random.swap_bytes()) * u128::from(span_us)) >> 64;
        let time_us = from_us.saturating_add_unsigned(offset_us as u64);
        Order {
            time_us,
            rank: (bits % 3) as u32,
            key: bits / 3 % 5,
        }
    }

    fn push(&mut self, order: Order) {
        let handle = self.queue.push(order, self.events);
        self.oracle.push(self.events, Reverse((order, self.pushes)));
        self.handles.push((handle, self.events, false));
        self.events += 1;
        self.pushes += 1;
    }

    fn pop(&mut self) -> Option<()> {
        let expected = self
            .oracle
            .pop()
            .map(|(event, Reverse((order, _)))| (order, event));
        assert_eq!(self.queue.pop(), expected);
        self.now_us = expected?.0.time_us;
        Some(())
    }

    fn pop_before(&mut self, end_us: i64) {
        loop {
            let due = self
                .oracle
                .peek()
                .is_some_and(|(_, Reverse((order, _)))| order.time_us < end_us);
            let expected = if due {
                self.oracle
                    .pop()
                    .map(|(event, Reverse((order, _)))| (order, event))
            } else {
                None
            };
            assert_eq!(self.queue.pop_before(end_us), expected);
            if !due {
                return;
            }
        }
    }

    fn cancel(&mut self, position: usize) {
        let (handle, event, is_stale) = self.handles[position];
        let expected = if is_stale {
            None
        } else {
            self.oracle.remove(&event).map(|(event, _)| event)
        };
        assert_eq!(self.queue.cancel(handle), expected);
    }

    fn reschedule(&mut self, position: usize, order: Order) {
        let (handle, event, is_stale) = self.handles[position];
        let pending = !is_stale
            && self
                .oracle
                .change_priority(&event, Reverse((order, self.pushes)))
                .is_some();
        self.pushes += 1;
        let given = self.queue.reschedule(handle, order);
        assert_eq!(given.is_some(), pending);
        if let Some(given) = given {
            self.handles[position].2 = true;
            self.handles.push((given, event, false));
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Push {
                count,
                stretch,
                seed,
            } => {
                let mut random = *seed;
                for _ in 0..*count {
                    self.push(self.order(*stretch, &mut random));
                }
            }
            Step::Pop { count } => {
                for _ in 0..*count {
                    self.pop();
                }
            }
            Step::PopBefore { delay_us } => self.pop_before(self.now_us.saturating_add(*delay_us)),
            Step::Peek => {
                let expected = self.oracle.peek().map(|(_, Reverse((order, _)))| *order);
                assert_eq!(self.queue.peek(), expected);
            }
            Step::Store => {
                let bytes = postcard::to_allocvec(&self.queue).expect("a queue can be stored");
                let read: FutureEvents<usize> =
                    postcard::from_bytes(&bytes).expect("what was stored can be read");
                assert_eq!(read, self.queue);
                assert_eq!(self.queue.clone(), self.queue);
                self.queue = read;
            }
            Step::Cancel { picks } if !self.handles.is_empty() => {
                picks
                    .iter()
                    .for_each(|pick| self.cancel(pick.index(self.handles.len())));
            }
            Step::CancelLast { count, kept_every } => {
                let last = self.handles.len().saturating_sub(*count)..self.handles.len();
                last.filter(|position| position % kept_every > 0)
                    .for_each(|position| self.cancel(position));
            }
            Step::Reschedule {
                picks,
                stretch,
                seed,
            } if !self.handles.is_empty() => {
                let mut random = *seed;
                for pick in picks {
                    let order = self.order(*stretch, &mut random);
                    self.reschedule(pick.index(self.handles.len()), order);
                }
            }
            Step::Hold {
                count,
                stretch,
                seed,
            } => {
                let mut random = *seed;
                for _ in 0..*count {
                    if self.pop().is_some() {
                        self.push(self.order(*stretch, &mut random));
                    }
                }
            }
            Step::Cancel { .. } | Step::Reschedule { .. } => {}
        }
        assert_eq!(self.queue.len(), self.oracle.len());
        assert_eq!(self.queue.is_empty(), self.oracle.is_empty());
    }

    fn finish(mut self) {
        let listed: Vec<_> = self
            .queue
            .iter()
            .map(|(_, order, event)| (order, *event))
            .collect();
        let expected: Vec<_> = self
            .oracle
            .clone()
            .into_sorted_iter()
            .map(|(event, Reverse((order, _)))| (order, event))
            .collect();
        assert_eq!(listed, expected);
        while self.pop().is_some() {}
        assert!(
            self.handles
                .iter()
                .all(|(handle, _, _)| self.queue.cancel(*handle).is_none())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn agrees_with_the_oracle(steps in prop::collection::vec(steps(), 1..40)) {
        let mut pair = Pair::default();
        steps.iter().for_each(|step| pair.step(step));
        pair.finish();
    }
}

#[test]
fn ties_pop_in_the_order_of_their_pushes() {
    let mut queue = FutureEvents::new();
    queue.extend((0..10_000).map(|i| (at(5), i)));
    assert!((0..5_000).all(|i| queue.pop() == Some((at(5), i))));
    queue.extend((10_000..20_000).map(|i| (at(5), i)));
    assert!((5_000..20_000).all(|i| queue.pop() == Some((at(5), i))));
}

#[test]
fn a_child_without_delay_follows_its_parent_and_precedes_later_times() {
    let mut queue = FutureEvents::new();
    queue.extend((0..3_000).map(|key| {
        (
            Order {
                time_us: 0,
                rank: 0,
                key,
            },
            key,
        )
    }));
    queue.push(at(1), u64::MAX);
    let mut popped = Vec::new();
    while let Some((order, key)) = queue.pop() {
        popped.push(order);
        if order.time_us == 0 && order.rank < 3 {
            queue.push(
                Order {
                    rank: order.rank + 1,
                    ..order
                },
                key,
            );
        }
    }
    assert_eq!(popped.len(), 4 * 3_000 + 1);
    assert!(popped.is_sorted());
}

#[test]
fn a_cancelled_event_does_not_move_the_clock() {
    let mut queue = FutureEvents::new();
    let first = queue.push(at(1), "first");
    queue.push(at(2), "second");
    assert_eq!(queue.peek(), Some(at(1)));
    assert_eq!(queue.cancel(first), Some("first"));
    assert_eq!(queue.peek(), Some(at(2)));
    assert_eq!(queue.pop_before(2), None);
    assert_eq!(queue.len(), 1);
}

#[test]
fn sweeping_stale_entries_keeps_the_pending_events() {
    let mut queue = FutureEvents::new();
    let handles: Vec<_> = (0..20_000)
        .map(|i| queue.push(at(i * 7_919 % 20_000), i))
        .collect();
    assert!((0..10).all(|time_us| queue.pop().map(|(order, _)| order) == Some(at(time_us))));
    for (position, handle) in handles
        .iter()
        .enumerate()
        .filter(|(position, _)| position % 10 > 0)
    {
        let expected = (position as i64 * 7_919 % 20_000 >= 10).then_some(position as i64);
        assert_eq!(queue.cancel(*handle), expected);
    }
    let times: Vec<_> = std::iter::from_fn(|| queue.pop())
        .map(|(order, _)| order.time_us)
        .collect();
    assert!(
        times
            .iter()
            .eq((10..20_000).step_by(10).collect::<Vec<_>>().iter())
    );
}

#[test]
fn a_stale_handle_never_comes_to_mean_another_event() {
    let mut queue = FutureEvents::new();
    let popped = queue.push(at(1), 1);
    queue.pop();
    let old = queue.push(at(2), 2);
    let new = queue.reschedule(old, at(3));
    assert_eq!((queue.cancel(popped), queue.cancel(old)), (None, None));
    assert_eq!(queue.reschedule(popped, at(0)), None);
    assert_eq!(new.and_then(|new| queue.cancel(new)), Some(2));
    assert!(queue.is_empty());
}

#[test]
fn both_ends_of_time_are_times_like_any_other() {
    let mut queue = FutureEvents::new();
    let times = [i64::MAX, 0, i64::MIN, i64::MAX - 1, -1, i64::MIN + 1];
    queue.extend(
        times
            .iter()
            .cycle()
            .take(600)
            .map(|time_us| (at(*time_us), ())),
    );
    let popped: Vec<_> = std::iter::from_fn(|| queue.pop_before(i64::MAX))
        .map(|(order, ())| order)
        .collect();
    assert_eq!(popped.len(), 500);
    assert!(popped.is_sorted());
    queue.push(at(i64::MAX), ());
    queue.push(at(i64::MIN), ());
    assert_eq!(queue.pop(), Some((at(i64::MIN), ())));
    assert_eq!(queue.len(), 101);
    assert!(std::iter::from_fn(|| queue.pop()).all(|(order, ())| order.time_us == i64::MAX));
}

#[test]
fn an_event_far_ahead_does_not_slow_down_the_many_before_it() {
    // Without cutting up the year that the first bucket covers, this would take a day rather than a blink.
    let mut queue = FutureEvents::new();
    queue.push(at(0), 0);
    queue.push(at(31_536_000_000_000), 0);
    queue.pop();
    queue.extend((0..300_000_i64).map(|i| (at(1 + i * 7_919 % 300_000), i)));
    let popped: Vec<_> = std::iter::from_fn(|| queue.pop())
        .map(|(order, _)| order)
        .collect();
    assert_eq!(popped.len(), 300_001);
    assert!(popped.is_sorted());
}
