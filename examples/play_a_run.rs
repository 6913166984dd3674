//! This example demonstrates runs as a library: what is asked for is a plain value, and playing it leaves the same folder as
//! `causeflow run` does.
//!
//! Run it with `cargo run -p causeflow-examples --example play_a_run`.

use std::error::Error;

use causeflow_runs::{Job, Outcome, RunSpec, Took, pool};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let spec = RunSpec {
        days: 2.0,
        scale: 0.01,
        scenarios: vec!["payment-outage@day2T10:00+4h".to_owned()],
        ..RunSpec::of("tutoring")
    };
    // A request to a server, or a program in another language, makes the same value.
    assert_eq!(RunSpec::from_json(&serde_json::to_string(&spec)?)?, spec);

    let job = Job::of(spec, Some(folder.path().join("outage")), &())?;
    let pool = pool(Some(2))?;
    let (result, written) = pool.install(|| job.write(false, &()))?;

    let took = Took {
        seconds: 0.0,
        threads: pool.current_num_threads(),
    };
    let outcome = Outcome::of(&job, &result, Some(&written), took);
    println!("{} rows in {} files", outcome.rows, outcome.files);
    println!(
        "{} because of the outage",
        outcome.attributed.scenarios.rows
    );
    assert!(outcome.attributed.scenarios.rows > 0);
    assert_eq!(outcome.fingerprint, written.manifest.fingerprint);
    Ok(())
}
