//! `causeflow completions`: scripts for shells.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::args::Cli;
use crate::errors::Failure;
use crate::output::print;

/// Runs the command.
pub fn run(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "causeflow", &mut script);
    print(&String::from_utf8_lossy(&script))
}
