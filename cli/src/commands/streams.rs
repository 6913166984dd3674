//! `causeflow streams`: a model's streams at a glance.

use causeflow_runs::about::{StreamShown, streams};
use causeflow_runs::load_with;

use crate::args::SetArgs;
use crate::control::Front;
use crate::errors::Failure;
use crate::interrupt;
use crate::output::{Align, Table, print_as, rough, some};

/// Runs the command.
pub fn run(model: &str, set: &SetArgs, json: bool) -> Result<(), Failure> {
    let front = Front { quiet: json };
    let model = load_with(model, &set.given(), &front)?;
    interrupt::listen()?;
    let streams = streams(&model, &front)?;
    print_as(json, &streams, || as_text(&streams))
}

fn as_text(streams: &[StreamShown]) -> String {
    let mut table = Table::new(&[
        ("stream", Align::Left),
        ("domain", Align::Left),
        ("cadence", Align::Left),
        ("events/day", Align::Right),
        ("comes from", Align::Left),
        ("fields", Align::Left),
    ]);
    for stream in streams {
        table.row([
            stream.name.clone(),
            stream.domain.clone(),
            stream.cadence.clone(),
            rough(stream.expected_events_per_day),
            stream.origins.join(", "),
            stream.fields.join(", "),
        ]);
    }
    let all = streams.iter().map(|stream| stream.expected_events_per_day);
    format!(
        "{}\n{}, about {} events a day: estimates at scale 1, from a small pilot run over the reference days.\n",
        table.render(0),
        some(streams.len(), "stream"),
        rough(all.sum()),
    )
}
