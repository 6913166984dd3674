//! `causeflow run --snapshot-every` and `--resume`.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::support::{
    call, causeflow, edit, files, interrupted, json, manifest, names, ok, refused, shop, temp,
};

const PATIENCE: Duration = Duration::from_secs(300);

/// A run long enough to be stopped on its way, with many snapshots.
const LONG: [&str; 9] = [
    "run",
    "shop",
    "--scale",
    "0.2",
    "--days",
    "40",
    "--snapshot-every",
    "1d",
    "--quiet",
];

fn long<'a>(more: &[&'a str]) -> Vec<&'a str> {
    LONG.iter().copied().chain(more.iter().copied()).collect()
}

/// Starts a run into `out` and kills it once it can be gone on with.
fn leave(folder: &Path, args: &[&str]) {
    let state = folder.join("out.partial/resume.state");
    let command = &mut causeflow(folder, args);
    command.args(["--out", "out"]).stdout(Stdio::null());
    let mut child = command.spawn().expect("the binary starts");
    let pause = Duration::from_millis(2);
    for _ in 0..PATIENCE.as_millis() / pause.as_millis() {
        if state.is_file() || child.try_wait().expect("a child").is_some() {
            break;
        }
        std::thread::sleep(pause);
    }
    child.kill().expect("a child");
    child.wait().expect("a child");
    assert!(state.is_file(), "the run has ended, or kept no state");
    assert!(!folder.join("out").exists());
}

/// All files below a folder with their bytes.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let read = |(path, _): (PathBuf, u64)| {
        let bytes = std::fs::read(folder.join(&path)).expect("a file");
        (path, bytes)
    };
    files(folder).into_iter().map(read).collect()
}

fn assert_same(a: &Path, b: &Path) {
    for ((path, mine), (other, theirs)) in contents(a).iter().zip(&contents(b)) {
        assert_eq!(path, other);
        assert!(mine == theirs, "{} differs", path.display());
    }
    assert_eq!(files(a).len(), files(b).len());
}

#[test]
fn a_killed_run_goes_on_with_nothing_but_its_folder_and_ends_the_same() {
    let folder = shop();
    ok(folder.path(), &long(&["--out", "whole"]));
    leave(folder.path(), &long(&["--streams", "*"]));
    let elsewhere = temp();
    let out = folder.path().join("out");
    let shown = out.to_str().expect("UTF-8");
    let outcome = json(
        elsewhere.path(),
        &[
            "run",
            "--resume",
            "--out",
            shown,
            "--json",
            "--threads",
            "1",
        ],
    );
    assert!(
        outcome["resumed_from"]
            .as_str()
            .is_some_and(|time| time.starts_with("2026-")),
        "{outcome}"
    );
    assert_same(&out, &folder.path().join("whole"));
    assert_eq!(names(folder.path()), ["out", "shop", "whole"]);
    let manifest = manifest(&out);
    let files = manifest["files"].as_array().expect("a list");
    let paths = files.iter().filter_map(|file| file["path"].as_str());
    let snapshots: Vec<&str> = paths
        .filter(|path| path.starts_with("snapshots/"))
        .collect();
    assert_eq!(snapshots.len(), 40);
    assert_eq!(snapshots[0], "snapshots/20260202T000000Z.snapshot");
}

#[test]
fn snapshots_change_nothing_else() {
    let folder = shop();
    ok(folder.path(), &long(&["--out", "with"]));
    ok(
        folder.path(),
        &[
            "run", "shop", "--scale", "0.2", "--days", "40", "--out", "without", "--quiet",
        ],
    );
    let [mut with, mut without] = ["with", "without"].map(|out| manifest(&folder.path().join(out)));
    let files = with["files"].as_array_mut().expect("a list");
    files.retain(|file| {
        !file["path"]
            .as_str()
            .unwrap_or_default()
            .starts_with("snapshots/")
    });
    // The manifest's digest of itself is over the snapshots, too.
    assert_ne!(with["digest"].take(), without["digest"].take());
    assert_eq!(with, without);
}

#[test]
fn other_arguments_than_those_of_the_start_are_refused_by_name() {
    let folder = shop();
    leave(folder.path(), &long(&["--seed", "7", "--no-events"]));
    let resume = |more: &[&'static str]| {
        let mut args = vec!["run", "--resume", "--out", "out"];
        args.extend(more);
        args
    };
    for (args, expected) in [
        (vec!["--seed", "8"], "--seed is now 8 and was 7"),
        (vec!["tutoring"], "the model is now \"tutoring\""),
        (vec!["--days", "41"], "--days is now 41.0 and was 40.0"),
        (
            vec!["--format", "csv"],
            "--format is now \"csv\" and was \"parquet\"",
        ),
        (
            vec!["--snapshot-every", "12h"],
            "--snapshot-every is now 12h and was 1d",
        ),
        (
            vec!["--counterfactual"],
            "--counterfactual is now together and was not given",
        ),
    ] {
        let message = refused(folder.path(), &resume(&args));
        assert!(message.contains(expected), "{message}");
        assert!(message.contains("--force"), "{message}");
    }
    // What was given then may be given again, from another folder too.
    let again = "run ../shop/. --resume --out ../out --seed 7 --no-events --format parquet --quiet";
    let again: Vec<&str> = again.split(' ').collect();
    ok(&folder.path().join("shop"), &again);
    assert_eq!(manifest(&folder.path().join("out"))["seed"], "7");
}

