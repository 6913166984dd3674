//! Fields, `let`s and choices under modifiers: what a modifier aims at is what drives the model.

use causeflow_engine::streams::program::{ModifyError, Operation, Parameter, Program};

use crate::support::{Row, START, play, program, settings};
use crate::twins::{agree, bend};

const SHOP: &str = "
model: {name: shop, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 28}}
counters: [sold]
streams:
  asked:
    source: {rate: 2000}
    let:
      effort: {value: 'uniform(1, 2)'}
      hurried: {value: 'bernoulli(0.3)'}
      since: {value: 'time - 2h'}
      dear: {value: 'effort > 1.5'}
    fields:
      kind: {choice: {gift: 5, own: 3, work: 2}}
      price: {value: effort}
      urgent: {value: hurried}
      calm: {value: 'not hurried'}
      is_dear: {value: dear}
      only: {choice: {one: 1, none: 0}}
    changes: [{counter: sold, add: effort}]
  wrapped: {causes: [{on: asked, when: \"kind == 'gift'\", probability: 1, delay: 1m..5m}], fields: {price: {}}}
";

fn shop() -> Program {
    program(&[("shop.yaml".to_owned(), SHOP.to_owned())])
}

/// The asked rows of the shop with one thing bent all the time, each with the row that its twin has.
fn bent(parameter: Parameter, operation: Operation) -> Vec<(Row, Row)> {
    let base = shop();
    let mut program = shop();
    bend(
        &mut program,
        "news",
        "asked",
        parameter,
        operation,
        (-1, 60),
    );
    let (played, twin) = (
        play(&program, &settings(1, 48)),
        play(&base, &settings(1, 48)),
    );
    agree(&program, &played, &twin);
    let rows = played.rows["asked"].iter().cloned();
    rows.zip(twin.rows["asked"].iter().cloned()).collect()
}

fn kind(row: &Row) -> String {
    format!("{:?}", row.fields["kind"])
}

fn share(rows: &[(Row, Row)], text: &str, of: impl Fn(&(Row, Row)) -> &Row) -> f64 {
    let chosen = rows
        .iter()
        .filter(|pair| kind(of(pair)).contains(text))
        .count();
    chosen as f64 / rows.len() as f64
}

#[test]
fn a_choice_that_is_bent_moves_to_and_from_one_text_only() {
    for (operation, expected) in [
        (Operation::Multiply(1.4), 0.7),
        (Operation::Multiply(0.5), 0.25),
        (Operation::Override(1.0), 1.0),
        (Operation::Override(0.0), 0.0),
        (Operation::Add(0.2), 0.7),
    ] {
        let rows = bent(Parameter::Choice("kind".into(), "gift".into()), operation);
        let near = |found: f64, expected: f64| (found - expected).abs() < 0.03;
        assert!(
            near(share(&rows, "gift", |pair| &pair.0), expected),
            "{operation:?}"
        );
        // The others keep their proportion, 3 to 2.
        assert!(
            near(share(&rows, "own", |pair| &pair.0), 0.6 * (1.0 - expected)),
            "{operation:?}"
        );
        for (row, other) in &rows {
            let moved = kind(row) != kind(other);
            assert_eq!(row.attribution.is_some(), moved);
            assert!(!moved || kind(row).contains("gift") || kind(other).contains("gift"));
        }
    }
}

#[test]
fn choices_of_one_field_may_be_bent_together() {
    let mut program = shop();
    for (text, factor) in [("gift", 0.5), ("gift", 0.4), ("work", 2.0)] {
        let parameter = Parameter::Choice("kind".into(), text.into());
        bend(
            &mut program,
            text,
            "asked",
            parameter,
            Operation::Multiply(factor),
            (-1, 60),
        );
    }
    // Both modifiers of the one text hold one parameter; the other text is also among those that come instead of it.
    assert_eq!(program.modified.len(), 3);
    let (played, twin) = (
        play(&program, &settings(1, 48)),
        play(&shop(), &settings(1, 48)),
    );
    agree(&program, &played, &twin);
}

#[test]
fn a_let_is_bent_with_all_that_it_drives_also_by_the_field_that_shows_it() {
    for name in ["effort", "price"] {
        let rows = bent(Parameter::Field(name.into()), Operation::Multiply(2.0));
        for (row, other) in &rows {
            let (now, usual) = (row.fields["price"].number(), other.fields["price"].number());
            assert_eq!(now, 2.0 * usual);
            // What is worked out from it follows, and so does the counter, whose twin `agree` has compared.
            assert_eq!(row.fields["is_dear"].number(), 1.0);
            assert!(START.0 <= row.time);
        }
    }
    for name in ["hurried", "urgent"] {
        let rows = bent(Parameter::Field(name.into()), Operation::Override(1.0));
        assert!(
            rows.iter()
                .all(|(row, _)| row.fields["urgent"].number() == 1.0)
        );
    }
}

#[test]
fn what_cannot_be_bent_says_why() {
    let mut shop = shop();
    let asked = shop.stream("asked").expect("it is there");
    let nothing = |program: &mut Program, parameter: Parameter| {
        let mut other = program.clone();
        let label = other.intervene("nobody").expect("there is room");
        let modifier = causeflow_engine::streams::program::Modifier {
            by: label,
            operation: Operation::Multiply(1.0),
            envelope: causeflow_engine::streams::program::Envelope {
                start: START,
                onset: causeflow_engine::base::time::Span(0),
                end: START,
                settling: causeflow_engine::streams::program::Settling::Immediate,
                until: None,
            },
            precedence: 0,
        };
        other.modify(asked, &parameter, modifier)
    };
    let field = |name: &str| Parameter::Field(name.into());
    assert_eq!(
        nothing(&mut shop, field("is_dear")),
        Err(ModifyError::NoChance)
    );
    assert_eq!(
        nothing(&mut shop, field("kind")),
        Err(ModifyError::NotANumber)
    );
    assert_eq!(
        nothing(&mut shop, field("since")),
        Err(ModifyError::NotANumber)
    );
    let no_choice = |texts: &[&str]| {
        let texts = texts.iter().map(|&text| text.to_owned()).collect();
        Err(ModifyError::NoChoice(texts))
    };
    let choice = |name: &str, text: &str| Parameter::Choice(name.into(), text.into());
    assert_eq!(
        nothing(&mut shop, choice("kind", "loan")),
        no_choice(&["gift", "own", "work"])
    );
    assert_eq!(nothing(&mut shop, choice("price", "gift")), no_choice(&[]));
    assert_eq!(nothing(&mut shop, choice("only", "one")), no_choice(&[]));
    assert_eq!(
        shop.modifiable_fields(asked),
        ["price", "urgent", "effort", "hurried"]
    );
    assert_eq!(shop.modifiable_choices(asked), ["kind"]);
}
