//! What scenarios and external events did in a run.

use causeflow_engine::base::time::Time;
use causeflow_models::suggestion;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Columns, Finished};
use crate::error::{Error, Result};
use crate::numbers::as_instant;

/// What one cause did to one stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Impact {
    /// The name that rows are attributed to.
    pub cause: String,
    /// `scenario`, `external_event`, `joint` or `together`.
    pub kind: String,
    /// When it began.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub start: Time,
    /// The stream.
    pub stream: String,
    /// Which way the stream was expected to move, if it was.
    pub expected_direction: Option<String>,
    /// Events that would not be there, or not at this time.
    pub added: u64,
    /// Events that would be there.
    pub removed: u64,
    /// Events with other values.
    pub changed: u64,
    /// Those of all three that contention alone has made.
    pub contention: u64,
    /// Rows of the stream that are attributed to it, and to no other.
    pub attributed: u64,
    /// What the effect is held against: `without`, `part` or `nothing`.
    pub basis: String,
    /// Added less removed.
    pub net: i64,
    /// The share of the stream's rows that would not be there, or not so.
    pub share_of_rows: f64,
    /// Hours from the start to the first difference; none without any.
    pub first_after_h: Option<f64>,
    /// Hours from the start to the last one.
    pub last_after_h: Option<f64>,
    /// What an observer would make of the stream's counts: 0.1 is 10 % more than usual.
    pub observed_lift: Option<f64>,
    /// How the stream's counts go with the times at which the cause acts.
    pub observed_correlation: Option<f64>,
}

impl Impact {
    /// Events that differ.
    pub fn touched(&self) -> u64 {
        self.added + self.removed + self.changed
    }
}

/// What one cause did to one stream in one hour.
#[derive(Clone, Debug)]
pub struct HourlyImpact {
    /// The name that rows are attributed to.
    pub cause: String,
    /// The stream.
    pub stream: String,
    /// The hour's beginning.
    pub hour: Time,
    /// Events that would not be there, or not at this time.
    pub added: u64,
    /// Events that would be there.
    pub removed: u64,
}

impl Finished {
    /// What each cause did to each stream; nothing where nothing intervened.
    ///
    /// # Errors
    /// When the table is damaged or of another shape.
    pub fn effects(&self) -> Result<Vec<Impact>> {
        let Some(table) = self.table("effects")? else {
            return Ok(Vec::new());
        };
        let read = Columns(&table);
        let (text, count) = (|name| read.words(name), |name| read.counts(name));
        let (cause, kind, stream, basis) = (
            text("cause")?,
            text("kind")?,
            text("stream")?,
            text("basis")?,
        );
        let expected = read.texts("expected_direction")?;
        let start = read.times("start")?;
        let (added, removed) = (count("added")?, count("removed")?);
        let (changed, attributed) = (count("changed")?, count("attributed")?);
        let (more, fewer) = (count("contention_added")?, count("contention_removed")?);
        let other = count("contention_changed")?;
        let first = read.numbers("first_after_h")?;
        let last = read.numbers("last_after_h")?;
        let lift = read.numbers("observed_lift")?;
        let correlation = read.numbers("observed_correlation")?;
        let streams = &self.manifest().streams;
        let rows = (0..table.rows()).map(|row| {
            let listed = streams.iter().find(|listed| listed.name == stream[row]);
            let rows = listed.map_or(0, |listed| listed.rows);
            Impact {
                cause: cause[row].clone(),
                kind: kind[row].clone(),
                start: start[row],
                stream: stream[row].clone(),
                expected_direction: expected[row].clone(),
                added: added[row],
                removed: removed[row],
                changed: changed[row],
                contention: more[row] + fewer[row] + other[row],
                attributed: attributed[row],
                basis: basis[row].clone(),
                net: added[row] as i64 - removed[row] as i64,
                share_of_rows: (added[row] + changed[row]) as f64 / rows.max(1) as f64,
                first_after_h: first[row],
                last_after_h: last[row],
                observed_lift: lift[row],
                observed_correlation: correlation[row],
            }
        });
        Ok(rows.collect())
    }

