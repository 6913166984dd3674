//! What has no finite value is 0 wherever it is worked out, and counted there; what nobody needs is not.

use causeflow_engine::streams::kept::{Bound, Part, Site};
use causeflow_engine::streams::program::KindId;
use proptest::prelude::*;

use crate::support::{Played, Row, compile, play, program, property, settings};

/// A number from two others, x and y.
#[derive(Clone, Debug)]
enum Number {
    X,
    Y,
    Huge(Box<Number>),
    Sqrt(Box<Number>),
    Log(Box<Number>),
    Of(char, Box<(Number, Number)>),
    If(Box<(Truth, Number, Number)>),
}

#[derive(Clone, Debug)]
enum Truth {
    Less(Box<(Number, Number)>),
    Both(Box<(Truth, Truth)>),
    Either(Box<(Truth, Truth)>),
}

impl Number {
    fn text(&self) -> String {
        match self {
            Number::X => "x".into(),
            Number::Y => "y".into(),
            Number::Huge(e) => format!("(1e200 * {})", e.text()),
            Number::Sqrt(e) => format!("sqrt({})", e.text()),
            Number::Log(e) => format!("log({})", e.text()),
            Number::Of(op, parts) => format!("({} {op} {})", parts.0.text(), parts.1.text()),
            Number::If(parts) => {
                let (condition, yes, no) = &**parts;
                format!("if({}, {}, {})", condition.text(), yes.text(), no.text())
            }
        }
    }

    /// The value; `undefined` if any part that is needed for it has none.
    fn value(&self, at: (f64, f64), undefined: &mut bool) -> f64 {
        let mut of = |e: &Number| e.value(at, undefined);
        let value = match self {
            Number::X => at.0,
            Number::Y => at.1,
            Number::Huge(e) => 1e200 * of(e),
            Number::Sqrt(e) => of(e).sqrt(),
            Number::Log(e) => libm::log(of(e)),
            Number::Of(op, parts) => {
                let (x, y) = (of(&parts.0), of(&parts.1));
                match op {
                    '+' => x + y,
                    '-' => x - y,
                    '*' => x * y,
                    _ => x / y,
                }
            }
            Number::If(parts) => {
                let (condition, yes, no) = &**parts;
                let taken = if condition.value(at, undefined) {
                    yes
                } else {
                    no
                };
                taken.value(at, undefined)
            }
        };
        *undefined |= !value.is_finite();
        if value.is_finite() { value } else { 0.0 }
    }
}

impl Truth {
    fn text(&self) -> String {
        match self {
            Truth::Less(parts) => format!("({} < {})", parts.0.text(), parts.1.text()),
            Truth::Both(parts) => format!("({} and {})", parts.0.text(), parts.1.text()),
            Truth::Either(parts) => format!("({} or {})", parts.0.text(), parts.1.text()),
        }
    }

    fn value(&self, at: (f64, f64), undefined: &mut bool) -> bool {
        match self {
            Truth::Less(parts) => parts.0.value(at, undefined) < parts.1.value(at, undefined),
            Truth::Both(parts) => parts.0.value(at, undefined) && parts.1.value(at, undefined),
            Truth::Either(parts) => parts.0.value(at, undefined) || parts.1.value(at, undefined),
        }
    }
}

fn numbers() -> impl Strategy<Value = Number> {
    let leaf = prop_oneof![Just(Number::X), Just(Number::Y)];
    leaf.prop_recursive(5, 24, 3, |inner| {
        let pair = (inner.clone(), inner.clone()).prop_map(Box::new);
        let less = pair.clone().prop_map(Truth::Less);
        let two = (less.clone(), less.clone()).prop_map(Box::new);
        let truth = prop_oneof![
            less,
            two.clone().prop_map(Truth::Both),
            two.prop_map(Truth::Either),
        ];
        let one = inner.clone().prop_map(Box::new);
        let branches = (truth, inner.clone(), inner);
        prop_oneof![
            one.clone().prop_map(Number::Huge),
            one.clone().prop_map(Number::Sqrt),
            one.prop_map(Number::Log),
            (prop::sample::select(vec!['+', '-', '*', '/', '/']), pair)
                .prop_map(|(op, parts)| Number::Of(op, parts)),
            branches.prop_map(|parts| Number::If(Box::new(parts))),
        ]
    })
}

