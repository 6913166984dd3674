//! History, statistics and scores, through what the crate shows.

mod alarms;
mod intervals;
mod pools;
mod scores;
mod seasons;
mod trends;

use causeflow_engine::base::fingerprint::Digest;
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::attribution::Impact;
use causeflow_engine::streams::play::StreamResult;
use causeflow_engine::streams::series::{Hour, Tally};

/// 2026-02-02T00:00:00Z, a Monday.
const MONDAY: Time = Time(1_769_990_400_000_000);

fn hours(number: i64) -> Span {
    Span(number * Span::HOUR.0)
}

/// A stream with these counts in the hours from [`MONDAY`] on, without interventions; with them it has ten more an hour.
fn stream(name: &str, counts: impl IntoIterator<Item = u64>) -> StreamResult {
    let first = MONDAY.index_of(Span::HOUR);
    let hour = |count| Hour {
        factual: tally(count + 10),
        untouched: tally(count),
    };
    let counts = (first..).zip(counts);
    StreamResult {
        name: name.to_owned(),
        rows: 0,
        fingerprint: Digest::default().finish(name),
        impact: Impact::default(),
        parted: Vec::new(),
        series: counts.map(|(at, count)| (at, hour(count))).collect(),
    }
}

fn tally(count: u64) -> Tally {
    Tally {
        count,
        value_millionths: i128::from(count) * 1_500_000,
    }
}
