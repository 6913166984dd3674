//! Scenarios and external events, from the arguments to the files.

use serde_json::Value;

use crate::support::{call, files, json, manifest, names, ok, refused, temp};

/// Two days of a hundredth of the built-in model, with a scenario on the first.
const OUTAGE: [&str; 9] = [
    "run",
    "tutoring",
    "--scale",
    "0.01",
    "--days",
    "2",
    "--quiet",
    "--scenario",
    "payment-outage@day1T10:00+6h",
];

fn outage<'a>(more: &[&'a str]) -> Vec<&'a str> {
    OUTAGE.iter().copied().chain(more.iter().copied()).collect()
}

/// The files of a run that stand beside its manifest.
fn tables(out: &std::path::Path) -> Vec<String> {
    let mut names = names(out);
    names.retain(|name| name.contains('.') && name != "manifest.json");
    names
}

fn texts(value: &Value) -> Vec<&str> {
    let list = value.as_array().expect("a list").iter();
    list.map(|text| text.as_str().expect("text")).collect()
}

#[test]
fn a_scenario_stands_in_the_manifest_and_its_tables_beside_it() {
    let folder = temp();
    let told = json(folder.path(), &outage(&["--json", "--out", "o"]));
    let out = folder.path().join("o");
    let manifest = manifest(&out);
    let scenario = &manifest["scenarios"][0];
    assert_eq!(scenario["id"], "payment-outage");
    assert_eq!(scenario["start"], "2026-02-02T10:00:00.000000Z");
    assert_eq!(scenario["end"], "2026-02-02T16:00:00.000000Z");
    // The backlog is released within two hours.
    assert_eq!(scenario["settled"], "2026-02-02T18:00:00.000000Z");
    assert_eq!(
        scenario["attribution"],
        "payment-outage@2026-02-02T10:00:00Z"
    );
    assert!(
        scenario["digest"]
            .as_str()
            .is_some_and(|digest| digest.starts_with("blake3:"))
    );
    assert_eq!(manifest["events"], Value::Array(Vec::new()));
    assert_eq!(manifest["external_events"]["timeline"], true);
    let number = manifest["external_events"]["number"].as_u64();
    // Two to five a day, and one of the scenario.
    assert!(
        number.is_some_and(|number| (5..=11).contains(&number)),
        "{number:?}"
    );
    assert_eq!(
        tables(&out),
        [
            "effects.parquet",
            "effects_hourly.parquet",
            "external_events.parquet",
            "history.parquet",
            "history_hourly.parquet",
            "modifier_states.parquet",
            "modifiers.parquet",
            "statistics.json",
            "statistics.parquet",
        ]
    );
    let listed = manifest["files"].as_array().expect("a list").len();
    assert_eq!(files(&out).len(), listed + 1);
    assert_eq!(
        texts(&told["scenarios"]),
        ["payment-outage@2026-02-02T10:00:00Z"]
    );
    assert_eq!(
        told["external_events"],
        manifest["external_events"]["number"]
    );
    assert_eq!(told["attributed"]["scenarios"]["interventions"], 1);
    assert!(told["attributed"]["scenarios"]["rows"].as_u64() > Some(10));
    assert_eq!(told["counterfactual"], Value::Null);
    let text = ok(folder.path(), &outage(&["--no-output"]));
    assert!(
        text.contains("rows that differ: ") && text.contains("because of 1 scenario, "),
        "{text}"
    );
}

#[test]
fn without_events_and_scenarios_a_run_is_that_of_the_model_alone() {
    let folder = temp();
    let plain = [
        "run", "tutoring", "--scale", "0.01", "--days", "2", "--quiet",
    ];
    let run = |more: &[&str]| json(folder.path(), &[&plain[..], more, &["--json"]].concat());
    let alone = run(&["--no-events", "--out", "alone"]);
    let out = folder.path().join("alone");
    assert_eq!(
        tables(&out),
        [
            "history.parquet",
            "history_hourly.parquet",
            "statistics.json",
            "statistics.parquet",
        ]
    );
    let external = &manifest(&out)["external_events"];
    assert_eq!(
        (&external["timeline"], &external["number"]),
        (&false.into(), &0.into())
    );
    assert_eq!(alone["attributed"]["timeline"]["rows"], 0);
    let with = run(&["--no-output"]);
    assert_ne!(alone["fingerprint"], with["fingerprint"]);
    // A scenario that does nothing changes nothing, and none is needed for a timeline.
    let normal = run(&["--no-output", "--scenario", "normal-operations@day1"]);
    assert_eq!(normal["fingerprint"], with["fingerprint"]);
    let text = ok(
        folder.path(),
        &[&plain[..], &["--no-output", "--no-events"]].concat(),
    );
    assert!(!text.contains("rows that differ"), "{text}");
}

