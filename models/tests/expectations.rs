//! What a model expects of its rows changes none of them.

use causeflow_models::{SourceFile, from_files};

use crate::patterns::root;
use crate::support::{play, settings};

#[test]
fn rows_do_not_depend_on_what_is_expected_of_them() {
    let folder = root().join("examples/models/parcels");
    let file = |name: &str| SourceFile {
        path: name.into(),
        text: std::fs::read_to_string(folder.join(name)).expect("a file"),
    };
    let model = |files: Vec<SourceFile>| from_files("parcels", files).expect("the model is right");
    let plain = model(vec![file("model.yaml")]);
    let mut expecting = file("expect.yaml");
    // A text that no row has.
    expecting.text += "  none: {each: order.placed, holds: product > 0, where: 'if(is_fragile, \"nowhere\", \"elsewhere\") == \"nowhere\"'}\n";
    let tested = model(vec![file("model.yaml"), expecting]);
    assert!(plain.compiled.expectations.is_empty() && tested.compiled.expectations.len() > 3);
    assert_eq!(
        plain.compiled.program.dictionary,
        tested.compiled.program.dictionary
    );
    let rows = |model: &causeflow_models::Model| {
        let result = play(&model.compiled.program, &settings(3, 24));
        format!("{:?}", result.rows)
    };
    assert_eq!(rows(&plain), rows(&tested));
    // A file that says nothing else is no part of what runs depend on.
    let names = |model: &causeflow_models::Model| {
        let files = model.files.iter().map(|file| file.path.clone());
        files.collect::<Vec<_>>()
    };
    assert_eq!(names(&tested), ["model.yaml"]);
}
