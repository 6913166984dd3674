//! `causeflow reset`: drops versions of parts of a run, so that only the run is left.

use causeflow_outputs::Manifest;
use serde_json::json;

use crate::args::ResetArgs;
use crate::errors::Failure;
use crate::output::{print, print_json};
use crate::versions::{self, Version};

/// Runs the command. Nothing is dropped if one of the names is not that of a version.
pub fn run(args: &ResetArgs) -> Result<(), Failure> {
    Manifest::read(&args.out)?;
    let versions: Vec<Version> = match args.names.is_empty() {
        true => versions::all(&args.out)?,
        false => {
            let mut names = args.names.clone();
            names.sort();
            names.dedup();
            let found = names.iter().map(|name| versions::find(&args.out, name));
            found.collect::<Result<_, Failure>>()?
        }
    };
    let mut dropped = Vec::new();
    for version in &versions {
        version.remove()?;
        dropped.push(version.entry.name.clone());
    }
    if args.json {
        return print_json(&json!({ "dropped": dropped }));
    }
    match dropped.as_slice() {
        [] => print("no versions: the run is as it was played\n"),
        names => print(&format!("dropped {}\n", names.join(", "))),
    }
}
