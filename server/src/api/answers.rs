//! The endpoints of version 1.

use std::ops::Range;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Extension, Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get as reads, post as tells};
use causeflow_engine::base::time::{Span, Time};
use causeflow_models::duration;
use causeflow_runs::about::{ScenarioShown, TemplateShown};
use causeflow_runs::live::{
    Anomaly, Barrier, Chain, Command, EffectShown, Entry, ExternalEventShown, HistoryShown,
    Injection, InterventionShown, Past, StateShown, VersionShown,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::shapes::{ColumnShown, EventTold, SessionStatistics};
use super::times::{range, resolution};
use super::{Endpoint, Param, Schemas};
use crate::catch_up::rows_of;
use crate::clients::Peer;
use crate::cloud::CLOUD_SUBPROTOCOL;
use crate::pace::{ClockShown, Speed};
use crate::problem::Problem;
use crate::server::{MESSAGE_BYTES, Server};
use crate::show;
use crate::socket::{self, SUBPROTOCOL};
use crate::stage::{ClockSet, Done};
use crate::topics::Filter;

/// The longest step of the clock.
const LONGEST_STEP: Span = Span(366 * Span::DAY.0);

/// What is answered, or why not.
pub type Answer<T> = Result<Json<T>, Problem>;
/// The body of a request.
pub type Body = Result<Json<Value>, JsonRejection>;
/// What all handlers have at hand.
pub type At = State<Arc<Server>>;

/// A part of time, and some streams.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// From when on: an instant, a time in the model's time zone, `day3`, `now`, or before now, such as `-7d`. The session's start
    /// by default.
    #[serde(default)]
    pub from: Option<String>,
    /// Until when, likewise; now by default.
    #[serde(default)]
    pub to: Option<String>,
    /// Streams or patterns with commas between them; all by default.
    #[serde(default)]
    pub streams: Option<String>,
    /// `12h` (by default) or `1h`.
    #[serde(default)]
    pub resolution: Option<String>,
}

/// A part of time, and some streams, whatever intervals it has.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AskedOfAll {
    /// From when on: an instant, a time in the model's time zone, `day3`, `now`, or before now, such as `-7d`. The session's start
    /// by default.
    #[serde(default)]
    pub from: Option<String>,
    /// Until when, likewise; now by default.
    #[serde(default)]
    pub to: Option<String>,
    /// Streams or patterns with commas between them; all by default.
    #[serde(default)]
    pub streams: Option<String>,
}

/// Events after a position.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct After {
    /// A position `epoch:seq`, or a number of events; the beginning by default.
    #[serde(default)]
    pub after: Option<String>,
    /// Streams or patterns with commas between them; all by default.
    #[serde(default)]
    pub streams: Option<String>,
    /// How many events to look at, at most 10000; 1000 by default.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Where an event is.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Where {
    /// Its number, as it was given out; without it, only what was given out of late is searched.
    #[serde(default)]
    pub seq: Option<u64>,
    /// How far up and down its chain is followed, such as `2d`; at most 7d.
    #[serde(default)]
    pub within: Option<String>,
}

/// Events, and where to go on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Events {
    /// Names the order of events.
    pub epoch: String,
    /// The number after which these come.
    pub after: u64,
    /// The position after which the next ones come.
    pub next: String,
    /// Whether there are more by now.
    pub more: bool,
    /// The events, as in the protocol.
    #[schemars(with = "Vec<EventTold>")]
    pub events: Vec<Value>,
}

/// A stream.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StreamShown {
    /// Its name.
    pub name: String,
    /// The business domain.
    pub domain: String,
    /// `high`, `medium` or `low`.
    pub cadence: String,
    /// What an event means.
    pub description: String,
    /// Its columns: name, type, unit, what it means.
    #[schemars(with = "Vec<ColumnShown>")]
    pub columns: Vec<Value>,
}

/// How the clock is to go; what is left out stays.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClockChange {
    /// A number of virtual seconds a second up to 100000, `max`, or `stepped`.
    #[serde(default)]
    pub speed: Option<Value>,
    /// Whether it stands still.
    #[serde(default)]
    pub paused: Option<bool>,
    /// Goes on so far, such as `1h`, also while it stands still.
    #[serde(default)]
    pub step: Option<String>,
}

