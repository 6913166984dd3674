//! PHOLD: every message makes its receiver send one to a random process, after the lookahead and an exponential delay.

use causeflow_engine::base::draw::{mix, purpose};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::{Context, Pause, Process, ProcessId, Simulation};
use std::time::Instant;

const LOOKAHEAD: Span = Span(100_000);
const MEAN_US: f64 = 900_000.0;

struct Node {
    events: u64,
    trajectory: u64,
}

impl Process for Node {
    type Message = ();

    fn start(&mut self, context: &mut Context<'_, ()>) {
        let delay = delay(context);
        context.schedule(delay, ());
    }

    fn handle(&mut self, (): (), context: &mut Context<'_, ()>) {
        self.events += 1;
        self.trajectory = mix(self.trajectory ^ context.now().0 as u64);
        let to = context.event_key().bits(purpose("to")) % u64::from(context.processes());
        let delay = delay(context);
        context.send(ProcessId(to as u32), delay, ());
    }
}

fn delay(context: &Context<'_, ()>) -> Span {
    let unit = context.event_key().uniform(purpose("delay"));
    LOOKAHEAD + Span((-libm::log(unit) * MEAN_US) as i64)
}

/// Events, seconds that playing them took, and what the processes came to.
pub fn play(processes: u32, horizon_us: i64) -> (u64, f64, u64) {
    let node = |_| Node {
        events: 0,
        trajectory: 0,
    };
    let nodes = (0..processes).map(node).collect();
    let mut simulation = Simulation::<Node>::builder()
        .lookahead(LOOKAHEAD)
        .build(nodes)
        .expect("the settings make sense");
    let begin = Instant::now();
    let pause = simulation.run_until(Time(horizon_us));
    let seconds = begin.elapsed().as_secs_f64();
    let pause = pause.expect("the model does nothing wrong");
    assert_eq!(pause, Pause::Reached);
    let nodes = simulation.into_processes();
    let events = nodes.iter().map(|node| node.events).sum();
    let sum = |sum: u64, node: &Node| mix(sum).wrapping_add(node.trajectory);
    (events, seconds, nodes.iter().fold(0, sum))
}
