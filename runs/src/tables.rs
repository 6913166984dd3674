//! What leaves a run, whoever plays it and wherever it goes.

use std::borrow::Borrow;

use causeflow_engine::base::table::Chunk;
use causeflow_engine::base::tables::Tables;
use causeflow_engine::streams::entities;
use causeflow_engine::streams::play::RunResult;
use causeflow_engine::streams::program::KindId;
use causeflow_outputs::sink::{Heading, Sink};
use causeflow_outputs::{EntityEntry, Manifest, Placed};
use causeflow_scenarios::effect_tables::of_effects;
use causeflow_scenarios::tables::of_plan;

use crate::control::{Control, Remark};
use crate::error::Error;
use crate::history::{self, Scoring};
use crate::interventions::{Interventions, too_many};
use crate::opening::{Entities, Opening};
use crate::session::Session;
use crate::streams::Streams;

/// Tells where the run is that another took the place of, if it is still there.
pub fn tell_what_was_kept(placed: Option<&Placed>, control: &dyn Control) {
    if let Some(kept) = placed.and_then(|placed| placed.kept.as_deref()) {
        control.tell(Remark::Kept(kept));
    }
}

/// Plays a run to its end and hands over its streams; how everybody stood when its window began is for their tables. The manifest says what it is made from.
pub fn write_streams(
    sink: &mut dyn Sink,
    mut session: Session<'_>,
    manifest: &Manifest,
) -> Result<(RunResult, Opening), Error> {
    let mut streams = Streams::begin(sink, session.player(), manifest)?;
    let opening = Opening::reach(&mut session, Some(&mut streams))?;
    session.step(session.end(), Some(&mut streams))?;
    let result = session.finish();
    streams.close()?;
    Ok((result, opening))
}

/// Hands over everything besides the streams: entities, what intervened and what that did, history and statistics. The
/// processes of the run are gone afterwards, to make room as soon as nobody looks at them any more.
pub fn write_tables(
    sink: &mut dyn Sink,
    (result, opening): (&mut RunResult, &Opening),
    interventions: &Interventions,
    scoring: Scoring<'_>,
) -> Result<Entities, Error> {
    let entities = Entities {
        at_end: write_entities(sink, result)?,
        at_start: opening.write(sink, &result.world.program)?,
    };
    result.cells = Vec::new();
    write_plan(sink, interventions)?;
    let world = &result.world;
    let part = interventions.plan.part(world.written_from()..world.end);
    let effects = of_effects(&part, &world.program, &result.streams);
    write_with_rows(sink, effects.ok_or_else(too_many)?)?;
    history::write(sink, result, (interventions, &part), scoring)?;
    Ok(entities)
}

/// Hands over the tables of what intervened, which follow from what was asked for alone.
pub fn write_plan(sink: &mut dyn Sink, interventions: &Interventions) -> Result<(), Error> {
    write_with_rows(sink, of_plan(&interventions.plan).ok_or_else(too_many)?)
}

fn write_entities(sink: &mut dyn Sink, result: &RunResult) -> Result<Vec<EntityEntry>, Error> {
    let program = &result.world.program;
    let mut entries = Vec::new();
    for (id, kind) in KindId::each(&program.kinds) {
        let heading = Heading {
            name: &format!("entities/{}", kind.name),
            schema: &entities::schema(kind),
            dictionary: &program.dictionary,
        };
        let chunks = entities::rows(&result.world, &result.cells, id);
        entries.push(EntityEntry {
            kind: kind.name.clone(),
            rows: write_table(sink, &heading, chunks)?,
        });
    }
    Ok(entries)
}

/// Hands over tables that have rows: a run in which nothing intervened has no such tables.
pub fn write_with_rows(sink: &mut dyn Sink, tables: Tables<'_>) -> Result<(), Error> {
    let dictionary = &tables.dictionary;
    for table in tables.tables.into_iter().filter(|table| table.rows() > 0) {
        let schema = &table.schema.clone();
        let name = &schema.name;
        let heading = Heading {
            name,
            schema,
            dictionary,
        };
        write_table(sink, &heading, table)?;
    }
    Ok(())
}

/// Hands over a table, chunk by chunk, and returns how many rows it has.
pub fn write_table(
    sink: &mut dyn Sink,
    heading: &Heading<'_>,
    chunks: impl IntoIterator<Item: Borrow<Chunk>>,
) -> Result<u64, Error> {
    let mut table = sink.table(heading)?;
    let mut rows = 0;
    for chunk in chunks {
        rows += chunk.borrow().rows as u64;
        table.write(chunk.borrow())?;
    }
    table.finish()?;
    Ok(rows)
}
