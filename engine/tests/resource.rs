//! Resources keep what their documentation promises.

#[path = "resource/clock.rs"]
mod clock;
#[path = "resource/station.rs"]
mod station;
#[path = "resource/station_properties.rs"]
mod station_properties;
#[path = "resource/timetable.rs"]
mod timetable;
