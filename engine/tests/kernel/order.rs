//! Which of several events of one time comes first.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::{
    Agenda, Context, Pause, Periodic, Priority, Process, ProcessId, Simulation,
};

/// Does what its script says when it starts, and writes down what comes.
struct Scribe {
    script: fn(&mut Context<'_, &'static str>),
    seen: Vec<(i64, &'static str)>,
    ends: Option<Periodic>,
}

impl Process for Scribe {
    type Message = &'static str;

    fn start(&mut self, context: &mut Context<'_, &'static str>) {
        (self.script)(context);
    }

    fn handle(&mut self, message: &'static str, context: &mut Context<'_, &'static str>) {
        self.seen.push((context.now().0, message));
        match message {
            "parent" => {
                context.schedule_with(Span(0), Priority(-5), "urgent child");
            }
            "begin" => self.ends = Some(context.every(Span(3), "tick")),
            "end" => {
                let periodic = self.ends.take().expect("it has begun");
                assert!(context.cancel_every(periodic));
                assert!(!context.cancel_every(periodic));
            }
            "stop" => context.stop(),
            _ => {}
        }
    }
}

fn scribe(script: fn(&mut Context<'_, &'static str>)) -> Scribe {
    Scribe {
        script,
        seen: Vec::new(),
        ends: None,
    }
}

fn play(scripts: Vec<fn(&mut Context<'_, &'static str>)>) -> Vec<Vec<(i64, &'static str)>> {
    let scribes = scripts.into_iter().map(scribe).collect();
    let mut simulation = Simulation::<Scribe>::builder().build(scribes).unwrap();
    assert_eq!(simulation.run(), Ok(Pause::Reached));
    let scribes = simulation.into_processes().into_iter();
    scribes.map(|scribe| scribe.seen).collect()
}

#[test]
fn what_one_process_schedules_for_one_time_comes_first_in_first_out() {
    let seen = play(vec![|context| {
        for message in ["c", "a", "b"] {
            context.schedule(Span(5), message);
        }
    }]);
    assert_eq!(seen, [[(5, "c"), (5, "a"), (5, "b")]]);
}

#[test]
fn the_lower_priority_value_comes_first() {
    let seen = play(vec![|context| {
        context.schedule_with(Span(5), Priority(1), "late");
        context.schedule(Span(5), "middle");
        context.schedule_with(Span(5), Priority(i32::MIN), "first");
    }]);
    assert_eq!(seen, [[(5, "first"), (5, "middle"), (5, "late")]]);
}

#[test]
fn the_lower_sender_comes_first_and_the_outside_last() {
    let scribes = vec![
        scribe(|context| context.send(ProcessId(2), Span(5), "from 0")),
        scribe(|context| context.send(ProcessId(2), Span(5), "from 1")),
        scribe(|context| {
            context.schedule(Span(5), "from 2");
        }),
    ];
    let mut simulation = Simulation::<Scribe>::builder().build(scribes).unwrap();
    simulation
        .inject(ProcessId(2), Time(5), "from outside")
        .unwrap();
    assert_eq!(simulation.run(), Ok(Pause::Reached));
    let seen = ["from 0", "from 1", "from 2", "from outside"].map(|message| (5, message));
    assert_eq!(simulation.process(ProcessId(2)).unwrap().seen, seen);
}

#[test]
fn a_child_never_precedes_its_parent() {
    let seen = play(vec![|context| {
        context.schedule(Span(5), "parent");
        context.schedule(Span(5), "sibling");
    }]);
    assert_eq!(seen, [[(5, "parent"), (5, "urgent child"), (5, "sibling")]]);
}

#[test]
fn shuffled_ties_come_in_every_order() {
    let orders = (0..100).map(|seed| {
        let scribe = scribe(|context| {
            for message in ["a", "b", "c"] {
                context.schedule(Span(5), message);
            }
        });
        let settings = Simulation::<Scribe>::builder().shuffle_ties(seed);
        let mut simulation = settings.build(vec![scribe]).unwrap();
        assert_eq!(simulation.run(), Ok(Pause::Reached));
        simulation.into_processes().remove(0).seen
    });
    // Of 6 orders one is missed in 100 attempts with a probability of 10^-7.
    let mut orders: Vec<_> = orders.collect();
    orders.sort();
    orders.dedup();
    assert_eq!(orders.len(), 6);
}

#[test]
fn what_is_periodic_comes_until_it_is_ended() {
    let seen = play(vec![|context| {
        context.schedule(Span(1), "begin");
        context.schedule(Span(8), "end");
    }]);
    assert_eq!(seen, [[(1, "begin"), (4, "tick"), (7, "tick"), (8, "end")]]);
}

#[test]
fn a_stopped_simulation_can_go_on() {
    let scribe = scribe(|context| {
        context.schedule(Span(1), "stop");
        context.schedule(Span(2), "more");
    });
    let mut simulation = Simulation::<Scribe>::builder().build(vec![scribe]).unwrap();
    assert_eq!(simulation.run_until(Time(9)), Ok(Pause::Stopped));
    assert_eq!((simulation.time(), simulation.pending()), (Time(1), 1));
    assert_eq!(simulation.run_until(Time(9)), Ok(Pause::Reached));
    assert_eq!((simulation.time(), simulation.played()), (Time(9), 2));
}

#[test]
fn a_part_of_a_process_schedules_its_own_events() {
    let seen = play(vec![|context| {
        let mut agenda = context.part(|event: bool| if event { "yes" } else { "no" });
        agenda.schedule_at(Time(3), true);
        let handle = agenda.schedule_at(Time(4), true);
        assert!(agenda.cancel(handle));
        agenda.schedule_at(Time(5), false);
    }]);
    assert_eq!(seen, [[(3, "yes"), (5, "no")]]);
}
