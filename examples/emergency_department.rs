//! This example demonstrates preemption by priority: an emergency department, where the critically ill take a doctor away from others.
//!
//! ```text
//! critical, 1/h --+
//! urgent,   3/h --+--> [ triage: the more severe first ] --> 4 doctors, 30 min each --> out
//! minor,    2/h --+          ^                                   |
//!                            +------ broken off, to be resumed --+
//! ```
//!
//! The critically ill do not notice that anybody else is there: for them it is M/M/4 alone. Nor do the two upper classes together
//! notice the third. All three together are again M/M/4, since who is treated first does not change how much work there is. So
//! Erlang's formula gives the mean time of each class.
//!
//! Run it with `cargo run -p causeflow-examples --example emergency_department`.

use causeflow_engine::base::draw::purpose;
use causeflow_engine::base::time::Span;
use causeflow_engine::kernel::experiment::{Draws, Experiment, Measures, ModelError, Replication};
use causeflow_engine::kernel::monitor::{Report, SpanTally, TimeUnit};
use causeflow_engine::kernel::processes::{Context, Pause, Process, Simulation};
use causeflow_engine::kernel::resource::station::{Event, Job, Notice, Preemption, Station};

const DOCTORS: u32 = 4;
const MEAN_TREATMENT: Span = Span(30 * Span::MINUTE.0);
const SEVERITIES: [&str; 3] = ["critical", "urgent", "minor"];
const PATIENTS_PER_HOUR: [f64; 3] = [1.0, 3.0, 2.0];

/// A patient is known by severity: 0 is critical.
#[derive(Clone, Copy, Debug)]
struct Patient {
    severity: usize,
}

struct Department {
    replication: Replication,
    doctors: Station<Patient>,
    /// By severity: from coming to leaving.
    stays: [SpanTally; 3],
    /// By severity: how many treatments were broken off.
    broken_off: [u64; 3],
}

enum Message {
    Comes { severity: usize, number: u64 },
    Doctors(Event),
    WarmedUp,
}

impl From<Event> for Message {
    fn from(event: Event) -> Message {
        Message::Doctors(event)
    }
}

impl Department {
    fn draws(&self, severity: usize, number: u64) -> Draws {
        self.replication
            .draws()
            .child(purpose(SEVERITIES[severity]), number)
    }

    fn expect(&self, severity: usize, number: u64, context: &mut Context<'_, Message>) {
        let mean_gap = Span((Span::HOUR.0 as f64 / PATIENTS_PER_HOUR[severity]) as i64);
        let gap = self
            .draws(severity, number)
            .exponential(purpose("gap"), mean_gap);
        context.schedule(gap, Message::Comes { severity, number });
    }
}

impl Process for Department {
    type Message = Message;

    fn start(&mut self, context: &mut Context<'_, Message>) {
        context.schedule_at(self.replication.observe(), Message::WarmedUp);
        (0..3).for_each(|severity| self.expect(severity, 0, context));
    }

    fn handle(&mut self, message: Message, context: &mut Context<'_, Message>) {
        match message {
            Message::Comes { severity, number } => {
                self.expect(severity, number + 1, context);
                let draws = self.draws(severity, number);
                let treatment = draws.exponential(purpose("treatment"), MEAN_TREATMENT);
                let job = Job::taking(Patient { severity }, treatment).priority(severity as i32);
                self.doctors
                    .request(job, context)
                    .expect("nobody is turned away");
            }
            Message::Doctors(event) => {
                if let Some(Notice::Finished(visit)) = self.doctors.handle(event, context) {
                    let severity = visit.item.severity;
                    self.broken_off[severity] += u64::from(visit.preemptions);
                    if context.now() >= self.replication.observe() {
                        self.stays[severity].record(visit.in_system());
                    }
                }
            }
            Message::WarmedUp => self.doctors.reset_monitors(context.now()),
        }
    }
}

fn play(replication: &Replication) -> Result<Department, ModelError> {
    let department = Department {
        replication: *replication,
        doctors: Station::new(DOCTORS).preempting(Preemption::Resume),
        stays: [SpanTally::default(); 3],
        broken_off: [0; 3],
    };
    let mut simulation = Simulation::<Department>::builder().build(vec![department])?;
    assert_eq!(simulation.run_until(replication.end())?, Pause::Reached);
    Ok(simulation.into_processes().remove(0))
}

/// M/M/c: the mean number of patients present. Source: Gross and Harris, "Fundamentals of Queueing Theory", section 2.3.
fn present(patients_per_hour: f64) -> f64 {
    let offered = patients_per_hour * TimeUnit::Hour.of(MEAN_TREATMENT);
    let (mut weight, mut total, mut mean) = (1.0, 1.0, 0.0);
    for n in 1..500 {
        weight *= offered / f64::from(n.min(DOCTORS));
        total += weight;
        mean += weight * f64::from(n);
    }
    mean / total
}

/// The mean time of each class, in minutes: how many the class adds to those present, over how many come (Little's law).
fn theory() -> [f64; 3] {
    let mut above = 0.0;
    PATIENTS_PER_HOUR.map(|rate| {
        let added = present(above + rate) - present(above);
        above += rate;
        60.0 * added / rate
    })
}

fn main() -> Result<(), ModelError> {
    let experiment = Experiment::new(42, Span(2 * Span::DAY.0), Span(60 * Span::DAY.0));

    let department = play(&experiment.replication(0))?;
    let mut report = Report::new(experiment.replication(0).end(), TimeUnit::Minute);
    department.doctors.monitors().report("doctors", &mut report);
    println!("60 days\n\n{report}");
    assert_eq!(
        department.broken_off[0], 0,
        "nobody is more severe than the critically ill"
    );
    assert!(
        department.broken_off[2] > department.broken_off[1],
        "the minor cases give way most often"
    );

    let outcomes = experiment.run(40, |replication| {
        let department = play(replication)?;
        let mut measures = Measures::new();
        for (severity, stays) in SEVERITIES.iter().zip(&department.stays) {
            let minutes = stays.mean_seconds().unwrap_or(f64::NAN) / 60.0;
            measures.add(format!("{severity}, time in the department / min"), minutes);
        }
        Ok(measures)
    })?;
    println!("40 replications of 60 days\n\n{outcomes}");
    for (name, expected) in outcomes.names().iter().zip(theory()) {
        let interval = outcomes.interval(name).expect("it is measured");
        println!("{name}: {expected:.2} in theory");
        // The intervals hold the theory's value in 95 of 100 experiments; this one is not the exception for any class.
        assert!(
            interval.holds(expected),
            "{interval} does not hold {expected}"
        );
    }
    Ok(())
}
