//! The protocol of live events, over WebSocket and as server-sent events: one reader of the feed for both.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use causeflow_engine::base::time::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, interval_at, timeout};
use tokio_tungstenite::tungstenite;
use tracing::warn;

use crate::catch_up::{CatchUp, Since, Step, snapshot};
use crate::clients::{Door, Joined, Peer};
use crate::cloud::{self, CLOUD_SUBPROTOCOL};
use crate::feed::{Batch, Mark, Next};
use crate::limits::Allowance;
use crate::server::{Server, TOPICS};
use crate::show;
use crate::topics::{Filter, Notice, named};

/// The subprotocol.
pub const SUBPROTOCOL: &str = "causeflow.v1.json";
/// How often positions are told when nothing else is.
const HEARTBEAT: Duration = Duration::from_secs(5);
const PING: Duration = Duration::from_secs(30);
/// A client that has not been heard of for so long is dead.
const DEAD: Duration = Duration::from_secs(90);
/// Batches that are sent before other things are looked at.
const BATCHES: usize = 16;

/// What a client says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// Wants topics, besides those that it has.
    Subscribe {
        /// Named in the answer.
        #[serde(default)]
        id: Option<String>,
        /// `*`, patterns of streams, `cadence:high`, `anomalies`, `state`, `twin:diff`, `versions`.
        topics: Vec<String>,
        /// A position `epoch:seq`: everything after it comes, wherever it has to be got from.
        #[serde(default)]
        after: Option<String>,
        /// A virtual time: everything from it on comes.
        #[serde(default, alias = "lastTimestamp")]
        since: Option<String>,
        /// So many of the last events of each stream come first.
        #[serde(default)]
        last: Option<u32>,
        /// What to do when the client cannot keep up: `close` (by default), `skip` or `conflate`.
        #[serde(default)]
        policy: Option<Policy>,
    },
    /// Does not want topics any more.
    Unsubscribe {
        /// Named in the answer.
        #[serde(default)]
        id: Option<String>,
        /// As in `subscribe`.
        topics: Vec<String>,
    },
    /// Wants to hear something.
    Ping {
        /// Named in the answer.
        #[serde(default)]
        id: Option<String>,
    },
}

/// What to do with a client that cannot keep up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Policy {
    /// It is told, with the position from which it can go on, and the connection is closed.
    #[default]
    Close,
    /// It is told, and goes on with what is there.
    Skip,
    /// It is told, gets the last event of each stream that it has missed, and goes on with what is there.
    Conflate,
}

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As [`SUBPROTOCOL`] has them.
    Own,
    /// As CloudEvents.
    Cloud,
}

/// Where a client is in the feed, and what it wants of it.
pub struct Reader {
    server: Arc<Server>,
    feed: watch::Receiver<Mark>,
    /// Where it is, for whoever gives events out as fast as they can be played, and for those who ask.
    client: Joined,
    epoch: Arc<str>,
    /// Events up to this number have been sent, or were not wanted.
    seen: u64,
    /// All up to this number has been told to the client.
    told: u64,
    notices: u64,
    filter: Filter,
    policy: Policy,
    catch_up: Option<CatchUp>,
    format: Format,
    /// Messages that have been written besides events, which gives each an id.
    written: u64,
}

/// What is sent.
pub enum Sent {
    /// A message; with the number up to which it tells events, if it does.
    Message(Utf8Bytes, Option<u64>),
    /// The last one; the connection is closed with this code and reason.
    Close(Utf8Bytes, u16, &'static str),
}

impl Reader {
    /// One that wants nothing yet.
    pub fn new(server: Arc<Server>, format: Format, door: Door, peer: Peer) -> Reader {
        let feed = server.stage.feed.watch();
        let mark = feed.borrow().clone();
        let clients = &server.stage.feed.clients;
        Reader {
            client: clients.join(door, peer, mark.epoch.clone(), mark.events),
            epoch: mark.epoch.clone(),
            seen: mark.events,
            told: mark.events,
            notices: mark.notices,
            filter: Filter::default(),
            policy: Policy::Close,
            catch_up: None,
            format,
            written: 0,
            server,
            feed,
        }
    }

