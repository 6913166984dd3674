//! The hold model: every process schedules itself again after an exponential delay.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::{Context, Pause, Process, Simulation};
use std::time::Instant;

#[path = "../../delays.rs"]
mod delays;
use delays::next_us;

struct Holder {
    random: u64,
    events: u64,
    checksum: u64,
}

impl Process for Holder {
    type Message = ();

    fn start(&mut self, context: &mut Context<'_, ()>) {
        context.schedule(Span(next_us(&mut self.random) as i64), ());
    }

    fn handle(&mut self, (): (), context: &mut Context<'_, ()>) {
        self.events += 1;
        self.checksum = self.checksum.wrapping_mul(31).wrapping_add(self.random);
        context.schedule(Span(next_us(&mut self.random) as i64), ());
    }
}

/// Events, seconds that playing them took, and what the processes came to.
pub fn play(processes: u32, horizon_us: i64) -> (u64, f64, u64) {
    let holder = |process: u32| Holder {
        random: u64::from(process) << 32,
        events: 0,
        checksum: 0,
    };
    let holders = (0..processes).map(holder).collect();
    let mut simulation = Simulation::<Holder>::builder()
        .build(holders)
        .expect("the settings make sense");
    let begin = Instant::now();
    let pause = simulation.run_until(Time(horizon_us));
    let seconds = begin.elapsed().as_secs_f64();
    let pause = pause.expect("the model does nothing wrong");
    assert_eq!(pause, Pause::Reached);
    let holders = simulation.into_processes();
    let events = holders.iter().map(|holder| holder.events).sum();
    let sum = |sum: u64, holder: &Holder| sum.wrapping_add(holder.checksum);
    (events, seconds, holders.iter().fold(0, sum))
}
