//! Names of things that do not exist, or not there.

use super::{END, Mistake, check};

#[test]
fn unknown_names_are_met_with_the_nearest_one() {
    check(&[
        Mistake {
            edit: ("{on: shop.visited,", "{on: shop.visitd,"),
            line: "on: shop.visitd",
            message: "there is no stream `shop.visitd`",
            help: "did you mean `shop.visited`?",
        },
        Mistake {
            edit: ("actor: customer", "actor: custmer"),
            line: "actor: custmer",
            message: "there is no kind of entity `custmer`",
            help: "did you mean `customer`?",
        },
        Mistake {
            edit: ("profile: opening", "profile: openin"),
            line: "profile: openin",
            message: "there is no profile `openin`",
            help: "did you mean `opening`?",
        },
        Mistake {
            edit: ("total(unpaid_orders)", "total(unpaid_order)"),
            line: "total(unpaid_order)",
            message: "there is no counter `unpaid_order`",
            help: "did you mean `unpaid_orders`?",
        },
        Mistake {
            edit: (
                "{counter: unpaid_orders, add: -1}",
                "{counter: unpayd_orders, add: -1}",
            ),
            line: "unpayd_orders",
            message: "there is no counter `unpayd_orders`",
            help: "did you mean `unpaid_orders`?",
        },
        Mistake {
            edit: ("actor: customer}", "actor: customer, states: [actve]}"),
            line: "states: [actve]",
            message: "a customer has no state `actve`",
            help: "did you mean `active`?",
        },
    ]);
}

#[test]
fn the_value_of_a_stream_is_one_of_its_fields_and_a_number() {
    check(&[
        Mistake {
            edit: ("value: unpaid_orders\n", "value: unpaid_order\n"),
            line: "value: unpaid_order\n",
            message: "shop.snapshot has no field `unpaid_order`",
            help: "did you mean `unpaid_orders`?",
        },
        Mistake {
            edit: ("value: pages", "value: customer_id"),
            line: "value: customer_id\n",
            message: "`customer_id` is no number, so it cannot be summed up",
            help: "fields that are numbers: pages",
        },
    ]);
}

#[test]
fn unknown_parts_are_met_with_the_nearest_one() {
    check(&[
        Mistake {
            edit: ("{value: customer.id}", "{value: customer.idd}"),
            line: "customer.idd",
            message: "a customer has no `idd`",
            help: "did you mean `id`?",
        },
        Mistake {
            edit: ("add: {orders: 1}", "add: {order: 1}"),
            line: "add: {order: 1}",
            message: "a customer has no variable `order`",
            help: "did you mean `orders`?",
        },
        Mistake {
            edit: ("1 + geometric(4)", "1 + geometrc(4)"),
            line: "geometrc",
            message: "there is no function `geometrc`",
            help: "did you mean `geometric`?",
        },
    ]);
}

#[test]
fn conditions_on_what_is_not_there_are_refused() {
    check(&[
        Mistake {
            edit: ("delay: 2m..30m}", "delay: 2m..30m, when: pagess > 3}"),
            line: "when: pagess",
            message: "`pagess` is not known here",
            help: "did you mean `pages`?",
        },
        Mistake {
            edit: (
                "delay: 2m..30m}",
                "delay: 2m..30m, when: \"customer.country == 'DEE'\"}",
            ),
            line: "'DEE'",
            message: "the value is never 'DEE'",
            help: "did you mean `DE`?",
        },
        Mistake {
            edit: (
                "    description: A visit",
                "    requires: \"customer.state == 'activ'\"\n    description: A visit",
            ),
            line: "'activ'",
            message: "the value is never 'activ'",
            help: "did you mean `active`?",
        },
        Mistake {
            edit: (
                END,
                "  a.b:\n    source: {rate: 1}\n    fields: {x: {}}\n  shop.snapshot:\n",
            ),
            line: "x: {}",
            message: "`x` has no value of its own and is not known",
            help: "write a `value`",
        },
    ]);
}

#[test]
fn cases_are_complete_and_possible() {
    let cases = |cases: &'static str| Mistake {
        edit: ("      pages:", cases),
        line: "tax:",
        message: "",
        help: "",
    };
    check(&[
        Mistake {
            line: "cases:",
            message: "the case NL (or `else`) is missing",
            ..cases(
                "      tax:\n        by: customer.country\n        cases: {DE: {value: 1}, FR: {value: 2}}\n      pages:",
            )
        },
        Mistake {
            message: "the value of `customer.country` is never 'DD'",
            help: "did you mean `DE`?",
            ..cases(
                "      tax: {by: customer.country, cases: {DD: {value: 1}, else: {value: 2}}}\n      pages:",
            )
        },
        Mistake {
            message: "this case is a text, others are a number",
            ..cases(
                "      tax: {by: customer.country, cases: {DE: {value: 1}, else: {value: \"'x'\"}}}\n      pages:",
            )
        },
        Mistake {
            message: "`by` needs `cases`",
            ..cases("      tax: {by: customer.country}\n      pages:")
        },
    ]);
}

#[test]
fn what_lies_in_another_cell_cannot_be_read() {
    check(&[
        Mistake {
            edit: (
                "delay: 2d}\n    fields:\n",
                "delay: 2d, cell: any}\n    fields:\n      country: {value: customer.country}\n",
            ),
            line: "customer.country",
            message: "the customer lives in a cell that this event may have left",
            help: "carry what is needed of the customer, such as `customer.id`, or let it happen in what follows with `cell: customer`",
        },
        Mistake {
            edit: ("{value: customer.id}", "{value: 'count(customer, active)'}"),
            line: "count(customer",
            message: "only a timer without `per` can see",
            help: "",
        },
    ]);
}

#[test]
fn too_much_to_carry_is_refused_with_the_names() {
    let many = "  a.b:\n    source: {rate: 1}\n    fields: {a: {value: 1}, b: {value: 1}, c: {value: 1}, d: {value: 1}, \
                e: {value: 1}, f: {value: 1}, g: {value: 1}, h: {value: 1}, i: {value: 1}}\n  \
                a.c:\n    causes: [{on: a.b}]\n    fields: {a: {}, b: {}, c: {}, d: {}, e: {}, f: {}, g: {}, h: {}, i: {}}\n  \
                shop.snapshot:\n";
    check(&[Mistake {
        edit: (END, many),
        line: "a.c:",
        message: "a.c would carry 9 values from its causes, at most 8 are possible: a, b, c",
        help: "earlier in the chain",
    }]);
}

#[test]
fn names_have_a_length() {
    let long = |count: usize| -> &'static str { Box::leak("x".repeat(count).into_boxed_str()) };
    let stream: &'static str = Box::leak(format!("  {}:\n", long(101)).into_boxed_str());
    check(&[
        Mistake {
            edit: (
                "[unpaid_orders]",
                Box::leak(format!("[unpaid_orders, {}]", long(65)).into_boxed_str()),
            ),
            line: long(65),
            message: "is too long: it takes 65 bytes, at most 64 are possible",
            help: "choose a shorter one",
        },
        Mistake {
            edit: (END, stream),
            line: long(101),
            message: "is too long: it takes 101 bytes, at most 100 are possible",
            help: "choose a shorter one",
        },
    ]);
}

#[test]
fn attributes_and_variables_share_their_names() {
    check(&[Mistake {
        edit: ("      orders: 0", "      orders: 0\n      country: 0"),
        line: "      country: 0",
        message: "a customer already has `country`: attributes and variables share their names",
        help: "choose another name",
    }]);
}
