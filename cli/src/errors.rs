//! How a command can fail, and the exit code of each way.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use causeflow_engine::run::RunError;
use causeflow_models::Diagnostics;

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// Something about the arguments: what was found, and what to write instead. Exit code 2.
    Input(String, Option<String>),
    /// A model with errors. Exit code 2.
    Model(Diagnostics),
    /// All has been said already; exit code 2.
    Reported,
    /// A comparison found a difference, and said so. Exit code 1.
    Differ,
    /// The machine failed us. Exit code 3.
    Machine(String),
    /// Ctrl-C. Exit code 130.
    Interrupted,
    /// A run failed or was interrupted, and can be gone on with: the failure, and the run's folder. The exit code is
    /// the failure's.
    Resumable(Box<Failure>, PathBuf),
    /// Nobody reads the output any more, as with `| head`: not an error.
    NobodyReads,
}

impl Failure {
    /// An error about the arguments, with what to write instead.
    pub fn input(message: impl Into<String>, help: impl Into<String>) -> Failure {
        Failure::Input(message.into(), Some(help.into()))
    }

    /// The same, of a run that can be gone on with. Bad input stays as it is: going on would only meet it again.
    pub fn resumable(self, out: &Path) -> Failure {
        match self {
            Failure::Machine(_) | Failure::Interrupted => {
                Failure::Resumable(Box::new(self), out.to_owned())
            }
            other => other,
        }
    }

    /// What happened in one line, for a part of a command that goes on without.
    pub fn reason(self) -> String {
        match self {
            Failure::Input(message, None) | Failure::Machine(message) => message,
            Failure::Input(message, Some(help)) => format!("{message} ({help})"),
            Failure::Model(diagnostics) => {
                let all: Vec<&str> = diagnostics
                    .list
                    .iter()
                    .map(|d| d.message.as_str())
                    .collect();
                all.join("; ")
            }
            Failure::Interrupted => "it was interrupted".to_owned(),
            Failure::Resumable(failure, _) => failure.reason(),
            Failure::Reported | Failure::Differ | Failure::NobodyReads => {
                "what is wrong has been said already".to_owned()
            }
        }
    }

    /// Says what happened on stderr. What cannot be said there is lost; the exit code remains.
    pub fn report(self) -> ExitCode {
        let (text, code) = self.told();
        if !text.is_empty() {
            let _ = writeln!(io::stderr(), "{text}");
        }
        ExitCode::from(code)
    }

    /// What there is to say, and the exit code.
    fn told(self) -> (String, u8) {
        match self {
            Failure::Input(message, None) => (format!("error: {message}"), 2),
            Failure::Input(message, Some(help)) => (format!("error: {message}\n  help: {help}"), 2),
            Failure::Model(diagnostics) => (diagnostics.render(colour()), 2),
            Failure::Reported => (String::new(), 2),
            Failure::Differ => (String::new(), 1),
            Failure::Machine(message) => (format!("error: {message}"), 3),
            Failure::Interrupted => (
                "interrupted: nothing was written, an earlier run is as it was".to_owned(),
                130,
            ),
            Failure::Resumable(failure, out) => {
                let (text, code) = match *failure {
                    Failure::Interrupted => ("interrupted".to_owned(), 130),
                    failure => failure.told(),
                };
                let out = shell_word(&out);
                let help = format!("  help: go on with `causeflow run --resume --out {out}`");
                (format!("{text}\n{help}"), code)
            }
            Failure::NobodyReads => (String::new(), 0),
        }
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

impl From<Diagnostics> for Failure {
    fn from(diagnostics: Diagnostics) -> Failure {
        Failure::Model(diagnostics)
    }
}

impl From<causeflow_outputs::Error> for Failure {
    fn from(error: causeflow_outputs::Error) -> Failure {
        if error.is_machine_failure() {
            Failure::Machine(error.to_string())
        } else {
            Failure::Input(error.to_string(), None)
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        match error {
            RunError::Interrupted => Failure::Interrupted,
            RunError::Growing(growing) => {
                let help = match growing.waiting {
                    true => {
                        "lower a probability or a count, or what scenarios and events make of them"
                    }
                    false => {
                        "let its laps take more time, or make the `window` of the model shorter"
                    }
                };
                Failure::input(growing.to_string(), help)
            }
            RunError::Sink(error) => match error.downcast::<causeflow_outputs::Error>() {
                Ok(error) => (*error).into(),
                Err(error) => Failure::Machine(error.to_string()),
            },
        }
    }
}
