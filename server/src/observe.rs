//! What the server says about what is asked of it. Neither tokens nor queries nor bodies are in it.

use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::field::Empty;
use tracing::{Instrument, debug, info, info_span};

use crate::server::Server;

/// By what a request is named in the log.
pub const REQUEST_ID: &str = "x-request-id";

/// Gives a request an id, and says how it was answered.
pub async fn observe(State(server): State<Arc<Server>>, request: Request, next: Next) -> Response {
    let id = format!("{}-{}", server.born, server.metrics.request());
    let method = request.method().clone();
    // What the path of one that leads nowhere says may be anything.
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    // Named as the conventions of OpenTelemetry have it.
    let span = info_span!(
        "request",
        otel.name = format!("{method} {route}"),
        otel.kind = "server",
        http.request.method = %method,
        http.route = route,
        http.response.status_code = Empty,
        request = id
    );
    #[cfg(feature = "otlp")]
    crate::traces::follow(&span, request.headers());
    let begun = Instant::now();
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, ms) = (
        response.status().as_u16(),
        begun.elapsed().as_secs_f64() * 1e3,
    );
    span.record("http.response.status_code", i64::from(status));
    match method {
        Method::GET | Method::HEAD | Method::OPTIONS => {
            debug!(request = id, %method, route, status, ms, "answered");
        }
        _ => info!(request = id, %method, route, status, ms, "answered"),
    }
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
