//! Plans: what they do to a program, what they leave of themselves in a twin, and their tables.

use std::collections::BTreeSet;

use causeflow_scenarios::{Kind, Library, Request};

use crate::support::{day, file, plan, request, summary, tutoring, with};

#[test]
fn a_plan_bends_the_program_in_the_order_of_its_interventions() {
    let (program, library) = tutoring();
    let asked = request(
        &["payment-outage@day10T10:00", "supply-crisis@day3"],
        &["blog-viral@day2T09:30"],
    );
    let plan = plan(library, &asked, 42).expect("it fits");
    assert_eq!(plan.warnings().list, []);
    let mut bent = program.clone();
    plan.apply(&mut bent).expect("it fits its program");
    let names: Vec<&str> = bent.interventions.iter().map(|i| i.name.as_str()).collect();
    assert_eq!(
        names[..2],
        [
            "supply-crisis@2026-02-04T00:00:00Z",
            "payment-outage@2026-02-11T10:00:00Z"
        ]
    );
    assert!(names.contains(&"blog-viral@2026-02-03T09:30:00Z"));
    let unique: BTreeSet<&&str> = names.iter().collect();
    assert_eq!(unique.len(), names.len());
    let starts: Vec<_> = plan.interventions()[2..]
        .iter()
        .map(|i| i.modifiers[0].1.envelope.start)
        .collect();
    assert!(starts.len() > 50);
    // What the rows are attributed to is in the list of events, or is a scenario.
    let attributed: BTreeSet<&str> = plan
        .external_events()
        .iter()
        .filter_map(|e| e.attribution.as_deref())
        .collect();
    assert!(names.iter().all(|name| attributed.contains(name)));
    assert!(!bent.modified.is_empty() && program.modified.is_empty());
}

#[test]
fn the_twin_keeps_the_timeline_alone() {
    let (_, library) = tutoring();
    let asked = request(&["payment-outage@day10T10:00"], &["blog-viral@day2T09:30"]);
    let twin = plan(library, &asked, 42)
        .expect("it fits")
        .without_scenarios();
    let baseline = plan(library, &Request::default(), 42).expect("it fits");
    assert_eq!(twin.interventions(), baseline.interventions());
    assert_eq!(twin.external_events(), baseline.external_events());
    let asked = Request {
        without_timeline: true,
        ..asked
    };
    let quiet = plan(library, &asked, 42).expect("it fits");
    assert!(
        quiet
            .external_events()
            .iter()
            .all(|event| !event.of_timeline)
    );
    assert!(quiet.without_scenarios().external_events().is_empty());
}

#[test]
fn events_of_a_scenario_announce_it_and_have_no_impact_of_their_own() {
    let (_, library) = tutoring();
    let asked = request(
        &["payment-outage@day10T10:00", "normal-operations@day20"],
        &[],
    );
    let plan = plan(library, &asked, 42).expect("it fits");
    let injected: Vec<_> = plan
        .external_events()
        .iter()
        .filter(|e| e.injected_by.is_some())
        .collect();
    let [outage, normal] = injected[..] else {
        panic!("{injected:?}")
    };
    assert_eq!(
        (outage.time, outage.severity.name()),
        (day(9, 10), "critical")
    );
    assert_eq!(outage.title, "Payment provider reports a major outage");
    assert_eq!(
        outage.injected_by.as_deref(),
        Some("payment-outage@2026-02-11T10:00:00Z")
    );
    assert_eq!(outage.attribution, outage.injected_by);
    assert!(outage.is_causal && !normal.is_causal && normal.attribution.is_none());
    let of_events = plan
        .interventions()
        .iter()
        .filter(|i| i.modifiers.iter().any(|(rule, _)| rule.kind == Kind::Event));
    assert!(
        of_events
            .map(|i| &i.name)
            .all(|name| !name.contains(&day(9, 10).to_string()))
    );
    let own = "id: own\nname: Own\ndescription: Own.\nduration: 2h\nevents: [{template: aws-outage, at: 1h, impact: own}]\n";
    let library = with(&[("own.yaml", own)]);
    let plan =
        crate::support::plan(&library, &request(&["own@day2T05:00"], &[]), 42).expect("it fits");
    let found = plan
        .interventions()
        .iter()
        .find(|i| i.name == "aws-outage@2026-02-03T06:00:00Z");
    assert_eq!(found.map(|i| i.modifiers.len()), Some(3));
}

#[test]
fn a_shorter_activation_ends_its_modifiers_sooner() {
    let (_, library) = tutoring();
    let plan = plan(library, &request(&["exam-season-surge@day5+6h"], &[]), 1).expect("it fits");
    let surge = &plan.interventions()[0];
    assert_eq!(
        surge.modifiers.len(),
        3,
        "its cascades would begin after 12 h"
    );
    assert!(
        surge
            .modifiers
            .iter()
            .all(|(_, m)| m.envelope.end == day(4, 6))
    );
    assert!(
        summary(plan.warnings())
            .iter()
            .any(|w| w.contains("is over before its cascade begins"))
    );
}

