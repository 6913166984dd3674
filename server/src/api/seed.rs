//! The endpoints that dashboards of the marketplace know: the names and shapes are theirs.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use causeflow_engine::base::time::{Span, Time};
use causeflow_runs::Error;
use causeflow_runs::live::{
    Anomaly, Command, ExternalEventShown, InterventionShown, ModifierShown, Past,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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

/// A scenario, or an external event that was put in, that acts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScenarioModifier {
    /// The name that rows are attributed to.
    pub id: String,
    /// The scenario's id, or that of the external event's template.
    pub r#type: String,
    /// What happens in it.
    pub description: String,
    /// When it began, RFC 3339 in UTC.
    pub start_time: String,
    /// When it begins to settle.
    pub end_time: String,
    /// From when on it does nothing any more.
    pub settled_time: String,
    /// How long it is active.
    pub duration: String,
    /// Virtual seconds until it begins to settle; 0 once it has.
    pub time_remaining_seconds: f64,
    /// What it changes, by stream.
    pub affected_streams: BTreeMap<String, Vec<StreamModification>>,
    /// What of that begins only some time after its start.
    pub cascade_effects: Vec<CascadeRule>,
    /// The ids of the external events that it made known.
    pub related_events: Vec<String>,
    /// `active`, `settling` or `settled`.
    pub status: String,
    /// How long it takes to settle.
    pub settlement_duration: String,
}

/// A change of a stream's parameter.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamModification {
    /// The parameter's address.
    pub parameter: String,
    /// `multiply`, `add` or `override`.
    pub operation: String,
    /// Its amount at full strength, in the engine's unit.
    pub amount: f64,
    /// 0 to 1.
    pub strength: f64,
    /// `waiting`, `active`, `settling` or `settled`.
    pub state: String,
}

/// A change that follows some time after its scenario's start.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CascadeRule {
    /// The stream.
    pub stream: String,
    /// How long after the start.
    pub after: String,
    /// The change.
    #[serde(flatten)]
    pub change: StreamModification,
}

/// An external event.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalEvent {
    /// Its id.
    pub id: String,
    /// When it happens, RFC 3339 in UTC.
    pub timestamp: String,
    /// `marketing`, `product`, `infrastructure`, `academic`, `competitive` or `operational`.
    pub r#type: String,
    /// A headline.
    pub title: String,
    /// What has happened.
    pub description: String,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// What people expect of it.
    pub expected_impact: ExpectedImpact,
    /// The name of a symbol.
    pub icon: String,
    /// Whether a language model made it up, which none did.
    #[serde(rename = "injectedByAI")]
    pub injected_by_ai: bool,
}

/// What people expect of an external event.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExpectedImpact {
    /// The streams that it moves.
    pub streams: Vec<String>,
    /// `increase`, `decrease` or `mixed`.
    pub direction: String,
    /// `low`, `medium` or `high`.
    pub magnitude: String,
    /// For how long.
    pub duration: String,
}

/// An hour of a stream that turned warning or critical.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamAnomaly {
    /// The stream.
    pub stream: String,
    /// The hour's beginning, RFC 3339 in UTC.
    pub timestamp: String,
    /// Its events.
    pub value: u64,
    /// 0 to 100, 50 being the mean.
    pub normalized_value: f64,
    /// `warning` or `critical`.
    pub anomaly_flag: String,
}

/// What came of a scenario's start.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// Whether it was started.
    pub success: bool,
    /// The scenario.
    pub scenario: Option<ScenarioModifier>,
    /// The external events that it makes known.
    pub events: Vec<ExternalEvent>,
    /// How long it takes until it has settled.
    pub estimated_duration: Option<String>,
    /// What of it and of what was there before excludes each other.
    pub warnings: Vec<String>,
}

/// What came of a stop.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stopped {
    /// Whether it was stopped.
    pub success: bool,
    /// When it has settled, RFC 3339 in UTC.
    pub settling_until: String,
}

