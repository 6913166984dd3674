//! What goes on from a snapshot is the same as if it had never been stopped.

use crate::puppet::{Puppet, puppets, settings};
use causeflow_engine::base::time::Time;
use causeflow_engine::kernel::processes::{Error, Pause, ProcessId, SavedState, Simulation};
use proptest::prelude::*;

type Stored = SavedState<Puppet, u32>;

fn play(simulation: &mut Simulation<Puppet>, until: i64) {
    let pause = simulation.run_until(Time(until));
    assert_eq!(pause, Ok(Pause::Reached));
}

/// Stores the simulation and reads it back.
fn reopen(simulation: &Simulation<Puppet>) -> Simulation<Puppet> {
    let snapshot = simulation.snapshot().unwrap();
    let bytes = postcard::to_stdvec(&snapshot).unwrap();
    let read: Stored = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(read, snapshot);
    Simulation::resume(read).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_resumed_run_is_the_one_never_stopped(
        seed: u64, count in 1..12usize, partitions in 1..15u32, stop in 0..200i64, steps in 0..20, injected: u32
    ) {
        let settings = settings(seed).partitions(partitions);
        let mut whole = settings.build(puppets(count)).unwrap();
        play(&mut whole, stop);
        for _ in 0..steps {
            whole.step().unwrap();
        }
        let mut resumed = reopen(&whole);
        for simulation in [&mut whole, &mut resumed] {
            let to = ProcessId(injected % count as u32);
            simulation.inject(to, simulation.time(), injected).unwrap();
            play(simulation, 300);
        }
        // Processes, pending events, mail and the handles given from now on: all of it.
        prop_assert_eq!(whole.snapshot(), resumed.snapshot());
        prop_assert_eq!(whole.played(), resumed.played());
    }

    #[test]
    fn a_damaged_snapshot_is_refused_or_is_another(
        seed: u64, at: prop::sample::Index, bit in 0..8u32
    ) {
        let mut simulation = settings(seed).partitions(3).build(puppets(5)).unwrap();
        play(&mut simulation, 55);
        let mut bytes = postcard::to_stdvec(&simulation.snapshot().unwrap()).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(snapshot) = postcard::from_bytes::<Stored>(&bytes) {
            match Simulation::resume(snapshot) {
                Ok(other) => prop_assert!(other.snapshot() != simulation.snapshot()),
                Err(Error::Damaged | Error::NoLookahead { .. } | Error::Partitions { .. }) => {}
                Err(error) => prop_assert!(false, "{}", error),
            }
        }
    }
}
