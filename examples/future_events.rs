//! This example demonstrates the future-event list and keyed draws as a plain discrete-event kernel, without any model:
//! a help desk with one agent and impatient customers, checked against queueing theory.
//!
//! ```text
//! arrivals 0.9/min --> [ queue ] --> agent, 1/min alone, 1.5/min with four or more present --> done
//!                          |
//!                          +--> gives up after 10 min of waiting on average
//! ```
//!
//! It is a birth-death process, so its balance equations give exact answers. Two of its rules need more than
//! pushing and popping: who is served in time has the giving-up *cancelled*, and when the agent changes pace the end
//! of the current service is *rescheduled*.
//!
//! Run it with `cargo run -p causeflow-examples --example future_events`.

use std::collections::VecDeque;

use causeflow_engine::base::draw::{Key, purpose};
use causeflow_engine::base::queue::{FutureEvents, Handle, Order};
use causeflow_engine::base::sample::exponential;

const MINUTE_US: f64 = 60e6;
const ARRIVALS_PER_MIN: f64 = 0.9;
const SERVICES_PER_MIN: f64 = 1.0;
/// From this many customers present on, the agent works faster.
const BUSY_FROM: usize = 4;
const BUSY_PACE: f64 = 1.5;
const PATIENCE_MIN: f64 = 10.0;
const CUSTOMERS: u64 = 400_000;

#[derive(Clone, Copy, Debug)]
enum Event {
    Arrives { customer: u64 },
    GivesUp { customer: u64 },
    Served,
}

struct Waiting {
    customer: u64,
    gives_up: Handle,
}

struct Service {
    ends_us: i64,
    ends: Handle,
}

struct Desk {
    key: Key,
    events: FutureEvents<Event>,
    now_us: i64,
    queue: VecDeque<Waiting>,
    service: Option<Service>,
    pace: f64,
    /// Integral of the number of customers present over time.
    present_us: i128,
    given_up: u64,
    served: u64,
}

impl Desk {
    fn new(seed: u64) -> Desk {
        let mut desk = Desk {
            key: Key::new(seed, purpose("help desk")),
            events: FutureEvents::new(),
            now_us: 0,
            queue: VecDeque::new(),
            service: None,
            pace: 1.0,
            present_us: 0,
            given_up: 0,
            served: 0,
        };
        desk.expect_arrival(0);
        desk
    }

    fn present(&self) -> usize {
        self.queue.len() + usize::from(self.service.is_some())
    }

    /// A draw is a function of the customer and of what it is for: no other customer can shift it.
    fn draw_us(&self, customer: u64, what: &str, mean_min: f64) -> i64 {
        let key = self.key.child(purpose("customer"), customer);
        exponential(key.uniform(purpose(what)), mean_min * MINUTE_US) as i64
    }

    fn order(&self, customer: u64, what: &str, time_us: i64) -> Order {
        let key = self.key.child(purpose(what), customer);
        Order {
            time_us,
            rank: 0,
            key: key.0,
        }
    }

    fn expect_arrival(&mut self, customer: u64) {
        let time_us = self.now_us + self.draw_us(customer, "arrival", 1.0 / ARRIVALS_PER_MIN);
        let order = self.order(customer, "arrives", time_us);
        self.events.push(order, Event::Arrives { customer });
    }

    fn step(&mut self, order: Order, event: Event) {
        self.present_us += i128::from(order.time_us - self.now_us) * self.present() as i128;
        assert!(order.time_us >= self.now_us, "the clock never goes back");
        self.now_us = order.time_us;
        match event {
            Event::Arrives { customer } => self.arrive(customer),
            Event::GivesUp { customer } => {
                // It would have been cancelled had the customer been served, so it must be in the queue.
                let place = self
                    .queue
                    .iter()
                    .position(|waiting| waiting.customer == customer);
                let left = place.and_then(|place| self.queue.remove(place));
                assert!(
                    left.is_some(),
                    "customer {customer} gave up after having been served"
                );
                self.given_up += 1;
            }
            Event::Served => {
                self.service = None;
                self.served += 1;
                self.serve_next();
            }
        }
        self.adapt_pace();
    }