fn model(rest: &str) -> Vec<(String, String)> {
    let head = "model: {name: m, cells: 2, window: 6h, reference: {start: 2026-02-02, days: 28}}\n";
    vec![("a.yaml".into(), head.to_owned() + rest)]
}

fn number(row: &Row, field: &str) -> f64 {
    row.fields[field].number()
}

fn counted(played: &Played, place: Site) -> u64 {
    let kept = played.result.kept.iter();
    let mut of = kept.filter(|kept| kept.bound == Bound::Undefined(place));
    of.next().map_or(0, |kept| kept.counted.number)
}

proptest! {
    #![proptest_config(property(60))]

    #[test]
    fn what_has_no_value_is_0_and_counted_wherever_it_is_worked_out(e in numbers()) {
        let text = e.text();
        let inputs = "x: {value: 'integer(-2, 2)'}, y: {value: 'integer(-1, 1)'}";
        let files = model(&format!(
            "counters: [sum]\n\
             entities:\n  person: {{count: 60, attributes: {{{inputs}, z: {{value: '{text}'}}}}, variables: {{v: '{text}'}}}}\n\
             streams:\n  \
               a:\n    source: {{rate: 20, actor: person}}\n    requires: 'eager == eager'\n    \
                 let: {{asked: {{value: '{text}'}}, late: {{value: '{text}'}}}}\n    \
                 fields: {{{inputs}, lazy: {{value: '{text}'}}, eager: {{value: '{text}'}}, z: {{value: 'person.z'}}, v: {{value: 'person.v'}}, zx: {{value: 'person.x'}}, zy: {{value: 'person.y'}}}}\n    \
                 changes: [{{counter: sum, add: '{text}'}}]\n  \
               b: {{causes: [{{on: a, when: '{text} > 0', delay: 1m}}]}}\n  \
               c: {{causes: [{{on: a, delay: '1m * min(max({text}, 0), 5)'}}], fields: {{at: {{value: 'time'}}}}}}\n  \
               e: {{causes: [{{on: a, delay: '1m + 0m * late'}}]}}\n  \
               f: {{causes: [{{on: a, when: 'lazy != lazy', delay: '1m + 0m * late'}}]}}\n  \
               d: {{causes: [{{on: a, probability: '0 * asked + 0.5'}}]}}\n"
        ));
        let played = play(&program(&files), &settings(3, 24));
        let stream = |name: &str| program(&files).stream(name).expect("it is there");
        let rows = &played.rows["a"];
        let caused = |of: &str, row: &Row| played.rows[of].iter().find(|b| b.cause == Some(row.id)).map(|b| b.time);
        let (mut undefined, mut first) = (0, None);
        for row in rows {
            let at = (number(row, "x"), number(row, "y"));
            let mut found = false;
            let value = e.value(at, &mut found) + 0.0;
            prop_assert_eq!(number(row, "lazy").to_bits(), value.to_bits(), "{} at {:?}", text, at);
            prop_assert_eq!(number(row, "eager").to_bits(), value.to_bits());
            let own = e.value((number(row, "zx"), number(row, "zy")), &mut false) + 0.0;
            prop_assert_eq!(number(row, "z").to_bits(), own.to_bits());
            prop_assert_eq!(number(row, "v").to_bits(), own.to_bits());
            if row.time < crate::support::START.0 + 23 * 3_600_000_000 {
                prop_assert_eq!(caused("b", row).is_some(), value > 0.0);
                let after = (value.clamp(0.0, 5.0) * 60e6) as i64;
                prop_assert_eq!(caused("c", row), Some(row.time + after));
            }
            undefined += u64::from(found);
            first = first.or(found.then_some(row.id));
        }
        let names = ["x", "y", "lazy", "eager"];
        let program = program(&files);
        let definition = &program.streams[stream("a")];
        let place = |name: &str| {
            let at = definition.variables.iter().position(|v| v.name == name);
            Site::Variable(at.expect("it is there") as u16)
        };
        for name in &names[2..] {
            prop_assert_eq!(counted(&played, place(name)), undefined, "{} in {}", text, name);
        }
        prop_assert_eq!(counted(&played, place("asked")), undefined);
        prop_assert_eq!(counted(&played, place("late")), undefined);
        prop_assert_eq!(counted(&played, place("x")), 0);
        prop_assert_eq!(counted(&played, Site::Change(0)), undefined);
        let when = Site::Effect(stream("b"), Part::When);
        prop_assert_eq!(counted(&played, when), undefined);
        let delay = Site::Effect(stream("c"), Part::Delay);
        prop_assert_eq!(counted(&played, delay), undefined);
        let lazy = played.result.kept.iter().find(|kept| kept.bound == Bound::Undefined(place("lazy")));
        prop_assert_eq!(lazy.map(|kept| kept.counted.first.1), first);
        let mut people = 0;
        for cell in &played.result.cells {
            let [group] = &cell.population.groups[..] else { unreachable!() };
            for entity in 0..group.ids.len() {
                let of = |at: usize| f64::from_bits(group.attributes[at][entity]);
                let mut found = false;
                e.value((of(0), of(1)), &mut found);
                people += u64::from(found);
            }
        }
        prop_assert_eq!(counted(&played, Site::Attribute(KindId(0), 2)), people);
        prop_assert_eq!(counted(&played, Site::EntityVariable(KindId(0), 0)), people);
    }
}

