//! What modifiers reach: fields that only repeat a `let`.

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::{
    Envelope, Modifier, ModifyError, Operation, Parameter, Settling,
};

use crate::support::{START, play, program, settings};

const MODEL: &str = "model:\n  name: shared\n  cells: 2\n  window: 1h\n  \
     reference: {start: 2026-02-02, days: 7}\nstreams:\n  \
     offer.made:\n    source: {rate: 500}\n    let:\n      ok: {value: 'bernoulli(0.2)'}\n      late: {value: 'hour > 12'}\n    \
     fields:\n      accepted: {value: ok}\n      after_noon: {value: late}\n  \
     offer.accepted:\n    causes: [{on: offer.made, when: ok}]\n  \
     offer.late:\n    causes: [{on: offer.made, when: late}]\n";

/// A truth value that a field shares with a condition is bent where it is drawn: both follow.
#[test]
fn a_field_that_repeats_a_let_is_bent_with_what_else_depends_on_it() {
    let text = MODEL.to_owned();
    let mut program = program(&[("model.yaml".to_owned(), text)]);
    let stream = program.stream("offer.made").expect("a stream");
    assert_eq!(program.modifiable_fields(stream), ["accepted", "ok"]);
    let by = program.intervene("always").expect("room for one");
    let always = Modifier {
        by,
        operation: Operation::Override(1.0),
        envelope: Envelope {
            start: START,
            onset: Span(0),
            end: START + Span::DAY,
            settling: Settling::Immediate,
            until: None,
        },
        precedence: 0,
    };
    let field = |name: &str| Parameter::Field(name.to_owned());
    let refused = program.modify(stream, &field("after_noon"), always);
    assert_eq!(refused, Err(ModifyError::NoChance));
    program
        .modify(stream, &field("accepted"), always)
        .expect("it is drawn");
    let played = play(&program, &settings(1, 24));
    let (made, accepted) = (&played.rows["offer.made"], &played.rows["offer.accepted"]);
    let all = |side: &str| {
        let rows = made
            .iter()
            .filter(|row| (row.attribution.is_some()) == (side == "bent"));
        rows.count()
    };
    assert!(all("bent") > 300 && all("as it was") > 50);
    assert!(
        made.iter()
            .all(|row| row.fields["accepted"].number() == 1.0)
    );
    assert_eq!(accepted.len(), made.len());
}
