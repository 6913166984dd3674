//! Who there is in a session: entities with their attributes and states, and the events that name them.

use std::sync::{Arc, Mutex, PoisonError};

use causeflow_engine::base::table::{Chunk, Dictionary, TableSchema, Values};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::entities::schema;
use causeflow_engine::streams::program::KindId;
use causeflow_outputs::{RowEncoder, TextFormat};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use super::chain::Link;
use super::past::Past;
use super::{Encoder, Track};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::numbers::as_instant;

/// So many events of an entity are told, the latest ones.
const MOST: usize = 1000;

/// The kinds of entities, as they are at a barrier.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KindsShown {
    /// The barrier: the last one that has been passed. RFC 3339 in UTC.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub as_of: Time,
    /// The kinds, in the order of the model.
    pub kinds: Vec<KindShown>,
}

/// A kind of entity.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KindShown {
    /// Its name.
    pub name: String,
    /// How many there are.
    pub count: usize,
    /// How many are in each state, in the order of the model.
    pub states: Vec<StateCount>,
    /// The columns of a row: name, type, unit, what it means.
    pub columns: Vec<Value>,
}

/// How many are in a state.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct StateCount {
    /// The state.
    pub state: String,
    /// How many.
    pub count: usize,
}

/// Entities of a kind, as they are at a barrier.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EntitiesShown {
    /// The barrier: the last one that has been passed. RFC 3339 in UTC.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub as_of: Time,
    /// The kind.
    pub kind: String,
    /// How many there are, of this state if one was asked for.
    pub count: usize,
    /// The id after which the next ones come; none when these are the last.
    pub next: Option<String>,
    /// Their rows, by id.
    pub rows: Vec<Value>,
}

/// An entity, and the events that name it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EntityShown {
    /// The barrier as of which its row is: the last one that has been passed. RFC 3339 in UTC.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub as_of: Time,
    /// The kind.
    pub kind: String,
    /// Its id, as a decimal string.
    pub id: String,
    /// Its row; nothing when it has come after that barrier.
    pub row: Option<Value>,
    /// From when on its events were looked for.
    #[serde(serialize_with = "as_instant")]
    #[schemars(with = "String")]
    pub from: Time,
    /// How many events since then name it.
    pub count: usize,
    /// These events, the latest first, as many as are told at once.
    pub events: Vec<Link>,
}

/// What of a kind is asked for.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Only those in this state.
    pub state: Option<String>,
    /// Only those after this id.
    pub after: Option<u64>,
    /// How many.
    pub limit: usize,
}

/// Everybody at a barrier.
pub(super) struct People {
    at: Time,
    kinds: Vec<Table>,
}

/// Everybody of a kind.
struct Table {
    schema: TableSchema,
    states: Vec<String>,
    dictionary: Dictionary,
    chunks: Vec<Chunk>,
    /// Each by its id: the chunk that it is in, and its place there.
    order: Vec<(u64, u32, u32)>,
}

/// What was asked for last, kept until the next barrier: the number of commands, and the barrier.
#[derive(Default)]
pub(super) struct Known(Mutex<Option<(usize, String, Arc<People>)>>);

const ID: usize = 0;
const STATE: usize = 3;

impl Table {
    fn of(
        schema: TableSchema,
        states: Vec<String>,
        dictionary: Dictionary,
        chunks: Vec<Chunk>,
    ) -> Table {
        let mut order = Vec::new();
        for (at, chunk) in (0..).zip(&chunks) {
            if let Values::Id(ids) = &chunk.columns[ID].values {
                order.extend((0..).zip(ids).map(|(row, &id)| (id, at, row)));
            }
        }
        order.sort_unstable();
        Table {
            schema,
            states,
            dictionary,
            chunks,
            order,
        }
    }

    fn state(&self, &(_, chunk, row): &(u64, u32, u32)) -> &str {
        match &self.chunks[chunk as usize].columns[STATE].values {
            Values::Text(codes) => &self.dictionary[usize::from(codes[row as usize])],
            _ => "",
        }
    }

    fn rows<'a>(&self, places: impl Iterator<Item = &'a (u64, u32, u32)>) -> Result<Vec<Value>> {
        let mut encoder = RowEncoder::new(&self.schema, &self.dictionary, TextFormat::Jsonl);
        let rows = places.map(|&(_, chunk, row)| {
            let mut text = Vec::new();
            encoder.encode(&self.chunks[chunk as usize], row as usize, &mut text)?;
            Ok(serde_json::from_slice(&text).unwrap_or(Value::Null))
        });
        rows.collect()
    }

    fn shown(&self) -> KindShown {
        let states = self.states.iter().map(|state| StateCount {
            state: state.clone(),
            count: self
                .order
                .iter()
                .filter(|at| self.state(at) == state)
                .count(),
        });
        let columns = self.schema.columns.iter().map(|column| {
            json!({
                "name": column.name,
                "type": column.kind.name(),
                "unit": column.unit,
                "description": match &*column.name {
                    "state" => Some("State as of the barrier"),
                    _ => column.description.as_deref(),
                },
                "nullable": column.nullable,
            })
        });
        KindShown {
            name: self.schema.name.clone(),
            count: self.order.len(),
            states: states.collect(),
            columns: columns.collect(),
        }
    }

    fn page(&self, page: &Page) -> Result<(usize, Option<u64>, Vec<Value>)> {
        let state = page.state.as_deref();
        if let Some(unknown) = state.filter(|state| !self.states.iter().any(|one| one == state)) {
            let near =
                causeflow_models::suggestion(unknown, self.states.iter().map(String::as_str));
            let message = format!("{} have no state `{unknown}`", self.schema.name);
            return Err(Error::wrong(message, near).in_field("state"));
        }
        let fits = |at: &&(u64, u32, u32)| state.is_none_or(|state| self.state(at) == state);
        let first = self
            .order
            .partition_point(|(id, ..)| page.after.is_some_and(|after| *id <= after));
        let mut rest = self.order[first..].iter().filter(fits);
        let found: Vec<&(u64, u32, u32)> = rest.by_ref().take(page.limit).collect();
        let last = found.last().map(|(id, ..)| *id);
        let next = last.filter(|_| rest.next().is_some());
        let count = self.order.iter().filter(fits).count();
        Ok((count, next, self.rows(found.into_iter())?))
    }
}

