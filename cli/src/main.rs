//! `causeflow`, the command: reads arguments, calls the libraries, prints, and turns every way in
//! which that can end into an exit code (see [`errors`]).

mod args;
mod chart;
mod commands;
mod control;
mod errors;
mod interrupt;
mod log;
mod memory;
mod output;

use std::process::ExitCode;

use args::{Cli, Command};
use errors::Failure;

fn main() -> ExitCode {
    match dispatch(Cli::read().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn dispatch(command: Command) -> Result<(), Failure> {
    match command {
        Command::Run(args) => commands::run::run(&args),
        Command::Serve(args) => commands::serve::run(&args),
        Command::Watch(args) => commands::watch::run(&args),
        Command::Steer(args) => commands::steer::run(&args),
        Command::Models { json } => commands::models::run(json),
        Command::Streams { model, set, json } => commands::streams::run(&model, &set, json),
        Command::Explain {
            model,
            name,
            set,
            scenarios,
            json,
        } => commands::explain::run(&model, name.as_deref(), &set, scenarios.as_deref(), json),
        Command::Scenarios {
            model,
            scenarios,
            events,
            json,
        } => commands::scenarios::run(&model, scenarios.as_deref(), events, json),
        Command::Graph { model, format } => commands::graph::run(&model, format),
        Command::Check { what, model, json } => commands::check::run(&what, model.as_deref(), json),
        Command::Test(args) => commands::test::run(&args),
        Command::Diff(args) => commands::diff::run(&args),
        Command::Effects(args) => commands::effects::run(&args),
        Command::Report(args) => commands::report::run(&args),
        Command::Replay(args) => commands::replay::run(&args),
        Command::Regenerate(args) => commands::regenerate::run(&args),
        Command::Versions(args) => commands::versions::run(&args),
        Command::Reset(args) => commands::reset::run(&args),
        Command::Baseline(args) => commands::baseline::run(&args),
        Command::Stats(args) => commands::stats::run(&args),
        Command::History(args) => commands::history::run(&args),
        Command::Verify(args) => commands::verify::run(&args),
        Command::Schema { what } => commands::schema::run(what),
        Command::Init { dir } => commands::init::run(&dir),
        Command::Completions { shell } => commands::completions::run(shell),
    }
}
