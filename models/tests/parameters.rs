//! Parameters: a model with one is the model with its value in that place, wherever that is, and whoever gives the value.

use causeflow_models::{Given, Model, SourceFile, from_files_with, load};
use proptest::prelude::*;

use crate::patterns::root;
use crate::support::property;

/// A model in which what stands in braces is a parameter or its value.
const MODEL: &str = "
model: {name: shop, cells: {cells}, window: {window}, warmup: {window}, reference: {start: 2026-02-02, days: 7, growth_per_month: {share}}}
entities:
  clerk: {count: {count}, attributes: {skill: {value: {share}}, is_quick: {value: {quick}}}}
profiles:
  flat: {weekdays: [1, 1, 1, 1, 1, {weight}, 1]}
streams:
  order.placed:
    source: {rate: {rate}, actor: clerk, profile: flat}
    fields:
      channel: {choice: {web: {weight}, app: 1}}
      is_usual: {value: channel == {usual}}
      price: {value: 'lognormal({rate}, {share}) + clerk.skill', decimals: 2}
  order.cancelled:
    causes: [{on: order.placed, probability: {share}, delay: {window}, when: price > {rate}}]
";

const NAMES: [&str; 8] = [
    "cells", "window", "share", "count", "quick", "weight", "rate", "usual",
];

/// The model with its parameters put in by name, or by value.
fn model(values: &[String; 8], defaults: Option<&[String; 8]>, given: &Given) -> Model {
    let mut text = MODEL.to_owned();
    for (name, value) in NAMES.iter().zip(values) {
        let put = match defaults {
            Some(_) => format!("the_{name}"),
            None => value.clone(),
        };
        text = text.replace(&format!("{{{name}}}"), &put);
    }
    if let Some(defaults) = defaults {
        text += "parameters:\n";
        for (name, default) in NAMES.iter().zip(defaults) {
            text += &format!("  the_{name}: {{value: {default}, description: one of many}}\n");
        }
    }
    let file = SourceFile {
        path: "model.yaml".into(),
        text,
    };
    let model = from_files_with("shop", vec![file], given);
    model.unwrap_or_else(|wrong| panic!("{}", wrong.render(false)))
}

fn values() -> impl Strategy<Value = [String; 8]> {
    let window = prop::sample::select(vec!["15m", "1h", "2h", "1d"]);
    let usual = prop::sample::select(vec!["'web'", "'app'"]);
    (
        1..9_u16,
        window,
        1..99_u8,
        1..500_u32,
        any::<bool>(),
        0.0..9.0_f64,
        1..900_u32,
        usual,
    )
        .prop_map(
            |(cells, window, share, count, quick, weight, rate, usual)| {
                [
                    cells.to_string(),
                    window.to_owned(),
                    format!("{share}%"),
                    count.to_string(),
                    quick.to_string(),
                    weight.to_string(),
                    rate.to_string(),
                    usual.to_owned(),
                ]
            },
        )
}

fn program(model: &Model) -> String {
    format!("{:?}", model.compiled.program)
}

proptest! {
    #![proptest_config(property(24))]

    #[test]
    fn a_parameter_is_its_value(values in values(), others in values()) {
        let plain = program(&model(&values, None, &Given::new()));
        let named = model(&values, Some(&values), &Given::new());
        prop_assert_eq!(&program(&named), &plain);
        // Whatever the files say, what is given counts.
        let given = NAMES.iter().zip(&values);
        let given: Given = given.map(|(name, value)| (format!("the_{name}"), value.clone())).collect();
        let over = model(&others, Some(&others), &given);
        prop_assert_eq!(&program(&over), &plain);
        prop_assert_eq!(&over.given, &given);
    }
}

#[test]
fn the_example_has_other_values_when_they_are_given() {
    let folder = root().join("examples/models/returns");
    let folder = folder.to_str().expect("UTF-8");
    let model = load(folder).expect("the model is right");
    let names: Vec<&str> = model
        .compiled
        .parameters
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["days_to_return", "orders_a_day", "return_share"]);
    let given: Given = [("return_share".to_owned(), "25%".to_owned())].into();
    let other = causeflow_models::load_with(folder, &given).expect("it may be that");
    let parameter = &other.compiled.parameters[2];
    assert_eq!(
        (parameter.value.as_str(), parameter.default.as_str()),
        ("25%", "12%")
    );
    assert_ne!(program(&model), program(&other));
}
