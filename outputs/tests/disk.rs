//! A disk that fills up: the error says so, the earlier run stays, nothing looks whole.

use crate::support::{Shape, all_types, cut, dictionary, entry, manifest, names, options, rows};
use causeflow_outputs::{
    Advice, Error, EventWriter, Format, FrozenEvents, RESUME_NAME, RunFolder, StateKind,
    read_state, write_state,
};
use std::fs;
use std::io::Write;
use std::panic::UnwindSafe;
use std::path::Path;
use std::process::Command;

const LIMITED: &str = "CAUSEFLOW_TEST_LIMITED_FOLDER";

/// Replaces the small run at `out` by one of several megabytes.
fn run(out: &Path, format: Format) -> Result<(), Error> {
    let folder = RunFolder::create(out, true)?;
    let schemas = vec![all_types("a")];
    let mut writer = EventWriter::new(folder.path(), schemas, dictionary(), options(format));
    let shape = Shape {
        distinct: u64::MAX,
        missing_in_8: 1,
        seed: 5,
    };
    let all = rows(shape, 70_000);
    writer.write_chunks(vec![cut(&all, 0, 66_000)])?;
    writer.write_chunks(vec![cut(&all, 66_000, 70_000)])?;
    let files = writer.finish()?;
    folder.commit(&manifest(files)).map(drop)
}

fn earlier_run(out: &Path) {
    let folder = RunFolder::create(out, false).expect("free");
    fs::write(folder.path().join("data"), "1").expect("room");
    let placed = folder.commit(&manifest(vec![entry("data")]));
    placed.expect("room");
}

fn assert_failed_well(out: &Path, advice: &str) {
    for format in [Format::Parquet, Format::Arrow, Format::Csv, Format::Jsonl] {
        let error = run(out, format).expect_err("no room");
        assert!(error.is_machine_failure(), "{error}");
        let message = error.to_string();
        assert!(message.contains(advice), "{message}");
        assert_eq!(error.advice(), [Advice::OtherFolder]);
        assert!(message.contains("events/stream=a/part-0000"), "{message}");
        assert_eq!(names(out), ["data", "manifest.json"]);
    }
}

/// Runs `mount` and later `umount`; false where that takes rights which this process lacks.
fn mounted(arguments: &[&str], at: &Path, test: impl FnOnce() + UnwindSafe) {
    let mount = Command::new("mount").args(arguments).arg(at).output();
    if !mount.is_ok_and(|output| output.status.success()) {
        println!("skipped: mounting needs root");
        return;
    }
    let result = std::panic::catch_unwind(test);
    let unmounted = Command::new("umount").arg(at).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert!(result.is_ok(), "see the panic above");
}

#[test]
fn an_earlier_run_is_put_back_when_the_new_one_cannot_be_moved() {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let out = parent.path().join("out");
    earlier_run(&out);
    let folder = RunFolder::create(&out, true).expect("forced");
    let staging = folder.path().to_owned();
    let source = staging.to_str().expect("a plain name").to_owned();
    // A mount point cannot be renamed.
    mounted(&["--bind", &source], &staging, move || {
        let error = folder.commit(&manifest(vec![])).expect_err("busy");
        assert!(error.is_machine_failure());
        let message = error.to_string();
        assert!(message.contains("putting in place"), "{message}");
        assert_eq!(names(&out), ["data", "manifest.json"]);
        assert!(
            names(out.parent().expect("a parent"))
                .iter()
                .all(|name| name != "out.replaced")
        );
    });
}

#[test]
fn a_full_disk_is_named_and_the_earlier_run_stays() {
    let disk = tempfile::tempdir().expect("a temporary folder");
    let at = disk.path().to_owned();
    mounted(
        &["-t", "tmpfs", "-o", "size=256k", "tmpfs"],
        disk.path(),
        move || {
            let out = at.join("out");
            earlier_run(&out);
            assert_failed_well(&out, "The disk is full");
            assert_eq!(names(&at), ["out"]);
        },
    );
}

