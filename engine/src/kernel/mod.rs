//! Models in plain Rust: [processes] that hold [resources](resource) with their monitors ([monitor]), replicated and
//! compared ([experiment]).
//!
//! It stands on [`base`](crate::base) and knows no programs.

pub mod experiment;
pub mod monitor;
pub mod processes;
pub mod resource;
