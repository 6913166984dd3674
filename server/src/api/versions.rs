//! Versions of what is past: what would have come of something that was put in only afterwards.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{MethodRouter, delete};
use causeflow_runs::live::{Command, VersionDifference, VersionShown};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answers::{Acknowledged, Asks, Names, acknowledged, asked, get, id, key, name, names};
use super::shapes::EventTold;
use super::{Endpoint, Schemas};
use crate::feed::Batch;
use crate::problem::Problem;
use crate::server::Server;
use crate::stage::now;
use crate::topics::Filter;

type Answer<T> = Result<Json<T>, Problem>;
type At = State<Arc<Server>>;

/// Some streams.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Streams or patterns with commas between them; all by default.
    #[serde(default)]
    pub streams: Option<String>,
}

/// Events of a version after a number.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// A number of events, as `next` of the page before; the version's beginning by default.
    #[serde(default)]
    pub after: Option<u64>,
    /// Streams or patterns with commas between them; all by default.
    #[serde(default)]
    pub streams: Option<String>,
    /// How many events to look at, at most 10000; 1000 by default.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Events of a version, and where to go on.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VersionEvents {
    /// The version.
    pub version: String,
    /// The number after which these come: events of the session with the version are counted from its beginning.
    pub after: u64,
    /// The number after which the next ones come. It is no position: those are of what was given out.
    pub next: u64,
    /// Whether there are more.
    pub more: bool,
    /// The events, as in the protocol.
    #[schemars(with = "Vec<EventTold>")]
    pub events: Vec<Value>,
}

/// All of them.
pub fn endpoints(schemas: &mut Schemas) -> Vec<Endpoint> {
    let shown = schemas.of::<VersionShown>();
    let of = |mut params: Vec<_>| {
        params.push(id("The version's name"));
        params
    };
    let ask = |path, (id, about), params, answer, route: MethodRouter<Arc<Server>>| Endpoint {
        refusals: &[400, 401, 404, 409, 422, 503],
        route,
        ..get(path, (id, about), params, answer, all)
    };
    vec![
        get(
            "/api/v1/versions",
            (
                "versions",
                "Versions of what is past: what would have come of something that was put in only afterwards",
            ),
            Vec::new(),
            schemas.of::<Vec<VersionShown>>(),
            all,
        ),
        ask(
            "/api/v1/versions/{id}",
            ("version", "A version, and what it came to"),
            of(Vec::new()),
            shown,
            axum::routing::get(one),
        ),
        ask(
            "/api/v1/versions/{id}/events",
            ("versionEvents", "The events of a version"),
            of(schemas.query::<Page>()),
            schemas.of::<VersionEvents>(),
            axum::routing::get(events),
        ),
        ask(
            "/api/v1/versions/{id}/diff",
            (
                "versionDiff",
                "How a version differs from what was given out, stream by stream, with the first events that do",
            ),
            of(schemas.query::<Which>()),
            schemas.of::<VersionDifference>(),
            axum::routing::get(difference),
        ),
        Endpoint {
            method: "delete",
            refusals: &[400, 401, 403, 404, 409, 422, 503],
            route: delete(drop_one),
            ..get(
                "/api/v1/versions/{id}",
                ("dropVersion", "Gives a version up"),
                of(Vec::new()),
                schemas.of::<Acknowledged>(),
                all,
            )
        },
    ]
}

async fn all(State(server): At) -> Json<Vec<VersionShown>> {
    Json(server.stage.past().versions(server.stage.time()))
}

/// The name of a version that there is.
fn known(server: &Server, id: Names) -> Result<String, Problem> {
    let name = name(id)?;
    match server.stage.past().has_version(&name) {
        true => Ok(name),
        false => Err(Problem::not_found(
            format!("there is no version `{name}`"),
            "see /api/v1/versions",
        )),
    }
}

async fn one(State(server): At, id: Names) -> Answer<VersionShown> {
    let name = known(&server, id)?;
    let (past, now) = (server.stage.past(), server.stage.time());
    Ok(Json(past.version(&name, now)?))
}

async fn difference(State(server): At, id: Names, query: Asks<Which>) -> Answer<VersionDifference> {
    let (name, asked) = (known(&server, id)?, asked(query)?);
    let streams = names(&server, asked.streams.as_deref())?;
    let (past, now) = (server.stage.past(), server.stage.time());
    Ok(Json(past.version_difference(
        &name,
        streams.as_deref(),
        now,
    )?))
}

async fn events(State(server): At, id: Names, query: Asks<Page>) -> Answer<VersionEvents> {
    let (name, asked) = (known(&server, id)?, asked(query)?);
    let limit = u64::from(asked.limit.unwrap_or(1000).clamp(1, 10_000));
    let patterns = asked.streams.unwrap_or_else(|| "*".to_owned());
    let filter = Filter::of(patterns.split(',').map(str::trim), &server.stage.streams);
    let filter =
        filter.map_err(|error| Problem::bad(error, "see /api/v1/streams").in_field("streams"))?;
    let past = server.stage.past();
    let [first, last] = past.events_of_version(&name)?;
    let after = asked.after.unwrap_or(first).clamp(first, last);
    let until = after.saturating_add(limit).min(last);
    let origin = (Arc::<str>::from(past.epoch()), server.stage.names());
    let version = name.clone();
    let work = move |control: &dyn causeflow_runs::Control| {
        let mut events = Vec::new();
        if after == until {
            return Ok(events);
        }
        past.windows_of_version(&version, after, control, &mut |window| {
            let before = window.before;
            let place = |number: u64| (number.saturating_sub(before) as usize).min(window.len());
            let rows = place(after)..place(until);
            let ends = before + window.len() as u64 >= until;
            let at = (window.to, now());
            let batch = Batch::of(origin.clone(), window, rows, at, Vec::new().into());
            let wanted = (0..batch.len() as usize).filter(|&at| filter.has(batch.stream(at)));
            let read = |at| serde_json::from_slice(batch.event(at)).unwrap_or(Value::Null);
            events.extend(wanted.map(read));
            match ends {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        })?;
        Ok(events)
    };
    Ok(Json(VersionEvents {
        events: server.looking(work).await?,
        version: name,
        after,
        next: until,
        more: until < last,
    }))
}

async fn drop_one(State(server): At, id: Names, headers: HeaderMap) -> Answer<Acknowledged> {
    let name = known(&server, id)?;
    let command = Command::Drop { name };
    let done = server.stage.command(command, None, key(&headers)?).await?;
    Ok(Json(acknowledged(done)))
}
