//! Values that cannot be: rates, probabilities, durations, numbers, circles of causes.

use causeflow_models::from_files;

use super::{END, Mistake, check, edited};

#[test]
fn rates_and_probabilities_are_what_they_can_be() {
    check(&[
        Mistake {
            edit: ("probability: 0.95", "probability: 0.9"),
            line: "probability: 0.05",
            message: "of the outcome `payment` of order.placed add up to 0.95, expected 1",
            help: "payment.overdue 0.05, payment.received 0.9",
        },
        Mistake {
            edit: ("rate: 2000", "rate: -5"),
            line: "rate: -5",
            message: "found the rate -5, expected 0 to 1000000000 a day",
            help: "",
        },
        Mistake {
            edit: ("probability: 0.1,", "probability: 1.1,"),
            line: "probability: 1.1",
            message: "found the probability 1.1, expected 0 to 1",
            help: "",
        },
        Mistake {
            edit: ("probability: 0.1,", "probability: -0.1,"),
            line: "probability: -0.1",
            message: "found the probability -0.1, expected 0 to 1",
            help: "",
        },
        Mistake {
            edit: ("delay: 2m..30m", "delay: 2m..30m, count: 2000000"),
            line: "count: 2000000",
            message: "found the count 2000000, expected a whole number from 0 to 10000",
            help: "",
        },
        Mistake {
            edit: ("{DE: 60,", "{DE: -60,"),
            line: "{DE: -60",
            message: "found the weight -60, expected 0 or more",
            help: "",
        },
        Mistake {
            edit: ("hours: [1, 1,", "hours: [-1, 1,"),
            line: "hours: [-1",
            message: "weights are 0 or more, up to 1e12, and not all of them 0",
            help: "",
        },
        Mistake {
            edit: (
                "'lognormal(40, 0.6, 5, 900)'",
                "'lognormal(40, 0.6, 900, 5)'",
            ),
            line: "900, 5)",
            message: "bounds go from low to high",
            help: "",
        },
    ]);
}

#[test]
fn durations_have_units() {
    check(&[
        Mistake {
            edit: ("warmup: 3d", "warmup: 3"),
            line: "warmup: 3",
            message: "the duration `3` has no unit",
            help: "write a number and a unit: 10s, 5m",
        },
        Mistake {
            edit: ("delay: 2d}", "delay: 2}"),
            line: "delay: 2}",
            message: "this is a number, expected a duration",
            help: "write the unit of time",
        },
        Mistake {
            edit: ("every: 1h", "every: 1 fortnight"),
            line: "1 fortnight",
            message: "is not a duration such as",
            help: "write a number and a unit",
        },
        Mistake {
            edit: ("delay: 2m..30m", "delay: 2min..30m"),
            line: "2min",
            message: "`min` is not a unit of time; there are us, ms, s, m, h, d, w",
            help: "did you mean `2m`?",
        },
        Mistake {
            edit: ("window: 1h", "window: 7h"),
            line: "window: 7h",
            message: "found the window 7h, expected a part of a day",
            help: "1h or 15m",
        },
        Mistake {
            edit: ("1 + geometric(4), type: int", "customer.age"),
            line: "pages:",
            message: "a column cannot hold a duration",
            help: "divide it by a unit",
        },
        Mistake {
            edit: ("1 + geometric(4)", "1 + 5m"),
            line: "1 + 5m",
            message: "`+` does not go with a number and a duration",
            help: "divide by one",
        },
    ]);
}

#[test]
fn circles_take_time_and_come_to_an_end() {
    check(&[
        Mistake {
            edit: (
                END,
                "  ping:\n    causes: [{on: pong}]\n  pong:\n    causes: [{on: ping}]\n  shop.snapshot:\n",
            ),
            line: "{on: pong}",
            message: "circle of causes without delay: time would stand still: ping -> pong -> ping",
            help: "a delay that is never 0",
        },
        Mistake {
            edit: (
                END,
                "  ping:\n    source: {rate: 1}\n    causes: [{on: pong, delay: 1h}]\n  \
                 pong:\n    causes: [{on: ping, delay: 1h, count: 3}]\n  shop.snapshot:\n",
            ),
            line: "{on: ping, delay",
            message: "leads to 3 laps on average, so it grows without end: pong -> ping -> pong",
            help: "lower a probability or a count",
        },
    ]);
}

