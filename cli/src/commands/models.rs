//! `causeflow models`: the built-in ones.

use causeflow_runs::about::models;

use crate::errors::Failure;
use crate::output::{Align, Table, print, print_json};

/// Runs the command.
pub fn run(json: bool) -> Result<(), Failure> {
    let models = models()?;
    if json {
        return print_json(&models);
    }
    let mut table = Table::new(&[
        ("model", Align::Left),
        ("streams", Align::Right),
        ("scenarios", Align::Right),
        ("what it is", Align::Left),
    ]);
    for model in models {
        table.row([
            model.name,
            model.streams.to_string(),
            model.scenarios.to_string(),
            model.description,
        ]);
    }
    let more = "A model of your own: `causeflow init DIR` writes one to start from.\n";
    print(&format!("{}\n{more}", table.render(0)))
}
