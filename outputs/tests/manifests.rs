//! The manifest, its JSON and its schema.

use crate::support::manifest;
use causeflow_outputs::{EntityEntry, FileEntry, Manifest, StreamEntry, manifest_schema};
use serde_json::Value;

fn full() -> Manifest {
    let mut full = manifest(vec![FileEntry {
        path: "entities/student.parquet".to_owned(),
        rows: 3,
        bytes: 4,
        digest: "blake3:00".to_owned(),
    }]);
    full.streams.push(StreamEntry {
        name: "a.b".to_owned(),
        rows: 2,
        fingerprint: "00".to_owned(),
    });
    full.entities.push(EntityEntry {
        kind: "student".to_owned(),
        rows: 3,
    });
    full.entities_start.push(EntityEntry {
        kind: "student".to_owned(),
        rows: 2,
    });
    full
}

#[test]
fn it_reads_back_and_the_seed_is_a_string() {
    let text = full().to_json().expect("finite");
    assert!(text.ends_with("}\n"));
    assert!(
        text.contains("\"seed\": \"18446744073709551615\""),
        "{text}"
    );
    let read = serde_json::from_str::<Manifest>(&text).expect("valid");
    let digest = read.digest.clone();
    assert!(digest.starts_with("blake3:"), "{digest}");
    let mut expected = full();
    expected.digest = digest;
    assert_eq!(read, expected);
    assert_eq!(expected.to_json().expect("finite"), text);
    let wrong = text.replace("18446744073709551615", "18446744073709551616");
    assert!(serde_json::from_str::<Manifest>(&wrong).is_err());
}

#[test]
fn a_scale_that_json_cannot_hold_is_an_error() {
    let mut wrong = full();
    wrong.scale = f64::NAN;
    assert!(wrong.to_json().is_err());
}

#[test]
fn the_schema_requires_and_describes_every_field() {
    let schema = manifest_schema();
    let json = serde_json::to_value(full()).expect("valid");
    let fields: Vec<&String> = json.as_object().expect("an object").keys().collect();
    let properties = &schema["properties"];
    // Missing for a run that is no version, is scored against its own untouched side, and has all streams written.
    let optional = ["baseline", "version", "left_out"];
    let number = fields.len() + optional.len();
    assert_eq!(properties.as_object().map(|p| p.len()), Some(number));
    let required = schema["required"].as_array().expect("a list");
    for field in optional {
        assert!(!required.contains(&Value::from(field)), "{field}");
        assert!(properties[field]["description"].is_string(), "{field}");
    }
    // There only for models that ask for it.
    let asked_for = "entities_start";
    for field in fields {
        let is_required = required.contains(&Value::from(field.as_str()));
        assert_eq!(is_required, field != asked_for, "{field}");
        assert!(properties[field]["description"].is_string(), "{field}");
    }
    assert_eq!(properties["seed"]["type"], "string");
}

#[test]
fn every_edit_of_its_text_is_noticed() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("manifest.json");
    let text = full().to_json().expect("finite");
    let put = |text: &str| std::fs::write(&path, text).expect("room");
    put(&text);
    let digest = Manifest::read(folder.path())
        .expect("as it was written")
        .digest;
    let edits = [
        text.replace("\"rows\": 3", "\"rows\": 4"),
        text.replace("  ", " "),
        text.replace(&digest, ""),
        text.replace(&digest, &digest.chars().rev().collect::<String>()),
        text.trim_end().to_owned(),
    ];
    for edit in edits {
        assert_ne!(edit, text);
        put(&edit);
        let (_, is_as_written) = Manifest::read_as_it_is(&path).expect("it can be read");
        assert!(!is_as_written, "{edit}");
        let error = Manifest::read(folder.path()).expect_err("refused");
        assert!(error.to_string().contains("it was changed"), "{error}");
    }
}
