//! The tables of a plan.

use causeflow_engine::base::table::{Validity, Values};
use causeflow_engine::base::time::Span;
use causeflow_scenarios::tables::of_plan;

use crate::support::{START, day, plan, request, tutoring};

#[test]
fn tables_hold_every_row_and_every_text() {
    let (_, library) = tutoring();
    let plan = plan(library, &request(&["exam-season-surge@day5"], &[]), 1).expect("it fits");
    let tables = of_plan(&plan).expect("thirty days have few texts");
    let dictionary = tables.dictionary;
    let names: Vec<&str> = tables
        .tables
        .iter()
        .map(|table| table.schema.name.as_str())
        .collect();
    assert_eq!(names, ["external_events", "modifiers", "modifier_states"]);
    let rows: Vec<usize> = tables.tables.iter().map(|table| table.rows()).collect();
    assert_eq!(
        rows,
        [
            plan.external_events().len(),
            plan.modifier_rows().len(),
            plan.state_rows().len()
        ]
    );
    let tables = tables.tables.into_iter();
    let chunks = tables.flat_map(|table| {
        let schema = table.schema.clone();
        table.map(move |chunk| (schema.clone(), chunk))
    });
    for (schema, chunk) in chunks {
        assert_eq!(schema.columns.len(), chunk.columns.len());
        for (spec, column) in schema.columns.iter().zip(&chunk.columns) {
            let length = match &column.values {
                Values::Id(v) => v.len(),
                Values::Time(v) => v.len(),
                Values::Float(v) => v.len(),
                Values::Int(v) => v.len(),
                Values::Exact(v, _) => v.len(),
                Values::String(v) => v.len(),
                Values::Small(v) => v.len(),
                Values::Bool(v) => v.len(),
                Values::Text(v) => {
                    assert!(
                        v.iter().all(|&code| usize::from(code) < dictionary.len()),
                        "{}",
                        spec.name
                    );
                    v.len()
                }
            };
            assert_eq!(length, chunk.rows, "{}", spec.name);
            assert_eq!(
                spec.nullable,
                matches!(column.validity, Validity::Mask(_)),
                "{}",
                spec.name
            );
        }
    }
}

#[test]
fn states_go_from_active_over_settling_to_settled() {
    let (_, library) = tutoring();
    let plan = plan(library, &request(&["exam-season-surge@day5T00:30"], &[]), 1).expect("it fits");
    let rows = plan.state_rows();
    let search: Vec<_> = rows
        .iter()
        .filter(|row| {
            row.intervention.starts_with("exam") && row.address == "customer.tutor.search/rate"
        })
        .collect();
    // 72 h from 00:30 on, then 95 % of 12 h: the start, the hours, the end and the last moment.
    let number = |state: &str| search.iter().filter(|row| row.state == state).count();
    assert_eq!(
        [number("active"), number("settling"), number("settled")],
        [73, 12, 1]
    );
    assert!(search.is_sorted_by_key(|row| row.time));
    assert!(
        search
            .iter()
            .all(|row| row.state != "active" || row.strength == 1.0)
    );
    assert!(search.is_sorted_by(|a, b| a.strength >= b.strength));
    let half = search
        .iter()
        .find(|row| row.time == day(7, 6) + Span(Span::HOUR.0))
        .expect("a full hour");
    assert!(
        (half.strength - (1.0 - 6.5 / 12.0)).abs() < 1e-9,
        "{half:?}"
    );
    assert!(
        rows.iter()
            .all(|row| START <= row.time && row.time < day(30, 0))
    );
}
