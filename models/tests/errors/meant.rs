//! What people write, and what to write instead.

use super::{END, Mistake, check, edited, refused, summary};

#[test]
fn units_stand_behind_their_numbers() {
    check(&[
        Mistake {
            edit: ("delay: 2m..30m", "delay: 5 min"),
            line: "delay: 5 min",
            message: "a unit stands right behind its number, found `5 min`",
            help: "write 5m",
        },
        Mistake {
            edit: ("delay: 2m..30m", "delay: 'uniform(2 minutes, 1 hour)'"),
            line: "2 minutes",
            message: "found `2 minutes`",
            help: "write 2m",
        },
        Mistake {
            edit: ("warmup: 3d", "warmup: 3 days"),
            line: "warmup: 3 days",
            message: "`3 days` is not a duration",
            help: "did you mean `3d`?",
        },
    ]);
}

#[test]
fn numbers_have_digits_only() {
    check(&[
        Mistake {
            edit: ("count: 500", "count: 1_000"),
            line: "count: 1_000",
            message: "found `1_000`, expected a whole number",
            help: "write 1000",
        },
        Mistake {
            edit: ("rate: 2000", "rate: 2_000.5"),
            line: "rate: 2_000.5",
            message: "`2_000.5` is not a rate",
            help: "write 2000.5",
        },
        Mistake {
            edit: ("1 + geometric(4)", "1_000 + geometric(4)"),
            line: "1_000 +",
            message: "`1_000` is not a number",
            help: "write 1000",
        },
    ]);
}

#[test]
fn lists_where_weights_are_wanted() {
    check(&[
        Mistake {
            edit: ("choice: {DE: 60, FR: 25, NL: 15}", "choice: [DE, FR]"),
            line: "choice: [DE",
            message: "found a list, expected a map of keys",
            help: "give each its weight, such as {DE: 1, FR: 1}",
        },
        Mistake {
            edit: (
                "    count: 500\n",
                "    count: 500\n    joins: {active: 5, gone: 1}\n",
            ),
            line: "joins: {active",
            message: "found a map of keys, expected a text",
            help: "one name stands here, for all of them",
        },
    ]);
}

#[test]
fn texts_are_chosen_and_states_named() {
    check(&[
        Mistake {
            edit: ("{value: new_id(order)}", "{value: \"concat('a', 'b')\"}"),
            line: "concat",
            message: "there is no function `concat`",
            help: "texts are not put together here",
        },
        Mistake {
            edit: ("{value: new_id(order)}", "{value: \"'a' + 'b'\"}"),
            line: "'a' + 'b'",
            message: "`+` does not go with a text and a text",
            help: "texts are not put together here",
        },
        Mistake {
            edit: (
                "      - {entity: customer, add: {orders: 1}}\n",
                "      - {entity: customer, state: \"if(hour > 3, 'a', 'b')\"}\n",
            ),
            line: "state: \"if",
            message: "a customer has no state `if(hour > 3, 'a', 'b')`",
            help: "a state stands here by its name: write a change for each, with `when`",
        },
        Mistake {
            edit: (
                "{value: new_id(order)}",
                "{value: \"pick(customer, if(hour > 3, 'a', 'b')).id\"}",
            ),
            line: "pick(customer, if",
            message: "what `pick(...)` gives has no name here, so nothing can be read of it",
            help: "name it first",
        },
        Mistake {
            edit: (
                "    fields:\n      order_id: {value: new_id(order)}",
                "    let: {other: {value: \"pick(customer, if(hour > 3, 'a', 'b'))\"}}\n    fields:\n      order_id: {value: new_id(order)}",
            ),
            line: "pick(customer, if",
            message: "expected a name here",
            help: "to choose, put `if` around the function",
        },
    ]);
}

#[test]
fn constants_come_to_something() {
    check(&[
        Mistake {
            edit: ("delay: 2m..30m", "delay: '1d * 1e300'"),
            line: "1d * 1e300",
            message: "this duration is too long: at most 1,157,407 days are possible",
            help: "",
        },
        Mistake {
            edit: ("delay: 2m..30m", "delay: '1d / 0'"),
            line: "1d / 0",
            message: "this divides by 0",
            help: "",
        },
        Mistake {
            edit: ("1 + geometric(4)", "1e200 * 1e200"),
            line: "1e200 * 1e200",
            message: "this comes to more than any number",
            help: "",
        },
    ]);
}

/// The one that is too many is shown where it stands.
#[test]
fn a_text_too_many_is_shown_where_it_stands() {
    let texts: Vec<String> = (0..66_000).map(|n| format!("t{n:05}: 1")).collect();
    let field = format!(
        "  shop.coded:\n    causes: [{{on: shop.visited}}]\n    fields:\n      code:\n        choice:\n          {}\n{END}",
        texts.join("\n          ")
    );
    let found = summary(&refused(edited(&[(END, &field)])));
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("is one text too many: a model has at most 65,535"),
        "{found:?}"
    );
    assert!(found[0].starts_with("template/shop.yaml:65"), "{found:?}");
}
