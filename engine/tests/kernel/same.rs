//! Neither threads, nor partitions, nor pauses change what happens.

use crate::puppet::{Puppet, puppets, settings};
use causeflow_engine::kernel::{Pause, Simulation};
use causeflow_engine::time::Time;
use proptest::prelude::*;

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