/// What came of a reset.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WasReset {
    /// Whether it was reset.
    pub success: bool,
    /// The same in words.
    pub message: String,
    /// What names the order of events from now on.
    pub epoch: String,
}

/// How the simulation stands.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulationState {
    /// `normal`, or `custom` where the model's parameters were set or a baseline was given.
    pub baseline_state: &'static str,
    /// Scenarios, and external events that were put in, that act.
    pub active_modifiers: Vec<ScenarioModifier>,
    /// External events whose impact is expected now.
    pub active_events: Vec<ExternalEvent>,
    /// The last hours of streams that turned warning or critical, the latest first.
    pub recent_anomalies: Vec<StreamAnomaly>,
    /// `modified` once something that was asked for has bent the streams; `baseline` before, and after a reset.
    pub historical_mode: &'static str,
    /// The time up to which events have been given out, RFC 3339 in UTC.
    pub current_simulation_time: String,
    /// When something was done last; the start if nothing was.
    pub last_modified: String,
    /// `baseline`, `running` or `settling`.
    pub status: &'static str,
}

/// A stream's interval.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartPoint {
    /// Its beginning, RFC 3339 in UTC.
    pub timestamp: String,
    /// Its events.
    pub value: u64,
    /// 0 to 100, 50 being the mean; null where too little is known.
    pub normalized: Option<f64>,
    /// `normal`, `warning` or `critical`.
    pub anomaly_flag: Option<String>,
    /// How many events there would be without any scenario and external event.
    pub untouched: Option<u64>,
}

/// A part of time.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TimeRange {
    /// From when on, RFC 3339 in UTC.
    pub start: String,
    /// Until when.
    pub end: String,
}

/// What charts are made from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChartData {
    /// The time that they are of.
    pub time_range: TimeRange,
    /// The intervals of each stream, in the order of time.
    pub streams: BTreeMap<String, Vec<ChartPoint>>,
    /// The external events in it.
    pub events: Vec<ExternalEvent>,
}

/// A scenario that can be started.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScenarioOffered {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What happens in it.
    pub description: String,
    /// How long it is active.
    pub duration: String,
}

/// The scenarios that can be started.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ScenariosOffered {
    /// All of them.
    pub scenarios: Vec<ScenarioOffered>,
}

/// Why something was not done, for those who look at `success`.
struct Refused(Problem);

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Refused {
        Refused(problem)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let success = Some(false);
        Problem { success, ..self.0 }.into_response()
    }
}

/// All of them.
pub fn endpoints(schemas: &mut Schemas) -> Vec<Endpoint> {
    let tell = |path, (id, about), body, answer, route| Endpoint {
        method: "post",
        path,
        id,
        about,
        params: Vec::new(),
        body,
        answer: ("application/json", answer),
        refusals: &[400, 401, 403, 409, 413, 415, 422, 503],
        route,
    };
    let ask = |path, (id, about), params, answer, route| Endpoint {
        method: "get",
        path,
        id,
        about,
        params,
        body: None,
        answer: ("application/json", answer),
        refusals: &[400, 401, 422],
        route,
    };
    let start_body = Some(schemas.of::<Start>());
    vec![
        tell(
            "/api/simulation/scenario",
            ("startScenario", "Starts a scenario"),
            start_body,
            schemas.of::<Started>(),
            post(start),
        ),
        tell(
            "/api/simulation/stop",
            ("stopScenario", "Lets the scenario that is active settle"),
            None,
            schemas.of::<Stopped>(),
            post(stop),
        ),
        tell(
            "/api/simulation/reset",
            ("reset", "Goes back to the baseline"),
            None,
            schemas.of::<WasReset>(),
            post(reset),
        ),
        ask(
            "/api/simulation/state",
            ("simulationState", "How the simulation stands"),
            Vec::new(),
            schemas.of::<SimulationState>(),
            get(state),
        ),
        ask(
            "/api/simulation/history",
            (
                "simulationHistory",
                "Values and scores for charts, and external events",
            ),
            schemas.query::<Charted>(),
            schemas.of::<ChartData>(),
            get(history),
        ),
        ask(
            "/api/simulation/scenarios",
            ("simulationScenarios", "The scenarios"),
            Vec::new(),
            schemas.of::<ScenariosOffered>(),
            get(scenarios),
        ),
    ]
}

