//! How the session differs from what is usual.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use causeflow_runs::live::{SessionDifference, Twin};
use schemars::JsonSchema;
use serde::Deserialize;

use super::answers::{Asks, asked, get, names};
use super::times::{range, resolution};
use super::{Endpoint, Schemas};
use crate::problem::Problem;
use crate::server::Server;

/// What is compared.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// From when on, in whole hours: an instant, a time in the model's time zone, `day3`, `now`, or before now, such as `-7d`. The
    /// session's start by default.
    #[serde(default)]
    pub from: Option<String>,
    /// Until when, likewise; now by default.
    #[serde(default)]
    pub to: Option<String>,
    /// Streams or patterns with commas between them; all by default.
    #[serde(default)]
    pub streams: Option<String>,
    /// The length of the intervals that statistics are of: `12h` (by default) or `1h`.
    #[serde(default)]
    pub resolution: Option<String>,
    /// The twin whose events are compared: `untouched` (by default), the session without any intervention, or `commands`, without what
    /// was asked for.
    #[serde(default)]
    pub against: Option<Twin>,
}

/// The endpoint.
pub fn endpoint(schemas: &mut Schemas) -> Endpoint {
    get(
        "/api/v1/diff",
        (
            "diff",
            "How the session differs from its twin without interventions, and from the baseline that it was given",
        ),
        schemas.query::<Compared>(),
        schemas.of::<SessionDifference>(),
        compared,
    )
}

async fn compared(
    State(server): State<Arc<Server>>,
    query: Asks<Compared>,
) -> Result<Json<SessionDifference>, Problem> {
    let asked = asked(query)?;
    let (past, now) = (server.stage.past(), server.stage.time());
    let resolution = resolution(asked.resolution.as_deref())?;
    let ends = [("from", asked.from.as_deref()), ("to", asked.to.as_deref())];
    let range = range(ends, past.start()..now, &past, now)?;
    let streams = names(&server, asked.streams.as_deref())?;
    let twin = asked.against.unwrap_or_default();
    let work = move |_: &dyn causeflow_runs::Control| {
        past.against(twin, &range, resolution, streams.as_deref(), now)
    };
    Ok(Json(server.looking(work).await?))
}
