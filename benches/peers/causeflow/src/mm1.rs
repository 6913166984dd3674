//! M/M/1: customers come at rate 0.8 and are served at rate 1. The station keeps its usual monitors.

use causeflow_engine::base::draw::{Key, Purpose, purpose};
use causeflow_engine::base::time::Span;
use causeflow_engine::kernel::experiment::Draws;
use causeflow_engine::kernel::processes::{Context, Pause, Process, Simulation};
use causeflow_engine::kernel::resource::station::{Event, Job, Station};
use std::time::Instant;

const CUSTOMER: Purpose = purpose("customer");
const GAP: Purpose = purpose("gap");
const SERVICE: Purpose = purpose("service");
const MEAN_GAP: Span = Span(1_250_000);
const MEAN_SERVICE: Span = Span::SECOND;

struct Bank {
    draws: Draws,
    teller: Station<u64>,
    customers: u64,
}

enum Message {
    Arrives(u64),
    Teller(Event),
}

impl From<Event> for Message {
    #[inline]
    fn from(event: Event) -> Message {
        Message::Teller(event)
    }
}

impl Process for Bank {
    type Message = Message;

    fn start(&mut self, context: &mut Context<'_, Message>) {
        context.schedule(Span(0), Message::Arrives(0));
    }

    fn handle(&mut self, message: Message, context: &mut Context<'_, Message>) {
        match message {
            Message::Arrives(customer) => {
                // Two draws next to each other take little longer than one: neither waits for the other.
                let draws = self.draws.child(CUSTOMER, customer);
                let service = draws.exponential(SERVICE, MEAN_SERVICE);
                let gap = draws.exponential(GAP, MEAN_GAP);
                if customer + 1 < self.customers {
                    context.schedule(gap, Message::Arrives(customer + 1));
                }
                let joined = self.teller.request(Job::taking(customer, service), context);
                assert!(joined.is_ok(), "there is room for all");
            }
            Message::Teller(event) => {
                self.teller.handle(event, context);
            }
        }
    }
}

/// Customers served, seconds that it took, and the mean waiting time in seconds.
pub fn play(customers: u64) -> (u64, f64, f64) {
    let bank = Bank {
        draws: Draws::new(Key::new(42, purpose("bank"))),
        teller: Station::new(1),
        customers,
    };
    let mut simulation = Simulation::<Bank>::builder()
        .build(vec![bank])
        .expect("the settings make sense");
    let begin = Instant::now();
    let pause = simulation.run();
    let seconds = begin.elapsed().as_secs_f64();
    assert_eq!(pause.expect("the model does nothing wrong"), Pause::Reached);
    let monitors = simulation.into_processes()[0].teller.monitors().clone();
    let mean_wait = monitors
        .waited
        .mean_seconds()
        .expect("customers were served");
    (monitors.finished, seconds, mean_wait)
}
