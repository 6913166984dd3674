//! Everything that is wrong with a model, its scenarios and its external events.

use std::fs;
use std::path::Path;

use causeflow_models::{Diagnostic, Diagnostics, Model, Severity, SourceFile};
use causeflow_scenarios::{Library, built_in};
use schemars::JsonSchema;
use serde::Serialize;

use crate::error::{Advice, Error, Kind};
use crate::interventions::{gathered, holds_events, library, read};
use crate::numbers::some;

/// All that is wrong with a model and with what lies in its folder `scenarios`; or, with `model`, with the scenarios or
/// external events for it in a file or a folder.
///
/// # Errors
/// When there is no such file or folder; errors that are found are no failure.
pub fn check(what: &str, model: Option<&str>) -> Result<(Diagnostics, Summary), Error> {
    let checked = match model {
        None => of_model(what),
        Some(model) => of_scenarios(Path::new(what), model),
    };
    match checked {
        Err(error) if error.kind() == Kind::Model => {
            Ok((error.into_diagnostics(), Summary::default()))
        }
        other => other,
    }
}

/// What was looked at: so many of each, in so many files.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    counts: Vec<String>,
    files: usize,
}

impl Summary {
    /// All of it in a line, with so many warnings.
    pub fn text(mut self, warnings: usize) -> String {
        self.counts.push(some(warnings, "warning"));
        format!("{} in {}", self.counts.join(", "), some(self.files, "file"))
    }
}

/// What was found, and what was looked at.
type Checked = Result<(Diagnostics, Summary), Error>;

fn of_model(what: &str) -> Checked {
    if Path::new(what).is_file() {
        return Err(Error::advised(
            format!("{what} is a file, and a model is a folder"),
            &[Advice::OfModel],
        ));
    }
    let model = causeflow_models::load(what)?;
    let library = library(&model, None)?;
    let problems = match causeflow_models::built_in(&model.origin) {
        Some(_) => vec![library.problems()],
        None => vec![library.problems_of_own(), left_out(&model, &library)],
    };
    let found = gathered([vec![model.compiled.warnings.clone()], problems].concat());
    let summary = Summary {
        counts: [of_program(&model), of_library(&library)].concat(),
        files: model.files.len() + library.files().len(),
    };
    Ok((found, summary))
}

/// Built-in scenarios that a model of one's own has the name for, but not the streams, are no fault of that model: they
/// cannot be started with it, which is worth a warning.
fn left_out(model: &Model, library: &Library) -> Diagnostics {
    let unfit: Vec<&str> = library.unfit().into_iter().collect();
    if unfit.is_empty() {
        return Diagnostics::default();
    }
    let message = format!(
        "of the built-in scenarios and external events of `{}` these do not fit this model, and are left out: {}",
        model.compiled.program.name,
        unfit.join(", ")
    );
    let help = "they are about streams or parameters that it does not have; under another name it has none of them";
    Diagnostics {
        files: Vec::new(),
        list: vec![Diagnostic::general(
            Severity::Warning,
            message,
            Some(help.to_owned()),
        )],
    }
}

fn of_program(model: &Model) -> Vec<String> {
    let program = &model.compiled.program;
    let streams = program.streams.iter();
    let effects: usize = streams.map(|stream| stream.all_effects().count()).sum();
    vec![
        some(program.streams.len(), "stream"),
        some(effects, "cause"),
        some(program.kinds.len(), "entity kind"),
    ]
}

fn of_library(library: &Library) -> Vec<String> {
    let counts = [
        (library.scenarios().count(), "scenario"),
        (library.event_templates().count(), "event template"),
    ];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    counts.map(|(count, what)| some(count, what)).collect()
}

fn of_scenarios(path: &Path, model: &str) -> Checked {
    let model = causeflow_models::load(model)?;
    if path.is_dir() {
        let library = library(&model, Some(path))?;
        let summary = Summary {
            counts: of_library(&library),
            files: library.files().len(),
        };
        return Ok((library.problems(), summary));
    }
    let source = read(path)?;
    match holds_events(&source.text) {
        true => events(&model, source),
        false => scenario(&model, path, source),
    }
}

fn events(model: &Model, source: SourceFile) -> Checked {
    let mut library = library(model, None)?;
    let (before, templates) = (library.files().len(), library.event_templates().count());
    let events = library.add_events(&model.compiled.program, source)?;
    let templates = library.event_templates().count() - templates;
    let summary = Summary {
        counts: vec![
            some(events.len(), "event"),
            some(templates, "new event template"),
        ],
        files: 1,
    };
    Ok((of_file(library.problems(), before), summary))
}

fn scenario(model: &Model, path: &Path, source: SourceFile) -> Checked {
    let program = &model.compiled.program;
    let folder = Path::new(&model.origin).join("scenarios");
    let mut own = match folder.is_dir() {
        true => causeflow_models::read_folder(&folder)?,
        false => Vec::new(),
    };
    // The file may lie in that folder itself.
    let same = |other: &SourceFile| {
        let places = (fs::canonicalize(&other.path), fs::canonicalize(path));
        matches!(places, (Ok(a), Ok(b)) if a == b)
    };
    own.retain(|other| !same(other));
    own.push(source.clone());
    let library = Library::from_files(program, built_in(&program.name), own);
    let mut files = library.files().iter();
    let place = files.rposition(|file| *file == source).unwrap_or_default();
    let found = of_file(library.problems(), place);
    let summary = Summary {
        counts: vec![some(1, "scenario")],
        files: 1,
    };
    Ok((found, summary))
}

/// The findings about one file, and those about none.
fn of_file(mut found: Diagnostics, place: usize) -> Diagnostics {
    found
        .list
        .retain(|d| d.file.is_none_or(|file| file == place));
    found
}

/// A finding, as it is shown to programs.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Finding {
    /// `error` or `warning`.
    pub severity: String,
    /// The file.
    pub file: Option<String>,
    /// The line, from 1.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
    /// What was found.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// What was found, for programs.
pub fn findings(diagnostics: &Diagnostics) -> Vec<Finding> {
    let finding = |d: &Diagnostic| {
        let position = diagnostics.position(d);
        let severity = match d.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        Finding {
            severity: severity.to_owned(),
            file: d.file.map(|file| diagnostics.files[file].path.clone()),
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
            message: d.message.clone(),
            help: d.help.clone(),
        }
    };
    diagnostics.list.iter().map(finding).collect()
}
