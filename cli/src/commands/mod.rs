//! One module for each command.

pub mod check;
pub mod completions;
pub mod diff;
pub mod effects;
pub mod explain;
pub mod graph;
pub mod init;
pub mod models;
pub mod run;
pub mod scenarios;
pub mod schema;
pub mod streams;
