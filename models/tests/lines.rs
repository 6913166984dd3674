//! Documents with lines: draws that stay, state that a document and its lines see alike, what is refused.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::run;
use causeflow_engine::streams::program::{
    Envelope, Modifier, ModifyError, Operation, Parameter, Program, Settling,
};

use crate::support::{Row, Value, fingerprints, play, program, settings, streams};

/// Orders whose lines take from a stock, so many each.
fn orders(count: &str, cost: &str) -> Program {
    let text = format!(
        "model: {{name: m, cells: 2, window: 1h, reference: {{start: 2026-02-02, days: 28}}}}
entities:
  product: {{count: 8, variables: {{stock: '100000'}}}}
streams:
  order:
    source: {{rate: 800}}
    lines:
      name: order.line
      count: {count}
      let: {{product: {{value: pick(product)}}}}
      fields:
        product_id: {{value: product.id}}
        quantity: {{value: 'integer(1, 3)', type: int}}
        stock: {{value: product.stock, type: int}}
        cost: {{value: {cost}, type: 'decimal(18, 2)'}}
      changes:
        - {{entity: product, add: {{stock: -quantity}}}}
    fields:
      cost: {{value: sum(lines.cost)}}
      stock: {{value: sum(lines.stock), type: float}}
  line.back:
    causes: [{{on: order.line, probability: 0.3, delay: 1h..5h}}]
    fields: {{line: {{}}, quantity: {{}}}}
"
    );
    program(&[("a.yaml".into(), text)])
}

const COST: &str = "'uniform(1, 9)'";

fn number(row: &Row, field: &str) -> i64 {
    row.fields[field].number() as i64
}

#[test]
fn with_one_line_more_all_others_stay() {
    let [two, three] = ["2", "3"].map(|count| play(&orders(count, COST), &settings(5, 72)).rows);
    let lines = |rows: &BTreeMap<String, Vec<Row>>| -> BTreeMap<u64, [Value; 4]> {
        let names = ["line", "product_id", "quantity", "cost"];
        let line = |row: &Row| (row.id, names.map(|name| row.fields[name].clone()));
        rows["order.line"].iter().map(line).collect()
    };
    let (two_lines, mut three_lines) = (lines(&two), lines(&three));
    assert!(two_lines.len() > 4000);
    three_lines.retain(|_, line| line[0] != Value::Int(3));
    assert_eq!(two_lines, three_lines);
    let back = |rows: &BTreeMap<String, Vec<Row>>| -> Vec<u64> {
        let back = rows["line.back"].iter();
        back.filter(|row| number(row, "line") < 3)
            .map(|row| row.id)
            .collect()
    };
    assert_eq!(back(&two), back(&three));
}

#[test]
fn all_lines_see_what_their_document_sees_and_change_it_one_by_one() {
    let rows = play(&orders("'integer(0, 4)'", COST), &settings(5, 72)).rows;
    let mut lines: BTreeMap<u64, Vec<&Row>> = BTreeMap::new();
    for line in &rows["order.line"] {
        lines
            .entry(line.cause.expect("an order"))
            .or_default()
            .push(line);
    }
    let mut stock: BTreeMap<u64, i64> = BTreeMap::new();
    let mut twice = 0;
    for order in &rows["order"] {
        let own = lines.remove(&order.id).unwrap_or_default();
        let mut seen = 0;
        for line in &own {
            let left = *stock
                .entry(line.fields["product_id"].id())
                .or_insert(100_000);
            assert_eq!(number(line, "stock"), left);
            seen += left;
        }
        assert_eq!(number(order, "stock"), seen);
        for line in &own {
            let left = stock.entry(line.fields["product_id"].id()).or_default();
            *left -= number(line, "quantity");
        }
        let products = own.iter().map(|line| line.fields["product_id"].id());
        let products: std::collections::BTreeSet<u64> = products.collect();
        twice += own.len() - products.len();
    }
    assert!(twice > 100 && lines.is_empty());
}

#[test]
fn what_is_written_does_not_depend_on_what_else_is() {
    let program = orders("'integer(0, 4)'", COST);
    let all = fingerprints(&program, &settings(5, 48));
    for name in ["order", "order.line", "line.back"] {
        let mut settings = settings(5, 48);
        settings.streams = Some(streams(&program, &[name]));
        assert_eq!(fingerprints(&program, &settings)[name], all[name]);
    }
}

#[test]
fn scenarios_aim_at_lines_and_not_at_what_follows_from_them() {
    let mut program = orders("2", COST);
    let by = program.intervene("sale").expect("there is room");
    let modifier = Modifier {
        by,
        operation: Operation::Multiply(2.0),
        envelope: Envelope {
            start: Time(0),
            onset: Span(0),
            end: Time(i64::MAX),
            settling: Settling::Immediate,
            until: None,
        },
        precedence: 0,
    };
    let [order, line] = ["order", "order.line"].map(|name| program.stream(name).expect(name));
    let field = |name: &str| Parameter::Field(name.into());
    for (stream, parameter, expected) in [
        (
            line,
            Parameter::Probability(None),
            Err(ModifyError::OfDocument),
        ),
        (line, Parameter::Delay(None), Err(ModifyError::OfDocument)),
        (order, field("cost"), Err(ModifyError::OfLines)),
        (line, Parameter::Count(None), Ok(())),
        (line, field("cost"), Ok(())),
        (order, Parameter::Rate, Ok(())),
    ] {
        let done = program.modify(stream, &parameter, modifier);
        assert_eq!(done, expected, "{parameter:?}");
    }
    assert_eq!(program.modifiable_fields(order), Vec::<String>::new());
    // What is bent of lines is in the sum: twice as many, each twice as dear.
    let sum = |program: &Program, stream: &str| -> f64 {
        let rows = play(program, &settings(5, 24)).rows;
        rows[stream]
            .iter()
            .map(|row| row.fields["cost"].number())
            .sum()
    };
    let bent = sum(&program, "order");
    assert!((bent - sum(&program, "order.line")).abs() < 1e-4);
    let ratio = bent / sum(&orders("2", COST), "order");
    assert!((7.0..9.0).contains(&ratio), "{ratio}");
}

#[test]
fn a_sum_with_too_many_digits_ends_the_run_with_its_document() {
    let program = orders("11", "9000000000000000");
    let end = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let played = pool.expect("a pool").install(|| {
            run(program.clone(), &settings(5, 24), None, &mut |_| {
                ControlFlow::Continue(())
            })
        });
        played.err().map(|error| error.to_string())
    };
    let told = end(1).expect("it ends");
    assert!(told.contains("order") && told.contains("cost"), "{told}");
    assert_eq!(end(4), Some(told));
}
