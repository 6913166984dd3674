//! `causeflow verify`: checks a finished run on the data itself.

use causeflow_runs::pool;
use causeflow_runs::verify::{How, check};

use crate::args::VerifyArgs;
use crate::control::{Clock, Front};
use crate::errors::{Failure, words};
use crate::interrupt;
use crate::output::print_as;

mod report;

pub use report::{place, told};

const MEGABYTE: u64 = 1 << 20;

/// Runs the command.
pub fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let pool = pool(args.threads)?;
    interrupt::listen()?;
    let clock = Clock::start();
    let how = How {
        quick: args.quick,
        memory: args.memory * MEGABYTE,
    };
    let front = Front { quiet: false };
    let verification = pool.install(|| check(&args.out, args.sources.sources(), how, &front))?;
    print_as(args.json, &verification.outcome(&args.out, words), || {
        report::text(&verification, clock)
    })?;
    Ok(verification.check()?)
}
