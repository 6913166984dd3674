//! Constants that cannot be meant.

use super::{Mistake, check, edited, refused, summary};

fn mistake(
    edit: (&'static str, &'static str),
    message: &'static str,
    help: &'static str,
) -> Mistake {
    Mistake {
        edit,
        line: edit.1,
        message,
        help,
    }
}

#[test]
fn nothing_takes_less_than_no_time() {
    let why = "is negative: effects do not come before their cause";
    check(&[
        mistake(
            ("delay: 2m..30m", "delay: 30m..2m"),
            "this range goes from high to low",
            "write the lower bound first",
        ),
        mistake(("delay: 2m..30m", "delay: -5m"), why, ""),
        mistake(
            ("delay: 2m..30m", "delay: 2m, count: 2, spacing: -5m"),
            "this spacing is negative",
            "",
        ),
        mistake(
            ("delay: 2m..30m", "delay: 99999999999999999999d"),
            "this duration is too long",
            "",
        ),
    ]);
}

#[test]
fn a_count_is_whole() {
    let message = "expected a whole number from 0 to 10000";
    check(&[
        mistake(("delay: 2m..30m", "delay: 2m, count: 0.7"), message, ""),
        mistake(("delay: 2m..30m", "delay: 2m, count: 1e300"), message, ""),
    ]);
}

#[test]
fn slots_have_a_length_and_a_number() {
    for (change, message) in [
        ("open: {from: time, for: -8h}", "this length is negative"),
        (
            "open: {from: time, for: 8h, times: -1}",
            "found the number of ranges -1, expected a whole number from 1 to 400",
        ),
        (
            "open: {from: time, for: 8h, times: 500}",
            "found the number of ranges 500",
        ),
        (
            "open: {from: time, for: 8h, times: 2.5}",
            "found the number of ranges 2.5",
        ),
        (
            "open: {from: time, for: 8h, every: 0d, times: 2}",
            "this distance is not more than 0",
        ),
    ] {
        one_error(
            &format!("changes: [{{entity: customer, {change}}}]"),
            message,
        );
    }
    for (question, message) in [
        (
            "slot(customer, time, 25h, time, time + 2d)",
            "`slot` finds ranges of a day at most",
        ),
        (
            "slot(customer, time, -1h, time, time + 2d)",
            "this length is negative",
        ),
        ("free(customer, time, -1h)", "this length is negative"),
        (
            "free_slots(customer, time, 1h, 0d, 2)",
            "this distance is not more than 0",
        ),
        (
            "free_slots(customer, time, 1h, 1d, 500)",
            "found the number of ranges 500",
        ),
    ] {
        one_error(&format!("fields: {{a: {{value: '{question}'}}}}"), message);
    }
}

/// The one error of a stream with this part, in the template with a calendar.
fn one_error(part: &str, message: &str) {
    let stream = format!(
        "  a.b:\n    source: {{rate: 1, actor: customer}}\n    {part}\n{}",
        super::END
    );
    let calendar = "    count: 500\n    calendar: {step: 1h, days: 9}\n";
    let edits = [("    count: 500\n", calendar), (super::END, &stream[..])];
    let found = super::summary(&super::refused(super::edited(&edits)));
    assert_eq!(found.len(), 1, "{part}: {found:#?}");
    assert!(found[0].contains(message), "{part}: {found:#?}");
}

#[test]
fn work_takes_time() {
    let desks = "desks:\n  packers: {shifts: [{from: 8h, to: 18h, agents: 3}]}\n\ncounters:";
    let stream = format!(
        "  a.b:\n    causes: [{{on: order.placed}}]\n    desk: {{name: packers, work: -5m}}\n{}",
        super::END
    );
    let found = super::edited(&[("counters:", desks), (super::END, &stream)]);
    let found = super::summary(&super::refused(found));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].contains("this work is negative: it takes time"));
}

#[test]
fn somebody_takes_part() {
    check(&[
        mistake(
            ("activity: 'gamma(1.5, 1)'", "activity: '0'"),
            "with this activity nobody is ever picked, expected more than 0",
            "leave `activity` out",
        ),
        mistake(
            ("actor: customer}", "actor: customer, states: []}"),
            "no state is named, so nobody ever takes part",
            "leave `states` out for all of them",
        ),
        Mistake {
            edit: (
                "    count: 500",
                "    count: 500\n    states: [active, gone, active]",
            ),
            line: "    states: [active",
            message: "the state `active` stands here a second time",
            help: "remove one of the two",
        },
    ]);
}

#[test]
fn weights_add_up_to_a_number() {
    check(&[
        mistake(
            ("{DE: 60, FR: 25, NL: 15}", "{DE: 1e308, FR: 1e308, NL: 15}"),
            "the weights of `country` add up to more than any number",
            "divide all of them",
        ),
        mistake(
            ("hours: [1, 1,", "hours: [1e307, 1,"),
            "weights are 0 or more, up to 1e12",
            "",
        ),
        mistake(
            ("rate: 2000", "rate: 1e300"),
            "found the rate 1e300, expected 0 to 1000000000 a day",
            "",
        ),
    ]);
}

#[test]
fn a_window_of_nothing_is_told_together_with_what_is_measured_in_windows() {
    let files = edited(&[(
        "  window: 1h",
        "  window: 0s\n  spikes: {share: 5%, size: 50%, every: 90m}",
    )]);
    let found = summary(&refused(files)).join("\n");
    for part in ["found the window 0s", "not a multiple of the window"] {
        assert!(found.contains(part), "expected `{part}` in {found}");
    }
}
