//! No run is lost, and nothing unfinished looks whole.

use crate::support::{manifest, names};
use causeflow_outputs::{Error, RunFolder};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let out = parent.path().join("out");
    (parent, out)
}

/// A whole run at `out`, with one file that says which run it is.
fn run(out: &Path, content: &str, force: bool) -> Result<PathBuf, Error> {
    let folder = RunFolder::create(out, force)?;
    fs::write(folder.path().join("data"), content).expect("room");
    folder.commit(&manifest(vec![]))
}

fn refusal(result: Result<impl std::fmt::Debug, Error>) -> String {
    let error = result.expect_err("refused");
    assert!(!error.is_machine_failure(), "{error}");
    error.to_string()
}

fn data(out: &Path) -> String {
    fs::read_to_string(out.join("data")).expect("a run")
}

#[test]
fn a_run_appears_whole_and_alone() {
    let (parent, out) = place();
    let folder = RunFolder::create(&out, false).expect("free");
    fs::write(folder.path().join("data"), "1").expect("room");
    assert!(!out.exists());
    let placed = folder.commit(&manifest(vec![])).expect("room");
    assert_eq!(placed, fs::canonicalize(&out).expect("in place"));
    assert_eq!(names(&out), ["data", "manifest.json"]);
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn parents_are_created_and_an_empty_folder_is_used() {
    let (parent, _) = place();
    let out = parent.path().join("a/b/out");
    run(&out, "1", false).expect("created");
    let empty = parent.path().join("empty");
    fs::create_dir(&empty).expect("room");
    run(&empty, "2", false).expect("empty");
    assert_eq!(names(&empty), ["data", "manifest.json"]);
    assert_eq!(names(parent.path()), ["a", "empty"]);
}

#[test]
fn a_finished_run_is_replaced_only_by_force() {
    let (parent, out) = place();
    run(&out, "1", false).expect("free");
    let message = refusal(RunFolder::create(&out, false));
    assert!(
        message.contains("finished run") && message.contains("--force"),
        "{message}"
    );
    assert_eq!(names(parent.path()), ["out"]);
    run(&out, "2", true).expect("forced");
    assert_eq!(data(&out), "2");
    assert_eq!(names(&out), ["data", "manifest.json"]);
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn foreign_folders_and_files_are_left_alone_also_by_force() {
    let (parent, out) = place();
    fs::create_dir(&out).expect("room");
    fs::write(out.join("manifest.json"), r#"{"name": "a web app"}"#).expect("room");
    for force in [false, true] {
        let message = refusal(RunFolder::create(&out, force));
        assert!(message.contains("not from causeflow"), "{message}");
    }
    let file = parent.path().join("file");
    fs::write(&file, "text").expect("room");
    let message = refusal(RunFolder::create(&file, true));
    assert!(message.contains("not a folder"), "{message}");
    assert_eq!(names(parent.path()), ["file", "out"]);
    assert_eq!(names(&out), ["manifest.json"]);
}

#[test]
fn a_name_is_needed() {
    let message = refusal(RunFolder::create(Path::new("missing/.."), false));
    assert!(message.contains("name"), "{message}");
}

#[test]
fn an_abandoned_run_leaves_nothing_and_loses_nothing() {
    let (parent, out) = place();
    drop(RunFolder::create(&out, false).expect("free"));
    assert!(names(parent.path()).is_empty());
    run(&out, "1", false).expect("free");
    let folder = RunFolder::create(&out, true).expect("forced");
    fs::write(folder.path().join("data"), "2").expect("room");
    drop(folder);
    assert_eq!(data(&out), "1");
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn two_runs_to_one_folder_at_a_time_are_refused() {
    let (_parent, out) = place();
    let first = RunFolder::create(&out, false).expect("free");
    fs::write(first.path().join("data"), "1").expect("room");
    for force in [false, true] {
        let message = refusal(RunFolder::create(&out, force));
        assert!(message.contains("another run is writing"), "{message}");
    }
    let message = refusal(RunFolder::create(first.path(), true));
    assert!(message.contains("another run is writing"), "{message}");
    first.commit(&manifest(vec![])).expect("room");
    assert_eq!(data(&out), "1");
}

/// What a killed process leaves: its files, and a lock that the system has let go of.
fn killed(out: &Path) -> PathBuf {
    let staging = out.with_file_name("out.partial");
    fs::create_dir_all(staging.join("events/stream=a")).expect("room");
    fs::write(staging.join(".causeflow-lock"), "").expect("room");
    fs::write(staging.join("manifest.json"), "{").expect("room");
    staging
}

#[test]
fn what_a_killed_run_left_is_cleared() {
    let (parent, out) = place();
    killed(&out);
    run(&out, "1", false).expect("its lock is free");
    assert_eq!(names(&out), ["data", "manifest.json"]);
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn an_unfinished_run_as_target_needs_force() {
    let (_parent, out) = place();
    let staging = killed(&out);
    let message = refusal(RunFolder::create(&staging, false));
    assert!(message.contains("unfinished run"), "{message}");
    run(&staging, "1", true).expect("forced");
    assert_eq!(data(&staging), "1");
}

#[test]
fn a_foreign_folder_with_a_name_that_is_needed_is_left_alone() {
    for name in ["out.partial", "out.replaced"] {
        let (parent, out) = place();
        let foreign = parent.path().join(name);
        fs::create_dir(&foreign).expect("room");
        fs::write(foreign.join("thesis"), "text").expect("room");
        let message = refusal(RunFolder::create(&out, true));
        assert!(message.contains("something else"), "{message}");
        assert_eq!(names(&foreign), ["thesis"]);
        assert_eq!(names(parent.path()), [name]);
    }
}

#[test]
fn an_earlier_run_is_put_back_after_a_kill_between_the_two_moves() {
    let (parent, out) = place();
    run(&out, "1", false).expect("free");
    fs::write(out.join(".causeflow-replaced"), "").expect("room");
    let aside = parent.path().join("out.replaced");
    fs::rename(&out, &aside).expect("same disk");
    let message = refusal(RunFolder::create(&out, false));
    assert!(message.contains("finished run"), "{message}");
    assert_eq!(data(&out), "1");
    assert_eq!(names(&out), ["data", "manifest.json"]);
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn the_rest_of_a_replaced_run_is_removed_by_the_next() {
    let (parent, out) = place();
    run(&out, "2", false).expect("free");
    let aside = parent.path().join("out.replaced");
    fs::create_dir(&aside).expect("room");
    fs::write(aside.join(".causeflow-replaced"), "").expect("room");
    fs::write(aside.join("data"), "1").expect("room");
    run(&out, "3", true).expect("forced");
    assert_eq!(data(&out), "3");
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn something_that_appears_meanwhile_is_not_replaced() {
    let (parent, out) = place();
    let folder = RunFolder::create(&out, true).expect("free");
    fs::create_dir(&out).expect("room");
    fs::write(out.join("thesis"), "text").expect("room");
    let message = refusal(folder.commit(&manifest(vec![])));
    assert!(message.contains("not from causeflow"), "{message}");
    assert_eq!(names(&out), ["thesis"]);
    assert_eq!(names(parent.path()), ["out"]);
}

#[cfg(unix)]
#[test]
fn a_link_is_followed_to_its_folder() {
    let (parent, out) = place();
    let link = parent.path().join("link");
    run(&out, "1", false).expect("free");
    std::os::unix::fs::symlink(&out, &link).expect("links");
    run(&link, "2", true).expect("forced");
    assert_eq!(data(&out), "2");
    assert!(
        fs::symlink_metadata(&link)
            .expect("still there")
            .is_symlink()
    );
}

#[test]
fn a_failed_commit_leaves_the_earlier_run() {
    let (parent, out) = place();
    run(&out, "1", false).expect("free");
    let folder = RunFolder::create(&out, true).expect("forced");
    // The manifest cannot be written where something has its name already.
    fs::write(folder.path().join("manifest.json"), "{").expect("room");
    let error = folder
        .commit(&manifest(vec![]))
        .expect_err("the manifest is there already");
    assert!(error.is_machine_failure());
    assert_eq!(data(&out), "1");
    assert_eq!(names(parent.path()), ["out"]);
}