    fn arrive(&mut self, customer: u64) {
        if customer + 1 < CUSTOMERS {
            self.expect_arrival(customer + 1);
        }
        let gives_up_us = self.now_us + self.draw_us(customer, "patience", PATIENCE_MIN);
        let order = self.order(customer, "gives up", gives_up_us);
        let gives_up = self.events.push(order, Event::GivesUp { customer });
        self.queue.push_back(Waiting { customer, gives_up });
        if self.service.is_none() {
            self.serve_next();
        }
    }

    fn serve_next(&mut self) {
        let Some(Waiting { customer, gives_up }) = self.queue.pop_front() else {
            return;
        };
        assert!(
            self.events.cancel(gives_up).is_some(),
            "who is served was still waiting"
        );
        let mean_min = 1.0 / (SERVICES_PER_MIN * self.pace);
        let ends_us = self.now_us + self.draw_us(customer, "service", mean_min);
        let order = self.order(customer, "served", ends_us);
        self.service = Some(Service {
            ends_us,
            ends: self.events.push(order, Event::Served),
        });
    }

    /// The rest of the current service takes less time at a faster pace, and more at a slower one.
    fn adapt_pace(&mut self) {
        let pace = if self.present() >= BUSY_FROM {
            BUSY_PACE
        } else {
            1.0
        };
        let before = std::mem::replace(&mut self.pace, pace);
        let Some(service) = self.service.as_mut().filter(|_| pace != before) else {
            return;
        };
        let rest_us = (service.ends_us - self.now_us) as f64 * before / pace;
        service.ends_us = self.now_us + rest_us as i64;
        let order = Order {
            time_us: service.ends_us,
            rank: 0,
            key: self.key.0,
        };
        let handle = self.events.reschedule(service.ends, order);
        service.ends = handle.expect("the end of the current service is pending");
    }
}

/// Long-run mean number present, and share of customers who give up, from the balance equations.
/// Source: Gross and Harris, "Fundamentals of Queueing Theory", section 2.1 (birth-death processes).
fn theory() -> (f64, f64) {
    let (mut weight, mut total, mut present, mut waiting) = (1.0, 1.0, 0.0, 0.0);
    for n in 1..200 {
        let pace = if n >= BUSY_FROM { BUSY_PACE } else { 1.0 };
        let leaves_per_min = SERVICES_PER_MIN * pace + (n - 1) as f64 / PATIENCE_MIN;
        weight *= ARRIVALS_PER_MIN / leaves_per_min;
        total += weight;
        present += weight * n as f64;
        waiting += weight * (n - 1) as f64;
    }
    (
        present / total,
        waiting / total / PATIENCE_MIN / ARRIVALS_PER_MIN,
    )
}

fn main() {
    let mut desk = Desk::new(42);
    while let Some((order, event)) = desk.events.pop() {
        desk.step(order, event);
    }

    let (present, gives_up) = theory();
    let mean_present = desk.present_us as f64 / desk.now_us as f64;
    let share_given_up = desk.given_up as f64 / CUSTOMERS as f64;
    println!(
        "{CUSTOMERS} customers in {:.0} days",
        desk.now_us as f64 / MINUTE_US / 1440.0
    );
    println!("present on average  {mean_present:.3}  theory {present:.3}");
    println!("share that gives up {share_given_up:.4} theory {gives_up:.4}");

    assert_eq!(
        desk.served + desk.given_up,
        CUSTOMERS,
        "everybody was served or gave up"
    );
    assert!(desk.queue.is_empty() && desk.service.is_none() && desk.events.is_empty());
    // Successive customers resemble each other, which leaves about 0.5 % of uncertainty in these means.
    assert!((mean_present / present - 1.0).abs() < 0.02);
    assert!((share_given_up / gives_up - 1.0).abs() < 0.02);
}