    /// Where the client is.
    pub fn position(&self) -> String {
        format!("{}:{}", self.epoch, self.seen)
    }

    /// The position of a number of events.
    pub fn at(&self, seq: u64) -> String {
        format!("{}:{seq}", self.epoch)
    }

    /// The first message.
    pub fn hello(&self) -> Value {
        let mark = self.server.stage.feed.mark();
        let clock = self.server.stage.clock();
        json!({
            "type": "hello",
            "protocol": match self.format {
                Format::Own => SUBPROTOCOL,
                Format::Cloud => CLOUD_SUBPROTOCOL,
            },
            "epoch": &*mark.epoch,
            "seq": mark.events,
            "time": show::instant(mark.time),
            "speed": clock.speed,
            "paused": clock.paused,
            "limits": {
                "message_bytes": crate::server::MESSAGE_BYTES,
                "topics": TOPICS,
                "messages_per_s": self.server.limits.messages,
            },
            "heartbeat_s": HEARTBEAT.as_secs(),
            "ping_s": PING.as_secs(),
            "dead_after_s": DEAD.as_secs(),
        })
    }

    /// A message that is not about events, as it is sent.
    pub fn write(&mut self, message: Value) -> Utf8Bytes {
        let message = match self.format {
            Format::Own => message,
            Format::Cloud => {
                self.written += 1;
                let Server { born, stage, .. } = &*self.server;
                let id = format!("{born}-{}-{}", self.client.number(), self.written);
                stage.cloud.message(message, &self.epoch, &id)
            }
        };
        message.to_string().into()
    }

    /// A sign of life, with the position.
    pub fn heartbeat(&mut self) -> Value {
        let mark = self.server.stage.feed.mark();
        // What has not been sent was not wanted.
        self.told = self.seen;
        json!({
            "type": "heartbeat",
            "epoch": &*self.epoch,
            "seq": self.seen,
            "time": show::instant(mark.time),
        })
    }

    /// Takes what a client says, and answers.
    pub async fn take(&mut self, text: &str) -> Vec<Value> {
        let request = match self.format {
            Format::Own => serde_json::from_str(text)
                .map_err(|error| (None, format!("this is no message: {error}"))),
            Format::Cloud => {
                cloud::said(text)
                    .map_err(|error| (None, error))
                    .and_then(|(message, id)| {
                        let wrong = |error| (Some(id), format!("this is no message: {error}"));
                        serde_json::from_value(message).map_err(wrong)
                    })
            }
        };
        let request: Request = match request {
            Ok(request) => request,
            Err((id, error)) => {
                let help = match self.format {
                    Format::Own => {
                        "send {\"type\": \"subscribe\", \"topics\": [\"*\"]}, `unsubscribe` or `ping`"
                    }
                    Format::Cloud => {
                        "send a CloudEvent of the type causeflow.subscribe with the data {\"topics\": [\"*\"]}, \
                         causeflow.unsubscribe or causeflow.ping"
                    }
                };
                return vec![wrong(id, &error, help)];
            }
        };
        match request {
            Request::Ping { id } => {
                self.told = self.seen;
                vec![json!({
                    "type": "pong", "id": id, "epoch": &*self.epoch, "seq": self.seen,
                })]
            }
            Request::Unsubscribe { id, topics } => match self.topics(&topics) {
                Ok(filter) => {
                    self.filter.without(&filter);
                    self.wants();
                    vec![self.acknowledged("unsubscribed", id)]
                }
                Err(error) => vec![wrong(id, &error, "give topics that there are")],
            },
            Request::Subscribe {
                id,
                topics,
                after,
                since,
                last,
                policy,
            } => {
                let from = From { after, since, last };
                match self.subscribe(&topics, from, policy).await {
                    Ok(mut messages) => {
                        messages.insert(0, self.acknowledged("subscribed", id));
                        messages
                    }
                    Err((error, help)) => vec![wrong(id, &error, help)],
                }
            }
        }
    }