fn modification(modifier: &ModifierShown) -> StreamModification {
    StreamModification {
        parameter: modifier.address.clone(),
        operation: modifier.operation.to_owned(),
        amount: modifier.amount,
        strength: modifier.strength,
        state: modifier.state.to_owned(),
    }
}

fn modifier(one: &InterventionShown, past: &Past) -> ScenarioModifier {
    let known = past.scenarios();
    let is_it = |id: &str| one.scenario.as_deref() == Some(id);
    let scenario = known.iter().find(|scenario| is_it(&scenario.id));
    let events = past.external_events(Time(i64::MIN / 4)..Time(i64::MAX / 4));
    let is_of = |by: &Option<String>| by.as_ref() == Some(&one.name);
    let own = events.iter().find(|event| is_of(&event.attribution));
    let description = scenario.map(|scenario| &scenario.description);
    let description = description.or(own.map(|event| &event.description));
    let kind = one.scenario.as_ref().or(own.map(|event| &event.template));
    let related = events
        .iter()
        .filter(|event| is_of(&event.attribution) || is_of(&event.injected_by));
    let mut streams: BTreeMap<String, Vec<StreamModification>> = BTreeMap::new();
    for modifier in &one.modifiers {
        let of_stream = streams.entry(modifier.stream.clone()).or_default();
        of_stream.push(modification(modifier));
    }
    let later = one.modifiers.iter().filter(|one| one.kind == "cascade");
    let cascades = later.map(|modifier| CascadeRule {
        stream: modifier.stream.clone(),
        after: (modifier.start - one.start).to_string(),
        change: modification(modifier),
    });
    ScenarioModifier {
        id: one.name.clone(),
        r#type: kind.cloned().unwrap_or_default(),
        description: description.cloned().unwrap_or_default(),
        start_time: show::instant(one.start),
        end_time: show::instant(one.end),
        settled_time: show::instant(one.settled),
        duration: (one.end - one.start).to_string(),
        time_remaining_seconds: one.remaining_s,
        affected_streams: streams,
        cascade_effects: cascades.collect(),
        related_events: related.map(|event| event.id.clone()).collect(),
        status: one.state.to_owned(),
        settlement_duration: (one.settled - one.end).to_string(),
    }
}

fn event(event: &ExternalEventShown) -> ExternalEvent {
    ExternalEvent {
        id: event.id.clone(),
        timestamp: show::instant(event.time),
        r#type: event.r#type.to_owned(),
        title: event.title.clone(),
        description: event.description.clone(),
        severity: event.severity.to_owned(),
        expected_impact: ExpectedImpact {
            streams: event.expected_streams.clone(),
            direction: event.expected_direction.to_owned(),
            magnitude: event.expected_magnitude.to_owned(),
            duration: event.expected_duration.clone(),
        },
        icon: event.icon.clone(),
        injected_by_ai: false,
    }
}

fn anomaly(anomaly: Anomaly) -> StreamAnomaly {
    StreamAnomaly {
        stream: anomaly.stream,
        timestamp: show::instant(anomaly.interval_start),
        value: anomaly.value,
        normalized_value: anomaly.normalized_value,
        anomaly_flag: anomaly.anomaly_flag.to_owned(),
    }
}

