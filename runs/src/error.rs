//! How something that was asked for can fail.

use std::fmt;
use std::path::{Path, PathBuf};

use causeflow_engine::base::table::SinkError;
use causeflow_engine::streams::play::RunError;
use causeflow_models::Diagnostics;
pub use causeflow_outputs::Advice;

/// What kind of failure it is, which says who can do something about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// What was asked for cannot be done: whoever asked has to ask for something else.
    Input,
    /// A model, scenarios or external events have errors; [`Error::diagnostics`] has all of them.
    Model,
    /// The machine failed: disk, memory, threads. The same may well work another time.
    Machine,
    /// It was cancelled by [`crate::Control::cancelled`].
    Interrupted,
    /// Two things that should be the same are not.
    Difference,
    /// It does not go with how things stand now: at another time it could be done.
    Conflict,
}

/// Where it is that something is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A field of what was asked for, such as `streams` of a [`crate::RunSpec`].
    Field(String),
    /// A file or a folder.
    File(PathBuf),
}

/// A failure: its kind and place, what was found and expected, and what to do about it.
#[derive(Clone, Debug)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: Kind,
    place: Option<Place>,
    message: String,
    help: Option<String>,
    advice: Vec<Advice>,
    diagnostics: Diagnostics,
    resumable: Option<PathBuf>,
}

/// What functions of this crate return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    fn new(kind: Kind, message: String, help: Option<String>) -> Error {
        Error(Box::new(Inner {
            kind,
            place: None,
            message,
            help,
            advice: Vec::new(),
            diagnostics: Diagnostics::default(),
            resumable: None,
        }))
    }

    /// Something that cannot be done as it was asked for, and what to ask for instead.
    pub fn input(message: impl Into<String>, help: impl Into<String>) -> Error {
        Error::new(Kind::Input, message.into(), Some(help.into()))
    }

    /// The same where it may be that nobody knows what to ask for instead.
    pub fn wrong(message: impl Into<String>, help: Option<String>) -> Error {
        Error::new(Kind::Input, message.into(), help)
    }

    /// The same where all that there is to do can be asked for.
    pub fn advised(message: impl Into<String>, advice: &[Advice]) -> Error {
        Error::wrong(message, None).advising(advice)
    }

    /// The same with what can be asked for instead, or besides.
    pub fn advising(mut self, advice: &[Advice]) -> Error {
        self.0.advice.extend(advice);
        self
    }

    /// A failure of the machine.
    pub fn machine(message: impl Into<String>) -> Error {
        Error::new(Kind::Machine, message.into(), None)
    }

    /// What was cancelled.
    pub fn interrupted() -> Error {
        Error::new(Kind::Interrupted, "it was interrupted".to_owned(), None)
    }

    /// What does not go with how things stand now, and what would have to be done first.
    pub fn conflict(message: impl Into<String>, help: impl Into<String>) -> Error {
        Error::new(Kind::Conflict, message.into(), Some(help.into()))
    }

    /// A difference between what should be the same.
    pub fn difference(message: impl Into<String>) -> Error {
        Error::new(Kind::Difference, message.into(), None)
    }

    /// The same with its place.
    pub fn at(mut self, place: Place) -> Error {
        self.0.place = Some(place);
        self
    }

    /// The same in a field of what was asked for.
    pub fn in_field(self, name: &str) -> Error {
        self.at(Place::Field(name.to_owned()))
    }

    /// The same of a run that can be gone on with in this folder. Bad input stays as it is: going on would only meet it
    /// again.
    pub(crate) fn resumable_in(mut self, folder: &Path) -> Error {
        if matches!(self.0.kind, Kind::Machine | Kind::Interrupted) {
            self.0.resumable = Some(folder.to_owned());
        }
        self
    }

    /// The same, with some advice in the place of other.
    pub(crate) fn advising_instead(mut self, of: Advice, other: Advice) -> Error {
        let all = self.0.advice.iter_mut();
        all.filter(|advice| **advice == of)
            .for_each(|advice| *advice = other);
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// Where it is, if it is in one place that is known. Those of a model's errors are in its diagnostics.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// What was found, and what was expected.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What can be asked for instead, or besides, so that it works.
    pub fn advice(&self) -> &[Advice] {
        &self.0.advice
    }

    /// What to do about it, if that is known.
    pub fn help(&self) -> Option<String> {
        self.help_in(Advice::words)
    }

    /// The same, with what can be asked for in the words of a front.
    pub fn help_in(&self, words: impl Fn(Advice) -> &'static str) -> Option<String> {
        Advice::listed(self.0.help.as_deref(), &self.0.advice, words)
    }

    /// What happened in one line, with what can be asked for in the words of a front.
    pub fn in_words(&self, words: impl Fn(Advice) -> &'static str) -> String {
        match self.help_in(words) {
            None => self.message().to_owned(),
            Some(help) => format!("{} ({help})", self.message()),
        }
    }

    /// The findings of a model; none of another kind of failure.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.0.diagnostics
    }

    /// The same, taken out.
    pub fn into_diagnostics(self) -> Diagnostics {
        self.0.diagnostics
    }

    /// The folder of the run that failed, if it can be gone on with.
    pub fn resumable(&self) -> Option<&Path> {
        self.0.resumable.as_deref()
    }
}

