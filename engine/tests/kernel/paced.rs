//! Paced play keeps step with the clock that it is given, and its journal replays.

use crate::puppet::{Puppet, puppets, settings};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::{
    Clock, Command, Error, Journal, Paced, PacedPause, Pause, ProcessId, Simulation,
};
use proptest::prelude::*;

/// Is on time, late or early as its script says, and notes what it was asked for.
struct Script {
    deviations: Vec<i64>,
    asked: Vec<Time>,
}

impl Clock for Script {
    fn wait_until(&mut self, due: Time) -> Time {
        self.asked.push(due);
        due + Span(self.deviations.pop().unwrap_or(0))
    }
}

#[derive(Clone, Debug)]
enum Ask {
    Paced { for_us: i64, deviations: Vec<i64> },
    Freely { for_us: i64 },
    Step,
    Inject { to: u32, delay_us: i64 },
}

fn asks() -> impl Strategy<Value = Vec<Ask>> {
    let deviations = prop::collection::vec(-3..9i64, 0..20);
    let paced =
        (0..60i64, deviations).prop_map(|(for_us, deviations)| Ask::Paced { for_us, deviations });
    let inject = (0..5u32, 0..30i64).prop_map(|(to, delay_us)| Ask::Inject { to, delay_us });
    let freely = (0..60i64).prop_map(|for_us| Ask::Freely { for_us });
    prop::collection::vec(prop_oneof![paced, freely, Just(Ask::Step), inject], 0..20)
}

fn simulation(seed: u64) -> Simulation<Puppet> {
    settings(seed).partitions(2).build(puppets(5)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_journal_replays_to_the_same_state(seed: u64, asks in asks()) {
        let mut live = Paced::new(simulation(seed));
        for ask in asks {
            let now = live.simulation().time();
            match ask {
                Ask::Paced { for_us, deviations } => {
                    let mut clock = Script { deviations, asked: Vec::new() };
                    let until = now + Span(for_us);
                    let pause = live.run_until(until, &mut clock).unwrap();
                    let reached = live.simulation().time() >= until;
                    prop_assert!(pause == PacedPause::Interrupted || reached);
                }
                Ask::Freely { for_us } => {
                    prop_assert_eq!(live.run_freely_until(now + Span(for_us)), Ok(Pause::Reached));
                }
                Ask::Step => {
                    live.step().unwrap();
                }
                Ask::Inject { to, delay_us } => {
                    live.inject(ProcessId(to), now + Span(delay_us), to).unwrap();
                }
            }
        }
        let stored = postcard::to_stdvec(live.journal()).unwrap();
        let journal: Journal<u32> = postcard::from_bytes(&stored).unwrap();
        let replayed = Paced::replay(simulation(seed), &journal).unwrap();
        prop_assert_eq!(replayed.simulation().snapshot(), live.simulation().snapshot());
        prop_assert_eq!(replayed.journal(), live.journal());
        let other = Paced::replay(simulation(!seed), &journal);
        let diverged = matches!(other, Ok(_) | Err(Error::Diverged { .. }));
        prop_assert!(diverged);
    }
}

#[test]
fn a_paced_run_asks_the_clock_for_every_event() {
    let mut live = Paced::new(simulation(1));
    let mut clock = Script {
        deviations: Vec::new(),
        asked: Vec::new(),
    };
    assert_eq!(
        live.run_until(Time(40), &mut clock),
        Ok(PacedPause::Reached)
    );
    let played = live
        .simulation()
        .processes()
        .flat_map(|puppet| &puppet.trace);
    let mut times: Vec<Time> = played.map(|(time, ..)| *time).collect();
    times.sort();
    times.dedup();
    times.push(Time(40));
    clock.asked.dedup();
    assert_eq!(clock.asked, times);
    // All of it was one run.
    let entries = live.journal().entries();
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].1, Command::RunUntil(Time(40)));
}

#[test]
fn a_journal_of_another_model_is_refused() {
    let mut live = Paced::new(simulation(1));
    assert_eq!(live.run_freely_until(Time(40)), Ok(Pause::Reached));
    let (_, journal) = live.into_parts();
    let other = settings(1).build(puppets(6)).unwrap();
    let error = Paced::replay(other, &journal)
        .err()
        .expect("there is one process more");
    assert!(
        error
            .to_string()
            .starts_with("the replay has come to 1970-01-01T00:00:00.00004Z after")
    );
}
