//! A disk that fills up: the error says so, the earlier run stays, nothing looks whole.

use crate::support::{Shape, all_types, cut, dictionary, manifest, names, options, rows};
use causeflow_outputs::{Error, EventWriter, Format, RunFolder};
use std::fs;
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
    folder.commit(&manifest(vec![])).expect("room");
}

fn assert_failed_well(out: &Path, advice: &str) {
    for format in [Format::Parquet, Format::Arrow, Format::Csv, Format::Jsonl] {
        let error = run(out, format).expect_err("no room");
        assert!(error.is_machine_failure(), "{error}");
        let message = error.to_string();
        assert!(
            message.contains(advice) && message.contains("--out"),
            "{message}"
        );
        assert!(message.contains("events/stream=a/part-0000"), "{message}");
        assert_eq!(names(out), ["data", "manifest.json"]);
    }
}

#[test]
fn a_full_disk_is_named_and_the_earlier_run_stays() {
    let disk = tempfile::tempdir().expect("a temporary folder");
    let mount = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"])
        .arg(disk.path())
        .output();
    if !mount.is_ok_and(|output| output.status.success()) {
        println!("skipped: mounting a small tmpfs needs root; the file size limit is still tested");
        return;
    }
    let out = disk.path().join("out");
    let result = std::panic::catch_unwind(|| {
        earlier_run(&out);
        assert_failed_well(&out, "The disk is full");
        assert_eq!(names(disk.path()), ["out"]);
    });
    let unmounted = Command::new("umount").arg(disk.path()).status();
    assert!(unmounted.is_ok_and(|status| status.success()));
    assert!(result.is_ok(), "see the panic above");
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
