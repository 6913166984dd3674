//! Exact numbers: what expressions say of them is what a calculation with whole numbers of any size comes to, sums are exact, parts add
//! up, modifiers leave alone what they do not bend, and what does not fit ends a run by naming the event.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use causeflow_engine::base::exact::Digits;
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::{RunError, run};
use causeflow_engine::streams::program::{
    Envelope, Modifier, Operation, Parameter, Program, Settling,
};
use proptest::prelude::*;

use crate::support::{Collect, Row, START, Value, compile, play, program, property, settings};

/// A number as units of its last decimal, and how many decimals there are.
type Number = (i128, u32);

/// What a test works out itself.
#[derive(Clone, Debug)]
enum Expr {
    /// As it is written.
    Written(i32, u32),
    Field(&'static str),
    Add(Box<(Expr, Expr)>),
    Subtract(Box<(Expr, Expr)>),
    Multiply(Box<(Expr, Expr)>),
    Min(Box<(Expr, Expr)>),
    Max(Box<(Expr, Expr)>),
    Negate(Box<Expr>),
    Abs(Box<Expr>),
    Round(Box<Expr>, u32),
    Quotient(Box<(Expr, Expr)>, u32),
    /// The first where two others are in order, or else the second.
    If(Box<[Expr; 4]>, &'static str),
}

fn shown((units, scale): Number) -> String {
    let power = 10i128.pow(scale);
    let sign = if units < 0 { "-" } else { "" };
    let (whole, rest) = (units.abs() / power, units.abs() % power);
    match scale {
        0 => format!("{sign}{whole}"),
        scale => format!("{sign}{whole}.{rest:0width$}", width = scale as usize),
    }
}

fn scaled((units, scale): Number, to: u32) -> i128 {
    units * 10i128.pow(to - scale)
}

/// Rounded to the nearest, of two the even one.
fn divided(a: i128, b: i128) -> i128 {
    let (sign, a, b) = ((a * b).signum(), a.abs(), b.abs());
    let (down, rest) = (a / b, a % b);
    let up = rest * 2 > b || rest * 2 == b && down % 2 == 1;
    sign * (down + i128::from(up))
}

fn to_scale((units, scale): Number, to: u32) -> Number {
    match to >= scale {
        true => (scaled((units, scale), to), to),
        false => (divided(units, 10i128.pow(scale - to)), to),
    }
}

impl Expr {
    fn text(&self) -> String {
        match self {
            Expr::Written(units, scale) => format!("({})", shown((i128::from(*units), *scale))),
            Expr::Field(name) => (*name).to_owned(),
            Expr::Add(parts) => format!("({} + {})", parts.0.text(), parts.1.text()),
            Expr::Subtract(parts) => format!("({} - {})", parts.0.text(), parts.1.text()),
            Expr::Multiply(parts) => format!("({} * {})", parts.0.text(), parts.1.text()),
            Expr::Min(parts) => format!("min({}, {})", parts.0.text(), parts.1.text()),
            Expr::Max(parts) => format!("max({}, {})", parts.0.text(), parts.1.text()),
            Expr::Negate(e) => format!("(-{})", e.text()),
            Expr::Abs(e) => format!("abs({})", e.text()),
            Expr::Round(e, decimals) => format!("round({}, {decimals})", e.text()),
            Expr::Quotient(parts, decimals) => {
                let (a, b) = (parts.0.text(), parts.1.text());
                format!("decimal({a} / ({b}), {decimals})")
            }
            Expr::If(parts, op) => {
                let [a, b, c, d] = &**parts;
                format!(
                    "if({} {op} {}, {}, {})",
                    a.text(),
                    b.text(),
                    c.text(),
                    d.text()
                )
            }
        }
    }

    /// How many decimals it has; none where that would be more than there may be, or where it is no exact number.
    fn scale(&self) -> Option<u32> {
        let both = |parts: &(Expr, Expr)| Some((parts.0.scale()?, parts.1.scale()?));
        match self {
            // As written: zeros at the end are not told.
            Expr::Written(units, scale) => Some(least((i128::from(*units), *scale)).1),
            Expr::Field(name) => Some(FIELDS.iter().find(|field| field.0 == *name)?.1),
            Expr::Add(parts) | Expr::Subtract(parts) | Expr::Min(parts) | Expr::Max(parts) => {
                both(parts).map(|(a, b)| a.max(b))
            }
            Expr::Multiply(parts) => both(parts).map(|(a, b)| a + b).filter(|&scale| scale <= 9),
            Expr::Negate(e) | Expr::Abs(e) => e.scale(),
            Expr::Round(e, decimals) => e.scale().map(|_| *decimals),
            Expr::Quotient(parts, decimals) => both(parts).map(|_| *decimals),
            Expr::If(parts, _) => {
                let scales: Option<Vec<u32>> = parts.iter().map(Expr::scale).collect();
                scales.map(|scales| scales[2].max(scales[3]))
            }
        }
    }

    /// Whether it is one that is written out, which stands for any kind of number.
    fn is_written(&self) -> bool {
        match self {
            Expr::Written(..) => true,
            Expr::Field(_) => false,
            Expr::Negate(e) | Expr::Abs(e) | Expr::Round(e, _) => e.is_written(),
            Expr::Add(parts)
            | Expr::Subtract(parts)
            | Expr::Multiply(parts)
            | Expr::Min(parts)
            | Expr::Max(parts)
            | Expr::Quotient(parts, _) => parts.0.is_written() && parts.1.is_written(),
            Expr::If(parts, _) => parts[2].is_written() && parts[3].is_written(),
        }
    }

    /// Whether all that is calculated has an exact part: constants alone are floats.
    fn is_exact(&self) -> bool {
        let two = |parts: &(Expr, Expr)| {
            parts.0.is_exact()
                && parts.1.is_exact()
                && !(parts.0.is_written() && parts.1.is_written())
        };
        match self {
            Expr::Written(..) | Expr::Field(_) => true,
            Expr::Negate(e) | Expr::Abs(e) | Expr::Round(e, _) => e.is_exact() && !e.is_written(),
            Expr::Add(parts)
            | Expr::Subtract(parts)
            | Expr::Multiply(parts)
            | Expr::Min(parts)
            | Expr::Max(parts)
            | Expr::Quotient(parts, _) => two(parts),
            Expr::If(parts, _) => {
                let [a, b, c, d] = &**parts;
                let mixed = |x: &Expr, y: &Expr| !(x.is_written() && y.is_written());
                parts.iter().all(Expr::is_exact) && mixed(a, b) && mixed(c, d)
            }
        }
    }

    fn value(&self, of: &BTreeMap<&str, Number>) -> Number {
        let both = |parts: &(Expr, Expr)| {
            let (a, b) = (parts.0.value(of), parts.1.value(of));
            let scale = a.1.max(b.1);
            (scaled(a, scale), scaled(b, scale), scale)
        };
        match self {
            Expr::Written(units, scale) => least((i128::from(*units), *scale)),
            Expr::Field(name) => of[name],
            Expr::Add(parts) => {
                let (a, b, scale) = both(parts);
                (a + b, scale)
            }
            Expr::Subtract(parts) => {
                let (a, b, scale) = both(parts);
                (a - b, scale)
            }
            Expr::Min(parts) => {
                let (a, b, scale) = both(parts);
                (a.min(b), scale)
            }
            Expr::Max(parts) => {
                let (a, b, scale) = both(parts);
                (a.max(b), scale)
            }
            Expr::Multiply(parts) => {
                let (a, b) = (parts.0.value(of), parts.1.value(of));
                (a.0 * b.0, a.1 + b.1)
            }
            Expr::Negate(e) => {
                let (units, scale) = e.value(of);
                (-units, scale)
            }
            Expr::Abs(e) => {
                let (units, scale) = e.value(of);
                (units.abs(), scale)
            }
            Expr::Round(e, decimals) => to_scale(e.value(of), *decimals),
            Expr::Quotient(parts, decimals) => {
                let (a, b, _) = both(parts);
                match b {
                    0 => (0, *decimals),
                    b => (divided(a * 10i128.pow(*decimals), b), *decimals),
                }
            }
            Expr::If(parts, op) => {
                let [a, b, c, d] = parts.each_ref().map(|part| part.value(of));
                let scale = a.1.max(b.1);
                let (a, b) = (scaled(a, scale), scaled(b, scale));
                let holds = match *op {
                    "<" => a < b,
                    "<=" => a <= b,
                    ">" => a > b,
                    ">=" => a >= b,
                    "==" => a == b,
                    _ => a != b,
                };
                let scale = c.1.max(d.1);
                to_scale(if holds { c } else { d }, scale)
            }
        }
    }
}

/// A number without zeros at its end.
fn least((mut units, mut scale): Number) -> Number {
    while scale > 0 && units % 10 == 0 {
        (units, scale) = (units / 10, scale - 1);
    }
    (units, scale)
}

/// The fields that expressions name, and their decimals.
const FIELDS: [(&str, u32); 4] = [("cents", 2), ("mills", 3), ("whole", 0), ("big", 0)];

fn expressions() -> impl Strategy<Value = Expr> {
    let field = prop::sample::select(FIELDS.map(|field| field.0).to_vec()).prop_map(Expr::Field);
    let written = (-500..500i32, 0..3u32).prop_map(|(units, scale)| Expr::Written(units, scale));
    let leaf = prop_oneof![3 => field, 1 => written];
    let all = leaf.prop_recursive(4, 20, 4, |inner| {
        let pair = || (inner.clone(), inner.clone()).prop_map(Box::new);
        let four = [inner.clone(), inner.clone(), inner.clone(), inner.clone()].prop_map(Box::new);
        let op = prop::sample::select(vec!["<", "<=", ">", ">=", "==", "!="]);
        prop_oneof![
            pair().prop_map(Expr::Add),
            pair().prop_map(Expr::Subtract),
            pair().prop_map(Expr::Multiply),
            pair().prop_map(Expr::Min),
            pair().prop_map(Expr::Max),
            inner.clone().prop_map(Box::new).prop_map(Expr::Negate),
            inner.clone().prop_map(Box::new).prop_map(Expr::Abs),
            (inner.clone().prop_map(Box::new), 0..4u32).prop_map(|(e, n)| Expr::Round(e, n)),
            (pair(), 0..4u32).prop_map(|(parts, n)| Expr::Quotient(parts, n)),
            (four, op).prop_map(|(parts, op)| Expr::If(parts, op)),
        ]
    });
    all.prop_filter("exact, with few decimals", |e| {
        e.is_exact() && e.scale().is_some() && !e.is_written()
    })
}

fn model(rest: &str) -> Vec<(String, String)> {
    let head = "model: {name: m, cells: 2, window: 6h, reference: {start: 2026-02-02, days: 28}}\n";
    vec![("a.yaml".into(), head.to_owned() + rest)]
}

fn exact(row: &Row, field: &str) -> Number {
    let Value::Exact(text) = &row.fields[field] else {
        panic!("{field} is {:?}", row.fields[field]);
    };
    let decimals = text
        .split_once('.')
        .map_or(0, |(_, decimals)| decimals.len());
    let digits: String = text.chars().filter(|c| *c != '.').collect();
    (digits.parse().expect("a number"), decimals as u32)
}

/// Plays, and says why that ended if it did.
fn attempt(program: &Program, hours: i64, threads: usize) -> Result<Vec<String>, RunError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let mut sink = Collect::default();
    let played = pool.expect("a pool").install(|| {
        run(
            program.clone(),
            &settings(7, hours),
            Some(&mut sink),
            &mut |_| ControlFlow::Continue(()),
        )
    });
    played.map(|result| {
        result
            .streams
            .iter()
            .map(|s| s.fingerprint.to_string())
            .collect()
    })
}

const INPUTS: &str = "cents: {value: 'uniform(-90, 90)', type: 'decimal(8, 2)'}\n      \
    mills: {value: 'uniform(-2, 2)', type: 'decimal(8, 3)'}\n      \
    whole: {value: 'integer(-3, 3)', type: bigint}\n      \
    big: {value: 'uniform(-4e3, 4e3)', type: bigint}\n";

proptest! {
    #![proptest_config(property(150))]

    #[test]
    fn expressions_come_to_what_whole_numbers_of_any_size_come_to(e in expressions()) {
        let text = e.text();
        let streams = |changes: &str| format!(
            "counters: [c]\nstreams:\n  a:\n    source: {{rate: 200}}\n    fields:\n      {INPUTS}      \
             value: '{text}'\n{changes}  b:\n    causes: [{{on: a}}]\n    fields: {{value: {{}}}}\n"
        );
        let eager = "    changes: [{counter: c, add: 'if(value > 0, 1, 2)'}]\n";
        let programs = ["", eager].map(|changes| compile(&model(&streams(changes))));
        let [Ok(lazy), Ok(eager)] = programs else {
            let [wrong, _] = programs;
            let wrong = wrong.err().map(|wrong| wrong.to_string()).unwrap_or_default();
            // Quotients of constants that are 0 are refused.
            prop_assert!(wrong.contains("divides by 0") || wrong.contains("decimals, at most"), "{} {}", wrong, text);
            return Ok(());
        };
        let programs = [lazy, eager].map(|model| model.compiled.program);
        // What does not fit ends both, at the same event.
        let ends = programs.each_ref().map(|program| attempt(program, 24, 1).err().map(|e| e.to_string()));
        prop_assert_eq!(&ends[0], &ends[1], "{}", text);
        if ends[0].is_some() {
            return Ok(());
        }
        let [lazy, eager] = programs.each_ref().map(|program| play(program, &settings(7, 24)).rows);
        prop_assert!(lazy == eager, "lazy and eager values of {} differ", text);
        for row in &lazy["a"] {
            let of = FIELDS.iter().map(|field| (field.0, exact(row, field.0))).collect();
            prop_assert_eq!(exact(row, "value"), e.value(&of), "{} of {:?}", text, of);
        }
        let carried = |rows: &[Row]| -> BTreeMap<u64, Value> {
            rows.iter().map(|row| (row.root, row.fields["value"].clone())).collect()
        };
        prop_assert_eq!(carried(&lazy["a"]), carried(&lazy["b"]));
    }
}

const SHOP: &str = "counters:\n  - {name: sold, type: 'decimal(15, 2)'}\n\
entities:\n  customer:\n    count: 20\n    variables: {owes: {value: 0, type: 'decimal(12, 2)'}}\n\
streams:\n  \
  sale:\n    source: {rate: 300, actor: customer}\n    fields:\n      customer_id: {value: customer.id}\n      \
    price: {value: 'lognormal(20, 1)', type: 'decimal(9, 2)'}\n      \
    parts: {value: 'integer(1, 7)', type: int}\n    value: price\n    changes:\n      \
    - {entity: customer, add: {owes: price}}\n      - {counter: sold, add: price}\n  \
  paid:\n    causes: [{on: sale, count: parts, delay: 2h}]\n    fields:\n      \
    amount: {value: 'split(price, parts)'}\n      owed: {value: customer.owes}\n    \
    changes: [{entity: customer, add: {owes: -amount}}]\n  \
  hourly:\n    timer: {every: 1h}\n    fields: {sold: {value: total(sold)}}\n";

fn shop() -> Program {
    program(&model(SHOP))
}

#[test]
fn counters_variables_and_parts_are_exact() {
    let played = play(&shop(), &settings(3, 24 * 14));
    let (sales, paid) = (&played.rows["sale"], &played.rows["paid"]);
    assert!(sales.len() > 3_000);
    // Each sale is paid in parts that add up to it.
    let mut parts: BTreeMap<u64, i128> = BTreeMap::new();
    for row in paid {
        *parts.entry(row.root).or_default() += exact(row, "amount").0;
    }
    let last = sales.last().map_or(0, |row| row.time) - 2 * 3_600_000_000;
    for sale in sales.iter().filter(|sale| sale.time < last) {
        assert_eq!(parts[&sale.id], exact(sale, "price").0, "{}", sale.id);
    }
    // What the counter said is the sum up to the tick before, to the cent.
    let hourly = &played.rows["hourly"];
    for row in hourly {
        let (sold, _) = exact(row, "sold");
        let mut sum = 0;
        let sums = sales.iter().map(|sale| {
            sum += exact(sale, "price").0;
            sum
        });
        assert!(
            sold == 0
                || sums.into_iter().any(|sum| sum == sold)
                || row.time < START.0 + 3_600_000_000
        );
    }
    // History sums in millionths, of which a cent is a whole number.
    let sum: i128 = sales.iter().map(|sale| exact(sale, "price").0).sum();
    let series = &played
        .result
        .streams
        .iter()
        .find(|s| s.name == "sale")
        .expect("sale")
        .series;
    let counted: i128 = series
        .hours()
        .map(|(_, hour)| hour.factual.value_millionths)
        .sum();
    assert_eq!(counted, sum * 10_000);
    // Who has paid all owes nothing: no cent is lost on the way.
    let mut owes: BTreeMap<u64, i128> = BTreeMap::new();
    let mut events: Vec<(&Row, &str, i128)> = sales.iter().map(|row| (row, "price", 1)).collect();
    events.extend(paid.iter().map(|row| (row, "amount", -1)));
    events.sort_by_key(|(row, ..)| (row.time, row.id));
    let customer: BTreeMap<u64, u64> = sales
        .iter()
        .map(|sale| match sale.fields["customer_id"] {
            Value::Id(id) => (sale.id, id),
            _ => panic!("no id"),
        })
        .collect();
    for (row, field, sign) in events {
        let owed = owes.entry(customer[&row.root]).or_default();
        if field == "amount" {
            assert_eq!(exact(row, "owed").0, *owed);
        }
        *owed += sign * exact(row, field).0;
    }
}

#[test]
fn what_does_not_fit_ends_the_run_and_names_the_event_on_any_number_of_threads() {
    let streams = |fields: &str, changes: &str| {
        format!(
            "entities:\n  p: {{count: 9, variables: {{owes: {{value: 0, type: 'decimal(5, 2)'}}}}}}\n\
             streams:\n  a:\n    source: {{rate: 500, actor: p}}\n    fields:\n      {fields}\n{changes}"
        )
    };
    let change = "    changes: [{entity: p, add: {owes: x}}]\n";
    let asks = "    changes: [{entity: p, add: {owes: 'if(x > 1, 0.01, 0)'}}]\n";
    for (fields, changes, what) in [
        (
            "x: {value: 'exponential(200)', type: 'decimal(5, 2)'}",
            "",
            "a/x",
        ),
        (
            "x: {value: 'exponential(200)', type: 'decimal(5, 2)'}",
            asks,
            "a/x",
        ),
        (
            "x: {value: 'uniform(0, 90)', type: 'decimal(5, 2)'}",
            change,
            "the change 1 of a",
        ),
        (
            "x: {value: 'bigint(exponential(1e10)) * bigint(1e9)'}",
            "",
            "a/x",
        ),
    ] {
        let program = program(&model(&streams(fields, changes)));
        let ends = [1, 2, 4].map(|threads| match attempt(&program, 24 * 20, threads) {
            Err(RunError::TooLarge(number)) => number,
            other => panic!("{fields}: {other:?}"),
        });
        assert_eq!(ends[0], ends[1]);
        assert_eq!(ends[0], ends[2]);
        assert_eq!(ends[0].what, what);
        // Up to the event nothing is wrong.
        let hours = (ends[0].time - START).0 / Span::HOUR.0;
        let before = attempt(&program, hours, 2);
        assert!(before.is_ok(), "{fields}: {before:?}");
        let told = ends[0].to_string();
        assert!(told.contains(&ends[0].id.to_string()), "{told}");
    }
    // An entity's own value.
    let kind = "entities:\n  p: {count: 9, attributes: {x: {value: 'uniform(0, 200)', type: 'decimal(4, 2)'}}}\n\
                streams:\n  a: {source: {rate: 5, actor: p}, fields: {id: {value: p.id}}}\n";
    match attempt(&program(&model(kind)), 24, 2) {
        Err(RunError::TooLarge(number)) => {
            assert_eq!((&*number.what, number.of_event), ("p.x", false))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn modifiers_bend_exact_fields_and_leave_the_rest_to_the_cent() {
    let quiet = shop();
    let mut bent = shop();
    let label = bent.intervene("dearer").expect("one fits");
    let sale = bent.stream("sale").expect("it is there");
    let (from, to) = (START + Span::DAY, START + Span(2 * Span::DAY.0));
    let modifier = Modifier {
        by: label,
        operation: Operation::Multiply(1.1),
        envelope: Envelope {
            start: from,
            onset: Span(0),
            end: to,
            settling: Settling::Immediate,
            until: None,
        },
        precedence: 0,
    };
    bent.modify(sale, &Parameter::Field("price".into()), modifier)
        .expect("a number");
    let [quiet, bent] = [quiet, bent].map(|program| play(&program, &settings(5, 72)).rows);
    let prices = |rows: &[Row]| -> BTreeMap<u64, (Time, i128)> {
        let price = |row: &Row| (row.id, (Time(row.time), exact(row, "price").0));
        rows.iter().map(price).collect()
    };
    let (quiet, bent) = (prices(&quiet["sale"]), prices(&bent["sale"]));
    assert_eq!(quiet.len(), bent.len());
    let mut dearer = 0;
    for (id, (time, price)) in &quiet {
        let found = bent[id].1;
        match (from..to).contains(time) {
            // It bends the number before it is rounded.
            true => {
                assert!((found * 10 - price * 11).abs() <= 11, "{found} {price}");
                dearer += 1;
            }
            false => assert_eq!(found, *price),
        }
    }
    assert!(dearer > 200);
}

#[test]
fn types_follow_from_what_is_calculated() {
    let text = "entities:\n  p: {count: 3, attributes: {rate: {value: 0.075, type: 'decimal(4, 3)'}}}\n\
        streams:\n  a:\n    source: {rate: 5, actor: p}\n    fields:\n      \
        net: {value: 12.5, type: 'decimal(12, 2)'}\n      many: {value: 3, type: bigint}\n      \
        product: net * p.rate\n      sum: net + many\n      quotient: net / many\n      third: {value: net / many, type: 'decimal(9, 4)'}\n      \
        float: net * uniform(1, 1)\n      as_int: {value: net, type: int}\n      as_float: {value: net, type: float}\n      \
        rounded: round(net)\n      places: {value: net * p.rate, decimals: 1}\n      either: if(net > 12.49, net, many)\n      \
        least: min(net, 12.345, many)\n      truth: net == 12.50\n      power: 'round(2.125, 2)'\n      \
        chosen: {choice: {-2.5: 1, 0: 0}, type: 'decimal(4, 2)'}\n      one_of: {choice: {10: 1, 20: 1, 30: 0}, type: int}\n";
    let program = program(&model(text));
    let row = &play(&program, &settings(1, 48)).rows["a"][0];
    let exactly = |text: &str| Value::Exact(text.into());
    for (field, value) in [
        ("net", exactly("12.50")),
        ("many", exactly("3")),
        ("product", exactly("0.93750")),
        ("sum", exactly("15.50")),
        ("quotient", Value::Float((12.5f64 / 3.0).to_bits())),
        ("third", exactly("4.1667")),
        ("float", Value::Float(12.5f64.to_bits())),
        ("as_int", Value::Int(12)),
        ("as_float", Value::Float(12.5f64.to_bits())),
        ("rounded", exactly("12")),
        ("places", exactly("0.9")),
        ("either", exactly("12.50")),
        ("least", exactly("3.000")),
        ("truth", Value::Bool(true)),
        ("power", Value::Float(2.12f64.to_bits())),
    ] {
        assert_eq!(row.fields[field], value, "{field}");
    }
    assert_eq!(row.fields["chosen"], exactly("-2.50"));
    assert!([Value::Int(10), Value::Int(20)].contains(&row.fields["one_of"]));
    let kinds: Vec<String> = program.streams[0]
        .fields
        .iter()
        .map(|(c, _)| c.kind.name().into_owned())
        .collect();
    assert_eq!(
        kinds[..4],
        [
            "decimal(12, 2)",
            "bigint",
            "decimal(18, 5)",
            "decimal(18, 2)"
        ]
    );
    assert_eq!(Digits::with_scale(5).to_string(), kinds[2]);
}
