//! Live events as server-sent events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Asks, asked};
use crate::clients::{Door, Peer};
use crate::problem::Problem;
use crate::server::Server;
use crate::socket::{Format, From, Policy, Reader, Sent};

/// What a listener asks for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Listening {
    /// Topics with commas between them; all streams by default.
    #[serde(default)]
    pub topics: Option<String>,
    /// A position `epoch:seq`: everything after it comes. `Last-Event-ID` goes before it, before `since` and before `last`.
    #[serde(default)]
    pub after: Option<String>,
    /// A virtual time: everything from it on comes. `lastTimestamp` is the same.
    #[serde(default, alias = "lastTimestamp")]
    pub since: Option<String>,
    /// So many of the last events of each stream come first.
    #[serde(default)]
    pub last: Option<u32>,
    /// What to do when the client cannot keep up: `close` (by default), `skip` or `conflate`.
    #[serde(default)]
    pub policy: Option<Policy>,
}

/// Streams what a client asks for. Each message has the position as its id, so that a client that comes back says by itself
/// where it was.
pub async fn listen(
    State(server): State<Arc<Server>>,
    Extension(peer): Extension<Peer>,
    query: Asks<Listening>,
    headers: HeaderMap,
) -> Response {
    let asked = match asked(query) {
        Ok(asked) => asked,
        Err(problem) => return problem.into_response(),
    };
    let known = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let topics = asked.topics.unwrap_or_else(|| "*".to_owned());
    let topics: Vec<String> = topics
        .split(',')
        .map(|topic| topic.trim().to_owned())
        .collect();
    let from = match known {
        // A browser that comes back asks for what it has asked for first.
        Some(known) => From {
            after: Some(known.to_owned()),
            ..From::default()
        },
        None => From {
            after: asked.after,
            since: asked.since,
            last: asked.last,
        },
    };
    let resumes = from.after.is_some();
    let mut reader = Reader::new(server.clone(), Format::Own, Door::ServerSentEvents, peer);
    let first = match reader.subscribe(&topics, from, asked.policy).await {
        Ok(messages) => messages,
        Err((error, help)) => return Problem::bad(error, help).into_response(),
    };
    let mut hello = reader.hello();
    let begins_anew = first.iter().any(|message| message["type"] == "reset");
    hello["resumed"] = (resumes && !begins_anew).into();
    let begin = std::iter::once(hello).chain(first);
    let begin: Vec<Event> = begin
        .map(|message| {
            Event::default()
                .event(kind(&message.to_string()))
                .id(reader.position())
                .data(message.to_string())
        })
        .collect();
    let state = Listener {
        reader,
        server,
        waiting: begin.into_iter().rev().collect(),
        over: false,
    };
    let stream = futures_util::stream::unfold(state, |mut state| async move {
        let event = state.next().await?;
        Some((Ok::<Event, Infallible>(event), state))
    });
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Sse::new(stream).keep_alive(alive).into_response()
}

struct Listener {
    reader: Reader,
    server: Arc<Server>,
    /// What is sent next, the last one first.
    waiting: Vec<Event>,
    over: bool,
}

impl Listener {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.waiting.pop() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            self.reader.wait().await;
            for sent in self.reader.next().await {
                let (text, last) = match sent {
                    Sent::Message(text, last) => (text, last),
                    Sent::Close(text, ..) => {
                        self.over = true;
                        (text, None)
                    }
                };
                self.server.metrics.sent(text.as_str().len());
                let mut event = Event::default()
                    .event(kind(text.as_str()))
                    .data(text.as_str());
                if let Some(last) = last {
                    event = event.id(self.reader.at(last));
                }
                self.waiting.push(event);
            }
            self.waiting.reverse();
        }
    }
}

/// The kind of a message, which stands first in it.
fn kind(text: &str) -> &str {
    let kind = text
        .strip_prefix("{\"type\":\"")
        .and_then(|rest| rest.split('"').next());
    kind.unwrap_or("message")
}
