//! `causeflow diff`: what differs between two finished runs.

use causeflow_runs::diff::{Pair, compare};

use crate::args::DiffArgs;
use crate::control::Front;
use crate::errors::Failure;
use crate::interrupt;
use crate::output::print_as;

mod report;

/// Runs the command.
pub fn run(args: &DiffArgs) -> Result<(), Failure> {
    let asked = Pair {
        a: args.a.clone(),
        b: args.b.clone(),
        version: args.version.clone(),
        streams: args.streams.clone(),
        out: args.out.clone(),
    };
    interrupt::listen()?;
    let compared = compare(&asked, &Front { quiet: false })?;
    let outcome = compared.outcome(args.limit, args.hours);
    print_as(args.json, &outcome, || {
        report::text(&outcome, compared.bytes())
    })?;
    Ok(compared.check()?)
}
