//! The kernel: models in plain Rust, as logical processes that schedule events and send messages.

mod agenda;

pub use agenda::Agenda;
