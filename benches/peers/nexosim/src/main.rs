//! The hold model on nexosim: every process schedules itself again after an exponential delay.
//!
//! `peer-nexosim hold <processes> <horizon in microseconds>` prints one line of JSON.

use nexosim::model::{Context, Model, schedulable};
use nexosim::simulation::{Mailbox, SimInit, SimulationError};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

#[path = "../../delays.rs"]
mod delays;
use delays::next_us;

/// What all processes came to, added up when they are dropped.
#[derive(Default)]
struct Total {
    events: AtomicU64,
    checksum: AtomicU64,
}

#[derive(Serialize, Deserialize)]
struct Holder {
    random: u64,
    events: u64,
    checksum: u64,
    #[serde(skip)]
    total: Arc<Total>,
}

#[Model]
impl Holder {
    #[nexosim(init)]
    async fn init(&mut self, context: &Context<Self>) {
        self.again(context);
    }

    #[nexosim(schedulable)]
    async fn hold(&mut self, _: (), context: &Context<Self>) {
        self.events += 1;
        self.checksum = self.checksum.wrapping_mul(31).wrapping_add(self.random);
        self.again(context);
    }

    fn again(&mut self, context: &Context<Self>) {
        let delay = Duration::from_micros(next_us(&mut self.random));
        context
            .schedule_event(delay, schedulable!(Self::hold), ())
            .expect("a delay of at least 1 us lies in the future");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.total.events.fetch_add(self.events, Ordering::Relaxed);
        self.total
            .checksum
            .fetch_add(self.checksum, Ordering::Relaxed);
    }
}

fn main() -> Result<(), SimulationError> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, model, processes, horizon_us] = arguments.as_slice() else {
        panic!("usage: peer-nexosim hold <processes> <horizon in microseconds>");
    };
    assert_eq!(model, "hold", "the one model that nexosim is compared on");
    let number = |text: &str| text.parse::<u64>().expect("a whole number");
    let (processes, horizon_us) = (number(processes), number(horizon_us));

    let total = Arc::new(Total::default());
    let mut bench = SimInit::with_num_threads(1);
    for process in 0..processes {
        let holder = Holder {
            random: process << 32,
            events: 0,
            checksum: 0,
            total: total.clone(),
        };
        bench = bench.add_model(holder, Mailbox::new(), &process.to_string());
    }
    let mut simulation = bench.init(MonotonicTime::EPOCH)?;
    let begin = Instant::now();
    // A simulation up to and with a time; ours goes up to it.
    simulation.step_until(Duration::from_micros(horizon_us - 1))?;
    let seconds = begin.elapsed().as_secs_f64();
    drop(simulation);
    println!(
        "{{\"events\": {}, \"seconds\": {seconds}, \"checksum\": \"{}\"}}",
        total.events.load(Ordering::Relaxed),
        total.checksum.load(Ordering::Relaxed),
    );
    Ok(())
}