/// A command, and when it acts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Given {
    /// A later time, also from now on, such as `+2h`; now by default. A scenario or an external event at a time that is past, such as `-1d`,
    /// makes a version of what is past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What is to be done.
    #[serde(flatten)]
    pub command: Command,
}

/// What came of a command.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Acknowledged {
    /// The line of the journal.
    pub entry: Entry,
    /// Whether it had been given before, by its key: then nothing has been done now.
    pub again: bool,
    /// How the session stands when it acts.
    pub state: StateShown,
    /// The version that it makes of what is past, if its time was that.
    pub version: Option<VersionShown>,
    /// What of it and of what was there before excludes each other, as a run warns of it.
    pub warnings: Vec<String>,
}

/// A change of a parameter for some time.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Modification {
    /// The parameter, such as `customer.tutor.search/rate`.
    pub on: String,
    /// A factor.
    #[serde(default)]
    pub multiply: Option<f64>,
    /// What is added, such as `60/h`.
    #[serde(default)]
    pub add: Option<Value>,
    /// What it is instead.
    #[serde(default, rename = "override")]
    pub override_with: Option<Value>,
    /// What is added to a probability.
    #[serde(default)]
    pub shift: Option<Value>,
    /// How long it holds, such as `2h`.
    pub duration: String,
    /// How long it takes to rise; at once by default.
    #[serde(default)]
    pub onset: Option<String>,
    /// How it lets go: `immediate`, or `{"linear": "2h"}`.
    #[serde(default)]
    pub settling: Option<Value>,
    /// A later time, also from now on, such as `+2h`; now by default.
    #[serde(default)]
    pub at: Option<String>,
    /// A headline.
    #[serde(default)]
    pub title: Option<String>,
}

/// What a session is at its last barrier that has been played.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Fingerprint {
    /// The barrier, RFC 3339 in UTC.
    pub time: String,
    /// Events before it.
    pub events: u64,
    /// Digest of these: that of a run which ends there.
    pub fingerprint: String,
}

/// One that answers as JSON.
pub fn get<M, T>(
    path: &'static str,
    (id, about): (&'static str, &'static str),
    params: Vec<Param>,
    answer: Value,
    handler: M,
) -> Endpoint
where
    M: axum::handler::Handler<T, Arc<Server>>,
    T: 'static,
{
    Endpoint {
        method: "get",
        path,
        id,
        about,
        params,
        body: None,
        answer: ("application/json", answer),
        refusals: &[400, 401, 404, 422],
        route: reads(handler),
    }
}

fn post<M, T>(
    path: &'static str,
    (id, about): (&'static str, &'static str),
    body: Value,
    answer: Value,
    handler: M,
) -> Endpoint
where
    M: axum::handler::Handler<T, Arc<Server>>,
    T: 'static,
{
    Endpoint {
        method: "post",
        path,
        id,
        about,
        params: Vec::new(),
        body: Some(body),
        answer: ("application/json", answer),
        refusals: &[400, 401, 403, 409, 413, 415, 422, 503],
        route: tells(handler),
    }
}

/// The part of a path that says which one.
pub fn id(about: &'static str) -> Param {
    Param {
        name: "id",
        about,
        in_path: true,
        schema: json!({ "type": "string" }),
    }
}

