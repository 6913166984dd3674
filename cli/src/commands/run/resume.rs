//! `run --resume`: what an unfinished run was asked for, and that nothing says otherwise now.

use causeflow_engine::time::Span;
use causeflow_outputs::{Manifest, RunFolder};
use serde_json::{Map, Value};

use super::state::{State, with_absolute_paths};
use crate::args::{RangeArgs, RunArgs};
use crate::errors::Failure;
use crate::model;

/// A run that was left unfinished, and is locked by this process.
pub struct Left {
    pub folder: RunFolder,
    pub state: State,
}

/// Opens the run that the arguments name, and completes them by what it was started with.
pub fn open(args: &RunArgs) -> Result<(RunArgs, Left), Failure> {
    let out = match (&args.out, &args.model) {
        (Some(out), _) => out.clone(),
        (None, Some(model)) => {
            let model = model::load(model, true)?;
            model::default_out(&model.compiled.program.name, args.seed)
        }
        (None, None) => {
            let message = "--resume goes on with a run, and which is not said";
            return Err(Failure::input(message, "give its folder: --out DIR"));
        }
    };
    let folder = RunFolder::resume(&out)?;
    let state = State::read(folder.path())?;
    check_arguments(args, &state.args)?;
    let folder = folder.replacing(state.args.force)?;
    let all = RunArgs {
        range: RangeArgs {
            threads: args.range.threads,
            ..state.args.range.clone()
        },
        quiet: args.quiet,
        json: args.json,
        out: Some(out),
        resume: true,
        ..state.args.clone()
    };
    Ok((all, Left { folder, state }))
}

/// Refuses arguments that are not those that the run was started with.
fn check_arguments(given: &RunArgs, stored: &RunArgs) -> Result<(), Failure> {
    let names = &given.given;
    let (given, stored) = (values(&with_absolute_paths(given)?)?, values(stored)?);
    let differs = |name: &&String| given.get(*name) != stored.get(*name);
    let differing: Vec<String> = names
        .iter()
        .filter(differs)
        .map(|name| {
            let [now, then] = [&given, &stored].map(|values| shown(name, &values[name]));
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

/// The values of the arguments that a run's files depend on, by name.
fn values(args: &RunArgs) -> Result<Map<String, Value>, Failure> {
    match serde_json::to_value(args) {
        Ok(Value::Object(values)) => Ok(values),
        found => Err(Failure::Machine(format!(
            "the arguments cannot be compared: {found:?}"
        ))),
    }
}

/// A value for people; a span is stored as its microseconds.
fn shown(name: &str, value: &Value) -> String {
    match (value, value.as_i64()) {
        (Value::Null, _) => "not given".to_owned(),
        (_, Some(us)) if name == "snapshot_every" => Span(us).to_string(),
        (Value::String(word), _) if name == "counterfactual" => word.clone(),
        _ => value.to_string(),
    }
}

fn flag(name: &str) -> String {
    match name {
        "model" => "the model".to_owned(),
        name => format!("--{}", name.replace('_', "-")),
    }
}

/// Refuses to go on with a run whose model, scenarios or events have changed meanwhile.
pub fn check_sources(now: &Manifest, then: &Manifest) -> Result<(), Failure> {
    if now == then {
        return Ok(());
    }
    let parts = [
        (
            "the version of this program",
            now.generator != then.generator,
        ),
        ("the files of the model", now.model != then.model),
        ("the scenarios", now.scenarios != then.scenarios),
        ("the external events", now.events != then.events),
        ("the baseline", now.baseline != then.baseline),
        (
            "the templates of external events",
            now.external_events != then.external_events,
        ),
    ];
    let changed: Vec<&str> = parts
        .into_iter()
        .filter_map(|(what, changed)| changed.then_some(what))
        .collect();
    let changed = match changed.is_empty() {
        true => "what it is made from".to_owned(),
        false => changed.join(", "),
    };
    Err(Failure::input(
        format!("the run cannot go on, because something has changed since it began: {changed}"),
        "put it back as it was, or start the run anew with --force and without --resume",
    ))
}
