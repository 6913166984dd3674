//! Every kind of bad input: exit code 2, where it is, and what to write instead.

use crate::support::{call, edit, json, names, ok, refused, shop, temp};

/// Edits the template, and expects the line and these parts in the message.
fn wrong(from: &str, to: &str, at: &str, parts: &[&str]) {
    let folder = shop();
    edit(folder.path(), from, to);
    for args in [
        &["check", "shop"][..],
        &["run", "shop", "--days", "1"],
        &["streams", "shop"],
        &["graph", "shop"],
    ] {
        let message = refused(folder.path(), args);
        assert!(
            message.contains(&line_of(folder.path(), at)),
            "{args:?}\n{message}"
        );
        for part in parts {
            assert!(message.contains(part), "`{part}` is missing in\n{message}");
        }
    }
    assert_eq!(names(folder.path()), ["shop"]);
}

/// `shop/shop.yaml:` and the line of the first occurrence.
fn line_of(folder: &std::path::Path, text: &str) -> String {
    let yaml = std::fs::read_to_string(folder.join("shop/shop.yaml")).expect("a file");
    let line = yaml
        .lines()
        .position(|line| line.contains(text))
        .expect("the text")
        + 1;
    format!("shop/shop.yaml:{line}:")
}

#[test]
fn an_unknown_stream_in_an_effect() {
    wrong(
        "on: shop.visited",
        "on: shop.visitd",
        "shop.visitd",
        &["did you mean `shop.visited`?"],
    );
}

#[test]
fn probabilities_that_do_not_add_up_to_one() {
    wrong(
        "probability: 0.05",
        "probability: 0.06",
        "probability: 0.06",
        &["payment", "1.01"],
    );
}

#[test]
fn a_negative_rate() {
    wrong("rate: 2000", "rate: -2000", "rate: -2000", &["-2000"]);
}

#[test]
fn a_duration_without_a_unit() {
    wrong("delay: 2d", "delay: 2", "delay: 2}", &["unit"]);
}

#[test]
fn a_cycle_without_delay() {
    let streams = "  loop.there:
    causes: [{on: shop.visited}, {on: loop.back, probability: 0.5}]
  loop.back:
    causes: [{on: loop.there}]
  shop.snapshot:";
    wrong(
        "  shop.snapshot:",
        streams,
        "on: loop.there",
        &["loop.back", "loop.there", "delay"],
    );
}

#[test]
fn a_misspelt_key() {
    wrong(
        "probability: 0.1,",
        "probabilty: 0.1,",
        "probabilty",
        &["did you mean `probability`?"],
    );
}

#[test]
fn a_guard_on_a_field_that_does_not_exist() {
    wrong(
        "delay: 2m..30m}",
        "delay: 2m..30m, when: 'page > 3'}",
        "page > 3",
        &["page", "did you mean `pages`?"],
    );
}

#[test]
fn yaml_that_does_not_parse() {
    // The parser notices where the next key stands.
    wrong(
        "  order.placed:",
        "  order.placed: [",
        "    causes:",
        &["this is not YAML"],
    );
}

#[test]
fn all_errors_of_a_model_at_once() {
    let folder = shop();
    edit(folder.path(), "on: shop.visited", "on: shop.visitd");
    edit(folder.path(), "probability: 0.05", "probability: 0.06");
    edit(folder.path(), "rate: 2000", "rate: -2000");
    let message = refused(folder.path(), &["check", "shop"]);
    for part in ["shop.visitd", "-2000", "errors"] {
        assert!(message.contains(part), "`{part}` is missing in\n{message}");
    }
    let said = call(folder.path(), &["check", "shop", "--json"]);
    assert_eq!((said.code, said.err.as_str()), (Some(2), ""));
    let findings: serde_json::Value = serde_json::from_str(&said.out).expect("JSON");
    let findings = findings.as_array().expect("a list");
    assert!(findings.len() >= 3, "{findings:?}");
    for finding in findings {
        assert_eq!(finding["severity"], "error");
        assert_eq!(finding["file"], "shop/shop.yaml");
        assert!(
            finding["line"].as_u64() > Some(1)
                && finding["column"].is_u64()
                && finding["message"].is_string()
        );
    }
    assert!(
        json(shop().path(), &["check", "shop", "--json"])
            .as_array()
            .expect("a list")
            .is_empty()
    );
}

