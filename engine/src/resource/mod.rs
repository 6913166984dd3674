//! Resources: what processes wait for. A resource is plain data inside the state of a process; it schedules its own events through an
//! [`Agenda`](crate::kernel::Agenda), and the process hands them back to it when they are due. There are no callbacks and no
//! shared pointers, so a resource is cloned, stored and resumed with the process that holds it.
//!
//! - [`Station`](station::Station): servers with a queue.
//! - [`Timetable`]: how a number, such as a capacity, follows the day or the week.

mod line;
mod slab;
pub mod station;
mod timetable;

pub use timetable::{Timetable, TimetableError};
