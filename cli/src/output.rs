//! Printing: to stdout without ever panicking, text and JSON.

use std::io::{self, ErrorKind, Write};

pub use causeflow_runs::numbers::{bytes, count, instant, rough, short, some};
pub use causeflow_runs::text_table::{Align, Table};
use serde::Serialize;

use crate::errors::Failure;

/// Writes text to stdout.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| match error.kind() {
            ErrorKind::BrokenPipe => Failure::NobodyReads,
            _ => Failure::machine(format!("writing to the standard output failed: {error}")),
        })
}

/// Writes a value to stdout as indented JSON.
pub fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| Failure::machine(format!("cannot write JSON: {error}")))?;
    print(&(text + "\n"))
}

/// Writes a value to stdout as JSON, or what it says in words.
pub fn print_as(
    json: bool,
    value: &impl Serialize,
    text: impl FnOnce() -> String,
) -> Result<(), Failure> {
    match json {
        true => print_json(value),
        false => print(&text()),
    }
}

/// Writes a line to stderr. What cannot be said there is lost.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