#[test]
fn an_unknown_model() {
    let folder = temp();
    for command in ["run", "check", "streams", "graph"] {
        let message = refused(folder.path(), &[command, "tutorng"]);
        assert!(message.contains("did you mean `tutoring`?"), "{message}");
    }
    std::fs::create_dir(folder.path().join("empty")).expect("room");
    let message = refused(folder.path(), &["run", "empty"]);
    assert!(message.contains("causeflow init"), "{message}");
}

#[test]
fn patterns_that_match_nothing() {
    let folder = temp();
    let message = refused(
        folder.path(),
        &[
            "run",
            "tutoring",
            "--streams",
            "booking.*",
            "--streams",
            "booking.confirmd",
        ],
    );
    assert!(
        message.contains("did you mean `booking.confirmed`?"),
        "{message}"
    );
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn arguments_out_of_their_limits() {
    let folder = temp();
    let cases: &[(&[&str], &str)] = &[
        (&["--seed", "-1"], "whole number"),
        (&["--seed", "abc"], "whole number"),
        (&["--seed", "18446744073709551616"], "18446744073709551615"),
        (&["--days", "0"], "number of days"),
        (&["--days", "-3"], "number of days"),
        (&["--days", "1e9"], "3660"),
        (&["--days", "NaN"], "number of days"),
        (&["--scale", "NaN"], "from 0.000001 to 100"),
        (&["--scale", "0"], "from 0.000001 to 100"),
        (&["--scale", "inf"], "from 0.000001 to 100"),
        (&["--scale", "-1"], "from 0.000001 to 100"),
        (&["--threads", "0"], "from 1 to 1024"),
        (&["--threads", "99999999999999999999"], "from 1 to 1024"),
        (&["--start", "yesterday"], "2026-02-02"),
        (&["--start", "2026-02-30"], "2026-02-02"),
        (&["--start", "2026-02-02T25:00"], "2026-02-02T06:00:00Z"),
        (&["--start", "0001-01-01"], "1700"),
        (&["--start", "-9999-01-01"], "2026-02-02"),
        (&["--start", "-009999-01-01"], "1700"),
        (&["--start", "9999-12-31"], "2250"),
        (&["--start", "2250-12-31"], "2250"),
        (&["--start", ""], "2026-02-02"),
        (&["--format", "xml"], "parquet"),
        (
            &["--format", "csv", "--compression", "zstd"],
            "uncompressed",
        ),
        (&["--format", "arrow", "--compression", "snappy"], "zstd"),
        (&["--no-output", "--out", "o"], "--out"),
        (&["--no-output", "--force"], "--force"),
        (&["--no-output", "--dry-run"], "--dry-run"),
        (&["--streams", ""], "matches none"),
        (&["--out", ""], "--out"),
        (&["--out", ".."], "folder"),
        (&["--sead", "1"], "--seed"),
    ];
    for (args, part) in cases {
        let message = refused(folder.path(), &[&["run", "tutoring"][..], args].concat());
        assert!(
            message.contains(part),
            "{args:?}: `{part}` is missing in\n{message}"
        );
    }
    assert_eq!(names(folder.path()), Vec::<String>::new());
    let message = refused(folder.path(), &["graph", "tutoring", "--format", "svg"]);
    assert!(message.contains("mermaid"), "{message}");
}

/// What grows only because of values is met while it is played: every command that plays says so, and none takes all
/// memory.
#[test]
fn a_ring_that_grows_without_end_is_named() {
    let folder = shop();
    edit(
        folder.path(),
        "  payment.received:\n",
        "  order.copied:\n    causes:\n      - {on: order.placed, delay: 1h}\n      \
         - {on: order.copied, delay: 10m..20m, count: 'if(order_id == order_id, 2, 0)'}\n    \
         fields: {order_id: {}}\n\n  payment.received:\n",
    );
    ok(folder.path(), &["check", "shop"]);
    for args in [
        &["streams", "shop"][..],
        &["explain", "shop", "order.copied"],
        &["run", "shop", "--days", "3", "--dry-run"],
        &["run", "shop", "--days", "3", "--no-output"],
        &["run", "shop", "--days", "3"],
    ] {
        let message = refused(folder.path(), args);
        for part in [
            "order.copied grows without end",
            "(order.copied -> order.copied)",
            "lower a probability or a count",
        ] {
            assert!(
                message.contains(part),
                "{args:?}: no `{part}` in\n{message}"
            );
        }
    }
}
