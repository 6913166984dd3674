//! `causeflow effects`: what scenarios and external events did in a finished run.

use causeflow_models::suggestion;
use causeflow_runs::finished::{causes_of, id};
use causeflow_runs::{Error, Finished};

use crate::args::EffectsArgs;
use crate::errors::Failure;

mod show;

/// Runs the command.
pub fn run(args: &EffectsArgs) -> Result<(), Failure> {
    let run = Finished::open(&args.out)?;
    let mut effects = run.effects()?;
    if let Some(event) = &args.event {
        let names = effects.iter().map(|effect| effect.cause.as_str());
        let wanted = causes_of(event, names.clone());
        if wanted.is_empty() {
            let ids = names.flat_map(|name| [name, id(name)]);
            let message = format!("nothing of the name `{event}` happened in this run");
            return Err(Error::wrong(message, suggestion(event, ids)).into());
        }
        effects.retain(|effect| wanted.contains(&effect.cause));
    }
    if let Some(stream) = &args.stream {
        run.check_stream(stream)?;
        effects.retain(|effect| effect.stream == *stream);
    }
    // What changed the most comes first; equals stay in the order of time.
    effects.sort_by_key(|effect| std::cmp::Reverse(effect.touched()));
    show::show(args, &effects)
}
