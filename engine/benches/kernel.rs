//! Measures the kernel: what an event costs in the hold model, with and without a log, and how much faster two threads
//! play PHOLD than one.
//!
//! `cargo bench -p causeflow-engine --bench kernel [-- <part of a row's label>]`
#![allow(
    clippy::disallowed_methods,
    reason = "a benchmark reads the wall clock; nothing simulated depends on it"
)]

use causeflow_engine::base::draw::purpose;
use causeflow_engine::base::time::Span;
use causeflow_engine::kernel::processes::{
    CausalLog, Context, Log, Off, Pause, Process, ProcessId, Simulation,
};
use std::time::Instant;

const ROUNDS: usize = 5;
const LOOKAHEAD: Span = Span(100_000);
const MEAN_US: f64 = 900_000.0;
/// Events of a round, about.
const EVENTS: u64 = 1_000_000;

/// Sends each message on after a lookahead and an exponential delay: to itself, or to anybody.
struct Node {
    goes_far: bool,
}

impl Process for Node {
    type Message = ();

    fn start(&mut self, context: &mut Context<'_, ()>) {
        let delay = delay(context);
        context.schedule(delay, ());
    }

    fn handle(&mut self, (): (), context: &mut Context<'_, ()>) {
        let delay = delay(context);
        if self.goes_far {
            let to = context.event_key().bits(purpose("to")) % u64::from(context.processes());
            context.send(ProcessId(to as u32), delay, ());
        } else {
            context.schedule(delay, ());
        }
    }
}

fn delay(context: &Context<'_, ()>) -> Span {
    let unit = context.event_key().uniform(purpose("delay"));
    LOOKAHEAD + Span((-libm::log(unit) * MEAN_US) as i64)
}

fn simulation<L: Log<()>>(
    processes: u32,
    goes_far: bool,
    log: impl FnMut() -> L,
) -> Simulation<Node, L> {
    let mut settings = Simulation::<Node>::builder().seed(1);
    if goes_far {
        settings = settings.lookahead(LOOKAHEAD);
    }
    let nodes = (0..processes).map(|_| Node { goes_far }).collect();
    let built = settings.build_logged(nodes, log);
    built.expect("the settings make sense")
}

/// Nanoseconds an event.
fn play<L: Log<()>>(simulation: &mut Simulation<Node, L>) -> f64 {
    let processes = simulation.processes().count() as u64;
    let horizon = Span((EVENTS * 1_000_000 / processes) as i64);
    let played = simulation.played();
    let until = simulation.time() + horizon;
    let begin = Instant::now();
    let pause = simulation.run_until(until);
    let ns = begin.elapsed().as_nanos() as f64;
    assert_eq!(pause, Ok(Pause::Reached));
    ns / (simulation.played() - played) as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Nanoseconds an event for each of two ways to play, in turn, and the median of their ratios.
fn compare(label: &str, wanted: &str, ways: [&mut dyn FnMut() -> f64; 2]) {
    if !label.contains(wanted) {
        return;
    }
    let (mut first, mut second, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (a, b) = (ways[0](), ways[1]());
        first.push(a);
        second.push(b);
        ratios.push(a / b);
    }
    let (first, second, ratio) = (median(first), median(second), median(ratios));
    println!("{label:<40} {first:>8.1} {second:>8.1} {ratio:>7.2}");
}

fn main() {
    let wanted = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'))
        .unwrap_or_default();
    let on_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads can be started")
    };
    println!(
        "{:<40} {:>8} {:>8} {:>7}",
        "ns an event", "first", "second", "ratio"
    );
    for processes in [1_000, 100_000] {
        compare(
            &format!("hold {processes}: causal log, none"),
            &wanted,
            [
                // A log keeps all it is told, so that each round has a new one.
                &mut || play(&mut simulation(processes, false, CausalLog::default)),
                &mut || play(&mut simulation(processes, false, || Off)),
            ],
        );
    }
    for processes in [10_000, 1_000_000] {
        let pools = [on_threads(1), on_threads(2)];
        let mut nodes = pools
            .each_ref()
            .map(|_| simulation(processes, true, || Off));
        let [one, two] = nodes.each_mut();
        compare(
            &format!("phold {processes}: 1 thread, 2 threads"),
            &wanted,
            [&mut || pools[0].install(|| play(one)), &mut || {
                pools[1].install(|| play(two))
            }],
        );
    }
}
