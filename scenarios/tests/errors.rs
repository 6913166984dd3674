//! Every mistake is met with the file, the line, and what to write instead; the others stay usable.

use crate::support::{summary, with};

/// A scenario with these modifiers.
pub fn scenario(modifiers: &str) -> String {
    format!("id: own\nname: Own\ndescription: Own.\nduration: 10h\nmodifiers:\n{modifiers}")
}

/// The first thing that is said about a scenario.
fn told(text: &str) -> String {
    let library = with(&[("own.yaml", text)]);
    assert_eq!(
        library
            .scenarios()
            .filter(|scenario| scenario.id != "own")
            .count(),
        9,
        "the others are usable"
    );
    summary(&library.problems_of("own"))
        .first()
        .cloned()
        .unwrap_or_default()
}

#[test]
fn modifiers_say_what_to_write_instead() {
    let cases = [
        (
            "{on: payment.failure, multiply: 2}",
            "`payment.failure` is not the address of a parameter / write the stream and its parameter",
        ),
        (
            "{on: payment.failing/probability, multiply: 2}",
            "there is no stream `payment.failing` / did you mean `payment.failure`?",
        ),
        (
            "{on: payment.failure/probabilty, multiply: 2}",
            "no parameter or field `probabilty` / did you mean `probability`?",
        ),
        (
            "{on: rating.submitted/star, add: 1}",
            "no parameter or field `star` / did you mean `stars`?",
        ),
        (
            "{on: payment.failure/rate, multiply: 2}",
            "`payment.failure` has no source with a rate / write `payment.failure/volume`",
        ),
        (
            "{on: customer.tutor.search/probability, multiply: 2}",
            "nothing causes `customer.tutor.search` / write `customer.tutor.search/rate`",
        ),
        (
            "{on: support.ticket.created/probability/payment.success, multiply: 2}",
            "does not cause `support.ticket.created` / what causes it: payment.failure, ",
        ),
        (
            "{on: support.ticket.created/volume/payment.failure, multiply: 2}",
            "`volume` does not depend on the cause / leave the cause out",
        ),
        (
            "{on: session.started/delay, multiply: 2}",
            "come at appointed times",
        ),
        ("{on: booking.confirmed/booking_id, multiply: 2}", "/ "),
        (
            "{on: payment.failure/failure_code, multiply: 2}",
            "is not a number that can be modified / ",
        ),
        (
            "{on: payment.failure/probability}",
            "this modifier does nothing / write exactly one of",
        ),
        (
            "{on: payment.failure/probability, multiply: 2, shift: 0.1}",
            "has multiply and shift at once / write exactly one of",
        ),
        (
            "{on: payment.failure/probability, multiply: -2}",
            "found the factor -2, expected 0 to 1000",
        ),
        (
            "{on: payment.failure/probability, multiply: much}",
            "found `much`, expected a number",
        ),
        (
            "{on: payment.failure/probability, override: 1.2}",
            "found 1.2, expected 0 to 1 / a share of 1.2 per cent is `1.2%`",
        ),
        (
            "{on: payment.failure/probability, override: 150%}",
            "found 150%, expected 0 to 1 / a probability is 100% at most",
        ),
        (
            "{on: payment.failure/probability, shift: -1.5}",
            "expected -1 to 1",
        ),
        (
            "{on: payment.failure/probability, add: 0.1}",
            "`add` is not for probabilities / write `shift: 0.1`",
        ),
        (
            "{on: customer.tutor.search/rate, shift: 0.1}",
            "`shift` is for probabilities only / write `add`",
        ),
        (
            "{on: customer.tutor.search/rate, add: 60}",
            "the rate `60` has no unit / write `60/h` or `60/d`",
        ),
        (
            "{on: customer.tutor.search/rate, override: 150%}",
            "`150%` is not a rate: so many events in some time / write one such as `60/h`, or `multiply: 1.5`",
        ),
        (
            "{on: customer.tutor.search/rate, add: 60/fortnight}",
            "`fortnight` is not a unit of time",
        ),
        (
            "{on: customer.tutor.search/rate, override: -60/h}",
            "`-60/h` is below 0",
        ),
        (
            "{on: support.ticket.responded/delay, add: 30}",
            "the duration `30` has no unit / write a duration such as `30m`",
        ),
        (
            "{on: support.ticket.created/volume, add: 60/h}",
            "a volume can only be multiplied",
        ),
        (
            "{on: rating.submitted/stars, add: lots}",
            "`lots` is not a number",
        ),
        (
            "{on: payment.failure/probability, multiply: 2, settling: {linear: 3}}",
            "the duration `3` has no unit",
        ),
        (
            "{on: payment.failure/probability, multiply: 2, settling: {}}",
            "either linear or has a half-life",
        ),
        (
            "{on: payment.failure/probability, multiply: 2, settling: {half_life: 0h}}",
            "a settling takes some time / write `immediate`",
        ),
        (
            "{on: payment.failure/probability, multiply: 2, settling: imediate}",
            "/ did you mean `immediate`?",
        ),
        (
            "{on: payment.failure/probability, multiply: 2, onset: soon}",
            "`soon` is not a duration",
        ),
        (
            "{on: payment.failure/probability, multply: 2}",
            "unknown key `multply` / did you mean `multiply`?",
        ),
    ];
    for (modifier, wanted) in cases {
        let told = told(&scenario(&format!("  - {modifier}\n")));
        assert!(
            told.starts_with("own/own.yaml:6: ") && told.contains(wanted),
            "{modifier}: {told}, expected {wanted}"
        );
    }
}

