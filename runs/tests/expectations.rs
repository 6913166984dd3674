//! What models expect of their rows, tested over several seeds.

use std::path::{Path, PathBuf};

use causeflow_runs::Kind;
use causeflow_runs::expect::{Judged, TestSpec, Tested, test};

use crate::support::temp;

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models")
}

#[test]
fn the_example_models_are_as_they_expect_themselves() {
    let folders = std::fs::read_dir(examples()).expect("models");
    let mut number = 0;
    for folder in folders {
        let folder = folder.expect("an entry").path();
        let spec = TestSpec {
            seeds: 3,
            ..TestSpec::of(folder.to_str().expect("UTF-8"))
        };
        let tested = test(&spec, &()).unwrap_or_else(|error| panic!("{}: {error}", spec.model));
        let wrong: Vec<&Judged> = tested
            .expectations
            .iter()
            .filter(|one| !one.holds)
            .collect();
        assert!(
            wrong.is_empty() && tested.holds,
            "{}: {wrong:#?}",
            spec.model
        );
        number += tested.expectations.len();
    }
    assert!(number > 30, "{number}");
}

const SHOP: &str = "
model: {name: shop, cells: 2, window: 1h, reference: {start: 2026-02-02, days: 7}}
streams:
  order.placed:
    source: {rate: 200}
    fields:
      order_id: {value: new_id(order)}
      channel: {choice: {web: 3, app: 1}}
      net: {value: 'uniform(1, 9)', decimals: 2}
      tax: {value: net * 0.2, decimals: 2}
      gross: {value: 'net + tax + if(net > 8.9, 0.01, 0)', decimals: 2}
  order.paid:
    causes: [{on: order.placed, probability: 0.5, delay: 1h..2h}]
    fields: {order_id: {}, placed: {value: time - 90m}, gross: {}}
  mail.sent:
    causes: [{on: order.placed, delay: 0s..3h}]
    fields: {order_id: {}}
";

/// What becomes of a shop's expectations.
fn tested(expect: &str, change: impl FnOnce(TestSpec) -> TestSpec) -> Tested {
    let folder = temp();
    std::fs::write(folder.path().join("model.yaml"), SHOP).expect("room");
    let expect = format!("expect:\n{expect}");
    std::fs::write(folder.path().join("expect.yaml"), expect).expect("room");
    let spec = TestSpec {
        days: Some(2.0),
        ..TestSpec::of(folder.path().to_str().expect("UTF-8"))
    };
    test(&change(spec), &()).expect("the model is right")
}

fn one(expect: &str) -> Judged {
    let mut tested = tested(&format!("  one: {expect}\n"), |spec| spec);
    assert_eq!(tested.holds, tested.expectations[0].holds);
    tested.expectations.remove(0)
}

#[test]
fn what_is_right_holds_and_what_is_wrong_fails() {
    for (right, wrong) in [
        (
            "{rate: order.placed, between: 190..210}",
            "{rate: order.placed, at_most: 150}",
        ),
        (
            "{rate: order.placed, where: channel == 'web', between: 140..160}",
            "{rate: order.placed, where: channel == 'web', at_least: 180}",
        ),
        (
            "{share: order.paid, of: order.placed, between: 45%..52%}",
            "{share: order.paid, of: order.placed, between: 60%..70%}",
        ),
        (
            "{share: order.placed, where: channel == 'app', between: 20%..30%}",
            "{share: order.placed, where: channel == 'app', at_most: 20%}",
        ),
        (
            "{mean: net, of: order.placed, between: 4.8..5.2}",
            "{mean: net, of: order.placed, at_least: 6}",
        ),
        (
            "{mean: time - placed, of: order.paid, between: 80m..100m}",
            "{mean: time - placed, of: order.paid, at_most: 1h}",
        ),
        (
            "{sum: net, of: order.placed, between: 950..1050}",
            "{sum: net, of: order.placed, at_least: 1200}",
        ),
        (
            "{each: order.placed, holds: gross >= net + tax}",
            "{each: order.placed, holds: gross == net + tax}",
        ),
        (
            "{each: order.paid, after: order.placed}",
            "{each: order.paid, after: mail.sent}",
        ),
        (
            "{each: order.paid, after: order.placed, by: order_id}",
            "{each: order.placed, after: order.paid, by: order_id}",
        ),
        (
            "{sum: gross - net, of: order.placed, equals: {sum: tax + gross - net - tax, of: order.placed}}",
            "{sum: gross, of: order.placed, equals: {sum: net + tax, of: order.placed}}",
        ),
        (
            "{sum: 1, of: order.paid, equals: {sum: 0.5, of: order.placed}, within: 20%}",
            "{sum: 1, of: order.paid, equals: {sum: 1, of: order.placed}, within: 20%}",
        ),
    ] {
        let (right, wrong) = (one(right), one(wrong));
        assert!(right.holds, "{right:#?}");
        assert!(!wrong.holds, "{wrong:#?}");
    }
}