#[test]
fn sums_that_are_too_large_are_told_and_stay_finite() {
    let played = play(
        &program(&model(
            "counters: [all]\nentities:\n  person: {count: 1, variables: {sum: '0'}}\n\
             streams:\n  \
               a:\n    source: {rate: 50, actor: person}\n    fields: {sum: {value: 'person.sum'}}\n    \
                 changes: [{entity: person, add: {sum: 1e308}}, {counter: all, add: 1e308}]\n  \
               seen: {timer: {every: 6h}, fields: {all: {value: 'total(all)'}}}\n",
        )),
        &settings(3, 24),
    );
    let sums = played.rows["a"].iter().map(|row| number(row, "sum"));
    assert!(sums.clone().all(|sum| sum.is_finite()) && sums.clone().any(|sum| sum == 1e308));
    let seen = played.rows["seen"].iter().map(|row| number(row, "all"));
    assert!(seen.clone().count() >= 4 && seen.clone().all(f64::is_finite));
    let many = played.rows["a"].len() as u64;
    for change in [0, 1] {
        let number = counted(&played, Site::Change(change));
        assert!((many / 2).abs_diff(number) <= 1, "{number} of {many}");
    }
}

#[test]
fn what_can_have_no_value_is_warned_of() {
    let told = |value: &str| {
        let text = format!(
            "streams:\n  a:\n    source: {{rate: 9}}\n    \
               fields: {{n: {{value: 'integer(0, 3)'}}, u: {{value: 'uniform(-1, 1)'}}, v: {{value: '{value}'}}}}\n"
        );
        let found = match compile(&model(&text)) {
            Ok(model) => model.compiled.warnings,
            Err(found) => found,
        };
        let messages: Vec<String> = found.list.into_iter().map(|one| one.message).collect();
        messages.join("; ")
    };
    for (value, expected) in [
        ("1 / n", "this divides by what can be 0; it is then 0"),
        ("1 / (n * 2)", ""),
        (
            "1 / poisson(2)",
            "this divides by what can be 0; it is then 0",
        ),
        ("1 / hour", "this divides by what can be 0; it is then 0"),
        ("1 / (n + 1)", ""),
        ("1 / u", ""),
        ("1 / max(n, 1)", ""),
        ("if(n > 0, 1 / n, 0)", ""),
        ("if(n > 0 and 1 / n > 0.4, 1, 0)", ""),
        (
            "2 + sqrt(u)",
            "this takes the root of what can be below 0; it is then 0",
        ),
        ("sqrt(abs(u))", ""),
        (
            "log(n)",
            "this takes the logarithm of what can be 0 or below; it is then 0",
        ),
        ("log(uniform(0.1, 1))", ""),
    ] {
        assert_eq!(told(value), expected, "{value}");
    }
}
