//! Laws of all kinds in models: `examples/models/parcels` has what the page says, and draws stay functions of key and purpose.
//!
//! Statistical tests reject what is right with a probability below 1e-4 each over the choice of the seed, which is fixed.

use std::collections::BTreeMap;

use causeflow_engine::base::sample::{norm_cdf, norm_quantile};
use proptest::prelude::*;

use crate::patterns::played;
use crate::support::{Row, play, program, property, settings};

fn column(rows: &[Row], field: &str) -> Vec<f64> {
    rows.iter().map(|row| row.fields[field].number()).collect()
}

/// Kolmogorov and Smirnov: how far values are from a law, in units of what is allowed.
fn distance(mut values: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len() as f64;
    let apart = |(i, x): (usize, &f64)| {
        let (low, high) = (i as f64 / n, (i + 1) as f64 / n);
        (cdf(*x) - low).abs().max((cdf(*x) - high).abs())
    };
    // The point of Kolmogorov's distribution that 1e-4 lie above.
    values.iter().enumerate().map(apart).fold(0.0, f64::max) / (2.2252 / n.sqrt())
}

/// The normal scores of values: what a normal value of the same rank would be.
fn scores(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[i].total_cmp(&values[j]));
    let mut scores = vec![0.0; values.len()];
    for (rank, at) in order.into_iter().enumerate() {
        scores[at] = norm_quantile((rank as f64 + 0.5) / values.len() as f64);
    }
    scores
}

/// The correlation of two columns by normal scores of their ranks: that of a Gaussian copula, whatever the laws are.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (a, b) = (scores(a), scores(b));
    let product = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    product(&a, &b) / (product(&a, &a) * product(&b, &b)).sqrt()
}

#[test]
fn parcels_follow_their_laws() {
    let rows = played("parcels", 28);
    let placed = &rows["order.placed"];
    let n = placed.len() as f64;
    assert!(n > 50_000.0);
    // A share of n has a standard error of at most 0.5 / sqrt(n); four of them are 6e-5.
    let slack = 2.0 / n.sqrt();
    let share = |field: &str, of: &dyn Fn(f64) -> bool| {
        column(placed, field).into_iter().filter(|x| of(*x)).count() as f64 / n
    };
    let near = |x: f64, y: f64| assert!((x - y).abs() < slack, "{x} is not {y}");
    for (fee, weight) in [(0.0, 0.2), (4.9, 0.5), (9.9, 0.3)] {
        near(share("fee_usd", &|x| x == fee), weight);
    }
    let harmonic: f64 = (1..=500).map(|k| 1.0 / f64::from(k)).sum();
    for rank in [1.0, 2.0, 10.0] {
        near(share("product", &|x| x == rank), 1.0 / rank / harmonic);
    }
    near(share("is_fragile", &|x| x == 1.0), 0.3);
    let weibull = |x: f64| -libm::expm1(-libm::pow(x / 4.0, 1.4));
    let within = |x: f64| (weibull(x) - weibull(0.1)) / (weibull(40.0) - weibull(0.1));
    assert!(distance(column(placed, "weight_kg"), within) < 1.0);
    // A gamma law of shape 2 and mean 20.
    let gamma = |x: f64| 1.0 - (1.0 + x / 10.0) * libm::exp(-x / 10.0);
    let within = |x: f64| (gamma(x) - gamma(1.0)) / (gamma(300.0) - gamma(1.0));
    assert!(distance(column(placed, "volume_l"), within) < 1.0);
    let times: BTreeMap<u64, i64> = placed.iter().map(|row| (row.id, row.time)).collect();
    let hours = rows["parcel.delivered"].iter().filter_map(|row| {
        let placed = times.get(&row.cause?)?;
        // Of the first days all have been delivered.
        let last = crate::support::START.0 + 17 * 24 * HOUR;
        (*placed < last).then(|| (row.time - placed) as f64 / HOUR as f64)
    });
    let mixture = |x: f64| {
        let uniform = ((x - 72.0) / 168.0).clamp(0.0, 1.0);
        0.85 * norm_cdf(libm::log(x / 30.0) / 0.3) + 0.15 * uniform
    };
    assert!(distance(hours.collect(), mixture) < 1.0);
}

const HOUR: i64 = 3_600_000_000;

