//! `causeflow report`: a finished run as one page.

use std::path::Path;

use causeflow_runs::Finished;
use causeflow_runs::report::{Options, page, write};

use crate::args::ReportArgs;
use crate::control::Front;
use crate::errors::Failure;
use crate::output::{bytes, print, say};

/// Runs the command.
pub fn run(args: &ReportArgs) -> Result<(), Failure> {
    let run = Finished::open(&args.out)?;
    let front = Front { quiet: false };
    let from = args.from.as_ref();
    let from = from.map(|text| run.time("from", text, &front));
    let options = Options {
        from: from.transpose()?,
        days: args.days,
        model: args.model.as_deref(),
    };
    let page = page(&run, options)?;
    if args.output == Path::new("-") {
        return print(&page);
    }
    write(&args.output, &args.out, &page, args.force)?;
    let size = bytes(page.len() as f64);
    say(&format!("{}: {size}", args.output.display()));
    Ok(())
}
