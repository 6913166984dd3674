//! A run as it was asked for: played for its fingerprint, or into a folder, and gone on with there.

use std::path::PathBuf;

use causeflow_engine::streams::play::Player;
use causeflow_engine::streams::play::RunResult;
use causeflow_outputs::sink::{Files, Sink};
use causeflow_outputs::{Options, RunFolder};

use crate::control::{Control, Part};
use crate::error::{Error, Result};
use crate::model;
use crate::opening;
use crate::reference::Reference;
use crate::run::Run;
use crate::session::Session;
use crate::spec::RunSpec;
use crate::tables::tell_what_was_kept;

mod attributed;
pub(crate) mod counterfactual;
mod dates;
mod estimate;
mod keep;
pub(crate) mod manifest;
mod outcome;
mod peopled;
mod resume;
mod state;
mod write;

pub use attributed::{Attributed, Rows, Share};
pub use counterfactual::{Difference, StreamDifference};
pub use dates::beyond_dates;
pub use estimate::{Estimate, Planned, StreamEstimate};
pub use outcome::{First, KeptValues, Outcome, StreamOutcome, Took};
pub use peopled::uneven;
pub use resume::Left;
pub use state::State;
use write::Begin;
pub use write::Written;

pub(crate) use manifest::streams as stream_entries;

/// A run as it was asked for, checked, and where it goes.
pub struct Job {
    /// What was asked for.
    pub spec: RunSpec,
    /// What is played.
    pub run: Run,
    /// What its files are written as.
    pub options: Options,
    /// What it is scored against, if not its own untouched side.
    pub baseline: Option<Reference>,
    /// The folder that it goes to.
    pub out: PathBuf,
}

impl Job {
    /// Checks all that can be checked before anything is played. Without a folder it goes to `out/<model>-<seed>`.
    ///
    /// # Errors
    /// When something of what is asked for cannot be done.
    pub fn of(spec: RunSpec, out: Option<PathBuf>, control: &dyn Control) -> Result<Job> {
        let options = Options::new(spec.format, spec.compression)?;
        let run = Run::of(&spec, control)?;
        let out = out.unwrap_or_else(|| model::default_out(&run.program.name, spec.seed));
        let folder = spec.baseline.as_deref();
        let baseline = Reference::asked_for(folder, &run.model, &run.settings)?;
        let job = Job {
            spec,
            run,
            options,
            baseline,
            out,
        };
        job.check_span()?;
        opening::check(&job.run.program, job.run.from, "start")?;
        Ok(job)
    }

    /// Refuses to keep snapshots more often than a run can stand still.
    fn check_span(&self) -> Result<()> {
        let window = self.run.program.window;
        match self.spec.snapshot_every {
            Some(every) if every < window => Err(Error::input(
                format!(
                    "{every} is less than a window of {}, which is {window}: it is played in one go",
                    self.run.program.name
                ),
                format!("keep a snapshot every {window} or less often"),
            )
            .in_field("snapshot_every")),
            _ => Ok(()),
        }
    }

    /// Plays without output, for the fingerprint.
    ///
    /// # Errors
    /// When it is cancelled, or a ring of causes grows without end.
    pub fn play(&self, control: &dyn Control) -> Result<RunResult> {
        let mut session = Session::begin(&self.run, control);
        session.step(session.end(), None)?;
        Ok(session.finish())
    }

    /// Plays into the folder. What goes wrong before the very end leaves nothing behind, or, of a run that keeps
    /// snapshots, what it takes to go on.
    ///
    /// # Errors
    /// When the folder holds something that may not be replaced, when it is cancelled, and what playing and writing fail
    /// with; [`Error::resumable`] says whether the run can be gone on with.
    pub fn write(&self, replace: bool, control: &dyn Control) -> Result<(RunResult, Written)> {
        let mut files = Files::staged(RunFolder::create(&self.out, replace)?, self.options);
        let written = self.write_to(&mut files, control);
        let written = written.map_err(|error| self.resumable(error))?;
        tell_what_was_kept(files.placed(), control);
        Ok(written)
    }

    /// Plays into a sink. What goes wrong before the very end leaves nothing there that looks whole. Snapshots and a
    /// comparison with a twin take a sink with files, which may be one of [several](causeflow_outputs::sink::Tee).
    ///
    /// # Errors
    /// When it is cancelled, and what playing and the sink fail with; [`Error::resumable`] says whether the run can be
    /// gone on with.
    pub fn write_to(
        &self,
        sink: &mut dyn Sink,
        control: &dyn Control,
    ) -> Result<(RunResult, Written)> {
        write::write(self, sink, Begin::Anew, control)
    }

    /// Goes on with what was left of it, to the same bytes.
    ///
    /// # Errors
    /// As with [`write`](Self::write), and when something that the run was made from has changed.
    pub fn go_on(&self, left: Left, control: &dyn Control) -> Result<(RunResult, Written)> {
        let (mut files, state) = left.into_parts()?;
        let written = self.go_on_to(&mut files, state, control);
        let written = written.map_err(|error| self.resumable(error))?;
        tell_what_was_kept(files.placed(), control);
        Ok(written)
    }

    /// Goes on with what was [left](Left::into_parts) of it into a sink, to the same rows.
    ///
    /// # Errors
    /// As with [`write_to`](Self::write_to), and when something that the run was made from has changed.
    pub fn go_on_to(
        &self,
        sink: &mut dyn Sink,
        state: State,
        control: &dyn Control,
    ) -> Result<(RunResult, Written)> {
        write::write(self, sink, Begin::Left(Box::new(state)), control)
    }

    /// The same, with the folder as it was named.
    fn resumable(&self, error: Error) -> Error {
        match error.resumable() {
            Some(_) => error.resumable_in(&self.out),
            None => error,
        }
    }

    /// Which part its own run is.
    fn part(&self) -> Part {
        match self.spec.counterfactual {
            Some(_) => Part::Factual,
            None => Part::Run,
        }
    }

    /// Lets a player keep what it takes to explain a difference, if one is asked for.
    fn prepare(&self, player: Player) -> Player {
        match self.spec.counterfactual {
            Some(_) => player.keep_parted(),
            None => player,
        }
    }
}
