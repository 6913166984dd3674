//! Who belongs to whom, what `else` is left with, and what nothing uses.

use causeflow_models::from_files;

use super::{END, Mistake, check, edited, refused, summary};

const COUNTERS: &str = "counters: [unpaid_orders]\n";

#[test]
fn owners_are_of_another_kind_and_have_room_for_all() {
    check(&[
        Mistake {
            edit: (
                "    count: 500\n",
                "    count: 500\n    belongs_to: {customer: {min: 1, max: 3}}\n",
            ),
            line: "belongs_to: {customer",
            message: "a customer cannot belong to a customer",
            help: "a kind of their own",
        },
        Mistake {
            edit: (
                "  customer:\n    count: 500\n",
                "  house: {count: 100}\n  customer:\n    count: 500\n    belongs_to: {house: {min: 2, max: 3}}\n",
            ),
            line: "belongs_to: {house",
            message: "500 of customer for 100 of house are 5 each, more than `max`",
            help: "change `max` or one of the counts",
        },
        Mistake {
            edit: (
                "  customer:\n    count: 500\n",
                "  house: {count: 400}\n  customer:\n    count: 500\n    belongs_to: {house: {min: 2, max: 3}}\n",
            ),
            line: "belongs_to: {house",
            message: "500 of customer for 400 of house are 1.25 each, less than `min`",
            help: "change `min` or one of the counts",
        },
        Mistake {
            edit: (
                "    variables:\n      orders: 0\n",
                "    belongs_to: {house: {min: 1, max: 9}}\n    variables:\n      house_id: 1\n      orders: 0\n  house: {count: 100}\n",
            ),
            line: "belongs_to: {house",
            message: "`house_id` is taken by `belongs_to`",
            help: "choose another name for that",
        },
    ]);
}

#[test]
fn nobody_belongs_to_anybody_where_nobody_is_there_yet() {
    for counts in [(0, 500), (100, 0)] {
        let kinds = format!(
            "  house: {{count: {}}}\n  guest: {{count: {}, belongs_to: {{house: {{min: 2, max: 3}}}}}}\n  customer:\n",
            counts.0, counts.1
        );
        from_files("test", edited(&[("  customer:\n", &kinds)])).expect("events may say so later");
    }
}

/// A stream with two causes and a source, of which only one has the field `pages`.
fn by_cause(cases: &str) -> String {
    format!(
        "  shop.followed:\n    source: {{rate: 10, actor: customer}}\n    causes:\n      - {{on: shop.visited, delay: 1m}}\n      \
         - {{on: order.placed, delay: 1m}}\n    fields:\n      amount: {{by: cause, cases: {{{cases}}}}}\n{END}"
    )
}

#[test]
fn the_last_case_is_about_the_causes_that_have_none_of_their_own() {
    let fine =
        by_cause("source: {value: '1'}, order.placed: {value: amount_usd}, else: {value: pages}");
    from_files("test", edited(&[(END, &fine)])).expect("`else` is left with shop.visited");
    for (cases, message) in [
        (
            "source: {value: '1'}, else: {value: amount_usd}",
            "`amount_usd` is not known here",
        ),
        (
            "order.placed: {value: amount_usd}, else: {value: pages}",
            "`pages` is not known here",
        ),
        (
            "source: {value: '1'}, order.placed: {value: amount_usd}, shop.visited: {value: pages}, else: {value: '2'}",
            "this case is never chosen: each cause has one of its own",
        ),
    ] {
        let found = summary(&refused(edited(&[(END, &by_cause(cases))])));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(message), "{found:?}");
    }
}

#[test]
fn calendars_that_no_profile_uses_are_checked() {
    check(&[Mistake {
        edit: (
            COUNTERS,
            "calendars:\n  year:\n    - {name: spring, from: 02-30, to: 05-01, factor: 2}\ncounters: [unpaid_orders]\n",
        ),
        line: "from: 02-30",
        message: "`02-30` is not a day",
        help: "",
    }]);
}

#[test]
fn what_is_far_away_is_said_to_be() {
    let desk = "  shop.answered:\n    causes: [{on: shop.visited}]\n    desk: {name: agents, work: 5m}\n    \
                fields: {country: {value: customer.country}}\n";
    let far = "  shop.told:\n    causes: [{on: shop.visited, cell: any, delay: 2h}]\n    \
               fields: {country: {value: customer.country}}\n";
    let desks = "desks:\n  agents: {shifts: [{from: 0h, to: 24h, agents: 2}]}\n";
    for (stream, message) in [
        (
            desk,
            "`country`: the customer lives in a cell that this event may have left / carry what is needed of the customer, such as `customer.id`",
        ),
        (
            far,
            "the customer lives in a cell that this event may have left / carry what is needed",
        ),
    ] {
        let (with, desks) = (format!("{stream}{END}"), format!("{desks}{COUNTERS}"));
        let found = summary(&refused(edited(&[(END, &with), (COUNTERS, &desks)])));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains(message), "{found:?}");
    }
}

/// A duration without a unit is wrong whatever else is wrong in its cause.
#[test]
fn an_unknown_key_hides_no_constant_that_is_wrong() {
    for (wrong, message) in [
        ("delay: 30", "this is a number, expected a duration"),
        ("delay: 6h..1h", "this range goes from high to low"),
        ("delay: '1h - 2h'", "this delay is negative"),
        ("delay: 1h, count: 1.5", "found the count 1.5"),
        (
            "delay: 1h, count: 'posson(2)'",
            "there is no function `posson`",
        ),
        (
            "delay: 'uniform(1h)'",
            "`uniform` takes 2 arguments, found 1",
        ),
        ("delay: 1h, probability: 120%", "found the probability 1.2"),
    ] {
        let cause = format!("{{on: shop.visited, cel: any, {wrong}}}");
        let files = edited(&[(
            "{on: shop.visited, probability: 0.1, delay: 2m..30m}",
            &cause,
        )]);
        let found = summary(&refused(files));
        assert_eq!(found.len(), 2, "{wrong}: {found:?}");
        assert!(found.iter().any(|f| f.contains("unknown key")), "{found:?}");
        assert!(
            found.iter().any(|f| f.contains(message)),
            "{message} in {found:?}"
        );
    }
}
