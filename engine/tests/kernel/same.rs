//! Neither threads, nor partitions, nor pauses change what happens.

use crate::puppet::{Puppet, puppets, settings};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::{Context, Pause, Process, ProcessId, Simulation};
use proptest::prelude::*;
use std::sync::{Arc, Mutex};

/// What all processes saw. Handles differ between partitions, so only traces are compared.
fn traces(simulation: &Simulation<Puppet>) -> Vec<Vec<(Time, u64, u32)>> {
    simulation
        .processes()
        .map(|puppet| puppet.trace.clone())
        .collect()
}

fn play(simulation: &mut Simulation<Puppet>, until: i64) {
    let pause = simulation.run_until(Time(until));
    assert_eq!(pause, Ok(Pause::Reached));
}

fn on_threads<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("threads can be started").install(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn threads_and_partitions_do_not_show(
        seed: u64, count in 1..20usize, partitions in 1..25u32, shuffled: bool, until in 1..400i64
    ) {
        let mut settings = settings(seed);
        if shuffled {
            settings = settings.shuffle_ties(seed);
        }
        let mut alone = settings.partitions(1).build(puppets(count)).unwrap();
        play(&mut alone, until);
        for threads in [1, 2, 7] {
            let settings = settings.partitions(partitions);
            let other = on_threads(threads, || {
                let mut other = settings.build(puppets(count)).unwrap();
                play(&mut other, until);
                other
            });
            prop_assert_eq!(traces(&alone), traces(&other));
            prop_assert_eq!((alone.played(), alone.pending()), (other.played(), other.pending()));
        }
    }

    #[test]
    fn pauses_and_steps_do_not_show(
        seed: u64, count in 1..20usize, partitions in 1..25u32, stops in prop::collection::vec(0..300i64, 0..8), steps in 0..50
    ) {
        let settings = settings(seed).partitions(partitions);
        let mut whole = settings.build(puppets(count)).unwrap();
        play(&mut whole, 300);
        let mut parts = settings.build(puppets(count)).unwrap();
        for stop in stops {
            play(&mut parts, stop);
            for _ in 0..steps {
                if parts.next_time().is_some_and(|time| time < Time(300)) {
                    let next = parts.next_time();
                    prop_assert_eq!(parts.step().unwrap(), next);
                }
            }
        }
        play(&mut parts, 300);
        // The very state is the same, handles included.
        prop_assert!(whole.processes().eq(parts.processes()));
    }
}

/// Has a message a microsecond, and stops everybody at 37 us.
struct Ticker {
    ticks: u32,
}

impl Process for Ticker {
    type Message = ();

    fn start(&mut self, context: &mut Context<'_, ()>) {
        context.every(Span(1), ());
    }

    fn handle(&mut self, (): (), context: &mut Context<'_, ()>) {
        self.ticks += 1;
        if context.me() == ProcessId(3) && context.now() == Time(37) {
            context.stop();
        }
    }
}

#[test]
fn with_windows_a_simulation_stops_at_the_end_of_one() {
    for partitions in [1, 2, 9] {
        let settings = Simulation::<Ticker>::builder().lookahead(Span(10));
        let tickers = (0..9).map(|_| Ticker { ticks: 0 }).collect();
        let mut simulation = settings.partitions(partitions).build(tickers).unwrap();
        assert_eq!(simulation.run_until(Time(5)), Ok(Pause::Reached));
        assert_eq!(simulation.run_until(Time(100)), Ok(Pause::Stopped));
        assert!(simulation.processes().all(|ticker| ticker.ticks == 39));
        assert_eq!(simulation.run_until(Time(100)), Ok(Pause::Reached));
        assert!(simulation.processes().all(|ticker| ticker.ticks == 99));
    }
}

/// Sends what it gets to the next process, if there is one.
struct Relay;

/// Keeps what it gets.
struct Keeper {
    kept: Arc<Mutex<Vec<(Time, u32)>>>,
}

impl Process for Relay {
    type Message = u32;

    fn handle(&mut self, message: u32, context: &mut Context<'_, u32>) {
        let next = ProcessId(context.me().0 + 1);
        context.send(next, Span(10), message + 1);
    }
}

impl Process for Keeper {
    type Message = u32;

    fn handle(&mut self, message: u32, context: &mut Context<'_, u32>) {
        self.kept.lock().unwrap().push((context.now(), message));
    }

    fn name(&self, _: ProcessId) -> String {
        "the keeper".to_string()
    }
}

#[test]
fn processes_of_several_kinds_are_boxed() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let mut processes: Vec<Box<dyn Process<Message = u32>>> = Vec::new();
    for _ in 0..4 {
        processes.push(Box::new(Relay));
    }
    processes.push(Box::new(Keeper { kept: kept.clone() }));
    let settings = Simulation::<Box<dyn Process<Message = u32>>>::builder().lookahead(Span(10));
    let mut simulation = settings.build(processes).unwrap();
    simulation.inject(ProcessId(0), Time(7), 0).unwrap();
    assert_eq!(simulation.run(), Ok(Pause::Reached));
    assert_eq!(*kept.lock().unwrap(), [(Time(47), 4)]);
    let keeper = ProcessId(4);
    assert_eq!(
        simulation.process(keeper).unwrap().name(keeper),
        "the keeper"
    );
    assert_eq!(simulation.time(), Time(47));
}
