//! `causeflow verify`: checks a finished run on the data itself.

use causeflow_outputs::Manifest;
use causeflow_outputs::verify::{Options, verify};

use crate::args::VerifyArgs;
use crate::errors::Failure;
use crate::interrupt;
use crate::progress::Clock;
use crate::recipe::{Recipe, folder_of};

use super::run::pool;

mod report;

use report::Report;

const MEGABYTE: u64 = 1 << 20;

/// Runs the command.
pub fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let folder = folder_of(&args.out);
    let manifest = Manifest::read(folder)?;
    let sources = args.sources.sources();
    let recipe = match Recipe::of(&manifest, sources) {
        Ok(recipe) => Ok(recipe),
        // What was given must fit; what was not is not needed for the other checks.
        Err(failure) if sources.are_given() => return Err(failure),
        Err(failure) => Err(failure.reason()),
    };
    let pool = pool(args.threads)?;
    interrupt::listen()?;
    let clock = Clock::start();
    let options = Options {
        quick: args.quick,
        memory: args.memory * MEGABYTE,
    };
    let program = recipe.as_ref().ok().map(|recipe| &recipe.program);
    let verdict = pool.install(|| verify(folder, program, options, &|| !interrupt::asked()))?;
    let verdict = verdict.ok_or(Failure::Interrupted)?;
    let report = Report {
        args,
        verdict: &verdict,
        without_model: recipe.as_ref().err(),
        clock,
    };
    match args.json {
        true => report.print_json()?,
        false => report.print()?,
    }
    match verdict.findings.is_empty() {
        true => Ok(()),
        false => Err(Failure::Differ),
    }
}
