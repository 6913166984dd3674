//! `causeflow run`: plays a model and writes what comes out.

use std::path::Path;

use causeflow_engine::run::{Progress, RunResult, run as play};
use causeflow_engine::table::{Chunk, Sink, SinkError};
use causeflow_engine::world::Settings;
use causeflow_engine::{STREAM_STABILITY_VERSION, entities};
use causeflow_models::Model;
use causeflow_outputs::{
    EntityEntry, EventWriter, FileEntry, GENERATOR_NAME, Generator, MANIFEST_VERSION, Manifest,
    ModelEntry, Options, RunFolder, StreamEntry, write_table,
};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::args::{FormatArg, RunArgs};
use crate::errors::Failure;
use crate::output::instant;
use crate::progress::{Clock, Watch};
use crate::{interrupt, model, plan, settings};

mod report;

use report::Outcome;

/// Runs the command.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let format = args.format.unwrap_or(FormatArg::Parquet).into();
    let options = Options::new(format, args.compression.map(Into::into))?;
    let model = model::load(&args.model, args.quiet)?;
    let settings = settings::settings(args, &model.compiled.program)?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| model::default_out(&model.compiled.program.name, args.seed));
    let pool = pool(args.threads)?;
    interrupt::listen()?;
    if args.dry_run {
        return pool
            .install(|| plan::show(args, &model, &settings, options, &out.display().to_string()));
    }
    let clock = Clock::start();
    let mut watch = Watch::new(
        settings.start,
        settings.end,
        model.compiled.program.warmup,
        args.quiet,
    );
    let (result, written) = pool.install(|| match args.no_output {
        true => simulate(&model, &settings, &mut watch).map(|result| (result, None)),
        false => {
            let written = write(&model, &settings, options, &out, args.force, &mut watch);
            written.map(|(result, manifest)| (result, Some(manifest)))
        }
    })?;
    drop(watch);
    let out = written.as_ref().map(|_| out.as_path());
    let files = written.as_ref().map_or(&[][..], |manifest| &manifest.files);
    let outcome = Outcome {
        model: &model,
        settings: &settings,
        result: &result,
        clock,
        threads: pool.current_num_threads(),
        out,
        files,
    };
    if args.json {
        outcome.print_json()
    } else {
        outcome.print()
    }
}

fn pool(threads: Option<usize>) -> Result<ThreadPool, Failure> {
    let builder = ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0));
    builder
        .build()
        .map_err(|error| Failure::Machine(format!("cannot start the threads: {error}")))
}

fn simulate(model: &Model, settings: &Settings, watch: &mut Watch) -> Result<RunResult, Failure> {
    let mut note = |progress: Progress| watch.note(progress);
    Ok(play(
        model.compiled.program.clone(),
        settings,
        None,
        &mut note,
    )?)
}

/// Plays into a folder. What goes wrong before the very end leaves nothing behind.
fn write(
    model: &Model,
    settings: &Settings,
    options: Options,
    out: &Path,
    force: bool,
    watch: &mut Watch,
) -> Result<(RunResult, Manifest), Failure> {
    let folder = RunFolder::create(out, force)?;
    let mut writer = Selected::new(folder.path(), model, settings, options);
    let mut note = |progress: Progress| watch.note(progress);
    let result = play(
        model.compiled.program.clone(),
        settings,
        Some(&mut writer),
        &mut note,
    )?;
    let mut files = writer.writer.finish()?;
    let entities = write_entities(&folder, &result, options, &mut files)?;
    interrupt::check()?;
    let manifest = manifest(model, settings, options, &result, entities, files);
    folder.commit(&manifest)?;
    Ok((result, manifest))
}

/// Writes the streams that are asked for; the others have no files.
struct Selected {
    writer: EventWriter,
    /// For each stream of the program, its place among the writer's.
    places: Vec<Option<usize>>,
}

impl Selected {
    fn new(folder: &Path, model: &Model, settings: &Settings, options: Options) -> Selected {
        let program = &model.compiled.program;
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
    folder: &RunFolder,
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
        let file = write_table(
            folder.path(),
            &relative,
            &schema,
            &program.dictionary,
            &chunks,
            options,
        )?;
        entries.push(EntityEntry {
            kind: kind.name.clone(),
            rows: file.rows,
        });
        files.push(file);
    }
    Ok(entries)
}

fn manifest(
    model: &Model,
    settings: &Settings,
    options: Options,
    result: &RunResult,
    entities: Vec<EntityEntry>,
    files: Vec<FileEntry>,
) -> Manifest {
    let program = &model.compiled.program;
    let streams = result.streams.iter().map(|stream| StreamEntry {
        name: stream.name.clone(),
        rows: stream.rows,
        fingerprint: stream.fingerprint.to_string(),
    });
    Manifest {
        manifest_version: MANIFEST_VERSION,
        generator: Generator {
            name: GENERATOR_NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
        },
        stream_stability_version: STREAM_STABILITY_VERSION,
        model: ModelEntry {
            name: program.name.clone(),
            digest: model::digest(&model.files),
        },
        seed: settings.seed,
        start: instant(settings.start),
        end: instant(settings.end),
        scale: settings.scale,
        cells: u32::from(program.cells),
        scenarios: Vec::new(),
        format: options.format(),
        compression: options.compression(),
        fingerprint: result.fingerprint.to_string(),
        streams: streams.collect(),
        entities,
        files,
    }
}
