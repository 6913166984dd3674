//! Resources: what processes wait for. A resource is plain data inside the state of a process; it schedules its own events through an
//! [`Agenda`](crate::kernel::processes::Agenda), and the process hands them back to it when they are due. There are no callbacks and no
//! shared pointers, so a resource is cloned, stored and resumed with the process that holds it.
//!
//! - [`Station`](station::Station): servers with a queue.
//! - [`Store`](store::Store): single things that are taken and brought; [`Container`](container::Container): an amount of something.
//! - [`Slots`](slots::Slots): a calendar whose slots are opened, reserved, released and blocked.
//! - [`Timetable`]: how a number, such as a capacity, follows the day or the week.

pub mod container;
mod line;
mod slab;
pub mod slots;
pub mod station;
pub mod store;
mod timetable;
mod waiters;

pub use timetable::{Timetable, TimetableError};

/// Those who wait at a [`Store`](store::Store) or a [`Container`](container::Container).
pub mod waiting {
    pub use super::waiters::{Answer, Direction, DirectionMonitors, Event, Ticket};
}
