//! `causeflow replay`: plays a run again from its manifest and says whether it is the same.

use causeflow_runs::replay::replay;
use causeflow_runs::{live, pool};

use crate::args::ReplayArgs;
use crate::control::{Clock, Front};
use crate::errors::Failure;
use crate::interrupt;
use crate::output::print_as;

mod report;

/// Runs the command.
pub fn run(args: &ReplayArgs) -> Result<(), Failure> {
    let pool = pool(args.threads)?;
    interrupt::listen()?;
    let clock = Clock::start();
    let front = Front { quiet: args.quiet };
    if let Some(folder) = live::folder_of(&args.manifest) {
        let verdict = pool.install(|| live::replay(folder, &front))?;
        print_as(args.json, &verdict, || report::of_session(&verdict, clock))?;
        return Ok(verdict.check()?);
    }
    if args.manifest.is_file() && args.manifest.extension().is_some_and(|of| of == "jsonl") {
        live::Written::read(&args.manifest)?.check(&front)?;
        let journal = args.manifest.display();
        return Err(Failure::input(
            format!(
                "{journal} is right, and no session has been played by it: there is nothing that it could be compared with"
            ),
            format!(
                "play it with `causeflow serve MODEL --journal {journal} --dir FOLDER`, and give that folder"
            ),
        ));
    }
    let (sources, baseline) = (args.sources.sources(), args.baseline.as_deref());
    let replayed = pool.install(|| replay(&args.manifest, sources, baseline, &front))?;
    print_as(args.json, &replayed, || report::text(&replayed, clock))?;
    Ok(replayed.check()?)
}
