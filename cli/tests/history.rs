//! History, statistics and baselines, from the arguments to the files.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{call, json, manifest, names, ok, refused, shop, temp};

const WEEK: [&str; 7] = [
    "tutoring", "--scale", "0.002", "--days", "8", "--quiet", "--out",
];

fn week<'a>(command: &'a str, out: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&[command], &WEEK[..], &[out], more].concat()
}

fn text(path: &Path) -> Vec<u8> {
    fs::read(path).expect("it is there")
}

#[test]
fn a_baseline_does_not_depend_on_threads_and_lists_its_files() {
    let folder = temp();
    let told = json(
        folder.path(),
        &week(
            "baseline",
            "one",
            &["--seeds", "3", "--threads", "1", "--json"],
        ),
    );
    ok(
        folder.path(),
        &week("baseline", "many", &["--seeds", "3", "--threads", "7"]),
    );
    let (one, many) = (folder.path().join("one"), folder.path().join("many"));
    assert_eq!(
        names(&one),
        ["baseline.json", "statistics.json", "statistics.parquet"]
    );
    for name in names(&one) {
        assert_eq!(text(&one.join(&name)), text(&many.join(&name)), "{name}");
    }
    let baseline: Value = serde_json::from_slice(&text(&one.join("baseline.json"))).expect("JSON");
    assert_eq!(baseline["seeds"], serde_json::json!(["42", "43", "44"]));
    assert_eq!(told["files"], baseline["files"]);
    assert_eq!(baseline["streams"].as_array().map(Vec::len), Some(50));
}

#[test]
fn a_folder_in_use_is_left_alone_unless_it_holds_a_baseline_and_force_is_given() {
    let folder = temp();
    let make = |more: &[&str]| {
        call(
            folder.path(),
            &week("baseline", "base", &[&["--seeds", "1"], more].concat()),
        )
    };
    assert_eq!(make(&[]).code, Some(0));
    let said = make(&[]);
    assert_eq!(said.code, Some(2));
    assert!(
        said.err.contains("holds a baseline\n  help: add --force"),
        "{}",
        said.err
    );
    assert_eq!(make(&["--force"]).code, Some(0));
    fs::create_dir(folder.path().join("own")).expect("a folder");
    fs::write(folder.path().join("own/thesis.txt"), "years of work").expect("a file");
    let said = refused(
        folder.path(),
        &week("baseline", "own", &["--seeds", "1", "--force"]),
    );
    assert!(said.contains("not from causeflow"), "{said}");
    assert!(folder.path().join("own/thesis.txt").exists());
}

#[test]
fn a_run_is_scored_against_a_baseline_that_fits_and_no_other() {
    let folder = temp();
    ok(folder.path(), &week("baseline", "base", &["--seeds", "2"]));
    ok(
        folder.path(),
        &week("run", "scored", &["--baseline", "base"]),
    );
    let entry = &manifest(&folder.path().join("scored"))["baseline"];
    assert_eq!(entry["seeds"], serde_json::json!(["42", "43"]));
    ok(folder.path(), &week("run", "alone", &[]));
    assert_eq!(
        manifest(&folder.path().join("alone"))["baseline"],
        Value::Null
    );
    let points = |out: &str| {
        json(
            folder.path(),
            &["history", out, "--stream", "system.api.request", "--json"],
        )
    };
    let (scored, alone) = (points("scored"), points("alone"));
    assert_eq!(scored["points"][0]["count"], alone["points"][0]["count"]);
    assert_ne!(
        scored["points"][0]["baseline_mean"],
        alone["points"][0]["baseline_mean"]
    );
    let misfit = |args: &[&str]| {
        refused(
            folder.path(),
            &[&["run", "tutoring", "--quiet", "--out", "x"], args].concat(),
        )
    };
    let scale = misfit(&["--scale", "0.001", "--days", "1", "--baseline", "base"]);
    assert!(
        scale.contains("it was made at scale 0.002, and the run is at scale 0.001"),
        "{scale}"
    );
    let none = misfit(&["--baseline", "nowhere"]);
    assert!(
        none.contains("there is no such folder") && none.contains("causeflow baseline"),
        "{none}"
    );
    let run = misfit(&["--baseline", "alone"]);
    assert!(run.contains("holds no baseline.json"), "{run}");
    ok(folder.path(), &["init", "own"]);
    let model = refused(
        folder.path(),
        &[
            "run",
            "own",
            "--scale",
            "0.002",
            "--out",
            "x",
            "--baseline",
            "base",
        ],
    );
    assert!(
        model.contains("it is of the model tutoring, and the run is of"),
        "{model}"
    );
    // Two days from a Monday on know no weekend.
    ok(
        folder.path(),
        &[
            "baseline", "tutoring", "--scale", "0.002", "--days", "2", "--quiet", "--seeds", "1",
            "--out", "short",
        ],
    );
    let short = misfit(&["--scale", "0.002", "--days", "7", "--baseline", "short"]);
    assert!(
        short.contains("in intervals of the class `weekend 00-12` (12h)"),
        "{short}"
    );
    assert!(!folder.path().join("x").exists());
}

