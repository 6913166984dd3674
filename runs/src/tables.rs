//! What a run leaves in its folder, whoever plays it.

use std::path::Path;

use causeflow_engine::base::table::TableSchema;
use causeflow_engine::base::tables::Tables;
use causeflow_engine::streams::entities;
use causeflow_engine::streams::play::RunResult;
use causeflow_outputs::{
    EntityEntry, FileEntry, Format, Options, Placed, write_columns, write_table,
};
use causeflow_scenarios::effect_tables::of_effects;
use causeflow_scenarios::tables::of_plan;

use crate::control::{Control, Remark};
use crate::error::Error;
use crate::events::Events;
use crate::history::{self, Scoring};
use crate::interventions::{Interventions, too_many};
use crate::session::Session;

/// Tells where the run is that another took the place of, if it is still there.
pub fn tell_what_was_kept(placed: &Placed, control: &dyn Control) {
    if let Some(kept) = &placed.kept {
        control.tell(Remark::Kept(kept));
    }
}

/// Plays a run to its end and writes its streams.
pub fn write_streams(
    folder: &Path,
    mut session: Session<'_>,
    options: Options,
) -> Result<(RunResult, Vec<FileEntry>), Error> {
    let mut events = Events::new(folder, session.simulation(), options);
    session.step(session.end(), Some(&mut events))?;
    Ok((session.finish(), events.finish()?))
}

/// Writes everything besides the streams: entities, what intervened and what that did, history and statistics. The
/// processes of the run are gone afterwards, to make room as soon as nobody looks at them any more.
pub fn write_tables(
    folder: &Path,
    result: &mut RunResult,
    interventions: &Interventions,
    scoring: Scoring<'_>,
    options: Options,
) -> Result<(Vec<EntityEntry>, Vec<FileEntry>), Error> {
    let mut files = Vec::new();
    let entities = write_entities(folder, result, options, &mut files)?;
    result.cells = Vec::new();
    if matches!(options.format(), Format::Csv | Format::Jsonl) {
        files.push(write_columns(folder, &columns(result))?);
    }
    write_plan(folder, interventions, options, &mut files)?;
    let world = &result.world;
    let part = interventions.plan.part(world.written_from()..world.end);
    let effects = of_effects(&part, &world.program, &result.streams);
    let effects = effects.ok_or_else(too_many)?;
    write_with_rows(folder, effects, options, &mut files)?;
    files.extend(history::write(
        folder,
        result,
        (interventions, &part),
        scoring,
        options,
    )?);
    Ok((entities, files))
}

/// The columns of the streams that were written and of the entities.
fn columns(result: &RunResult) -> Vec<(String, TableSchema)> {
    let program = &result.world.program;
    let streams = result.streams.iter().filter_map(|stream| {
        let schema = program.streams[usize::from(program.stream(&stream.name)?)].schema();
        Some((format!("events/stream={}", stream.name), schema))
    });
    let kinds = program.kinds.iter();
    let kinds = kinds.map(|kind| (format!("entities/{}", kind.name), entities::schema(kind)));
    streams.chain(kinds).collect()
}

/// Writes the tables of what intervened, which follow from what was asked for alone.
pub fn write_plan(
    folder: &Path,
    interventions: &Interventions,
    options: Options,
    files: &mut Vec<FileEntry>,
) -> Result<(), Error> {
    let plan = of_plan(&interventions.plan).ok_or_else(too_many)?;
    write_with_rows(folder, plan, options, files)
}

fn write_entities(
    folder: &Path,
    result: &RunResult,
    options: Options,
    files: &mut Vec<FileEntry>,
) -> Result<Vec<EntityEntry>, Error> {
    let program = &result.world.program;
    let mut entries = Vec::new();
    for (index, kind) in (0..).zip(&program.kinds) {
        let chunks = entities::rows(&result.world, &result.cells, index);
        let relative = format!("entities/{}", kind.name);
        let schema = entities::schema(kind);
        let dictionary = &program.dictionary;
        let file = write_table(folder, &relative, &schema, dictionary, chunks, options)?;
        entries.push(EntityEntry {
            kind: kind.name.clone(),
            rows: file.rows,
        });
        files.push(file);
    }
    Ok(entries)
}

/// Writes tables that have rows: a run in which nothing intervened has no such files.
pub fn write_with_rows(
    folder: &Path,
    tables: Tables<'_>,
    options: Options,
    files: &mut Vec<FileEntry>,
) -> Result<(), Error> {
    let dictionary = &tables.dictionary;
    for table in tables.tables.into_iter().filter(|table| table.rows() > 0) {
        let schema = table.schema.clone();
        let file = write_table(folder, &schema.name, &schema, dictionary, table, options)?;
        files.push(file);
    }
    Ok(())
}
