//! Files of scenarios and external events of one's own: where they are found, and what is wrong with them.

use serde_json::Value;

use crate::support::{call, json, manifest, names, ok, refused, shop, temp};

#[test]
fn a_folder_of_scenarios_is_found_or_named() {
    let folder = shop();
    let text = "id: sale\nname: Sale\ndescription: Everything at half price.\nduration: 6h\n\
                modifiers: [{on: shop.visited/rate, multiply: 3}]\n";
    for place in ["shop/scenarios", "others"] {
        std::fs::create_dir(folder.path().join(place)).expect("room");
    }
    std::fs::write(folder.path().join("shop/scenarios/sale.yaml"), text).expect("room");
    let other = text
        .replace("id: sale", "id: strike")
        .replace("multiply: 3", "multiply: 0");
    std::fs::write(folder.path().join("others/strike.yaml"), other).expect("room");
    let list = |more: &[&str]| {
        json(
            folder.path(),
            &[&["scenarios", "shop", "--json"], more].concat(),
        )
    };
    assert_eq!(list(&[])[0]["id"], "sale");
    assert_eq!(list(&["--scenarios", "others"])[0]["id"], "strike");
    let visits = |more: &[&str]| {
        let args = [
            "run",
            "shop",
            "--days",
            "1",
            "--quiet",
            "--no-output",
            "--json",
        ];
        let told = json(folder.path(), &[&args[..], more].concat());
        let streams = told["streams"].as_array().expect("a list").clone();
        let visits = streams
            .iter()
            .find(|stream| stream["name"] == "shop.visited");
        visits.expect("visits")["rows"].as_u64().expect("a number")
    };
    let plain = visits(&[]);
    assert!(visits(&["--scenario", "sale@day1T12:00"]) > plain);
    assert!(visits(&["--scenario", "strike@day1T12:00", "--scenarios", "others"]) < plain);
    assert!(ok(folder.path(), &["check", "shop"]).contains("1 scenario, 0 warnings in 3 files"));
    let summary = ok(folder.path(), &["check", "others", "--model", "shop"]);
    assert_eq!(summary, "ok: 1 scenario, 0 warnings in 1 file\n");
    // A model without events of its own has no timeline.
    ok(
        folder.path(),
        &["run", "shop", "--days", "1", "--quiet", "--out", "o"],
    );
    assert_eq!(
        names(&folder.path().join("o")),
        [
            "entities",
            "events",
            "history.parquet",
            "history_hourly.parquet",
            "manifest.json",
            "statistics.json",
            "statistics.parquet",
        ]
    );
    assert_eq!(
        manifest(&folder.path().join("o"))["external_events"]["digest"],
        Value::Null
    );
}

#[test]
fn what_is_wrong_with_scenarios_is_told_with_its_place() {
    let folder = shop();
    std::fs::create_dir(folder.path().join("shop/scenarios")).expect("room");
    let text = "id: sale\nname: Sale\ndescription: Half price.\nduration: 6h\n\
                modifiers: [{on: shop.visitd/rate, multiply: 3}]\n";
    std::fs::write(folder.path().join("shop/scenarios/sale.yaml"), text).expect("room");
    for args in [
        &["check", "shop"][..],
        &["check", "shop/scenarios/sale.yaml", "--model", "shop"],
        &["run", "shop", "--scenario", "sale@day1"],
        &["explain", "shop", "sale"],
    ] {
        let message = refused(folder.path(), args);
        assert!(
            message.contains("shop/scenarios/sale.yaml:5:") && message.contains("`shop.visited`"),
            "{args:?}\n{message}"
        );
    }
    let said = call(folder.path(), &["check", "shop", "--json"]);
    let findings: Value = serde_json::from_str(&said.out).expect("JSON");
    assert_eq!((said.code, &findings[0]["line"]), (Some(2), &5.into()));
    // The others can be used, and the run says that one cannot.
    let said = call(
        folder.path(),
        &["run", "shop", "--days", "1", "--no-output"],
    );
    assert_eq!(said.code, Some(0));
    assert!(said.err.contains("causeflow check shop"), "{}", said.err);
    let message = refused(folder.path(), &["check", "shop/scenarios/sale.yaml"]);
    assert!(message.contains("--model tutoring"), "{message}");
    std::fs::write(
        folder.path().join("own.yaml"),
        "events:\n  - {template: nothing, at: day1}\n",
    )
    .expect("room");
    for args in [
        &["check", "own.yaml", "--model", "tutoring"][..],
        &["run", "tutoring", "--events", "own.yaml"],
    ] {
        let message = refused(folder.path(), args);
        assert!(
            message.contains("own.yaml:2:") && message.contains("`nothing`"),
            "{message}"
        );
    }
}

#[test]
fn events_are_asked_for_by_argument_and_by_file() {
    let folder = temp();
    let own = "templates:
  local-fair:
    type: marketing
    title: A fair
    description: Our stand at a fair is crowded.
    severity: info
    icon: tent
    expects: {streams: [marketing.ad.click], direction: increase, magnitude: low}
    duration: 6h
    modifiers: [{on: marketing.ad.click/rate, multiply: 3}]
events:
  - {template: local-fair, at: day1T12:00}
  - {template: aws-outage, at: 2026-02-02T04:00, causal: false, title: Rumours of an outage}
";
    std::fs::write(folder.path().join("own.yaml"), own).expect("room");
    let args = [
        "run",
        "tutoring",
        "--scale",
        "0.01",
        "--days",
        "1",
        "--quiet",
        "--no-events",
        "--event",
        "blog-viral@day1T08:00",
        "--events",
        "own.yaml",
        "--out",
        "o",
        "--json",
    ];
    let told = json(folder.path(), &args);
    let manifest = manifest(&folder.path().join("o"));
    let events = manifest["events"].as_array().expect("a list");
    let of = |key: &str| -> Vec<&Value> { events.iter().map(|event| &event[key]).collect() };
    assert_eq!(of("template"), ["aws-outage", "blog-viral", "local-fair"]);
    assert_eq!(of("causal"), [false, true, true]);
    assert_eq!(events[0]["title"], "Rumours of an outage");
    assert_eq!(events[0]["attribution"], Value::Null);
    assert_eq!(events[2]["attribution"], "local-fair@2026-02-02T12:00:00Z");
    assert_eq!(manifest["external_events"]["number"], 3);
    assert_eq!(told["attributed"]["events"]["interventions"], 2);
    assert!(
        ok(folder.path(), &["check", "own.yaml", "--model", "tutoring"])
            .starts_with("ok: 2 events, 1 new event template")
    );
}

#[test]
fn a_model_of_ones_own_with_the_name_of_a_built_in_one_is_only_warned_of_its_scenarios() {
    let folder = shop();
    let path = folder.path().join("shop/model.yaml");
    let text = std::fs::read_to_string(&path).expect("the template");
    std::fs::write(&path, text.replacen("name: shop", "name: tutoring", 1)).expect("room");
    let said = call(folder.path(), &["check", "shop"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    let told = "do not fit this model, and are left out: ad-campaign, ";
    assert!(said.err.contains(told), "{}", said.err);
    assert_eq!(said.err.matches("warning: ").count(), 1, "{}", said.err);
    assert!(said.out.contains("1 warning"), "{}", said.out);
}
