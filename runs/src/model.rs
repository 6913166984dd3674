//! Models as commands need them: loaded, with their digest and a name that a folder can have.

use std::path::{Path, PathBuf};

use causeflow_models::{Given, Model, SourceFile};
use causeflow_outputs::ModelEntry;

use crate::control::{Control, Remark};
use crate::error::Error;

/// Loads a model, by its name or from a folder, and tells what it warns about.
///
/// # Errors
/// When there is none, or it has errors.
pub fn load(model: &str, control: &dyn Control) -> Result<Model, Error> {
    load_with(model, &Given::new(), control)
}

/// Likewise, with values for its parameters.
///
/// # Errors
/// Also when it has no such parameters, or they cannot have these values.
pub fn load_with(model: &str, given: &Given, control: &dyn Control) -> Result<Model, Error> {
    let model = causeflow_models::load_with(model, given)?;
    if !model.compiled.warnings.list.is_empty() {
        control.tell(Remark::Warnings(&model.compiled.warnings));
    }
    Ok(model)
}

/// The digest of a model: over its files, and over the values that its parameters were given, if there are any.
pub fn digest_of(model: &Model) -> String {
    let given = model.given.iter().map(|(name, value)| SourceFile {
        // No file has such a name.
        path: format!("parameter {name}"),
        text: value.clone(),
    });
    let given: Vec<SourceFile> = given.collect();
    digest(model.files.iter().chain(&given))
}

/// What a manifest says of a model.
pub fn entry(model: &Model) -> ModelEntry {
    ModelEntry {
        name: model.compiled.program.name.clone(),
        digest: digest_of(model),
        parameters: model.given.clone(),
    }
}

/// The digest over the names and texts of a model's files. Where the folder lies does not matter.
pub fn digest<'a>(files: impl IntoIterator<Item = &'a SourceFile>) -> String {
    let mut named: Vec<(&str, &str)> = files
        .into_iter()
        .map(|file| (file_name(&file.path), file.text.as_str()))
        .collect();
    named.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    for (name, text) in named {
        // Lengths keep texts from running into each other.
        for part in [name, text] {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part.as_bytes());
        }
    }
    format!("blake3:{}", hasher.finalize().to_hex())
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    Path::new(path)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or(path)
}

/// Where a run goes unless told otherwise: `out/<model>-<seed>`.
pub fn default_out(name: &str, seed: u64) -> PathBuf {
    Path::new("out").join(format!("{}-{seed}", folder_name(name)))
}

/// A model's name as a part of a folder's.
pub fn folder_name(name: &str) -> String {
    let fits = |c: char| {
        if c.is_alphanumeric() || matches!(c, '-' | '_') {
            c
        } else {
            '-'
        }
    };
    name.chars().map(fits).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.into(),
            text: text.into(),
        }
    }

    #[test]
    fn digests_follow_names_and_texts_but_neither_order_nor_folder() {
        let one = digest(&[file("a/x.yaml", "1"), file("a/y.yaml", "2")]);
        assert_eq!(one, digest(&[file("b/y.yaml", "2"), file("b/x.yaml", "1")]));
        assert_ne!(one, digest(&[file("a/x.yaml", "2"), file("a/y.yaml", "1")]));
        assert_ne!(one, digest(&[file("a/x.yaml", "1"), file("a/z.yaml", "2")]));
    }

    #[test]
    fn the_default_folder_stays_inside_out() {
        assert_eq!(default_out("tutoring", 42), Path::new("out/tutoring-42"));
        assert_eq!(
            default_out("../../etc/x", 1),
            Path::new("out/------etc-x-1")
        );
    }
}
