//! `causeflow run`: plays a model and writes what comes out.

use causeflow_runs::{Job, Outcome, Took, pool};

use crate::args::RunArgs;
use crate::control::{Clock, Front};
use crate::errors::Failure;
use crate::interrupt;
use crate::output::{print_as, say};

mod dry_run;
mod report;
mod resume;

/// Runs the command.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let front = Front { quiet: args.quiet };
    let (spec, out, left) = match args.resume {
        true => {
            let (out, left) = resume::open(args)?;
            (left.spec().clone(), Some(out), Some(left))
        }
        false => (args.spec(), args.out.clone(), None),
    };
    let job = Job::of(spec, out, &front)?;
    let pool = pool(args.range.threads)?;
    interrupt::listen()?;
    if args.dry_run {
        return pool.install(|| dry_run::show(&job, args.json, &front));
    }
    let clock = Clock::start();
    let (result, written) = pool.install(|| match left {
        _ if args.no_output => job.play(&front).map(|result| (result, None)),
        Some(left) => job
            .go_on(left, &front)
            .map(|(r, written)| (r, Some(written))),
        None => {
            let written = job.write(args.force, &front);
            written.map(|(result, written)| (result, Some(written)))
        }
    })?;
    let took = Took {
        seconds: clock.seconds(),
        threads: pool.current_num_threads(),
    };
    let outcome = Outcome::of(&job, &result, written.as_ref(), took);
    print_as(args.json, &outcome, || report::text(&outcome, &job))?;
    if !args.quiet {
        report::warnings(&outcome)
            .iter()
            .for_each(|warning| say(warning));
    }
    Ok(())
}
