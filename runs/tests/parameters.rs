//! Values for the parameters of a model go wherever its runs go.

use std::path::Path;

use causeflow_runs::expect::{TestSpec, test};
use causeflow_runs::{Kind, Run, RunSpec, Session, Sources};

use crate::support::{play, temp};

fn returns() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models/returns");
    folder.display().to_string()
}

/// Three days in which a quarter comes back.
fn quarter() -> RunSpec {
    RunSpec {
        days: 3.0,
        parameters: [("return_share".to_owned(), "25%".to_owned())].into(),
        ..RunSpec::of(returns())
    }
}

#[test]
fn a_manifest_has_them_and_gives_the_run_again() {
    let folder = temp();
    let (_, written) = play(quarter(), folder.path());
    let manifest = written.manifest;
    assert_eq!(manifest.model.parameters, quarter().parameters);
    let sources = |model| Sources {
        model: Some(model),
        ..Sources::default()
    };
    let model = returns();
    let run = Run::of_manifest(&manifest, sources(&model)).expect("it is that run");
    let mut session = Session::begin(&run, &());
    session.step(session.end(), None).expect("it plays");
    assert_eq!(
        session.finish().fingerprint.to_string(),
        manifest.fingerprint
    );
    // Without them, and with others, it is another run.
    let plain = RunSpec {
        parameters: Default::default(),
        ..quarter()
    };
    let elsewhere = temp();
    let (_, other) = play(plain, elsewhere.path());
    assert!(other.manifest.model.parameters.is_empty());
    assert_ne!(other.manifest.model.digest, manifest.model.digest);
    assert_ne!(other.manifest.fingerprint, manifest.fingerprint);
    let mut changed = manifest;
    changed.model.parameters.clear();
    let error = Run::of_manifest(&changed, sources(&model))
        .err()
        .expect("another model");
    assert_eq!(error.kind(), Kind::Input, "{error}");
}

#[test]
fn a_value_that_cannot_be_is_refused_and_an_expectation_follows_the_value() {
    let spec = RunSpec {
        parameters: [("return_share".to_owned(), "60%".to_owned())].into(),
        ..quarter()
    };
    let error = Run::of(&spec, &()).err().expect("too much");
    assert_eq!(error.kind(), Kind::Model);
    assert!(
        error.to_string().contains("`return_share` cannot be 60%"),
        "{error}"
    );
    let spec = TestSpec {
        parameters: [("orders_a_day".to_owned(), "900".to_owned())].into(),
        seeds: 3,
        only: vec!["orders".into()],
        ..TestSpec::of(returns())
    };
    let tested = test(&spec, &()).expect("it plays");
    let mean = tested.expectations[0]
        .interval
        .as_ref()
        .expect("a mean")
        .mean;
    assert!(
        tested.holds && (855.0..945.0).contains(&mean),
        "{tested:#?}"
    );
}
