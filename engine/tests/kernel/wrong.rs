//! What is wrong in a model is an error that says who did what and when.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::{Context, Error, Pause, Process, ProcessId, Simulation};

/// Does something wrong at 7 us.
struct Offender {
    wrong: fn(&mut Context<'_, ()>),
}

impl Process for Offender {
    type Message = ();

    fn start(&mut self, context: &mut Context<'_, ()>) {
        context.schedule(Span(7), ());
    }

    fn handle(&mut self, (): (), context: &mut Context<'_, ()>) {
        (self.wrong)(context);
    }

    fn name(&self, id: ProcessId) -> String {
        format!("offender {id}")
    }
}

/// The error, which is the same however the simulation is played.
fn error(wrong: fn(&mut Context<'_, ()>)) -> String {
    let errors = [1, 3, 100].map(|partitions| {
        let settings = Simulation::<Offender>::builder().lookahead(Span(5));
        let offenders = (0..100).map(|_| Offender { wrong }).collect();
        let mut simulation = settings.partitions(partitions).build(offenders).unwrap();
        let error = simulation.run().expect_err("every process does wrong");
        assert_eq!(simulation.run_until(Time(100)), Err(error.clone()));
        assert_eq!(simulation.step(), Err(error.clone()));
        error.to_string()
    });
    assert!(errors.iter().all(|error| *error == errors[0]));
    errors[0].clone()
}

#[test]
fn a_message_that_breaks_the_lookahead_names_both_processes() {
    let error = error(|context| {
        if context.me().0 >= 40 {
            context.send(ProcessId(context.me().0 ^ 1), Span(4), ());
        }
    });
    assert_eq!(
        error,
        "at 1970-01-01T00:00:00.000007Z, offender 40 (id 40) sent a message to offender 41 (id 41) with a delay of 4us, \
         which is less than the lookahead of 5us. Send it with a longer delay, or declare a shorter lookahead."
    );
}

#[test]
fn nothing_is_scheduled_for_the_past() {
    let error = error(|context| {
        context.schedule(Span(-1), ());
    });
    assert!(error.contains("offender 0 (id 0) scheduled an event for 1970-01-01T00:00:00.000006Z"));
}

#[test]
fn a_period_is_positive() {
    let error = error(|context| {
        context.every(Span(0), ());
    });
    assert!(error.contains("offender 0 (id 0) scheduled an event every 0s"));
}

#[test]
fn messages_go_to_processes_that_are_there() {
    let error = error(|context| context.send(ProcessId(100), Span(5), ()));
    assert!(error.contains("a message from 0 was sent to process 100, but there are only 100"));
}

#[test]
fn what_is_injected_wrongly_leaves_the_simulation_as_it_was() {
    let settings = Simulation::<Offender>::builder();
    let offenders = vec![Offender { wrong: |_| {} }];
    let mut simulation = settings.build(offenders).unwrap();
    assert_eq!(simulation.run_until(Time(5)), Ok(Pause::Reached));
    let past = simulation.inject(ProcessId(0), Time(4), ());
    assert!(matches!(past, Err(Error::InjectedIntoPast { .. })));
    let nobody = simulation.inject(ProcessId(1), Time(6), ());
    assert!(matches!(nobody, Err(Error::NoSuchProcess { .. })));
    assert_eq!(simulation.inject(ProcessId(0), Time(5), ()), Ok(()));
    assert_eq!(simulation.run(), Ok(Pause::Reached));
    assert_eq!(simulation.played(), 2);
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    let settings = Simulation::<Offender>::builder();
    let refused = [
        settings.lookahead(Span(0)),
        settings.lookahead(Span(1)).partitions(0),
        settings.partitions(2),
    ];
    for settings in refused {
        assert!(settings.build(Vec::<Offender>::new()).is_err());
    }
    let mut nobody = settings.build(Vec::<Offender>::new()).unwrap();
    assert_eq!(nobody.run_until(Time(1)), Ok(Pause::Reached));
    assert_eq!(nobody.step(), Ok(None));
}