    /// What it wants is known to those who ask who looks on.
    fn wants(&self) {
        self.client.wants(&self.epoch, &self.filter, self.policy);
    }

    fn topics(&self, topics: &[String]) -> Result<Filter, String> {
        if topics.len() > TOPICS {
            let found = topics.len();
            return Err(format!("{found} topics are more than {TOPICS} at once"));
        }
        Filter::of(
            topics.iter().map(String::as_str),
            &self.server.stage.streams,
        )
    }

    fn acknowledged(&mut self, what: &str, id: Option<String>) -> Value {
        // Up to here it was about what was wanted before.
        self.told = self.seen;
        json!({
            "type": what,
            "id": id,
            "topics": named(&self.filter, &self.server.stage.streams),
            "position": self.position(),
        })
    }

    /// Adds topics; from a position, a time or a number of events on only where nothing was wanted before.
    pub async fn subscribe(
        &mut self,
        topics: &[String],
        from: From,
        policy: Option<Policy>,
    ) -> Result<Vec<Value>, (String, &'static str)> {
        let filter = self.topics(topics);
        let filter = filter.map_err(|error| (error, "give topics that there are"))?;
        if from.is_some() && !self.filter.is_empty() {
            return Err((
                "a position can only be chosen with the first topics".to_owned(),
                "unsubscribe from all, or use a connection of its own",
            ));
        }
        if from.count() > 1 {
            return Err((
                "`after`, `since` and `last` say different things".to_owned(),
                "give one of them",
            ));
        }
        let mut messages = Vec::new();
        if self.filter.is_empty() {
            messages = self.place(from).await?;
        }
        self.filter.with(&filter);
        self.policy = policy.unwrap_or(self.policy);
        self.wants();
        if filter.wants(Notice::State) {
            let past = self.server.stage.past();
            let state = past.state(self.server.stage.time());
            messages.push(json!({ "type": "state", "state": state }));
        }
        Ok(messages)
    }

    async fn place(&mut self, from: From) -> Result<Vec<Value>, (String, &'static str)> {
        let mark = self.feed.borrow_and_update().clone();
        self.epoch = mark.epoch.clone();
        (self.seen, self.told) = (mark.events, mark.events);
        self.notices = mark.notices;
        self.catch_up = None;
        let place = match (&from.after, &from.since, from.last) {
            (Some(after), ..) => {
                let help = "give a position as it was told, such as `0123456789ab:42`";
                let (epoch, seq) = after
                    .rsplit_once(':')
                    .ok_or_else(|| (format!("`{after}` is no position"), help))?;
                let seq: u64 = seq
                    .parse()
                    .map_err(|_| (format!("`{after}` is no position"), help))?;
                if *epoch != *mark.epoch {
                    // What was seen there is not what there is now.
                    return Ok(vec![self.reset_told("the session has another epoch")]);
                }
                if seq > mark.events {
                    return Ok(vec![self.reset_told("the position has not been reached")]);
                }
                (self.seen, self.told) = (seq, seq);
                Since::After(seq)
            }
            (None, Some(since), _) => {
                let before = self.before(self.time(since)?, &mark).await?;
                (self.seen, self.told) = (before, before);
                Since::After(before)
            }
            (None, None, Some(last)) => Since::Last(last.min(1000)),
            (None, None, None) => return Ok(Vec::new()),
        };
        self.catch_up = Some(CatchUp::new(place, mark.events));
        Ok(Vec::new())
    }

