//! REST: what can be asked and told, as one table from which the router and the description are made.

mod answers;
mod browse;
mod diff;
mod examples;
mod looking;
mod seed;
pub mod shapes;
mod times;
mod versions;

pub use answers::{Asks, asked};
pub use examples::{of_answer, of_body};

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, any, get};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::Value;

use crate::asyncapi;
use crate::guard::guard;
use crate::observe::observe;
use crate::openapi;
use crate::page;
use crate::problem::Problem;
use crate::server::{BODY_BYTES, Server};
use crate::sse::{self, Listening};
use crate::viewer;

/// Where the protocol of live events is spoken.
pub const WEBSOCKET: &str = "/api/v1/ws";

/// What a query may say.
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// Whether it is a part of the path.
    pub in_path: bool,
    /// Its JSON Schema.
    pub schema: Value,
}

/// One thing that can be asked or told.
pub struct Endpoint {
    /// The method, as OpenAPI writes it.
    pub method: &'static str,
    /// Its path.
    pub path: &'static str,
    /// Its name.
    pub id: &'static str,
    /// What it does.
    pub about: &'static str,
    /// What the path and the query say.
    pub params: Vec<Param>,
    /// The body that it takes.
    pub body: Option<Value>,
    /// What it answers, and as what.
    pub answer: (&'static str, Value),
    /// What it may be refused with.
    pub refusals: &'static [u16],
    route: MethodRouter<Arc<Server>>,
}

/// All endpoints, and the schemas that they refer to.
pub fn endpoints() -> (Vec<Endpoint>, Value) {
    let mut schemas = Schemas::new();
    let mut all = answers::endpoints(&mut schemas);
    all.push(diff::endpoint(&mut schemas));
    all.extend(versions::endpoints(&mut schemas));
    all.extend(browse::endpoints(&mut schemas));
    all.extend(looking::endpoints(&mut schemas));
    all.extend(seed::endpoints(&mut schemas));
    all.push(Endpoint {
        method: "get",
        path: "/api/v1/events/stream",
        id: "listen",
        about: "Live events as server-sent events",
        params: schemas.query::<Listening>(),
        body: None,
        answer: ("text/event-stream", serde_json::json!({ "type": "string" })),
        refusals: &[400, 401],
        route: get(sse::listen),
    });
    (all, schemas.definitions())
}

/// Schemas of what goes in and out, each once.
pub struct Schemas(SchemaGenerator);

impl Schemas {
    fn new() -> Schemas {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = "/components/schemas".into();
        Schemas(settings.into_generator())
    }

    /// That of a type.
    pub fn of<T: JsonSchema>(&mut self) -> Value {
        self.0.subschema_for::<T>().to_value()
    }

    /// The fields of a type, as what a query may say.
    pub fn query<T: JsonSchema>(&mut self) -> Vec<Param> {
        let schema = T::json_schema(&mut self.0).to_value();
        let properties = schema.get("properties").and_then(Value::as_object);
        let params = properties.into_iter().flatten().map(|(name, schema)| {
            let about = schema.get("description").and_then(Value::as_str);
            Param {
                // There are as many as there are types, once.
                name: String::leak(name.clone()),
                about: String::leak(about.unwrap_or_default().to_owned()),
                in_path: false,
                schema: schema.clone(),
            }
        });
        params.collect()
    }

    fn definitions(mut self) -> Value {
        Value::Object(self.0.take_definitions(true))
    }
}

/// What answers requests.
pub fn router(server: Arc<Server>) -> Router {
    let (endpoints, _) = endpoints();
    let mut router = Router::new();
    for endpoint in endpoints {
        router = router.route(endpoint.path, endpoint.route);
    }
    router
        .route(WEBSOCKET, any(answers::upgrade))
        .route("/api/v1/openapi.json", get(openapi::document))
        .route("/api/v1/asyncapi.json", get(asyncapi::document))
        .route("/api/v1/docs", get(viewer::page))
        .route("/metrics", get(metrics))
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .merge(page::router())
        .fallback(nothing)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(from_fn_with_state(server.clone(), guard))
        .layer(from_fn_with_state(server.clone(), observe))
        .with_state(server)
}

async fn nothing() -> Problem {
    Problem::not_found("there is nothing at this path", "see /api/v1/openapi.json")
}

async fn no_method() -> Problem {
    let status = StatusCode::METHOD_NOT_ALLOWED;
    Problem::new(
        status,
        "this path has no such method",
        "see /api/v1/openapi.json",
    )
}

async fn metrics(State(server): State<Arc<Server>>) -> Response {
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    let page = server.metrics.page(&server.stage);
    ([(header::CONTENT_TYPE, kind)], page).into_response()
}

async fn ready(State(server): State<Arc<Server>>) -> Response {
    match server.stage.failed() {
        _ if server.is_leaving() => {
            (StatusCode::SERVICE_UNAVAILABLE, "going down\n").into_response()
        }
        None => "ready\n".into_response(),
        Some(error) => Problem::from(&*error).into_response(),
    }
}
