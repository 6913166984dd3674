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
mod folder;
mod place;
pub mod structure;
mod syntax;
pub mod units;
pub mod yaml;

pub use builtin::{BUILT_IN, built_in, template};
pub use compile::Compiled;
pub use definition::{
    AddDef, CauseDef, CellDef, ChangeDef, DayDef, Duration, Expression, FieldDef, ModelFile,
    ServiceDef, SlotsDef, SourceDef, StatesDef, StreamDef, TimerDef, ValueDef, Weight, schema,
};
pub use diagnostic::{Diagnostic, Diagnostics, Severity, SourceFile, nearest, suggestion};
pub use folder::read_folder;
pub use units::{day_of_year, duration, rate, share};

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
    if let Some(files) = built_in(model) {
        return from_files(model, files);
    }
    let path = Path::new(model);
    if path.is_dir() {
        let (files, unreadable) = folder::read(path)?;
        return match (files.is_empty(), unreadable.is_empty()) {
            (true, true) => Err(folder::empty(path)),
            (false, true) => from_files(model, files),
            // What is missing may stand in a file that cannot be read: only what is wrong within the others is told.
            (_, false) => Err(check_each(files).wrong(unreadable)),
        };
    }
    Err(folder::none(model))
}

/// Compiles a model from texts, in any order.
///
/// # Errors
/// Everything that is wrong with it.
pub fn from_files(origin: &str, files: Vec<SourceFile>) -> Result<Model, Diagnostics> {
    let checked = check_each(files);
    if checked.parsed.len() < checked.files.len() {
        return Err(checked.wrong(Vec::new()));
    }
    let Checked {
        files,
        trees,
        parsed,
        tainted,
        errors,
    } = checked;
    let compiled = compile::compile(files.clone(), trees, parsed, tainted, errors)?;
    Ok(Model {
        origin: origin.to_owned(),
        files,
        compiled,
    })
}

/// The files of a model, each looked at by itself.
struct Checked {
    /// Sorted by path.
    files: Vec<SourceFile>,
    /// The trees of those that are YAML.
    trees: Vec<yaml::Node>,
    /// Those that can be looked at further.
    parsed: Vec<File>,
    /// Streams in which something is wrong, each with its file.
    tainted: Vec<(usize, String)>,
    /// What is wrong.
    errors: Vec<Diagnostic>,
}

impl Checked {
    /// What is wrong with the files, after what is wrong with others.
    fn wrong(self, mut others: Vec<Diagnostic>) -> Diagnostics {
        others.extend(self.errors);
        Diagnostics {
            files: self.files,
            list: others,
        }
    }
}

fn check_each(mut files: Vec<SourceFile>) -> Checked {
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
                if let Some((json, streams)) = structure::salvage(&tree, &found, &schema) {
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
    Checked {
        files,
        trees,
        parsed,
        tainted,
        errors,
    }
}
