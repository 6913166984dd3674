//! A run with its files: streams, entities, and the tables of what intervened.

use std::path::Path;

use causeflow_engine::entities;
use causeflow_engine::program::Program;
use causeflow_engine::run::{Progress, RunResult, run as play};
use causeflow_engine::table::{Chunk, Sink, SinkError};
use causeflow_engine::world::Settings;
use causeflow_outputs::{
    EntityEntry, EventWriter, FileEntry, Manifest, Options, RunFolder, write_table,
};
use causeflow_scenarios::tables::Tables;

use super::counterfactual::{self, Difference};
use super::{Job, manifest};
use crate::errors::Failure;
use crate::interrupt;
use crate::interventions::too_many;
use crate::progress::Watch;

/// What a run has left in its folder.
pub struct Written {
    pub manifest: Manifest,
    /// How it differs from its twin, if it was played with one.
    pub difference: Option<Difference>,
}

/// Plays into a folder. What goes wrong before the very end leaves nothing behind.
pub fn write(job: &Job) -> Result<(RunResult, Written), Failure> {
    let folder = RunFolder::create(job.out, job.args.force)?;
    let (program, settings, options) = (job.program, job.settings, job.options);
    let what = match job.args.counterfactual {
        true => "run   ",
        false => "",
    };
    let watch = job.watch(what);
    let (result, mut files) = streams(folder.path(), program, settings, options, watch)?;
    let entities = write_entities(folder.path(), &result, options, &mut files)?;
    write_tables(
        folder.path(),
        &job.interventions.tables,
        options,
        &mut files,
    )?;
    let effects = Tables::of_effects(&job.interventions.plan, program, &result.streams);
    let effects = effects.ok_or_else(too_many)?;
    write_tables(folder.path(), &effects, options, &mut files)?;
    let mut manifest = manifest::manifest(job, &result, entities, files);
    let difference = match job.args.counterfactual {
        true => Some(counterfactual::write(job, folder.path(), &mut manifest)?),
        false => None,
    };
    interrupt::check()?;
    folder.commit(&manifest)?;
    let written = Written {
        manifest,
        difference,
    };
    Ok((result, written))
}

/// Plays a program and writes its streams.
pub fn streams(
    folder: &Path,
    program: &Program,
    settings: &Settings,
    options: Options,
    mut watch: Watch,
) -> Result<(RunResult, Vec<FileEntry>), Failure> {
    let mut writer = Selected::new(folder, program, settings, options);
    let mut note = |progress: Progress| watch.note(progress);
    let result = play(program.clone(), settings, Some(&mut writer), &mut note)?;
    Ok((result, writer.writer.finish()?))
}

/// Writes the streams that are asked for; the others have no files.
struct Selected {
    writer: EventWriter,
    /// For each stream of the program, its place among the writer's.
    places: Vec<Option<usize>>,
}

impl Selected {
    fn new(folder: &Path, program: &Program, settings: &Settings, options: Options) -> Selected {
        let (mut schemas, mut places) = (Vec::new(), Vec::new());
        for (index, stream) in (0..).zip(&program.streams) {
            let wanted = settings
                .streams
                .as_ref()
                .is_none_or(|list| list.contains(&index));
            places.push(wanted.then_some(schemas.len()));
            if wanted {
                schemas.push(stream.schema());
            }
        }
        Selected {
            writer: EventWriter::new(folder, schemas, program.dictionary.clone(), options),
            places,
        }
    }
}

impl Sink for Selected {
    fn write(&mut self, mut chunks: Vec<Chunk>) -> Result<(), SinkError> {
        chunks.retain_mut(|chunk| match self.places[chunk.table] {
            Some(place) => {
                chunk.table = place;
                true
            }
            None => false,
        });
        self.writer.write(chunks)
    }
}

fn write_entities(
    folder: &Path,
    result: &RunResult,
    options: Options,
    files: &mut Vec<FileEntry>,
) -> Result<Vec<EntityEntry>, Failure> {
    let program = &result.world.program;
    let mut entries = Vec::new();
    for (index, kind) in (0..).zip(&program.kinds) {
        let chunks = entities::rows(&result.world, &result.cells, index);
        let relative = format!("entities/{}", kind.name);
        let schema = entities::schema(kind);
        let dictionary = &program.dictionary;
        let file = write_table(folder, &relative, &schema, dictionary, &chunks, options)?;
        entries.push(EntityEntry {
            kind: kind.name.clone(),
            rows: file.rows,
        });
        files.push(file);
    }
    Ok(entries)
}

/// Writes tables that have rows: a run in which nothing intervened has no such files.
fn write_tables(
    folder: &Path,
    tables: &Tables,
    options: Options,
    files: &mut Vec<FileEntry>,
) -> Result<(), Failure> {
    let with_rows = tables.tables.iter().filter(|(_, chunk)| chunk.rows > 0);
    for (schema, chunk) in with_rows {
        let chunks = std::slice::from_ref(chunk);
        let dictionary = &tables.dictionary;
        let file = write_table(folder, &schema.name, schema, dictionary, chunks, options)?;
        files.push(file);
    }
    Ok(())
}