impl fmt::Display for Error {
    /// What happened in one line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_words(Advice::words))
    }
}

impl std::error::Error for Error {}

impl From<Diagnostics> for Error {
    fn from(diagnostics: Diagnostics) -> Error {
        let all = diagnostics.list.iter().map(|d| d.message.as_str());
        let message = all.collect::<Vec<&str>>().join("; ");
        let mut error = Error::new(Kind::Model, message, None);
        error.0.diagnostics = diagnostics;
        error
    }
}

impl From<causeflow_outputs::Error> for Error {
    fn from(error: causeflow_outputs::Error) -> Error {
        use causeflow_outputs::Error as Found;
        let kind = match error.is_machine_failure() {
            true => Kind::Machine,
            false => Kind::Input,
        };
        let place = match &error {
            Found::Io { path, .. }
            | Found::Encode { path, .. }
            | Found::Folder { path, .. }
            | Found::Input { path, .. } => Some(Place::File(path.clone())),
            Found::Options { .. } => Some(Place::Field("compression".to_owned())),
            _ => None,
        };
        let mut told = Error::new(kind, error.message(), None).advising(error.advice());
        told.0.place = place;
        told
    }
}

impl From<RunError> for Error {
    fn from(error: RunError) -> Error {
        match error {
            RunError::Interrupted => Error::interrupted(),
            RunError::Growing(growing) => {
                let help = match growing.waiting {
                    true => {
                        "lower a probability or a count, or what scenarios and events make of them"
                    }
                    false => {
                        "let its laps take more time, or make the `window` of the model shorter"
                    }
                };
                Error::input(growing.to_string(), help)
            }
            RunError::TooLarge(number) => {
                let help = "give the type more digits, take fewer decimals for what is multiplied, or keep the values smaller";
                Error::input(number.to_string(), help)
            }
            RunError::Sink(error) => error.into(),
        }
    }
}

impl From<SinkError> for Error {
    fn from(error: SinkError) -> Error {
        match error.downcast::<causeflow_outputs::Error>() {
            Ok(error) => (*error).into(),
            Err(error) => match error.downcast::<Error>() {
                Ok(error) => *error,
                Err(error) => Error::machine(error.to_string()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_work_another_time_can_be_gone_on_with() {
        let out = Path::new("out/shop-42");
        for (error, can) in [
            (Error::machine("the disk is full"), true),
            (Error::interrupted(), true),
            (Error::input("no such stream", "choose one"), false),
            (
                Error::from(Diagnostics::general("wrong".into(), None)),
                false,
            ),
            (Error::difference("not the same"), false),
        ] {
            assert_eq!(error.resumable_in(out).resumable(), can.then_some(out));
        }
    }

    #[test]
    fn what_a_sink_failed_with_is_what_the_run_failed_with() {
        let told = |error: Error| Error::from(RunError::Sink(Box::new(error)));
        let error = told(Error::input("no table `x`", "make it").in_field("table"));
        assert_eq!(error.kind(), Kind::Input);
        assert_eq!(error.place(), Some(&Place::Field("table".to_owned())));
        assert_eq!(error.to_string(), "no table `x` (make it)");
        let error = Error::from(RunError::Sink("gone".into()));
        assert_eq!((error.kind(), error.message()), (Kind::Machine, "gone"));
    }
}
