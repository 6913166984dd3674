//! Small runs to test with.

use std::path::Path;

use causeflow_runs::{Job, RunSpec, Written};
use tempfile::TempDir;

/// Two days of a hundredth of the built-in model.
pub fn small() -> RunSpec {
    RunSpec {
        days: 2.0,
        scale: 0.01,
        ..RunSpec::of("tutoring")
    }
}

/// A folder that is gone with the value.
pub fn temp() -> TempDir {
    tempfile::tempdir().expect("room")
}

/// What is asked for, to be played to `out` in a folder.
pub fn job(spec: RunSpec, folder: &Path) -> Job {
    Job::of(spec, Some(folder.join("out")), &()).expect("it can be played")
}

/// What is asked for, played to `out` in a folder.
pub fn play(spec: RunSpec, folder: &Path) -> (Job, Written) {
    let job = job(spec, folder);
    let (_, written) = job.write(false, &()).expect("it plays");
    (job, written)
}
