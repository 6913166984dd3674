//! This example demonstrates how something is put into the past of a finished run: a version of one of its days lies beside
//! it, and the comparison says what that changed.
//!
//! Run it with `cargo run -p causeflow-examples --example amend_a_run`.

use std::error::Error;

use causeflow_engine::base::time::Span;
use causeflow_runs::diff::{Pair, compare};
use causeflow_runs::regenerate::{Amendment, Regeneration};
use causeflow_runs::{Job, RunSpec, Sources};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut spec = RunSpec::of("tutoring");
    spec.days = 4.0;
    spec.scale = 0.02;
    // A version begins at the last snapshot before its window.
    spec.snapshot_every = Some(Span::DAY);
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
    println!("{} events, from {:?}", made.rows, made.snapshot);

    let pair = Pair {
        a: job.out,
        version: amendment.name,
        ..Pair::default()
    };
    let changed = compare(&pair, &())?.outcome(0, false).streams;
    for stream in &changed {
        println!("{}: {} of {}", stream.name, stream.twin_rows, stream.rows);
    }
    assert!(!changed.is_empty());
    Ok(())
}
