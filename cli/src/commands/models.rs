//! `causeflow models`: the built-in ones.

use causeflow_models::BUILT_IN;
use serde_json::json;

use crate::errors::Failure;
use crate::interventions::library;
use crate::model;
use crate::output::{Align, Table, print, print_json};

/// Runs the command.
pub fn run(json: bool) -> Result<(), Failure> {
    let mut table = Table::new(&[
        ("model", Align::Left),
        ("streams", Align::Right),
        ("scenarios", Align::Right),
        ("what it is", Align::Left),
    ]);
    let mut list = Vec::new();
    for (name, _) in BUILT_IN {
        let model = model::load(name, true)?;
        let (streams, description) = (
            model.compiled.program.streams.len(),
            &model.compiled.description,
        );
        let scenarios = library(&model, None)?.scenarios().count();
        let one_line = description.split_whitespace().collect::<Vec<_>>().join(" ");
        table.row([
            (*name).to_owned(),
            streams.to_string(),
            scenarios.to_string(),
            one_line.clone(),
        ]);
        list.push(json!({
            "name": name,
            "streams": streams,
            "scenarios": scenarios,
            "description": one_line,
            "digest": model::digest(&model.files),
        }));
    }
    if json {
        return print_json(&list);
    }
    let more = "A model of your own: `causeflow init DIR` writes one to start from.\n";
    print(&format!("{}\n{more}", table.render(0)))
}
