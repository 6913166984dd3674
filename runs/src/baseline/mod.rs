//! What is usual: several seeds of a model, played without interventions and pooled.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use causeflow_baselines::{Pool, Statistics, of_statistics};
use causeflow_engine::STREAM_STABILITY_VERSION;
use causeflow_engine::streams::play::run as play;
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use causeflow_models::{Given, Model};
use causeflow_outputs::sink::{Document, Files, Sink};
use causeflow_outputs::{
    BASELINE_VERSION, BaselineManifest, Format, GENERATOR_NAME, Generator, Options, RunFolder,
};
use rayon::ThreadPoolBuilder;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::control::{Control, Followed, Remark, check};
use crate::error::Error;
use crate::interventions::too_many;
use crate::numbers::{instant, json_line};
use crate::spec::Range;
use crate::tables::{tell_what_was_kept, write_with_rows};
use crate::{model, settings, statistics_json};

mod first_seed;

/// A baseline as it is asked for.
#[derive(Clone, Debug)]
pub struct BaselineSpec {
    /// A built-in model's name or the path of a model's folder.
    pub model: String,
    /// Values for the model's parameters.
    pub parameters: Given,
    /// How many seeds to play.
    pub seeds: u32,
    /// The first of them; the others follow it.
    pub seed: u64,
    /// Which days are played, and how large.
    pub range: Range,
    /// Whether the days, statistics and external events of the first seed are written as JSON, too.
    pub first_seed: bool,
    /// Whether these have the external events that come by themselves; statistics never have them.
    pub timeline: bool,
}

/// A baseline that has been made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Usual {
    /// What it says about itself.
    #[serde(flatten)]
    pub manifest: BaselineManifest,
    /// Its folder.
    pub out: String,
    /// Seconds of the wall clock that it took.
    pub elapsed_seconds: f64,
}

impl Usual {
    /// The same with how long it took, which only whoever looks at the clock knows.
    pub fn took(self, elapsed_seconds: f64) -> Usual {
        Usual {
            elapsed_seconds,
            ..self
        }
    }
}

/// What is to be played.
struct Job<'a> {
    spec: &'a BaselineSpec,
    model: &'a Model,
    /// Those of the first seed.
    settings: &'a Settings,
    threads: Option<usize>,
    control: &'a dyn Control,
}

/// Makes a baseline, on so many threads, or on all cores. Without a folder it goes to `out/<model>-baseline`.
///
/// # Errors
/// When something of what is asked for cannot be done, when it is cancelled, and what playing and writing fail with.
pub fn make(
    spec: &BaselineSpec,
    out: Option<PathBuf>,
    replace: bool,
    threads: Option<usize>,
    control: &dyn Control,
) -> Result<Usual, Error> {
    let model = model::load_with(&spec.model, &spec.parameters, control)?;
    let program = &model.compiled.program;
    let settings = settings::settings(spec.seed, &spec.range, &[], program, control)?;
    check_seeds(spec)?;
    let out = out.unwrap_or_else(|| {
        Path::new("out").join(format!("{}-baseline", model::folder_name(&program.name)))
    });
    let job = Job {
        spec,
        model: &model,
        settings: &settings,
        threads,
        control,
    };
    let folder = RunFolder::create(&out, replace)?;
    let pool = pooled(&job)?;
    let statistics = pool.statistics();
    let manifest = write(&job, folder.path(), &pool, &statistics)?;
    check(control)?;
    tell_what_was_kept(Some(&folder.commit_baseline(&manifest)?), control);
    Ok(Usual {
        manifest,
        out: out.display().to_string(),
        elapsed_seconds: 0.0,
    })
}

fn check_seeds(spec: &BaselineSpec) -> Result<(), Error> {
    let Some(others) = spec.seeds.checked_sub(1) else {
        let message = "a baseline needs at least one seed";
        return Err(Error::input(message, "choose 1 or more").in_field("seeds"));
    };
    match spec.seed.checked_add(u64::from(others)) {
        Some(_) => Ok(()),
        None => {
            let (seeds, most) = (spec.seeds, u64::MAX);
            let message =
                format!("with {seeds} of them the last one goes beyond the largest, {most}");
            Err(Error::input(message, "choose a smaller one").in_field("seed"))
        }
    }
}