/// All of them.
pub fn endpoints(schemas: &mut Schemas) -> Vec<Endpoint> {
    let mut event = schemas.query::<Where>();
    event.push(id("The event's id"));
    let text = json!({ "type": "string" });
    let state = schemas.of::<StateShown>();
    let clock = schemas.of::<ClockShown>();
    let acknowledged = schemas.of::<Acknowledged>();
    let given = schemas.of::<Given>();
    let interventions = schemas.of::<Vec<InterventionShown>>();
    let modification = schemas.of::<Modification>();
    let mut journal = get(
        "/api/v1/journal",
        (
            "journal",
            "The journal, as JSON lines: it gives the session again",
        ),
        Vec::new(),
        text,
        journal,
    );
    journal.answer.0 = "application/jsonl";
    vec![
        get(
            "/api/v1/state",
            ("state", "How the session stands"),
            Vec::new(),
            state,
            now_state,
        ),
        get(
            "/api/v1/streams",
            ("streams", "The streams"),
            Vec::new(),
            schemas.of::<Vec<StreamShown>>(),
            streams,
        ),
        get(
            "/api/v1/clock",
            ("clock", "How the clock goes"),
            Vec::new(),
            clock.clone(),
            clock_now,
        ),
        post(
            "/api/v1/clock",
            ("setClock", "Sets the clock: pause, resume, speed, step"),
            schemas.of::<ClockChange>(),
            clock,
            set_clock,
        ),
        get(
            "/api/v1/history",
            (
                "history",
                "Events by half days or hours, with scores, and without interventions",
            ),
            schemas.query::<Asked>(),
            schemas.of::<Vec<HistoryShown>>(),
            history,
        ),
        get(
            "/api/v1/statistics",
            ("statistics", "What is usual so far, stream by stream"),
            Vec::new(),
            schemas.of::<SessionStatistics>(),
            statistics,
        ),
        get(
            "/api/v1/effects",
            (
                "effects",
                "What scenarios and external events have done to streams so far, or in a part of time, in whole hours",
            ),
            schemas.query::<AskedOfAll>(),
            schemas.of::<Vec<EffectShown>>(),
            effects,
        ),
        get(
            "/api/v1/events",
            ("events", "Events after a position"),
            schemas.query::<After>(),
            schemas.of::<Events>(),
            events,
        ),
        get(
            "/api/v1/events/{id}",
            (
                "event",
                "An event with its chain: what caused it, and what followed from it",
            ),
            event,
            schemas.of::<Chain>(),
            chain,
        ),
        get(
            "/api/v1/external-events",
            (
                "externalEvents",
                "External events, past and planned; of some streams, those that are expected to move one of them",
            ),
            schemas.query::<AskedOfAll>(),
            schemas.of::<Vec<ExternalEventShown>>(),
            external_events,
        ),
        get(
            "/api/v1/external-events/templates",
            ("templates", "What external events can be put in"),
            Vec::new(),
            schemas.of::<Vec<TemplateShown>>(),
            templates,
        ),
        get(
            "/api/v1/scenarios",
            ("scenarios", "The scenarios that can be started"),
            Vec::new(),
            schemas.of::<Vec<ScenarioShown>>(),
            scenarios,
        ),
        Endpoint {
            // An object, to whoever reads it.
            answer: ("application/yaml", json!({})),
            ..get(
                "/api/v1/scenarios/{id}",
                (
                    "scenarioFile",
                    "The file of a scenario, to be kept or changed",
                ),
                vec![id("The scenario's id")],
                json!({}),
                scenario_file,
            )
        },
        get(
            "/api/v1/anomalies",
            (
                "anomalies",
                "Hours of streams that turned warning or critical, the latest first",
            ),
            Vec::new(),
            schemas.of::<Vec<Anomaly>>(),
            anomalies,
        ),
        get(
            "/api/v1/fingerprint",
            (
                "fingerprint",
                "The digest of all events up to the last barrier that has been played",
            ),
            Vec::new(),
            schemas.of::<Fingerprint>(),
            fingerprint,
        ),
        journal,
        post(
            "/api/v1/commands",
            (
                "command",
                "Gives a command: a scenario, stop, reset, an external event, a scenario's file, or that a version is dropped",
            ),
            given.clone(),
            acknowledged.clone(),
            command,
        ),
        post(
            "/api/v1/commands/preview",
            ("preview", "What a command would do, without giving it"),
            given,
            interventions.clone(),
            preview,
        ),
        post(
            "/api/v1/modifiers",
            ("modify", "Changes a parameter for some time"),
            modification.clone(),
            acknowledged,
            modify,
        ),
        post(
            "/api/v1/modifiers/preview",
            (
                "previewModifier",
                "What a change of a parameter would do, without making it",
            ),
            modification,
            interventions,
            preview_modifier,
        ),
    ]
}