    /// How many events come before a time. Later than now is now.
    async fn before(&self, time: Time, mark: &Mark) -> Result<u64, (String, &'static str)> {
        if time >= mark.time {
            return Ok(mark.events);
        }
        let past = self.server.stage.past();
        let before = self
            .server
            .replaying(move |control| past.events_before(time, control));
        let before = before
            .await
            .map_err(|error| (error, "give a later time, or a position"))?;
        Ok(before.min(mark.events))
    }

    fn time(&self, text: &str) -> Result<Time, (String, &'static str)> {
        let past = self.server.stage.past();
        past.time(text).map_err(|_| {
            (
                format!("`{text}` is no time"),
                "write an instant such as `2026-02-14T10:00:00Z`",
            )
        })
    }

    fn reset_told(&self, why: &str) -> Value {
        json!({
            "type": "reset",
            "reason": why,
            "epoch": &*self.epoch,
            "seq": self.seen,
        })
    }

    /// Waits until there may be something to send.
    pub async fn wait(&mut self) {
        // What there was before has been sent.
        self.client.at(self.seen, self.catch_up.is_some());
        // What is in the ring need not wait for more.
        let is_behind = self.filter.count() > 0 && self.feed.borrow().events > self.seen;
        if self.catch_up.is_some() || is_behind {
            return;
        }
        // The feed lives as long as the server.
        let _ = self.feed.changed().await;
    }

    /// What there is to send now.
    pub async fn next(&mut self) -> Vec<Sent> {
        let mark = self.feed.borrow_and_update().clone();
        let mut out = Vec::new();
        if mark.epoch != self.epoch {
            self.epoch = mark.epoch.clone();
            (self.seen, self.told) = (mark.events, mark.events);
            self.catch_up = None;
            self.wants();
            let told = self.reset_told("the session was reset");
            out.push(Sent::Message(self.write(told), Some(self.seen)));
        }
        self.notices(&mark, &mut out);
        if self.catch_up.is_some() {
            self.caught_up(&mut out).await;
        } else if self.filter.count() > 0 {
            self.batches(&mut out);
        } else {
            (self.seen, self.told) = (mark.events, mark.events);
        }
        if mark.closing {
            let bye = json!({
                "type": "closing",
                "reason": "the server goes down",
                "resume": self.position(),
            });
            out.push(Sent::Close(self.write(bye), 1001, "going down"));
        }
        out
    }

    fn notices(&mut self, mark: &Mark, out: &mut Vec<Sent>) {
        if mark.notices <= self.notices {
            return;
        }
        for told in self.server.stage.feed.told(self.notices) {
            if told.number > self.notices + 1 && self.filter.notices() {
                let lost = told.number - self.notices - 1;
                let gap = json!({ "type": "gap", "epoch": &*self.epoch, "notices": lost });
                self.client.told_of_gap();
                out.push(Sent::Message(self.write(gap), None));
            }
            self.notices = told.number;
            if self.filter.wants(told.notice) {
                let message = match self.format {
                    Format::Own => told.message,
                    Format::Cloud => {
                        let message = serde_json::from_str(told.message.as_str());
                        self.write(message.unwrap_or_default())
                    }
                };
                out.push(Sent::Message(message, None));
            }
        }
    }

    /// What of some events is wanted and has not been told.
    fn tell(&mut self, batch: &Batch, out: &mut Vec<Sent>) {
        self.seen = batch.last();
        match self.format {
            Format::Own => {
                if let Some(text) = batch.message(&self.filter, self.told + 1) {
                    self.told = self.seen;
                    out.push(Sent::Message(text, Some(self.seen)));
                }
            }
            Format::Cloud => {
                let origin = &self.server.stage.cloud;
                for (seq, text) in &*batch.apart(&self.filter, self.told + 1, origin) {
                    self.told = *seq;
                    out.push(Sent::Message(text.clone(), Some(*seq)));
                }
            }
        }
    }

