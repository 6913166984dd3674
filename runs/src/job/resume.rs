//! Going on with a run that was left unfinished.

use std::path::Path;

use causeflow_outputs::sink::Files;
use causeflow_outputs::{Manifest, Options, RunFolder};

use super::state::State;
use crate::error::{Advice, Error, Result};
use crate::spec::RunSpec;

/// A run that was left unfinished, and is locked by this process.
pub struct Left {
    folder: RunFolder,
    state: State,
}

impl Left {
    /// Opens what was left of the run to this folder.
    ///
    /// # Errors
    /// When there is no such run, it was left by another version of this program, or another process goes on with it.
    pub fn open(out: &Path) -> Result<Left> {
        let folder = RunFolder::resume(out)?;
        let state = State::read(folder.path())?;
        Ok(Left { folder, state })
    }

    /// A sink that goes on with its files, and the state of the run. Several sinks that have taken the run go on together in
    /// a [`Tee`](causeflow_outputs::sink::Tee), in the same order.
    ///
    /// # Errors
    /// When its format and compression do not go together.
    pub fn into_parts(self) -> Result<(Files, State)> {
        let spec = &self.state.spec;
        let options = Options::new(spec.format, spec.compression)?;
        Ok((Files::staged(self.folder, options), self.state))
    }

    /// What the run was asked for, with absolute paths.
    pub fn spec(&self) -> &RunSpec {
        &self.state.spec
    }

    /// The same, once it is known that its place is still free for it.
    ///
    /// # Errors
    /// When something lies there that the run may not replace.
    pub fn checked(mut self) -> Result<Left> {
        self.folder = self.folder.replacing(self.state.replace)?;
        Ok(self)
    }
}

/// Refuses to go on with a run whose model, scenarios or events have changed meanwhile.
pub fn check_sources(now: &Manifest, then: &Manifest) -> Result<()> {
    if now == then {
        return Ok(());
    }
    let parts = [
        (
            "the version of this program",
            now.generator != then.generator,
        ),
        ("the files of the model", now.model != then.model),
        ("the scenarios", now.scenarios != then.scenarios),
        ("the external events", now.events != then.events),
        ("the baseline", now.baseline != then.baseline),
        (
            "the templates of external events",
            now.external_events != then.external_events,
        ),
    ];
    let changed: Vec<&str> = parts
        .into_iter()
        .filter_map(|(what, changed)| changed.then_some(what))
        .collect();
    let changed = match changed.is_empty() {
        true => "what it is made from".to_owned(),
        false => changed.join(", "),
    };
    Err(Error::input(
        format!("the run cannot go on, because something has changed since it began: {changed}"),
        "put it back as it was",
    )
    .advising(&[Advice::Anew]))
}
