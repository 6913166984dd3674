//! The endpoints that dashboards of the marketplace know: the names and shapes are theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::{get, post};
use causeflow_engine::base::time::Span;
use causeflow_runs::live::{Command, ExternalEventShown, InterventionShown, Past};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answers::{Asks, Body, asked, key, names, read};
use super::times::{range, resolution};
use super::{Endpoint, Schemas};
use crate::problem::Problem;
use crate::server::Server;
use crate::show;

type Answer<T> = Result<Json<T>, Problem>;
type At = State<Arc<Server>>;

/// Which scenario to start.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Start {
    /// Its id.
    pub scenario_id: String,
    /// How long, such as `6h`; as long as it says itself by default.
    #[serde(default)]
    pub duration: Option<String>,
}

/// A part of time for charts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Charted {
    /// From when on; seven days before now by default.
    #[serde(default)]
    pub start: Option<String>,
    /// Until when; `now` by default.
    #[serde(default)]
    pub end: Option<String>,
    /// Streams with commas between them; all by default.
    #[serde(default)]
    pub streams: Option<String>,
    /// `12h` (by default) or `1h`.
    #[serde(default)]
    pub resolution: Option<String>,
}

/// All of them.
pub fn endpoints(schemas: &mut Schemas) -> Vec<Endpoint> {
    let object = json!({ "type": "object" });
    let tell = |path, (id, about), body, route| Endpoint {
        method: "post",
        path,
        id,
        about,
        params: Vec::new(),
        body,
        answer: ("application/json", object.clone()),
        refusals: &[400, 401, 403, 409, 413, 415, 422, 503],
        route,
    };
    let ask = |path, (id, about), params, route| Endpoint {
        method: "get",
        path,
        id,
        about,
        params,
        body: None,
        answer: ("application/json", object.clone()),
        refusals: &[400, 401, 422],
        route,
    };
    let start_body = Some(schemas.of::<Start>());
    vec![
        tell(
            "/api/simulation/scenario",
            ("startScenario", "Starts a scenario"),
            start_body,
            post(start),
        ),
        tell(
            "/api/simulation/stop",
            ("stopScenario", "Lets the scenario that is active settle"),
            None,
            post(stop),
        ),
        tell(
            "/api/simulation/reset",
            ("reset", "Goes back to the baseline"),
            None,
            post(reset),
        ),
        ask(
            "/api/simulation/state",
            ("simulationState", "How the simulation stands"),
            Vec::new(),
            get(state),
        ),
        ask(
            "/api/simulation/history",
            (
                "simulationHistory",
                "Values and scores for charts, and external events",
            ),
            schemas.query::<Charted>(),
            get(history),
        ),
        ask(
            "/api/simulation/scenarios",
            ("simulationScenarios", "The scenarios"),
            Vec::new(),
            get(scenarios),
        ),
    ]
}

fn modifier(one: &InterventionShown, past: &Past) -> Value {
    let id = one.scenario.clone();
    let known = past.scenarios();
    let scenario = known
        .iter()
        .find(|scenario| Some(&scenario.id) == id.as_ref());
    let mut streams: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for modifier in &one.modifiers {
        streams.entry(&modifier.stream).or_default().push(json!({
            "parameter": modifier.address,
            "operation": modifier.operation,
            "amount": modifier.amount,
            "strength": modifier.strength,
            "state": modifier.state,
        }));
    }
    json!({
        "id": one.name,
        "type": id,
        "description": scenario.map(|scenario| scenario.description.clone()),
        "startTime": show::instant(one.start),
        "endTime": show::instant(one.end),
        "settledTime": show::instant(one.settled),
        "duration": (one.end - one.start).to_string(),
        "timeRemainingSeconds": one.remaining_s,
        "affectedStreams": streams,
        "status": one.state,
        "settlementDuration": (one.settled - one.end).to_string(),
    })
}

fn event(event: &ExternalEventShown) -> Value {
    json!({
        "id": event.id,
        "timestamp": show::instant(event.time),
        "type": event.r#type,
        "title": event.title,
        "description": event.description,
        "severity": event.severity,
        "expectedImpact": {
            "streams": event.expected_streams,
            "direction": event.expected_direction,
            "magnitude": event.expected_magnitude,
            "duration": event.expected_duration,
        },
        "icon": event.icon,
        "injectedByAI": false,
    })
}

