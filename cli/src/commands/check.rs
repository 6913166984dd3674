//! `causeflow check`: everything that is wrong with a model, its scenarios and its external events.

use causeflow_runs::about::{check, findings};

use crate::errors::{Failure, colour};
use crate::output::{print, print_json, say};

/// Runs the command: on a model, or on scenarios for one.
pub fn run(what: &str, model: Option<&str>, json: bool) -> Result<(), Failure> {
    let (found, summary) = check(what, model)?;
    if json {
        print_json(&findings(&found))?;
        return match found.has_errors() {
            true => Err(Failure::Reported),
            false => Ok(()),
        };
    }
    if found.has_errors() {
        return Err(found.into());
    }
    if !found.list.is_empty() {
        say(&found.render(colour()));
    }
    print(&format!("ok: {}\n", summary.text(found.list.len())))
}
