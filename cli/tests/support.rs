//! Running the binary and reading what it says.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// The binary, not yet started, in a folder of its own.
pub fn causeflow(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_causeflow"));
    command.current_dir(folder).args(args).env("NO_COLOR", "1");
    command
}

/// What a finished command said.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

pub fn said(output: Output) -> Said {
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let said = Said {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    };
    assert!(!said.err.contains("panicked"), "{}", said.err);
    said
}

/// Runs the command to its end.
pub fn call(folder: &Path, args: &[&str]) -> Said {
    said(causeflow(folder, args).output().expect("the binary starts"))
}

/// Starts the command, and interrupts it as Ctrl-C does once there is something at a path.
#[cfg(unix)]
pub fn interrupted(folder: &Path, args: &[&str], until: &str) -> Said {
    let mut child = causeflow(folder, args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    while !folder.join(until).exists() {
        assert!(child.try_wait().expect("a child").is_none(), "ended early");
        std::thread::sleep(Duration::from_millis(2));
    }
    let signalled = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(signalled.is_ok_and(|status| status.success()));
    said(child.wait_with_output().expect("a child"))
}

/// Runs the command, which must succeed, and returns its stdout.
pub fn ok(folder: &Path, args: &[&str]) -> String {
    let said = call(folder, args);
    assert_eq!(said.code, Some(0), "{args:?}\n{}\n{}", said.out, said.err);
    said.out
}

/// Runs the command, which must succeed, and returns its stdout as JSON.
pub fn json(folder: &Path, args: &[&str]) -> Value {
    serde_json::from_str(&ok(folder, args)).expect("nothing but JSON on stdout")
}

/// Runs the command, which must refuse its input, and returns its stderr.
pub fn refused(folder: &Path, args: &[&str]) -> String {
    let said = call(folder, args);
    assert_eq!(said.code, Some(2), "{args:?}\n{}\n{}", said.out, said.err);
    assert_eq!(said.out, "", "{args:?}");
    said.err
}

pub fn temp() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// A new folder with the template model in `shop`.
pub fn shop() -> TempDir {
    let folder = temp();
    ok(folder.path(), &["init", "shop"]);
    folder
}

/// Replaces text in the template model's streams.
pub fn edit(folder: &Path, from: &str, to: &str) {
    let path = folder.join("shop/shop.yaml");
    let text = std::fs::read_to_string(&path).expect("the template");
    assert!(text.contains(from), "the template has no `{from}`");
    std::fs::write(&path, text.replacen(from, to, 1)).expect("room");
}

/// Names of what lies in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .into_string()
                .expect("UTF-8")
        })
        .collect();
    names.sort();
    names
}

/// All files below a folder, with their sizes, by path relative to it.
pub fn files(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let size = path.metadata().expect("a file").len();
                found.push((path.strip_prefix(folder).expect("below").to_owned(), size));
            }
        }
    }
    found.sort();
    found
}

/// The manifest of a run.
pub fn manifest(out: &Path) -> Value {
    let text = std::fs::read_to_string(out.join("manifest.json")).expect("a manifest");
    serde_json::from_str(&text).expect("JSON")
}