#[test]
fn scenarios_say_what_is_missing_or_makes_no_sense() {
    let head = "id: own\nname: Own\ndescription: Own.\n";
    let cases = [
        ("name: Own\n".to_owned(), ":1: the key `id` is missing here"),
        (
            "id: own\nname: Own\nduration: 1h\n".to_owned(),
            ":1: the key `description` is missing here",
        ),
        (
            format!("{head}duration: 0h\n"),
            ":4: a scenario takes some time",
        ),
        (
            format!("{head}duration: 10\n"),
            ":4: the duration `10` has no unit",
        ),
        (
            format!("{head}duration: 1h\nduraton: 1h\n"),
            ":5: unknown key `duraton` / did you mean `duration`?",
        ),
        (
            format!("{head}duration: 5h\ncascades:\n  - {{after: 6h, modifiers: []}}\n"),
            ":6: this cascade begins after 6h, when the scenario is over / begin it before 5h",
        ),
        (
            format!("{head}duration: 5h\ncascades:\n  - {{after: 0h, modifiers: []}}\n"),
            ":6: this cascade begins at once",
        ),
        (
            format!("{head}duration: 5h\nevents:\n  - {{template: aws-outtage, at: 1h}}\n"),
            ":6: there is no template `aws-outtage` / did you mean `aws-outage`?",
        ),
        (
            format!("{head}duration: 5h\nevents:\n  - {{template: aws-outage, at: later}}\n"),
            ":6: `later` is not a duration",
        ),
        (
            format!(
                "{head}duration: 5h\nbacklog: {{of: payment.failure, as: rating.submitted, share: 80%, within: 2h}}\n"
            ),
            ":5: ",
        ),
        (
            format!(
                "{head}duration: 5h\nbacklog: {{of: payment.failure, as: payment.success, share: 180%, within: 2h}}\n"
            ),
            ":5: found 180%, expected 0 to 1",
        ),
        (
            format!(
                "{head}duration: 5h\nbacklog: {{of: payment.failure, as: payment.success, share: 80%, within: 2h}}\n"
            ),
            ":5: this scenario does not move the probability of `payment.failure`",
        ),
        ("id: own\nname: [\n".to_owned(), ":"),
        (
            "id: own id\nname: Own\ndescription: Own.\nduration: 1h\n".to_owned(),
            "",
        ),
    ];
    for (text, wanted) in cases {
        let told = told(&text);
        assert!(told.contains(wanted), "{text}\n{told}, expected {wanted}");
    }
}

#[test]
fn all_errors_of_all_files_are_told_at_once() {
    let library = with(&[
        (
            "own.yaml",
            &scenario(
                "  - {on: payment.failed/probability, multiply: 2}\n  - {on: rating.submitted/stars, shift: 1}\ncascades: [{after: 20h}]\n",
            ),
        ),
        ("other.yaml", "id: other\nname: Other\nduration: 1\n"),
        ("broken.yaml", "id: [\n"),
        (
            "twice.yaml",
            "id: own\nname: Twice\ndescription: T.\nduration: 1h\n",
        ),
        (
            "events.yaml",
            "templates:\n  odd: {type: odd}\n  fine:\n    {type: product, title: T, description: D, severity: info, icon: i, expects: {streams: [system.auth.login], direction: increase, magnitude: low}, duration: 1h, modifiers: []}\n",
        ),
    ]);
    let found = summary(&library.problems()).join("\n");
    for wanted in [
        "own/other.yaml:3: the duration `1` has no unit",
        "own/other.yaml:1: the key `description` is missing",
        "own/broken.yaml:",
        "own/twice.yaml:1: the scenario `own` stands in another file already",
        "own/events.yaml:2: found `odd`, expected one of marketing",
        "own/events.yaml:2: the key `title` is missing",
    ] {
        assert!(found.contains(wanted), "{wanted} is not in\n{found}");
    }
    assert!(library.problems().has_errors());
    assert_eq!(library.scenarios().count(), 9);
    assert!(library.template("fine").is_ok());
    assert!(library.template("odd").is_err());
    assert!(
        library
            .scenario("broken")
            .expect_err("it is no YAML")
            .to_string()
            .contains("broken.yaml")
    );
}
