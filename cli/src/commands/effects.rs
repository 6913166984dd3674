//! `causeflow effects`: what scenarios and external events did in a finished run.

use causeflow_models::suggestion;
use causeflow_outputs::diff::FinishedRun;

use crate::args::EffectsArgs;
use crate::errors::Failure;

pub mod rows;
mod show;

use rows::Row;

/// Runs the command.
pub fn run(args: &EffectsArgs) -> Result<(), Failure> {
    let run = FinishedRun::open(&args.out)?;
    let mut rows = rows::read(&run)?;
    if let Some(event) = &args.event {
        let names = rows.iter().map(|row| row.cause.as_str());
        let wanted = causes_of(event, names.clone());
        if wanted.is_empty() {
            let ids = names.flat_map(|name| [name, id(name)]);
            let message = format!("nothing of the name `{event}` happened in this run");
            return Err(Failure::Input(message, suggestion(event, ids)));
        }
        rows.retain(|row| wanted.contains(&row.cause));
    }
    if let Some(stream) = &args.stream {
        let streams = run.manifest().streams.iter();
        let names: Vec<&str> = streams.map(|stream| stream.name.as_str()).collect();
        if !names.contains(&stream.as_str()) {
            let message = format!("this run has no stream `{stream}`");
            return Err(Failure::Input(message, suggestion(stream, names)));
        }
        rows.retain(|row| row.stream == *stream);
    }
    // What changed the most comes first; equals stay in the order of time.
    rows.sort_by_key(|row| std::cmp::Reverse(row.touched()));
    show::show(args, &rows)
}

/// The causes that a name stands for: exactly one, or all of a scenario or template.
fn causes_of<'a>(wanted: &str, names: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let exact = names.clone().filter(|name| *name == wanted);
    let of_id = names.filter(|name| id(name) == wanted);
    let mut causes: Vec<String> = exact.chain(of_id).map(str::to_owned).collect();
    causes.dedup();
    causes
}

/// The id in a name such as `payment-outage@2026-02-04T10:00:00Z`.
fn id(name: &str) -> &str {
    name.split_once('@').map_or(name, |(id, _)| id)
}