#[test]
fn what_goes_together_does_so_as_closely_as_asked_for() {
    let placed = &played("parcels", 28)["order.placed"];
    let [weight, volume] = ["weight_kg", "volume_l"].map(|field| column(placed, field));
    // Of n pairs the estimate has a standard error of at most 1 / sqrt(n).
    let slack = 4.0 / (placed.len() as f64).sqrt();
    let found = correlation(&weight, &volume);
    assert!((found - 0.7).abs() < slack, "{found}");
    // Of a truth value that is drawn by a score s below t, the means of the other score where it holds and where not tell: they
    // lie r f(t) (1 / p + 1 / (1 - p)) apart.
    let fragile = column(placed, "is_fragile");
    let t = norm_quantile(0.3);
    let density = libm::exp(-t * t / 2.0) / (2.0 * std::f64::consts::PI).sqrt();
    for (values, wanted) in [(&weight, -0.5), (&volume, -0.2)] {
        let scores = scores(values);
        let mean = |truth: f64| {
            let of = scores.iter().zip(&fragile).filter(|(_, x)| **x == truth);
            of.clone().map(|(score, _)| score).sum::<f64>() / of.count() as f64
        };
        let found = (mean(1.0) - mean(0.0)) / (density * (1.0 / 0.3 + 1.0 / 0.7));
        assert!(
            (found - wanted).abs() < 2.0 * slack,
            "{found} is not {wanted}"
        );
    }
}

#[test]
fn parts_are_binomial_and_go_against_one_another() {
    let placed = &played("parcels", 28)["order.placed"];
    let fields = ["from_north", "from_south", "from_supplier"];
    let parts = fields.map(|field| column(placed, field));
    let items = column(placed, "items");
    let (mut mean, mut variance) = (0.0, 0.0);
    for (row, n) in items.iter().enumerate() {
        assert_eq!(parts[0][row] + parts[1][row] + parts[2][row], *n);
        // What is over the expected number, and how that varies.
        let over = parts[1][row] - 0.3 * n;
        mean += over;
        variance += over * over - n * 0.3 * 0.7;
    }
    let all: f64 = items.iter().sum();
    assert!(mean.abs() < 4.0 * (all * 0.21).sqrt(), "{mean} of {all}");
    // The square of a binomial number's deviation has a variance of about 2 (n p q)^2 + n p q.
    let spread: f64 = items
        .iter()
        .map(|n| 2.0 * (n * 0.21) * (n * 0.21) + n * 0.21)
        .sum();
    assert!(variance.abs() < 4.0 * spread.sqrt(), "{variance}");
    let product =
        |row: usize| (parts[0][row] - 0.5 * items[row]) * (parts[2][row] - 0.2 * items[row]);
    let together: f64 = (0..items.len()).map(product).sum();
    assert!((together / all + 0.1).abs() < 0.02, "{together} of {all}");
}

/// A model with values that go together.
fn pair(first: &str, second: &str) -> Vec<Row> {
    let text = format!(
        "model: {{name: pairs, cells: 1, window: 1h, reference: {{start: 2026-02-02, days: 7}}}}\n\
         streams:\n  a:\n    source: {{rate: 2000}}\n    fields:\n      first: {{{first}}}\n      second: {{{second}}}\n"
    );
    let model = program(&[("a.yaml".into(), text)]);
    play(&model, &settings(5, 12))
        .rows
        .remove("a")
        .expect("a stream")
}

#[test]
fn draws_stay_functions_of_key_and_purpose() {
    let second = |by: f64| format!("value: 'gamma(2, 5)', correlates: {{first: {by}}}");
    let half = pair("value: 'normal(3, 1)'", &second(0.5));
    let [before, after] =
        [&half, &pair("value: 'exponential(7)'", &second(0.5))].map(|rows| column(rows, "second"));
    assert_eq!(
        before, after,
        "what the other is drawn from does not matter"
    );
    let most = pair("value: 'normal(3, 1)'", &second(0.9));
    assert_eq!(column(&half, "first"), column(&most, "first"));
    let (none, alone) = (
        pair("value: 'normal(3, 1)'", &second(0.0)),
        pair("value: 'normal(3, 1)'", "value: 'gamma(2, 5)'"),
    );
    for (x, y) in column(&none, "second").iter().zip(column(&alone, "second")) {
        assert!(
            (x - y).abs() < 1e-9 * y,
            "without a correlation it is its own draw"
        );
    }
    let same = pair(
        "value: 'normal(3, 1)'",
        "value: 'normal(3, 1)', correlates: {first: 1}",
    );
    for row in &same {
        let [x, y] = ["first", "second"].map(|field| row.fields[field].number());
        assert!((x - y).abs() < 1e-9);
    }
}

