//! Values of the wrong kind: numbers that should be texts, texts that should be numbers, parts that should be maps.

use super::{Mistake, check, edited, refused, summary};

/// What is wrong with the template after edits, which must be this many errors.
fn errors(edits: &[(&str, &str)], count: usize) -> Vec<String> {
    let found = summary(&refused(edited(edits)));
    assert_eq!(found.len(), count, "{found:#?}");
    found
}

#[test]
fn a_number_is_no_text() {
    let quotes = "put it in quotes: '5'";
    let message = "found `5`, expected a text";
    check(&[
        Mistake {
            edit: ("    count: 500", "    states: [active, 5]\n    count: 500"),
            line: "states: [active, 5]",
            message,
            help: quotes,
        },
        Mistake {
            edit: ("counters: [unpaid_orders]", "counters: [unpaid_orders, 5]"),
            line: "counters:",
            message,
            help: quotes,
        },
        Mistake {
            edit: ("every: 1h, at: 0m", "every: 1h, for_each: {a: [x, 5]}"),
            line: "for_each: {a: [x, 5]}",
            message,
            help: quotes,
        },
        Mistake {
            edit: ("name: shop", "name: 5"),
            line: "name: 5",
            message,
            help: quotes,
        },
        Mistake {
            edit: ("actor: customer}", "actor: customer, states: [5]}"),
            line: "states: [5]",
            message,
            help: quotes,
        },
        Mistake {
            edit: ("unit: usd", "unit: true"),
            line: "unit: true",
            message: "found `true`, expected a text",
            help: "put it in quotes: 'true'",
        },
    ]);
}

#[test]
fn a_number_among_names_hides_nothing_else() {
    let found = errors(
        &[
            (
                "counters: [unpaid_orders]",
                "counters: [unpaid_orders, 5, event_id]",
            ),
            ("cells: 4", "cells: 0"),
        ],
        2,
    );
    assert!(found[0].starts_with(
        "template/model.yaml:5:10: found `0`, expected a whole number from 1 to 4096"
    ));
    assert!(found[1].starts_with("template/model.yaml:15:27: found `5`, expected a text"));
}

#[test]
fn a_text_is_no_number() {
    check(&[
        Mistake {
            edit: ("count: 500", "count: \"500\""),
            line: "count: \"500\"",
            message: "found `500` in quotes, expected a whole number from 0 to 100000000",
            help: "leave out the quotes: 500",
        },
        Mistake {
            edit: ("weekdays: [1,", "weekdays: ['1',"),
            line: "weekdays: ['1',",
            message: "found `1` in quotes, expected a number",
            help: "leave out the quotes: 1",
        },
    ]);
}

#[test]
fn what_is_expected_has_both_bounds_and_all_ways_to_write_it() {
    check(&[
        Mistake {
            edit: ("days: 28", "days: 0"),
            line: "days: 0",
            message: "found `0`, expected a whole number from 1 to 3660",
            help: "",
        },
        Mistake {
            edit: ("decimals: 2", "decimals: -1"),
            line: "decimals: -1",
            message: "found `-1`, expected a whole number from 0 to 12",
            help: "",
        },
        Mistake {
            edit: ("actor: customer}", "actor: customer, states: active}"),
            line: "states: active",
            message: "found `active`, expected a list or a map of keys",
            help: "",
        },
        Mistake {
            edit: ("actor: customer}", "actor: customer, weight: 5}"),
            line: "weight: 5",
            message: "found `5`, expected one of activity, equal",
            help: "",
        },
    ]);
}

#[test]
fn a_misspelt_key_is_not_missing_as_well() {
    check(&[Mistake {
        edit: ("{rate: 2000,", "{rat: 2000,"),
        line: "{rat: 2000",
        message: "unknown key `rat`",
        help: "did you mean `rate`?",
    }]);
}

#[test]
fn a_comma_within_an_expression_ends_it_in_a_map_on_one_line() {
    let help = "put an expression with commas in quotes";
    check(&[
        Mistake {
            edit: ("delay: 2d}", "delay: uniform(1d, 2d)}"),
            line: "uniform(1d, 2d)",
            message: "unknown key `2d)`",
            help,
        },
        Mistake {
            edit: ("delay: 2d}", "delay: lognormal(1d, max(1, 2), 1h, 3d)}"),
            line: "max(1, 2)",
            message: "unknown key `max(1`",
            help,
        },
    ]);
}

#[test]
fn long_texts_are_shown_in_part() {
    let long = "x".repeat(300);
    for (edit, shown) in [
        ("type: int", format!("type: {long}")),
        ("actor: customer", format!("actor: {long}")),
        ("total(unpaid_orders)", format!("total({long})")),
        ("[unpaid_orders]", format!("[unpaid_orders, {long}]")),
    ] {
        for found in errors(&[(edit, &shown)], 1) {
            assert!(found.contains("xxx...`") && found.len() < 300, "{found}");
        }
    }
}
