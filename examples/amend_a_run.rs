//! This example demonstrates how something is put into the past of a finished run: a version of one of its days lies beside
//! it, and the comparison says what that changed.
//!
//! Run it with `cargo run -p causeflow-examples --example amend_a_run`.

use std::error::Error;

use causeflow_engine::base::time::Span;
use causeflow_runs::diff::{Pair, compare};
use causeflow_runs::regenerate::{Amendment, Regeneration};
use causeflow_runs::{Job, Kind, RunSpec, Sources};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let spec = RunSpec {
        days: 4.0,
        scale: 0.02,
        // A version begins at the last snapshot before its window.
        snapshot_every: Some(Span::DAY),
        ..RunSpec::of("tutoring")
    };
    let job = Job::of(spec, Some(folder.path().join("run")), &())?;
    job.write(false, &())?;

    let amendment = Amendment {
        out: job.out.clone(),
        from: "day3".to_owned(),
        to: "day4".to_owned(),
        scenarios: vec!["payment-outage@day3T10:00".to_owned()],
        name: Some("outage".to_owned()),
        ..Amendment::default()
    };
    let made = Regeneration::of(&amendment, Sources::default(), &())?.make(&())?;
    println!(
        "{} events, from the snapshot of {:?}",
        made.rows, made.snapshot
    );

    let pair = Pair {
        a: job.out.clone(),
        version: Some("outage".to_owned()),
        ..Pair::default()
    };
    let comparison = compare(&pair, &())?;
    for stream in comparison.outcome(0, false).streams {
        println!(
            "{}: {:+}",
            stream.name,
            stream.rows as i64 - stream.twin_rows as i64
        );
    }
    let error = comparison
        .check()
        .err()
        .ok_or("an outage changes something")?;
    assert_eq!(error.kind(), Kind::Difference);
    Ok(())
}
