//! `run --resume`: that nothing says otherwise now than what an unfinished run was asked for.

use std::path::PathBuf;

use causeflow_runs::{Left, RunSpec, default_out, load_with};
use serde_json::{Map, Value};

use crate::args::RunArgs;
use crate::errors::{Failure, flag};

/// Opens the run that the arguments name.
pub fn open(args: &RunArgs) -> Result<(PathBuf, Left), Failure> {
    let out = match (&args.out, &args.model) {
        (Some(out), _) => out.clone(),
        (None, Some(model)) => {
            let model = load_with(model, &args.set.given(), &())?;
            default_out(&model.compiled.program.name, args.seed)
        }
        (None, None) => {
            let message = "--resume goes on with a run, and which is not said";
            return Err(Failure::input(message, "give its folder: --out DIR"));
        }
    };
    let left = Left::open(&out)?;
    check_arguments(args, left.spec())?;
    Ok((out, left.checked()?))
}

/// Refuses arguments that are not those that the run was started with.
fn check_arguments(args: &RunArgs, stored: &RunSpec) -> Result<(), Failure> {
    let mut given = args.spec();
    if args.model.is_none() {
        given.model.clone_from(&stored.model);
    }
    let given = values(&given.with_absolute_paths()?)?;
    let stored = values(stored)?;
    let names = args
        .given
        .iter()
        .filter_map(|name| Some((name, field(name)?)));
    let differing: Vec<String> = names
        .filter(|(_, field)| given[*field] != stored[*field])
        .map(|(name, field)| {
            let [now, then] = [&given, &stored].map(|values| shown(field, &values[field]));
            format!("{} is now {now} and was {then}", flag(name))
        })
        .collect();
    if differing.is_empty() {
        return Ok(());
    }
    Err(Failure::input(
        format!(
            "the unfinished run was started with other arguments: {}",
            differing.join(", ")
        ),
        "leave them out to go on with it, or start anew with --force and without --resume",
    ))
}

/// What a run's files depend on, by name.
fn values(spec: &RunSpec) -> Result<Map<String, Value>, Failure> {
    match serde_json::to_value(spec) {
        Ok(Value::Object(values)) => Ok(values),
        found => Err(Failure::machine(format!(
            "the arguments cannot be compared: {found:?}"
        ))),
    }
}

/// Where a run's files depend on an argument, what that is there.
fn field(argument: &str) -> Option<&str> {
    Some(match argument {
        "scenario" => "scenarios",
        "event" => "events",
        "events" => "event_files",
        "scenarios" => "scenario_folder",
        "no_events" => "timeline",
        "set" => "parameters",
        "model" | "seed" | "start" | "days" | "scale" | "streams" | "counterfactual"
        | "baseline" | "format" | "compression" | "snapshot_every" => argument,
        _ => return None,
    })
}

/// A value for people.
fn shown(field: &str, value: &Value) -> String {
    match (field, value) {
        (_, Value::Null) => "not given".to_owned(),
        ("timeline", Value::Bool(timeline)) => (!timeline).to_string(),
        ("counterfactual" | "snapshot_every" | "seed", Value::String(word)) => word.clone(),
        _ => value.to_string(),
    }
}
