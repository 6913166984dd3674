//! `run --counterfactual`, `effects`, and why events differ.

use std::path::Path;

use serde_json::Value;

use crate::support::{call, interrupted, json, manifest, names, ok, refused, shop, temp};

const SMALL: [&str; 7] = [
    "run", "tutoring", "--scale", "0.01", "--days", "2", "--quiet",
];
const OUTAGE: [&str; 2] = ["--scenario", "payment-outage@day1T10:00+6h"];

/// Plays the built-in model into `out`.
fn play(folder: &Path, out: &str, more: &[&str]) -> Value {
    json(
        folder,
        &[&SMALL[..], more, &["--json", "--out", out]].concat(),
    )
}

#[test]
fn a_counterfactual_is_the_difference_from_a_twin_played_alone() {
    let folder = temp();
    let told = play(
        folder.path(),
        "a",
        &[&OUTAGE[..], &["--counterfactual"]].concat(),
    );
    play(folder.path(), "b", &[]);
    let out = folder.path().join("a");
    let all = names(&out);
    assert!(
        all.contains(&"counterfactual".into()) && !all.contains(&".twin".into()),
        "{all:?}"
    );
    let said = call(
        folder.path(),
        &["diff", "a", "b", "--json", "--out", "apart"],
    );
    assert_eq!(said.code, Some(1), "{}", said.err);
    let apart: Value = serde_json::from_str(&said.out).expect("JSON");
    let by_name = |list: &Value| {
        let mut list = list.as_array().expect("a list").clone();
        list.sort_by_key(|stream| stream["name"].to_string());
        list
    };
    let differing = by_name(&told["counterfactual"]["streams"]);
    assert!(differing.len() > 3);
    assert_eq!(differing, by_name(&apart["streams"]));
    for table in [
        "summary",
        "hours",
        "changes/stream=payment.failure/part-0000",
    ] {
        let read = |place: &str| {
            std::fs::read(folder.path().join(place).join(format!("{table}.parquet"))).expect(table)
        };
        assert_eq!(read("a/counterfactual"), read("apart"), "{table}");
    }
    // What `diff` knows of why, it knows from the table of modifiers.
    let removed = apart["events"].as_array().expect("a list");
    let removed: Vec<&Value> = removed
        .iter()
        .filter(|event| event["change"] == "removed")
        .collect();
    assert!(!removed.is_empty());
    for event in removed {
        assert_eq!(
            event["why"], "payment-outage@2026-02-02T10:00:00Z",
            "{event}"
        );
    }
    let listed = manifest(&out)["files"].clone();
    let listed = listed.as_array().expect("a list").iter();
    assert_eq!(
        listed
            .filter(|file| file["path"]
                .as_str()
                .is_some_and(|p| p.starts_with("counterfactual/")))
            .count(),
        differing.len() + 2
    );
}

#[test]
fn the_table_names_the_streams_that_differ_and_progress_names_both_runs() {
    let folder = temp();
    let args = [&SMALL[..6], &OUTAGE, &["--counterfactual"]].concat();
    let said = call(folder.path(), &args);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for part in [
        "differs from its twin",
        "payment.failure",
        "identical; counterfactual/ has every event",
    ] {
        assert!(
            said.out.contains(part),
            "`{part}` is missing in\n{}",
            said.out
        );
    }
    assert!(
        said.err.contains("100 %  run") && said.err.contains("100 %  twin"),
        "{}",
        said.err
    );
    let normal = [
        &SMALL[..],
        &[
            "--scenario",
            "normal-operations@day1",
            "--counterfactual",
            "--out",
            "n",
        ],
    ]
    .concat();
    let text = ok(folder.path(), &normal);
    assert!(
        text.contains("the run would be the same: 50 streams are identical"),
        "{text}"
    );
}

