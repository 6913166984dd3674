//! Random interventions on any program.

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::{
    Duty, Envelope, Modifier, Operation, Parameter, Program, Settling, StreamId,
};
use proptest::prelude::*;

use crate::support::START;

/// A modifier of a random intervention; every number is valid.
#[derive(Clone, Debug, Default)]
pub struct Aim {
    pub stream: u8,
    pub parameter: u8,
    pub operation: u8,
    pub size: f64,
    /// In hours after the run's.
    pub start: i8,
    pub hours: u8,
    pub onset: bool,
    pub settling: u8,
    pub precedence: i8,
    /// After so many hours it is over, settled or not; not at all from 24 on.
    pub cut: u8,
}

/// A random modifier.
pub fn aim() -> impl Strategy<Value = Aim> {
    let what = (any::<u8>(), 0..11u8, 0..4u8, 0.0..3.0f64);
    let when = (-6..28i8, 1..20u8, any::<bool>(), 0..3u8, -1..2i8, 1..48u8);
    (what, when).prop_map(
        |(
            (stream, parameter, operation, size),
            (start, hours, onset, settling, precedence, cut),
        )| Aim {
            stream,
            parameter,
            operation,
            size,
            start,
            hours,
            onset,
            settling,
            precedence,
            cut,
        },
    )
}

/// Aims a modifier; what a stream does not have is not modified.
pub fn intervene(program: &mut Program, number: usize, aim: &Aim) {
    intervene_if(program, number, aim, true);
}

/// Likewise one that is asked for, or one that is there anyway.
pub fn intervene_if(program: &mut Program, number: usize, aim: &Aim, asked_for: bool) {
    let name = format!("intervention {number}");
    let by = match asked_for {
        true => program.intervene(&name),
        false => program.surround(&name),
    };
    let by = by.expect("there are few");
    let stream = StreamId::at(usize::from(aim.stream) % program.streams.len());
    let fields = program.modifiable_fields(stream).into_iter();
    let choices = program.modifiable_choices(stream).into_iter();
    let texts = choices.flat_map(|name| {
        let texts = program.choices(stream, &name).into_iter();
        texts.map(move |text| (Parameter::Choice(name.clone(), text), 0.3))
    });
    let named: Vec<(Parameter, f64)> = fields
        .map(|name| (Parameter::Field(name), 3.0))
        .chain(texts)
        .collect();
    let named = named.get(usize::from(aim.operation) % named.len().max(1));
    let service = program.streams[stream].service.as_ref();
    let works = service.is_some_and(|service| matches!(service.duty, Duty::Work(_)));
    let (parameter, unit) = match aim.parameter {
        0 => (Parameter::Rate, 5.0),
        1 | 2 => (Parameter::Probability(None), 0.3),
        3 if works => (Parameter::Work, 10.0 * 60e6),
        3 => (Parameter::Delay(None), 30.0 * 60e6),
        4 => (Parameter::Count(None), 1.0),
        5..7 => (Parameter::Volume, 1.0),
        10 if !program.desks.is_empty() => (
            Parameter::Staff(u16::from(aim.stream) % program.desks.len() as u16),
            1.0,
        ),
        _ => named.cloned().unwrap_or((Parameter::Volume, 1.0)),
    };
    let operation = match aim.operation {
        0 | 1 => Operation::Multiply(aim.size),
        2 => Operation::Add((aim.size - 1.0) * unit),
        _ => Operation::Override(aim.size * unit),
    };
    let start = START + Span(i64::from(aim.start) * Span::HOUR.0);
    let envelope = Envelope {
        start,
        onset: Span(if aim.onset { Span::HOUR.0 } else { 0 }),
        end: start + Span(i64::from(aim.hours) * Span::HOUR.0),
        settling: match aim.settling {
            0 => Settling::Immediate,
            1 => Settling::Linear(Span(3 * Span::HOUR.0)),
            _ => Settling::Exponential(Span::HOUR),
        },
        until: (aim.cut < 24).then(|| start + Span(i64::from(aim.cut) * Span::HOUR.0)),
    };
    // Not every stream has every parameter.
    let _ = program.modify(
        stream,
        &parameter,
        Modifier {
            by,
            operation,
            envelope,
            precedence: i32::from(aim.precedence),
        },
    );
}