const KIND: StateKind = StateKind {
    name: "a writer",
    version: 1,
    remedy: Advice::Anew,
};

/// Fills what is left of a disk.
fn fill(folder: &Path) {
    let mut file = fs::File::create(folder.join("ballast")).expect("room for a name");
    let block = [1; 4096];
    while file.write_all(&block).is_ok() {}
    while file.write_all(&block[..1]).is_ok() {}
}

/// Plays in three steps with a state after each of the first two, the second of which finds the disk full when `full`.
fn run_in_steps(at: &Path, out: &Path, full: bool) -> Result<(), Error> {
    let shape = Shape {
        distinct: u64::MAX,
        missing_in_8: 1,
        seed: 5,
    };
    let all = rows(shape, 90_000);
    let schemas = vec![all_types("a")];
    let (folder, mut writer, mut done) = match RunFolder::resume(out) {
        Ok(folder) => {
            let frozen: FrozenEvents = read_state(&folder.path().join(RESUME_NAME), &KIND)?;
            folder.keep_only(&[], &["events"])?;
            let writer = EventWriter::resume(folder.path(), schemas, dictionary(), &frozen)?;
            (folder, writer, 1)
        }
        Err(_) => {
            let folder = RunFolder::create(out, false)?;
            let options = options(Format::Parquet);
            let writer = EventWriter::new(folder.path(), schemas, dictionary(), options);
            (folder, writer, 0)
        }
    };
    while done < 3 {
        writer.write_chunks(vec![cut(&all, done * 30_000, (done + 1) * 30_000)])?;
        done += 1;
        if done == 2 && full {
            fill(at);
        }
        if done < 3 {
            write_state(folder.path(), RESUME_NAME, &KIND, &writer.freeze()?)?;
        }
    }
    let files = writer.finish()?;
    folder.commit(&manifest(files)).map(drop)
}

#[test]
fn a_run_with_a_state_goes_on_when_a_full_disk_has_room_again() {
    let disk = tempfile::tempdir().expect("a temporary folder");
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let whole = elsewhere.path().join("out");
    run_in_steps(elsewhere.path(), &whole, false).expect("room");
    let at = disk.path().to_owned();
    mounted(
        &["-t", "tmpfs", "-o", "size=64m", "tmpfs"],
        disk.path(),
        move || {
            let out = at.join("out");
            let error = run_in_steps(&at, &out, true).expect_err("no room");
            assert!(error.is_machine_failure(), "{error}");
            assert!(error.to_string().contains("The disk is full"), "{error}");
            assert_eq!(names(&at), ["ballast", "out.partial"]);
            assert!(!at.join("out.partial/resume.state.new").exists());
            fs::remove_file(at.join("ballast")).expect("there");
            run_in_steps(&at, &out, false).expect("room again");
            assert_eq!(names(&at), ["out"]);
            assert_eq!(names(&out), names(&whole));
            for file in ["manifest.json", "events/stream=a/part-0000.parquet"] {
                let read = |folder: &Path| fs::read(folder.join(file)).expect("written");
                assert_eq!(read(&out), read(&whole), "{file}");
            }
        },
    );
}

/// The part of the next test that runs with the limit, in a process of its own.
#[test]
fn limited_process() {
    if let Some(folder) = std::env::var_os(LIMITED) {
        assert_failed_well(&Path::new(&folder).join("out"), "ulimit");
    }
}

#[cfg(unix)]
#[test]
fn a_limit_on_file_sizes_is_named_and_the_earlier_run_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    earlier_run(&folder.path().join("out"));
    let status = Command::new("sh")
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 64; exec \"$0\" --exact disk::limited_process",
        ])
        .arg(std::env::current_exe().expect("a path"))
        .env(LIMITED, folder.path())
        .output()
        .expect("a shell");
    assert!(
        status.status.success(),
        "{}",
        String::from_utf8_lossy(&status.stdout)
    );
    assert_eq!(names(folder.path()), ["out"]);
}
