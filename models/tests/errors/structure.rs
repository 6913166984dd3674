//! Files that are not YAML, keys that do not exist, values of the wrong shape.

use super::{END, Mistake, check, edited, refused, summary};

#[test]
fn keys_are_spelt_right_and_stand_once() {
    check(&[
        Mistake {
            edit: ("    fields:", "    feilds:"),
            line: "feilds:",
            message: "unknown key `feilds`",
            help: "did you mean `fields`?",
        },
        Mistake {
            edit: ("counters:", "counter:"),
            line: "counter:",
            message: "unknown key `counter`",
            help: "did you mean `counters`?",
        },
        Mistake {
            edit: ("{rate: 2000,", "{"),
            line: "{ profile: opening",
            message: "the key `rate` is missing here",
            help: "`rate`: Arrivals a day at scale 1",
        },
        Mistake {
            edit: ("weekdays: [1,", "wéekdays: [1,"),
            line: "wéekdays",
            message: "unknown key `wéekdays`",
            help: "did you mean `weekdays`?",
        },
        Mistake {
            edit: ("[unpaid_orders]", "[unpaid_orders, unpaid_orders]"),
            line: "counters:",
            message: "the counter `unpaid_orders` is already defined",
            help: "remove one of the two",
        },
        Mistake {
            edit: (
                "{every: 1h, at: 0m}",
                "{every: 1h, for_each: {way: [sea, air, sea]}}",
            ),
            line: "for_each",
            message: "`sea` stands in `for_each` twice",
            help: "remove one of the two",
        },
    ]);
}

#[test]
fn names_stand_once_and_are_plain() {
    check(&[
        Mistake {
            edit: (
                "      pages:",
                "      customer_id: {value: customer.id}\n      pages:",
            ),
            // The second one is to blame, which `line` would not find.
            line: "{value: customer.id}\n      pages:",
            message: "the key `customer_id` stands here a second time",
            help: "remove one of the two",
        },
        Mistake {
            edit: ("      pages:", "      time:"),
            line: "      time:",
            message: "`time` is a column that every event has",
            help: "choose another name",
        },
        Mistake {
            edit: ("payment.overdue:", "payment overdue:"),
            line: "payment overdue:",
            message: "`payment overdue` cannot be the name of a stream",
            help: "lower-case words",
        },
        Mistake {
            edit: (
                END,
                "  a.b: {description: What makes it?}\n  shop.snapshot:\n",
            ),
            line: "a.b:",
            message: "nothing ever makes an event of a.b",
            help: "add `source`, `timer`, `causes`, `after` or `crossing`",
        },
    ]);
}

#[test]
fn values_have_the_right_shape() {
    check(&[
        Mistake {
            edit: ("cells: 4", "cells: four"),
            line: "cells: four",
            message: "found `four`, expected a whole number from 1 to 4096",
            help: "",
        },
        Mistake {
            edit: ("rate: 2000", "rate: often"),
            line: "rate: often",
            message: "`often` is not a rate such as `1440`, a day, or `60/h`",
            help: "",
        },
        Mistake {
            edit: ("counters: [unpaid_orders]", "counters: unpaid_orders"),
            line: "counters:",
            message: "found `unpaid_orders`, expected a list",
            help: "write a list: [unpaid_orders]",
        },
        Mistake {
            edit: ("timer: {every: 1h, at: 0m}", "timer: 1h"),
            line: "timer: 1h",
            message: "found `1h`, expected a map with the key every",
            help: "",
        },
        Mistake {
            edit: ("type: int", "type: 'decimal(2, 3)'"),
            line: "type: 'decimal(2, 3)'",
            message: "found the type `decimal(2, 3)`, expected int",
            help: "1 to 18 digits",
        },
        Mistake {
            edit: (
                "total(unpaid_orders), type: int",
                "bernoulli(0.5), type: bigint",
            ),
            line: "type: bigint",
            message: "only numbers can be bigint, this is a truth value",
            help: "",
        },
        Mistake {
            edit: ("total(unpaid_orders), type: int", "'split(hour, 2)'"),
            line: "split(hour, 2)",
            message: "this is a number, and only an exact number can be split",
            help: "decimal(..., 2)",
        },
        Mistake {
            edit: ("total(unpaid_orders), type: int", "'decimal(1, hour)'"),
            line: "decimal(1, hour)",
            message: "found no number of decimals, expected 0 to 9",
            help: "write it out",
        },
        Mistake {
            edit: (
                "total(unpaid_orders), type: int",
                "'decimal(hour, 9) * decimal(hour, 9)'",
            ),
            line: "decimal(hour, 9) * decimal(hour, 9)",
            message: "this product would have 18 decimals, at most 12 are possible",
            help: "round one of the two first",
        },
        Mistake {
            edit: (
                "counters: [unpaid_orders]",
                "counters: [{name: unpaid_orders, type: bigint}]",
            ),
            line: "type: bigint",
            message: "a counter has at most 15 digits, found bigint",
            help: "decimal(15, 0)",
        },
        Mistake {
            edit: (
                "value: total(unpaid_orders), type: int",
                "choice: {0: 1, some: 2}, type: int",
            ),
            line: "some: 2",
            message: "found `some`, expected a number, as `type` says",
            help: "leave `type` out",
        },
        Mistake {
            edit: ("type: int", "type: integer"),
            line: "type: integer",
            message: "found the type `integer`, expected int, float, bigint or decimal(digits, decimals)",
            help: "leave `type` out if it is not a number",
        },
        Mistake {
            edit: ("weekdays: [1,", "weekdays: [1, 1,"),
            line: "weekdays:",
            message: "found a list of 8 values, expected 7",
            help: "",
        },
        Mistake {
            edit: (
                "{value: customer.id}",
                "{value: customer.id, choice: {a: 1}}",
            ),
            line: "choice: {a: 1}",
            message: "`customer_id` has more than one kind of value",
            help: "write one of",
        },
        Mistake {
            edit: (
                "    description: What is open",
                "    source: {rate: 5}\n    description: What is open",
            ),
            line: "timer:",
            message: "a stream has a `source` or a `timer`, not both",
            help: "",
        },
    ]);
}