#[test]
fn a_counterfactual_that_makes_no_sense_is_refused() {
    let folder = temp();
    let cases: [(&[&str], &str); 3] = [
        (&["--counterfactual"], "add --scenario ID@TIME"),
        (&["--counterfactual", "--no-events"], "none is asked for"),
        (
            &[
                "--counterfactual",
                "--no-output",
                "--event",
                "blog-viral@day1",
            ],
            "--no-output",
        ),
    ];
    for (more, part) in cases {
        let message = refused(folder.path(), &[&SMALL[..], more].concat());
        assert!(
            message.contains(part),
            "{more:?}: `{part}` is missing in\n{message}"
        );
    }
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn ctrl_c_while_the_twin_plays_leaves_nothing_behind() {
    let folder = temp();
    // Enough days that the twin is still playing when the signal comes.
    let args = [
        "run",
        "tutoring",
        "--scale",
        "0.05",
        "--days",
        "60",
        "--counterfactual",
    ];
    let twin = "out/tutoring-42.partial/.twin/events";
    let said = interrupted(folder.path(), &[&args[..], &OUTAGE].concat(), twin);
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn effects_tell_what_changed_and_what_changed_it() {
    let folder = temp();
    play(folder.path(), "o", &OUTAGE);
    let effects =
        |more: &[&str]| json(folder.path(), &[&["effects", "o", "--json"], more].concat());
    let causes = effects(&["--limit", "100"])["causes"].clone();
    let causes = causes.as_array().expect("a list").clone();
    let name = "payment-outage@2026-02-02T10:00:00Z";
    let outage = causes
        .iter()
        .find(|cause| cause["cause"] == name)
        .expect(name);
    assert_eq!(outage["kind"], "scenario");
    assert!(outage["streams"].as_u64() > Some(3));
    assert!(causes.len() > 4, "red herrings are told, too");
    for event in ["payment-outage", name] {
        let streams = effects(&["--event", event])["effects"].clone();
        let streams = streams.as_array().expect("a list").clone();
        let failures = streams
            .iter()
            .find(|row| row["stream"] == "payment.failure")
            .expect("failures");
        assert!(
            failures["added"].as_u64() > Some(10) && failures["first_after_h"].as_f64() < Some(1.0)
        );
        assert!(failures["share_of_rows"].as_f64() > Some(0.5));
        assert!(streams.iter().all(|row| row["cause"] == name));
    }
    let stream = effects(&["--stream", "payment.failure"])["effects"].clone();
    assert_eq!(stream[0]["cause"], name);
    let text = ok(
        folder.path(),
        &["effects", "o", "--event", "payment-outage"],
    );
    assert!(
        text.contains("share of rows") && text.contains("observed"),
        "{text}"
    );
    let text = ok(folder.path(), &["effects", "o", "--limit", "1"]);
    assert!(
        text.contains("--limit shows more") && text.contains("net"),
        "{text}"
    );
    let text = ok(
        folder.path(),
        &["effects", "o", "--stream", "payment.failure"],
    );
    assert!(text.starts_with("what changed payment.failure"), "{text}");
    for (args, part) in [
        (
            ["--event", "payment-outag"],
            "did you mean `payment-outage`?",
        ),
        (
            ["--stream", "payment.failur"],
            "did you mean `payment.failure`?",
        ),
    ] {
        let message = refused(folder.path(), &[&["effects", "o"], &args[..]].concat());
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn effects_of_other_runs_are_none_or_refused() {
    let folder = shop();
    let shop = ["run", "shop", "--days", "1", "--quiet"];
    ok(folder.path(), &[&shop[..], &["--out", "plain"]].concat());
    let text = ok(folder.path(), &["effects", "plain"]);
    assert_eq!(text, "nothing intervened in this run\n");
    assert_eq!(
        json(folder.path(), &["effects", "plain", "--json"])["causes"],
        Value::Array(Vec::new())
    );
    let message = refused(folder.path(), &["effects", "nowhere"]);
    assert!(message.contains("no such folder"), "{message}");
}

/// A version has its place by its name: another folder is no help.
#[test]
fn a_version_that_is_there_asks_for_another_name() {
    let folder = temp();
    play(folder.path(), "out", &[]);
    let again = [
        &[
            "regenerate",
            "out",
            "--from",
            "day1",
            "--to",
            "day2",
            "--name",
            "x",
            "--quiet",
        ][..],
        &OUTAGE,
    ]
    .concat();
    ok(folder.path(), &again);
    let said = refused(folder.path(), &again);
    assert!(
        said.contains("choose another with --name") && !said.contains("--out"),
        "{said}"
    );
}

/// Clocks in Cairo are put forward at midnight.
#[test]
fn a_start_that_clocks_never_show_says_what_is_taken() {
    let folder = shop();
    let path = folder.path().join("shop/model.yaml");
    let text = std::fs::read_to_string(&path).expect("the template");
    let text = text.replacen(
        "  window: 1h\n",
        "  window: 1h\n  time_zone: Africa/Cairo\n",
        1,
    );
    std::fs::write(&path, text).expect("room");
    let said = call(
        folder.path(),
        &[
            "run",
            "shop",
            "--start",
            "2026-04-24",
            "--days",
            "1",
            "--dry-run",
        ],
    );
    assert_eq!(said.code, Some(0), "{}", said.err);
    let told = "warning: `2026-04-24` does not exist in the model's time zone, since clocks are put forward: \
                2026-04-24T01:00:00 is taken, which is 2026-04-23T22:00:00Z";
    assert!(said.err.contains(told), "{}", said.err);
    assert_eq!(
        said.err.matches("does not exist").count(),
        1,
        "{}",
        said.err
    );
}
