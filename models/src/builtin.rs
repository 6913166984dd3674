//! The models that come with the program, and the template for one's own. They are files of the
//! repository, compiled in.

use crate::diagnostic::SourceFile;

macro_rules! files {
    ($folder:literal: $($name:literal),* $(,)?) => {
        &[$((concat!($folder, "/", $name), include_str!(concat!("../", $folder, "/", $name)))),*]
    };
}

/// (path, text) of the files of a model.
type Files = &'static [(&'static str, &'static str)];

/// The built-in models: name and files.
pub const BUILT_IN: &[(&str, Files)] = &[(
    "tutoring",
    files!("tutoring":
        "model.yaml", "entities.yaml", "booking.yaml", "customer.yaml", "marketing.yaml", "payment.yaml",
        "rating.yaml", "session.yaml", "support.yaml", "system.yaml", "tutor.yaml",
    ),
)];

const TEMPLATE: Files = files!("template": "model.yaml", "shop.yaml");

fn sources(files: Files) -> Vec<SourceFile> {
    let source = |(path, text): &(&str, &str)| SourceFile {
        path: (*path).into(),
        text: (*text).into(),
    };
    files.iter().map(source).collect()
}

/// The files of a built-in model.
pub fn built_in(name: &str) -> Option<Vec<SourceFile>> {
    BUILT_IN
        .iter()
        .find(|(built_in, _)| *built_in == name)
        .map(|(_, files)| sources(files))
}

/// The files of the model that `causeflow init` writes; paths begin with `template/`.
pub fn template() -> Vec<SourceFile> {
    sources(TEMPLATE)
}