#[test]
fn a_baseline_that_was_damaged_is_named() {
    let folder = temp();
    ok(folder.path(), &week("baseline", "base", &["--seeds", "1"]));
    let table = folder.path().join("base/statistics.parquet");
    let mut bytes = text(&table);
    bytes[100] ^= 1;
    fs::write(&table, bytes).expect("it is ours");
    for args in [
        &["stats", "base"][..],
        &week("run", "x", &["--baseline", "base"]),
    ] {
        let said = refused(folder.path(), args);
        assert!(
            said.contains("statistics.parquet") && said.contains("digest"),
            "{said}"
        );
    }
    fs::write(folder.path().join("base/baseline.json"), "{").expect("it is ours");
    let said = refused(folder.path(), &["stats", "base"]);
    assert!(said.contains("baseline.json"), "{said}");
}

#[test]
fn statistics_and_history_are_told_of_streams_that_there_are() {
    let folder = temp();
    ok(
        folder.path(),
        &week("run", "out", &["--streams", "payment.*"]),
    );
    let told = ok(folder.path(), &["stats", "out"]);
    assert!(
        told.contains("payment.success") && !told.contains("booking."),
        "{told}"
    );
    let one = ok(folder.path(), &["stats", "out", "--stream", "payment.suc*"]);
    assert!(one.contains("weekend 12-24"), "{one}");
    let said = refused(
        folder.path(),
        &["stats", "out", "--stream", "payment.succes"],
    );
    assert!(said.contains("did you mean `payment.success`?"), "{said}");
    let said = refused(
        folder.path(),
        &["history", "out", "--stream", "payment.succes"],
    );
    assert!(said.contains("did you mean `payment.success`?"), "{said}");
    let said = refused(
        folder.path(),
        &[
            "history",
            "out",
            "--stream",
            "payment.success",
            "--from",
            "noon",
        ],
    );
    assert!(said.contains("--from: `noon` is not a time"), "{said}");
    let said = refused(
        folder.path(),
        &[
            "history",
            "out",
            "--stream",
            "payment.success",
            "--from",
            "2026-02-05",
            "--to",
            "2026-02-04",
        ],
    );
    assert!(
        said.contains("nothing lies between --from, 2026-02-05T00:00:00Z, and --to"),
        "{said}"
    );
    let history = |more: &[&str]| {
        let all = [
            &["history", "out", "--stream", "payment.success", "--json"],
            more,
        ]
        .concat();
        let told = json(folder.path(), &all);
        told["points"].as_array().expect("a list").clone()
    };
    assert_eq!(history(&[]).len(), 16);
    assert_eq!(history(&["--hourly"]).len(), 192);
    let day = history(&[
        "--hourly",
        "--from",
        "2026-02-04",
        "--to",
        "2026-02-05T00:00:00Z",
    ]);
    assert_eq!(day.len(), 24);
    assert_eq!(day[0]["interval_start"], "2026-02-04T00:00:00.000000Z");
    let plain = ok(
        folder.path(),
        &["history", "out", "--stream", "payment.success"],
    );
    assert!(plain.is_ascii(), "no bars where nobody looks: {plain}");
}

