//! What is there: entities, and relations between streams.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use causeflow_engine::base::time::Span;
use causeflow_models::duration;
use causeflow_runs::live::{EntitiesShown, EntityShown, KindsShown, Page, RelationsShown};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::answers::{Answer, Asks, At, asked, get, names};
use super::{Endpoint, Param, Schemas};
use crate::problem::Problem;

/// So many rows of entities unless another number is asked for, and at most.
const ROWS: (u32, u32) = (100, 1000);
/// The longest stretch that is looked through.
const LONGEST: Span = Span(7 * Span::DAY.0);

/// Which entities.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Browsed {
    /// Only those in this state.
    #[serde(default)]
    pub state: Option<String>,
    /// The id after which they come, as `next` of the page before says it; the beginning by default.
    #[serde(default)]
    pub after: Option<String>,
    /// How many, at most 1000; 100 by default.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// How far is looked back.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Back {
    /// How far back its events are looked for, such as `2d`; `1d` by default, at most 7d.
    #[serde(default)]
    pub within: Option<String>,
}

/// Which relations, and over how long.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Related {
    /// Only those from or to these streams: streams or patterns with commas between them; all by default.
    #[serde(default)]
    pub streams: Option<String>,
    /// Over how long before now they are measured, such as `2d`; `1d` by default, at most 7d, and at most some two million events.
    #[serde(default)]
    pub within: Option<String>,
}

/// All of them.
pub fn endpoints(schemas: &mut Schemas) -> Vec<Endpoint> {
    let in_path = |name, about| Param {
        name,
        about,
        in_path: true,
        schema: json!({ "type": "string" }),
    };
    let kind = || in_path("kind", "The kind of entity, such as `student`");
    let mut page = schemas.query::<Browsed>();
    page.push(kind());
    let mut back = schemas.query::<Back>();
    back.extend([kind(), in_path("id", "The entity's id")]);
    vec![
        get(
            "/api/v1/entities",
            (
                "kinds",
                "The kinds of entities, and how many there are in each state",
            ),
            Vec::new(),
            schemas.of::<KindsShown>(),
            kinds,
        ),
        get(
            "/api/v1/entities/{kind}",
            (
                "entities",
                "Rows of entities, page by page, as of the last barrier that has been passed",
            ),
            page,
            schemas.of::<EntitiesShown>(),
            entities,
        ),
        get(
            "/api/v1/entities/{kind}/{id}",
            (
                "entity",
                "An entity, and the last of its events, each of which has its chain at /api/v1/events/{id}",
            ),
            back,
            schemas.of::<EntityShown>(),
            entity,
        ),
        get(
            "/api/v1/relations",
            (
                "relations",
                "What follows from what: each relation of the model with the rate at which it was measured",
            ),
            schemas.query::<Related>(),
            schemas.of::<RelationsShown>(),
            relations,
        ),
    ]
}

async fn kinds(State(server): At) -> Answer<KindsShown> {
    let (past, now) = (server.stage.past(), server.stage.time());
    let work = move |control: &dyn causeflow_runs::Control| past.kinds(now, control);
    Ok(Json(server.looking(work).await?))
}

async fn entities(
    State(server): At,
    kind: Parts<String>,
    query: Asks<Browsed>,
) -> Answer<EntitiesShown> {
    let kind = parts(kind)?;
    let Browsed {
        state,
        after,
        limit,
    } = asked(query)?;
    let (usual, most) = ROWS;
    let page = Page {
        state,
        after: after.map(|after| id(&after, "after")).transpose()?,
        limit: limit.unwrap_or(usual).clamp(1, most) as usize,
    };
    let (past, now) = (server.stage.past(), server.stage.time());
    let known = kind_of(&past, &kind)?;
    let work =
        move |control: &dyn causeflow_runs::Control| past.entities(&known, &page, now, control);
    Ok(Json(server.looking(work).await?))
}

async fn entity(
    State(server): At,
    place: Parts<(String, String)>,
    query: Asks<Back>,
) -> Answer<EntityShown> {
    let (kind, text) = parts(place)?;
    let (number, within) = (id(&text, "id")?, back(asked(query)?.within)?);
    let (past, now) = (server.stage.past(), server.stage.time());
    let known = kind_of(&past, &kind)?;
    let work = move |control: &dyn causeflow_runs::Control| {
        past.entity((&known, number), within, now, control)
    };
    let found = server.looking(work).await?;
    let found = found.ok_or_else(|| {
        let detail = format!("there is no {kind} {text}");
        let help = format!("take an id of /api/v1/entities/{kind}");
        Problem::not_found(detail, help)
    })?;
    Ok(Json(found))
}

async fn relations(State(server): At, query: Asks<Related>) -> Answer<RelationsShown> {
    let Related { streams, within } = asked(query)?;
    let (streams, within) = (names(&server, streams.as_deref())?, back(within)?);
    let (past, now) = (server.stage.past(), server.stage.time());
    let work = move |control: &dyn causeflow_runs::Control| {
        past.relations(streams.as_deref(), within, now, control)
    };
    Ok(Json(server.looking(work).await?))
}

/// Parts of the path.
type Parts<T> = Result<Path<T>, PathRejection>;

fn parts<T>(parts: Parts<T>) -> Result<T, Problem> {
    let Path(parts) =
        parts.map_err(|error| Problem::bad(error.body_text(), "write the path as UTF-8"))?;
    Ok(parts)
}

/// A part of the path that names nothing is not there.
fn kind_of(past: &causeflow_runs::live::Past, kind: &str) -> Result<String, Problem> {
    let mut kinds = past.program().kinds.iter();
    match kinds.any(|known| known.name == kind) {
        true => Ok(kind.to_owned()),
        false => {
            let detail = format!("there is no kind of entity `{kind}`");
            Err(Problem::not_found(detail, "see /api/v1/entities"))
        }
    }
}

fn id(text: &str, field: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| {
        let help = "give an entity's id as it was told, a whole number";
        Problem::bad(format!("`{text}` is no id"), help).in_field(field)
    })
}

fn back(within: Option<String>) -> Result<Span, Problem> {
    let text = within.as_deref().unwrap_or("1d");
    let span = duration(text).ok();
    let span = span.filter(|span| (Span(0)..=LONGEST).contains(span));
    span.ok_or_else(|| {
        let detail = format!("`{text}` is no stretch of up to 7d");
        Problem::bad(detail, "write a duration such as `2d`").in_field("within")
    })
}
