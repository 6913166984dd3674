//! The checker finds what makes two runs of a model differ.

use crate::puppet::{puppets, settings};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::{Context, Process, ProcessId, Simulation, Trial, check};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Ten clerks serve one customer a second each.
struct Clerk {
    /// Hidden from the engine, and shared by all.
    served: Arc<AtomicU64>,
}

impl Process for Clerk {
    type Message = (&'static str, u64);

    fn start(&mut self, context: &mut Context<'_, Self::Message>) {
        context.schedule(Span::SECOND, ("serve", 0));
    }

    fn handle(&mut self, _: Self::Message, context: &mut Context<'_, Self::Message>) {
        let mut number = 0;
        if context.now() >= Time(3_000_000) && context.me() == ProcessId(4) {
            number = self.served.fetch_add(1, Ordering::Relaxed);
        }
        context.schedule(Span::SECOND, ("serve", number));
    }

    fn name(&self, id: ProcessId) -> String {
        format!("clerk {id}")
    }
}

#[test]
fn hidden_state_is_found_where_it_first_shows() {
    let served = Arc::new(AtomicU64::new(0));
    let clerks = || {
        let clerk = || Clerk {
            served: served.clone(),
        };
        (0..10).map(|_| clerk()).collect()
    };
    let settings = Simulation::<Clerk>::builder().lookahead(Span::SECOND);
    let found = check(settings, clerks, Time(9_000_000), &[Trial::Again]);
    let difference = found.unwrap().expect("the second run goes on counting");
    assert_eq!(
        difference.to_string(),
        "played again, the model differs from 1970-01-01T00:00:04Z on, first in clerk 4 (id 4).\n\
         first:  (\"serve\", 0), which is event 4.4 and was caused by 4.3 at 1970-01-01T00:00:03Z in process 4: (\"serve\", 0)\n\
         second: (\"serve\", 6), which is event 4.4 and was caused by 4.3 at 1970-01-01T00:00:03Z in process 4: (\"serve\", 0)"
    );
}

/// The last of those who call at one time gets the line.
struct Line {
    /// Whether it hands out numbers in the order of the calls.
    numbered: bool,
    calls: u64,
}

impl Process for Line {
    type Message = &'static str;

    fn start(&mut self, context: &mut Context<'_, &'static str>) {
        context.schedule(Span(5), "call of Ada");
        context.schedule(Span(5), "call of Bob");
    }

    fn handle(&mut self, message: &'static str, context: &mut Context<'_, &'static str>) {
        self.calls += 1;
        match message {
            "call of Ada" if self.numbered && self.calls == 1 => {
                context.schedule(Span(1), "Ada is first");
            }
            _ if self.calls == 2 => {
                context.schedule(Span(2), "both have called");
            }
            _ => {}
        }
    }
}

#[test]
fn dependence_on_ties_is_found_by_shuffling_them() {
    let trials: Vec<Trial> = (0..20).map(Trial::Ties).collect();
    let settings = Simulation::<Line>::builder();
    let line = |numbered| {
        move || {
            let calls = 0;
            vec![Line { numbered, calls }]
        }
    };
    let found = check(settings, line(true), Time(100), &trials).unwrap();
    let difference = found.expect("who calls first gets the line");
    let first = difference.first.expect("with ties unshuffled Ada is first");
    assert_eq!((difference.time, difference.second), (Time(6), None));
    assert_eq!(first.event.message.as_deref(), Some("\"Ada is first\""));
    let cause = first.cause.expect("it was scheduled by an event");
    assert_eq!(cause.message.as_deref(), Some("\"call of Ada\""));
    assert_eq!(check(settings, line(false), Time(100), &trials), Ok(None));
}

#[test]
fn a_model_that_keeps_its_state_to_itself_passes() {
    let trials = [
        Trial::Again,
        Trial::Threads(3),
        Trial::Partitions(1),
        Trial::Partitions(7),
    ];
    let found = check(settings(5), || puppets(12), Time(200), &trials);
    assert_eq!(found, Ok(None));
}
