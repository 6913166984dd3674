//! This example demonstrates how a run is cancelled and gone on with: whoever asks for it hands over a control, which is
//! asked whether to go on, and a run that keeps snapshots ends as if nothing had happened.
//!
//! Run it with `cargo run -p causeflow-examples --example resume_a_run`.

use std::error::Error;
use std::sync::atomic::{AtomicU32, Ordering};

use causeflow_engine::base::time::Span;
use causeflow_runs::{Control, Job, Kind, Left, RunSpec};

/// Has enough after being asked so often.
struct Patience(AtomicU32);

impl Control for Patience {
    fn cancelled(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) >= 8
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let spec = RunSpec {
        days: 6.0,
        scale: 0.01,
        snapshot_every: Some(Span(6 * Span::HOUR.0)),
        ..RunSpec::of("tutoring")
    };
    let job = Job::of(spec, Some(folder.path().join("run")), &())?;
    let Err(error) = job.write(false, &Patience(AtomicU32::new(0))) else {
        return Err("it was to be cancelled".into());
    };
    assert_eq!(error.kind(), Kind::Interrupted);
    let unfinished = error.resumable().ok_or("it keeps snapshots")?;

    // Another process could do this, another day.
    let left = Left::open(unfinished)?.checked()?;
    let again = Job::of(left.spec().clone(), Some(unfinished.to_owned()), &())?;
    let (result, written) = again.go_on(left, &())?;
    let from = written.resumed_from.ok_or("it was gone on with")?;
    println!("went on from {} with {} rows", from.time, from.rows);
    assert_eq!(result.fingerprint, job.play(&())?.fingerprint);
    Ok(())
}