/// Clocks in Cairo are put forward at midnight, from the 23rd to the 24th of April.
#[test]
fn readers_take_dates_in_the_model_s_time_zone_and_say_which_time_is_meant() {
    let folder = shop();
    let path = folder.path().join("shop/model.yaml");
    let template = fs::read_to_string(&path).expect("the template");
    let zoned = "  window: 1h\n  time_zone: Africa/Cairo\n";
    fs::write(&path, template.replacen("  window: 1h\n", zoned, 1)).expect("room");
    let run = [
        "run",
        "shop",
        "--start",
        "2026-04-22",
        "--days",
        "4",
        "--quiet",
        "--out",
        "out",
    ];
    ok(folder.path(), &run);
    let out = folder.path().join("out");
    assert_eq!(manifest(&out)["time_zone"], "Africa/Cairo");
    let stream = "shop.visited";
    let history = |more: &[&str]| {
        let all = ["history", "out", "--stream", stream, "--hourly", "--json"];
        let said = call(folder.path(), &[&all[..], more].concat());
        assert_eq!(said.code, Some(0), "{}", said.err);
        let told: Value = serde_json::from_str(&said.out).expect("JSON");
        let points = told["points"].as_array().expect("a list").clone();
        let time = |point: &Value| point["interval_start"].as_str().map(str::to_owned);
        let first = points.first().and_then(time).expect("a point");
        let last = points.last().and_then(time).expect("a point");
        (first, last, said.err)
    };
    // Two hours ahead until then, three afterwards.
    let (first, last, told) = history(&["--from", "2026-04-23", "--to", "2026-04-25"]);
    assert_eq!(first, "2026-04-22T22:00:00.000000Z");
    assert_eq!(last, "2026-04-24T20:00:00.000000Z");
    assert_eq!(told, "");
    let (by_day, ..) = history(&["--from", "day2", "--to", "day4"]);
    assert_eq!(by_day, first);
    let (instant, ..) = history(&["--from", "2026-04-22T22:00:00Z"]);
    assert_eq!(instant, first);
    let doubt = "warning: `2026-04-24` does not exist in the model's time zone, since clocks are put forward: \
                 2026-04-24T01:00:00 is taken, which is 2026-04-23T22:00:00Z";
    let (first, _, told) = history(&["--from", "2026-04-24"]);
    assert_eq!(first, "2026-04-23T22:00:00.000000Z");
    assert!(told.contains(doubt), "{told}");
    let report = [
        "report", "out", "--model", "shop", "--days", "1", "-o", "r.html", "--from",
    ];
    let page = |from: &str| {
        let said = call(folder.path(), &[&report[..], &[from]].concat());
        assert_eq!(said.code, Some(0), "{}", said.err);
        (text(&folder.path().join("r.html")), said.err)
    };
    let (dated, told) = page("2026-04-24");
    assert!(told.contains(doubt), "{told}");
    assert_eq!(dated, page("2026-04-23T22:00:00Z").0);
    assert_ne!(dated, page("2026-04-24T00:00:00Z").0);
    // A zone that there is not is an edit: `verify` says so, and nothing is read in it.
    let edited = fs::read_to_string(out.join("manifest.json")).expect("a manifest");
    let edited = edited.replacen("Africa/Cairo", "Africa/Kairo", 1);
    fs::write(out.join("manifest.json"), edited).expect("room");
    let all = ["history", "out", "--stream", stream, "--from", "2026-04-24"];
    assert!(refused(folder.path(), &all).contains("it was changed"));
}

