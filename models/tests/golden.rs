//! Golden fingerprints: known models keep their values from version to version.
//!
//! When values are meant to change (then the stream-stability version changes, too), write the files anew
//! with `UPDATE_GOLDEN=1 cargo test -p causeflow-models golden` and review the difference.

use std::fmt::Write;
use std::path::Path;

use causeflow_engine::STREAM_STABILITY_VERSION;
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use causeflow_models::{from_files, load, template};

use crate::support::{fingerprints, settings};

/// Two days from seed 42; one line a stream: its name, its rows, its fingerprint.
fn page(program: &Program, scale: f64) -> String {
    let settings = Settings {
        scale,
        ..settings(42, 48)
    };
    let mut page = format!("stream stability version {STREAM_STABILITY_VERSION}\n");
    for (name, fingerprint) in fingerprints(program, &settings) {
        writeln!(page, "{name} {fingerprint}").expect("a string takes everything");
    }
    page
}

fn compare(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, found).expect("the golden file can be written");
        return;
    }
    let wanted = std::fs::read_to_string(&path).expect("the golden file can be read");
    let changed: Vec<String> = wanted
        .lines()
        .zip(found.lines())
        .filter(|(wanted, found)| wanted != found)
        .map(|(wanted, found)| format!("- {wanted}\n+ {found}"))
        .collect();
    let advice = "if that is meant, bump the stream-stability version and run with UPDATE_GOLDEN=1";
    assert!(
        changed.is_empty(),
        "{name} changed; {advice}:\n{}",
        changed.join("\n")
    );
    assert_eq!(
        wanted.lines().count(),
        found.lines().count(),
        "{name}: streams came or went; {advice}"
    );
}

#[test]
fn the_template_keeps_its_values() {
    let model = from_files("template", template()).expect("the template is right");
    compare("template.txt", &page(&model.compiled.program, 1.0));
}

#[test]
fn the_tutoring_model_keeps_its_values() {
    let model = load("tutoring").expect("the built-in model is right");
    compare("tutoring.txt", &page(&model.compiled.program, 0.02));
}
