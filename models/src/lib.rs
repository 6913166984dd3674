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
mod table;
pub mod units;
pub mod yaml;

pub use builtin::{BUILT_IN, built_in, template};
pub use compile::Compiled;
pub use definition::{
    AddDef, CauseDef, CellDef, CellType, ChangeDef, DayDef, Duration, Expression, FieldDef,
    LongTableDef, ModelFile, PartDef, ServiceDef, SlotsDef, SourceDef, StatesDef, StreamDef,
    TableDef, TimerDef, ValueDef, Weight, schema,
};
pub use diagnostic::{Diagnostic, Diagnostics, Severity, SourceFile, nearest, suggestion};
pub use folder::read_folder;
pub use units::{day_of_year, duration, rate, share};

use std::collections::BTreeSet;
use std::path::Path;

use definition::ModelFile as File;
use structure::{BLOCKS, Readable};

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
        let (mut files, mut unreadable) = folder::read(path)?;
        if files.is_empty() && unreadable.is_empty() {
            return Err(folder::empty(path));
        }
        let tables: BTreeSet<String> = files.iter().flat_map(|f| table::named(&f.text)).collect();
        for name in tables {
            match folder::table(&path.join(name)) {
                Some(Ok(file)) => files.push(file),
                Some(Err(error)) => unreadable.push(error),
                None => {}
            }
        }
        return compiled(model, files, unreadable);
    }
    Err(folder::none(model))
}

/// Compiles a model from texts, in any order; those whose names end in `.csv` are its tables.
///
/// # Errors
/// Everything that is wrong with it.
pub fn from_files(origin: &str, files: Vec<SourceFile>) -> Result<Model, Diagnostics> {
    compiled(origin, files, Vec::new())
}

/// Compiles texts, beside which there are files that cannot be read.
fn compiled(
    origin: &str,
    files: Vec<SourceFile>,
    unreadable: Vec<Diagnostic>,
) -> Result<Model, Diagnostics> {
    let mut checked = check_each(files);
    if !unreadable.is_empty() {
        // What is missing may stand there.
        checked.flaws.lost.extend(BLOCKS.map(str::to_owned));
    }
    checked.errors.splice(0..0, unreadable);
    let files = checked.files.clone();
    let compiled = compile::compile(checked)?;
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
    /// Their trees; an empty one where it is no YAML.
    trees: Vec<yaml::Node>,
    /// What could be read of each.
    parsed: Vec<File>,
    /// What could not be.
    flaws: compile::Flaws,
    /// What is wrong.
    errors: Vec<Diagnostic>,
}

fn check_each(mut files: Vec<SourceFile>) -> Checked {
    // The order in which a folder lists its files must not show.
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let schema = schema();
    let (mut trees, mut parsed, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let mut flaws = compile::Flaws::default();
    for (file, source) in files.iter().enumerate() {
        let mut found = Vec::new();
        if table::is_table(&source.path) {
            // It is read when it is known what it is for.
            trees.push(yaml::Node::nothing());
            parsed.push(File::default());
            continue;
        }
        // What is right in a file is looked at further, to find all errors in one go.
        let (tree, readable) = match yaml::parse(&source.text) {
            Ok(tree) => {
                structure::check(&tree, &schema, &schema, &mut found);
                let readable = structure::salvage(&tree, &found, &schema);
                (tree, readable)
            }
            Err(syntax) => {
                found = syntax;
                (yaml::Node::nothing(), Readable::nothing())
            }
        };
        let Readable {
            json,
            tainted,
            lost,
        } = readable;
        let tainted = tainted.into_iter();
        flaws
            .tainted
            .extend(tainted.map(|(block, name)| (file, block, name)));
        flaws.lost.extend(lost);
        match serde_json::from_value::<File>(json) {
            Ok(file) => parsed.push(file),
            Err(error) => {
                if found.is_empty() {
                    found.push(error.into());
                }
                flaws.lost.extend(BLOCKS.map(str::to_owned));
                parsed.push(File::default());
            }
        }
        trees.push(tree);
        errors.extend(found.into_iter().map(|error| error.in_file(file)));
    }
    Checked {
        files,
        trees,
        parsed,
        flaws,
        errors,
    }
}
