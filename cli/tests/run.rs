//! `causeflow run`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{
    call, edit, files, interrupted, json, manifest, names, ok, refused, said, shop, temp,
};

const SMALL: [&str; 7] = [
    "run", "tutoring", "--scale", "0.01", "--days", "1", "--quiet",
];

fn small<'a>(more: &[&'a str]) -> Vec<&'a str> {
    SMALL.iter().copied().chain(more.iter().copied()).collect()
}

/// Fingerprints of the streams in a `--json` outcome.
fn fingerprints(outcome: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let streams = outcome["streams"].as_array().expect("a list");
    streams
        .iter()
        .map(|stream| (text(&stream["name"]), text(&stream["fingerprint"])))
        .collect()
}

#[test]
fn the_manifest_lists_every_file_with_its_size() {
    let folder = temp();
    // With a scenario, all tables have rows.
    let scenario = ["--json", "--scenario", "payment-outage@day1T10:00"];
    let outcome = json(folder.path(), &small(&scenario));
    let out = folder.path().join("out/tutoring-42");
    assert_eq!(outcome["out"], "out/tutoring-42");
    let manifest = manifest(&out);
    let mut listed: Vec<_> = manifest["files"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|file| {
            (
                Path::new(file["path"].as_str().expect("text")).to_owned(),
                file["bytes"].as_u64().expect("a number"),
            )
        })
        .collect();
    listed.sort();
    let mut found = files(&out);
    found.retain(|(path, _)| path != Path::new("manifest.json"));
    assert_eq!(found, listed);
    // Streams, kinds of entities, the five tables of what intervened, history twice, and statistics twice.
    assert_eq!(listed.len(), 50 + 2 + 5 + 4);
    assert_eq!(manifest["seed"], "42");
    assert_eq!(manifest["start"], "2026-02-02T00:00:00.000000Z");
    assert_eq!(manifest["end"], "2026-02-03T00:00:00.000000Z");
    assert_eq!(manifest["fingerprint"], outcome["fingerprint"]);
    assert_eq!(
        manifest["entities"][0]["kind"]
            .as_str()
            .map(|kind| ["tutor", "student"].contains(&kind)),
        Some(true)
    );
    for (stream, told) in manifest["streams"]
        .as_array()
        .expect("a list")
        .iter()
        .zip(outcome["streams"].as_array().expect("a list"))
    {
        for key in ["name", "rows", "fingerprint"] {
            assert_eq!(stream[key], told[key]);
        }
    }
    assert_eq!(names(&folder.path().join("out")), ["tutoring-42"]);
}

#[test]
fn an_earlier_run_is_replaced_with_force_only() {
    let folder = temp();
    ok(folder.path(), &small(&["--out", "o"]));
    let before = (
        files(&folder.path().join("o")),
        manifest(&folder.path().join("o")),
    );
    let message = refused(folder.path(), &small(&["--out", "o", "--seed", "7"]));
    assert!(
        message.contains("--force") && message.contains("--out"),
        "{message}"
    );
    assert_eq!(
        before,
        (
            files(&folder.path().join("o")),
            manifest(&folder.path().join("o"))
        )
    );
    ok(
        folder.path(),
        &small(&["--out", "o", "--seed", "7", "--force"]),
    );
    assert_eq!(manifest(&folder.path().join("o"))["seed"], "7");
    assert_eq!(names(folder.path()), ["o"]);
    std::fs::create_dir(folder.path().join("mine")).expect("room");
    std::fs::write(folder.path().join("mine/thesis.txt"), "years of work").expect("room");
    let message = refused(folder.path(), &small(&["--out", "mine", "--force"]));
    assert!(message.contains("not from causeflow"), "{message}");
    assert_eq!(names(&folder.path().join("mine")), ["thesis.txt"]);
}

#[test]
fn neither_threads_nor_output_nor_format_change_a_fingerprint() {
    let folder = temp();
    let expected = fingerprints(&json(folder.path(), &small(&["--json", "--no-output"])));
    for more in [
        ["--threads", "1"],
        ["--threads", "2"],
        ["--threads", "7"],
        ["--format", "csv"],
    ] {
        let mut args = small(&["--json", "--force", "--out", "o"]);
        args.extend(more);
        assert_eq!(
            fingerprints(&json(folder.path(), &args)),
            expected,
            "{more:?}"
        );
    }
    assert_eq!(names(folder.path()), ["o"]);
    let other = json(
        folder.path(),
        &small(&["--json", "--no-output", "--seed", "18446744073709551615"]),
    );
    assert_eq!(other["seed"], "18446744073709551615");
    assert_ne!(fingerprints(&other), expected);
}

