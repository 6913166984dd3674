//! The same messages as CloudEvents 1.0, one in each, as the protocol binding for WebSockets says (which knows no batches).
//!
//! An event of a stream has the stream as its `type`, and what the envelope of a batch says stands in extension attributes of its
//! own. All other messages have a `type` that begins with `causeflow.`, and their fields as `data`. A client speaks in the same way.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use causeflow_engine::streams::program::Program;
use serde_json::{Map, Value, json};

/// The subprotocol.
pub const CLOUD_SUBPROTOCOL: &str = "cloudevents.json";
/// How the types of messages begin that are no events of streams.
pub const PREFIX: &str = "causeflow.";

/// What stands in all events of a session: the model, and for each stream the field that says whom an event is about.
#[derive(Clone, Debug)]
pub struct Origin {
    model: String,
    subjects: Vec<Option<Subject>>,
}

/// Whom an event is about: the kind of entity, and the place of its id in the row.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The kind.
    pub kind: String,
    /// The column.
    pub column: usize,
}

/// An event of a stream, on its way out.
pub struct Happening<'a> {
    /// Names the order of events.
    pub epoch: &'a str,
    /// Its number.
    pub seq: u64,
    /// From this number on everything is told with it that was wanted; nothing in a snapshot.
    pub from: Option<u64>,
    /// Its stream, and its name.
    pub stream: (usize, &'a str),
    /// When it happens.
    pub time: &'a str,
    /// Its id, that of its cause, and that of the first event of its chain.
    pub ids: (u64, Option<u64>, u64),
    /// The entity that it is about.
    pub subject: Option<u64>,
    /// How unusual the last whole hour of its stream is.
    pub score: Option<(f64, &'static str)>,
    /// Its row.
    pub data: &'a [u8],
}

impl Origin {
    /// Of a model.
    pub fn of(program: &Program) -> Origin {
        let subject = |schema: &causeflow_engine::base::table::TableSchema| {
            let mut columns = schema.columns.iter().enumerate();
            columns.find_map(|(column, of)| {
                let mut kinds = program.kinds.iter();
                let kind = kinds.find(|kind| of.name == format!("{}_id", kind.name))?;
                Some(Subject {
                    kind: kind.name.clone(),
                    column,
                })
            })
        };
        Origin {
            model: program.name.clone(),
            subjects: program
                .streams
                .iter()
                .map(|stream| subject(&stream.schema()))
                .collect(),
        }
    }

    /// Whom events of a stream are about.
    pub fn subject(&self, stream: usize) -> Option<&Subject> {
        self.subjects.get(stream)?.as_ref()
    }

    /// An event of a stream as a CloudEvent.
    pub fn event(&self, event: &Happening<'_>) -> String {
        let Happening {
            epoch,
            seq,
            time,
            ids: (id, cause, root),
            ..
        } = event;
        let (stream, name) = event.stream;
        let mut text = String::with_capacity(event.data.len() + 400);
        // Writing to a text cannot fail. None of the names needs to be escaped.
        let _ = write!(
            text,
            "{{\"specversion\":\"1.0\",\"type\":\"{name}\",\"source\":\"/{}/{epoch}\",\"id\":\"{id}\",\"time\":\"{time}\"",
            self.model
        );
        if let (Some(Subject { kind, .. }), Some(of)) = (self.subject(stream), event.subject) {
            let _ = write!(text, ",\"subject\":\"{kind}/{of}\"");
        }
        let _ = write!(text, ",\"epoch\":\"{epoch}\",\"sequence\":\"{seq:020}\"");
        if let Some(from) = event.from {
            let _ = write!(text, ",\"coversfrom\":\"{from:020}\"");
        }
        if let Some(cause) = cause {
            let _ = write!(text, ",\"causationid\":\"{cause}\"");
        }
        let _ = write!(text, ",\"correlationid\":\"{root}\"");
        if let Some((score, flag)) = event.score {
            let _ = write!(
                text,
                ",\"normalizedvalue\":\"{score:.1}\",\"anomalyflag\":\"{flag}\""
            );
        }
        text.push_str(",\"datacontenttype\":\"application/json\",\"data\":");
        text.push_str(&String::from_utf8_lossy(event.data));
        text.push('}');
        text
    }

    /// Any other message as a CloudEvent; `id` is one that no other message of its source has.
    pub fn message(&self, mut message: Value, epoch: &str, id: &str) -> Value {
        let fields = message.as_object_mut();
        let kind = fields.and_then(|fields| fields.shift_remove("type"));
        let kind = kind.as_ref().and_then(Value::as_str).unwrap_or("message");
        let mut event = json!({
            "specversion": "1.0",
            "type": format!("{PREFIX}{kind}"),
            "source": format!("/{}/{epoch}", self.model),
            "id": id,
            "epoch": epoch,
        });
        // The answer to what a client has said names it.
        let fields = message.as_object_mut();
        if let Some(Value::String(said)) = fields.and_then(|fields| fields.shift_remove("id")) {
            event["causationid"] = said.into();
        }
        if let Some(Value::String(time)) = message.get("time") {
            event["time"] = time.as_str().into();
        }
        event["datacontenttype"] = "application/json".into();
        event["data"] = message;
        event
    }
}

/// What no other start of a server has: the instant at which it was.
#[allow(
    clippy::disallowed_methods,
    reason = "it is in ids of messages that are no events, and in nothing that is simulated"
)]
pub fn born() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    format!("{:x}", since.unwrap_or_default().as_micros())
}

