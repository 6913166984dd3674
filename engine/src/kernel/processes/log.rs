//! What is told of each event while it is played. [`Off`], the default, has no size and no code.

use super::{EventId, ProcessId};
use crate::base::time::Time;
use std::ops::Range;

/// An event as it is being played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// Which event.
    pub id: EventId,
    /// When.
    pub time: Time,
    /// Who plays it.
    pub process: ProcessId,
}

/// Is told of every event of one partition, in the order in which they are played: [`begin`](Log::begin), what its handler
/// does, [`end`](Log::end), never two at once. It only listens; what it keeps belongs to its partition and is put
/// together when the simulation has stopped.
pub trait Log<M>: Send {
    /// An event is about to be played. That a process starts is an event too, which has no message.
    fn begin(&mut self, event: Played, message: Option<&M>);

    /// The event has been played. It is the cause of those events whose sender is its process and whose counts are in
    /// `scheduled`.
    fn end(&mut self, event: Played, scheduled: Range<u64>);
}

/// Tells nothing and costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Off;

impl<M> Log<M> for Off {
    #[inline(always)]
    fn begin(&mut self, _: Played, _: Option<&M>) {}

    #[inline(always)]
    fn end(&mut self, _: Played, _: Range<u64>) {}
}