#[test]
fn numbers_too_large_to_be_meant_are_refused() {
    check(&[
        Mistake {
            edit: ("cells: 4", "cells: 99999999999999999999"),
            line: "cells: 9999",
            message: "expected a whole number from 1 to 4096",
            help: "",
        },
        Mistake {
            edit: ("count: 500", "count: 5000000000"),
            line: "count: 5000000000",
            message: "expected a whole number from 0 to 100000000",
            help: "",
        },
        Mistake {
            edit: ("warmup: 3d", "warmup: 99999999999d"),
            line: "warmup: 999",
            message: "the duration `99999999999d` is too long",
            help: "write a number and a unit",
        },
        Mistake {
            edit: ("decimals: 2", "decimals: 200"),
            line: "decimals: 200",
            message: "expected a whole number from 0 to 12",
            help: "",
        },
    ]);
    let digits: &'static str =
        Box::leak(format!("{{value: '{}'}}", "9".repeat(400)).into_boxed_str());
    check(&[Mistake {
        edit: ("{value: customer.id}", digits),
        line: "99999999999",
        message: "this number is too large",
        help: "",
    }]);
}

#[test]
fn expressions_too_long_to_be_meant_are_refused() {
    let sum: &'static str =
        Box::leak(format!("{{value: '1{}'}}", " + 1".repeat(1_000)).into_boxed_str());
    check(&[Mistake {
        edit: ("{value: customer.id}", sum),
        line: "1 + 1 + 1",
        message: "this has 2001 parts, an expression has at most 400",
        help: "",
    }]);
}

/// Numbers may have exponents, as in YAML.
#[test]
fn small_numbers_are_numbers() {
    for small in ["0.00001", "0.000000001", "1.0e-7", "'1e-7 * 2'"] {
        let files = edited(&[("probability: 0.1,", &format!("probability: {small},"))]);
        from_files("small", files).unwrap_or_else(|wrong| panic!("{small}: {wrong}"));
    }
}

#[test]
fn dates_and_zones_exist() {
    check(&[
        Mistake {
            edit: ("start: 2026-02-02", "start: 2026-02-30"),
            line: "start: 2026-02-30",
            message: "`2026-02-30` is not a date",
            help: "year-month-day",
        },
        Mistake {
            edit: ("  window: 1h", "  time_zone: Europe/Berlinn\n  window: 1h"),
            line: "Berlinn",
            message: "there is no time zone `Europe/Berlinn`",
            help: "did you mean `Europe/Berlin`?",
        },
    ]);
}

#[test]
fn what_is_missing_is_no_number_and_no_empty_text() {
    let model = "\
model: {name: m, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 7}}
streams:
  a.begun:
    source: {rate: 400}
    fields: {by: {choice: {mail: 2, null: 1}}, known: {value: by != none}, size: {choice: {1: 2, 2: 1}, type: int}}
";
    assert_eq!(super::of_text(model, &[]), [""; 0]);
    for (edit, said) in [
        (
            ("{1: 2, 2: 1}", "{1: 2, null: 1}"),
            "m/m.yaml:5:104: a number is never missing",
        ),
        (
            ("{mail: 2, null: 1}", "{mail: 2, null: 1, '': 1}"),
            "an empty text cannot be told from a missing one",
        ),
        (
            ("{mail: 2, null: 1}", "{mail: 2, post: 1}"),
            "a text is never none",
        ),
    ] {
        let found = super::of_text(model, &[edit]);
        assert!(found.iter().any(|found| found.contains(said)), "{found:#?}");
    }
}
