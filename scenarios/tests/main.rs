//! What scenarios and external events promise, held against the built-in files and against files with mistakes.

mod activations;
mod addresses;
mod amended;
mod built_in;
mod effects;
mod errors;
mod labels;
mod plans;
mod played;
mod support;
mod tables;
mod timeline;
mod variants;
mod warnings;