    /// Those of one cause, in one stream, or both; the largest first, and equals in the order of time. A cause is named by
    /// what rows are attributed to, or by the id of a scenario or template, which may stand for several.
    ///
    /// # Errors
    /// When there is no such cause or stream, and when the table is damaged.
    pub fn effects_of(&self, cause: Option<&str>, stream: Option<&str>) -> Result<Vec<Impact>> {
        let mut effects = self.effects()?;
        if let Some(cause) = cause {
            let names = effects.iter().map(|effect| effect.cause.as_str());
            let wanted = causes_of(cause, names.clone());
            if wanted.is_empty() {
                let ids = names.flat_map(|name| [name, id(name)]);
                let message = format!("nothing of the name `{cause}` happened in this run");
                return Err(Error::wrong(message, suggestion(cause, ids)).in_field("event"));
            }
            effects.retain(|effect| wanted.contains(&effect.cause));
        }
        if let Some(stream) = stream {
            self.check_stream(stream)?;
            effects.retain(|effect| effect.stream == *stream);
        }
        effects.sort_by_key(|effect| std::cmp::Reverse(effect.touched()));
        Ok(effects)
    }

    /// The same hour by hour, where there is anything.
    ///
    /// # Errors
    /// When the table is damaged or of another shape.
    pub fn hourly_effects(&self) -> Result<Vec<HourlyImpact>> {
        let Some(table) = self.table("effects_hourly")? else {
            return Ok(Vec::new());
        };
        let columns = Columns(&table);
        let (cause, stream) = (columns.words("cause")?, columns.words("stream")?);
        let (added, removed) = (columns.counts("added")?, columns.counts("removed")?);
        let hour = columns.times("hour")?;
        let rows = (0..table.rows()).map(|row| HourlyImpact {
            cause: cause[row].clone(),
            stream: stream[row].clone(),
            hour: hour[row],
            added: added[row],
            removed: removed[row],
        });
        Ok(rows.collect())
    }
}

/// What one cause did to all streams.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Sum {
    /// The name that rows are attributed to.
    pub cause: String,
    /// `scenario`, `external_event`, `joint` or `together`.
    pub kind: String,
    /// When it began.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub start: Time,
    /// Streams that it changed.
    pub streams: usize,
    /// Events that would not be there, or not at this time.
    pub added: u64,
    /// Events that would be there.
    pub removed: u64,
    /// Events with other values.
    pub changed: u64,
    /// Those of all three that contention alone has made.
    pub contention: u64,
    /// Added less removed.
    pub net: i64,
    /// The stream that it changed the most.
    pub most_changed_stream: Option<String>,
}

/// Effects, as they are shown to programs: all of them by cause, or those of one cause or in one stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EffectsShown {
    /// Causes, those with the largest effect first.
    Causes(Vec<Sum>),
    /// Effects, the largest first.
    Effects(Vec<Impact>),
}

/// The effects by cause, those with the largest first; among the effects the largest have to come first.
pub fn summed(effects: &[Impact]) -> Vec<Sum> {
    let mut sums: Vec<Sum> = Vec::new();
    for effect in effects {
        let place = sums.iter().position(|sum| sum.cause == effect.cause);
        let place = place.unwrap_or_else(|| {
            sums.push(Sum {
                cause: effect.cause.clone(),
                kind: effect.kind.clone(),
                start: effect.start,
                streams: 0,
                added: 0,
                removed: 0,
                changed: 0,
                contention: 0,
                net: 0,
                most_changed_stream: (effect.touched() > 0).then(|| effect.stream.clone()),
            });
            sums.len() - 1
        });
        let sum = &mut sums[place];
        sum.streams += usize::from(effect.touched() > 0);
        sum.added += effect.added;
        sum.removed += effect.removed;
        sum.changed += effect.changed;
        sum.contention += effect.contention;
        sum.net += effect.net;
    }
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.added + sum.removed + sum.changed));
    sums
}

/// The causes that a name stands for: exactly one, or all of a scenario or template.
fn causes_of<'a>(wanted: &str, names: impl Iterator<Item = &'a str> + Clone) -> Vec<String> {
    let exact = names.clone().filter(|name| *name == wanted);
    let of_id = names.filter(|name| id(name) == wanted);
    let mut causes: Vec<String> = exact.chain(of_id).map(str::to_owned).collect();
    causes.dedup();
    causes
}

/// The id in a name such as `payment-outage@2026-02-04T10:00:00Z`.
pub fn id(name: &str) -> &str {
    name.split_once('@').map_or(name, |(id, _)| id)
}
