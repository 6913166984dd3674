//! How a command can fail, and the exit code of each way.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use causeflow_models::Diagnostics;
use causeflow_runs::{Error, Kind};

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// What was asked for failed. Exit code 2 for bad input, 1 for a difference, 3 for the machine, 130 for Ctrl-C.
    Failed(Error),
    /// All has been said already; exit code 2.
    Reported,
    /// Nobody reads the output any more, as with `| head`: not an error.
    NobodyReads,
}

impl Failure {
    /// An error about the arguments, with what to write instead.
    pub fn input(message: impl Into<String>, help: impl Into<String>) -> Failure {
        Error::input(message, help).into()
    }

    /// The machine failed us.
    pub fn machine(message: impl Into<String>) -> Failure {
        Error::machine(message).into()
    }

    /// Says what happened on stderr. What cannot be said there is lost; the exit code remains.
    pub fn report(self) -> ExitCode {
        let (text, code) = match self {
            Failure::Failed(error) => told(&error),
            Failure::Reported => (String::new(), 2),
            Failure::NobodyReads => (String::new(), 0),
        };
        if !text.is_empty() {
            let _ = writeln!(io::stderr(), "{text}");
        }
        ExitCode::from(code)
    }
}

/// What there is to say, and the exit code.
fn told(error: &Error) -> (String, u8) {
    let (text, code) = match error.kind() {
        Kind::Input => (plainly(error), 2),
        Kind::Model => (error.diagnostics().render(colour()), 2),
        Kind::Machine => (plainly(error), 3),
        Kind::Interrupted if error.resumable().is_some() => ("interrupted".to_owned(), 130),
        Kind::Interrupted => (
            "interrupted: nothing was written, an earlier run is as it was".to_owned(),
            130,
        ),
        // The outcome that was printed says it.
        Kind::Difference => (String::new(), 1),
    };
    match error.resumable() {
        None => (text, code),
        Some(out) => {
            let out = shell_word(out);
            let help = format!("  help: go on with `causeflow run --resume --out {out}`");
            (format!("{text}\n{help}"), code)
        }
    }
}

fn plainly(error: &Error) -> String {
    match error.help() {
        None => format!("error: {}", error.message()),
        Some(help) => format!("error: {}\n  help: {help}", error.message()),
    }
}

/// A path as it is written in a shell.
fn shell_word(path: &Path) -> String {
    let shown = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=@%,:".contains(c);
    match shown.chars().all(plain) {
        true => shown,
        false => format!("'{}'", shown.replace('\'', "'\\''")),
    }
}

/// Whether stderr shows colours: a terminal that knows them, with nobody who would rather not.
pub fn colour() -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
    io::stderr().is_terminal() && !unwanted && !dumb
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Failed(error)
    }
}

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Failure {
        Error::from(diagnostics).into()
    }
}
