//! All that is wrong is told at once.

use super::{edited, refused, summary};

#[test]
fn errors_of_all_files_are_reported_together() {
    let files = edited(&[
        (
            "reference: {start: 2026-02-02",
            "reference: {start: 2026-02-32",
        ),
        ("warmup: 3d", "warmup: 3"),
        ("country: {choice: {DE: 60", "country: {choice: {DE: -60"),
        ("rate: 2000", "rate: -1"),
        ("on: shop.visited", "on: shop.visit"),
        ("probability: 0.95", "probability: 0.85"),
        ("add: -1}", "add: 1 +}"),
        ("total(unpaid_orders)", "total(unpaid)"),
    ]);
    let wrong = refused(files);
    let found = summary(&wrong);
    let expected = [
        "model.yaml:7: the duration `3` has no unit",
        "model.yaml:8: `2026-02-32` is not a date",
        "model.yaml:22: found the weight -60",
        "shop.yaml:4: found the rate -1",
        "shop.yaml:13: there is no stream `shop.visit`",
        "shop.yaml:32: found the end, expected a value",
        "shop.yaml:37: the probabilities of the outcome `payment`",
        "shop.yaml:47: there is no counter `unpaid`",
    ];
    for wanted in expected {
        let (place, message) = wanted.split_once(": ").expect("place and message");
        let told = found
            .iter()
            .any(|f| f.starts_with(&format!("template/{place}:")) && f.contains(message));
        assert!(told, "expected {wanted} in {found:#?}");
    }
    assert!(
        wrong
            .render(false)
            .contains(&format!("{} errors", found.len()))
    );
}

#[test]
fn structural_errors_of_all_files_are_reported_together() {
    let files = edited(&[
        ("cells: 4", "cells: many"),
        ("counters:", "conters:"),
        ("activity:", "aktivity:"),
        ("    fields:", "    felds:"),
        ("timer: {every: 1h, at: 0m}", "timer: []"),
        ("rate: 2000", "rate: {}"),
    ]);
    let found = summary(&refused(files));
    assert_eq!(found.len(), 6, "{found:#?}");
    assert_eq!(
        found
            .iter()
            .filter(|f| f.starts_with("template/model.yaml:"))
            .count(),
        3
    );
}

/// What else is wrong beside a misspelt key is told with it.
#[test]
fn a_misspelt_key_hides_nothing_that_does_not_follow_from_it() {
    let files = edited(&[
        (
            "profile: opening, actor: customer",
            "profile: openin, aktor: customer",
        ),
        (
            "probability: 0.1, delay: 2m..30m",
            "probabilty: 0.1, delay: 2m..30",
        ),
        (
            "{counter: unpaid_orders, add: 1}",
            "{counter: unpayd, add: 1 $ 2}",
        ),
        (
            "outcome: payment, probability: 0.95",
            "outcome: payment, probabilty: 0.95",
        ),
        (
            "{on: order.placed, outcome: payment, probability: 0.05",
            "{on: order.placd, outcome: payment, probability: 0.05",
        ),
        ("total(unpaid_orders)", "total(unpaid)"),
    ]);
    let found = summary(&refused(files));
    let expected = [
        "there is no profile `openin`",
        "unknown key `aktor`",
        "unknown key `probabilty`",
        "this is a number, expected a duration",
        "there is no counter `unpayd`",
        "`$` has no meaning in an expression",
        "unknown key `probabilty`",
        "there is no stream `order.placd`",
        "there is no counter `unpaid`",
    ];
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.contains(expected), "expected {expected} in {found}");
    }
}

/// What depends on a wrong part is passed over: one mistake in a name that many use is one error.
#[test]
fn what_follows_from_a_mistake_is_not_told() {
    let files = edited(&[(
        "'lognormal(40, 0.6, 5, 900)'",
        "'lognormal(forty, 0.6, 5, 900)'",
    )]);
    let found = summary(&refused(files));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("`forty` is not known here"));
}

fn expect(edits: &[(&str, &str)], expected: &[&str]) {
    let found = summary(&refused(edited(edits)));
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for wanted in expected {
        assert!(
            found.iter().any(|f| f.contains(wanted)),
            "expected {wanted} in {found:#?}"
        );
    }
}