proptest! {
    #![proptest_config(property(30))]

    #[test]
    fn parts_add_up_whoever_reads_them_and_in_whatever_order_they_stand(
        weights in prop::collection::vec(prop_oneof![Just(0.0), 0.1..9.0f64], 1..9), of in prop::sample::select(vec!["items", "items * 1.5 - 4", "items * 1000000"]),
        seed in any::<u64>(),
    ) {
        prop_assume!(weights.iter().sum::<f64>() > 0.0);
        let part = |(i, weight): (usize, &f64)| format!("      p{i}: {{part: {{of: '{of}', weight: {weight}}}}}\n");
        let parts: Vec<String> = weights.iter().enumerate().map(part).collect();
        let files = |parts: Vec<String>| {
            let text = format!(
                "model: {{name: parts, cells: 2, window: 1h, reference: {{start: 2026-02-02, days: 7}}}}\n\
                 streams:\n  a:\n    source: {{rate: 300}}\n    fields:\n      items: {{value: 'geometric(8)', type: int}}\n{}\
                   b:\n    causes: [{{on: a, probability: p0 / 20}}]\n    fields: {{p0: {{}}}}\n",
                parts.concat() + "  "
            );
            program(&[("a.yaml".into(), text)])
        };
        let rows = play(&files(parts.clone()), &settings(seed, 12)).rows;
        let turned = play(&files(parts.into_iter().rev().collect()), &settings(seed, 12)).rows;
        prop_assert_eq!(&rows["a"], &turned["a"]);
        for row in &rows["a"] {
            let items = row.fields["items"].number();
            let of = match of {
                "items" => items,
                "items * 1000000" => items * 1e6,
                _ => (items * 1.5 - 4.0).max(0.0).floor(),
            };
            let values = (0..weights.len()).map(|i| row.fields[&format!("p{i}")].number());
            prop_assert!(values.clone().zip(&weights).all(|(x, weight)| x >= 0.0 && (*weight > 0.0 || x == 0.0)));
            prop_assert_eq!(values.sum::<f64>(), of);
        }
        for child in &rows["b"] {
            let parent = rows["a"].iter().find(|row| Some(row.id) == child.cause).expect("at once");
            prop_assert_eq!(&child.fields["p0"], &parent.fields["p0"]);
        }
    }
}

#[test]
fn numbers_of_tables_draw_what_they_draw_when_they_are_written_out() {
    let model = |fields: &str, tables: &str| {
        let text = format!(
            "model: {{name: laws, cells: 1, window: 6h, reference: {{start: 2026-02-02, days: 28}}}}\n{tables}\
             streams:\n  a:\n    source: {{rate: 500}}\n{fields}"
        );
        let file = |path: &str, text: &str| (path.to_owned(), text.to_owned());
        let files = [
            file("a.yaml", &text),
            file(
                "waits.csv",
                "share,value,long\n100%,9,3h\n0,-1,5m\n0.5,2.5,\"1h\"\n",
            ),
            file(
                "bins.csv",
                "range,weight,n\n4..10,1,2\n0,3,1\n12.5..13,0.5,0\n",
            ),
            file("ends.csv", "from,to,weight\n1h,2h,7\n2h,2h,1\n10m,20m,2\n"),
        ];
        play(&program(&files), &settings(5, 24 * 3))
            .rows
            .remove("a")
    };
    let tables =
        "tables:\n  waits: waits.csv\n  bins: {file: bins.csv, key: range}\n  ends: ends.csv\n";
    let of_tables = model(
        "    let:\n      s: {quantiles: waits.long}\n      e: {histogram: ends}\n    fields:\n      q: {quantiles: waits}\n      s_h: {value: s / 1h}\n      e_h: {value: e / 1h}\n      h: {histogram: bins}\n      \
         n: {histogram: bins.n, type: int}\n",
        tables,
    );
    let written = model(
        "    let:\n      s: {quantiles: {0%: 5m, 50%: 1h, 100%: 3h}}\n      e: {histogram: {10m..20m: 2, 1h..2h: 7, 2h: 1}}\n    fields:\n      q: {quantiles: {0%: -1, 50%: 2.5, 100%: 9}}\n      s_h: {value: s / 1h}\n      e_h: {value: e / 1h}\n      \
         h: {histogram: {0: 3, 4..10: 1, 12.5..13: 0.5}}\n      n: {histogram: {0: 1, 4..10: 2, 12.5..13: 0}, type: int}\n",
        "",
    );
    assert!(written.as_ref().is_some_and(|rows| rows.len() > 1000));
    assert_eq!(of_tables, written);
}
