//! `causeflow test` and `--set`: what they print, and how they end.

use crate::support::{call, json, ok, refused, temp};

const MODEL: &str = "
model: {name: shop, cells: 1, window: 1h, reference: {start: 2026-02-02, days: 2}}
parameters:
  rate: {value: 90, min: 1, max: 200, description: Orders a day}
streams:
  order.placed:
    source: {rate: rate}
    fields: {net: {value: 'uniform(1, 9)', decimals: 1}}
";
const EXPECT: &str = "
expect:
  orders: {rate: order.placed, between: 70..110}
  net: {each: order.placed, holds: net < 8.9}
";

#[test]
fn a_test_says_what_was_expected_and_found_and_ends_with_1_if_something_fails() {
    let folder = temp();
    std::fs::create_dir(folder.path().join("shop")).expect("room");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join("shop").join(name), text).expect("room");
    };
    write("model.yaml", MODEL);
    write("expect.yaml", EXPECT);
    let said = call(folder.path(), &["test", "shop", "--quiet"]);
    assert_eq!(said.code, Some(1), "{}", said.err);
    for part in [
        "holds  orders\n       expected 70 to 110 a day of order.placed\n       found    ",
        "FAILS  net\n       expected net < 8.9 in each order.placed\n       found    ",
        " do not, first in seed 42: order.placed ",
        "with net 8.9",
        "2 expectations of shop: 1 of them fail; 5 seeds from 2026-02-02T00:00:00.000000Z to 2026-02-04T00:00:00.000000Z at scale 1",
    ] {
        assert!(
            said.out.contains(part),
            "`{part}` is missing in\n{}",
            said.out
        );
    }
    let told = call(folder.path(), &["test", "shop", "--quiet", "--json"]);
    assert_eq!(told.code, Some(1));
    let told: serde_json::Value = serde_json::from_str(&told.out).expect("JSON");
    assert_eq!(told["expectations"][0]["first_break"]["fields"]["net"], 8.9);
    let right = ["test", "shop", "--quiet", "--only", "ord*", "--seeds", "3"];
    assert!(ok(folder.path(), &right).contains("1 expectation of shop: all hold; 3 seeds"));
    // What is expected follows the model, and not the parameter.
    let more = call(
        folder.path(),
        &[
            "test", "shop", "-q", "--only", "orders", "--set", "rate=180",
        ],
    );
    assert_eq!(more.code, Some(1), "{}", more.out);
    write(
        "expect.yaml",
        "expect:\n  orders: {rate: order.plcaed, at_most: 7}\n",
    );
    let error = refused(folder.path(), &["test", "shop"]);
    assert!(
        error.contains("expect.yaml:2:18") && error.contains("`order.placed`"),
        "{error}"
    );
}

#[test]
fn parameters_are_listed_set_and_refused() {
    let folder = temp();
    std::fs::write(folder.path().join("model.yaml"), MODEL).expect("room");
    let text = ok(folder.path(), &["explain", "."]);
    assert!(
        text.contains("rate: 90, 1 to 200\n  Orders a day\n"),
        "{text}"
    );
    let text = ok(
        folder.path(),
        &["explain", ".", "rate", "--set", "rate=100"],
    );
    assert_eq!(text, "rate: 100 instead of 90, 1 to 200\n  Orders a day\n");
    let told = json(folder.path(), &["explain", ".", "--json"]);
    assert_eq!(told["parameters"][0]["value"], "90");
    let error = refused(folder.path(), &["run", ".", "--set", "rate=300"]);
    assert!(
        error.contains("`rate` cannot be 300") && error.contains("1 to 200"),
        "{error}"
    );
    let error = refused(folder.path(), &["run", ".", "--set", "rat=3"]);
    assert!(
        error.contains("no parameter `rat`") && error.contains("`rate`"),
        "{error}"
    );
    assert!(
        call(folder.path(), &["run", ".", "--set", "rate"])
            .err
            .contains("return_share=20%")
    );
    let run = [
        "run", ".", "--days", "2", "--set", "rate=150", "--out", "out", "--quiet",
    ];
    ok(folder.path(), &run);
    let manifest = std::fs::read_to_string(folder.path().join("out/manifest.json"));
    let manifest: serde_json::Value =
        serde_json::from_str(&manifest.expect("a run")).expect("JSON");
    assert_eq!(
        manifest["model"]["parameters"],
        serde_json::json!({"rate": "150"})
    );
    ok(folder.path(), &["verify", "out", "--model", "."]);
    ok(folder.path(), &["replay", "out", "--model", "."]);
}
