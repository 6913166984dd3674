//! One module for each command.

pub mod baseline;
pub mod check;
pub mod completions;
pub mod diff;
pub mod effects;
pub mod explain;
pub mod graph;
pub mod history;
pub mod init;
pub mod models;
pub mod regenerate;
pub mod replay;
pub mod report;
pub mod reset;
pub mod run;
pub mod scenarios;
pub mod schema;
pub mod serve;
pub mod stats;
pub mod steer;
pub mod streams;
pub mod test;
pub mod verify;
pub mod versions;
pub mod watch;