    /// What is in the ring after what has been seen.
    fn batches(&mut self, out: &mut Vec<Sent>) {
        let feed = &self.server.stage.feed;
        match feed.after(&self.epoch, self.seen, BATCHES) {
            Next::Batches(batches) => {
                for batch in batches {
                    self.tell(&batch, out);
                }
            }
            Next::Before(first) => self.behind(first, out),
        }
    }

    /// The client could not keep up: what comes next is not in the ring any more.
    fn behind(&mut self, first: u64, out: &mut Vec<Sent>) {
        let gap = json!({
            "type": "gap",
            "epoch": &*self.epoch,
            "from": self.told + 1,
            "to": first - 1,
            "resume": self.position(),
        });
        self.client.told_of_gap();
        match self.policy {
            Policy::Close => {
                out.push(Sent::Close(self.write(gap), 1013, "too slow"));
            }
            Policy::Skip => {
                (self.seen, self.told) = (first - 1, first - 1);
                out.push(Sent::Message(self.write(gap), Some(self.seen)));
            }
            Policy::Conflate => {
                let behind = CatchUp::new(Since::Last(1), first - 1);
                self.catch_up = Some(behind.not_before(self.told + 1));
                // What is missed has been told: positions do not go back behind it.
                (self.seen, self.told) = (first - 1, first - 1);
                out.push(Sent::Message(self.write(gap), None));
            }
        }
    }

    async fn caught_up(&mut self, out: &mut Vec<Sent>) {
        let Some(catch_up) = &mut self.catch_up else {
            return;
        };
        let known = (self.server.clone(), self.filter.clone());
        match catch_up.next(known, self.epoch.clone()).await {
            Ok(Some(Step::Batch(batch))) => self.tell(&batch, out),
            Ok(Some(Step::Last(last))) => {
                let until = catch_up.until();
                self.last(&last, until, out);
            }
            Ok(None) => {
                self.seen = catch_up.until();
                self.catch_up = None;
                // What came meanwhile is in the ring.
                self.batches(out);
            }
            Err(error) => {
                self.catch_up = None;
                let resume = json!({
                    "type": "error",
                    "detail": error,
                    "help": format!("ask for GET /api/v1/events?after={}", self.position()),
                });
                out.push(Sent::Close(self.write(resume), 1011, "cannot catch up"));
            }
        }
    }

    /// The last events of each stream, up to a number.
    fn last(&mut self, last: &[Batch], until: u64, out: &mut Vec<Sent>) {
        (self.seen, self.told) = (until, until);
        let end = match self.format {
            Format::Own => snapshot(&self.epoch, until, last),
            Format::Cloud => {
                let origin = &self.server.stage.cloud;
                let events = last.iter().map(|event| event.happening(0, None, origin));
                out.extend(events.map(|text| Sent::Message(text.into(), None)));
                let count = last.len();
                let end = json!({ "type": "snapshot", "epoch": &*self.epoch, "to": until, "count": count });
                self.write(end)
            }
        };
        out.push(Sent::Message(end, Some(until)));
    }
}

/// From where on a client wants events.
#[derive(Clone, Debug, Default)]
pub struct From {
    /// After a position.
    pub after: Option<String>,
    /// From a time on.
    pub since: Option<String>,
    /// So many of each stream.
    pub last: Option<u32>,
}

impl From {
    fn is_some(&self) -> bool {
        self.count() > 0
    }

