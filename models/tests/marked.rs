//! Roots that are only rows never become events, and those that matter to nothing are not played. Neither shows.

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::{Operation, Parameter, Program};

use crate::support::{Played, START, play, program, settings};
use crate::twins::{agree, bend};

/// A log of which a fifth fails. `probability` is an expression of that value.
fn log(probability: &str) -> Program {
    let text = format!(
        "
model: {{name: log, cells: 3, window: 4h, warmup: 1d, reference: {{start: 2026-02-02, days: 28}}}}
streams:
  request:
    source: {{rate: 6000}}
    value: latency_ms
    fields:
      latency_ms: {{value: 'lognormal(80, 0.5)'}}
      fails: {{value: happens(failed)}}
      hour: {{value: hour, type: int}}
      cause: {{value: cause}}
  failed:
    causes: [{{on: request, probability: '{probability}', delay: 'uniform(0s, 30m)'}}]
    fields: {{hour: {{}}}}
"
    );
    program(&[("log.yaml".to_owned(), text)])
}

fn same(a: &Played, b: &Played) {
    assert_eq!(a.rows, b.rows);
    assert_eq!(a.result.fingerprint, b.result.fingerprint);
    assert_eq!(a.result.played, b.result.played);
}

#[test]
fn whether_a_root_is_only_a_row_does_not_show() {
    let settings = settings(5, 50);
    let by_mark = play(&log("0.2"), &settings);
    // The same probability, but not known before the event is there.
    let by_event = play(&log("if(hour < 24, 0.2, 0)"), &settings);
    same(&by_mark, &by_event);
    let [requests, failed] = ["request", "failed"].map(|name| by_mark.rows[name].len());
    assert!(requests > 12_000, "{requests}");
    // 5 standard errors of a share of 0.2.
    let share = failed as f64 / requests as f64;
    let error = (0.2 * 0.8 / requests as f64).sqrt();
    assert!((share - 0.2).abs() < 5.0 * error, "{share}");
}

#[test]
fn it_does_not_show_under_modifiers_either() {
    let settings = settings(6, 50);
    let bent = |probability: &str| {
        let mut program = log(probability);
        let parameter = Parameter::Probability(program.stream("request"));
        // Hours that begin and end within blocks of arrivals.
        let more = Operation::Multiply(2.5);
        bend(&mut program, "outage", "failed", parameter, more, (9, 14));
        let surge = Operation::Multiply(3.0);
        bend(
            &mut program,
            "surge",
            "request",
            Parameter::Rate,
            surge,
            (12, 20),
        );
        program
    };
    let [by_mark, by_event] = ["0.2", "if(hour < 24, 0.2, 0)"].map(bent);
    let (played, other) = (play(&by_mark, &settings), play(&by_event, &settings));
    same(&played, &other);
    agree(&by_mark, &played, &play(&log("0.2"), &settings));
    let within = |row: &&crate::support::Row| {
        let hour = Span(row.time - START.0).0 / Span::HOUR.0;
        row.attribution.as_deref() == Some("outage") && (9..15).contains(&hour)
    };
    assert!(played.rows["failed"].iter().filter(within).count() > 100);
}

/// Customers look around, and some of them order something a day later; what they looked at is not asked for.
const SHOP: &str = "
model: {name: shop, cells: 2, window: 6h, warmup: 3d, reference: {start: 2026-02-02, days: 28}}
entities:
  customer: {count: 200, states: [active, gone], starts: active, variables: {orders: '0'}}
streams:
  looked: {source: {rate: 2000, actor: customer, states: [active]}, fields: {customer_id: {value: customer.id}}}
  ordered:
    causes: [{on: looked, probability: PROBABILITY, delay: 'uniform(0s, 2d)'}]
    fields: {customer_id: {value: customer.id}, before: {value: customer.orders}}
    changes: [{entity: customer, add: {orders: '1'}}]
  left:
    causes: [{on: ordered, probability: 0.02, delay: 1h}]
    fields: {customer_id: {value: customer.id}}
    changes: [{entity: customer, state: gone}]
";

#[test]
fn roots_that_matter_to_nothing_are_not_played_and_are_not_missed() {
    let shop = |probability: &str| {
        let text = SHOP.replace("PROBABILITY", probability);
        let mut program = program(&[("shop.yaml".to_owned(), text)]);
        let parameter = Parameter::Probability(program.stream("looked"));
        let more = Operation::Multiply(4.0);
        bend(&mut program, "sale", "ordered", parameter, more, (-10, 20));
        program
    };
    let [by_mark, by_event] = ["0.1", "'if(hour < 24, 0.1, 0)'"].map(shop);
    let settings =
        |program: &Program, streams: &[&str]| causeflow_engine::streams::world::Settings {
            streams: Some(crate::support::streams(program, streams)),
            ..settings(8, 60)
        };
    let asked = ["ordered", "left"];
    let few = play(&by_mark, &settings(&by_mark, &asked));
    let more = play(&by_event, &settings(&by_event, &asked));
    let all = play(
        &by_mark,
        &settings(&by_mark, &["looked", "ordered", "left"]),
    );
    for stream in asked {
        assert!(!few.rows[stream].is_empty(), "{stream}");
        assert_eq!(few.rows[stream], more.rows[stream], "{stream}");
        assert_eq!(few.rows[stream], all.rows[stream], "{stream}");
    }
    assert!(few.result.played * 2 < more.result.played);
}
