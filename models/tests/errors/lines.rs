//! Lines of documents that cannot be, and questions to lines that have no answer.

use super::{Case, of_text};

/// A model with a document and its lines, with some places of it replaced.
fn found(edits: &[(&str, &str)]) -> Vec<String> {
    let text = r"
model: {name: m, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 7}}
entities:
  product: {count: 20, variables: {price: {value: '10', type: 'decimal(8, 2)'}}}
  piece: {count: 20, states: [sold]}
streams:
  order.placed:
    source: {rate: 100}
    let:
      items: {value: 'poisson(3, 1, 9)'}
    lines:
      name: order.line
      count: items
      let: {product: {value: pick(product)}}
      fields:
        amount: {value: product.price}
        label: {choice: {a: 1, b: 1}}
        weight: {value: 'uniform(1, 2)'}
    fields:
      total: {value: sum(lines.amount)}
      many: {value: count(lines), type: int}
  line.back:
    causes: [{on: order.line, delay: 1d}]
    fields: {line: {}, amount: {}}
";
    of_text(text, edits)
}

#[test]
fn what_is_right_is_right() {
    assert_eq!(found(&[]), Vec::<String>::new());
}

#[test]
fn each_mistake_is_told_once_where_it_stands() {
    let cases: &[Case] = &[
        (
            &[("sum(lines.amount)", "sum(lines.amont)")],
            "20:",
            "order.line has no field `amont`",
        ),
        (
            &[("sum(lines.amount)", "sum(lines.label)")],
            "20:",
            "`sum` takes numbers and durations, `label` is a text",
        ),
        (
            &[("sum(lines.amount)", "sum(lines)")],
            "20:",
            "`sum` cannot ask this of lines",
        ),
        (
            &[("sum(lines.amount)", "count(lines.amount)")],
            "20:",
            "`count` cannot ask this of lines",
        ),
        (
            &[("sum(lines.amount)", "sum(items)")],
            "20:",
            "`sum` adds up a field over the lines of an event",
        ),
        (
            &[(
                "line: {}, amount: {}",
                "line: {}, amount: {value: sum(lines.amount)}",
            )],
            "24:",
            "line.back has no lines",
        ),
        (
            &[("count: items", "count: hour")],
            "13:",
            "the number of lines is not bounded, as far as the model tells, at most 10000",
        ),
        (
            &[("poisson(3, 1, 9)", "poisson(3, 1, 20000)")],
            "13:",
            "the number of lines can be 20000, at most 10000",
        ),
        (
            &[("count: items", "count: 2.5")],
            "13:",
            "found the count 2.5, expected a whole number from 0 to 10000",
        ),
        (
            &[("count: items", "count: itmes")],
            "13:",
            "`itmes` is not known here",
        ),
        (
            &[("count: items", "count: many")],
            "21:",
            "`many` depends on itself",
        ),
        (
            &[("name: order.line", "name: line.back")],
            "12:",
            "there is another stream `line.back`",
        ),
        (
            &[("name: order.line", "name: Order Line")],
            "12:",
            "cannot be the name of a stream",
        ),
        (
            &[("label: {choice", "line: {choice")],
            "17:",
            "`line` is the number of the line, which each line has",
        ),
        (
            &[
                ("value: 'uniform(1, 2)'", "value: total * 2"),
                ("sum(lines.amount)", "sum(lines.weight)"),
            ],
            "18:",
            "`weight` depends on itself",
        ),
        (
            &[(
                "      fields:\n        amount",
                "      requires: weight > 1\n      fields:\n        amount",
            )],
            "15:",
            "unknown key `requires`",
        ),
        (
            &[
                (
                    "      let: {product",
                    "      creates: piece\n      let: {product",
                ),
                (
                    "value: 'uniform(1, 2)'",
                    "value: 'if(piece.state == \\'sold\\', 1, 2)'",
                ),
            ],
            "14:",
            "the piece that a line brings is not there by then",
        ),
        (
            &[(
                "    fields:\n      total",
                "    requires: count(lines) > 1\n    fields:\n      total",
            )],
            "19:",
            "`count` of lines belongs to fields and `let`s",
        ),
    ];
    super::all_are_told(cases, found);
}

#[test]
fn too_much_to_carry_is_told() {
    let prices: String = (0..9)
        .map(|i| format!("        p{i}: {{value: product.price * {i}}}\n"))
        .collect();
    let told = found(&[("        label:", &format!("{prices}        label:"))]);
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(
        told[0]
            .contains("order.line would carry 11 values from its causes, at most 8 are possible"),
        "{told:#?}"
    );
}
