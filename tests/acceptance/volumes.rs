//! How many events a stream has on a day.

use crate::reference::wanted;
use crate::runs::{DAYS, full_size, pooled_rows};

/// Above this many a day, the mean has to be within [`SHARE`]; below it, chance is larger than that.
const MANY: f64 = 1000.0;
const SHARE: f64 = 0.02;
const STANDARD_ERRORS: f64 = 3.0;

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn every_stream_has_its_events_a_day() {
    let days = DAYS as f64 * full_size().len() as f64;
    let mut wrong = Vec::new();
    for stream in wanted() {
        let rows = pooled_rows(&stream.stream) as f64;
        let expected = stream.per_day * days;
        let off = rows / expected - 1.0;
        let allowed = if stream.per_day > MANY {
            SHARE
        } else {
            STANDARD_ERRORS / expected.sqrt()
        };
        let line = format!(
            "{:32} wanted {:>8}, got {:>10.1} a day: {:+.2} % of {:.2} % allowed",
            stream.stream,
            stream.per_day,
            rows / days,
            100.0 * off,
            100.0 * allowed
        );
        println!(
            "{line}; of it by external events {:+.2} %",
            100.0 * moved(&stream.stream) / expected
        );
        if off.abs() > allowed {
            wrong.push(line);
        }
    }
    assert!(wrong.is_empty(), "too far off:\n{}", wrong.join("\n"));
}

/// By how many events the timelines of all runs change a stream.
fn moved(stream: &str) -> f64 {
    let results = full_size().iter().flat_map(|played| &played.streams);
    let differences = results
        .filter(|result| result.name == stream)
        .flat_map(|result| result.impact.differences());
    differences
        .map(|(_, d)| d.added as f64 - d.removed as f64)
        .sum()
}

#[test]
#[cfg_attr(debug_assertions, ignore = "needs a release build")]
fn a_run_has_as_many_rows_as_all_streams_together() {
    // 1.745 million a day in the table.
    let table: f64 = wanted().iter().map(|stream| stream.per_day).sum();
    for played in full_size() {
        let rows = played.rows;
        let off = rows as f64 / DAYS as f64 / table - 1.0;
        assert!(
            off.abs() < 0.01,
            "{rows} rows are {:+.2} % off",
            100.0 * off
        );
        assert_eq!(
            rows,
            played.tally.rows.iter().sum::<u64>(),
            "the sink gets every row"
        );
        assert_eq!(played.ties, 0, "the order of all rows is total");
    }
}
