//! The commands that tell about scenarios and external events.

use crate::support::{json, ok, refused, temp};

#[test]
fn scenarios_and_events_are_listed() {
    let folder = temp();
    let text = ok(folder.path(), &["scenarios", "tutoring"]);
    assert!(
        text.contains("payment-outage") && text.contains("--scenario"),
        "{text}"
    );
    assert!(!text.contains("blog-viral"), "{text}");
    let text = ok(folder.path(), &["scenarios", "tutoring", "--events"]);
    assert!(
        text.contains("blog-viral") && text.contains("clustered"),
        "{text}"
    );
    let list = json(folder.path(), &["scenarios", "tutoring", "--json"]);
    let list = list.as_array().expect("a list").clone();
    assert_eq!(list.len(), 9);
    let outage = list
        .iter()
        .find(|s| s["id"] == "payment-outage")
        .expect("an outage");
    assert_eq!(outage["duration"], "4h");
    assert_eq!(outage["settling"], "at once");
    assert_eq!(outage["settled_after_h"], 6.0);
    let both = json(
        folder.path(),
        &["scenarios", "tutoring", "--events", "--json"],
    );
    assert_eq!(both["scenarios"].as_array().map(Vec::len), Some(9));
    assert!(
        both["events"]
            .as_array()
            .is_some_and(|events| events.len() > 30)
    );
    assert_eq!(
        json(folder.path(), &["models", "--json"])[0]["scenarios"],
        9
    );
}

#[test]
fn explain_tells_what_a_scenario_changes_and_until_when() {
    let folder = temp();
    let text = ok(folder.path(), &["explain", "tutoring", "payment-outage"]);
    for part in [
        "payment-outage: Payment gateway outage",
        "Lasts 4h, then lets go at once; 6h after its start",
        "payment.failure/probability",
        "becomes 0.95",
        "+10m",
        "80 % of the payment.failure events",
        "at its start: stripe-rate-limiting",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let text = ok(folder.path(), &["explain", "tutoring", "quality-crisis"]);
    assert!(
        text.contains("by half every 3d") && text.contains("17d 23h"),
        "{text}"
    );
    let text = ok(folder.path(), &["explain", "tutoring", "exam-season-surge"]);
    assert!(text.contains("+10 points"), "{text}");
    let outage = json(
        folder.path(),
        &["explain", "tutoring", "payment-outage", "--json"],
    );
    assert_eq!(outage["kind"], "scenario");
    assert_eq!(outage["modifiers"][1]["kind"], "cascade");
    assert_eq!(outage["backlog"]["as"], "payment.success");
    for scenario in json(folder.path(), &["scenarios", "tutoring", "--json"])
        .as_array()
        .expect("a list")
    {
        let id = scenario["id"].as_str().expect("text");
        assert!(ok(folder.path(), &["explain", "tutoring", id]).starts_with(id));
    }
}

#[test]
fn explain_tells_about_event_templates_and_finds_the_nearest_name() {
    let folder = temp();
    let text = ok(folder.path(), &["explain", "tutoring", "blog-viral"]);
    for part in [
        "red herrings",
        "an increase of medium magnitude",
        "times 1.15",
        "counted from the event",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    let template = json(
        folder.path(),
        &["explain", "tutoring", "blog-viral", "--json"],
    );
    assert_eq!(
        (&template["kind"], &template["delay_h"]),
        (&"event".into(), &2.0.into())
    );
    for (wrong, right) in [
        ("payment-outge", "payment-outage"),
        ("blog-virl", "blog-viral"),
        ("booking.confirmd", "booking.confirmed"),
    ] {
        let message = refused(folder.path(), &["explain", "tutoring", wrong]);
        assert!(
            message.contains(&format!("did you mean `{right}`?")),
            "{message}"
        );
    }
}
