//! This example demonstrates how a finished run is read: what an outage did to which stream, when that was unusual, and the
//! chain of causes of one event.
//!
//! Run it with `cargo run -p causeflow-examples --example read_a_run`.

use std::error::Error;

use causeflow_baselines::Resolution;
use causeflow_outputs::arrow::array::AsArray;
use causeflow_outputs::arrow::datatypes::UInt64Type;
use causeflow_outputs::rfc3339;
use causeflow_runs::finished::Point;
use causeflow_runs::{Finished, Job, Run, RunSpec, Sources};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let mut spec = RunSpec::of("tutoring");
    spec.days = 9.0;
    spec.scale = 0.02;
    spec.scenarios = vec!["payment-outage@day9T10:00+6h".to_owned()];
    let job = Job::of(spec, Some(folder.path().join("run")), &())?;
    job.write(false, &())?;

    let run = Finished::open(&job.out)?;
    for effect in run.effects()? {
        println!("{} in {}: {:+}", effect.cause, effect.stream, effect.net);
    }
    let history = run.history(Resolution::Hour)?;
    let flag = |point: &&Point| point.flag.as_deref() == Some("critical");
    println!("{} critical hours", history.iter().filter(flag).count());

    let mut failures = run.rows("payment.failure", &["event_id"], None)?;
    let ids = failures.next().ok_or("there are failures")??;
    let id = ids.column(0).as_primitive::<UInt64Type>().value(0);
    let event = run.event("payment.failure", id)?.ok_or("it is there")?;
    let sources = Run::of_manifest(run.manifest(), Sources::default())?;
    let lineage = run.lineage(&sources.program, &event)?;
    for cause in &lineage.causes {
        let time = rfc3339(cause.time_us).unwrap_or_default();
        println!("caused by {} at {time}", cause.stream);
    }
    assert!(!lineage.causes.is_empty() || lineage.lost.is_some());
    Ok(())
}