/// Takes a client of the protocol in.
pub async fn upgrade(
    State(server): At,
    Extension(peer): Extension<Peer>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    let upgrade = match upgrade {
        Ok(upgrade) => upgrade,
        Err(error) => {
            let help = "connect with a WebSocket client, or listen at /api/v1/events/stream";
            return Problem::bad(error.to_string(), help).into_response();
        }
    };
    let upgrade = upgrade
        .protocols([SUBPROTOCOL, CLOUD_SUBPROTOCOL])
        // The usual 128 KiB for each of thousands of clients that hardly say anything would be most of what the server takes.
        .read_buffer_size(4 << 10)
        .write_buffer_size(0)
        .max_write_buffer_size(16 << 20)
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES);
    upgrade.on_upgrade(move |socket| async move {
        socket::talk(socket, server.clone(), peer).await;
    })
}

async fn now_state(State(server): At) -> Json<StateShown> {
    Json(server.stage.past().state(server.stage.time()))
}

async fn streams(State(server): At) -> Json<Vec<StreamShown>> {
    let past = server.stage.past();
    let shown = past.program().streams.iter().map(|stream| StreamShown {
        name: stream.name.clone(),
        domain: stream.domain.clone(),
        cadence: stream.cadence.clone(),
        description: stream.description.clone(),
        columns: stream
            .schema()
            .columns
            .iter()
            .map(|column| {
                json!({
                    "name": column.name,
                    "type": column.kind.name(),
                    "unit": column.unit,
                    "description": column.description,
                    "nullable": column.nullable,
                })
            })
            .collect(),
    });
    Json(shown.collect())
}

async fn clock_now(State(server): At) -> Json<ClockShown> {
    Json(server.stage.clock())
}

async fn set_clock(State(server): At, headers: HeaderMap, body: Body) -> Answer<ClockShown> {
    let change: ClockChange = read(body)?;
    let (key, said) = (key(&headers)?, format!("{change:?}"));
    let speed = change.speed.map(|speed| match speed {
        Value::String(text) => Speed::parse(&text),
        other => Speed::parse(&other.to_string()),
    });
    let speed = speed.transpose().map_err(|error| {
        Problem::bad(error, "give a number, `max` or `stepped`").in_field("speed")
    })?;
    let step = change.step.map(|text| match duration(&text) {
        Ok(span) if (Span(1)..=LONGEST_STEP).contains(&span) => Ok(span),
        _ => Err(Problem::bad(
            format!("`{text}` is no step"),
            "write a duration such as `1h`, up to 366d",
        )
        .in_field("step")),
    });
    let step = step.transpose()?;
    let set = ClockSet {
        speed,
        paused: change.paused,
        step,
    };
    let key = key.map(|key| (key, said));
    server.stage.set_clock(set, key)?;
    Ok(Json(server.stage.clock()))
}

/// A part of what has been, from the session's start to now if nothing is said.
fn since_start(
    (from, to): (Option<String>, Option<String>),
    past: &Past,
    now: Time,
) -> Result<Range<Time>, Problem> {
    let ends = [("from", from.as_deref()), ("to", to.as_deref())];
    range(ends, past.start()..now, past, now)
}

async fn history(State(server): At, query: Asks<Asked>) -> Answer<Vec<HistoryShown>> {
    let asked = asked(query)?;
    let (past, now) = (server.stage.past(), server.stage.time());
    let resolution = resolution(asked.resolution.as_deref())?;
    let range = since_start((asked.from, asked.to), &past, now)?;
    let streams = names(&server, asked.streams.as_deref())?;
    let work = move |_: &dyn causeflow_runs::Control| {
        past.history(&range, resolution, streams.as_deref(), now)
    };
    Ok(Json(server.looking(work).await?))
}

async fn statistics(State(server): At) -> Answer<Value> {
    let (past, now) = (server.stage.past(), server.stage.time());
    Ok(Json(
        server.looking(move |_| Ok(past.statistics(now))).await?,
    ))
}