/// What is wrong with the structure of one block hides nothing in others, and what would follow from it is not told.
#[test]
fn errors_of_structure_and_of_meaning_come_at_once() {
    expect(
        &[
            ("cells: 4", "cells: many"),
            ("warmup: 3d", "warmup: 3"),
            ("activity:", "aktivity:"),
            ("choice: {DE: 60", "choice: {DE: -60"),
            ("counters: [unpaid_orders]", "conters: [unpaid_orders]"),
            ("rate: 2000", "rate: -1"),
            ("profile: opening", "profile: openin"),
            ("on: shop.visited", "on: shop.visit"),
            ("probability: 0.95", "probability: 0.85"),
        ],
        &[
            "found `many`, expected a whole number",
            "the duration `3` has no unit",
            "unknown key `aktivity`",
            "found the weight -60",
            "unknown key `conters`",
            "found the rate -1",
            "there is no profile `openin`",
            "there is no stream `shop.visit`",
            "the probabilities of the outcome `payment`",
        ],
    );
    // Whom nobody can read has attributes, variables and states that nobody knows.
    expect(
        &[
            ("    count: 500\n", "    count: some\n"),
            ("add: {orders: 1}", "add: {orders: 1, visits: 2}"),
            ("{value: customer.id}", "{value: customer.name}"),
            ("delay: 2m..30m", "delay: 30"),
        ],
        &[
            "found `some`, expected a whole number",
            "this is a number, expected a duration",
        ],
    );
    expect(
        &[
            ("    hours: [1,", "    hours: [one,"),
            (
                "reference: {start: 2026-02-02, days: 28}",
                "reference: {begin: 2026-02-02}",
            ),
            ("timer: {every: 1h, at: 0m}", "timer: {every: 1h, at: 2h}"),
            ("description: A small shop", "descripton: A small shop"),
        ],
        &[
            "found `one`, expected a number",
            "unknown key `begin`",
            "the key `start` is missing here",
            "the key `days` is missing here",
            "`at` must be less than the period",
            "unknown key `descripton`",
        ],
    );
}

/// A file that cannot be read may hold whatever others name; what is wrong in those by itself is told.
#[test]
fn a_file_that_is_no_yaml_hides_no_constants_of_others() {
    expect(
        &[
            ("    count: 500\n", "    count: [500\n"),
            ("rate: 2000", "rate: -1"),
            ("delay: 2m..30m", "delay: 30"),
        ],
        &[
            "model.yaml",
            "found the rate -1",
            "this is a number, expected a duration",
        ],
    );
    expect(
        &[
            ("streams:\n", "streams: [\n"),
            ("warmup: 3d", "warmup: 3"),
            ("cells: 4", "cells: 0"),
        ],
        &[
            "shop.yaml",
            "the duration `3` has no unit",
            "found `0`, expected a whole number from 1 to 4096",
        ],
    );
}

/// Each part of an expression is looked at, also behind one that is wrong.
#[test]
fn all_parts_of_an_expression_are_looked_at() {
    expect(
        &[(
            "{value: 1 + geometric(4)",
            "{value: 'if(ninety > 3, max(eight, seven), uniform(six, five)) + pick_(x) + round(four)'",
        )],
        &[
            "`ninety`", "`eight`", "`seven`", "`six`", "`five`", "`pick_`", "`four`",
        ],
    );
}

#[test]
fn rings_are_told_of_beside_all_else() {
    let text = "model: {name: m, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 28}}\n\
                streams:\n  \
                  a: {source: {rate: -1}}\n  \
                  b: {causes: [{on: a}, {on: b, count: 2, delay: 1m}], fields: {x: {value: 1 +}}}\n  \
                  c: {causes: [{on: a}, {on: d}]}\n  \
                  d: {causes: [{on: c}]}\n  \
                  e: {causes: [{on: a}, {on: e, count: 2, delay: 1m}], requires: nothing == 1}\n";
    let found = summary(&refused(vec![causeflow_models::SourceFile {
        path: "a.yaml".into(),
        text: text.into(),
    }]));
    for wanted in [
        "found the rate -1",
        "found the end, expected a value",
        "`nothing` is not known here",
        "each lap of this ring of causes leads to 2 laps on average, so it grows without end: b -> b",
        "this is a circle of causes without delay: time would stand still: c -> d -> c",
    ] {
        assert!(
            found.iter().any(|f| f.contains(wanted)),
            "{wanted}: {found:#?}"
        );
    }
    // What decides about it is wrong.
    assert!(!found.iter().any(|f| f.contains("e -> e")), "{found:#?}");
}
