//! `causeflow report`: a finished run as one page.

use std::path::Path;

use causeflow_engine::base::zone::Zone;
use causeflow_runs::report::{Options, page, write};
use causeflow_runs::{Finished, instant_of};

use crate::args::ReportArgs;
use crate::errors::Failure;
use crate::output::{bytes, print, say};

/// Runs the command.
pub fn run(args: &ReportArgs) -> Result<(), Failure> {
    let from = args.from.as_ref();
    let from = from.map(|text| instant_of("from", text, &Zone::utc()));
    let options = Options {
        from: from.transpose()?,
        days: args.days,
        model: args.model.as_deref(),
    };
    let page = page(&Finished::open(&args.out)?, options)?;
    if args.output == Path::new("-") {
        return print(&page);
    }
    write(&args.output, &args.out, &page, args.force)?;
    let size = bytes(page.len() as f64);
    say(&format!("{}: {size}", args.output.display()));
    Ok(())
}
