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
mod parameters;
mod place;
pub mod structure;
mod syntax;
mod table;
pub mod units;
pub mod yaml;

pub use builtin::{BUILT_IN, built_in, template};
pub use compile::{
    Compiled, Expectation, Expected, Figure, Measure, OverRows, Parameter, RowsOf, TotalOf,
};
pub use definition::{
    AddDef, AfterDef, CauseDef, CellDef, CellType, ChangeDef, CrossingDef, DayDef, DigitsDef,
    Duration, ExpectDef, Expression, FieldDef, LawDef, LongParameterDef, LongTableDef, ModelFile,
    ParameterDef, PartDef, ServiceDef, SlotsDef, SourceDef, StatesDef, StreamDef, TableDef,
    TimerDef, TotalDef, ValueDef, Weight, schema,
};
pub use diagnostic::{Diagnostic, Diagnostics, Severity, SourceFile, nearest, suggestion};
pub use folder::read_folder;
pub use parameters::{Constant, Given};
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
    /// The files that it was made from, sorted by path, without those that only say what is expected of it: no run depends on them.
    pub files: Vec<SourceFile>,
    /// The values that its parameters were given.
    pub given: Given,
    /// What it was compiled to.
    pub compiled: Compiled,
}

/// Loads a built-in model by name, or a model's folder by path.
///
/// # Errors
/// When there is no such model or folder, it cannot be read, or anything in it is wrong.
pub fn load(model: &str) -> Result<Model, Diagnostics> {
    load_with(model, &Given::new())
}

/// Likewise, with values for its parameters.
///
/// # Errors
/// Also when it has no such parameters, or they cannot have these values.
pub fn load_with(model: &str, given: &Given) -> Result<Model, Diagnostics> {
    if let Some(files) = built_in(model) {
        return from_files_with(model, files, given);
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
        return compiled(model, files, unreadable, given);
    }
    Err(folder::none(model))
}

/// Compiles a model from texts, in any order; those whose names end in `.csv` are its tables.
///
/// # Errors
/// Everything that is wrong with it.
pub fn from_files(origin: &str, files: Vec<SourceFile>) -> Result<Model, Diagnostics> {
    from_files_with(origin, files, &Given::new())
}

/// Likewise, with values for its parameters.
///
/// # Errors
/// Everything that is wrong with it and with them.
pub fn from_files_with(
    origin: &str,
    files: Vec<SourceFile>,
    given: &Given,
) -> Result<Model, Diagnostics> {
    compiled(origin, files, Vec::new(), given)
}

/// Compiles texts, beside which there are files that cannot be read.
fn compiled(
    origin: &str,
    files: Vec<SourceFile>,
    unreadable: Vec<Diagnostic>,
    given: &Given,
) -> Result<Model, Diagnostics> {
    let mut checked = check_each(files, given);
    if !unreadable.is_empty() {
        // What is missing may stand there.
        checked.flaws.lost.extend(BLOCKS.map(str::to_owned));
    }
    checked.errors.splice(0..0, unreadable);
    let mut files = checked.files.clone();
    let mut parsed = checked.parsed.iter();
    files.retain(|_| parsed.next().is_none_or(|file| !file.only_expects()));
    let compiled = compile::compile(checked)?;
    Ok(Model {
        origin: origin.to_owned(),
        files,
        given: given.clone(),
        compiled,
    })
}

/// The files of a model, each looked at by itself.
struct Checked {
    /// Sorted by path.
    files: Vec<SourceFile>,
    /// Their trees; an empty one where it is no YAML.
    trees: Vec<yaml::Node>,
    /// The values that parameters are given.
    given: Given,
    /// What could be read of each.
    parsed: Vec<File>,
    /// What could not be.
    flaws: compile::Flaws,
    /// What is wrong.
    errors: Vec<Diagnostic>,
}

fn check_each(mut files: Vec<SourceFile>, given: &Given) -> Checked {
    // The order in which a folder lists its files must not show.
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let schema = definition::schema_of_values();
    let (mut trees, mut parsed, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    let mut flaws = compile::Flaws::default();
    let read = |source: &SourceFile| match table::is_table(&source.path) {
        // It is read when it is known what it is for.
        true => Ok(yaml::Node::nothing()),
        false => yaml::parse(&source.text),
    };
    let read: Vec<_> = files.iter().map(read).collect();
    let right: Vec<yaml::Node> = read
        .iter()
        .filter_map(|tree| tree.as_ref().ok().cloned())
        .collect();
    let numbers = parameters::numbers(&right, given);
    for ((file, source), read) in files.iter().enumerate().zip(read) {
        let mut found = Vec::new();
        if table::is_table(&source.path) {
            trees.push(yaml::Node::nothing());
            parsed.push(File::default());
            continue;
        }
        // What is right in a file is looked at further, to find all errors in one go.
        let (tree, readable) = match read {
            Ok(mut tree) => {
                parameters::put(&mut tree, &schema, &numbers);
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
        given: given.clone(),
        parsed,
        flaws,
        errors,
    }
}