    fn count(&self) -> usize {
        let given = [
            self.after.is_some(),
            self.since.is_some(),
            self.last.is_some(),
        ];
        given.into_iter().filter(|given| *given).count()
    }
}

fn wrong(id: Option<String>, detail: &str, help: &str) -> Value {
    json!({ "type": "error", "id": id, "detail": detail, "help": help })
}

/// Talks with one client until it or the server goes.
pub async fn talk(mut socket: WebSocket, server: Arc<Server>, peer: Peer) {
    let chosen = socket.protocol().and_then(|name| name.to_str().ok());
    let format = match chosen {
        Some(CLOUD_SUBPROTOCOL) => Format::Cloud,
        _ => Format::Own,
    };
    let mut reader = Reader::new(server.clone(), format, Door::WebSocket, peer);
    let (mut heard, start) = (Instant::now(), Instant::now());
    let mut ping = interval_at(start + PING, PING);
    let mut heartbeat = interval_at(start + HEARTBEAT, HEARTBEAT);
    let mut allowance = Allowance::new(server.limits.messages, start.into_std());
    let hello = reader.hello();
    if !send(&mut socket, Message::Text(reader.write(hello))).await {
        return;
    }
    loop {
        tokio::select! {
            received = socket.recv() => {
                let received = match received {
                    Some(Ok(received)) => received,
                    Some(Err(error)) => {
                        if let Some((code, reason)) = fault(error) {
                            close(&mut socket, code, reason).await;
                        }
                        return;
                    }
                    None => return,
                };
                heard = Instant::now();
                let is_asking = !matches!(received, Message::Pong(_) | Message::Close(_));
                if is_asking && allowance.take(heard.into_std()).is_err() {
                    server.metrics.too_many();
                    warn!(peer = %peer.0, "connection closed: too many messages");
                    close(&mut socket, 1008, "too many messages").await;
                    return;
                }
                let answers = match received {
                    Message::Text(text) => reader.take(text.as_str()).await,
                    Message::Binary(_) => vec![wrong(None, "messages are texts", "send JSON as text")],
                    Message::Ping(_) | Message::Pong(_) => Vec::new(),
                    Message::Close(_) => {
                        // The answer to it goes out as the end is waited for.
                        let _ = timeout(ANSWER, socket.recv()).await;
                        return;
                    }
                };
                for answer in answers {
                    if !send(&mut socket, Message::Text(reader.write(answer))).await {
                        return;
                    }
                }
            }
            () = reader.wait() => {
                for sent in reader.next().await {
                    match sent {
                        Sent::Message(text, _) => {
                            server.metrics.sent(text.as_str().len());
                            if !send(&mut socket, Message::Text(text)).await {
                                return;
                            }
                        }
                        Sent::Close(text, code, reason) => {
                            if send(&mut socket, Message::Text(text)).await {
                                close(&mut socket, code, reason).await;
                            }
                            return;
                        }
                    }
                }
            }
            _ = heartbeat.tick() => {
                let beat = reader.heartbeat();
                if heard.elapsed() > DEAD || !send(&mut socket, Message::Text(reader.write(beat))).await {
                    return;
                }
            }
            _ = ping.tick() => {
                if !send(&mut socket, Message::Ping(Default::default())).await {
                    return;
                }
            }
        }
    }
}

/// Sends a message; whether the client is still there.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    // One that takes nothing is cut off by the connection.
    socket.send(message).await.is_ok()
}

async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    if send(socket, Message::Close(Some(frame))).await {
        // The client answers, if it is well. What it has said before that is read, as its system would not let it see the reason
        // otherwise.
        let answered = async { while let Some(Ok(_)) = socket.recv().await {} };
        let _ = timeout(ANSWER, answered).await;
    }
}

/// So long is waited for the end of a connection whose end has been said.
const ANSWER: Duration = Duration::from_secs(1);

/// The code and the reason with which a client is told what it has done against the protocol (RFC 6455, section 7.4.1), if that is why
/// nothing more can be read.
fn fault(error: axum::Error) -> Option<(u16, &'static str)> {
    let error = error.into_inner().downcast::<tungstenite::Error>().ok()?;
    match *error {
        tungstenite::Error::Utf8(_) => Some((1007, "a text is not UTF-8")),
        tungstenite::Error::Capacity(_) => Some((1009, "a message is too long")),
        tungstenite::Error::Protocol(_) => Some((1002, "a frame is against the protocol")),
        _ => None,
    }
}
