//! The promises of causeflow-runs, one module a subject.

mod controls;
mod live;
mod reading;
mod requests;
mod sessions;
mod sinks;
mod support;