async fn effects(State(server): At, query: Asks<AskedOfAll>) -> Answer<Vec<EffectShown>> {
    let asked = asked(query)?;
    let (past, now) = (server.stage.past(), server.stage.time());
    let range = since_start((asked.from, asked.to), &past, now)?;
    let streams = names(&server, asked.streams.as_deref())?;
    Ok(Json(
        server
            .looking(move |_| past.effects(&range, streams.as_deref(), now))
            .await?,
    ))
}

async fn events(
    State(server): At,
    Extension(peer): Extension<Peer>,
    query: Asks<After>,
) -> Answer<Events> {
    let asked = asked(query)?;
    let mark = server.stage.feed.mark();
    let after: u64 = match asked.after.as_deref() {
        None => 0,
        Some(text) => {
            let (epoch, seq) = text.rsplit_once(':').unwrap_or((&mark.epoch, text));
            if *epoch != *mark.epoch {
                return Err(Problem::new(
                    StatusCode::CONFLICT,
                    format!(
                        "the position is of the epoch {epoch}, and the session has the epoch {}",
                        mark.epoch
                    ),
                    "the session was reset: begin without a position",
                )
                .in_field("after"));
            }
            seq.parse().map_err(|_| {
                Problem::bad(format!("`{text}` is no position"), "give `epoch:seq`")
                    .in_field("after")
            })?
        }
    };
    if after > mark.events {
        let message = format!(
            "the position {after} has not been reached: {} events have been given out",
            mark.events
        );
        let help = "go on from a position that was told in this epoch";
        return Err(Problem::new(StatusCode::CONFLICT, message, help).in_field("after"));
    }
    let limit = u64::from(asked.limit.unwrap_or(1000).clamp(1, 10_000));
    let patterns = asked.streams.unwrap_or_else(|| "*".to_owned());
    let topics = patterns.split(',').map(str::trim);
    let filter = Filter::of(topics, &server.stage.streams);
    let filter =
        filter.map_err(|error| Problem::bad(error, "see /api/v1/streams").in_field("streams"))?;
    let until = after.saturating_add(limit).min(mark.events);
    let (found, epoch) = (
        rows_of(&server, mark.epoch.clone(), filter.clone(), after, until),
        mark.epoch,
    );
    let found = found
        .await
        .map_err(|error| Problem::new(StatusCode::SERVICE_UNAVAILABLE, error, "ask again"))?;
    if *server.stage.feed.mark().epoch != *epoch {
        let conflict = StatusCode::CONFLICT;
        let help = "begin without a position";
        return Err(Problem::new(
            conflict,
            "the session was reset just now",
            help,
        ));
    }
    let next = until;
    let clients = &server.stage.feed.clients;
    clients.asked(peer, filter, epoch.clone(), next);
    Ok(Json(Events {
        after,
        next: format!("{epoch}:{next}"),
        more: next < server.stage.feed.mark().events,
        events: found,
        epoch: epoch.to_string(),
    }))
}

async fn chain(State(server): At, id: Names, query: Asks<Where>) -> Answer<Chain> {
    let id = name(id)?;
    let asked = asked(query)?;
    let help = "give an event's id as it was given out";
    let number: u64 = id
        .parse()
        .map_err(|_| Problem::bad(format!("`{id}` is no id"), help))?;
    let within = asked.within.as_deref().unwrap_or("1d");
    let within = duration(within)
        .ok()
        .filter(|span| (Span(0)..=Span(7 * Span::DAY.0)).contains(span));
    let within = within.ok_or_else(|| {
        Problem::bad(
            "the chain is followed for up to 7d",
            "write a duration such as `2d`",
        )
        .in_field("within")
    })?;
    let (past, now) = (server.stage.past(), server.stage.time());
    let seq = asked.seq.map(|seq| seq.saturating_sub(1));
    let found = server
        .looking(move |control| past.chain(number, seq, within, now, control))
        .await?;
    let found = found.ok_or_else(|| {
        Problem::not_found(
            format!("no event {id} has been given out of late"),
            "give its number as `seq`, with which it is found wherever it is",
        )
    })?;
    Ok(Json(found))
}

