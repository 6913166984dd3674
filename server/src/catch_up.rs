//! Events that a client has missed: from the ring where they are still there, otherwise played again from snapshot and journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use causeflow_engine::base::time::Time;
use causeflow_runs::live::Window;

use crate::feed::{Batch, Next};
use crate::server::Server;
use crate::stage::now;
use crate::topics::Filter;

/// From where on.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// After this number of events.
    After(u64),
    /// From a time on.
    Since(Time),
    /// The last ones of each stream, so many.
    Last(u32),
}

/// Events in one message.
const MOST: usize = 4096;

/// A client on its way to the present.
pub struct CatchUp {
    place: Place,
    /// Up to this number; what comes after it is in the ring.
    until: u64,
    /// Not what comes before this number.
    from: u64,
    /// The window at hand.
    window: Option<Arc<Window>>,
    /// Batches that are sent, one after the other.
    ready: Option<Vec<Batch>>,
}

/// A message, if it holds anything, and the number up to which it tells.
pub type Step = (Option<Utf8Bytes>, u64);

impl CatchUp {
    /// On its way from a place to a number of events.
    pub fn new(place: Place, until: u64) -> CatchUp {
        CatchUp {
            place,
            until,
            from: 0,
            window: None,
            ready: None,
        }
    }

    /// The same without what comes before a number.
    pub fn not_before(self, from: u64) -> CatchUp {
        CatchUp { from, ..self }
    }

    /// The number up to which it leads.
    pub fn until(&self) -> u64 {
        self.until
    }

    /// The next message; nothing when it is there.
    pub async fn next(
        &mut self,
        (server, filter): (Arc<Server>, Filter),
        epoch: Arc<str>,
    ) -> Result<Option<Step>, String> {
        if let Place::Last(number) = self.place {
            let batches = match self.ready.take() {
                Some(batches) => batches,
                None => self.last(&server, &filter, number, epoch)?,
            };
            return Ok(self.give(batches, &filter));
        }
        if let Place::Since(time) = self.place {
            let past = server.stage.past();
            let before = server
                .replaying(move |control| past.events_before(time, control))
                .await?;
            self.place = Place::After(before);
        }
        let Place::After(seen) = self.place else {
            return Ok(None);
        };
        if seen >= self.until {
            return Ok(None);
        }
        if let Next::Batches(batches) = server.stage.feed.after(seen, 1)
            && let Some(batch) = batches.first()
            && batch.epoch == epoch
        {
            self.place = Place::After(batch.last());
            return Ok(Some((batch.message(&filter, seen + 1), batch.last())));
        }
        let window = self.window_of(&server, seen).await?;
        let first = (seen - window.before) as usize;
        let most = (self.until - window.before) as usize;
        let last = (first + MOST).min(window.len()).min(most);
        let time = match last < window.len() {
            true => window.time(last),
            false => window.to,
        };
        let origin = (epoch, server.stage.names());
        let scores = Vec::new().into();
        let batch = Batch::of(origin, window, first..last, (time, now()), scores);
        self.place = Place::After(batch.last());
        Ok(Some((batch.message(&filter, seen + 1), batch.last())))
    }

    /// The window that holds the event after so many.
    async fn window_of(&mut self, server: &Arc<Server>, seen: u64) -> Result<Arc<Window>, String> {
        let holds = |window: &Arc<Window>| {
            (window.before..window.before + window.len() as u64).contains(&seen)
        };
        if let Some(window) = self.window.as_ref().filter(|window| holds(window)) {
            return Ok(window.clone());
        }
        let past = server.stage.past();
        let window = server
            .replaying(move |control| past.window_of(seen, control))
            .await?;
        self.window = Some(window.clone());
        Ok(window)
    }

    /// The last events of each stream among those windows that are at hand.
    fn last(
        &self,
        server: &Server,
        filter: &Filter,
        number: u32,
        epoch: Arc<str>,
    ) -> Result<Vec<Batch>, String> {
        let past = server.stage.past();
        let mut left: BTreeMap<usize, u32> = BTreeMap::new();
        let mut batches = Vec::new();
        for window in past.windows().iter().rev() {
            let end = (self.until.saturating_sub(window.before) as usize).min(window.len());
            for row in (0..end).rev() {
                let stream = window.stream(row);
                if !filter.has(stream) || window.before + (row as u64) < self.from {
                    continue;
                }
                let left = left.entry(stream).or_insert(number);
                if *left == 0 {
                    continue;
                }
                *left -= 1;
                let origin = (epoch.clone(), server.stage.names());
                let at = (window.time(row), now());
                let rows = row..row + 1;
                batches.push(Batch::of(
                    origin,
                    window.clone(),
                    rows,
                    at,
                    Vec::new().into(),
                ));
            }
        }
        batches.reverse();
        Ok(batches)
    }

    /// What was picked, as one message that says what it is of.
    fn give(&mut self, batches: Vec<Batch>, filter: &Filter) -> Option<Step> {
        self.place = Place::After(self.until);
        let first = batches.first()?;
        let mut bytes = format!(
            "{{\"type\":\"snapshot\",\"epoch\":\"{}\",\"to\":{},\"events\":[",
            first.epoch, self.until
        )
        .into_bytes();
        for batch in batches.iter().filter(|batch| filter.has(batch.stream(0))) {
            bytes.extend_from_slice(batch.event(0));
            bytes.push(b',');
        }
        bytes.pop();
        bytes.extend_from_slice(b"]}");
        let text = String::from_utf8(bytes).unwrap_or_default();
        Some((Some(text.into()), self.until))
    }
}

/// The events of a filter between two numbers, as values.
pub async fn rows_of(
    server: &Arc<Server>,
    epoch: Arc<str>,
    filter: Filter,
    after: u64,
    until: u64,
) -> Result<Vec<serde_json::Value>, String> {
    let mut catch_up = CatchUp::new(Place::After(after), until);
    let mut events = Vec::new();
    let known = (server.clone(), filter);
    while let Some((text, _)) = catch_up.next(known.clone(), epoch.clone()).await? {
        let Some(text) = text else { continue };
        let message: serde_json::Value =
            serde_json::from_str(text.as_str()).map_err(|error| error.to_string())?;
        let found = message.get("events").and_then(serde_json::Value::as_array);
        let wanted = |event: &&serde_json::Value| {
            let seq = event.get("seq").and_then(serde_json::Value::as_u64);
            seq.is_some_and(|seq| seq <= until)
        };
        events.extend(found.into_iter().flatten().filter(wanted).cloned());
    }
    Ok(events)
}