/// What a client says as a CloudEvent, as it would say it without; and the id by which the answer names it.
///
/// # Errors
/// What is wrong with it.
pub fn said(text: &str) -> Result<(Value, String), String> {
    let mut event: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("this is no CloudEvent: {error}"))?;
    let mut take = |name: &str| match event.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text),
        Some(other) => Err(format!("`{name}` of a CloudEvent is no {other}")),
        None => Err(format!("a CloudEvent has `{name}`")),
    };
    let (version, id) = (take("specversion")?, take("id")?);
    let (_, kind) = (take("source")?, take("type")?);
    if version != "1.0" {
        return Err(format!("`specversion` is 1.0, and not {version}"));
    }
    let kind = kind
        .strip_prefix(PREFIX)
        .ok_or_else(|| format!("`type` begins with `{PREFIX}`, and `{kind}` does not"))?;
    let mut message = match event.remove("data") {
        None => Map::new(),
        Some(Value::Object(data)) => data,
        Some(_) => return Err("`data` of what a client says is an object".to_owned()),
    };
    for name in ["type", "id"] {
        if message.contains_key(name) {
            return Err(format!(
                "`{name}` is an attribute of the CloudEvent, and not of its data"
            ));
        }
    }
    message.insert("type".to_owned(), kind.into());
    message.insert("id".to_owned(), id.as_str().into());
    Ok((Value::Object(message), id))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_said_comes_out_of_its_envelope() {
        let of = |event: Value| said(&event.to_string());
        let event = json!({
            "specversion": "1.0", "id": "a", "source": "/me", "type": "causeflow.subscribe", "data": {"topics": ["*"]},
        });
        let (message, id) = of(event.clone()).expect("a message");
        assert_eq!(id, "a");
        assert_eq!(
            message,
            json!({"topics": ["*"], "type": "subscribe", "id": "a"})
        );
        for (name, wrong) in [
            ("specversion", json!("0.3")),
            ("specversion", json!(1.0)),
            ("id", json!("")),
            ("source", Value::Null),
            ("type", json!("subscribe")),
            ("data", json!([])),
            ("data", json!({"type": "ping"})),
        ] {
            let mut event = event.clone();
            event[name] = wrong;
            assert!(of(event).is_err(), "{name}");
        }
        for name in ["specversion", "id", "source", "type"] {
            let mut event = event.clone();
            event.as_object_mut().expect("an object").remove(name);
            assert!(of(event).expect_err("lacks it").contains(name));
        }
    }

    proptest! {
        #[test]
        fn nothing_that_is_said_is_a_fault(text in "\\PC*") {
            let _ = said(&text);
        }

        #[test]
        fn an_event_is_json_with_names_that_a_cloudevent_may_have(
            seq in 1u64.., id in 1u64.., cause in prop::option::of(1u64..), from in prop::option::of(1u64..), who in prop::option::of(1u64..),
        ) {
            let origin = Origin {
                model: "tutoring".to_owned(),
                subjects: vec![Some(Subject { kind: "student".to_owned(), column: 6 })],
            };
            let text = origin.event(&Happening {
                epoch: "0123456789ab", seq, from, stream: (0, "customer.login"), time: "2026-02-02T00:00:00.000000Z",
                ids: (id, cause, id), subject: who, score: Some((50.0, "normal")), data: b"{\"a\":1}",
            });
            let event: Map<String, Value> = serde_json::from_str(&text).expect("JSON");
            prop_assert_eq!(event.contains_key("causationid"), cause.is_some());
            prop_assert_eq!(event.contains_key("subject"), who.is_some());
            prop_assert_eq!(event["sequence"].as_str().and_then(|text| text.parse().ok()), Some(seq));
            for name in event.keys() {
                prop_assert!(name.len() <= 20 && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()), "{}", name);
            }
        }
    }
}
