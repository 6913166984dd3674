//! Calendars that cannot be, and questions to who has none.

use super::{Mistake, check};

/// The attributes of the template's customers, before which a calendar is put.
const KIND: &str = "    count: 500\n";

#[test]
fn a_calendar_is_cut_into_parts_of_a_day() {
    check(&[
        Mistake {
            edit: (
                KIND,
                "    count: 500\n    calendar: {step: 20m, days: 10}\n",
            ),
            line: "calendar: {step: 20m",
            message: "found the step 20m, expected a part of a day, 30m at least",
            help: "30m or 1h",
        },
        Mistake {
            edit: (KIND, "    count: 500\n    calendar: {step: 7h, days: 10}\n"),
            line: "calendar: {step: 7h",
            message: "found the step 7h, expected a part of a day",
            help: "30m or 1h",
        },
        Mistake {
            edit: (KIND, "    count: 500\n    calendar: {step: 1h, days: 0}\n"),
            line: "calendar: {step: 1h",
            message: "0",
            help: "",
        },
        Mistake {
            edit: (
                KIND,
                "    count: 500\n    calendar: {step: 1h, days: 9, open: sometimes}\n",
            ),
            line: "open: sometimes",
            message: "sometimes",
            help: "there are: always",
        },
    ]);
}

#[test]
fn only_who_has_a_calendar_is_asked_for_a_slot() {
    check(&[
        Mistake {
            edit: (
                "      order_id: {value: new_id(order)}\n",
                "      order_id: {value: new_id(order)}\n      now: {value: 'free(customer, time, 1h)'}\n",
            ),
            line: "now: {value",
            message: "a customer has no calendar",
            help: "calendar: {step: 30m, days: 28}",
        },
        Mistake {
            edit: (
                "{entity: customer, add: {orders: 1}}",
                "{entity: customer, reserve: {from: time, for: 1h}}",
            ),
            line: "reserve: {from",
            message: "a customer has no calendar",
            help: "calendar: {step: 30m, days: 28}",
        },
        Mistake {
            edit: (
                "{counter: unpaid_orders, add: 1}",
                "{counter: unpaid_orders, add: 1, open: {from: time, for: 1h}}",
            ),
            line: "open: {from",
            message: "`open` is about the calendar of an entity, not a counter",
            help: "write two changes",
        },
        Mistake {
            edit: (
                "unpaid_orders: {value: total(unpaid_orders), type: int}",
                "unpaid_orders: {value: utilisation(customer)}",
            ),
            line: "utilisation(customer)",
            message: "a customer has no calendar",
            help: "calendar: {step: 30m, days: 28}",
        },
        Mistake {
            edit: (
                "      order_id: {value: new_id(order)}\n",
                "      order_id: {value: new_id(order)}\n      used: {value: utilisation(customer)}\n",
            ),
            line: "used: {value",
            message: "`utilisation` shows the whole business",
            help: "",
        },
    ]);
}

#[test]
fn questions_and_changes_have_all_of_their_parts() {
    let order = "      order_id: {value: new_id(order)}\n";
    check(&[
        Mistake {
            edit: (
                order,
                "      order_id: {value: new_id(order)}\n      now: {value: 'free(time, 1h)'}\n",
            ),
            line: "now: {value",
            message: "`free` takes one to four entities, a time and a duration",
            help: "",
        },
        Mistake {
            edit: (
                order,
                "      order_id: {value: new_id(order)}\n      now: {value: 'slot(customer, time, 1h)'}\n",
            ),
            line: "now: {value",
            message: "the preferred time, a duration, the earliest and the latest time",
            help: "",
        },
        Mistake {
            edit: (
                "{entity: customer, add: {orders: 1}}",
                "{entity: customer, release: {from: time}}",
            ),
            line: "release: {from",
            message: "`for` is missing",
            help: "How long it is",
        },
    ]);
}