impl Past {
    /// The kinds of entities, and how many there are of each.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn kinds(&self, now: Time, control: &dyn Control) -> Result<KindsShown> {
        let people = self.people(now, control)?;
        Ok(KindsShown {
            as_of: people.at,
            kinds: people.kinds.iter().map(Table::shown).collect(),
        })
    }

    /// Entities of a kind, by id.
    ///
    /// # Errors
    /// When there is no such kind or state, or it is cancelled.
    pub fn entities(
        &self,
        kind: &str,
        page: &Page,
        now: Time,
        control: &dyn Control,
    ) -> Result<EntitiesShown> {
        let id = self.kind(kind)?;
        let people = self.people(now, control)?;
        let (count, next, rows) = people.kinds[id.index()].page(page)?;
        Ok(EntitiesShown {
            as_of: people.at,
            kind: kind.to_owned(),
            count,
            next: next.map(|id| id.to_string()),
            rows,
        })
    }

    /// An entity, and the events that name it in some time before `now`; nothing if there is no such entity and no such event.
    ///
    /// # Errors
    /// When there is no such kind, or it is cancelled.
    pub fn entity(
        &self,
        (kind, id): (&str, u64),
        within: Span,
        now: Time,
        control: &dyn Control,
    ) -> Result<Option<EntityShown>> {
        let table = self.kind(kind)?.index();
        let people = self.people(now, control)?;
        let table = &people.kinds[table];
        let place = table.order.binary_search_by_key(&id, |(id, ..)| *id);
        let row = match place {
            Ok(at) => table.rows(table.order[at..].iter().take(1))?.pop(),
            Err(_) => None,
        };
        let from = (now - within).max(self.start());
        let column = format!("{kind}_id");
        let (mut events, mut count, mut is_of_kind) = (Vec::new(), 0, row.is_some());
        let mut encoder = Encoder::new(self.tables());
        self.each_window(from..now, control, &mut |window| {
            let named = window.naming(id).into_iter();
            for at in named.filter(|&at| (from..now).contains(&window.time(at))) {
                let link = self.link(window, at, &mut encoder)?;
                let said = link.data.get(&column).and_then(Value::as_str);
                is_of_kind |= said == Some(&*id.to_string());
                events.push(link);
                count += 1;
            }
            let over = events.len().saturating_sub(MOST);
            events.drain(..over);
            Ok(())
        })?;
        events.reverse();
        Ok(is_of_kind.then(|| EntityShown {
            as_of: people.at,
            kind: kind.to_owned(),
            id: id.to_string(),
            row,
            from,
            count,
            events,
        }))
    }

    fn kind(&self, name: &str) -> Result<KindId> {
        let kinds = &self.program().kinds;
        let found = KindId::each(kinds).find(|(_, kind)| kind.name == name);
        found.map(|(id, _)| id).ok_or_else(|| {
            let names = kinds.iter().map(|kind| kind.name.as_str());
            let near = causeflow_models::suggestion(name, names);
            Error::wrong(format!("there is no kind of entity `{name}`"), near).in_field("kind")
        })
    }

    /// Everybody at the last barrier that has been passed. The player is ahead of it, so it is gone back to.
    fn people(&self, now: Time, control: &dyn Control) -> Result<Arc<People>> {
        let origin = &self.origin;
        let at = Time(origin.barrier_after(now).0 - origin.window().0);
        let barrier = self.barriers.iter().find(|barrier| barrier.time() == at);
        let print =
            barrier.map_or_else(|| at.to_string(), |barrier| barrier.fingerprint.to_string());
        let known = &origin.people.0;
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((commands, of, people)) = &*known
            && (*commands, of, people.at) == (self.commands.len(), &print, at)
        {
            return Ok(people.clone());
        }
        let (commands, kept) = (&self.commands[..], (self.kept.clone(), Vec::new()));
        let mut track = Track::from_last(origin, commands, kept, (at, at))?;
        while track.player.time() < at {
            track.play_window(origin, commands, at, None, control)?;
        }
        let program = &track.player.world().program;
        let kinds = KindId::each(&program.kinds).map(|(id, kind)| {
            Table::of(
                schema(kind),
                kind.states.clone(),
                program.dictionary.clone(),
                track.player.entities(id).collect(),
            )
        });
        let people = Arc::new(People {
            at,
            kinds: kinds.collect(),
        });
        *known = Some((commands.len(), print, people.clone()));
        Ok(people)
    }
}
