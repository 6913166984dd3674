//! Parameters that cannot be, and values that they cannot have.

use causeflow_models::{Given, SourceFile, from_files_with};

use super::summary;

const MODEL: &str =
    "model: {name: shop, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 7}}
parameters:
  placed: {value: 50, min: 1, max: 100}
  share: {value: 5%, max: 20%}
  pause: 2h
streams:
  order.placed:
    source: {rate: placed}
    fields: {net: {value: 'uniform(1, 9)'}}
  order.paid:
    causes: [{on: order.placed, probability: share, delay: pause}]
";

fn told(from: &str, to: &str, given: &[(&str, &str)]) -> Vec<String> {
    assert!(MODEL.contains(from), "{from}");
    let file = SourceFile {
        path: "model.yaml".into(),
        text: MODEL.replacen(from, to, 1),
    };
    let given = given
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let given: Given = given.collect();
    match from_files_with("shop", vec![file], &given) {
        Ok(_) => Vec::new(),
        Err(wrong) => summary(&wrong),
    }
}

#[test]
fn each_mistake_in_the_file_is_told_where_it_stands() {
    for (from, to, place, message, help) in [
        (
            "value: 50,",
            "value: 500,",
            "model.yaml:3:19",
            "found 500, expected 1 to 100",
            "",
        ),
        (
            "value: 50,",
            "value: 1 + 1,",
            "model.yaml:3:19",
            "found `1 + 1`, expected a constant",
            "a number",
        ),
        (
            "min: 1,",
            "min: 1h,",
            "model.yaml:3:28",
            "this is a duration, and the value is a number",
            "",
        ),
        (
            "min: 1, max: 100",
            "min: 60, max: 40",
            "model.yaml:3:28",
            "more than `max`",
            "",
        ),
        (
            "pause: 2h",
            "pause: {value: true, max: 1}",
            "model.yaml:5:29",
            "a truth value has no bounds",
            "",
        ),
        (
            "pause: 2h",
            "pause: {valve: 2h}",
            "model.yaml:5:11",
            "unknown key `valve`",
            "`value`",
        ),
        (
            "fields: {net:",
            "fields: {share:",
            "model.yaml:4:3",
            "`share` is also the name of a field or `let` of order.placed",
            "rename",
        ),
        (
            "delay: pause",
            "delay: share",
            "model.yaml:11:60",
            "this is a number, expected a duration",
            "",
        ),
        ("rate: placed", "rate: pause", "model.yaml:8:20", "", ""),
        (
            "delay: pause",
            "delay: paus",
            "model.yaml:11:60",
            "`paus` is not known here",
            "`pause`",
        ),
        (
            "cells: 1",
            "cells: pause",
            "model.yaml:1:28",
            "found `pause`, expected a whole number",
            "",
        ),
    ] {
        let found = told(from, to, &[]);
        // What follows from a value that cannot be read is not told.
        let two = [
            "delay: share",
            "rate: pause",
            "fields: {share:",
            "pause: {value: true, max: 1}",
        ];
        let single = !two.contains(&to);
        assert!(
            !single || found.len() == 1,
            "{to}: one mistake, one error, not {found:#?}"
        );
        let of_it = found.iter().find(|error| error.starts_with(place));
        let of_it = of_it.unwrap_or_else(|| panic!("{to}: expected {place} in {found:#?}"));
        let (said, advice) = of_it.rsplit_once(" / ").expect("the summary has both");
        assert!(said.contains(message), "expected `{message}` in {said}");
        assert!(advice.contains(help), "expected `{help}` in {advice}");
    }
}

#[test]
fn what_is_given_is_told_with_what_there_is() {
    for (given, message, help) in [
        (
            ("plaecd", "50"),
            "the model has no parameter `plaecd`",
            "`placed`",
        ),
        (
            ("other", "50"),
            "the model has no parameter `other`",
            "pause, placed, share",
        ),
        (
            ("placed", "0"),
            "the parameter `placed` cannot be 0",
            "1 to 100",
        ),
        (
            ("share", "21%"),
            "the parameter `share` cannot be 21%",
            "at most 20%",
        ),
        (
            ("placed", "2h"),
            "the parameter `placed` is a number, and `2h` is a duration",
            "50",
        ),
        (
            ("placed", "1 +"),
            "`1 +` is no value for the parameter `placed`",
            "50",
        ),
    ] {
        let found = told("", "", &[given]);
        assert_eq!(found.len(), 1, "{found:#?}");
        assert!(
            found[0].contains(message) && found[0].contains(help),
            "{found:#?}"
        );
    }
    // All at once, with what is wrong in the files.
    let found = told(
        "value: 50,",
        "value: 500,",
        &[("share", "30%"), ("pause", "1")],
    );
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(
        told(
            "",
            "",
            &[("placed", "100"), ("share", "0"), ("pause", "90m")]
        )
        .is_empty()
    );
}
