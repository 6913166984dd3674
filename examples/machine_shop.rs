//! This example demonstrates breakdowns and a repair crew whose other work is broken off: a shop of ten machines.
//!
//! ```text
//! 10 machines, a part every 10 min each --> parts
//!     |  ^
//!     |  | repaired, 30 min              +--- other work, 60 min a piece, always some left
//!     v  |                               v
//!   breaks down every 5 h --> [ repairs first ] --> crew of 2
//! ```
//!
//! A breakdown takes a machine's capacity away, so the part in work is interrupted and goes on after the repair. A repair breaks off
//! the crew's other work, which goes on later. Since repairs never wait for other work, the machines are the classical
//! machine repair model, whose balance equations give the mean number of working machines.
//!
//! Run it with `cargo run -p causeflow-examples --example machine_shop`.

use causeflow_engine::base::draw::{Purpose, purpose};
use causeflow_engine::base::time::Span;
use causeflow_engine::kernel::experiment::{Draws, Experiment, Measures, ModelError, Replication};
use causeflow_engine::kernel::monitor::TimeWeighted;
use causeflow_engine::kernel::processes::{Context, Pause, Process, Simulation};
use causeflow_engine::kernel::resource::station::{Event, Job, Notice, Preemption, Station};

const MACHINES: usize = 10;
const CREW: u32 = 2;
const MEAN_PART: Span = Span(10 * Span::MINUTE.0);
const MEAN_UPTIME: Span = Span(5 * Span::HOUR.0);
const MEAN_REPAIR: Span = Span(30 * Span::MINUTE.0);
const MEAN_OTHER_WORK: Span = Span(60 * Span::MINUTE.0);

const PART: Purpose = purpose("part");
const UPTIME: Purpose = purpose("uptime");
const REPAIR: Purpose = purpose("repair");
const OTHER_WORK: Purpose = purpose("other work");

/// What the crew works on.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Task {
    Repair { machine: usize },
    Other,
}

struct Machine {
    /// It serves parts, one at a time. While it is down its capacity is zero.
    bench: Station<u64>,
    breakdowns: u64,
    parts: u64,
}

struct Shop {
    replication: Replication,
    machines: Vec<Machine>,
    crew: Station<Task>,
    other_work: u64,
    working: TimeWeighted,
}

enum Message {
    Machine { machine: usize, event: Event },
    BreaksDown { machine: usize },
    Crew(Event),
    WarmedUp,
}

impl From<Event> for Message {
    fn from(event: Event) -> Message {
        Message::Crew(event)
    }
}

impl Shop {
    fn draws(&self, machine: usize) -> Draws {
        self.replication
            .draws()
            .child(purpose("machine"), machine as u64)
    }

    fn next_part(&mut self, machine: usize, context: &mut Context<'_, Message>) {
        let part = self.machines[machine].parts;
        let service = self
            .draws(machine)
            .child(PART, part)
            .exponential(PART, MEAN_PART);
        let mut agenda = context.part(|event| Message::Machine { machine, event });
        let bench = &mut self.machines[machine].bench;
        bench
            .request(Job::taking(part, service), &mut agenda)
            .expect("there is room");
    }

    fn expect_breakdown(&mut self, machine: usize, context: &mut Context<'_, Message>) {
        let breakdown = self.machines[machine].breakdowns;
        let uptime = self
            .draws(machine)
            .child(UPTIME, breakdown)
            .exponential(UPTIME, MEAN_UPTIME);
        context.schedule(uptime, Message::BreaksDown { machine });
    }

    fn next_other_work(&mut self, context: &mut Context<'_, Message>) {
        let draws = self.replication.draws().child(OTHER_WORK, self.other_work);
        self.other_work += 1;
        let work = draws.exponential(OTHER_WORK, MEAN_OTHER_WORK);
        let job = Job::taking(Task::Other, work).priority(2);
        self.crew.request(job, context).expect("there is room");
    }

    fn break_down(&mut self, machine: usize, context: &mut Context<'_, Message>) {
        self.working.add(context.now(), -1);
        let breakdown = self.machines[machine].breakdowns;
        self.machines[machine].breakdowns += 1;
        let mut agenda = context.part(|event| Message::Machine { machine, event });
        self.machines[machine].bench.set_capacity(0, &mut agenda);
        drop(agenda);
        let repair = self
            .draws(machine)
            .child(REPAIR, breakdown)
            .exponential(REPAIR, MEAN_REPAIR);
        let job = Job::taking(Task::Repair { machine }, repair).priority(1);
        self.crew.request(job, context).expect("there is room");
    }

