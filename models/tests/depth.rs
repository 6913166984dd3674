//! However long a chain of causes or of values is, and however deep an expression: it is compiled and played, or refused, and
//! fits the stack.

use crate::support::{compile, play, program, settings};

fn model(rest: &str) -> Vec<(String, String)> {
    let head = "model: {name: m, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 28}}\n";
    vec![("a.yaml".into(), head.to_owned() + rest)]
}

fn refused(rest: &str) -> Vec<String> {
    match compile(&model(rest)) {
        Ok(_) => Vec::new(),
        Err(found) => found.list.into_iter().map(|one| one.message).collect(),
    }
}

/// Streams each of which hands on what the one before it has; `name` says what the one with a number is called.
fn chain(length: usize, name: &dyn Fn(usize) -> usize) -> String {
    let mut text = String::from("streams:\n");
    for at in 0..length {
        let (own, before) = (name(at), name(at.saturating_sub(1)));
        text += &match at {
            0 => format!(
                "  s{own}: {{source: {{rate: 9}}, fields: {{x: {{value: 'uniform(1, 2)'}}}}}}\n"
            ),
            _ => format!(
                "  s{own}: {{causes: [{{on: s{before}, delay: 1s}}], fields: {{x: {{}}}}}}\n"
            ),
        };
    }
    text
}

#[test]
fn chains_of_causes_are_as_long_as_they_are() {
    // Names are looked at in their order: what comes first follows from all others, or the reverse.
    let forwards: &dyn Fn(usize) -> usize = &|at| 10_000 + at;
    let backwards: &dyn Fn(usize) -> usize = &|at| 20_000 - at;
    const LONG: usize = 2_500;
    assert_eq!(program(&model(&chain(LONG, backwards))).streams.len(), LONG);
    const PLAYED: usize = 200;
    for name in [forwards, backwards] {
        let played = play(&program(&model(&chain(PLAYED, name))), &settings(1, 6));
        let [first, last] = [0, PLAYED - 1].map(|at| &played.rows[&format!("s{}", name(at))]);
        assert!(!last.is_empty());
        let xs: Vec<_> = first.iter().map(|row| &row.fields["x"]).collect();
        assert!(last.iter().all(|row| xs.contains(&&row.fields["x"])));
    }
    // In a ring, too.
    let begin = "{source: {rate: 9}, fields: {x: {value: 'uniform(1, 2)'}}}";
    let within = "{causes: [{on: begin}, {on: s19901, delay: 1s}], fields: {x: {}}}";
    let ring = chain(100, backwards).replace(begin, within) + &format!("  begin: {begin}\n");
    assert_eq!(refused(&ring), Vec::<String>::new());
}

#[test]
fn values_may_follow_from_many_others() {
    let lets = |many: usize, value: &dyn Fn(usize) -> String| {
        let all = (0..many).map(|at| format!("      v{at}: {{value: '{}'}}\n", value(at)));
        let all: String = all.collect();
        format!(
            "streams:\n  a:\n    source: {{rate: 100}}\n    let:\n{all}      v{many}: {{value: 'uniform(0, 1)'}}\n    fields: {{x: {{value: v{many}}}, y: {{value: v0}}}}\n"
        )
    };
    let minus = "-".repeat(40);
    for (text, sum) in [
        (lets(990, &|at| format!("v{} + 1", at + 1)), 990.0),
        // An even number of signs, in each.
        (lets(300, &|at| format!("{minus}v{}", at + 1)), 0.0),
    ] {
        let played = play(&program(&model(&text)), &settings(1, 24));
        assert!(played.rows["a"].len() > 50);
        for row in &played.rows["a"] {
            let (x, y) = (row.fields["x"].number(), row.fields["y"].number());
            assert!((y - x - sum).abs() < 1e-6, "{row:?}");
        }
    }
    let many = refused(&lets(40_000, &|at| format!("v{} + 1", at + 1)));
    assert!(
        many.contains(&"a has 40003 fields and `let`s, at most 1000 are possible".to_owned()),
        "{many:?}"
    );
}

#[test]
fn expressions_are_too_long_before_they_are_too_deep() {
    let many = 100_000;
    for value in [
        "(".repeat(many),
        format!("{}1{}", "(".repeat(many), ")".repeat(many)),
        "-".repeat(many) + "1",
        "not ".repeat(many) + "true",
        vec!["1"; many].join("+"),
        format!("{}1{}", "if(true, ".repeat(many), ", 0)".repeat(many)),
    ] {
        let found = refused(&format!(
            "streams:\n  a: {{source: {{rate: 9}}, fields: {{x: {{value: '{value}'}}}}}}\n"
        ));
        assert!(
            found.len() == 1 && found[0].contains("an expression has at most 400"),
            "{found:?}"
        );
    }
}
