//! What whoever asks for something hears while it is done, and how it is cancelled.

use std::ops::ControlFlow;
use std::path::Path;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::play::Progress;
use causeflow_models::Diagnostics;

use crate::error::{Error, Result};

/// A part of what was asked for that takes time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The run.
    Run,
    /// The run, of which a twin will be played.
    Factual,
    /// A run without what was asked for, or without one of that.
    Twin,
    /// The streams of a run that came out differently, once more.
    Differing,
    /// The run that a version is of.
    Original,
}

/// A part that is played.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    /// Which one it is.
    pub part: Part,
    /// From when on rows are written.
    pub start: Time,
    /// How long it is played before that.
    pub warmup: Span,
    /// When it ends.
    pub end: Time,
    /// How far it was already, if it is gone on with.
    pub going_on: Option<Progress>,
}

/// Something that people should hear, and that does not keep anything from being done.
#[derive(Clone, Copy, Debug)]
pub enum Remark<'a> {
    /// What a model or a plan warns about.
    Warnings(&'a Diagnostics),
    /// Another warning, and what to do about it.
    Warning {
        /// What was found.
        message: &'a str,
        /// What to do.
        help: &'a str,
    },
    /// Somebody has put something into a run that was replaced; where it is now.
    Kept(&'a Path),
    /// A seed of a baseline has been played.
    Seed {
        /// Which one.
        seed: u64,
        /// How many have been.
        done: usize,
        /// How many there are.
        of: usize,
    },
}

/// Follows one phase; it is over when this is dropped.
pub trait Watch: Send {
    /// How far it is now, told at every barrier.
    fn note(&mut self, progress: Progress);
}

/// Whoever asks for something: may cancel it, and hears how far it is. All of it may be left as it is; `&()` never cancels
/// and hears nothing.
pub trait Control: Sync {
    /// Whether it is to be cancelled. It is asked often, from several threads.
    fn cancelled(&self) -> bool {
        false
    }

    /// A phase begins.
    fn begin(&self, _phase: &Phase) -> Box<dyn Watch + '_> {
        Box::new(())
    }

    /// There is something to hear.
    fn tell(&self, _remark: Remark<'_>) {}
}

impl Control for () {}

impl Watch for () {
    fn note(&mut self, _progress: Progress) {}
}

/// Fails if it is to be cancelled.
pub(crate) fn check(control: &dyn Control) -> Result<()> {
    match control.cancelled() {
        true => Err(Error::interrupted()),
        false => Ok(()),
    }
}

/// A phase under way, as the engine asks about it.
pub(crate) struct Followed<'a> {
    control: &'a dyn Control,
    watch: Box<dyn Watch + 'a>,
}

impl<'a> Followed<'a> {
    pub fn new(control: &'a dyn Control, phase: &Phase) -> Followed<'a> {
        Followed {
            control,
            watch: control.begin(phase),
        }
    }

    /// One that is only asked whether to go on.
    pub fn silent(control: &'a dyn Control) -> Followed<'a> {
        Followed {
            control,
            watch: Box::new(()),
        }
    }

    /// Tells how far it is, and whether to go on.
    pub fn note(&mut self, progress: Progress) -> ControlFlow<()> {
        if self.control.cancelled() {
            return ControlFlow::Break(());
        }
        self.watch.note(progress);
        ControlFlow::Continue(())
    }
}
