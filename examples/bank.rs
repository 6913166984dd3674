//! This example demonstrates a station with priorities and impatient customers: a bank branch, and whether a fourth teller pays.
//!
//! ```text
//! private, 40/h  --+
//!                  +--> [ queue: business first ] --> 3 tellers, 4 min each --> done
//! business, 8/h  --+            |
//!                               +--> gives up: private after 10 min, business after 20 min on average
//! ```
//!
//! A customer's gap, service and patience are drawn from the customer's own key. So a branch with four tellers sees the very same
//! customers, and the two are compared customer by customer.
//!
//! Run it with `cargo run -p causeflow-examples --example bank`.

use causeflow_engine::base::draw::{Purpose, purpose};
use causeflow_engine::base::time::Span;
use causeflow_engine::kernel::experiment::{Draws, Experiment, Measures, ModelError, Replication};
use causeflow_engine::kernel::monitor::{Report, TimeUnit};
use causeflow_engine::kernel::processes::{Context, Pause, Process, Simulation};
use causeflow_engine::kernel::resource::station::{Discipline, Event, Job, Notice, Station};

const GAP: Purpose = purpose("gap");
const SERVICE: Purpose = purpose("service");
const PATIENCE: Purpose = purpose("patience");

const MEAN_SERVICE: Span = Span(4 * Span::MINUTE.0);

/// Customers who are alike.
struct Class {
    name: &'static str,
    mean_gap: Span,
    mean_patience: Span,
    /// The lower, the sooner.
    priority: i32,
}

const CLASSES: [Class; 2] = [
    Class {
        name: "private",
        mean_gap: Span(90 * Span::SECOND.0),
        mean_patience: Span(10 * Span::MINUTE.0),
        priority: 2,
    },
    Class {
        name: "business",
        mean_gap: Span(450 * Span::SECOND.0),
        mean_patience: Span(20 * Span::MINUTE.0),
        priority: 1,
    },
];

#[derive(Clone, Copy, Debug)]
struct Customer {
    class: usize,
}

struct Bank {
    replication: Replication,
    tellers: Station<Customer>,
    /// By class.
    came: [u64; 2],
    /// By class.
    gave_up: [u64; 2],
}

enum Message {
    Comes { class: usize, number: u64 },
    Tellers(Event),
}

impl From<Event> for Message {
    fn from(event: Event) -> Message {
        Message::Tellers(event)
    }
}

impl Bank {
    fn draws(&self, class: usize, number: u64) -> Draws {
        self.replication
            .draws()
            .child(purpose(CLASSES[class].name), number)
    }

    fn expect(&self, class: usize, number: u64, context: &mut Context<'_, Message>) {
        let gap = self
            .draws(class, number)
            .exponential(GAP, CLASSES[class].mean_gap);
        context.schedule(gap, Message::Comes { class, number });
    }
}

impl Process for Bank {
    type Message = Message;

    fn start(&mut self, context: &mut Context<'_, Message>) {
        self.tellers.open(context);
        (0..CLASSES.len()).for_each(|class| self.expect(class, 0, context));
    }

    fn handle(&mut self, message: Message, context: &mut Context<'_, Message>) {
        match message {
            Message::Comes { class, number } => {
                self.expect(class, number + 1, context);
                self.came[class] += 1;
                let draws = self.draws(class, number);
                let job = Job::taking(Customer { class }, draws.exponential(SERVICE, MEAN_SERVICE))
                    .priority(CLASSES[class].priority)
                    .patience(draws.exponential(PATIENCE, CLASSES[class].mean_patience));
                let joined = self.tellers.request(job, context);
                joined.expect("the hall has room for all");
            }
            Message::Tellers(event) => {
                if let Some(Notice::Reneged(visit)) = self.tellers.handle(event, context) {
                    self.gave_up[visit.item.class] += 1;
                }
            }
        }
    }
}

/// A day of eight hours.
fn day(replication: &Replication, tellers: u32) -> Result<Bank, ModelError> {
    let bank = Bank {
        replication: *replication,
        tellers: Station::new(tellers).discipline(Discipline::Priority),
        came: [0; 2],
        gave_up: [0; 2],
    };
    let mut simulation = Simulation::<Bank>::builder().build(vec![bank])?;
    assert_eq!(simulation.run_until(replication.end())?, Pause::Reached);
    Ok(simulation.into_processes().remove(0))
}

fn measured(replication: &Replication, tellers: u32) -> Result<Measures, ModelError> {
    let bank = day(replication, tellers)?;
    let lost = |class: usize| 100.0 * bank.gave_up[class] as f64 / bank.came[class] as f64;
    let monitors = bank.tellers.monitors();
    let busy = monitors.busy.mean(replication.end());
    Ok(Measures::from([
        ("private customers lost / %", lost(0)),
        ("business customers lost / %", lost(1)),
        ("tellers busy", busy),
        ("customers served", monitors.finished as f64),
    ]))
}

fn main() -> Result<(), ModelError> {
    let experiment = Experiment::new(42, Span(0), Span(8 * Span::HOUR.0));

    let bank = day(&experiment.replication(0), 3)?;
    let mut report = Report::new(experiment.replication(0).end(), TimeUnit::Minute);
    bank.tellers.monitors().report("tellers", &mut report);
    println!("One day with three tellers\n\n{report}");
    let monitors = bank.tellers.monitors();
    let gone = monitors.finished + monitors.reneged;
    assert_eq!(
        monitors.arrived,
        gone + bank.tellers.len() as u64,
        "nobody is lost from the books"
    );

    let days = experiment.compare(
        100,
        |replication| measured(replication, 3),
        |replication| measured(replication, 4),
    )?;
    println!("100 days with three tellers\n\n{}", days.first());
    println!("The same 100 days with four\n\n{}", days.second());
    let interval = |name: &str| days.first().interval(name).expect("the bank measures it");
    let (private, business) = (
        interval("private customers lost / %"),
        interval("business customers lost / %"),
    );
    assert!(
        business.high() < private.low(),
        "business customers are served first and wait longer: few are lost"
    );

    let served = days
        .difference("customers served")
        .expect("the bank measures it");
    let reduction = days
        .variance_reduction("customers served")
        .expect("there are many days");
    println!("A fourth teller serves {served} more customers a day.");
    println!(
        "Seeing the same customers has made that as sharp as {reduction:.0} times as many days would have."
    );
    assert!(served.low() > 0.0, "a fourth teller pays");
    assert!(reduction > 2.0, "the same customers come to both");
    Ok(())
}
