//! Expressions: both ways of working them out agree to the bit, and what they yield is finite.

use causeflow_engine::base::sample::{Dist, Yield};
use proptest::prelude::*;

use crate::support::{Value, compile, play, property, settings};

/// Numbers of all sizes, and names of the stream `a` below.
fn leaf() -> impl Strategy<Value = String> {
    let huge = format!("1{}", "0".repeat(305));
    prop_oneof![
        3 => (-50..50i32).prop_map(|n| if n < 0 { format!("(0 - {})", -n) } else { n.to_string() }),
        2 => (0.0..2.0f64).prop_map(|x| format!("{x:.4}")),
        // Not a constant, since sums of constants that are too large are refused.
        1 => Just(format!("({huge} + k)")),
        6 => prop::sample::select(vec!["x", "y", "k", "index", "hour", "weekday", "day(time)", "month(workday(time, k))", "rate_factor(shape)", "if(happens(b), 1, 0)", "if(yes, 1, 0)"])
            .prop_map(str::to_owned),
    ]
}

/// Expressions that are numbers.
fn number() -> impl Strategy<Value = String> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        let two = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner.clone());
        let four = (inner.clone(), inner.clone(), inner.clone(), inner.clone());
        let one_of = |names: &[&'static str]| prop::sample::select(names.to_vec());
        prop_oneof![
            4 => (two.clone(), one_of(&["+", "-", "*", "/"])).prop_map(|((a, b), op)| format!("({a} {op} {b})")),
            2 => (inner.clone(), one_of(&["abs", "floor", "ceil", "round", "sqrt", "exp", "log", "-"]))
                .prop_map(|(a, f)| format!("{f}({a})")),
            2 => (two.clone(), one_of(&["min", "max", "pow", "mod"])).prop_map(|((a, b), f)| format!("{f}({a}, {b})")),
            1 => three.clone().prop_map(|(a, b, c)| format!("clamp({a}, {b}, {c})")),
            2 => (four.clone(), one_of(&["<", "<=", ">", ">=", "==", "!="]))
                .prop_map(|((a, b, c, d), op)| format!("if({a} {op} {b} and not yes, {c} + 0, {d})")),
            1 => three.clone().prop_map(|(a, b, c)| format!("if(lab == 'low' or {a} > {b}, {c} + 0, y)")),
            // The parameters depend on the event, so that no constant is refused.
            5 => (four, prop::sample::select(Dist::ALL)).prop_map(|((a, b, c, d), dist)| draw(dist, [a, b, c, d])),
            1 => Just("normal(5, 2, 1, 9) + poisson(4) + lognormal(3, 0.5, 1, 20) + uniform(1, 2)".to_owned()),
        ]
    })
}

/// A draw from a distribution, as a number.
fn draw(dist: Dist, from: [String; 4]) -> String {
    let signature = dist.signature();
    let parameters = signature.parameters.iter().zip(from);
    let parameters: Vec<String> = parameters.map(|(_, part)| format!("{part} + x")).collect();
    let call = format!("{}({})", signature.name, parameters.join(", "));
    match signature.values {
        Yield::Truth => format!("if({call}, 1, 0)"),
        Yield::Measured | Yield::Whole => call,
    }
}

#[test]
fn every_distribution_stands_in_the_list_of_functions() {
    let list = include_str!("../../docs/models.md");
    for dist in Dist::ALL {
        let name = dist.signature().name;
        assert!(
            list.contains(&format!("`{name}(")),
            "docs/models.md has no `{name}`"
        );
    }
}

/// A stream with the expression as a field, which another carries. With `eager` a counter wants it, too,
/// so that it is worked out when the event takes place; otherwise it is column by column, later.
fn model(expression: &str, eager: bool) -> Vec<(String, String)> {
    let changes = if eager {
        "    changes: [{counter: c, add: value}]\n"
    } else {
        ""
    };
    let text = format!(
        "model: {{name: expressions, cells: 2, window: 1h, reference: {{start: 2026-02-02, days: 7}}}}\n\
         counters: [c]\n\
         profiles: {{shape: {{weekdays: [1, 2, 3, 4, 5, 6, 7]}}}}\n\
         streams:\n  \
           a:\n    source: {{rate: 400}}\n    fields:\n      \
             x: {{value: 'uniform(-5, 5)'}}\n      y: {{value: 'normal(3, 10)'}}\n      k: {{value: 'integer(0, 3)', type: int}}\n      \
             yes: {{value: 'bernoulli(0.5)'}}\n      lab: {{choice: {{low: 2, high: 1}}}}\n      \
             value: {{value: \"0 + {expression}\"}}\n      rounded: {{value: value, decimals: 3}}\n      \
             cased: {{by: lab, cases: {{low: {{value: value}}, high: {{value: \"0 + {expression}\"}}}}}}\n{changes}  \
           b:\n    causes: [{{on: a, probability: 0.5}}]\n    fields: {{value: {{}}, rounded: {{}}, cased: {{}}}}\n"
    );
    vec![("a.yaml".into(), text)]
}

proptest! {
    #![proptest_config(property(150))]

    #[test]
    fn lazy_eager_and_carried_values_agree_and_are_finite(expression in number(), seed in any::<u64>()) {
        let (lazy, eager) = match (compile(&model(&expression, false)), compile(&model(&expression, true))) {
            (Ok(lazy), Ok(eager)) => (lazy, eager),
            (Err(wrong), _) | (_, Err(wrong)) => {
                // Constants that no distribution can have are refused, and those that come to nothing finite.
                let text = wrong.to_string();
                let known = ["cannot have these parameters", "divides by 0", "more than any number"];
                prop_assert!(known.iter().any(|known| text.contains(known)), "{}", text);
                return Ok(());
            }
        };
        let lazy = play(&lazy.compiled.program, &settings(seed, 12)).rows;
        let eager = play(&eager.compiled.program, &settings(seed, 12)).rows;
        prop_assert!(lazy["a"] == eager["a"], "lazy and eager values of {expression} differ");
        prop_assert!(lazy["b"] == eager["b"], "lazy and eager values of {expression} differ where they are carried");
        for row in &lazy["a"] {
            for (name, value) in &row.fields {
                if let Value::Float(bits) = value {
                    prop_assert!(f64::from_bits(*bits).is_finite(), "`{name}` is not finite for {expression}");
                }
            }
        }
        for child in &lazy["b"] {
            let parent = lazy["a"].iter().find(|row| Some(row.id) == child.cause);
            let parent = parent.expect("it happens at once, so its cause is there");
            for (name, value) in &child.fields {
                prop_assert_eq!(value, &parent.fields[name], "`{}` of {}", name, expression);
            }
        }
    }
}
