//! `causeflow baseline`: plays several seeds without interventions and pools what is usual.

use std::num::NonZero;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use causeflow_baselines::{Pool, Statistics, of_statistics};
use causeflow_engine::STREAM_STABILITY_VERSION;
use causeflow_engine::program::Program;
use causeflow_engine::run::run as play;
use causeflow_engine::world::Settings;
use causeflow_models::Model;
use causeflow_outputs::{
    BASELINE_VERSION, BaselineManifest, Format, GENERATOR_NAME, Generator, ModelEntry, Options,
    RunFolder, write_json,
};
use rayon::ThreadPoolBuilder;
use serde_json::{Value, json};

use crate::args::{BaselineArgs, BaselineFormat};
use crate::baselines::statistics_json;
use crate::errors::Failure;
use crate::folder::{say_what_was_kept, write_with_rows};
use crate::interventions::too_many;
use crate::output::{bytes, instant, json_line, print, print_json, say, some};
use crate::progress::Clock;
use crate::{interrupt, model, settings};

mod first_seed;

/// What is to be played.
struct Job<'a> {
    args: &'a BaselineArgs,
    model: &'a Model,
    /// Those of the first seed.
    settings: &'a Settings,
}

/// Runs the command.
pub fn run(args: &BaselineArgs) -> Result<(), Failure> {
    let model = model::load(&args.model, args.quiet)?;
    let program = &model.compiled.program;
    let settings = settings::settings(args.seed, &args.range, &[], program)?;
    if args.seed.checked_add(u64::from(args.seeds) - 1).is_none() {
        let message = format!(
            "--seeds {} goes beyond the largest seed, {}",
            args.seeds,
            u64::MAX
        );
        return Err(Failure::input(message, "choose a smaller --seed"));
    }
    let out = args.out.clone().unwrap_or_else(|| {
        Path::new("out").join(format!("{}-baseline", model::folder_name(&program.name)))
    });
    let job = Job {
        args,
        model: &model,
        settings: &settings,
    };
    let folder = RunFolder::create(&out, args.force)?;
    interrupt::listen()?;
    let clock = Clock::start();
    let pool = pooled(&job)?;
    let statistics = pool.statistics();
    let manifest = write(&job, folder.path(), &pool, &statistics)?;
    interrupt::check()?;
    say_what_was_kept(&folder.commit_baseline(&manifest)?);
    report(args, &out, &manifest, clock)
}

/// Plays all seeds, several at once if there are threads for it. Which run ends first does not matter: a pool is
/// the same in whatever order runs are added.
fn pooled(job: &Job) -> Result<Pool, Failure> {
    let program = &job.model.compiled.program;
    let threads = job
        .args
        .range
        .threads
        .or(thread::available_parallelism().ok().map(NonZero::get));
    let threads = threads.unwrap_or(1);
    let at_once = threads.min(job.args.seeds as usize);
    let names: Vec<&str> = program
        .streams
        .iter()
        .map(|stream| stream.name.as_str())
        .collect();
    let range = job.settings.start..job.settings.end;
    let pool = Mutex::new(Pool::new(&program.zone, program.weekend, &range, &names));
    let seeds = Mutex::new((0..job.args.seeds).map(|n| job.args.seed + u64::from(n)));
    let work = || -> Result<(), Failure> {
        let own = ThreadPoolBuilder::new()
            .num_threads(threads / at_once)
            .build();
        let own =
            own.map_err(|error| Failure::Machine(format!("cannot start the threads: {error}")))?;
        loop {
            let next = seeds.lock().map_err(|_| broken())?.next();
            let Some(seed) = next else {
                return Ok(());
            };
            let streams = own.install(|| played(program, job.settings, seed))?;
            let mut pool = pool.lock().map_err(|_| broken())?;
            pool.add(seed, &streams);
            if !job.args.quiet {
                let done = pool.seeds().count();
                say(&format!(
                    "{done} of {}: seed {seed}",
                    some(job.args.seeds as usize, "seed")
                ));
            }
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        let ends = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Err(broken())));
        ends.collect::<Vec<_>>()
            .into_iter()
            .collect::<Result<(), Failure>>()
    })?;
    pool.into_inner().map_err(|_| broken())
}

/// Another thread has met a broken invariant, and said so.
fn broken() -> Failure {
    Failure::Machine("a thread ended before its time".to_owned())
}

/// Plays a seed without anything from outside.
fn played(
    program: &Program,
    settings: &Settings,
    seed: u64,
) -> Result<Vec<causeflow_engine::run::StreamResult>, Failure> {
    let settings = Settings {
        seed,
        ..settings.clone()
    };
    let mut watch = |_| match interrupt::asked() {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    Ok(play(program.clone(), &settings, None, &mut watch)?.streams)
}

/// Writes the files, and says what the baseline was made from.
fn write(
    job: &Job,
    folder: &Path,
    pool: &Pool,
    statistics: &[Statistics],
) -> Result<BaselineManifest, Failure> {
    let options = Options::new(Format::Parquet, None)?;
    let mut files = Vec::new();
    let tables = of_statistics(statistics).ok_or_else(too_many)?;
    write_with_rows(folder, tables, options, &mut files)?;
    let mut value = about(job, pool.seeds());
    value["streams"] = statistics_json::full(statistics);
    let streams = statistics.len() as u64;
    files.push(write_json(
        folder,
        "statistics.json",
        &json_line(&value)?,
        streams,
    )?);
    if job.args.format == BaselineFormat::Json {
        files.extend(first_seed::write(job, folder, pool, statistics)?);
    }
    Ok(BaselineManifest {
        baseline_version: BASELINE_VERSION,
        generator: Generator {
            name: GENERATOR_NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
        },
        stream_stability_version: STREAM_STABILITY_VERSION,
        model: ModelEntry {
            name: job.model.compiled.program.name.clone(),
            digest: model::digest(&job.model.files),
        },
        seeds: pool.seeds().map(|seed| seed.to_string()).collect(),
        start: instant(job.settings.start),
        end: instant(job.settings.end),
        scale: job.settings.scale,
        streams: statistics.iter().map(|one| one.stream.clone()).collect(),
        files,
    })
}

/// What files of JSON say about where they are from.
fn about(job: &Job, seeds: impl Iterator<Item = u64>) -> Value {
    json!({
        "model": job.model.compiled.program.name,
        "model_digest": model::digest(&job.model.files),
        "seeds": seeds.map(|seed| seed.to_string()).collect::<Vec<_>>(),
        "start": instant(job.settings.start),
        "end": instant(job.settings.end),
        "scale": job.settings.scale,
    })
}

fn report(
    args: &BaselineArgs,
    out: &Path,
    manifest: &BaselineManifest,
    clock: Clock,
) -> Result<(), Failure> {
    let size: u64 = manifest.files.iter().map(|file| file.bytes).sum();
    if args.json {
        let mut value = serde_json::to_value(manifest)
            .map_err(|error| Failure::Machine(format!("cannot write JSON: {error}")))?;
        value["out"] = out.display().to_string().into();
        value["elapsed_seconds"] = clock.seconds().into();
        return print_json(&value);
    }
    print(&format!(
        "what is usual for {} of {}, from {} and {} to {}\n{:.1} s; {} in {} in {}\n",
        some(manifest.streams.len(), "stream"),
        manifest.model.name,
        some(manifest.seeds.len(), "seed"),
        manifest.start,
        manifest.end,
        clock.seconds(),
        bytes(size as f64),
        some(manifest.files.len(), "file"),
        out.display(),
    ))
}
