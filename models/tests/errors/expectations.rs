//! What is expected of rows that there are not, or in ways that cannot be meant.

use causeflow_models::SourceFile;

use super::{refused, summary};

const MODEL: &str =
    "model: {name: shop, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 7}}
streams:
  order.placed:
    source: {rate: 9}
    fields:
      order_id: {value: new_id(order)}
      channel: {choice: {web: 1, app: 1}}
      net: {value: 'uniform(1, 9)'}
  order.paid:
    causes: [{on: order.placed, delay: 1h}]
    fields: {order_id: {}, net: {}}
";
const EXPECT: &str = "expect:
  a: {rate: order.placed, between: 8..10}
  b: {share: order.placed, where: channel == 'web', between: 40%..60%}
  c: {mean: net, of: order.placed, at_least: 1}
  d: {each: order.paid, after: order.placed, by: order_id}
  e: {each: order.placed, holds: net > 0}
  f: {sum: net, of: order.paid, equals: {sum: net, of: order.placed}, within: 10%}
";

fn files(from: &str, to: &str) -> Vec<SourceFile> {
    let file = |path: &str, text: &str| SourceFile {
        path: path.into(),
        text: text.replacen(from, to, 1),
    };
    vec![file("expect.yaml", EXPECT), file("model.yaml", MODEL)]
}

#[test]
fn each_mistake_is_told_where_it_stands() {
    for (from, to, place, message, help) in [
        (
            "rate: order.placed",
            "rate: order.plased",
            "expect.yaml:2:13",
            "there is no stream `order.plased`",
            "`order.placed`",
        ),
        (
            "rate: order.placed, ",
            "",
            "expect.yaml:2:3",
            "does not say what is expected",
            "rate, share",
        ),
        (
            "between: 8..10",
            "between: 10..8",
            "expect.yaml:2:36",
            "from high to low",
            "",
        ),
        (
            "between: 8..10",
            "between: 8",
            "expect.yaml:2:36",
            "found `8`, expected a range",
            "4%..6%",
        ),
        (
            "between: 8..10",
            "between: 8h..10",
            "expect.yaml:2:36",
            "this is a duration, expected a number",
            "",
        ),
        (
            "between: 8..10",
            "between: 8..net",
            "expect.yaml:2:39",
            "`net` is not known here: a constant",
            "",
        ),
        (
            ", between: 8..10",
            "",
            "expect.yaml:2:3",
            "expected of the figure",
            "at_least",
        ),
        (
            "between: 8..10",
            "between: 8..10, of: order.paid",
            "expect.yaml:2:43",
            "`of` does not go with `rate`",
            "where",
        ),
        (
            "channel == 'web'",
            "channel == 'wbe'",
            "expect.yaml:3:46",
            "the value is never 'wbe'",
            "web",
        ),
        (
            "where: channel == 'web', ",
            "",
            "expect.yaml:3:3",
            "what it is a share of",
            "`where`",
        ),
        (
            "mean: net",
            "mean: nett",
            "expect.yaml:4:13",
            "order.placed has no field `nett`",
            "`net`",
        ),
        (
            "mean: net",
            "mean: channel",
            "expect.yaml:4:13",
            "this is a text, expected a number or a duration",
            "",
        ),
        (
            ", of: order.placed, at_least",
            ", at_least",
            "expect.yaml:4:3",
            "the key `of` is missing",
            "name the stream",
        ),
        (
            "by: order_id",
            "by: channel",
            "expect.yaml:5:50",
            "order.paid has no field `channel`",
            "",
        ),
        (
            "after: order.placed",
            "after: order.paid",
            "expect.yaml:5:32",
            "no event comes after itself",
            "",
        ),
        (
            "after: order.placed",
            "holds: 'true'",
            "expect.yaml:5:40",
            "`by` does not go with `holds`",
            "",
        ),
        (
            "holds: net > 0",
            "holds: net",
            "expect.yaml:6:34",
            "this is a number, expected a truth value",
            "",
        ),
        (
            "holds: net > 0",
            "holds: 'net > uniform(0, 1)'",
            "expect.yaml:6:34",
            "draws nothing",
            "",
        ),
        (
            "holds: net > 0",
            "holds: happens(order.paid)",
            "expect.yaml:6:34",
            "a row alone",
            "",
        ),
        (
            "holds: net > 0",
            "holdz: net > 0",
            "expect.yaml:6:27",
            "unknown key `holdz`",
            "`holds`",
        ),
        (
            ", holds: net > 0",
            "",
            "expect.yaml:6:3",
            "what is expected of each row",
            "`after`",
        ),
        (
            "sum: net, of: order.placed",
            "sum: time - time, of: order.placed",
            "expect.yaml:7:47",
            "this is a duration, and what it is to equal a number",
            "",
        ),
        (
            "within: 10%",
            "within: 200%",
            "expect.yaml:7:79",
            "found 2, expected 0 to 1",
            "",
        ),
        (
            "within: 10%",
            "at_least: 1",
            "expect.yaml:7:71",
            "`at_least` does not go with `equals`",
            "",
        ),
    ] {
        let found = summary(&refused(files(from, to)));
        assert_eq!(
            found.len(),
            1,
            "{to}: one mistake, one error, not {found:#?}"
        );
        assert!(
            found[0].starts_with(place),
            "expected {place} in {}",
            found[0]
        );
        let (said, advice) = found[0].rsplit_once(" / ").expect("the summary has both");
        assert!(said.contains(message), "expected `{message}` in {said}");
        assert!(advice.contains(help), "expected `{help}` in {advice}");
    }
}

#[test]
fn what_is_wrong_with_a_stream_is_not_told_of_those_who_expect_something_of_it() {
    let found = summary(&refused(files(
        "net: {value: 'uniform(1, 9)'}",
        "net: {value: 'unform(1, 9)'}",
    )));
    assert_eq!(found.len(), 1, "{found:#?}");
    let found = summary(&refused(files("order.placed:\n", "order.placd:\n")));
    assert!(
        found.len() > 1,
        "streams and expectations are told at once: {found:#?}"
    );
}
