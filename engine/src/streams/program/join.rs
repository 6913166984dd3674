//! Events that follow from several others together.
//!
//! Playing them takes nothing of its own: an entity notes what has happened to it, in variables that no table shows; each event that
//! is waited for is a cause on the condition that it is the last one, and a deadline is a cause whose event asks, when its time comes, whether
//! what began it still holds. So this is only what is said of them.

use super::{Attribute, Kind, KindId, StreamId};
use crate::base::time::Span;

/// What the events of a stream wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The kind of the entity to which all of it happens.
    pub kind: KindId,
    /// What is waited for.
    pub members: Vec<Joined>,
    /// How many of them have to have happened; 0 where none may have by the deadline.
    pub at_least: u16,
    /// What begins it, if only what comes after that counts.
    pub since: Option<Joined>,
    /// The longest time in which all of it happens, if the model bounds it; of a deadline it is the cause's delay.
    pub within: Option<Span>,
    /// The place of a field of the stream itself that names the entity.
    pub named_by: Option<u16>,
}

/// A stream that takes part in a join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The stream.
    pub stream: StreamId,
    /// The place of a field that names the entity.
    pub named_by: Option<u16>,
}

impl Kind {
    /// The variables that its table shows.
    pub fn shown_variables(&self) -> &[Attribute] {
        let shown = self.variables.len() - usize::from(self.notes);
        &self.variables[..shown]
    }
}
