//! `causeflow check`: everything that is wrong with a model.

use causeflow_models::{Diagnostics, Model, Severity};
use serde_json::{Value, json};

use crate::errors::{Failure, colour};
use crate::output::{print, print_json, say, some};

/// Runs the command.
pub fn run(model: &str, json: bool) -> Result<(), Failure> {
    match causeflow_models::load(model) {
        Err(errors) if json => {
            print_json(&findings(&errors))?;
            Err(Failure::Reported)
        }
        Err(errors) => Err(errors.into()),
        Ok(model) if json => print_json(&findings(&model.compiled.warnings)),
        Ok(model) => {
            if !model.compiled.warnings.list.is_empty() {
                say(&model.compiled.warnings.render(colour()));
            }
            print(&summary(&model))
        }
    }
}

fn summary(model: &Model) -> String {
    let program = &model.compiled.program;
    let effects: usize = program
        .streams
        .iter()
        .map(|stream| stream.all_effects().count())
        .sum();
    format!(
        "ok: {}, {}, {}, {} in {}\n",
        some(program.streams.len(), "stream"),
        some(effects, "cause"),
        some(program.kinds.len(), "entity kind"),
        some(model.compiled.warnings.list.len(), "warning"),
        some(model.files.len(), "file"),
    )
}

fn findings(diagnostics: &Diagnostics) -> Vec<Value> {
    let finding = |d: &causeflow_models::Diagnostic| {
        let position = diagnostics.position(d);
        json!({
            "severity": match d.severity { Severity::Error => "error", Severity::Warning => "warning" },
            "file": d.file.map(|file| &diagnostics.files[file].path),
            "line": position.map(|(line, _)| line),
            "column": position.map(|(_, column)| column),
            "message": d.message,
            "help": d.help,
        })
    };
    diagnostics.list.iter().map(finding).collect()
}
