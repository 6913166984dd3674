//! The description of the protocol of live events: AsyncAPI 3.

use axum::Json;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::socket::{Request, SUBPROTOCOL};

/// The document.
pub async fn document() -> Json<Value> {
    Json(described())
}

/// A message: its `type`, what it is for, and the name and type of each thing that it has.
type Message = (
    &'static str,
    &'static str,
    &'static [(&'static str, &'static str)],
);

/// What is told besides answers: each message by its `type`, what it is for, and what it has.
const TOLD: &[Message] = &[
    (
        "hello",
        "The first message: where the session is, and what it allows",
        &[
            ("protocol", "string"),
            ("epoch", "string"),
            ("seq", "integer"),
            ("time", "string"),
            ("speed", "string"),
            ("paused", "boolean"),
            ("limits", "object"),
        ],
    ),
    (
        "subscribed",
        "What is wanted now, and the position after which events come",
        &[("topics", "object"), ("position", "string")],
    ),
    (
        "unsubscribed",
        "What is wanted now",
        &[("topics", "object"), ("position", "string")],
    ),
    (
        "events",
        "Events of the topics; everything from one number to another is in it, or was not wanted",
        &[
            ("epoch", "string"),
            ("from", "integer"),
            ("to", "integer"),
            ("time", "string"),
            ("events", "array"),
        ],
    ),
    (
        "snapshot",
        "The last events of each stream, as many as were asked for",
        &[("epoch", "string"), ("to", "integer"), ("events", "array")],
    ),
    (
        "heartbeat",
        "A sign of life: everything up to the number has been told, or was not wanted",
        &[("epoch", "string"), ("seq", "integer"), ("time", "string")],
    ),
    ("state", "How the session stands", &[("state", "object")]),
    (
        "anomaly",
        "An hour of a stream that turned warning or critical",
        &[
            ("epoch", "string"),
            ("stream", "string"),
            ("interval_start", "string"),
            ("value", "integer"),
            ("normalizedValue", "number"),
            ("anomalyFlag", "string"),
        ],
    ),
    (
        "twin:diff",
        "What an hour has that it would not have without what was asked for",
        &[
            ("epoch", "string"),
            ("from", "string"),
            ("to", "string"),
            ("streams", "array"),
        ],
    ),
    (
        "version",
        "A version of what is past: it was asked for, has been made, or was dropped",
        &[("epoch", "string"), ("version", "object")],
    ),
    (
        "gap",
        "Events that are not told because the client is too slow, and where to go on",
        &[
            ("epoch", "string"),
            ("from", "integer"),
            ("to", "integer"),
            ("resume", "string"),
        ],
    ),
    (
        "reset",
        "Another epoch: what was told before counts no more",
        &[
            ("reason", "string"),
            ("epoch", "string"),
            ("seq", "integer"),
        ],
    ),
    (
        "pong",
        "The answer to a ping",
        &[("epoch", "string"), ("seq", "integer")],
    ),
    (
        "error",
        "What was not understood, and what to do",
        &[("detail", "string"), ("help", "string")],
    ),
    (
        "closing",
        "The server goes down; where to go on",
        &[("reason", "string"), ("resume", "string")],
    ),
];

/// What clients and the server say to each other.
pub fn described() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let request = generator.subschema_for::<Request>().to_value();
    let schemas = Value::Object(generator.take_definitions(true));
    let mut messages: Map<String, Value> = Map::new();
    messages.insert(
        "request".to_owned(),
        json!({ "name": "request", "title": "What a client says", "payload": request }),
    );
    for (kind, about, fields) in TOLD {
        let properties = fields
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), json!({ "type": kind })));
        let mut properties: Map<String, Value> = properties.collect();
        properties.insert("type".to_owned(), json!({ "const": kind }));
        let required = fields.iter().map(|(name, _)| *name).chain(["type"]);
        let payload = json!({
            "type": "object",
            "properties": properties,
            "required": required.collect::<Vec<_>>(),
        });
        let name = kind.replace(':', "_");
        let message = json!({ "name": name, "title": about, "contentType": "application/json", "payload": payload });
        messages.insert(name, message);
    }
    let reference = |name: &String| json!({ "$ref": format!("#/components/messages/{name}") });
    let of_channel = |name: &String| json!({ "$ref": format!("#/channels/live/messages/{name}") });
    let on_channel: Map<String, Value> = messages
        .keys()
        .map(|name| (name.clone(), reference(name)))
        .collect();
    let told = messages
        .keys()
        .filter(|name| *name != "request")
        .map(of_channel);
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "causeflow live",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Events of a simulated business as they happen. Server-sent events at /api/v1/events/stream have the same messages.",
        },
        "servers": {
            "here": { "host": "127.0.0.1:7777", "protocol": "ws" },
        },
        "channels": {
            "live": {
                "address": "/api/v1/ws",
                "description": format!("WebSocket with the subprotocol {SUBPROTOCOL}"),
                "messages": on_channel,
            },
        },
        "operations": {
            "say": {
                "action": "receive",
                "channel": { "$ref": "#/channels/live" },
                "messages": [of_channel(&"request".to_owned())],
            },
            "hear": {
                "action": "send",
                "channel": { "$ref": "#/channels/live" },
                "messages": told.collect::<Vec<_>>(),
            },
        },
        "components": { "messages": messages, "schemas": schemas },
    })
}
