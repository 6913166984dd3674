//! Stores and containers: nothing is lost, nothing is handed out twice, and whoever can be served is.

use crate::clock::Clock;
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::Agenda;
use causeflow_engine::kernel::resource::waiting::{Answer, Direction, Ticket};
use causeflow_engine::kernel::resource::{container, store};
use container::{Container, TooMuch};
use proptest::prelude::*;
use std::collections::BTreeMap;
use store::{Filter, Store};

#[test]
fn more_than_the_capacity_is_refused() {
    let (mut tank, mut clock) = (Container::new(10, 5), Clock::new());
    let refused = TooMuch {
        who: 'a',
        amount: 11,
        capacity: 10,
    };
    assert_eq!(tank.get('a', 11, &mut clock), Err(refused));
}

#[test]
fn a_large_request_holds_up_small_ones_until_it_gives_up() {
    let (mut tank, mut clock) = (Container::new(10, 5), Clock::new());
    let patience = Some(Span(3));
    let large = tank.ask(Direction::Get, 'a', 8, patience, &mut clock);
    assert!(matches!(large, Ok(Answer::Later(_))));
    assert!(matches!(tank.get('b', 2, &mut clock), Ok(Answer::Later(_))));
    let mut told = Vec::new();
    while let Some(event) = clock.next(Time(100)) {
        told.extend(tank.handle(event, &mut clock));
    }
    assert!(matches!(
        told[0],
        container::Notice::Reneged { who: 'a', .. }
    ));
    assert!(matches!(
        told[1],
        container::Notice::Granted {
            who: 'b',
            waited: Span(3),
            ..
        }
    ));
    assert_eq!(tank.level(), 3);
}

#[derive(Clone, Debug)]
enum Step {
    Ask {
        side: Direction,
        amount: u64,
        patience_us: Option<i64>,
    },
    Pass(i64),
    Withdraw(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let side = prop_oneof![Just(Direction::Get), Just(Direction::Put)];
    let ask = (side, 0u64..9, proptest::option::of(0i64..20));
    let ask = ask.prop_map(|(side, amount, patience_us)| Step::Ask {
        side,
        amount,
        patience_us,
    });
    prop_oneof![
        6 => ask,
        3 => (0i64..10).prop_map(Step::Pass),
        1 => (0usize..40).prop_map(Step::Withdraw),
    ]
}

/// Items are numbers, and who takes one wants it odd or even.
#[derive(Clone, Copy, Debug)]
struct Parity(u64);

impl Filter<(u64, u64)> for Parity {
    fn accepts(&self, item: &(u64, u64)) -> bool {
        item.1 % 2 == self.0
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn amounts_are_conserved(
        steps in proptest::collection::vec(step(), 0..60),
        level in 0u64..10,
    ) {
        let (mut tank, mut clock) = (Container::new(8, level), Clock::new());
        // As told: it lags behind what has been granted, so it may be negative for a moment.
        let mut level = level.min(8) as i64;
        let mut tickets = Vec::new();
        let mut waiting: BTreeMap<Ticket, Direction> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Ask { side, amount, patience_us } => {
                    match tank.ask(side, amount, amount, patience_us.map(Span), &mut clock) {
                        Ok(Answer::Now(_)) if side == Direction::Get => level -= amount as i64,
                        Ok(Answer::Now(_)) => level += amount as i64,
                        Ok(Answer::Later(ticket)) => {
                            tickets.push(ticket);
                            waiting.insert(ticket, side);
                        }
                        Err(refused) => prop_assert!(refused.amount > 8),
                    }
                }
                Step::Pass(span_us) => {
                    let until = clock.now() + Span(span_us);
                    while let Some(event) = clock.next(until) {
                        match tank.handle(event, &mut clock) {
                            Some(container::Notice::Granted { ticket, amount, .. }) => {
                                match waiting.remove(&ticket) {
                                    Some(Direction::Get) => level -= amount as i64,
                                    Some(Direction::Put) => level += amount as i64,
                                    None => prop_assert!(false, "nothing is granted twice"),
                                }
                            }
                            Some(container::Notice::Reneged { ticket, .. }) => {
                                prop_assert!(waiting.remove(&ticket).is_some());
                            }
                            None => prop_assert!(false, "every event tells something"),
                        }
                    }
                    prop_assert_eq!(tank.level() as i64, level, "after all has been told");
                }
                Step::Withdraw(at) => {
                    let ticket = tickets.get(at);
                    let is_waiting = |ticket: &&Ticket| tank.withdraw(**ticket, &mut clock).is_some();
                    if let Some(ticket) = ticket.filter(is_waiting) {
                        prop_assert!(waiting.remove(ticket).is_some());
                    }
                }
            }
            prop_assert!(tank.level() <= tank.capacity());
        }
    }

    #[test]
    fn every_item_is_handed_out_once(
        steps in proptest::collection::vec(step(), 0..60),
        capacity in 1usize..5,
    ) {
        let mut store: Store<(u64, u64), u64, Parity> = Store::new(capacity);
        let mut clock = Clock::new();
        // By item: whether it was handed out, or given back to who brought it.
        let mut gone: BTreeMap<u64, u32> = BTreeMap::new();
        let mut tickets = Vec::new();
        let mut brought = 0;
        for step in steps {
            match step {
                Step::Ask { side: Direction::Get, amount, patience_us } => {
                    let patience = patience_us.map(Span);
                    match store.get_within(amount, Parity(amount % 2), patience, &mut clock) {
                        Answer::Now((who, item)) => {
                            prop_assert_eq!(who % 2, item.1 % 2);
                            *gone.entry(item.0).or_default() += 1;
                        }
                        Answer::Later(ticket) => tickets.push(ticket),
                    }
                }
                Step::Ask { side: Direction::Put, amount, patience_us } => {
                    let item = (brought, amount);
                    brought += 1;
                    match store.put_within(amount, item, patience_us.map(Span), &mut clock) {
                        Answer::Now(_) => {}
                        Answer::Later(ticket) => tickets.push(ticket),
                    }
                }
                Step::Pass(span_us) => {
                    let until = clock.now() + Span(span_us);
                    while let Some(event) = clock.next(until) {
                        match store.handle(event, &mut clock) {
                            Some(store::Notice::Got { who, item, .. }) => {
                                prop_assert_eq!(who % 2, item.1 % 2);
                                *gone.entry(item.0).or_default() += 1;
                            }
                            Some(store::Notice::Reneged { item: Some(item), .. }) => {
                                *gone.entry(item.0).or_default() += 1;
                            }
                            Some(_) => {}
                            None => prop_assert!(false, "every event tells something"),
                        }
                    }
                    let waiting_outside = store.waiting(Direction::Put) as u64;
                    prop_assert!(waiting_outside == 0 || store.len() == capacity);
                    prop_assert_eq!(brought, gone.len() as u64 + store.len() as u64 + waiting_outside);
                }
                Step::Withdraw(at) => {
                    if let Some((_, Some(item))) =
                        tickets.get(at).and_then(|ticket| store.withdraw(*ticket, &mut clock))
                    {
                        *gone.entry(item.0).or_default() += 1;
                    }
                }
            }
            prop_assert!(store.len() <= capacity);
            prop_assert!(gone.values().all(|times| *times == 1));
        }
    }
}
