//! The other half of the protocol: what a program needs to look on and to steer.

use std::time::Duration;

use axum::http::{HeaderValue, Uri, header};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

use crate::guard::TOKEN_PROTOCOL;
use crate::socket::SUBPROTOCOL;

/// What a client looks at.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Where the server is, such as `http://127.0.0.1:7777`.
    pub url: String,
    /// What it wants.
    pub topics: Vec<String>,
    /// From where on; from now on by default.
    pub after: Option<String>,
    /// So many of the last events of each stream first.
    pub last: Option<u32>,
    /// What lets it in.
    pub token: Option<String>,
}

/// Why looking on has ended.
#[derive(Debug)]
pub enum Ended {
    /// The connection broke, or could not be made: it can be tried again.
    Lost(String),
    /// The server does not let it in, or does not understand it.
    Refused(String),
    /// Whoever looks on has enough.
    Enough,
}

/// How long a server may be silent before it is taken for dead: it tells its position every few seconds.
const SILENT: Duration = Duration::from_secs(30);

impl Watch {
    /// Looks on until the connection ends. Each message is handed over; what is returned by it says whether to go on.
    pub async fn connect(&self, each: &mut dyn FnMut(&Value, &str) -> bool) -> Ended {
        let request = match self.request() {
            Ok(request) => request,
            Err(error) => return Ended::Refused(error),
        };
        let mut socket = match connect_async(request).await {
            Ok((socket, _)) => socket,
            Err(WsError::Http(response)) => {
                let body = response.body().as_deref().map(String::from_utf8_lossy);
                let status = response.status();
                if status.is_server_error() {
                    // A proxy says so while the server is started again.
                    return Ended::Lost(format!("the server answered {status}"));
                }
                return Ended::Refused(format!("{status}: {}", body.unwrap_or_default()));
            }
            Err(error @ (WsError::Url(_) | WsError::HttpFormat(_))) => {
                return Ended::Refused(error.to_string());
            }
            Err(error) => return Ended::Lost(error.to_string()),
        };
        let mut subscribe = json!({ "type": "subscribe", "id": "watch", "topics": self.topics });
        if let Some(after) = &self.after {
            subscribe["after"] = after.as_str().into();
        } else if let Some(last) = self.last {
            subscribe["last"] = last.into();
        }
        if let Err(error) = socket.send(Message::text(subscribe.to_string())).await {
            return Ended::Lost(error.to_string());
        }
        loop {
            let received = match tokio::time::timeout(SILENT, socket.next()).await {
                Ok(Some(Ok(received))) => received,
                Ok(Some(Err(error))) => return Ended::Lost(error.to_string()),
                Ok(None) => return Ended::Lost("the server closed the connection".to_owned()),
                Err(_) => return Ended::Lost("the server has been silent".to_owned()),
            };
            match received {
                Message::Text(text) => {
                    let value: Value = match serde_json::from_str(&text) {
                        Ok(value) => value,
                        Err(error) => {
                            return Ended::Refused(format!("this is no message: {error}"));
                        }
                    };
                    if !each(&value, &text) {
                        let _ = socket.close(None).await;
                        return Ended::Enough;
                    }
                }
                Message::Close(_) => {
                    return Ended::Lost("the server closed the connection".to_owned());
                }
                _ => {}
            }
        }
    }

    fn request(&self) -> Result<axum::http::Request<()>, String> {
        let uri: Uri = self
            .url
            .parse()
            .map_err(|error| format!("`{}` is no address: {error}", self.url))?;
        let authority = uri
            .authority()
            .ok_or_else(|| format!("`{}` is no address", self.url))?;
        if uri.scheme_str() == Some("https") {
            return Err(
                "TLS is for a proxy in front of the server: give an address with http://"
                    .to_owned(),
            );
        }
        let mut request = format!("ws://{authority}/api/v1/ws")
            .into_client_request()
            .map_err(|error| error.to_string())?;
        let protocols = match &self.token {
            Some(token) => format!("{SUBPROTOCOL}, {TOKEN_PROTOCOL}{token}"),
            None => SUBPROTOCOL.to_owned(),
        };
        let value = HeaderValue::from_str(&protocols)
            .map_err(|_| "the token is not one that a header can have".to_owned())?;
        request
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, value);
        Ok(request)
    }
}

