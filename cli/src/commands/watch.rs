//! `causeflow watch`: looks on, comes back when the connection breaks, and can check what came.

use std::time::Duration;

use causeflow_runs::live::{Entry, Header};
use causeflow_server::check::{Checked, check};
use causeflow_server::client::{Answered, Ended, Http, Record, Watch};
use serde_json::Value;

use crate::args::WatchArgs;
use crate::commands::steer::version;
use crate::control::{Clock, Front};
use crate::errors::Failure;
use crate::interrupt;
use crate::output::{count, print, say};

/// The longest pause before the connection is tried again.
const LONGEST: Duration = Duration::from_secs(5);

const FOREVER: Duration = Duration::from_secs(1 << 30);

/// Runs the command.
pub fn run(args: &WatchArgs) -> Result<(), Failure> {
    interrupt::listen()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::machine(format!("cannot start: {error}")))?;
    let mut looked = Looked::new(args);
    runtime.block_on(looked.on())?;
    if !args.check {
        return Ok(());
    }
    let checked = looked.checked()?;
    say(&told(&checked));
    match checked.is_right() {
        true => Ok(()),
        false => Err(Failure::difference()),
    }
}

/// Somebody who looks on.
struct Looked<'a> {
    args: &'a WatchArgs,
    watch: Watch,
    record: Record,
    events: u64,
    clock: Clock,
    failed: Option<Failure>,
}

