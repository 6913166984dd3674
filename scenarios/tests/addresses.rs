//! The table of addresses in docs/scenarios.md is complete, and what it says of each is so.

use std::collections::BTreeSet;

use causeflow_engine::streams::program::StreamId;
use causeflow_scenarios::ADDRESSES;

use crate::support::{summary, tutoring, with};

/// The rows of the table: addresses, and what may be done to them.
fn rows() -> Vec<(String, String)> {
    let docs = include_str!("../../docs/scenarios.md");
    let (_, section) = docs.split_once("### Addresses").expect("the docs have it");
    let lines = section.lines().skip_while(|line| !line.starts_with("|---"));
    let table = lines.skip(1).take_while(|line| line.starts_with('|'));
    let cells = table.map(|line| line.split('|').map(str::trim).collect::<Vec<_>>());
    cells
        .map(|cells| (cells[1].to_owned(), cells[3].to_owned()))
        .collect()
}

fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// What the first scenario that aims so is told.
fn told(on: &str, operation: &str) -> Vec<String> {
    let text = format!(
        "id: own\nname: Own\ndescription: Own.\nduration: 1h\nmodifiers:\n  - {{on: '{on}', {operation}}}\n"
    );
    summary(&with(&[("own.yaml", &text)]).problems_of("own"))
}

#[test]
fn the_docs_have_every_address_and_no_other() {
    let rows = rows();
    let named: BTreeSet<&str> = rows.iter().flat_map(|(cell, _)| quoted(cell)).collect();
    assert_eq!(named, ADDRESSES.into_iter().collect());
}

#[test]
fn of_each_address_the_docs_tell_what_may_be_done_and_nothing_else_is_taken() {
    let program = &tutoring().0;
    let names = |truth: bool| {
        let streams = StreamId::each(&program.streams);
        streams.flat_map(move |(at, stream)| {
            let fields = program.modifiable_fields(at).into_iter();
            let fields = fields.filter(move |name| program.is_chance(at, name) == Ok(truth));
            fields.map(move |name| {
                let is_field = stream.fields.iter().any(|(column, _)| column.name == name);
                (format!("{}/{name}", stream.name), is_field)
            })
        })
    };
    let texts = StreamId::each(&program.streams).flat_map(|(at, stream)| {
        let choices = program.modifiable_choices(at).into_iter();
        choices.map(move |name| format!("{}/{name}/{}", stream.name, program.choices(at, &name)[0]))
    });
    let texts: Vec<String> = texts.collect();
    for (cell, operations) in rows() {
        let truth = cell.contains("true or false");
        for address in quoted(&cell) {
            let examples: Vec<String> = match address {
                "STREAM/rate" | "STREAM/volume" => {
                    vec![address.replace("STREAM", "customer.tutor.search")]
                }
                "STREAM/work" => vec!["support.ticket.responded/work".to_owned()],
                "DESK/staff" => vec!["agents/staff".to_owned()],
                "STREAM/count" => vec!["system.notification.sent/count".to_owned()],
                "STREAM/FIELD" | "STREAM/LET" => names(truth)
                    .filter(|(_, is_field)| *is_field == (address == "STREAM/FIELD"))
                    .map(|(name, _)| name)
                    .collect(),
                "STREAM/FIELD/TEXT" | "STREAM/LET/TEXT" => texts.clone(),
                other => vec![
                    other.replace("STREAM", "support.ticket.created"),
                    format!(
                        "{}/payment.failure",
                        other.replace("STREAM", "support.ticket.created")
                    ),
                ],
            };
            for example in examples.iter().take(5) {
                if told(example, "multiply: 2")
                    .iter()
                    .any(|told| told.contains("nothing causes"))
                {
                    continue;
                }
                for (name, otherwise) in [
                    ("multiply", "2"),
                    ("add", "1"),
                    ("override", "1"),
                    ("shift", "0.1"),
                ] {
                    let listed = quoted(&operations)
                        .into_iter()
                        .find(|op| op.split(':').next() == Some(name));
                    let operation = match listed {
                        Some(op) if op.contains(':') => op.to_owned(),
                        _ => format!("{name}: {otherwise}"),
                    };
                    let errors = told(example, &operation);
                    let taken = !errors.iter().any(|told| !told.contains("is 1 already"));
                    assert_eq!(taken, listed.is_some(), "{example} {operation}: {errors:?}");
                }
            }
        }
    }
}

#[test]
fn what_may_not_be_bent_says_why() {
    for (address, wanted) in [
        (
            "agents/work",
            "a desk has nothing that can be bent but `staff` / `agents` is a desk: aim at how many agents it has, `agents/staff`",
        ),
        (
            "agent/staff",
            "there is no desk `agent` / did you mean `agents`?",
        ),
        (
            "student/count",
            "is a kind of entity, and how many there are and what they are like cannot be bent",
        ),
        (
            "tutor/rating",
            "that is drawn before the run begins, for both of its sides",
        ),
        (
            "session.started/delay",
            "come at appointed times, not after a delay: what was agreed upon stands",
        ),
        (
            "payment.failure/failure_code",
            "write `payment.failure/failure_code/",
        ),
        (
            "payment.failure/failure_code/no_such",
            "is never the text that is named last / the texts that it may be: ",
        ),
        (
            "rating.submitted/stars/five",
            "is not chosen by weight among several texts / ",
        ),
    ] {
        let told = told(address, "multiply: 2").join("\n");
        assert!(told.contains(wanted), "{address}: {told}");
    }
}
