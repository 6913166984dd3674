//! What cannot be done as it was asked for is refused before anything is played, with its kind and place.

use std::path::PathBuf;

use causeflow_engine::base::time::Span;
use causeflow_outputs::{Compression, Format};
use causeflow_runs::{Counterfactual, Job, Kind, Place, RunSpec};

use crate::support::{small, temp};

/// Makes a request a bad one.
type Change = fn(&mut RunSpec);

#[test]
fn bad_requests_are_refused_with_their_field() {
    let bad: [(&str, Change); 11] = [
        ("days", |spec| spec.days = 0.0),
        ("days", |spec| spec.days = f64::NAN),
        ("days", |spec| spec.days = 1e9),
        ("scale", |spec| spec.scale = -1.0),
        ("scale", |spec| spec.scale = f64::INFINITY),
        ("start", |spec| spec.start = "soon".to_owned()),
        ("start", |spec| spec.start = "1600-01-01".to_owned()),
        ("streams", |spec| spec.streams = vec!["nope.*".to_owned()]),
        ("scenario_folder", |spec| {
            spec.scenario_folder = Some(PathBuf::from("nowhere"))
        }),
        ("counterfactual", |spec| {
            spec.counterfactual = Some(Counterfactual::Each)
        }),
        ("snapshot_every", |spec| {
            spec.snapshot_every = Some(Span::SECOND)
        }),
    ];
    for (field, change) in bad {
        let mut spec = small();
        change(&mut spec);
        let shown = format!("{spec:?}");
        let error = Job::of(spec, None, &()).err().expect(&shown);
        assert_eq!(error.kind(), Kind::Input, "{shown}");
        assert_eq!(
            error.place(),
            Some(&Place::Field(field.to_owned())),
            "{error}"
        );
        assert!(!error.message().is_empty() && error.resumable().is_none());
    }
}

#[test]
fn errors_of_scenarios_and_events_come_at_once() {
    let folder = temp();
    let spec = RunSpec {
        scenarios: vec!["nope@day1".to_owned(), "payment-outage@never".to_owned()],
        events: vec!["nothing@day1".to_owned()],
        event_files: vec![folder.path().join("missing.yaml")],
        ..small()
    };
    let error = Job::of(spec, None, &()).err().expect("all of it is wrong");
    assert_eq!(error.kind(), Kind::Model);
    let found = &error.diagnostics().list;
    for part in ["nope", "never", "nothing", "missing.yaml"] {
        assert!(
            found.iter().any(|one| one.message.contains(part)),
            "{part}: {found:?}"
        );
    }
}

#[test]
fn formats_and_compressions_have_to_go_together() {
    let spec = RunSpec {
        format: Format::Csv,
        compression: Some(Compression::Zstd),
        ..small()
    };
    let error = Job::of(spec, None, &())
        .err()
        .expect("text is never compressed");
    assert_eq!(error.kind(), Kind::Input);
    let place = Place::Field("compression".to_owned());
    assert_eq!(error.place(), Some(&place), "{error}");
}