async fn external_events(
    State(server): At,
    query: Asks<AskedOfAll>,
) -> Answer<Vec<ExternalEventShown>> {
    let asked = asked(query)?;
    let (past, now) = (server.stage.past(), server.stage.time());
    let range = since_start((asked.from, asked.to), &past, now)?;
    let mut events = past.external_events(range);
    if let Some(streams) = names(&server, asked.streams.as_deref())? {
        events.retain(|event| event.expected_streams.iter().any(|of| streams.contains(of)));
    }
    Ok(Json(events))
}

async fn templates(State(server): At) -> Json<Vec<TemplateShown>> {
    let past = server.stage.past();
    let templates = past.interventions().library.event_templates();
    Json(templates.map(TemplateShown::of).collect())
}

async fn scenarios(State(server): At) -> Json<Vec<ScenarioShown>> {
    Json(server.stage.past().scenarios())
}

async fn scenario_file(State(server): At, id: Names) -> Result<Response, Problem> {
    let id = name(id)?;
    let past = server.stage.past();
    let text = past.scenario_file(&id).ok_or_else(|| {
        Problem::not_found(
            format!("there is no scenario `{id}`"),
            "see /api/v1/scenarios",
        )
    })?;
    Ok(([(header::CONTENT_TYPE, "application/yaml")], text).into_response())
}

async fn anomalies(State(server): At) -> Json<Vec<Anomaly>> {
    Json(server.stage.anomalies(100))
}

async fn fingerprint(State(server): At) -> Answer<Fingerprint> {
    let barrier = server.stage.barrier();
    let Barrier {
        events,
        fingerprint,
        ..
    } = barrier.ok_or_else(|| Problem::not_found("nothing has been played yet", "ask again"))?;
    let time = barrier.map_or(Time(0), |barrier| barrier.time());
    Ok(Json(Fingerprint {
        time: show::instant(time),
        events,
        fingerprint: fingerprint.to_string(),
    }))
}

async fn journal(State(server): At) -> Result<Response, Problem> {
    let past = server.stage.past();
    let (head, entries) = past.journal();
    let lines = std::iter::once(serde_json::to_string(head))
        .chain(entries.iter().map(serde_json::to_string));
    let lines: Result<Vec<String>, _> = lines.collect();
    let lines = lines.map_err(|error| Problem::bad(error.to_string(), "report it"))?;
    let kind = [(header::CONTENT_TYPE, "application/jsonl")];
    Ok((kind, lines.join("\n") + "\n").into_response())
}

async fn command(State(server): At, headers: HeaderMap, body: Body) -> Answer<Acknowledged> {
    let Given { at, command } = given(body)?;
    let done = server.stage.command(command, at, key(&headers)?).await?;
    Ok(Json(acknowledged(done)))
}

async fn preview(State(server): At, body: Body) -> Answer<Vec<InterventionShown>> {
    let Given { at, command } = given(body)?;
    previewed(&server, command, at).await
}

async fn previewed(
    server: &Arc<Server>,
    command: Command,
    at: Option<String>,
) -> Answer<Vec<InterventionShown>> {
    let (past, now) = (server.stage.past(), server.stage.time());
    let entry = Entry::new(show::moment(at, now), command);
    Ok(Json(
        server.looking(move |_| past.preview(&entry, now)).await?,
    ))
}

async fn modify(State(server): At, headers: HeaderMap, body: Body) -> Answer<Acknowledged> {
    let asked: Modification = read(body)?;
    let at = asked.at.clone();
    let done = server
        .stage
        .command(modification(&asked), at, key(&headers)?)
        .await?;
    Ok(Json(acknowledged(done)))
}

async fn preview_modifier(State(server): At, body: Body) -> Answer<Vec<InterventionShown>> {
    let asked: Modification = read(body)?;
    let at = asked.at.clone();
    previewed(&server, modification(&asked), at).await
}

