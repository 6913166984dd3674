//! Compares the future-event list with the standard library's binary heap in the hold model: take the next event,
//! push it again some random delay later, with the number of pending events held constant.
//!
//! `cargo bench -p causeflow-engine --bench queue [-- <part of a row's label>]`
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the wall clock; nothing simulated depends on it"
)]

use causeflow_engine::base::queue::{FutureEvents, Order};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 9;
const PENDING: [usize; 5] = [10, 1_000, 10_000, 100_000, 1_000_000];

/// SplitMix64: cheap enough not to hide what is measured.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// Delays in microseconds, as a table of quantiles of which one is picked and blurred.
struct Delays {
    name: &'static str,
    quantiles: Vec<i64>,
}

const QUANTILES: u64 = 4096;
const SECOND_US: f64 = 1e6;
const DAY_US: f64 = 86_400e6;

impl Delays {
    fn new(name: &'static str, quantile: impl Fn(f64) -> f64) -> Self {
        let at = |i: u64| quantile((i as f64 + 0.5) / QUANTILES as f64) as i64;
        Self {
            name,
            quantiles: (0..QUANTILES).map(at).collect(),
        }
    }

    fn all() -> Vec<Self> {
        let exponential = |u: f64| -libm::log(1.0 - u);
        vec![
            Self::new("exponential", move |u| exponential(u) * 3600.0 * SECOND_US),
            Self::new("uniform", |u| u * 7200.0 * SECOND_US),
            // Nine in ten follow within seconds, one in ten within hours.
            Self::new("bimodal", move |u| {
                if u < 0.9 {
                    exponential(u / 0.9) * 2.0 * SECOND_US
                } else {
                    (u * 10.0 - 9.0) * 6.0 * 3600.0 * SECOND_US
                }
            }),
            // Most follow within minutes; one in five is an appointment on a whole half hour, 2 to 9 days ahead.
            Self::new("appointments", move |u| {
                if u < 0.8 {
                    exponential(u / 0.8) * 300.0 * SECOND_US
                } else {
                    let slot = ((u - 0.8) / 0.2 * 7.0 * 48.0) as i64;
                    2.0 * DAY_US + slot as f64 * 1800.0 * SECOND_US
                }
            }),
            // Simultaneous events in crowds, as timers on a whole minute make them.
            Self::new("minutes", move |u| {
                libm::floor(exponential(u) * 60.0) * 60.0 * SECOND_US
            }),
        ]
    }

    fn pick(&self, now_us: i64, random: u64) -> i64 {
        let delay_us = self.quantiles[(random % QUANTILES) as usize];
        match self.name {
            "minutes" => now_us + delay_us,
            "appointments" if delay_us > DAY_US as i64 => {
                (now_us + delay_us) / 1_800_000_000 * 1_800_000_000
            }
            _ => now_us + delay_us + (((random >> 40) as i64 * (delay_us >> 4)) >> 24),
        }
    }
}

trait Queue<T> {
    fn push(&mut self, order: Order, event: T);
    fn pop(&mut self) -> (Order, T);
}

impl<T> Queue<T> for FutureEvents<T> {
    #[inline]
    fn push(&mut self, order: Order, event: T) {
        FutureEvents::push(self, order, event);
    }
    #[inline]
    fn pop(&mut self) -> (Order, T) {
        FutureEvents::pop(self).expect("the hold model never drains the queue")
    }
}

impl<T: Ord> Queue<T> for BinaryHeap<Reverse<(Order, T)>> {
    #[inline]
    fn push(&mut self, order: Order, event: T) {
        BinaryHeap::push(self, Reverse((order, event)));
    }
    #[inline]
    fn pop(&mut self) -> (Order, T) {
        BinaryHeap::pop(self)
            .expect("the hold model never drains the queue")
            .0
    }
}

/// One queue in the hold model, with a random stream of its own.
struct Hold<'a, Q> {
    queue: Q,
    random: Random,
    delays: &'a Delays,
}

impl<'a, Q> Hold<'a, Q> {
    fn new<T>(queue: Q, delays: &'a Delays, pending: usize, event: impl Fn(u64) -> T) -> Self
    where
        Q: Queue<T>,
    {
        let mut hold = Self {
            queue,
            random: Random(1),
            delays,
        };
        for _ in 0..pending {
            let random = hold.random.next();
            let order = Order {
                time_us: delays.pick(0, random),
                rank: 0,
                key: random,
            };
            hold.queue.push(order, event(random));
        }
        hold
    }

    /// Nanoseconds an operation (a pop and a push), and a sum that both queues must agree on.
    fn run<T>(&mut self, operations: usize) -> (f64, u64)
    where
        Q: Queue<T>,
    {
        let mut sum = 0_u64;
        let start = Instant::now();
        for _ in 0..operations {
            let (mut order, event) = self.queue.pop();
            sum = sum.wrapping_mul(31).wrapping_add(order.key);
            order.key = self.random.next();
            order.time_us = self.delays.pick(order.time_us, order.key);
            self.queue.push(order, black_box(event));
        }
        (start.elapsed().as_nanos() as f64 / operations as f64, sum)
    }
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

fn compare<T: Ord + Copy>(label: &str, delays: &Delays, pending: usize, event: impl Fn(u64) -> T) {
    let operations = pending.clamp(200_000, 1_000_000);
    let mut ours = Hold::new(FutureEvents::<T>::new(), delays, pending, &event);
    let mut heap = Hold::new(
        BinaryHeap::<Reverse<(Order, T)>>::new(),
        delays,
        pending,
        &event,
    );
    // The hold model settles when every event has been held a few times.
    for _ in 0..2 {
        assert_eq!(
            ours.run::<T>(operations).1,
            heap.run::<T>(operations).1,
            "both pop the same events"
        );
    }
    let (mut ours_ns, mut heap_ns, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (ours, heap) = (ours.run::<T>(operations), heap.run::<T>(operations));
        assert_eq!(ours.1, heap.1, "both pop the same events");
        ours_ns.push(ours.0);
        heap_ns.push(heap.0);
        ratios.push(heap.0 / ours.0);
    }
    let (ours_ns, heap_ns, ratio) = (
        median(&mut ours_ns),
        median(&mut heap_ns),
        median(&mut ratios),
    );
    let (least, most) = (ratios[0], ratios[ROUNDS - 1]);
    println!("{label:<34} {ours_ns:>8.1} {heap_ns:>8.1} {ratio:>7.2}   {least:.2} to {most:.2}");
}

fn main() {
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
        .unwrap_or_default();
    println!(
        "{:<34} {:>8} {:>8} {:>7}   spread",
        "delays, pending, payload", "ours ns", "heap ns", "ratio"
    );
    for delays in Delays::all() {
        for pending in PENDING {
            let label = |bytes: usize| format!("{} {pending} {bytes}B", delays.name);
            if label(8).contains(&wanted) {
                compare(&label(8), &delays, pending, |random| random);
            }
            if label(88).contains(&wanted) {
                compare(&label(88), &delays, pending, |random| [random; 11]);
            }
        }
    }
}