/// Plays all seeds, several at once if there are threads for it. Which run ends first does not matter: a pool is
/// the same in whatever order runs are added.
fn pooled(job: &Job) -> Result<Pool, Error> {
    let program = &job.model.compiled.program;
    let cores = || thread::available_parallelism().ok().map(NonZero::get);
    let threads = job.threads.or_else(cores).unwrap_or(1);
    let at_once = threads.min(job.spec.seeds as usize);
    let names: Vec<&str> = program
        .streams
        .iter()
        .map(|stream| stream.name.as_str())
        .collect();
    let range = job.settings.start..job.settings.end;
    let pool = Mutex::new(Pool::new(&program.zone, program.weekend, &range, &names));
    let seeds = Mutex::new((0..job.spec.seeds).map(|n| job.spec.seed + u64::from(n)));
    let work = || -> Result<(), Error> {
        let own = ThreadPoolBuilder::new()
            .num_threads(threads / at_once)
            .build();
        let own =
            own.map_err(|error| Error::machine(format!("cannot start the threads: {error}")))?;
        loop {
            let next = seeds.lock().map_err(|_| broken())?.next();
            let Some(seed) = next else {
                return Ok(());
            };
            let streams = own.install(|| played(program, job.settings, seed, job.control))?;
            let mut pool = pool.lock().map_err(|_| broken())?;
            pool.add(seed, &streams);
            job.control.tell(Remark::Seed {
                seed,
                done: pool.seeds().count(),
                of: job.spec.seeds as usize,
            });
        }
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..at_once).map(|_| scope.spawn(work)).collect();
        let ends = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Err(broken())));
        ends.collect::<Vec<_>>()
            .into_iter()
            .collect::<Result<(), Error>>()
    })?;
    pool.into_inner().map_err(|_| broken())
}

/// Another thread has met a broken invariant, and said so.
fn broken() -> Error {
    Error::machine("a thread ended before its time".to_owned())
}

/// Plays a seed without anything from outside.
fn played(
    program: &Program,
    settings: &Settings,
    seed: u64,
    control: &dyn Control,
) -> Result<Vec<causeflow_engine::streams::play::StreamResult>, Error> {
    let settings = Settings {
        seed,
        ..settings.clone()
    };
    let mut followed = Followed::silent(control);
    let mut note = |progress| followed.note(progress);
    Ok(play(program.clone(), &settings, None, &mut note)?.streams)
}

/// Writes the files, and says what the baseline was made from.
fn write(
    job: &Job,
    folder: &Path,
    pool: &Pool,
    statistics: &[Statistics],
) -> Result<BaselineManifest, Error> {
    let options = Options::new(Format::Parquet, None)?;
    let mut files = Files::below(folder, options);
    let tables = of_statistics(statistics).ok_or_else(too_many)?;
    write_with_rows(&mut files, tables)?;
    let mut value = about(job, pool.seeds());
    value["streams"] = statistics_json::full(statistics);
    files.document(&Document {
        name: "statistics.json",
        text: &json_line(&value)?,
        rows: statistics.len() as u64,
    })?;
    if job.spec.first_seed {
        first_seed::write(job, &mut files, pool, statistics)?;
    }
    Ok(BaselineManifest {
        baseline_version: BASELINE_VERSION,
        generator: Generator {
            name: GENERATOR_NAME.into(),
            version: env!("CARGO_PKG_VERSION").into(),
        },
        stream_stability_version: STREAM_STABILITY_VERSION,
        model: model::entry(job.model),
        seeds: pool.seeds().map(|seed| seed.to_string()).collect(),
        start: instant(job.settings.start),
        end: instant(job.settings.end),
        scale: job.settings.scale,
        streams: statistics.iter().map(|one| one.stream.clone()).collect(),
        files: files.into_files(),
    })
}

/// What files of JSON say about where they are from.
fn about(job: &Job, seeds: impl Iterator<Item = u64>) -> Value {
    json!({
        "model": job.model.compiled.program.name,
        "model_digest": model::digest_of(job.model),
        "seeds": seeds.map(|seed| seed.to_string()).collect::<Vec<_>>(),
        "start": instant(job.settings.start),
        "end": instant(job.settings.end),
        "scale": job.settings.scale,
    })
}
