//! Monitors say what sorting and adding up says.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::kernel::monitor::{SpanQuantiles, SpanTally, Tally, TimeWeighted};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Against a level written down for every microsecond.
    #[test]
    fn a_level_is_integrated_exactly(
        changes in proptest::collection::vec((0i64..5, -9i64..9), 1..30),
        began in -50i64..50,
        more in 0i64..5,
    ) {
        let mut level = TimeWeighted::new(Time(began), 3);
        let (mut now, mut current, mut each) = (began, 3, Vec::new());
        for (wait_us, next) in changes {
            each.extend((0..wait_us).map(|_| current));
            now += wait_us;
            current = next;
            level.set(Time(now), next);
        }
        each.extend((0..more).map(|_| current));
        let now = Time(now + more);
        let sum: i64 = each.iter().sum();
        prop_assert_eq!(level.integral(now), i128::from(sum));
        prop_assert_eq!(level.least(now), each.iter().copied().min().unwrap_or(current));
        prop_assert_eq!(level.most(now), each.iter().copied().max().unwrap_or(current));
        let mean = if each.is_empty() { current as f64 } else { sum as f64 / each.len() as f64 };
        prop_assert_eq!(level.mean(now), mean);
        level.reset(now);
        prop_assert_eq!((level.integral(now), level.level()), (0, current));
    }

    /// The offset would make sums of squares of floats cancel.
    #[test]
    fn the_moments_of_spans_are_exact(
        spans in proptest::collection::vec(0i64..1000, 2..50),
        offset in prop_oneof![Just(0i64), Just(1_000_000_000_000_000)],
        cut in 0usize..50,
    ) {
        let (mut whole, mut first, mut rest) = (SpanTally::default(), SpanTally::default(), SpanTally::default());
        for (at, span) in spans.iter().enumerate() {
            whole.record(Span(span + offset));
            (if at < cut { &mut first } else { &mut rest }).record(Span(span + offset));
        }
        first.merge(&rest);
        prop_assert_eq!(&first, &whole);
        let count = spans.len() as f64;
        let mean = spans.iter().sum::<i64>() as f64 / count;
        let squares: f64 = spans.iter().map(|span| (*span as f64 - mean) * (*span as f64 - mean)).sum();
        let deviation_us = 1e6 * whole.deviation_seconds().expect("there are two");
        prop_assert!((deviation_us - (squares / (count - 1.0)).sqrt()).abs() < 1e-6);
        prop_assert_eq!(whole.least(), spans.iter().min().map(|span| Span(span + offset)));
    }

    #[test]
    fn tallies_merge_to_what_all_values_give(
        values in proptest::collection::vec(-1e3..1e3, 2..50),
        cut in 0usize..50,
    ) {
        let cut = cut.min(values.len());
        let whole: Tally = values.iter().copied().collect();
        let mut merged: Tally = values[..cut].iter().copied().collect();
        merged.merge(&values[cut..].iter().copied().collect());
        prop_assert_eq!(merged.count(), whole.count());
        prop_assert_eq!((merged.least(), merged.most()), (whole.least(), whole.most()));
        let close = |a: Option<f64>, b: Option<f64>| matches!((a, b), (Some(a), Some(b)) if (a - b).abs() < 1e-6);
        prop_assert!(close(merged.mean(), whole.mean()));
        prop_assert!(close(merged.variance(), whole.variance()));
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        prop_assert!(close(whole.mean(), Some(mean)));
    }

    /// Of every magnitude, up to the longest span there is.
    #[test]
    fn quantiles_are_within_a_bucket_of_the_sorted_ones(
        spans in proptest::collection::vec((0i64..=i64::MAX, 0u32..63), 1..100),
        share in 0.0..1.0f64,
    ) {
        let mut sorted: Vec<i64> = spans.iter().map(|(span, shift)| span >> shift).collect();
        let mut quantiles = SpanQuantiles::default();
        sorted.iter().for_each(|span| quantiles.record(Span(*span)));
        sorted.sort_unstable();
        let rank = ((share * sorted.len() as f64).ceil() as usize).max(1);
        let exact = sorted[rank - 1];
        let Some(Span(found)) = quantiles.quantile(share) else { panic!("there are spans") };
        prop_assert!(found >= exact, "{found} is below {exact}");
        prop_assert!(found as f64 <= exact as f64 * 1.0079 + 0.5, "{found} is too far above {exact}");
        let within = quantiles.share_within(Span(found)).expect("there are spans");
        prop_assert!(within >= rank as f64 / sorted.len() as f64);
    }
}

#[test]
fn monitors_of_nothing_say_nothing() {
    assert_eq!(SpanTally::default().mean_seconds(), None);
    assert_eq!(Tally::default().variance(), None);
    assert_eq!(SpanQuantiles::default().quantile(0.5), None);
    let level = TimeWeighted::new(Time(5), 7);
    assert_eq!(
        (
            level.mean(Time(5)),
            level.least(Time(5)),
            level.most(Time(5))
        ),
        (7.0, 7, 7)
    );
}
