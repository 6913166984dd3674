//! The journal: what was asked of a simulation and where it stood then, so that a session can be replayed.

use super::ProcessId;
use crate::base::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What was asked of a simulation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command<M> {
    /// To play everything before a time.
    RunUntil(Time),
    /// To play one event.
    Step,
    /// To give a process a message.
    Inject {
        /// The process.
        to: ProcessId,
        /// When the message arrives.
        time: Time,
        /// The message.
        message: M,
    },
}

/// Where a simulation stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Its virtual time.
    pub time: Time,
    /// How many events it had played.
    pub played: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} after {} events", self.time, self.played)
    }
}

/// All commands of a session, each with the position at which it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal<M> {
    pub(super) entries: Vec<(Position, Command<M>)>,
    /// Where the simulation stood after the last command.
    pub(super) end: Position,
    /// Whether the last command was to run, and did: another run then takes its place.
    pub(super) has_run: bool,
}

impl<M> Journal<M> {
    pub(super) const fn new(end: Position) -> Self {
        Self {
            entries: Vec::new(),
            end,
            has_run: false,
        }
    }

    /// The commands, in the order in which they were given. Runs that follow each other stand there as one.
    pub fn entries(&self) -> &[(Position, Command<M>)] {
        &self.entries
    }

    /// Where the simulation stood after the last command.
    pub const fn end(&self) -> Position {
        self.end
    }

    /// Adds a command that has been carried out.
    pub(super) fn add(&mut self, command: Command<M>, end: Position, has_run: bool) {
        match (&command, self.entries.last_mut()) {
            (Command::RunUntil(until), Some((_, Command::RunUntil(last)))) if self.has_run => {
                *last = *until;
            }
            _ => self.entries.push((self.end, command)),
        }
        (self.end, self.has_run) = (end, has_run);
    }
}