#[test]
fn the_same_command_gives_the_same_bytes() {
    let folder = temp();
    ok(folder.path(), &small(&["--out", "a", "--threads", "1"]));
    ok(folder.path(), &small(&["--out", "b", "--threads", "2"]));
    let text = |out: &str| {
        std::fs::read_to_string(folder.path().join(out).join("manifest.json")).expect("a manifest")
    };
    // The manifest has the digest of every file.
    assert_eq!(text("a"), text("b"));
}

#[test]
fn a_filter_changes_nothing_about_the_streams_that_it_leaves() {
    let folder = temp();
    let all = fingerprints(&json(folder.path(), &small(&["--json", "--no-output"])));
    let outcome = json(
        folder.path(),
        &small(&[
            "--json",
            "--out",
            "o",
            "--streams",
            "booking.*",
            "--streams",
            "*.refund.issue?",
        ]),
    );
    let some = fingerprints(&outcome);
    let names: Vec<&str> = some.keys().map(String::as_str).collect();
    let expected = [
        "booking.confirmed",
        "booking.declined",
        "booking.expired",
        "booking.requested",
        "payment.refund.issued",
    ];
    assert_eq!(names, expected);
    for (name, fingerprint) in &some {
        assert_eq!(Some(fingerprint), all.get(name), "{name}");
    }
    let events = files(&folder.path().join("o/events"));
    assert_eq!(events.len(), 5, "{events:?}");
}

#[test]
fn a_range_may_begin_at_any_instant() {
    let folder = temp();
    let outcome = json(
        folder.path(),
        &[
            "run",
            "tutoring",
            "--scale",
            "0.01",
            "--json",
            "--no-output",
            "--start",
            "2026-02-02T06:30:00+01:00",
            "--days",
            "0.5",
        ],
    );
    assert_eq!(outcome["start"], "2026-02-02T05:30:00.000000Z");
    assert_eq!(outcome["end"], "2026-02-02T17:30:00.000000Z");
}

/// What names no offset is in the model's time zone, and so are days: one of these has 23 hours.
#[test]
fn a_range_is_in_days_of_the_models_time_zone() {
    let folder = shop();
    let path = folder.path().join("shop/model.yaml");
    let text = std::fs::read_to_string(&path).expect("the template");
    let zoned = text.replacen("  name:", "  time_zone: America/New_York\n  name:", 1);
    std::fs::write(&path, zoned).expect("room");
    let played = |start: &str, days: &str| {
        let all = [
            "run",
            "shop",
            "--no-output",
            "--json",
            "--start",
            start,
            "--days",
            days,
        ];
        let outcome = json(folder.path(), &all);
        ["start", "end"].map(|end| outcome[end].as_str().map(str::to_owned).unwrap_or_default())
    };
    let range = ["2026-03-07T05:00:00.000000Z", "2026-03-09T04:00:00.000000Z"];
    assert_eq!(played("2026-03-07", "2"), range);
    assert_eq!(played("2026-03-07T00:00", "2"), range);
    assert_eq!(
        played("2026-03-07T00:00:00", "1.5")[1],
        "2026-03-08T16:00:00.000000Z"
    );
    // Half past one comes twice: the first time is meant, and a quarter of an hour later it is still before the second.
    let autumn = ["2026-11-01T05:30:00.000000Z", "2026-11-01T06:30:00.000000Z"];
    assert_eq!(
        played("2026-11-01T01:30", "0.0416666666667"),
        [autumn[0], "2026-11-01T07:30:00.000000Z"]
    );
    assert_eq!(
        played("2026-11-01T06:30:00Z", "0.0104166666667"),
        [autumn[1], "2026-11-01T06:45:00.000000Z"]
    );
}

