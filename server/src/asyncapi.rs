//! The description of the protocol of live events: AsyncAPI 3.

use axum::Json;
use causeflow_runs::live::{StateShown, VersionShown};
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::api::shapes::{EventTold, HourDifference};
use crate::cloud::{CLOUD_SUBPROTOCOL, PREFIX};
use crate::socket::{Request, SUBPROTOCOL};
use crate::sse::Listening;

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
            ("heartbeat_s", "number?"),
            ("ping_s", "number?"),
            ("dead_after_s", "number?"),
            ("resumed", "boolean?"),
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
            ("events", "events"),
        ],
    ),
    (
        "snapshot",
        "The last events of each stream, as many as were asked for",
        &[("epoch", "string"), ("to", "integer"), ("events", "events")],
    ),
    (
        "heartbeat",
        "A sign of life: everything up to the number has been told, or was not wanted",
        &[("epoch", "string"), ("seq", "integer"), ("time", "string")],
    ),
    ("state", "How the session stands", &[("state", "state")]),
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
            ("streams", "differences"),
        ],
    ),
    (
        "version",
        "A version of what is past: it was asked for, has been made, or was dropped",
        &[("epoch", "string"), ("version", "version")],
    ),
    (
        "gap",
        "Events that are not told because the client is too slow, with `from`, `to` and where to go on; or so many `notices` \
         (messages that are no events)",
        &[
            ("epoch", "string"),
            ("from", "integer?"),
            ("to", "integer?"),
            ("resume", "string?"),
            ("notices", "integer?"),
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

/// The attributes of an event of a stream as a CloudEvent, besides those that all have.
const OF_EVENTS: &[(&str, &str, bool)] = &[
    ("time", "When it happens", true),
    (
        "subject",
        "Whom it is about: the kind and the id of an entity",
        false,
    ),
    ("epoch", "Names the order of events", true),
    (
        "sequence",
        "Its number, of 20 digits: with the epoch, the position after which one can go on",
        true,
    ),
    (
        "coversfrom",
        "Everything from this number up to its own is told with it, or was not wanted; not in a snapshot",
        false,
    ),
    ("causationid", "The id of the event that caused it", false),
    (
        "correlationid",
        "The id of the first event of its chain",
        true,
    ),
    (
        "normalizedvalue",
        "The score of its stream's last whole hour",
        false,
    ),
    ("anomalyflag", "normal, warning or critical", false),
];

/// A CloudEvent: what its type says, its attributes besides those that all have, and its data.
fn cloud_event(kind: Value, attributes: &[(&str, &str, bool)], data: Value) -> Value {
    let mut properties = json!({
        "specversion": { "const": "1.0" },
        "type": kind,
        "source": { "type": "string", "minLength": 1 },
        "id": { "type": "string", "minLength": 1 },
        "datacontenttype": { "const": "application/json" },
        "data": data,
    });
    let mut required = vec!["specversion", "type", "source", "id"];
    for (name, about, needed) in attributes {
        properties[*name] = json!({ "type": "string", "description": about });
        required.extend(needed.then_some(*name));
    }
    json!({ "type": "object", "properties": properties, "required": required })
}

/// The same messages as CloudEvents: by name, what is told and what a client says.
fn cloud_messages() -> Vec<(&'static str, &'static str, Value)> {
    let object = json!({ "type": "object" });
    let kinds = TOLD.iter().map(|(kind, ..)| *kind);
    let kinds = kinds.filter(|kind| *kind != "events");
    let kinds: Vec<String> = kinds.map(|kind| format!("{PREFIX}{kind}")).collect();
    let said = ["subscribe", "unsubscribe", "ping"].map(|kind| format!("{PREFIX}{kind}"));
    let of_answers = [
        ("epoch", "Names the order of events", true),
        ("causationid", "The id of what it answers", false),
        ("time", "As in the data, where it has one", false),
    ];
    vec![
        (
            "cloud_event",
            "An event of a stream, whose name is the type",
            cloud_event(json!({ "type": "string" }), OF_EVENTS, object.clone()),
        ),
        (
            "cloud_message",
            "Any other message: its fields are the data",
            cloud_event(json!({ "enum": kinds }), &of_answers, object.clone()),
        ),
        (
            "cloud_request",
            "What a client says: the fields of the request but `type` and `id` are the data",
            cloud_event(json!({ "enum": said }), &[], object),
        ),
    ]
}

/// What clients and the server say to each other.
pub fn described() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    let mut generator = settings.into_generator();
    let request = generator.subschema_for::<Request>().to_value();
    let listening = generator.subschema_for::<Listening>().to_value();
    let events = generator.subschema_for::<Vec<EventTold>>().to_value();
    let differences = generator.subschema_for::<Vec<HourDifference>>().to_value();
    let state = generator.subschema_for::<StateShown>().to_value();
    let version = generator.subschema_for::<VersionShown>().to_value();
    let of_kind = |kind: &str| match kind.trim_end_matches('?') {
        "events" => events.clone(),
        "differences" => differences.clone(),
        "state" => state.clone(),
        "version" => version.clone(),
        plain => json!({ "type": plain }),
    };
    let schemas = Value::Object(generator.take_definitions(true));
    let mut messages: Map<String, Value> = Map::new();
    messages.insert(
        "request".to_owned(),
        json!({ "name": "request", "title": "What a client says", "payload": request }),
    );
    for (kind, about, fields) in TOLD {
        let properties = fields
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), of_kind(kind)));
        let mut properties: Map<String, Value> = properties.collect();
        properties.insert("type".to_owned(), json!({ "const": kind }));
        let always = fields.iter().filter(|(_, kind)| !kind.ends_with('?'));
        let required = always.map(|(name, _)| *name).chain(["type"]);
        let payload = json!({
            "type": "object",
            "properties": properties,
            "required": required.collect::<Vec<_>>(),
        });
        let name = kind.replace(':', "_");
        let message = json!({ "name": name, "title": about, "contentType": "application/json", "payload": payload });
        messages.insert(name, message);
    }
    let own: Vec<String> = messages.keys().cloned().collect();
    for (name, about, payload) in cloud_messages() {
        let kind = "application/cloudevents+json";
        let message =
            json!({ "name": name, "title": about, "contentType": kind, "payload": payload });
        messages.insert(name.to_owned(), message);
    }
    let apart: Vec<String> = messages.keys().skip(own.len()).cloned().collect();
    let reference = |name: &String| json!({ "$ref": format!("#/components/messages/{name}") });
    let of_channel = |channel: &str, name: &str| json!({ "$ref": format!("#/channels/{channel}/messages/{name}") });
    let channel = |(address, server): (&str, &str), about: String, names: &[String]| {
        let messages = names.iter().map(|name| (name.clone(), reference(name)));
        let messages: Map<String, Value> = messages.collect();
        let servers = json!([{ "$ref": format!("#/servers/{server}") }]);
        json!({ "address": address, "servers": servers, "description": about, "messages": messages })
    };
    let socket = ("/api/v1/ws", "here");
    let told: Vec<String> = own
        .iter()
        .filter(|name| *name != "request")
        .cloned()
        .collect();
    // Those that answer what is said only over a WebSocket.
    let answers = ["subscribed", "unsubscribed", "pong", "error", "heartbeat"];
    let listened: Vec<String> = told
        .iter()
        .filter(|name| !answers.contains(&name.as_str()))
        .cloned()
        .collect();
    let of = |channel: &str, names: &[String]| -> Vec<Value> {
        names.iter().map(|name| of_channel(channel, name)).collect()
    };
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "causeflow live",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Events of a simulated business as they happen. Server-sent events at /api/v1/events/stream have the same messages.",
        },
        "servers": {
            "here": { "host": "127.0.0.1:7777", "protocol": "ws" },
            "listening": { "host": "127.0.0.1:7777", "protocol": "http" },
        },
        "channels": {
            "live": channel(socket, format!("WebSocket with the subprotocol {SUBPROTOCOL}"), &own),
            "listen": channel(
                ("/api/v1/events/stream", "listening"),
                "Server-sent events: each has the message's type as its event, the message as its data, and a position as its id".to_owned(),
                &listened,
            ),
            "cloud": channel(
                socket,
                format!("The same with the subprotocol {CLOUD_SUBPROTOCOL}: CloudEvents 1.0, one in each message"),
                &apart,
            ),
        },
        "operations": {
            "say": {
                "action": "receive",
                "channel": { "$ref": "#/channels/live" },
                "messages": [of_channel("live", "request")],
            },
            "hear": {
                "action": "send",
                "channel": { "$ref": "#/channels/live" },
                "messages": of("live", &told),
            },
            "listen": {
                "action": "send",
                "channel": { "$ref": "#/channels/listen" },
                "messages": of("listen", &listened),
                "bindings": { "http": { "method": "GET", "query": listening, "bindingVersion": "0.3.0" } },
            },
            "sayCloudEvents": {
                "action": "receive",
                "channel": { "$ref": "#/channels/cloud" },
                "messages": [of_channel("cloud", "cloud_request")],
            },
            "hearCloudEvents": {
                "action": "send",
                "channel": { "$ref": "#/channels/cloud" },
                "messages": [of_channel("cloud", "cloud_event"), of_channel("cloud", "cloud_message")],
            },
        },
        "components": { "messages": messages, "schemas": schemas },
    })
}
