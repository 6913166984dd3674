//! Whether what came to a client is what the session's journal gives.

use std::path::Path;

use causeflow_runs::live::{Encoder, Entry, Header, Live};
use causeflow_runs::{Control, Error, Result};
use serde::Serialize;
use serde_json::{Value, json};

use crate::client::Record;
use crate::show;
use crate::topics::{Filter, Named};

/// What came of a comparison.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Checked {
    /// Names the order of events.
    pub epoch: String,
    /// The first number that was looked at, and the last.
    pub from: u64,
    /// The last number that was looked at.
    pub to: u64,
    /// Events that came.
    pub came: u64,
    /// Events that should have come.
    pub expected: u64,
    /// Events that came more than once.
    pub twice: u64,
    /// Stretches of numbers that were never told.
    pub holes: Vec<(u64, u64)>,
    /// The first event that lacks, is too much, or is not the same.
    pub difference: Option<String>,
}

impl Checked {
    /// Whether everything came, once, and as it should.
    pub fn is_right(&self) -> bool {
        self.twice == 0 && self.holes.is_empty() && self.difference.is_none()
    }
}

/// Plays a session again from its journal, in a folder of its own, and compares what came with what there is.
///
/// # Errors
/// When the journal is none, or it cannot be played here.
pub fn check(
    record: &Record,
    topics: &[String],
    (header, entries): (Header, Vec<Entry>),
    folder: &Path,
    control: &dyn Control,
) -> Result<Checked> {
    // What was done before the last reset is taken back also where it is played again.
    let mut live = Live::open(folder, header, &entries, control)?;
    let streams = Named::all(live.program());
    let filter = Filter::of(topics.iter().map(String::as_str), &streams);
    let filter = filter.map_err(|error| Error::input(error, "give topics that there are"))?;
    let (from, to) = record.covered.unwrap_or((1, 0));
    let mut checked = Checked {
        epoch: record.epoch.clone(),
        from,
        to,
        came: record.events.len() as u64,
        expected: 0,
        twice: record.twice,
        holes: record.holes.clone(),
        difference: None,
    };
    let past = live.past();
    let mut encoder = Encoder::new(live.tables());
    let mut next = match from > to {
        true => None,
        false => Some(first_window(&past, &mut live, from, control)?),
    };
    while let Some(window) = next.take() {
        for at in 0..window.len() {
            let seq = window.before + at as u64 + 1;
            if seq < from || seq > to || !filter.has(window.stream(at)) {
                continue;
            }
            checked.expected += 1;
            let mut text = Vec::new();
            encoder.append(&window, at, &mut text)?;
            let should: Value = serde_json::from_slice(&text).unwrap_or(Value::Null);
            let should = json!({
                "stream": streams[window.stream(at)].name,
                "timestamp": show::instant(window.time(at)),
                "data": should,
            });
            let came = record.events.get(&seq);
            let is_same = |came: &Value| {
                ["stream", "timestamp", "data"]
                    .iter()
                    .all(|of| came.get(of) == should.get(of))
            };
            if !came.is_some_and(is_same) && checked.difference.is_none() {
                let came = came.map_or("nothing".to_owned(), Value::to_string);
                checked.difference =
                    Some(format!("event {seq} should be {should}, and {came} came"));
            }
        }
        if window.before + (window.len() as u64) < to {
            live.give_out(window.to)?;
            next = Some(match live.windows().first() {
                Some(window) => window.clone(),
                None => live.next(control)?,
            });
        }
    }
    if checked.difference.is_none() && checked.came > checked.expected {
        checked.difference = Some(format!(
            "{} events came, and the journal gives {}",
            checked.came, checked.expected
        ));
    }
    Ok(checked)
}

/// The window that holds an event, given by its number.
fn first_window(
    past: &causeflow_runs::live::Past,
    live: &mut Live,
    number: u64,
    control: &dyn Control,
) -> Result<std::sync::Arc<causeflow_runs::live::Window>> {
    if let Ok(window) = past.window_of(number - 1, control) {
        live.give_out(window.from.max(live.given_out()))?;
        return Ok(window);
    }
    loop {
        let window = match live.windows().first() {
            Some(window) => window.clone(),
            None => live.next(control)?,
        };
        if number <= window.before + window.len() as u64 {
            return Ok(window);
        }
        live.give_out(window.to)?;
    }
}
