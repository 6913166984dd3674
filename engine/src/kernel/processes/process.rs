//! What a model is made of: logical processes with handlers in plain Rust.

use super::Context;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A logical process: state of its own, and a handler for the messages that it and others have scheduled for it.
///
/// Nothing but the handler touches the state, and the handler touches nothing else: what it is to know of
/// others comes in messages. A simulation holds processes of one type; for several kinds use an
/// enum, or `Box<dyn Process<Message = M>>`.
///
/// [`start`](Process::start) comes once, before all events; then [`handle`](Process::handle) for each event in its
/// order. A handler must follow from state, message and context alone: no clock, no thread, no static, no map without an
/// order. [`check`](super::check) finds handlers that do not.
pub trait Process: Send {
    /// What is scheduled for the process.
    type Message: Send;

    /// Schedules what comes first. Called once for every process, in the order of their ids, at the time at which the
    /// simulation begins.
    fn start(&mut self, context: &mut Context<'_, Self::Message>) {
        let _ = context;
    }

    /// Plays one event.
    fn handle(&mut self, message: Self::Message, context: &mut Context<'_, Self::Message>);

    /// What messages for people call the process.
    fn name(&self, id: ProcessId) -> String {
        format!("process {id}")
    }
}

impl<P: Process + ?Sized> Process for Box<P> {
    type Message = P::Message;

    fn start(&mut self, context: &mut Context<'_, Self::Message>) {
        (**self).start(context);
    }

    fn handle(&mut self, message: Self::Message, context: &mut Context<'_, Self::Message>) {
        (**self).handle(message, context);
    }

    fn name(&self, id: ProcessId) -> String {
        (**self).name(id)
    }
}

/// Which process: its place in the list from which the simulation was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessId(pub u32);

impl ProcessId {
    /// Who sends what is injected from outside. No process has this id.
    pub const OUTSIDE: Self = Self((1 << super::event::SENDER_BITS) - 1);
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::OUTSIDE {
            return f.write_str("outside");
        }
        self.0.fmt(f)
    }
}