async fn start(
    State(server): At,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Started>, Refused> {
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
        .find(|one| one.scenario.as_ref() == Some(&scenario_id) && one.start == done.at);
    let name = one.map(|one| one.name.clone());
    let far = done.at + Span(366 * Span::DAY.0);
    let events = done.past.external_events(done.at - Span::DAY..far);
    let events = events
        .iter()
        .filter(|event| event.injected_by == name && name.is_some());
    Ok(Json(Started {
        success: true,
        scenario: one.map(|one| modifier(one, &done.past)),
        events: events.map(event).collect(),
        estimated_duration: one.map(|one| (one.settled - one.start).to_string()),
        warnings: done.warnings,
    }))
}

async fn stop(State(server): At, headers: HeaderMap) -> Result<Json<Stopped>, Refused> {
    let done = server
        .stage
        .command(Command::Stop { intervention: None }, None, key(&headers)?)
        .await?;
    let acting = done.past.state(done.at).interventions;
    let settling = acting.iter().filter(|one| one.scenario.is_some());
    let until = settling.map(|one| one.settled).max().unwrap_or(done.at);
    Ok(Json(Stopped {
        success: true,
        settling_until: show::instant(until),
    }))
}

async fn reset(State(server): At, headers: HeaderMap) -> Result<Json<WasReset>, Refused> {
    let done = server
        .stage
        .command(Command::Reset, None, key(&headers)?)
        .await?;
    let before = done.past.as_of(done.line, done.at)?;
    let gone = before.state(done.at).interventions.len();
    Ok(Json(WasReset {
        success: true,
        message: format!("Back at the baseline; {gone} that acted are gone."),
        epoch: done.past.epoch().to_owned(),
    }))
}

async fn state(State(server): At) -> Json<SimulationState> {
    let (past, now) = (server.stage.past(), server.stage.time());
    let state = past.state(now);
    let (header, entries) = past.journal();
    let done = entries.iter().filter(|entry| !entry.is_of_version());
    let done = done.filter_map(|entry| past.time(&entry.at).ok());
    let last = done.filter(|at| *at <= now).max().unwrap_or(past.start());
    let is_custom = !header.spec.parameters.is_empty() || past.is_held_against_a_baseline();
    let acting = state.interventions.iter();
    Json(SimulationState {
        baseline_state: if is_custom { "custom" } else { "normal" },
        active_modifiers: acting.map(|one| modifier(one, &past)).collect(),
        active_events: state.external_events.iter().map(event).collect(),
        recent_anomalies: server
            .stage
            .anomalies(20)
            .into_iter()
            .map(anomaly)
            .collect(),
        historical_mode: match is_bent(&past, now) {
            true => "modified",
            false => "baseline",
        },
        current_simulation_time: show::instant(now),
        last_modified: show::instant(last),
        status: state.status,
    })
}

/// Whether something that was asked for has bent what has been since the last reset.
fn is_bent(past: &Past, now: Time) -> bool {
    let interventions = past.interventions().plan.interventions().iter();
    let mut asked_for = interventions.filter(|one| !one.of_timeline);
    asked_for.any(|one| one.modifiers.iter().any(|(_, m)| m.envelope.start < now))
}

async fn history(State(server): At, query: Asks<Charted>) -> Answer<ChartData> {
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
        let points = stream.points.into_iter().map(|shown| ChartPoint {
            timestamp: show::instant(shown.point.interval_start),
            value: shown.point.count,
            normalized: shown.point.score,
            anomaly_flag: shown.point.flag,
            untouched: shown.untouched,
        });
        (stream.stream, points.collect())
    });
    Ok(Json(ChartData {
        time_range: TimeRange {
            start: show::instant(from),
            end: show::instant(to),
        },
        streams: streams.collect(),
        events: past.external_events(from..to).iter().map(event).collect(),
    }))
}

async fn scenarios(State(server): At) -> Json<ScenariosOffered> {
    let known = server.stage.past().scenarios();
    let offered = known.into_iter().map(|scenario| ScenarioOffered {
        id: scenario.id,
        name: scenario.name,
        description: scenario.description,
        duration: scenario.duration,
    });
    Json(ScenariosOffered {
        scenarios: offered.collect(),
    })
}
