//! A process whose resources are stored in the middle of a run goes on as if nothing had happened, with all their handles.

use causeflow_engine::base::draw::purpose;
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::{Context, Process, SavedState, Simulation};
use causeflow_engine::kernel::resource::Timetable;
use causeflow_engine::kernel::resource::container::Container;
use causeflow_engine::kernel::resource::station::{self, Job, Preemption, Station};
use causeflow_engine::kernel::resource::waiting;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

/// A garage where cars are repaired, impatient and by urgency, and then filled up from a tank that is filled now and then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Garage {
    bays: Station<u64>,
    tank: Container<u64>,
    filled: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Message {
    Comes(u64),
    Tanker,
    Bays(station::Event),
    Tank(waiting::Event),
}

impl From<station::Event> for Message {
    fn from(event: station::Event) -> Message {
        Message::Bays(event)
    }
}

impl From<waiting::Event> for Message {
    fn from(event: waiting::Event) -> Message {
        Message::Tank(event)
    }
}

impl Process for Garage {
    type Message = Message;

    fn start(&mut self, context: &mut Context<'_, Message>) {
        self.bays.open(context);
        context.schedule(Span(0), Message::Comes(0));
        context.every(Span(200), Message::Tanker);
    }

    fn handle(&mut self, message: Message, context: &mut Context<'_, Message>) {
        match message {
            Message::Comes(car) => {
                let key = context.event_key();
                let up_to =
                    |what: &str, most: f64| Span((key.uniform(purpose(what)) * most) as i64);
                let job = Job::taking(car, up_to("repair", 60.0))
                    .priority((car % 3) as i32)
                    .patience(up_to("patience", 100.0));
                assert!(self.bays.request(job, context).is_ok());
                context.schedule(up_to("gap", 40.0), Message::Comes(car + 1));
            }
            Message::Tanker => {
                assert!(self.tank.put(0, 50, context).is_ok());
            }
            Message::Bays(event) => {
                if let Some(station::Notice::Finished(visit)) = self.bays.handle(event, context) {
                    assert!(self.tank.get(visit.item, visit.item % 20, context).is_ok());
                }
            }
            Message::Tank(event) => {
                self.filled += u64::from(self.tank.handle(event, context).is_some());
            }
        }
    }
}

fn garage() -> Simulation<Garage> {
    let shifts = [(Span(0), 2), (Span(300), 1)];
    let shifts = Timetable::new(Time(0), Span(500), &shifts).expect("a timetable");
    let bays = Station::with_timetable(shifts)
        .preempting(Preemption::Resume)
        .interrupting(Preemption::Restart);
    let garage = Garage {
        bays,
        tank: Container::new(60, 10),
        filled: 0,
    };
    let settings = Simulation::<Garage>::builder().seed(3);
    settings
        .build(vec![garage])
        .expect("the settings make sense")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn resources_go_on_from_where_they_were_stored(stop_us in 0i64..5000) {
        let (mut whole, mut stopped) = (garage(), garage());
        let _ = stopped.run_until(Time(stop_us)).expect("nothing goes wrong");
        let snapshot = stopped.snapshot().expect("it can be taken");
        let bytes = postcard::to_stdvec(&snapshot).expect("it serialises");
        let read: SavedState<Garage, Message> = postcard::from_bytes(&bytes).expect("it is whole");
        let mut resumed = Simulation::resume(read).expect("it is whole");
        let _ = whole.run_until(Time(6000)).expect("nothing goes wrong");
        let _ = resumed.run_until(Time(6000)).expect("nothing goes wrong");
        let (whole, resumed) = (whole.into_processes(), resumed.into_processes());
        prop_assert!(whole[0].filled > 0 && whole[0].bays.monitors().reneged > 0);
        prop_assert_eq!(whole, resumed);
    }
}
