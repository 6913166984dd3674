//! Twins are coupled: raising a rate or a probability only adds events, lowering only removes some,
//! and those that both have are the same event.

use std::collections::BTreeMap;

use causeflow_engine::base::time::Span;
use proptest::prelude::*;

use crate::random::{Knobs, Plan, Spec, files, spec};
use crate::support::{Row, play, program, property, settings};

fn rows(spec: &Spec, knobs: Knobs) -> BTreeMap<String, Vec<Row>> {
    let program = program(&files(&Plan::new(spec), knobs));
    play(&program, &settings(spec.seed, 24)).rows
}

/// How many of the events of the larger run the smaller one does not have; that the larger has all of
/// the smaller one's is asserted. `leads_to_...` tells what follows, which may differ.
fn added(smaller: &BTreeMap<String, Vec<Row>>, larger: &BTreeMap<String, Vec<Row>>) -> usize {
    let mut added = 0;
    for (name, rows) in larger {
        let by_id: BTreeMap<u64, &Row> = rows.iter().map(|row| (row.id, row)).collect();
        added += rows.len();
        for row in &smaller[name] {
            let twin = by_id
                .get(&row.id)
                .unwrap_or_else(|| panic!("{name}: {row:?} has gone"));
            assert_eq!(
                (row.time, row.cause, row.root, row.cell),
                (twin.time, twin.cause, twin.root, twin.cell)
            );
            for (field, value) in row.fields.iter().filter(|(field, _)| !observes(field)) {
                assert_eq!(value, &twin.fields[field], "{name}: {row:?}");
            }
            added -= 1;
        }
    }
    added
}

fn observes(field: &str) -> bool {
    field.starts_with("leads_to_")
}

proptest! {
    #![proptest_config(property(40))]

    #[test]
    fn a_higher_rate_only_adds(spec in spec(false), factor in 1.0..12.0) {
        let base = rows(&spec, Knobs::default());
        added(&base, &rows(&spec, Knobs { rate: factor, ..Knobs::default() }));
        added(&rows(&spec, Knobs { rate: 1.0 / factor, ..Knobs::default() }), &base);
    }

    #[test]
    fn a_higher_probability_only_adds(spec in spec(false), factor in 1.0..3.0) {
        let base = rows(&spec, Knobs::default());
        added(&base, &rows(&spec, Knobs { probability: factor, ..Knobs::default() }));
        added(&rows(&spec, Knobs { probability: 1.0 / factor, ..Knobs::default() }), &base);
    }
}

/// The property is not empty: a tenfold rate brings about ten times the events, of which a tenth are
/// those that were there before.
#[test]
fn a_surge_keeps_the_everyday_events() {
    let text = |rate: u32| {
        let text = format!(
            "model: {{name: surge, cells: 4, window: 1h, reference: {{start: 2026-02-02, days: 28}}}}\n\
             streams:\n  a: {{source: {{rate: {rate}}}, fields: {{u: {{value: 'uniform(0, 1)'}}}}}}\n"
        );
        vec![("a.yaml".to_owned(), text)]
    };
    let settings = settings(7, 5 * 24);
    assert_eq!(settings.end - settings.start, Span(5 * Span::DAY.0));
    let everyday = play(&program(&text(100)), &settings).rows;
    let surge = play(&program(&text(1000)), &settings).rows;
    let added = added(&everyday, &surge) as f64;
    // Poisson with mean 4500: five standard deviations are 335, exceeded once in 1.7 million.
    assert!((added - 4500.0).abs() < 335.0, "{added} events were added");
}
