//! How a command can fail, and the exit code of each way.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use causeflow_models::Diagnostics;
use causeflow_runs::{Advice, Error, Kind, Place};

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

    /// What was compared is not the same, as has been said.
    pub fn difference() -> Failure {
        Error::difference(String::new()).into()
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
        Kind::Input | Kind::Conflict => (plainly(error), 2),
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
    let place = match error.place() {
        Some(Place::Field(field)) => format!("{}: ", flag(field)),
        Some(Place::File(_)) | None => String::new(),
    };
    let text = format!("error: {place}{}", error.message());
    match error.help_in(words) {
        None => text,
        Some(help) => format!("{text}\n  help: {help}"),
    }
}

/// The argument that a field of what is asked for has its value from.
pub fn flag(field: &str) -> String {
    match field {
        "model" => "the model".to_owned(),
        "scenario_folder" => "--scenarios".to_owned(),
        name => format!("--{}", name.replace('_', "-")),
    }
}

/// How one asks for something on the command line.
pub fn words(advice: Advice) -> &'static str {
    match advice {
        Advice::Replace => "add --force to replace it",
        Advice::OtherFolder => "choose another folder with --out",
        Advice::OtherName => "choose another with --name",
        Advice::OtherFile => "name another file with -o",
        Advice::GoOn => "go on with it by --resume",
        Advice::Anew => "start the run anew with --force and without --resume",
        Advice::PlayAgain => Advice::PlayAgain.words(),
        Advice::FromBeginning => {
            "start it without --resume (with --snapshot-every 1d it can be gone on with)"
        }
        Advice::NoSnapshots => "play without --snapshot-every",
        Advice::SomeStreams => "leave it out with --stream",
        Advice::MakeBaseline => "make one with `causeflow baseline MODEL --out base`",
        Advice::Baseline => "give the run's baseline with --baseline DIR",
        Advice::Model => "give the folder of the run's model as it was with --model DIR",
        Advice::OfModel => "name the model that it is for, such as --model tutoring",
        Advice::Scenarios => {
            "give the folder of the run's scenarios as it was with --scenarios DIR"
        }
        Advice::Events => "give the run's files of external events as they were with --events FILE",
        Advice::StartScenario => "start a scenario with --scenario ID@TIME",
        Advice::Intervene => "add --scenario ID@TIME or --event TEMPLATE@TIME",
        Advice::NoTimeline => "leave them out with --no-events",
    }
}

/// A path as it is written in a shell.
pub fn shell_word(path: &Path) -> String {
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