#[test]
fn conflicts_name_both() {
    let own = |id: &str, modifier: &str| {
        format!(
            "id: {id}\nname: N\ndescription: D.\nduration: 4h\nsettling: {{linear: 8h}}\nmodifiers: [{modifier}]\n"
        )
    };
    let first = own("first", "{on: payment.failure/probability, override: 0.5}");
    let second = own("second", "{on: payment.failure/probability, override: 0.2}");
    let third = own(
        "third",
        "{on: payment.failure/probability, override: 0.2, precedence: 3}",
    );
    let weak = own("weak", "{on: payment.failure/volume, multiply: 2}");
    let library = with(&[
        ("1.yaml", &first),
        ("2.yaml", &second),
        ("3.yaml", &third),
        ("4.yaml", &weak),
    ]);
    let told = |scenarios: &[&str]| {
        let asked = Request {
            without_timeline: true,
            ..request(scenarios, &[])
        };
        summary(
            plan(&library, &asked, 1)
                .expect("conflicts are warnings")
                .warnings(),
        )
        .join("\n")
    };
    let both = told(&["first@day3", "second@day3T05:00"]);
    assert!(
        both.contains(
            "`first@2026-02-04T00:00:00Z` and `second@2026-02-04T05:00:00Z` both override"
        ),
        "{both}"
    );
    assert_eq!(
        told(&["first@day3", "second@day4"]),
        "",
        "the first has settled"
    );
    let moot = told(&["weak@day3", "second@day3T05:00"]);
    assert!(
        moot.contains("`second@2026-02-04T05:00:00Z` overrides")
            && moot.contains("`weak@2026-02-04T00:00:00Z`"),
        "{moot}"
    );
    assert_eq!(
        told(&["weak@day3", "third@day3T05:00"]),
        "",
        "a precedence says that it is meant"
    );
    assert_eq!(
        told(&["second@day3", "weak@day3T05:00"]),
        "",
        "what comes later still acts"
    );
}

#[test]
fn a_file_of_ones_own_brings_templates_and_events() {
    let text = "templates:\n  street-party:\n    {type: operational, title: Party, description: Music., severity: info, icon: music, expects: \
                {streams: [system.auth.login], direction: decrease, magnitude: low}, duration: 4h, modifiers: [{on: \
                system.auth.login/rate, multiply: 0.95}]}\nevents:\n  - {template: street-party, at: day3T18:00}\n  - {template: \
                aws-outage, at: 2026-02-10, causal: false, title: False alarm}\n";
    let (program, library) = tutoring();
    let mut library: Library = library.clone();
    let events = library
        .add_events(program, file("mine.yaml", text))
        .expect("it is right");
    let asked = Request {
        events,
        without_timeline: true,
        ..Request::default()
    };
    let plan = plan(&library, &asked, 1).expect("it fits");
    assert_eq!(plan.interventions().len(), 1);
    let [party, alarm] = plan.external_events() else {
        panic!("two events")
    };
    assert_eq!((party.time, party.is_causal), (day(2, 18), true));
    assert_eq!(
        (
            alarm.title.as_str(),
            alarm.is_causal,
            alarm.attribution.as_deref()
        ),
        ("False alarm", false, None)
    );
    let wrong = library.add_events(
        program,
        file(
            "wrong.yaml",
            "events: [{template: street-fair, at: day1}, {template: aws-outage}]\n",
        ),
    );
    let wrong = summary(&wrong.expect_err("two mistakes")).join("\n");
    assert!(wrong.contains("own/wrong.yaml:1: "), "{wrong}");
}

#[test]
fn a_models_folder_may_hold_scenarios_and_another_folder_takes_their_place() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("it lies in a folder"))
            .expect("it can be made");
        std::fs::write(path, text).expect("it can be written");
    };
    for source in causeflow_models::template() {
        write(&source.path, &source.text);
    }
    let scenario = |id: &str| {
        format!(
            "id: {id}\nname: N\ndescription: D.\nduration: 1h\nmodifiers: [{{on: shop.visited/rate, multiply: 2}}]\n"
        )
    };
    write("template/scenarios/sale.yaml", &scenario("sale"));
    write("elsewhere/strike.yml", &scenario("strike"));
    write("elsewhere/notes.txt", "no scenario");
    let origin = folder.path().join("template").display().to_string();
    let model =
        causeflow_models::load(&origin).expect("the folder within it is not a part of the model");
    let ids = |folder: Option<&std::path::Path>| {
        let library = Library::load(&model, folder).expect("both can be read");
        assert_eq!(library.problems().to_string(), "");
        library
            .scenarios()
            .map(|scenario| scenario.id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ids(None),
        ["sale"],
        "a model of another name has no built-in scenarios"
    );
    assert_eq!(ids(Some(&folder.path().join("elsewhere"))), ["strike"]);
    assert!(Library::load(&model, Some(&folder.path().join("nowhere"))).is_err());
}