#[test]
fn a_model_that_has_changed_meanwhile_is_refused() {
    let folder = shop();
    leave(folder.path(), &LONG);
    let model = folder.path().join("shop/shop.yaml");
    let before = std::fs::read_to_string(&model).expect("the template");
    edit(folder.path(), "streams:", "# edited\nstreams:");
    let resume = ["run", "--resume", "--out", "out", "--quiet"];
    let message = refused(folder.path(), &resume);
    assert!(message.contains("the files of the model"), "{message}");
    std::fs::write(&model, before).expect("room");
    ok(folder.path(), &resume);
}

#[test]
fn an_unfinished_run_is_in_the_way_of_another_one_unless_forced() {
    let folder = shop();
    leave(folder.path(), &LONG);
    let short = ["run", "shop", "--days", "1", "--out", "out", "--quiet"];
    let message = refused(folder.path(), &short);
    assert!(
        message.contains("--resume") && message.contains("--force"),
        "{message}"
    );
    ok(folder.path(), &[short.as_slice(), &["--force"]].concat());
    assert_eq!(names(folder.path()), ["out", "shop"]);
    assert!(!folder.path().join("out/snapshots").exists());
}

#[test]
fn an_interrupted_run_says_how_to_go_on_and_an_earlier_one_stays_until_then() {
    let folder = shop();
    let short = ["run", "shop", "--days", "1", "--out", "out", "--quiet"];
    ok(folder.path(), &short);
    let before = contents(&folder.path().join("out"));
    let args = long(&["--out", "out", "--force"]);
    let said = interrupted(folder.path(), &args, "out.partial/resume.state");
    assert_eq!(said.code, Some(130), "{}", said.err);
    assert_eq!(
        said.err,
        "interrupted\n  help: go on with `causeflow run --resume --out out`\n"
    );
    assert_eq!(contents(&folder.path().join("out")), before);
    let said = call(folder.path(), &["run", "--resume", "--out", "out"]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("going on from 2026-"), "{}", said.err);
    assert!(said.out.contains(" from 2026-"), "{}", said.out);
    ok(folder.path(), &long(&["--out", "whole"]));
    assert_same(&folder.path().join("out"), &folder.path().join("whole"));
    assert_eq!(names(folder.path()), ["out", "shop", "whole"]);
}

#[test]
fn there_has_to_be_something_to_go_on_with() {
    let folder = shop();
    let refused = |args: &[&str], expected: &str| {
        let message = refused(folder.path(), args);
        assert!(message.contains(expected), "{message}");
    };
    refused(&["run"], "MODEL");
    refused(&["run", "--resume"], "give its folder: --out DIR");
    refused(&["run", "--resume", "--out", "out"], "no unfinished run");
    refused(&["run", "shop", "--resume"], "no run to this folder");
    refused(&["run", "--resume", "--no-output"], "cannot be used with");
    refused(
        &["run", "--resume", "--force", "--out", "out"],
        "cannot be used with",
    );
    let every = |span| ["run", "shop", "--days", "1", "--snapshot-every", span];
    refused(&every("1s"), "--snapshot-every: 1s is less than a window");
    refused(&every("0d"), "expected some time");
    refused(&every("1"), "has no unit");
    assert_eq!(names(folder.path()), ["shop"]);
    ok(
        folder.path(),
        &["run", "shop", "--days", "1", "--out", "out", "--quiet"],
    );
    refused(&["run", "--resume", "--out", "out"], "finished run");
}

#[test]
fn a_damaged_state_is_named() {
    let folder = shop();
    leave(folder.path(), &LONG);
    let state = folder.path().join("out.partial/resume.state");
    let mut bytes = std::fs::read(&state).expect("a state");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&state, &bytes).expect("room");
    let resume = ["run", "--resume", "--out", "out"];
    let message = refused(folder.path(), &resume);
    assert!(
        message.contains("resume.state: was changed or damaged"),
        "{message}"
    );
    assert!(message.contains("--force"), "{message}");
    bytes.truncate(middle);
    std::fs::write(&state, &bytes).expect("room");
    let message = refused(folder.path(), &resume);
    assert!(message.contains("resume.state: is incomplete"), "{message}");
}