#[test]
fn what_is_not_yaml_is_refused_where_it_breaks() {
    check(&[
        Mistake {
            edit: (
                "outcome: payment, probability: 0.95",
                "outcome: payment: probability: 0.95",
            ),
            line: "outcome: payment: probability",
            message: "this is not YAML",
            help: "check indentation, quotes",
        },
        Mistake {
            edit: ("model:\n", "model:\n\tname: shop\n"),
            line: "\tname: shop",
            message: "this is not YAML",
            help: "there is a tab here: put spaces in its place",
        },
        Mistake {
            edit: ("{start: 2026", "{start:\t2026"),
            line: "{start:\t2026",
            message: "this is not YAML",
            help: "there is a tab here: put spaces in its place",
        },
        Mistake {
            edit: (
                "counters: [unpaid_orders]",
                "counters: &all [unpaid_orders]\nprofile: *all",
            ),
            line: "profile: *all",
            message: "aliases (`*name`) are not part of the model format",
            help: "write the value out",
        },
        Mistake {
            edit: (
                "counters: [unpaid_orders]",
                "---\ncounters: [unpaid_orders]",
            ),
            line: "---",
            message: "a second document begins here; a file holds one",
            help: "a file of its own",
        },
        Mistake {
            edit: ("name: shop", "[a, b]: shop"),
            line: "[a, b]",
            message: "a key must be a plain text",
            help: "quote what begins with",
        },
    ]);
}

#[test]
fn expressions_that_are_none_are_refused_where_they_break() {
    let mistake = |edit, message| Mistake {
        edit: ("{value: customer.id}", edit),
        line: edit,
        message,
        help: "",
    };
    check(&[
        mistake(
            "{value: 'customer.id +'}",
            "found the end, expected a value",
        ),
        mistake("{value: '(customer.id'}", "found the end, expected `)`"),
        mistake(
            "{value: 'customer.id $ 5'}",
            "`$` has no meaning in an expression",
        ),
        mistake(
            "{value: 'uniform(1)'}",
            "`uniform` takes 2 arguments, found 1",
        ),
        mistake(
            "{value: \"customer.id + 1\"}",
            "`+` does not go with an identifier and a number",
        ),
        mistake(
            "{value: \"if(1, 2, 3)\"}",
            "this is a number, expected a truth value",
        ),
    ]);
}

/// Reports show the text around a mistake, whatever characters it is made of.
#[test]
fn a_missing_key_is_shown_beside_any_letter() {
    let found = summary(&refused(edited(&[(
        "source: {rate: 2000, profile: opening, actor: customer}",
        "source:\n      \u{e9}t\u{e9}: 1",
    )])));
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(
        found
            .iter()
            .any(|f| f.starts_with("template/shop.yaml:5:7: the key `rate` is missing here"))
    );
}

#[test]
fn deep_nesting_is_refused() {
    let list: &'static str =
        Box::leak(format!("counters: {}{}", "[".repeat(200), "]".repeat(200)).into_boxed_str());
    let sum: &'static str =
        Box::leak(format!("{{value: '{}1{}'}}", "(".repeat(100), ")".repeat(100)).into_boxed_str());
    let mistake = |edit, line| Mistake {
        edit,
        line,
        message: "this is nested too deeply",
        help: "",
    };
    check(&[
        mistake(("counters: [unpaid_orders]", list), "counters: [["),
        mistake(("{value: customer.id}", sum), "((((("),
    ]);
}

/// Two ways from one cause are two events that may follow: to ask whether "the" event does is to ask nothing.
#[test]
fn of_two_ways_it_is_not_asked_whether_one_happens() {
    let model = "\
model: {name: m, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 7}}
streams:
  a.begun: {source: {rate: 400}, fields: {led: {value: happens(a.followed)}}}
  a.followed: {causes: [{on: a.begun, probability: 0.5}]}
";
    let ways = "[{on: a.begun, probability: 0.5}, {on: a.begun, delay: 1h}]";
    let one_way = "[{on: a.begun, probability: 0.5}]";
    assert_eq!(super::of_text(model, &[]), [""; 0]);
    let found = super::of_text(model, &[(one_way, ways)]);
    let [found] = &found[..] else {
        panic!("one mistake, one error, not {found:#?}")
    };
    assert!(found.starts_with("m/m.yaml:3:"), "{found}");
    assert!(
        found.contains("a.begun causes `a.followed` in several ways"),
        "{found}"
    );
    assert!(found.contains("into a `let`"), "{found}");
}