impl<'a> Looked<'a> {
    fn new(args: &'a WatchArgs) -> Looked<'a> {
        Looked {
            watch: Watch {
                url: args.url.clone(),
                topics: args.topics.clone(),
                after: args.after.clone(),
                last: args.last,
                token: token(),
            },
            args,
            record: Record::default(),
            events: 0,
            clock: Clock::start(),
            failed: None,
        }
    }

    /// Until there is enough, or it must not go on.
    async fn on(&mut self) -> Result<(), Failure> {
        let mut pause = Duration::from_millis(100);
        loop {
            let before = self.events;
            let watch = self.watch.clone();
            let left = self
                .args
                .seconds
                .map(|seconds| seconds - self.clock.seconds());
            let left = left.map_or(FOREVER, |left| Duration::from_secs_f64(left.max(0.0)));
            let mut each = |message: &Value, text: &str| self.take(message, text);
            let ended = tokio::time::timeout(left, watch.connect(&mut each)).await;
            if let Some(failed) = self.failed.take() {
                return Err(failed);
            }
            match ended {
                Err(_) | Ok(Ended::Enough) => return Ok(()),
                Ok(Ended::Refused(why)) => {
                    let help = "see what the server accepts at /api/v1/openapi.json, or set CAUSEFLOW_READ_TOKEN";
                    return Err(Failure::input(format!("{}: {why}", self.args.url), help));
                }
                Ok(Ended::Lost(why)) => {
                    if interrupt::asked() {
                        return Ok(());
                    }
                    say(&format!("lost: {why}; trying again"));
                }
            }
            // Everything after what has come.
            if let Some(position) = self.record.position() {
                self.watch.after = Some(position);
            }
            let is_over = |seconds: f64| self.clock.seconds() >= seconds;
            if self.args.seconds.is_some_and(is_over) {
                return Ok(());
            }
            pause = match self.events > before {
                true => Duration::from_millis(100),
                false => (pause * 2).min(LONGEST),
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Takes a message; whether to go on.
    fn take(&mut self, message: &Value, text: &str) -> bool {
        let events = message.get("events").and_then(Value::as_array);
        self.events += events.map_or(0, Vec::len) as u64;
        self.record.take(message);
        if !self.args.check {
            // What is not compared need not be kept.
            self.record.events.clear();
        }
        let printed = match self.args.raw {
            true => print(&format!("{text}\n")),
            false => print(&words(message)),
        };
        if let Err(failure) = printed {
            self.failed = Some(failure);
            return false;
        }
        let enough = self.args.count.is_some_and(|count| self.events >= count);
        !enough && !interrupt::asked()
    }

    /// Whether what came is what the journal gives.
    fn checked(&self) -> Result<Checked, Failure> {
        let http = Http {
            url: self.args.url.clone(),
            token: token(),
        };
        let lost = |error: String| {
            Failure::input(
                format!("the journal cannot be got: {error}"),
                "is the server there?",
            )
        };
        let (status, text) = journal(&http).map_err(lost)?;
        if status != 200 {
            return Err(lost(format!("the server answered {status}")));
        }
        let mut lines = text.lines();
        let wrong = |error: serde_json::Error| lost(format!("it is none: {error}"));
        let header: Header =
            serde_json::from_str(lines.next().unwrap_or_default()).map_err(wrong)?;
        let entries: Result<Vec<Entry>, _> = lines.map(serde_json::from_str).collect();
        let folder = tempfile::tempdir();
        let folder = folder
            .map_err(|error| Failure::machine(format!("no room for the session: {error}")))?;
        let front = Front { quiet: true };
        let session = (header, entries.map_err(wrong)?);
        let place = folder.path().join("session");
        Ok(check(
            &self.record,
            &self.args.topics,
            session,
            &place,
            &front,
        )?)
    }
}

/// The journal, also from a server that is just on its way back.
fn journal(http: &Http) -> Answered {
    let mut pause = Duration::from_millis(100);
    loop {
        match http.get("/api/v1/journal") {
            Err(_) if pause < LONGEST => std::thread::sleep(pause),
            answered => return answered,
        }
        pause *= 2;
    }
}

fn token() -> Option<String> {
    let token = |name| {
        std::env::var(name)
            .ok()
            .filter(|token: &String| !token.is_empty())
    };
    token("CAUSEFLOW_READ_TOKEN").or_else(|| token("CAUSEFLOW_STEER_TOKEN"))
}

/// A message as lines for people.
fn words(message: &Value) -> String {
    let text = |value: &Value, name: &str| match value.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    };
    match text(message, "type").as_str() {
        "events" | "snapshot" => {
            let events = message.get("events").and_then(Value::as_array);
            let lines = events.into_iter().flatten().map(|event| {
                let mut data = event.get("data").cloned().unwrap_or(Value::Null);
                if let Some(fields) = data.as_object_mut() {
                    for head in ["time", "root_id", "cell"] {
                        fields.shift_remove(head);
                    }
                }
                format!(
                    "{} {} {data}\n",
                    text(event, "timestamp"),
                    text(event, "stream")
                )
            });
            lines.collect()
        }
        "heartbeat" => String::new(),
        "state" => {
            let state = message.get("state").unwrap_or(&Value::Null);
            format!("-- {} at {}\n", text(state, "status"), text(state, "time"))
        }
        "anomaly" => format!(
            "-- {} is {}: {} events in the hour from {}\n",
            text(message, "stream"),
            text(message, "anomalyFlag"),
            text(message, "value"),
            text(message, "interval_start")
        ),
        "version" => format!("-- {}\n", version(&message["version"])),
        kind => format!("-- {kind} {message}\n"),
    }
}

fn told(checked: &Checked) -> String {
    let head = format!(
        "events {} to {} of {}: {} came, {} expected",
        count(checked.from),
        count(checked.to),
        checked.epoch,
        count(checked.came),
        count(checked.expected)
    );
    if checked.is_right() {
        return format!("{head}; all of them, each once, as the journal gives them");
    }
    let mut lines = vec![head];
    if checked.twice > 0 {
        lines.push(format!("{} came more than once", count(checked.twice)));
    }
    for (from, to) in &checked.holes {
        lines.push(format!(
            "events {from} to {to} never came, and nobody said so"
        ));
    }
    lines.extend(checked.difference.clone());
    lines.join("\n")
}