#[test]
fn the_table_has_totals_and_the_fingerprint() {
    let folder = shop();
    let said = call(folder.path(), &["run", "shop", "--days", "2"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let outcome = json(
        folder.path(),
        &["run", "shop", "--days", "2", "--no-output", "--json"],
    );
    let fingerprint = outcome["fingerprint"].as_str().expect("text");
    assert!(
        said.out.ends_with(&format!("fingerprint {fingerprint}\n")),
        "{}",
        said.out
    );
    assert!(
        said.out.contains("out/shop-42") && said.out.contains("total"),
        "{}",
        said.out
    );
    assert!(said.err.contains("100 %"), "{}", said.err);
    assert_eq!(
        call(folder.path(), &["run", "shop", "--quiet", "--no-output"]).err,
        ""
    );
}

#[test]
fn a_dry_run_comes_close_and_writes_nothing() {
    let folder = temp();
    let scale = [
        "run", "tutoring", "--scale", "0.05", "--days", "2", "--quiet", "--json",
    ];
    let plan = json(folder.path(), &[&scale[..], &["--dry-run"]].concat());
    assert_eq!(names(folder.path()), Vec::<String>::new());
    let outcome = json(folder.path(), &scale);
    for (expected, found) in [("expected_rows", "rows"), ("expected_bytes", "bytes")] {
        let ratio =
            plan[expected].as_f64().expect("a number") / outcome[found].as_f64().expect("a number");
        assert!((0.8..1.25).contains(&ratio), "{expected}: {ratio}");
    }
    assert!(
        ok(
            folder.path(),
            &[
                "run",
                "tutoring",
                "--scale",
                "0.01",
                "--days",
                "1",
                "--dry-run"
            ]
        )
        .contains("estimate")
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_leaves_nothing_behind() {
    let folder = temp();
    let events = "out/tutoring-42.partial/events";
    let args = ["run", "tutoring", "--days", "300"];
    let said = interrupted(folder.path(), &args, events);
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert!(said.err.contains("interrupted"), "{}", said.err);
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_error() {
    let folder = temp();
    let binary = env!("CARGO_BIN_EXE_causeflow");
    for args in [
        "schema",
        "graph tutoring",
        "completions bash",
        "run tutoring --scale 0.01 --days 1 --quiet --no-output",
    ] {
        let script = format!("set -o pipefail; '{binary}' {args} | true");
        let said = said(
            Command::new("bash")
                .args(["-c", &script])
                .current_dir(folder.path())
                .output()
                .expect("bash"),
        );
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{args}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_the_machines_fault_and_leaves_nothing() {
    let folder = temp();
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).expect("room");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
        .arg(&disk)
        .output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        println!("skipped: mounting a small tmpfs needs root");
        return;
    }
    let said = call(
        folder.path(),
        &[
            "run", "tutoring", "--scale", "0.1", "--days", "1", "--out", "disk/o", "--quiet",
        ],
    );
    let left = names(&disk);
    let unmounted = Command::new("umount").arg(&disk).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(
        said.err.contains("disk is full") && said.err.contains("disk/o"),
        "{}",
        said.err
    );
    assert_eq!(left, Vec::<String>::new());
}

#[cfg(target_os = "linux")]
#[test]
fn memory_that_runs_out_is_the_machines_fault() {
    let folder = shop();
    edit(folder.path(), "rate: 2000", "rate: 1000000000");
    let binary = env!("CARGO_BIN_EXE_causeflow");
    let script =
        format!("ulimit -v 1000000; exec '{binary}' run shop --days 1 --out o --threads 1");
    let said = said(
        Command::new("bash")
            .args(["-c", &script])
            .current_dir(folder.path())
            .output()
            .expect("bash"),
    );
    assert_eq!(said.code, Some(3), "{}", said.err);
    assert!(said.err.contains("out of memory"), "{}", said.err);
    assert_eq!(names(folder.path()), ["o.partial", "shop"]);
    edit(folder.path(), "rate: 1000000000", "rate: 2000");
    ok(
        folder.path(),
        &["run", "shop", "--days", "1", "--out", "o", "--quiet"],
    );
    assert_eq!(names(folder.path()), ["o", "shop"]);
}

#[test]
fn reservations_of_what_is_not_free_are_refused_and_told() {
    let folder = shop();
    let kinds = folder.path().join("shop/model.yaml");
    let text = std::fs::read_to_string(&kinds).expect("the template is there");
    let with = "count: 500\n    calendar: {step: 30m, days: 7, open: always}\n";
    std::fs::write(&kinds, text.replace("count: 500\n", with)).expect("it can be written");
    let reserved = "{entity: customer, reserve: {from: time + 1h, for: 2h}}";
    edit(
        folder.path(),
        "{entity: customer, add: {orders: 1}}",
        reserved,
    );
    let args = ["run", "shop", "--days", "2", "--no-output"];
    let said = call(folder.path(), &args);
    assert!(said.err.contains("the slots were not free"), "{}", said.err);
    assert!(!said.out.contains("warning"), "{}", said.out);
    let said = call(folder.path(), &[&args[..], &["--quiet"]].concat());
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
    let told = ok(folder.path(), &[&args[..], &["--quiet", "--json"]].concat());
    let told: serde_json::Value = serde_json::from_str(&told).expect("JSON");
    assert!(told["refused_reservations"].as_u64() > Some(0), "{told}");
    let text = ok(folder.path(), &["explain", "shop", "order.placed"]);
    let told = "in the calendar of the customer is reserved: from `time + 1h` for `2h`";
    assert!(text.contains(told), "{text}");
}

#[test]
fn times_that_no_calendar_can_show_are_its_last_instant_in_every_format() {
    let folder = shop();
    edit(
        folder.path(),
        "customer_id: {}\n      amount_usd",
        "customer_id: {}\n      due: {value: time + 1000000d * (8 + index)}\n      amount_usd",
    );
    for format in ["csv", "jsonl", "arrow", "parquet"] {
        let args = [
            "run", "shop", "--days", "1", "--quiet", "--out", format, "--format", format,
        ];
        ok(folder.path(), &args);
    }
    let placed = folder.path().join("csv/events/stream=order.placed");
    let (file, _) = files(&placed).remove(0);
    let text = std::fs::read_to_string(placed.join(file)).expect("a file of rows");
    let rows = text.lines().count() - 1;
    assert!(rows > 0 && text.matches(",9999-12-30T22:00:00.000000Z,").count() == rows);
}

#[test]
fn the_standard_output_is_no_folder() {
    let folder = shop();
    for args in [
        &["run", "shop", "--days", "1", "--out", "-"][..],
        &[
            "baseline", "shop", "--days", "7", "--seeds", "1", "--out", "-",
        ],
    ] {
        let message = refused(folder.path(), &[args, &["--quiet"]].concat());
        assert!(
            message.contains("is the standard output elsewhere"),
            "{message}"
        );
    }
    assert_eq!(names(folder.path()), ["shop"]);
    ok(
        folder.path(),
        &["run", "shop", "--days", "1", "--out", "./-", "--quiet"],
    );
}

/// What a model does not write takes place all the same: the other streams are as they were, and so is this one when it is asked for.
#[test]
fn a_stream_need_not_be_written() {
    let folder = shop();
    let run = |more: &[&str]| {
        let args = [
            &["run", "shop", "--days", "2", "--quiet", "--json", "--force"],
            more,
        ]
        .concat();
        fingerprints(&json(folder.path(), &args))
    };
    let all = run(&[]);
    let description = "    description: A visit ends in an order.\n";
    edit(
        folder.path(),
        description,
        &format!("{description}    written: false\n"),
    );
    let mut others = run(&[]);
    assert!(!others.contains_key("order.placed"));
    let out = folder.path().join("out/shop-42");
    assert!(
        !names(&out.join("events"))
            .iter()
            .any(|name| name.contains("order.placed"))
    );
    ok(folder.path(), &["verify", "out/shop-42", "--model", "shop"]);
    // Without the model nobody can say which of them have caused others.
    let said = call(folder.path(), &["verify", "out/shop-42"]);
    assert!(
        said.out.starts_with("nothing wrong was found"),
        "{}",
        said.out
    );
    let left_out = &manifest(&out)["left_out"];
    assert_eq!(*left_out, serde_json::json!(["order.placed"]));
    assert_eq!(
        run(&["--streams", "order.placed"])["order.placed"],
        all["order.placed"]
    );
    assert!(!run(&["--streams", "*"]).contains_key("order.placed"));
    others.insert("order.placed".to_owned(), all["order.placed"].clone());
    assert_eq!(others, all);
    let told = ok(folder.path(), &["explain", "shop", "order.placed"]);
    assert!(told.contains("not written"), "{told}");
    let streams = json(folder.path(), &["streams", "shop", "--json"]);
    let streams = streams.as_array().expect("a list");
    let written = streams.iter().filter(|stream| stream["written"] == true);
    assert_eq!(written.count() + 1, streams.len());
}
