//! Events that a client has missed: from the ring where they are still there, otherwise played again from snapshot and journal.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use causeflow_engine::base::time::{Span, Time};
use causeflow_runs::Control;
use causeflow_runs::live::Window;

use crate::feed::{Batch, Next};
use crate::server::Server;
use crate::stage::now;
use crate::topics::Filter;

/// From where on.
#[derive(Clone, Copy, Debug)]
pub enum Since {
    /// After this number of events.
    After(u64),
    /// The last ones of each stream, so many.
    Last(u32),
}

/// How far it is looked back for the last events of a stream.
const LOOK_BACK: Span = Span::DAY;
/// Events in one message.
const MOST: usize = 4096;

/// A client on its way to the present.
pub struct CatchUp {
    place: Since,
    /// Up to this number; what comes after it is in the ring.
    until: u64,
    /// Not what comes before this number.
    from: u64,
    /// The window at hand.
    window: Option<Arc<Window>>,
}

/// A step on the way.
pub enum Step {
    /// Events, some of which may have been told.
    Batch(Arc<Batch>),
    /// The last events of each stream, in their order.
    Last(Vec<Batch>),
}

impl CatchUp {
    /// On its way from a place to a number of events.
    pub fn new(place: Since, until: u64) -> CatchUp {
        CatchUp {
            place,
            until,
            from: 0,
            window: None,
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

    /// The next step; nothing when it is there.
    pub async fn next(
        &mut self,
        (server, filter): (Arc<Server>, Filter),
        epoch: Arc<str>,
    ) -> Result<Option<Step>, String> {
        let seen = match self.place {
            Since::Last(number) => {
                let last = self.last(&server, &filter, number, epoch).await?;
                self.place = Since::After(self.until);
                return Ok(Some(Step::Last(last)));
            }
            Since::After(seen) => seen,
        };
        if seen >= self.until {
            return Ok(None);
        }
        if let Next::Batches(batches) = server.stage.feed.after(&epoch, seen, 1)
            && let Some(batch) = batches.first()
        {
            self.place = Since::After(batch.last());
            return Ok(Some(Step::Batch(batch.clone())));
        }
        let Some(window) = self.window_of(&server, seen, &epoch).await? else {
            // The epoch is over, which whoever reads the feed finds there.
            return Ok(None);
        };
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
        self.place = Since::After(batch.last());
        Ok(Some(Step::Batch(Arc::new(batch))))
    }

    /// The window that holds the event after so many, in an epoch that is not over.
    async fn window_of(
        &mut self,
        server: &Arc<Server>,
        seen: u64,
        epoch: &str,
    ) -> Result<Option<Arc<Window>>, String> {
        let holds = |window: &Arc<Window>| {
            (window.before..window.before + window.len() as u64).contains(&seen)
        };
        if let Some(window) = self.window.as_ref().filter(|window| holds(window)) {
            return Ok(Some(window.clone()));
        }
        let past = server.stage.past();
        if past.epoch() != epoch {
            return Ok(None);
        }
        let window = server
            .replaying(move |control| past.window_of(seen, control))
            .await?;
        self.window = Some(window.clone());
        Ok(Some(window))
    }

    /// The last events of each stream. It looks back so far at most.
    async fn last(
        &self,
        server: &Arc<Server>,
        filter: &Filter,
        number: u32,
        epoch: Arc<str>,
    ) -> Result<Vec<Batch>, String> {
        let past = server.stage.past();
        let mut left: BTreeMap<usize, u32> = BTreeMap::new();
        let mut wanted = u64::from(number) * u64::from(filter.count());
        let (mut found, mut back, begin) = (Vec::new(), None, past.start());
        while wanted > 0 && self.until > 0 && *past.epoch() == *epoch {
            let (past, event) = (past.clone(), self.until - 1);
            let work = move |control: &dyn Control| match back {
                Some((before, earliest)) if before < earliest => Ok(None),
                Some((before, _)) => past.window_at(before, control).map(Some),
                None => past.window_of(event, control).map(Some),
            };
            let Some(window) = server.replaying(work).await? else {
                break;
            };
            // So far, and not farther.
            let (_, earliest) = back.unwrap_or((window.from, window.from - LOOK_BACK));
            back = Some((Time(window.from.0 - 1), earliest.max(begin)));
            let end = (self.until.saturating_sub(window.before) as usize).min(window.len());
            for row in (0..end).rev() {
                let stream = window.stream(row);
                let left = left.entry(stream).or_insert(number);
                let is_new = window.before + row as u64 + 1 >= self.from;
                if !filter.has(stream) || !is_new || *left == 0 {
                    continue;
                }
                (*left, wanted) = (*left - 1, wanted - 1);
                let origin = (epoch.clone(), server.stage.names());
                let (at, rows) = ((window.time(row), now()), row..row + 1);
                let scores = Vec::new().into();
                found.push(Batch::of(origin, window.clone(), rows, at, scores));
            }
            if window.before < self.from {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }
}

/// The last events of each stream, up to a number, as one message.
pub fn snapshot(epoch: &str, until: u64, last: &[Batch]) -> Utf8Bytes {
    let head = format!("{{\"type\":\"snapshot\",\"epoch\":\"{epoch}\",\"to\":{until},\"events\":[");
    let mut bytes = head.into_bytes();
    for (at, event) in last.iter().enumerate() {
        bytes.extend_from_slice(if at > 0 { b"," } else { b"" });
        bytes.extend_from_slice(event.event(0));
    }
    bytes.extend_from_slice(b"]}");
    String::from_utf8(bytes).unwrap_or_default().into()
}

/// The events of a filter between two numbers, as values.
pub async fn rows_of(
    server: &Arc<Server>,
    epoch: Arc<str>,
    filter: Filter,
    after: u64,
    until: u64,
) -> Result<Vec<serde_json::Value>, String> {
    let mut catch_up = CatchUp::new(Since::After(after), until);
    let mut events = Vec::new();
    let known = (server.clone(), filter);
    while let Some(step) = catch_up.next(known.clone(), epoch.clone()).await? {
        let Step::Batch(batch) = step else { continue };
        let Some(text) = batch.message(&known.1, after + 1) else {
            continue;
        };
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
