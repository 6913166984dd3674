//! `causeflow regenerate`: a version of a part of a run, with something put into the past.

use causeflow_runs::pool;
use causeflow_runs::regenerate::{Amendment, Regenerated, Regeneration};

use crate::args::RegenerateArgs;
use crate::control::{Clock, Front};
use crate::errors::Failure;
use crate::interrupt;
use crate::output::{count, print_as, short, some};

/// Runs the command.
pub fn run(args: &RegenerateArgs) -> Result<(), Failure> {
    let front = Front { quiet: args.quiet };
    let asked = Amendment {
        out: args.out.clone(),
        from: args.from.clone(),
        to: args.to.clone(),
        until: args.until.clone(),
        scenarios: args.scenario.clone(),
        events: args.event.clone(),
        name: args.name.clone(),
        replace: args.force,
    };
    let regeneration = Regeneration::of(&asked, args.sources.sources(), &front)?;
    let pool = pool(args.threads)?;
    interrupt::listen()?;
    let clock = Clock::start();
    let made = pool
        .install(|| regeneration.make(&front))?
        .took(clock.seconds());
    print_as(args.json, &made, || text(args, &made, clock))
}

fn text(args: &RegenerateArgs, made: &Regenerated, clock: Clock) -> String {
    let began = match &made.snapshot {
        Some(time) => format!("from the snapshot of {time}"),
        None => "from the beginning, since the run has no snapshot before the window (see `run --snapshot-every`)"
            .to_owned(),
    };
    let out = args.out.display();
    format!(
        "version {} of {out}: {} events in {} from {} to {}, played {began}\n\
         {:.1} s, {} rows/s; {} in {}\n\
         fingerprint {}\n\
         `causeflow diff {out} --version {}` shows what it changed\n",
        made.version,
        count(made.rows),
        some(made.streams, "stream"),
        made.start,
        made.end,
        made.elapsed_seconds,
        short(clock.rate(made.rows)),
        some(made.files, "file"),
        made.folder,
        made.fingerprint,
        made.version,
    )
}
