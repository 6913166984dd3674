//! Resources keep what their documentation promises.

mod clock;
mod exchange;
mod slots;
mod snapshot;
mod station;
mod station_properties;
mod timetable;