#[test]
fn tables_come_in_every_format() {
    let folder = temp();
    for format in ["csv", "jsonl", "arrow"] {
        ok(
            folder.path(),
            &outage(&["--format", format, "--out", format]),
        );
        let mut tables = tables(&folder.path().join(format));
        tables.retain(|name| name != "statistics.json" && name != "columns.json");
        assert_eq!(tables.len(), 5 + 3, "{tables:?}");
        assert!(
            tables.iter().all(|name| name.ends_with(format)),
            "{tables:?}"
        );
    }
    let csv = std::fs::read_to_string(folder.path().join("csv/modifiers.csv")).expect("a table");
    assert!(
        csv.contains(
            "payment-outage@2026-02-02T10:00:00Z,direct,payment.failure/probability,override,0.95"
        ),
        "{csv}"
    );
}

#[test]
fn neither_threads_nor_repetition_show_in_a_run_with_a_twin() {
    let folder = temp();
    for (out, threads) in [("a", "1"), ("b", "3")] {
        ok(
            folder.path(),
            &outage(&["--counterfactual", "--out", out, "--threads", threads]),
        );
    }
    let text = |out: &str| {
        std::fs::read_to_string(folder.path().join(out).join("manifest.json")).expect("a manifest")
    };
    assert_eq!(text("a"), text("b"));
}

#[test]
fn everything_that_is_wrong_with_the_arguments_is_told_at_once() {
    let folder = temp();
    let message = refused(
        folder.path(),
        &[
            "run",
            "tutoring",
            "--scenario",
            "payment-outag@day3",
            "--scenario",
            "supply-crisis",
            "--scenario",
            "churn-pattern@day2+1x",
            "--event",
            "blog-virl@day2",
            "--event",
            "blog-viral@tomorrow",
            "--events",
            "none.yaml",
        ],
    );
    for part in [
        "did you mean `payment-outage`?",
        "`supply-crisis` does not say when",
        "payment-outage@2026-02-14T10:00+4h",
        "did you mean `blog-viral`?",
        "`tomorrow` is not a time",
        "cannot read none.yaml",
        "6 errors",
    ] {
        assert!(message.contains(part), "`{part}` is missing in\n{message}");
    }
    let overlap = refused(
        folder.path(),
        &[
            "run",
            "tutoring",
            "--scenario",
            "supply-crisis@day2",
            "--scenario",
            "quality-crisis@day3",
        ],
    );
    assert!(overlap.contains("only one scenario"), "{overlap}");
    let message = refused(
        folder.path(),
        &["run", "tutoring", "--scenarios", "supply-crisis@day2"],
    );
    assert!(message.contains("--scenario ID@TIME"), "{message}");
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn warnings_of_the_plan_are_shown() {
    let folder = temp();
    let args = [
        "run",
        "tutoring",
        "--scale",
        "0.01",
        "--days",
        "1",
        "--no-output",
        "--scenario",
        "payment-outage@2027-01-01",
    ];
    let said = call(folder.path(), &args);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("does not touch the run"), "{}", said.err);
    assert!(
        !call(folder.path(), &[&args[..], &["--quiet"]].concat())
            .err
            .contains("touch")
    );
}

#[test]
fn a_dry_run_says_what_will_happen() {
    let folder = temp();
    let text = ok(
        folder.path(),
        &outage(&[
            "--scenario",
            "exam-season-surge@day2",
            "--dry-run",
            "--counterfactual",
        ]),
    );
    for part in [
        "scenario payment-outage from 2026-02-02T10:00:00.000000Z to 2026-02-02T16:00:00.000000Z, settled by",
        "scenario exam-season-surge from 2026-02-03T00:00:00.000000Z",
        "external events, ",
        "played twice",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let plan = json(folder.path(), &outage(&["--dry-run", "--json"]));
    assert_eq!(plan["scenarios"][0]["id"], "payment-outage");
    assert!(plan["external_events"].as_u64() >= Some(5));
    assert_eq!(names(folder.path()), Vec::<String>::new());
}
