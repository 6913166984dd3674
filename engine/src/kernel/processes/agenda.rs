//! How a part of a process, such as a resource, asks to be told something later.

use crate::base::queue::Handle;
use crate::base::time::Time;

/// A clock, and a future-event list that takes events of type `E`.
///
/// What holds an agenda is playing an event: [`now`](Agenda::now) is that event's time, and does not change meanwhile. A
/// handle is good until its event comes or is cancelled; whoever implements it must not let a stale one cancel another event.
pub trait Agenda<E> {
    /// The virtual time.
    fn now(&self) -> Time;

    /// Has `event` handled at a time, which is not before now. Of the events that one process schedules for one time,
    /// the one scheduled first comes first.
    fn schedule_at(&mut self, time: Time, event: E) -> Handle;

    /// Takes back an event that has not come yet; false when the handle is stale.
    fn cancel(&mut self, handle: Handle) -> bool;
}