/// REST from the outside.
#[derive(Clone, Debug)]
pub struct Http {
    /// Where the server is.
    pub url: String,
    /// What lets it in.
    pub token: Option<String>,
}

/// An answer of a server: its status, and its body.
pub type Answered = Result<(u16, String), String>;

/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(60);

impl Http {
    /// Asks for something.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn get(&self, path: &str) -> Answered {
        let request = self
            .agent()
            .get(self.at(path))
            .header("Authorization", self.bearer());
        answered(request.call())
    }

    /// Tells something.
    ///
    /// # Errors
    /// When nobody answers.
    pub fn post(&self, path: &str, body: &Value) -> Answered {
        let request = self
            .agent()
            .post(self.at(path))
            .header("Authorization", self.bearer());
        answered(
            request
                .content_type("application/json")
                .send(body.to_string()),
        )
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url.trim_end_matches('/'))
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token.as_deref().unwrap_or_default())
    }

    fn agent(&self) -> ureq::Agent {
        let config = ureq::Agent::config_builder();
        let config = config
            .http_status_as_error(false)
            .timeout_global(Some(ANSWER));
        config.build().into()
    }
}

fn answered(response: Result<axum::http::Response<ureq::Body>, ureq::Error>) -> Answered {
    let mut response = response.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    // Histories and journals may be long.
    let body = response
        .body_mut()
        .with_config()
        .limit(1 << 30)
        .read_to_string();
    Ok((status, body.map_err(|error| error.to_string())?))
}

/// What has come to a client that looks on, to be compared with what the journal gives.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// Names the order of events.
    pub epoch: String,
    /// What has come: the number of each event, and the event.
    pub events: std::collections::BTreeMap<u64, Value>,
    /// Numbers up to which everything has come, from the first one on.
    pub covered: Option<(u64, u64)>,
    /// Numbers that have come more than once.
    pub twice: u64,
    /// Stretches that were never told.
    pub holes: Vec<(u64, u64)>,
}

impl Record {
    /// Takes a message down.
    pub fn take(&mut self, message: &Value) {
        let number = |name: &str| message.get(name).and_then(Value::as_u64);
        let epoch = message.get("epoch").and_then(Value::as_str);
        match message.get("type").and_then(Value::as_str) {
            Some("subscribed" | "unsubscribed") => {
                let position = message.get("position").and_then(Value::as_str);
                let position = position.and_then(|text| text.rsplit_once(':'));
                if let Some((epoch, seq)) = position
                    && let Ok(seq) = seq.parse::<u64>()
                {
                    match self.covered {
                        None => {
                            self.epoch = epoch.to_owned();
                            self.covered = Some((seq + 1, seq));
                        }
                        // Up to here it was about what was wanted before.
                        Some((first, last)) if self.epoch == epoch => {
                            self.covered = Some((first, seq.max(last)));
                        }
                        // That it was reset is told next.
                        Some(_) => {}
                    }
                }
            }
            Some("reset") => {
                if let (Some(epoch), Some(seq)) = (epoch, number("seq")) {
                    *self = Record {
                        epoch: epoch.to_owned(),
                        covered: Some((seq + 1, seq)),
                        ..Record::default()
                    };
                }
            }
            Some("events") => self.events(message),
            Some("heartbeat") => {
                if let (Some((first, _)), Some(seq)) = (self.covered, number("seq")) {
                    self.covered = Some((first, seq));
                }
            }
            _ => {}
        }
    }

    fn events(&mut self, message: &Value) {
        let number = |name: &str| {
            message
                .get(name)
                .and_then(Value::as_u64)
                .unwrap_or_default()
        };
        let (from, to) = (number("from"), number("to"));
        let (first, last) = self.covered.unwrap_or((from, from.saturating_sub(1)));
        if from > last + 1 {
            self.holes.push((last + 1, from - 1));
        }
        self.covered = Some((first, to.max(last)));
        let events = message.get("events").and_then(Value::as_array);
        for event in events.into_iter().flatten() {
            let seq = event.get("seq").and_then(Value::as_u64).unwrap_or_default();
            if self.events.insert(seq, event.clone()).is_some() {
                self.twice += 1;
            }
        }
    }

    /// The position after what has come.
    pub fn position(&self) -> Option<String> {
        let (_, last) = self.covered?;
        Some(format!("{}:{last}", self.epoch))
    }
}
