//! The promises of causeflow-runs, one module a subject.

mod controls;
mod expectations;
mod live;
mod parameters;
mod reading;
mod requests;
mod sessions;
mod sinks;
mod support;
