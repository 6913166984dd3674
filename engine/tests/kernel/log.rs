//! What logs are told.

use crate::puppet::{puppets, settings};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::processes::{
    CausalLog, Context, History, Off, Pause, Process, ProcessId,
};
use causeflow_engine::kernel::processes::{Simulation, TraceLog};
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

#[test]
fn every_event_has_its_cause_however_the_model_is_cut() {
    let histories = [1, 4, 30].map(|partitions| {
        let settings = settings(11).partitions(partitions);
        let mut simulation = settings
            .build_logged(puppets(30), CausalLog::default)
            .unwrap();
        assert_eq!(simulation.run_until(Time(150)), Ok(Pause::Reached));
        let history = History::of(simulation.logs());
        // A start of each process, and every event.
        assert_eq!(history.records().len() as u64, 30 + simulation.played());
        history
    });
    assert!(histories.iter().all(|history| *history == histories[0]));
    for record in histories[0].records() {
        match histories[0].cause(record.id) {
            Some(cause) => {
                assert_eq!(cause.process, record.id.sender());
                assert!(cause.time <= record.time);
                let root = histories[0].causes(record.id).last();
                assert!(root.is_some_and(|root| root.message.is_none()));
            }
            None => assert!(record.message.is_none(), "only starts have no cause"),
        }
    }
}

#[test]
fn what_is_injected_has_no_cause() {
    let mut simulation = settings(1)
        .build_logged(puppets(1), CausalLog::default)
        .unwrap();
    simulation.inject(ProcessId(0), Time(50), 1234).unwrap();
    assert_eq!(simulation.run_until(Time(51)), Ok(Pause::Reached));
    let history = History::of(simulation.logs());
    let mut records = history.records().iter();
    let injected = records.find(|record| record.id.sender() == ProcessId::OUTSIDE);
    let injected = injected.expect("it was played");
    assert_eq!(history.cause(injected.id), None);
    assert_eq!(
        injected.to_string(),
        "outside.0 at 1970-01-01T00:00:00.00005Z in process 0: 1234"
    );
}

#[test]
fn no_log_takes_no_room() {
    assert_eq!(size_of::<Off>(), 0);
}

/// Writes down what happens to spans.
#[derive(Clone, Default)]
struct Scribe(Arc<Mutex<String>>);

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Scribe {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut text = self.0.lock().unwrap();
        text.push_str(span.metadata().name());
        span.record(&mut Fields(&mut text));
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut Fields(&mut self.0.lock().unwrap()));
    }
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        event.record(&mut Fields(&mut self.0.lock().unwrap()));
    }
    fn enter(&self, _: &Id) {
        self.0.lock().unwrap().push_str(" {");
    }
    fn exit(&self, _: &Id) {
        self.0.lock().unwrap().push_str(" }\n");
    }
}

struct Talker;

impl Process for Talker {
    type Message = &'static str;

    fn start(&mut self, context: &mut Context<'_, &'static str>) {
        context.schedule(Span(5), "hello");
    }

    fn handle(&mut self, message: &'static str, _: &mut Context<'_, &'static str>) {
        tracing::info!(message);
    }
}

#[test]
fn a_trace_has_a_span_around_every_event() {
    let scribe = Scribe::default();
    tracing::subscriber::with_default(scribe.clone(), || {
        let settings = Simulation::<Talker>::builder();
        let mut simulation = settings
            .build_logged(vec![Talker], TraceLog::default)
            .unwrap();
        assert_eq!(simulation.run(), Ok(Pause::Reached));
    });
    assert_eq!(
        *scribe.0.lock().unwrap(),
        "event id=0.0 time_us=0 process=0 { scheduled=1 }\n\
         event id=0.1 time_us=5 process=0 message=\"hello\" { message=\"hello\" scheduled=0 }\n"
    );
}
