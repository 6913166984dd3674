//! `causeflow steer`: what the page does, from a terminal.

use causeflow_server::client::Http;
use serde_json::{Value, json};

use crate::args::{Deed, SteerArgs};
use crate::errors::Failure;
use crate::output::{print, say};

/// Runs the command.
pub fn run(args: &SteerArgs) -> Result<(), Failure> {
    let http = Http {
        url: args.url.clone(),
        token: std::env::var("CAUSEFLOW_STEER_TOKEN").ok(),
    };
    let answer = match &args.deed {
        Deed::State => http.get("/api/v1/state"),
        Deed::Versions => http.get("/api/v1/versions"),
        Deed::Clock {
            speed: None,
            pause: false,
            resume: false,
            step: None,
        } => http.get("/api/v1/clock"),
        Deed::Clock {
            speed,
            pause,
            resume,
            step,
        } => {
            let paused = match (pause, resume) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            };
            let body = json!({ "speed": speed, "paused": paused, "step": step });
            http.post("/api/v1/clock", &body)
        }
        other => http.post("/api/v1/commands", &command(other)?),
    };
    let (status, body) = answer.map_err(|error| {
        let help = "give the address that `causeflow serve` has told";
        Failure::input(format!("{}: {error}", args.url), help)
    })?;
    let value: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    if status >= 400 {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let detail = text("detail").unwrap_or_else(|| format!("the server answered {status}"));
        return Err(Failure::input(detail, text("help").unwrap_or_default()));
    }
    let warnings = value.get("warnings").and_then(Value::as_array);
    for warning in warnings.into_iter().flatten().filter_map(Value::as_str) {
        say(&format!("warning: {warning}"));
    }
    match args.raw {
        true => print(&(body + "\n")),
        false => print(&told(&args.deed, &value)),
    }
}

/// A command as it is sent.
fn command(deed: &Deed) -> Result<Value, Failure> {
    Ok(match deed {
        Deed::Scenario { id, duration, at } => without_nulls(
            json!({ "command": "scenario", "scenario": id, "duration": duration, "at": at }),
        ),
        Deed::Stop { intervention } => {
            without_nulls(json!({ "command": "stop", "intervention": intervention }))
        }
        Deed::Drop { name } => json!({ "command": "drop", "name": name }),
        Deed::Reset => json!({ "command": "reset" }),
        Deed::Inject {
            template,
            title,
            at,
            red_herring,
        } => without_nulls(json!({
            "command": "inject", "template": template, "title": title, "at": at, "causal": !red_herring,
        })),
        Deed::Define { file } => {
            let text = std::fs::read_to_string(file).map_err(|error| {
                let message = format!("cannot read {}: {error}", file.display());
                Failure::input(message, "give the file of a scenario")
            })?;
            json!({ "command": "define", "text": text })
        }
        Deed::Clock { .. } | Deed::State | Deed::Versions => Value::Null,
    })
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

/// An answer in words.
fn told(deed: &Deed, value: &Value) -> String {
    if let Deed::Clock { .. } = deed {
        let paused = value.get("paused").and_then(Value::as_bool) == Some(true);
        let speed = text(value, "speed");
        let speed = match speed.parse::<f64>() {
            Ok(_) => format!("{speed} virtual seconds a second"),
            Err(_) => speed,
        };
        let stands = if paused { ", paused" } else { "" };
        return format!("{} at {speed}{stands}\n", text(value, "time"));
    }
    if let Some(versions) = value.as_array() {
        let lines: Vec<String> = versions.iter().map(version).collect();
        return match lines.is_empty() {
            true => "there is no version\n".to_owned(),
            false => lines.join("\n") + "\n",
        };
    }
    if let Some(made) = value.get("version").filter(|made| made.is_object()) {
        return version(made) + "\n";
    }
    let state = value.get("state").unwrap_or(value);
    let mut lines = vec![format!(
        "{} at {}",
        text(state, "status"),
        text(state, "time")
    )];
    let acting = state.get("interventions").and_then(Value::as_array);
    for one in acting.into_iter().flatten() {
        lines.push(format!(
            "  {} is {}, until {}, settled at {}",
            text(one, "name"),
            text(one, "state"),
            text(one, "end"),
            text(one, "settled")
        ));
    }
    lines.join("\n") + "\n"
}

fn text(value: &Value, name: &str) -> String {
    let text = value.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

/// A version of what is past, on a line.
pub fn version(value: &Value) -> String {
    let mut line = format!(
        "version {} is {}",
        text(value, "name"),
        text(value, "state")
    );
    if value.get("from").is_some() {
        line += &format!(", from {} to {}", text(value, "from"), text(value, "to"));
    }
    let count = |name: &str| {
        let outcome = value.get("outcome")?;
        outcome.get(name).and_then(Value::as_u64)
    };
    if let (Some(added), Some(removed), Some(moved), Some(changed)) = (
        count("added"),
        count("removed"),
        count("moved"),
        count("changed"),
    ) {
        line += &format!(": {added} added, {removed} removed, {moved} moved, {changed} changed");
    }
    line
}
