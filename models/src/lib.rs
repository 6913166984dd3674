//! Reads causeflow models: a folder of YAML files becomes an engine program, or a list of everything
//! that is wrong with it, each with file, line and what to write instead.
//!
//! ```
//! let model = causeflow_models::load("tutoring").expect("the built-in model is right");
//! assert_eq!(model.compiled.program.streams.len(), 50);
//!
//! let wrong = causeflow_models::load("tutorin").unwrap_err();
//! assert!(wrong.to_string().contains("did you mean `tutoring`?"));
//! ```

mod builtin;
mod compile;
mod definition;
mod diagnostic;
mod place;
pub mod structure;
mod syntax;
pub mod units;
pub mod yaml;

pub use builtin::{BUILT_IN, built_in, template};
pub use compile::Compiled;
pub use definition::{
    AddDef, CauseDef, CellDef, ChangeDef, Duration, Expression, FieldDef, ModelFile, ServiceDef,
    SlotsDef, SourceDef, StatesDef, StreamDef, TimerDef, ValueDef, Weight, schema,
};
pub use diagnostic::{Diagnostic, Diagnostics, Severity, SourceFile, nearest, suggestion};
pub use units::{day_of_year, duration, share};

use std::path::Path;

use definition::ModelFile as File;

/// A model, ready to be played.
#[derive(Debug)]
pub struct Model {
    /// The name of the built-in model or the path of the folder.
    pub origin: String,
    /// The files that it was made from, sorted by path.
    pub files: Vec<SourceFile>,
    /// What it was compiled to.
    pub compiled: Compiled,
}

/// Loads a built-in model by name, or a model's folder by path.
///
/// # Errors
/// When there is no such model or folder, it cannot be read, or anything in it is wrong.
pub fn load(model: &str) -> Result<Model, Diagnostics> {
    let files = match built_in(model) {
        Some(files) => files,
        None if Path::new(model).is_dir() => model_folder(Path::new(model))?,
        None => {
            let help = suggestion(model, BUILT_IN.iter().map(|(name, _)| *name));
            let help = help.map(|help| format!("{help}, or give the path of a model's folder"));
            let message = format!("there is no built-in model and no folder `{model}`");
            return Err(Diagnostics::general(message, help));
        }
    };
    from_files(model, files)
}

/// Compiles a model from texts, in any order.
///
/// # Errors
/// Everything that is wrong with it.
pub fn from_files(origin: &str, mut files: Vec<SourceFile>) -> Result<Model, Diagnostics> {
    // The order in which a folder lists its files must not show.
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let schema = schema();
    let (mut trees, mut parsed, mut errors, mut tainted) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (file, source) in files.iter().enumerate() {
        let mut found = Vec::new();
        match yaml::parse(&source.text) {
            Ok(tree) => {
                structure::check(&tree, &schema, &schema, &mut found);
                // What is right in a file is looked at further, to find all errors in one go.
                if let Some((json, streams)) = structure::salvage(&tree, &found) {
                    tainted.extend(streams.into_iter().map(|stream| (file, stream)));
                    match serde_json::from_value::<File>(json) {
                        Ok(file) => parsed.push(file),
                        Err(error) if found.is_empty() => found.push(error.into()),
                        Err(_) => {}
                    }
                }
                trees.push(tree);
            }
            Err(syntax) => found = syntax,
        }
        errors.extend(found.into_iter().map(|error| error.in_file(file)));
    }
    if parsed.len() < files.len() {
        return Err(Diagnostics {
            files,
            list: errors,
        });
    }
    let compiled = compile::compile(files.clone(), trees, parsed, tainted, errors)?;
    Ok(Model {
        origin: origin.to_owned(),
        files,
        compiled,
    })
}

/// The files of a model's folder, of which there must be some.
fn model_folder(folder: &Path) -> Result<Vec<SourceFile>, Diagnostics> {
    let files = read_folder(folder)?;
    if files.is_empty() {
        let help = "`causeflow init DIR` writes a small model to start from";
        let message = format!("the folder {} has no .yaml files", folder.display());
        return Err(Diagnostics::general(message, Some(help.into())));
    }
    Ok(files)
}

/// The YAML files that stand in a folder itself, in no particular order; those of folders within it
/// are not looked at.
///
/// # Errors
/// When the folder or a file cannot be read or is not UTF-8 text.
pub fn read_folder(folder: &Path) -> Result<Vec<SourceFile>, Diagnostics> {
    let unreadable = |path: &Path, error: std::io::Error| {
        let help = "check that it exists and that you may read it";
        Diagnostics::general(
            format!("cannot read {}: {error}", path.display()),
            Some(help.into()),
        )
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| unreadable(folder, e))? {
        let path = entry.map_err(|e| unreadable(folder, e))?.path();
        let is_yaml = path
            .extension()
            .is_some_and(|ending| ending == "yaml" || ending == "yml");
        if !is_yaml || path.is_dir() {
            continue;
        }
        let bytes = std::fs::read(&path).map_err(|e| unreadable(&path, e))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let message = format!("{} is not UTF-8 text: {error}", path.display());
            Diagnostics::general(message, Some("save it as UTF-8".into()))
        })?;
        files.push(SourceFile {
            path: path.display().to_string(),
            text,
        });
    }
    Ok(files)
}
