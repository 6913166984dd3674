//! This example demonstrates shifts: a call centre whose agents follow a timetable, and whether moving a shift pays.
//!
//! ```text
//! calls/h  60 |            ########             agents  14 |      ########
//!          30 |    ########        ########              8 |    ##        ############
//!             +----------------------------                +---------------------------
//!                 8       12      16      20 h                 8 9       13          20 h
//!
//! calls --> [ queue, hangs up after 3 min on average ] --> agents on shift, 8 min each --> done
//! ```
//!
//! An agent whose shift ends finishes the call. The same calls are played under two timetables with as many hours of work: the second
//! has its long shift where the calls are.
//!
//! Run it with `cargo run -p causeflow-examples --example call_centre`.

use causeflow_engine::base::draw::{Purpose, purpose};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::experiment::{Draws, Experiment, Measures, ModelError, Replication};
use causeflow_engine::kernel::monitor::{Report, TimeUnit};
use causeflow_engine::kernel::processes::{Context, Pause, Process, Simulation};
use causeflow_engine::kernel::resource::Timetable;
use causeflow_engine::kernel::resource::station::{Event, Job, Notice, Station};

const MEAN_CALL: Span = Span(8 * Span::MINUTE.0);
const MEAN_PATIENCE: Span = Span(3 * Span::MINUTE.0);
/// The most calls an hour. Calls are drawn at this rate, and those beyond the rate of their hour do not happen (thinning).
const PEAK_PER_HOUR: f64 = 60.0;
/// From (hour of the day, calls an hour) on.
const CALLS_PER_HOUR: [(i64, f64); 4] = [(8, 30.0), (12, 60.0), (16, 30.0), (20, 0.0)];

const CALL: Purpose = purpose("call");

fn hour(hour: i64) -> Span {
    Span(hour * Span::HOUR.0)
}

/// Agents with their long shift from this hour on, for four hours: 8, then 14, then 8 again, and nobody at night.
fn agents(long_shift: i64) -> Timetable {
    let changes = [
        (hour(8), 8),
        (hour(long_shift), 14),
        (hour(long_shift + 4), 8),
        (hour(20), 0),
    ];
    Timetable::daily(&changes).expect("the hours rise")
}

fn calls_per_hour(time: Time) -> f64 {
    let of_day = time - time.floor_to(Span::DAY);
    let begun = CALLS_PER_HOUR
        .iter()
        .rev()
        .find(|(from, _)| hour(*from) <= of_day);
    begun.map_or(0.0, |(_, rate)| *rate)
}

struct Centre {
    replication: Replication,
    agents: Station<u64>,
    answered_at_once: u64,
    after_hours: u64,
}

enum Message {
    Calls(u64),
    Agents(Event),
}

impl From<Event> for Message {
    fn from(event: Event) -> Message {
        Message::Agents(event)
    }
}

impl Centre {
    fn draws(&self, call: u64) -> Draws {
        self.replication.draws().child(CALL, call)
    }

    fn expect(&self, call: u64, context: &mut Context<'_, Message>) {
        let mean_gap = Span((Span::HOUR.0 as f64 / PEAK_PER_HOUR) as i64);
        let gap = self.draws(call).exponential(purpose("gap"), mean_gap);
        context.schedule(gap, Message::Calls(call));
    }
}

impl Process for Centre {
    type Message = Message;

    fn start(&mut self, context: &mut Context<'_, Message>) {
        self.agents.open(context);
        self.expect(0, context);
    }

    fn handle(&mut self, message: Message, context: &mut Context<'_, Message>) {
        match message {
            Message::Calls(call) => {
                self.expect(call + 1, context);
                let draws = self.draws(call);
                let share = calls_per_hour(context.now()) / PEAK_PER_HOUR;
                if !draws.happens(purpose("happens"), share) {
                    return;
                }
                let job = Job::taking(call, draws.exponential(purpose("length"), MEAN_CALL))
                    .patience(draws.exponential(purpose("patience"), MEAN_PATIENCE));
                self.agents
                    .request(job, context)
                    .expect("there are lines for all");
            }
            Message::Agents(event) => {
                if let Some(Notice::Finished(visit)) = self.agents.handle(event, context) {
                    self.answered_at_once += u64::from(visit.waited == Span(0));
                    let begun_on_shift =
                        visit.started.is_some_and(|time| calls_per_hour(time) > 0.0);
                    assert!(begun_on_shift, "nobody answers at night");
                    self.after_hours += u64::from(calls_per_hour(visit.left) == 0.0);
                }
            }
        }
    }
}

fn play(replication: &Replication, timetable: &Timetable) -> Result<Centre, ModelError> {
    let centre = Centre {
        replication: *replication,
        agents: Station::with_timetable(timetable.clone()).keeping_quantiles(),
        answered_at_once: 0,
        after_hours: 0,
    };
    let mut simulation = Simulation::<Centre>::builder().build(vec![centre])?;
    assert_eq!(simulation.run_until(replication.end())?, Pause::Reached);
    Ok(simulation.into_processes().remove(0))
}

fn measured(replication: &Replication, timetable: &Timetable) -> Result<Measures, ModelError> {
    let centre = play(replication, timetable)?;
    let monitors = centre.agents.monitors();
    let quantiles = monitors
        .waited_quantiles
        .as_ref()
        .expect("the station keeps them");
    let longest = quantiles.quantile(0.95).expect("calls were answered");
    Ok(Measures::from([
        (
            "calls answered at once / %",
            100.0 * centre.answered_at_once as f64 / monitors.arrived as f64,
        ),
        (
            "calls hung up / %",
            100.0 * monitors.reneged as f64 / monitors.arrived as f64,
        ),
        (
            "wait of the answered, 95 % within / s",
            longest.0 as f64 / Span::SECOND.0 as f64,
        ),
        (
            "agent hours",
            monitors.capacity.integral(replication.end()) as f64 / Span::HOUR.0 as f64,
        ),
        (
            "calls that kept an agent after hours",
            centre.after_hours as f64,
        ),
    ]))
}

fn main() -> Result<(), ModelError> {
    let week = Experiment::new(42, Span(0), Span(7 * Span::DAY.0));
    let (early, late) = (agents(9), agents(12));

    let centre = play(&week.replication(0), &early)?;
    let mut report = Report::new(week.replication(0).end(), TimeUnit::Minute);
    centre.agents.monitors().report("agents", &mut report);
    println!("A week with the long shift from 9 to 13\n\n{report}");
    assert!(
        centre.agents.is_empty(),
        "at midnight the last call is long over"
    );

    let weeks = week.compare(
        40,
        |replication| measured(replication, &early),
        |replication| measured(replication, &late),
    )?;
    println!(
        "40 weeks with the long shift from 9 to 13\n\n{}",
        weeks.first()
    );
    println!(
        "The same calls with the long shift from 12 to 16\n\n{}",
        weeks.second()
    );
    let hung_up = weeks
        .difference("calls hung up / %")
        .expect("it is measured");
    println!("Moving the shift changes the share hung up by {hung_up} points.");
    assert!(hung_up.high() < 0.0, "agents belong where the calls are");
    let hours = weeks.difference("agent hours").expect("it is measured");
    assert_eq!(
        (hours.mean, hours.half_width),
        (0.0, 0.0),
        "and it costs no hour more"
    );
    let overtime = weeks
        .first()
        .interval("calls that kept an agent after hours");
    assert!(
        overtime.is_some_and(|calls| calls.mean > 1.0),
        "calls are finished after the shift"
    );
    Ok(())
}