    fn repaired(&mut self, machine: usize, context: &mut Context<'_, Message>) {
        self.working.add(context.now(), 1);
        let mut agenda = context.part(|event| Message::Machine { machine, event });
        self.machines[machine].bench.set_capacity(1, &mut agenda);
        drop(agenda);
        self.expect_breakdown(machine, context);
    }
}

impl Process for Shop {
    type Message = Message;

    fn start(&mut self, context: &mut Context<'_, Message>) {
        context.schedule_at(self.replication.observe(), Message::WarmedUp);
        for machine in 0..MACHINES {
            self.next_part(machine, context);
            self.expect_breakdown(machine, context);
        }
        (0..CREW).for_each(|_| self.next_other_work(context));
    }

    fn handle(&mut self, message: Message, context: &mut Context<'_, Message>) {
        match message {
            Message::Machine { machine, event } => {
                let mut agenda = context.part(|event| Message::Machine { machine, event });
                let notice = self.machines[machine].bench.handle(event, &mut agenda);
                drop(agenda);
                if let Some(Notice::Finished(_)) = notice {
                    self.machines[machine].parts += 1;
                    self.next_part(machine, context);
                }
            }
            Message::BreaksDown { machine } => self.break_down(machine, context),
            Message::Crew(event) => match self.crew.handle(event, context) {
                Some(Notice::Finished(visit)) => match visit.item {
                    Task::Repair { machine } => self.repaired(machine, context),
                    Task::Other => self.next_other_work(context),
                },
                _ => unreachable!("nobody is impatient, and nothing else is told"),
            },
            Message::WarmedUp => {
                self.working.reset(context.now());
                self.crew.reset_monitors(context.now());
            }
        }
    }
}

fn play(replication: &Replication) -> Result<Shop, ModelError> {
    let machine = || Machine {
        bench: Station::new(1).interrupting(Preemption::Resume),
        breakdowns: 0,
        parts: 0,
    };
    let shop = Shop {
        replication: *replication,
        machines: (0..MACHINES).map(|_| machine()).collect(),
        crew: Station::new(CREW).preempting(Preemption::Resume),
        other_work: 0,
        working: TimeWeighted::new(replication.begin(), MACHINES as i64),
    };
    let mut simulation = Simulation::<Shop>::builder().build(vec![shop])?;
    assert_eq!(simulation.run_until(replication.end())?, Pause::Reached);
    Ok(simulation.into_processes().remove(0))
}

/// The mean number of working machines. Source: Gross and Harris, "Fundamentals of Queueing Theory", section 2.7 (finite source).
fn theory() -> f64 {
    let failures = |down: usize| (MACHINES - down) as f64 / MEAN_UPTIME.0 as f64;
    let repairs = |down: usize| down.min(CREW as usize) as f64 / MEAN_REPAIR.0 as f64;
    let (mut weight, mut total, mut working) = (1.0, 1.0, MACHINES as f64);
    for down in 1..=MACHINES {
        weight *= failures(down - 1) / repairs(down);
        total += weight;
        working += weight * (MACHINES - down) as f64;
    }
    working / total
}

fn main() -> Result<(), ModelError> {
    let experiment = Experiment::new(42, Span::DAY, Span(28 * Span::DAY.0));
    let outcomes = experiment.run(40, |replication| {
        let shop = play(replication)?;
        let parts: u64 = shop.machines.iter().map(|machine| machine.parts).sum();
        let hours = (replication.end() - replication.begin()).0 as f64 / Span::HOUR.0 as f64;
        let crew = shop.crew.monitors();
        assert_eq!(crew.lost_us, 0, "what is resumed loses nothing");
        Ok(Measures::from([
            ("working machines", shop.working.mean(replication.end())),
            ("parts an hour", parts as f64 / hours),
            ("crew busy", crew.busy.mean(replication.end())),
            ("work broken off", crew.preempted as f64),
        ]))
    })?;
    let working = theory();
    println!("40 replications of 28 days\n\n{outcomes}\nworking machines in theory: {working:.4}");

    let interval = |name: &str| outcomes.interval(name).expect("the shop measures it");
    assert!(
        interval("working machines").holds(working),
        "theory and simulation agree"
    );
    // A working machine makes six parts an hour, exactly on average, though breakdowns interrupt them.
    assert!((interval("parts an hour").mean / (6.0 * working) - 1.0).abs() < 0.01);
    assert_eq!(
        interval("crew busy").mean,
        f64::from(CREW),
        "there is always other work"
    );
    assert!(interval("work broken off").mean > 100.0);
    Ok(())
}