/// In Berlin clocks are put back in the morning of the 25th of October: its first half has 13 hours.
#[test]
fn a_half_day_with_an_hour_more_lasts_to_its_end() {
    let folder = shop();
    let path = folder.path().join("shop/model.yaml");
    let text = fs::read_to_string(&path).expect("the template");
    let zoned = "  window: 1h\n  time_zone: Europe/Berlin\n";
    fs::write(&path, text.replacen("  window: 1h\n", zoned, 1)).expect("room");
    let run = [
        "run",
        "shop",
        "--start",
        "2026-10-24",
        "--days",
        "2",
        "--quiet",
        "--out",
        "out",
    ];
    ok(folder.path(), &run);
    let first = |from: &str| {
        let all = [
            "history",
            "out",
            "--stream",
            "shop.visited",
            "--json",
            "--from",
            from,
        ];
        json(folder.path(), &all)["points"][0]["interval_start"].clone()
    };
    assert_eq!(first("2026-10-25T11:59"), "2026-10-24T22:00:00.000000Z");
    assert_eq!(first("2026-10-25T10:59:59Z"), "2026-10-24T22:00:00.000000Z");
    assert_eq!(first("2026-10-25T12:00"), "2026-10-25T11:00:00.000000Z");
}

#[test]
fn what_goes_on_for_several_intervals_is_told_once_with_its_duration() {
    let folder = temp();
    let scenario = ["--scenario", "payment-outage@day2T10:00+30h"];
    let events = ["--no-events", "--event", "blog-viral@day1T02:00"];
    ok(
        folder.path(),
        &week("run", "out", &[&scenario[..], &events].concat()),
    );
    let all = ["history", "out", "--stream", "payment.success"];
    let told = ok(folder.path(), &all);
    // With the two hours in which what was held back is released.
    assert!(told.contains("payment-outage (32 h)"), "{told}");
    for name in ["payment-outage", "blog-viral"] {
        assert_eq!(told.matches(name).count(), 1, "{told}");
    }
    // In full, and in each interval, for programs.
    let shown = json(folder.path(), &[&all[..], &["--json"]].concat());
    let points = shown["points"].as_array().expect("a list").iter();
    let with = points.filter(|point| point["scenarios"].is_string());
    assert_eq!(with.count(), 4);
    // Of what had begun before what is shown, too.
    let late = ok(folder.path(), &[&all[..], &["--from", "day3"]].concat());
    assert!(late.contains("payment-outage (32 h)"), "{late}");
}

#[test]
fn a_baseline_as_json_tells_where_it_is_from() {
    let folder = temp();
    ok(
        folder.path(),
        &week("baseline", "base", &["--seeds", "2", "--format", "json"]),
    );
    let base = folder.path().join("base");
    let files = [
        "baseline-full-8day.json",
        "baseline-statistics.json",
        "baseline-events-8day.json",
    ];
    for name in files {
        let text = String::from_utf8(text(&base.join(name))).expect("UTF-8");
        let value: Value = serde_json::from_str(&text).expect("JSON");
        let from = text.find("\"data\":").expect("there is data") + "\"data\":".len();
        let data = text[from..]
            .trim_end()
            .strip_suffix('}')
            .expect("an object");
        let digest = format!("blake3:{}", blake3::hash(data.as_bytes()).to_hex());
        assert_eq!(value["metadata"]["checksum"], digest, "{name}");
        assert_eq!(value["metadata"]["model"], "tutoring");
    }
    let full: Value = serde_json::from_slice(&text(&base.join(files[0]))).expect("JSON");
    let points = full["data"]["payment.success"].as_array().expect("points");
    assert_eq!(points.len(), 192);
    let score = points[0]["normalized"].as_f64().expect("a score");
    assert!((0.0..=100.0).contains(&score));
    let events: Value = serde_json::from_slice(&text(&base.join(files[2]))).expect("JSON");
    let number = events["data"].as_array().map(Vec::len);
    assert!(
        number.is_some_and(|number| (16..=40).contains(&number)),
        "{number:?}"
    );
    ok(
        folder.path(),
        &week(
            "baseline",
            "quiet",
            &["--seeds", "1", "--format", "json", "--no-events"],
        ),
    );
    let none: Value =
        serde_json::from_slice(&text(&folder.path().join("quiet").join(files[2]))).expect("JSON");
    assert_eq!(none["data"], serde_json::json!([]));
}
