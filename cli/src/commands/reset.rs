//! `causeflow reset`: drops versions of parts of a run, so that only the run is left.

use causeflow_runs::versions::reset;

use crate::args::ResetArgs;
use crate::errors::Failure;
use crate::output::{print, print_json};

/// Runs the command.
pub fn run(args: &ResetArgs) -> Result<(), Failure> {
    let dropped = reset(&args.out, &args.names)?;
    if args.json {
        return print_json(&dropped);
    }
    match dropped.dropped.as_slice() {
        [] => print("no versions: the run is as it was played\n"),
        names => print(&format!("dropped {}\n", names.join(", "))),
    }
}