async fn start(State(server): At, headers: HeaderMap, body: Body) -> Answer<Value> {
    let Start {
        scenario_id,
        duration,
    } = read::<Start>(body)?;
    let command = Command::Scenario {
        scenario: scenario_id.clone(),
        duration,
    };
    let done = server.stage.command(command, None, key(&headers)?).await?;
    let acting = done.past.state(done.at).interventions;
    let one = acting
        .iter()
        .find(|one| one.scenario.as_ref() == Some(&scenario_id));
    let name = one.map(|one| one.name.clone());
    let far = done.at + Span(366 * Span::DAY.0);
    let events = done.past.external_events(done.at - Span::DAY..far);
    let events = events
        .iter()
        .filter(|event| event.injected_by == name && name.is_some());
    Ok(Json(json!({
        "success": true,
        "scenario": one.map(|one| modifier(one, &done.past)),
        "events": events.map(event).collect::<Vec<_>>(),
        "estimatedDuration": one.map(|one| (one.settled - one.start).to_string()),
    })))
}

async fn stop(State(server): At, headers: HeaderMap) -> Answer<Value> {
    let done = server
        .stage
        .command(Command::Stop { intervention: None }, None, key(&headers)?)
        .await?;
    let acting = done.past.state(done.at).interventions;
    let settling = acting.iter().filter(|one| one.scenario.is_some());
    let until = settling.map(|one| one.settled).max().unwrap_or(done.at);
    Ok(Json(
        json!({ "success": true, "settlingUntil": show::instant(until) }),
    ))
}

async fn reset(State(server): At, headers: HeaderMap) -> Answer<Value> {
    let before = server
        .stage
        .past()
        .state(server.stage.time())
        .interventions
        .len();
    let done = server
        .stage
        .command(Command::Reset, None, key(&headers)?)
        .await?;
    Ok(Json(json!({
        "success": true,
        "message": format!("Back at the baseline; {before} that acted are gone."),
        "epoch": done.past.epoch(),
    })))
}

async fn state(State(server): At) -> Json<Value> {
    let (past, now) = (server.stage.past(), server.stage.time());
    let state = past.state(now);
    let (_, entries) = past.journal();
    let mut entries = entries.iter().filter(|entry| !entry.is_of_version());
    let last = entries.next_back();
    let modified = last.map_or(show::instant(past.start()), |entry| entry.at.clone());
    Json(json!({
        "baselineState": "normal",
        "activeModifiers": state.interventions.iter().map(|one| modifier(one, &past)).collect::<Vec<_>>(),
        "activeEvents": state.external_events.iter().map(event).collect::<Vec<_>>(),
        "recentAnomalies": server.stage.anomalies(20),
        "historicalMode": if last.is_none() { "baseline" } else { "modified" },
        "currentSimulationTime": show::instant(now),
        "lastModified": modified,
        "status": state.status,
    }))
}

async fn history(State(server): At, query: Asks<Charted>) -> Answer<Value> {
    let query = asked(query)?;
    let (past, now) = (server.stage.past(), server.stage.time());
    let ends = [
        ("start", query.start.as_deref()),
        ("end", query.end.as_deref()),
    ];
    let whole = (now - Span(7 * Span::DAY.0)).max(past.start())..now;
    let range = range(ends, whole, &past, now)?;
    // What is to come has no history.
    let (from, to) = (range.start.min(now), range.end.min(now));
    let resolution = resolution(query.resolution.as_deref())?;
    let streams = names(&server, query.streams.as_deref())?;
    let work = move |_: &dyn causeflow_runs::Control| {
        let points = past.history(&(from..to), resolution, streams.as_deref(), now)?;
        Ok((points, past))
    };
    let (points, past) = server.looking(work).await?;
    let streams = points.into_iter().map(|stream| {
        let points = stream.points.into_iter().map(|shown| {
            json!({
                "timestamp": show::instant(shown.point.interval_start),
                "value": shown.point.count,
                "normalized": shown.point.score,
                "anomalyFlag": shown.point.flag,
                "untouched": shown.untouched,
            })
        });
        (stream.stream, Value::Array(points.collect()))
    });
    let streams: serde_json::Map<String, Value> = streams.collect();
    Ok(Json(json!({
        "timeRange": { "start": show::instant(from), "end": show::instant(to) },
        "streams": streams,
        "events": past.external_events(from..to).iter().map(event).collect::<Vec<_>>(),
    })))
}

async fn scenarios(State(server): At) -> Json<Value> {
    let scenarios = server.stage.past().scenarios();
    let shown = scenarios.iter().map(|scenario| {
        json!({
            "id": scenario.id,
            "name": scenario.name,
            "description": scenario.description,
            "duration": scenario.duration,
        })
    });
    Json(json!({ "scenarios": shown.collect::<Vec<_>>() }))
}
