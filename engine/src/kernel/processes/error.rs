//! What can go wrong in a simulation.

use super::{Position, ProcessId};
use crate::base::time::{Span, Time};
use std::fmt;

/// Why a simulation cannot be built, or cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// A process sent another a message that would arrive earlier than the lookahead allows. The message is lost, so the
    /// simulation cannot go on.
    Lookahead {
        /// Who sent it.
        from: ProcessId,
        /// What the sender is called.
        from_name: String,
        /// For whom it was.
        to: ProcessId,
        /// What the receiver is called.
        to_name: String,
        /// When it was sent.
        time: Time,
        /// After how long it would have arrived.
        delay: Span,
        /// The least delay that was declared.
        lookahead: Span,
    },
    /// A process scheduled something for a time that has passed. It is lost, so the simulation cannot go on.
    Past {
        /// Who scheduled it.
        from: ProcessId,
        /// What that process is called.
        from_name: String,
        /// When it was scheduled.
        time: Time,
        /// For when.
        due: Time,
    },
    /// A process scheduled something with a period that is not positive. The simulation cannot go on.
    Period {
        /// Who scheduled it.
        from: ProcessId,
        /// What that process is called.
        from_name: String,
        /// When it was scheduled.
        time: Time,
        /// The period.
        period: Span,
    },
    /// A message for a process that is not there. It is lost; a simulation whose process sent it cannot
    /// go on, one into which it was to be injected from outside is as it was.
    NoSuchProcess {
        /// Who sent it.
        from: ProcessId,
        /// For whom it was.
        to: ProcessId,
        /// When it was sent.
        time: Time,
        /// How many processes there are.
        processes: u32,
    },
    /// Something was to be injected for a time that has passed. The simulation is as it was.
    InjectedIntoPast {
        /// For when.
        due: Time,
        /// The simulation's time.
        time: Time,
    },
    /// A snapshot cannot have come from a simulation. Nothing is resumed.
    Damaged,
    /// A replay does not stand where its journal says. It goes no further.
    Diverged {
        /// Where the journal's simulation stood.
        expected: Position,
        /// Where this one stands.
        found: Position,
    },
    /// The [checker](super::check) could not start the threads of a trial.
    Threads {
        /// How many it wanted.
        wanted: usize,
    },
    /// There are more processes than event ids can tell apart. The simulation is not built.
    TooManyProcesses {
        /// How many there are.
        found: usize,
    },
    /// The declared lookahead is not positive. The simulation is not built.
    NoLookahead {
        /// What was declared.
        found: Span,
    },
    /// No partitions were asked for, or more than one without a lookahead, which they could not be played apart without.
    /// The simulation is not built.
    Partitions {
        /// How many were asked for.
        found: u32,
        /// Whether a lookahead was declared.
        lookahead: bool,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookahead {
                from,
                from_name,
                to,
                to_name,
                time,
                delay,
                lookahead,
            } => write!(
                f,
                "at {time}, {from_name} (id {from}) sent a message to {to_name} (id {to}) with a delay of {delay}, \
                 which is less than the lookahead of {lookahead}. Send it with a longer delay, or declare a shorter lookahead."
            ),
            Self::Past {
                from,
                from_name,
                time,
                due,
            } => write!(
                f,
                "at {time}, {from_name} (id {from}) scheduled an event for {due}, which has passed. \
                 Delays must not be negative."
            ),
            Self::Period {
                from,
                from_name,
                time,
                period,
            } => write!(
                f,
                "at {time}, {from_name} (id {from}) scheduled an event every {period}. A period must be positive."
            ),
            Self::NoSuchProcess {
                from,
                to,
                time,
                processes,
            } => write!(
                f,
                "at {time}, a message from {from} was sent to process {to}, but there are only {processes} processes, \
                 whose ids begin with 0."
            ),
            Self::InjectedIntoPast { due, time } => write!(
                f,
                "a message was to be injected at {due}, but the simulation is at {time} already. \
                 Inject it at that time or later."
            ),
            Self::Damaged => f.write_str(
                "the snapshot is damaged: its parts do not fit together. Take another one.",
            ),
            Self::Diverged { expected, found } => write!(
                f,
                "the replay has come to {found}, but the journal says {expected}. Replay it on the model and settings \
                 that it is of; if it is, look with the checker for state that the model hides."
            ),
            Self::Threads { wanted } => {
                write!(f, "{wanted} threads could not be started. Ask for fewer.")
            }
            Self::TooManyProcesses { found } => write!(
                f,
                "there are {found} processes, but a simulation takes at most {}.",
                ProcessId::OUTSIDE.0
            ),
            Self::NoLookahead { found } => write!(
                f,
                "a lookahead of {found} was declared. It must be positive; without one, declare none."
            ),
            Self::Partitions { found: 0, .. } => {
                f.write_str("no partitions were asked for. There must be at least one.")
            }
            Self::Partitions { found, .. } => write!(
                f,
                "{found} partitions were asked for without a lookahead. Declare the least delay of messages \
                 between processes, or ask for one partition."
            ),
        }
    }
}

impl std::error::Error for Error {}