/// A change of a parameter is an external event with just this impact.
fn modification(asked: &Modification) -> Command {
    let stream = asked.on.split('/').next().unwrap_or(&asked.on);
    let up = asked.multiply.is_some_and(|factor| factor >= 1.0);
    let title = asked
        .title
        .clone()
        .unwrap_or_else(|| format!("{} was changed by hand", asked.on));
    let modifier = json!({
        "on": asked.on,
        "multiply": asked.multiply,
        "add": asked.add,
        "override": asked.override_with,
        "shift": asked.shift,
        "onset": asked.onset,
        "settling": asked.settling,
    });
    let definition = json!({
        "type": "operational",
        "title": title,
        "description": format!("Somebody at the controls changed {}.", asked.on),
        "severity": "info",
        "icon": "sliders",
        "expects": {
            "streams": [stream],
            "direction": if up { "increase" } else { "mixed" },
            "magnitude": "medium",
        },
        "duration": asked.duration,
        "modifiers": [without_nulls(modifier)],
    });
    Command::Inject {
        event: Injection {
            definition: Some(definition),
            causal: true,
            ..Injection::default()
        },
    }
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

/// What came of a command, for whoever gave it.
pub fn acknowledged(done: Done) -> Acknowledged {
    let of = done.entry.version.as_ref();
    Acknowledged {
        state: done.past.state(done.at),
        // It may have been dropped since.
        version: of.and_then(|of| done.past.version(&of.name, done.at).ok()),
        entry: done.entry,
        again: done.again,
        warnings: done.warnings,
    }
}

/// By what key whoever asks knows what is asked for.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    match key.to_str() {
        Ok(key) if (1..=200).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => {
            let message = "this is no key for a request";
            let problem = Problem::bad(message, "give one of up to 200 characters of ASCII");
            Err(problem.in_field("Idempotency-Key"))
        }
    }
}

/// A part of the path.
pub type Names = Result<Path<String>, axum::extract::rejection::PathRejection>;

/// What it says.
pub fn name(name: Names) -> Result<String, Problem> {
    let Path(name) =
        name.map_err(|error| Problem::bad(error.body_text(), "write the path as UTF-8"))?;
    Ok(name)
}

/// A command as it is sent. A key that is none of its command's would be lost without a word, so it is refused.
fn given(body: Body) -> Result<Given, Problem> {
    let sent = body.as_ref().ok().map(|Json(sent)| sent.clone());
    let given: Given = read(body)?;
    let known = serde_json::to_value(&given).unwrap_or_default();
    let sent = sent.as_ref().and_then(Value::as_object);
    let mut keys = sent.into_iter().flatten();
    match keys.find(|(key, value)| known.get(key).is_none() && !value.is_null()) {
        Some((key, _)) => {
            let message = format!("a command `{}` has no `{key}`", given.command.name());
            Err(misread(StatusCode::UNPROCESSABLE_ENTITY, message).in_field(key))
        }
        None => Ok(given),
    }
}

/// A query, if it can be read.
pub type Asks<T> = Result<Query<T>, axum::extract::rejection::QueryRejection>;

/// What a query says.
pub fn asked<T>(query: Asks<T>) -> Result<T, Problem> {
    let Query(asked) =
        query.map_err(|error| Problem::bad(error.body_text(), "see /api/v1/openapi.json"))?;
    Ok(asked)
}

/// What a body says.
pub fn read<T: DeserializeOwned>(body: Body) -> Result<T, Problem> {
    let Json(sent) = body.map_err(|error| misread(error.status(), error.body_text()))?;
    let wrong = |error: String| misread(StatusCode::UNPROCESSABLE_ENTITY, error);
    if !sent.is_object() {
        return Err(wrong(format!("the body is no object: {sent}")));
    }
    serde_json::from_value(sent).map_err(|error| wrong(error.to_string()))
}

fn misread(status: StatusCode, error: String) -> Problem {
    let help = "send JSON as /api/v1/openapi.json describes it";
    Problem::new(status, error, help)
}

/// The streams that patterns name; all without any.
pub fn names(server: &Server, patterns: Option<&str>) -> Result<Option<Vec<String>>, Problem> {
    let Some(patterns) = patterns else {
        return Ok(None);
    };
    let known = &server.stage.streams;
    let filter = Filter::of(patterns.split(',').map(str::trim), known);
    let filter =
        filter.map_err(|error| Problem::bad(error, "see /api/v1/streams").in_field("streams"))?;
    let names = known.iter().enumerate().filter(|(at, _)| filter.has(*at));
    Ok(Some(names.map(|(_, stream)| stream.name.clone()).collect()))
}
