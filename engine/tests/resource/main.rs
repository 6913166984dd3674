//! Resources keep what their documentation promises.

mod clock;
mod exchange;
mod slots;
mod station;
mod station_properties;
mod timetable;
