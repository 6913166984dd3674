//! No run is lost, and nothing unfinished looks whole.

use crate::support::{entry, manifest, names};
use causeflow_outputs::{Error, FileEntry, Placed, RESUME_NAME, RunFolder};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn place() -> (TempDir, PathBuf) {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let out = parent.path().join("out");
    (parent, out)
}

/// A whole run at `out`, with one file that says which run it is.
fn run(out: &Path, content: &str, force: bool) -> Result<Placed, Error> {
    let folder = RunFolder::create(out, force)?;
    fs::write(folder.path().join("data"), content).expect("room");
    folder.commit(&manifest(vec![entry("data")]))
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
    assert_eq!(placed.path, fs::canonicalize(&out).expect("in place"));
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
        message.ends_with("holds a finished run; replace it, or choose another folder"),
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
fn files_of_others_in_the_folder_of_a_run_are_left_alone_also_by_force() {
    let (_parent, out) = place();
    let places = [
        "notes.md",
        "events/notes.md",
        "versions/notes.md",
        "versions/v1/notes.md",
        "snapshots/notes.md",
    ];
    for name in places {
        run(&out, "1", out.exists()).expect("nothing else there");
        let version = out.join("versions/v1");
        run(&version, "1", false).expect("free");
        let notes = out.join(name);
        fs::create_dir_all(notes.parent().expect("in a folder")).expect("room");
        fs::write(&notes, "mine").expect("room");
        let message = refusal(RunFolder::create(&out, true));
        assert!(message.contains(&format!("`{name}`")), "{message}");
        assert_eq!(data(&out), "1");
        assert_eq!(fs::read(&notes).expect("still there"), b"mine");
        fs::remove_file(&notes).expect("there");
    }
    run(&out, "2", true).expect("with its version");
    assert_eq!(names(&out), ["data", "manifest.json"]);
}

#[test]
fn a_file_that_is_put_into_a_run_while_it_is_replaced_keeps_both() {
    let (parent, out) = place();
    run(&out, "1", false).expect("free");
    let folder = RunFolder::create(&out, true).expect("forced");
    fs::write(folder.path().join("data"), "2").expect("room");
    fs::write(out.join("notes.md"), "mine").expect("room");
    let placed = folder.commit(&manifest(vec![entry("data")])).expect("room");
    let kept = placed.kept.expect("the earlier run");
    assert_eq!(data(&out), "2");
    assert_eq!(names(&kept), ["data", "manifest.json", "notes.md"]);
    // It is nobody's to remove from now on.
    let message = refusal(RunFolder::create(&out, true));
    assert!(message.contains("out.replaced"), "{message}");
    assert_eq!(names(parent.path()), ["out", "out.replaced"]);
}

#[test]
fn an_earlier_run_that_waits_for_its_place_goes_back_into_an_empty_folder() {
    let (parent, out) = place();
    let aside = parent.path().join("out.replaced");
    run(&out, "1", false).expect("free");
    for foreign in [false, true] {
        fs::write(out.join(".causeflow-replaced"), "").expect("room");
        fs::rename(&out, &aside).expect("as if killed");
        fs::create_dir(&out).expect("room");
        if foreign {
            fs::write(out.join("notes.md"), "mine").expect("room");
            refusal(RunFolder::create(&out, true));
            assert_eq!(data(&aside), "1");
        } else {
            drop(RunFolder::create(&out, true).expect("put back"));
            assert_eq!(data(&out), "1");
            assert_eq!(names(parent.path()), ["out"]);
        }
    }
}

#[test]
fn what_was_put_into_a_run_that_was_being_removed_stays() {
    let (parent, out) = place();
    let aside = parent.path().join("out.replaced");
    run(&out, "1", false).expect("free");
    fs::write(out.join(".causeflow-replaced"), "").expect("room");
    fs::write(out.join("notes.md"), "mine").expect("room");
    fs::rename(&out, &aside).expect("as if killed");
    run(&parent.path().join("other"), "2", false).expect("free");
    fs::rename(parent.path().join("other"), &out).expect("as if put in place");
    for _ in 0..2 {
        let message = refusal(RunFolder::create(&out, true));
        assert!(message.contains("out.replaced"), "{message}");
    }
    assert_eq!(names(&aside), ["data", "manifest.json", "notes.md"]);
    assert_eq!(data(&out), "2");
}

#[test]
fn a_file_with_the_name_of_a_manifest_is_not_ours_by_its_name() {
    let (_parent, out) = place();
    run(&out, "1", false).expect("free");
    fs::write(out.join("baseline.json"), "mine").expect("room");
    let message = refusal(RunFolder::create(&out, true));
    assert!(message.contains("`baseline.json`"), "{message}");
}

#[test]
fn a_run_whose_version_is_being_written_is_not_replaced() {
    let (_parent, out) = place();
    run(&out, "1", false).expect("free");
    let version = RunFolder::create(&out.join("versions/v1"), false).expect("free");
    let message = refusal(RunFolder::create(&out, true));
    assert!(message.contains("a version is being written"), "{message}");
    version.commit(&manifest(vec![])).expect("room");
    run(&out, "2", true).expect("with its version");
    assert_eq!(names(&out), ["data", "manifest.json"]);
}

#[test]
fn a_run_that_was_killed_before_it_removed_its_lock_is_whole() {
    let (parent, out) = place();
    run(&out, "1", false).expect("free");
    fs::write(out.join(".causeflow-lock"), "").expect("room");
    let message = refusal(RunFolder::create(&out, false));
    assert!(message.contains("finished run"), "{message}");
    run(&out, "2", true).expect("forced");
    assert_eq!(names(&out), ["data", "manifest.json"]);
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn the_folder_one_is_in_is_not_replaced() {
    for path in [".", "..", "/"] {
        let message = refusal(RunFolder::create(Path::new(path), true));
        assert!(message.contains("where you are"), "{message}");
    }
}

#[cfg(unix)]
#[test]
fn a_link_to_nothing_is_refused_before_anything_is_played() {
    let (parent, out) = place();
    std::os::unix::fs::symlink("/nowhere/at/all", &out).expect("links");
    let message = refusal(RunFolder::create(&out, true));
    assert!(message.contains("a link to something"), "{message}");
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn parents_that_were_made_for_a_run_go_with_it() {
    let (parent, _) = place();
    let out = parent.path().join("a/b/out");
    drop(RunFolder::create(&out, false).expect("free"));
    assert!(names(parent.path()).is_empty());
    let folder = RunFolder::create(&out, false).expect("free");
    fs::write(parent.path().join("a/notes.md"), "mine").expect("room");
    drop(folder);
    assert_eq!(names(parent.path()), ["a"]);
    assert_eq!(names(&parent.path().join("a")), ["notes.md"]);
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

/// What a run that can be gone on with leaves when it fails or is interrupted.
fn left(out: &Path, force: bool) {
    let folder = RunFolder::create(out, force).expect("free");
    for inner in ["snapshots", "resume.rows"] {
        fs::create_dir(folder.path().join(inner)).expect("room");
    }
    let files = [
        "data",
        "later",
        "snapshots/1",
        "snapshots/2",
        "resume.rows/0",
    ];
    for file in files.into_iter().chain([RESUME_NAME]) {
        fs::write(folder.path().join(file), "1").expect("room");
    }
}

#[test]
fn a_run_that_can_be_gone_on_with_stays_and_is_finished_by_resuming_it() {
    let (parent, out) = place();
    left(&out, false);
    assert_eq!(names(parent.path()), ["out.partial"]);
    let folder = RunFolder::resume(&out).expect("left");
    let message = refusal(RunFolder::resume(&out));
    assert!(message.contains("another run is writing"), "{message}");
    assert!(folder.can_go_on());
    let kept = ["data", "snapshots/1"].map(|path| FileEntry {
        path: path.to_owned(),
        rows: 0,
        bytes: 1,
        digest: format!("blake3:{}", blake3::hash(b"1")),
    });
    folder.keep_only(&kept, &[]).expect("removable");
    let left = [
        ".causeflow-lock",
        "data",
        "resume.rows",
        RESUME_NAME,
        "snapshots",
    ];
    assert_eq!(names(folder.path()), left);
    assert_eq!(names(&folder.path().join("snapshots")), ["1"]);
    for (content, expected) in [("2", "was changed"), ("12", "has grown"), ("", "has lost")] {
        fs::write(folder.path().join("snapshots/1"), content).expect("room");
        let message = refusal(folder.keep_only(&kept, &[]));
        assert!(message.contains(expected), "{message}");
    }
    fs::write(folder.path().join("snapshots/1"), "1").expect("room");
    folder.commit(&manifest(vec![])).expect("room");
    assert_eq!(names(&out), ["data", "manifest.json", "snapshots"]);
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn a_run_that_can_be_gone_on_with_gives_way_only_to_force() {
    let (parent, out) = place();
    left(&out, false);
    let message = refusal(RunFolder::create(&out, false));
    assert!(
        message.ends_with("go on with it, or replace it, or choose another folder"),
        "{message}"
    );
    assert!(out.with_file_name("out.partial").join("data").exists());
    run(&out, "2", true).expect("forced");
    assert_eq!(names(&out), ["data", "manifest.json"]);
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn an_earlier_run_stays_until_one_that_was_resumed_replaces_it() {
    let (parent, out) = place();
    run(&out, "before", false).expect("free");
    left(&out, true);
    assert_eq!(data(&out), "before");
    let folder = RunFolder::resume(&out).expect("left");
    let message = refusal(folder.replacing(false));
    assert!(message.contains("finished run"), "{message}");
    let folder = RunFolder::resume(&out).expect("left");
    let folder = folder.replacing(true).expect("as when it began");
    folder.keep_only(&[], &["data"]).expect("removable");
    assert_eq!(data(&out), "before");
    folder.commit(&manifest(vec![])).expect("room");
    assert_eq!(data(&out), "1");
    assert_eq!(names(parent.path()), ["out"]);
}

#[test]
fn there_is_something_to_go_on_with_or_it_is_said_why_not() {
    let (parent, out) = place();
    let refused = |out: &Path, expected: &str| {
        let message = refusal(RunFolder::resume(out));
        assert!(message.contains(expected), "{message}");
    };
    refused(&out, "no unfinished run");
    refused(&parent.path().join("a/b"), "no run");
    assert!(names(parent.path()).is_empty());
    killed(&out);
    refused(&out, "before its first snapshot");
    let folder = RunFolder::create(&out, false).expect("cleared");
    refused(&out, "being written at this moment");
    folder.commit(&manifest(vec![])).expect("room");
    refused(&out, "finished run");
}

#[test]
fn a_kill_while_a_run_with_a_state_is_put_in_place_loses_nothing() {
    let (parent, out) = place();
    let staging = out.with_file_name("out.partial");
    // Between the manifest and the renaming, and the same after it was copied without its hidden file.
    for copied in [false, true] {
        left(&out, false);
        if copied {
            fs::remove_file(staging.join(".causeflow-lock")).expect("there");
        }
        fs::write(staging.join("manifest.json"), "{}").expect("room");
        let folder = RunFolder::resume(&out).expect("still known");
        folder.keep_only(&[], &["data"]).expect("removable");
        folder.commit(&manifest(vec![entry("data")])).expect("room");
        assert_eq!(names(&out), ["data", "manifest.json"]);
        if !copied {
            fs::remove_dir_all(&out).expect("removable");
        }
    }
    // Between the renaming and the removal of the state.
    fs::write(out.join(RESUME_NAME), "1").expect("room");
    fs::create_dir(out.join("resume.rows")).expect("room");
    let message = refusal(RunFolder::resume(&out));
    assert!(message.contains("finished run"), "{message}");
    assert_eq!(names(&out), ["data", "manifest.json"]);
    assert_eq!(names(parent.path()), ["out"]);
}
