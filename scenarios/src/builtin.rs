//! The scenarios and events that come with the program. They are files of the repository, compiled in.

use causeflow_models::SourceFile;

macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$((concat!($folder, "/", $name), include_str!(concat!("../", $folder, "/", $name)))),*]
    };
}

/// (path, text) of the files of a model's scenarios.
type Files = &'static [(&'static str, &'static str)];

/// The models that have built-in scenarios, and the files.
const BUILT_IN: &[(&str, Files)] = &[(
    "tutoring",
    files!("tutoring":
        "competitor-disruption.yaml", "churn-pattern.yaml", "events.yaml", "exam-season-surge.yaml",
        "normal-operations.yaml", "payment-outage.yaml", "quality-crisis.yaml", "recruiting-crisis.yaml",
        "supply-crisis.yaml", "support-overload.yaml",
    ),
)];

/// The files of the built-in scenarios of a model, by the model's name; paths begin with `scenarios/`. None for a
/// model without any.
pub fn built_in(model: &str) -> Vec<SourceFile> {
    let files = BUILT_IN.iter().find(|(name, _)| *name == model);
    let files = files.map_or(&[][..], |(_, files)| files);
    let source = |(path, text): &(&str, &str)| SourceFile {
        path: format!("scenarios/{path}"),
        text: (*text).into(),
    };
    files.iter().map(source).collect()
}
