//! Resources keep what their documentation promises.

mod clock;
mod station;
mod station_properties;
mod timetable;
