//! Variants extend other scenarios: what they replace, add and drop.

use causeflow_engine::base::time::Span;
use causeflow_scenarios::{Library, Scenario};

use crate::support::{summary, with};

fn variant<'l>(library: &'l Library, id: &str) -> &'l Scenario {
    match library.scenario(id) {
        Ok(scenario) => scenario,
        Err(wrong) => panic!("{wrong}"),
    }
}

fn effects(scenario: &Scenario) -> Vec<String> {
    let effect = |rule: &causeflow_scenarios::Rule| {
        format!(
            "{} {} {} {}",
            rule.after, rule.target.address, rule.amount.name, rule.amount.value
        )
    };
    scenario.rules.iter().map(effect).collect()
}

#[test]
fn a_variant_replaces_adds_and_drops() {
    let text = "id: short-surge\nextends: exam-season-surge\nname: Short surge\nduration: 30h\nmodifiers:\n  \
                - {on: customer.tutor.search/rate, multiply: 3}\n  - {on: customer.message.sent/rate, remove: true}\n  \
                - {on: system.auth.login/rate, multiply: 1.2}\ncascades:\n  - after: 720m\n    modifiers:\n      \
                - {on: booking.confirmed/delay, remove: true}\n      - {on: booking.declined/delay, multiply: 1.1}\n  \
                - after: 20h\n    modifiers:\n      - {on: support.chat.started/rate, multiply: 1.1, precedence: 2}\n\
                events:\n  - {template: industry-report, at: 30h, remove: true}\n  - {template: blog-viral, at: -2h}\n";
    let library = with(&[("short.yaml", text)]);
    let short = variant(&library, "short-surge");
    assert_eq!(
        (short.name.as_str(), short.duration),
        ("Short surge", Span(30 * Span::HOUR.0))
    );
    assert_eq!(
        short.settling,
        variant(&library, "exam-season-surge").settling
    );
    let expected = [
        "0s customer.account.registered/volume multiply 1.4",
        "0s customer.tutor.search/rate multiply 3",
        "0s system.auth.login/rate multiply 1.2",
        "12h booking.declined/probability shift 0.1",
        "12h support.chat.started/rate multiply 1.3",
        "12h booking.declined/delay multiply 1.1",
        "20h support.chat.started/rate multiply 1.1",
    ];
    assert_eq!(effects(short), expected);
    let events: Vec<(&str, i64)> = short
        .events
        .iter()
        .map(|event| (event.template.as_str(), event.at.0 / Span::HOUR.0))
        .collect();
    assert_eq!(events, [("finals-week", 0), ("blog-viral", -2)]);
    assert_eq!(
        library.problems().list,
        [],
        "the extended scenario is as it was"
    );
}

#[test]
fn a_scenario_of_ones_own_takes_the_place_of_the_built_in_one() {
    let text = "id: normal-operations\nname: Mine\ndescription: Mine.\nduration: 1h\n";
    let library = with(&[("mine.yaml", text)]);
    assert_eq!(variant(&library, "normal-operations").name, "Mine");
    assert_eq!(library.scenarios().count(), 9);
}

#[test]
fn long_chains_are_followed() {
    let mut files = vec![(
        "v0000.yaml".to_owned(),
        "id: v0000\nname: V\ndescription: V.\nduration: 1h\n".to_owned(),
    )];
    for at in 1..1500 {
        let text = format!("id: v{at:04}\nextends: v{:04}\nduration: {at}h\n", at - 1);
        files.push((format!("v{at:04}.yaml"), text));
    }
    let files: Vec<(&str, &str)> = files
        .iter()
        .rev()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let library = with(&files);
    assert_eq!(
        variant(&library, "v1499").duration,
        Span(1499 * Span::HOUR.0)
    );
    assert_eq!(variant(&library, "v1499").name, "V");
}

#[test]
fn circles_are_refused_and_so_is_what_hangs_on_them() {
    let file = |id: &str, above: &str| {
        format!("id: {id}\nextends: {above}\nname: N\ndescription: D.\nduration: 1h\n")
    };
    let files = [
        file("a", "b"),
        file("b", "c"),
        file("c", "a"),
        file("d", "a"),
        file("e", "e"),
        file("f", "nobody"),
    ];
    let files: Vec<(String, &String)> = files
        .iter()
        .enumerate()
        .map(|(at, text)| (format!("{at}.yaml"), text))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let library = with(&files);
    for id in ["a", "b", "c", "e"] {
        let wrong = summary(&library.scenario(id).expect_err("it is in a circle")).join("\n");
        assert!(
            wrong.contains(":2: these extend one another in a circle"),
            "{wrong}"
        );
    }
    let hangs = summary(
        &library
            .scenario("d")
            .expect_err("it extends one in a circle"),
    );
    assert_eq!(
        hangs,
        ["own/3.yaml:2: `d` extends `a`, which is wrong itself / see the errors of `a`"]
    );
    let alone = summary(&library.scenario("f").expect_err("it extends nothing"));
    assert!(
        alone[0].contains("there is no scenario `nobody`"),
        "{alone:?}"
    );
    assert_eq!(library.scenarios().count(), 9, "the others are usable");
}

#[test]
fn what_is_wrong_above_is_wrong_below_and_told_once() {
    let above = "id: a\nname: A\ndescription: A.\nduration: 1h\nmodifiers: [{on: no.stream/rate, multiply: 2}]\n";
    let library = with(&[("a.yaml", above), ("b.yaml", "id: b\nextends: a\n")]);
    for id in ["a", "b"] {
        let wrong = summary(&library.scenario(id).expect_err("its modifier is wrong"));
        assert!(
            wrong[0].starts_with("own/a.yaml:5: there is no stream `no.stream`"),
            "{wrong:?}"
        );
    }
    assert_eq!(library.problems().list.len(), 1);
}

#[test]
fn there_must_be_something_to_remove() {
    let variant = "id: v\nextends: payment-outage\nmodifiers:\n  - {on: payment.failure/probability, remove: true}\n  - {on: \
                   payment.success/probability, remove: true}\ncascades: [{after: 5h, remove: true}]\nevents: [{template: \
                   aws-outage, at: 0h, remove: true}]\n";
    let plain = "id: p\nname: P\ndescription: P.\nduration: 1h\nmodifiers: [{on: payment.failure/probability, remove: true}]\n";
    let library = with(&[("v.yaml", variant), ("p.yaml", plain)]);
    let wrong = summary(
        &library
            .scenario("v")
            .expect_err("three of four are not there"),
    );
    assert_eq!(wrong.len(), 3, "{wrong:#?}");
    assert!(
        wrong.iter().all(|w| w.contains("no such thing to remove")),
        "{wrong:#?}"
    );
    let wrong = summary(&library.scenario("p").expect_err("it extends nothing"));
    assert!(
        wrong[0].contains("there is nothing to remove this from"),
        "{wrong:#?}"
    );
}