#[test]
fn exact_numbers_are_compared_exactly() {
    let folder = temp();
    let model = SHOP.replace("decimals: 2", "type: 'decimal(12, 2)'");
    std::fs::write(folder.path().join("model.yaml"), model).expect("room");
    let expect = "expect:\n  a: {each: order.placed, holds: gross >= net + tax}\n  b: {each: order.placed, holds: gross == net + tax}\n  \
                  c: {mean: net, of: order.placed, between: 4.8..5.2}\n";
    std::fs::write(folder.path().join("expect.yaml"), expect).expect("room");
    let spec = TestSpec {
        days: Some(2.0),
        ..TestSpec::of(folder.path().to_str().expect("UTF-8"))
    };
    let tested = test(&spec, &()).expect("the model is right");
    let holds: Vec<bool> = tested.expectations.iter().map(|one| one.holds).collect();
    assert_eq!(holds, [true, false, true], "{tested:#?}");
    let first = tested.expectations[1].first_break.as_ref().expect("a row");
    assert!(
        first.fields["net"]
            .as_str()
            .is_some_and(|net| net >= "8.90")
    );
}

#[test]
fn numbers_are_compared_to_six_decimals() {
    for (condition, holds) in [
        ("0.1 + net == net + 0.1000004", true),
        ("0.1 + net == net + 0.100002", false),
        ("net <= net - 0.0000004", true),
        ("net < net + 0.0000004", false),
        ("net >= net + 0.000002", false),
        ("net != net + 0.000002", true),
        ("net * 3 / 3 > net - 0.000002", true),
    ] {
        let found = one(&format!("{{each: order.placed, holds: {condition}}}"));
        assert_eq!(found.holds, holds, "{condition}");
    }
}

#[test]
fn the_first_row_that_breaks_something_is_named() {
    let found = one("{each: order.placed, holds: gross == net + tax, where: net > 4}");
    let first = found.first_break.expect("a row that breaks it");
    let value = |name: &str| first.fields[name].as_f64().expect("a number");
    assert!(value("net") > 8.9 && value("gross") > value("net") + value("tax"));
    assert_eq!(
        (first.stream.as_str(), first.seed.as_str()),
        ("order.placed", "42")
    );
    assert!(
        found.found.contains(&first.event_id) && found.found.contains("net 8.9"),
        "{}",
        found.found
    );
    let of_seeds: u64 = found.of_seeds.iter().map(|of| of.broken).sum();
    assert_eq!(found.broken, Some(of_seeds));
    assert!(of_seeds > 1 && of_seeds < found.rows);
}

#[test]
fn what_cannot_be_told_does_not_hold() {
    let found = one("{mean: net, of: order.placed, where: net > 10, at_least: 1}");
    assert!(!found.holds && found.interval.is_none(), "{found:#?}");
    let found = one("{each: order.placed, where: net > 10, holds: 'true'}");
    assert!(!found.holds && found.rows == 0, "{found:#?}");
}

#[test]
fn the_rate_is_that_of_scale_1_and_only_what_is_asked_for_is_tested() {
    let expect = "  rate: {rate: order.placed, between: 180..220}\n  other: {rate: order.paid, at_most: 0}\n";
    let tested = tested(expect, |spec| TestSpec {
        scale: 0.5,
        only: vec!["ra*".into()],
        ..spec
    });
    assert_eq!(tested.expectations.len(), 1);
    assert!(tested.holds, "{tested:#?}");
    assert_eq!(tested.seeds, ["42", "43", "44", "45", "46"]);
}

#[test]
fn it_does_not_depend_on_threads() {
    let expect = "  rate: {rate: order.placed, between: 180..220}\n  sum: {sum: gross, of: order.placed, at_least: 1}\n  \
                  each: {each: order.placed, holds: gross == net + tax}\n";
    let on = |threads: usize| {
        let pool = causeflow_runs::pool(Some(threads)).expect("threads");
        let tested = pool.install(|| tested(expect, |spec| spec));
        serde_json::to_string(&tested).expect("plain values")
    };
    assert_eq!(on(1), on(3));
}

/// Of bounds whose edge is the true value, at most 2.5 % are missed; here 120 times 3 seeds are played of a share that is 50 % exactly. More than
/// 9 misses are less likely than 1e-3 if that is so.
#[test]
fn bounds_that_are_right_are_seldom_missed() {
    let mut missed = 0;
    for n in 0..120 {
        let expect = "  half: {share: mail.sent, where: hour < 12, between: 0%..100%}\n  \
                      web: {share: order.placed, where: channel == 'web', at_least: 75%}\n";
        let tested = tested(expect, |spec| TestSpec {
            seeds: 3,
            seed: 1000 + 3 * n,
            days: Some(1.0),
            ..spec
        });
        missed += usize::from(!tested.holds);
    }
    assert!((0..=9).contains(&missed), "{missed} of 120");
}

#[test]
fn what_cannot_be_asked_for_is_refused() {
    let shop = examples().join("parcels");
    let spec = TestSpec::of(shop.to_str().expect("UTF-8"));
    let refused = |spec: TestSpec| test(&spec, &()).expect_err("refused");
    let error = refused(TestSpec {
        seeds: 1,
        ..spec.clone()
    });
    assert!(error.message().contains("fewer than 2"), "{error}");
    let error = refused(TestSpec {
        only: vec!["fragil".into()],
        ..spec.clone()
    });
    assert!(
        error.message().contains("none of the model's expectations"),
        "{error}"
    );
    assert_eq!(error.kind(), Kind::Input);
    let error = refused(TestSpec {
        seed: u64::MAX,
        ..spec
    });
    assert!(error.message().contains("the largest"), "{error}");
    let error = refused(TestSpec::of("tutoring"));
    assert!(
        error.message().contains("does not say what it expects"),
        "{error}"
    );
}
