//! Who looks on.

use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Deserialize;

use super::answers::{Answer, Asks, At, asked, get};
use super::{Endpoint, Schemas};
use crate::clients::{ClientsShown, Door};

/// So many are listed unless another number is asked for, and at most.
const LISTED: (u32, u32) = (100, 1000);

/// Which of them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Only those of this kind: `web-socket`, `server-sent-events` or `rest`.
    #[serde(default)]
    pub kind: Option<Door>,
    /// How many to list, at most 1000; 100 by default.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// All of them.
pub fn endpoints(schemas: &mut Schemas) -> Vec<Endpoint> {
    vec![get(
        "/api/v1/clients",
        (
            "clients",
            "Who looks on, where each is, and how far behind; those who are farthest behind first",
        ),
        schemas.query::<Which>(),
        schemas.of::<ClientsShown>(),
        clients,
    )]
}

async fn clients(State(server): At, query: Asks<Which>) -> Answer<ClientsShown> {
    let Which { kind, limit } = asked(query)?;
    let (usual, most) = LISTED;
    let most = limit.unwrap_or(usual).clamp(1, most) as usize;
    let stage = &server.stage;
    let clients = &stage.feed.clients;
    Ok(Json(clients.shown(&stage.feed, &stage.streams, kind, most)))
}
