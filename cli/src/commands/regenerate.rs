//! `causeflow regenerate`: a version of a part of a run, with something put into the past.

use std::ops::Range;

use causeflow_baselines::Baseline;
use causeflow_engine::program::Program;
use causeflow_engine::simulation::Simulation;
use causeflow_engine::snapshot::open_from;
use causeflow_engine::time::Time;
use causeflow_engine::world::Settings;
use causeflow_outputs::{
    EntityEntry, FileEntry, FinishedRun, MANIFEST_NAME, Manifest, Options, RunFolder, VersionEntry,
};
use causeflow_scenarios::{Clock, Request};
use serde_json::json;

use super::run::{pool, stream_entries};
use crate::args::RegenerateArgs;
use crate::errors::Failure;
use crate::folder::{say_what_was_kept, write_streams, write_tables};
use crate::history::Scoring;
use crate::interventions::{Interventions, gathered, parse, tell_doubts, warn, when};
use crate::output::{count, instant, print, print_json, short, some};
use crate::progress::{Clock as Stopwatch, Watch};
use crate::recipe::Recipe;
use crate::{baselines, interrupt, snapshots, versions};

/// A version that is to be made.
struct Job<'a> {
    args: &'a RegenerateArgs,
    /// That of the run.
    manifest: &'a Manifest,
    name: String,
    /// The run's, but that it ends where the version does.
    settings: Settings,
    interventions: Interventions,
    program: Program,
    window: Range<Time>,
    /// From when on something acts that the run has not had.
    acts_from: Time,
    /// How many scenarios the run has had.
    scenarios: usize,
}

/// A version that has been made.
struct Made {
    manifest: Manifest,
    /// The snapshot that it began at, or the beginning of the run.
    began: Option<Time>,
}

/// Runs the command.
pub fn run(args: &RegenerateArgs) -> Result<(), Failure> {
    let manifest = Manifest::read(&args.out)?;
    let job = Job::of(args, &manifest)?;
    let pool = pool(args.threads)?;
    interrupt::listen()?;
    let stopwatch = Stopwatch::start();
    let made = pool.install(|| job.make())?;
    match args.json {
        true => job.print_json(&made, stopwatch),
        false => job.print(&made, stopwatch),
    }
}

impl<'a> Job<'a> {
    /// Whatever is wrong with what is asked for is told before anything is played.
    fn of(args: &'a RegenerateArgs, manifest: &'a Manifest) -> Result<Job<'a>, Failure> {
        if let Some(version) = &manifest.version {
            return Err(Failure::input(
                format!(
                    "{} holds the version `{}` of a run",
                    args.out.display(),
                    version.name
                ),
                "give the folder of the run itself",
            ));
        }
        let name = args
            .name
            .clone()
            .unwrap_or_else(|| versions::free_name(&args.out));
        versions::check_name(&name)?;
        let recipe = Recipe::of(manifest, args.sources.sources())?;
        let clock = Clock::new(&recipe.program, recipe.settings.start);
        let (window, until) = times(args, &recipe.settings, &clock)?;
        let request = request(args, &clock)?;
        let (model, mut settings) = (recipe.model, recipe.settings);
        let (had, scenarios) = (
            recipe.interventions.plan.interventions().len(),
            recipe.interventions.activations.len(),
        );
        let base = &model.compiled.program;
        let (seed, interventions) = (settings.seed, recipe.interventions);
        let interventions = interventions.amended(base, seed, request, window.clone(), until)?;
        if !args.quiet {
            let times = [&args.from, &args.to].into_iter().chain(&args.until);
            tell_doubts(&clock, times.map(String::as_str));
            tell_doubts(&clock, when(&args.scenario));
            warn(
                &interventions.library,
                &interventions.plan,
                &manifest.model.name,
            );
        }
        settings.end = until;
        let new = interventions.plan.interventions()[had..].iter();
        let starts = new
            .flat_map(|one| &one.modifiers)
            .map(|(_, m)| m.envelope.start);
        Ok(Job {
            acts_from: starts.min().unwrap_or(until),
            program: interventions.bend(base)?,
            args,
            manifest,
            name,
            settings,
            interventions,
            window,
            scenarios,
        })
    }

    /// Plays the window into the version's folder. What goes wrong leaves nothing behind.
    fn make(&self) -> Result<Made, Failure> {
        let place = versions::place(&self.args.out, &self.name);
        let folder = RunFolder::create(&place, self.args.force).map_err(|error| {
            // A version has its place by its name.
            match Failure::from(error) {
                Failure::Input(message, help) => Failure::Input(
                    message.replace(
                        "choose another folder with --out",
                        "choose another with --name",
                    ),
                    help,
                ),
                other => other,
            }
        })?;
        let options = Options::new(self.manifest.format, Some(self.manifest.compression))?;
        let (simulation, began) = self.begin()?;
        let warmup = self.window.start - simulation.time();
        let (from, end) = (self.window.start, self.settings.end);
        let watch = Watch::new("", from, end, warmup, self.args.quiet);
        let (mut result, mut files) = write_streams(folder.path(), simulation, options, watch)?;
        let own = self.baseline()?;
        let scoring = Scoring {
            baseline: own.as_ref(),
            model_digest: &self.manifest.model.digest,
        };
        let (entities, tables) = write_tables(
            folder.path(),
            &mut result,
            &self.interventions,
            scoring,
            options,
        )?;
        files.extend(tables);
        let manifest = Manifest {
            fingerprint: result.fingerprint.to_string(),
            streams: stream_entries(&result.streams),
            ..self.entries(entities, files)
        };
        interrupt::check()?;
        say_what_was_kept(&folder.commit(&manifest)?);
        Ok(Made { manifest, began })
    }

    /// The run at the last snapshot from which it can still go on otherwise, or at its beginning.
    fn begin(&self) -> Result<(Simulation, Option<Time>), Failure> {
        let fits = |&time: &Time| time <= self.window.start && open_from(time) <= self.acts_from;
        let snapshot = snapshots::times(self.manifest).into_iter().rev().find(fits);
        let program = self.program.clone();
        let simulation = match snapshot {
            None => Ok(Simulation::new(program, &self.settings)),
            Some(time) => {
                let snapshot = snapshots::read(&self.args.out, time)?;
                Simulation::resume(program, &self.settings, snapshot)
            }
        };
        let begun = simulation.and_then(|mut simulation| {
            simulation.write_from(self.window.start)?;
            Ok(simulation)
        });
        let begun = begun.map_err(|error| {
            Failure::input(
                format!(
                    "{} cannot be gone on with: {error}",
                    self.args.out.display()
                ),
                "play the run again",
            )
        })?;
        Ok((begun, snapshot))
    }

    /// What was usual in the run: a window of it alone says little about that.
    fn baseline(&self) -> Result<Option<Baseline>, Failure> {
        let statistics = FinishedRun::open(&self.args.out)?.table("statistics")?;
        statistics.as_ref().map(baselines::read).transpose()
    }

    /// What the version says about itself, but for its streams.
    fn entries(&self, entities: Vec<EntityEntry>, files: Vec<FileEntry>) -> Manifest {
        let scenarios = self.interventions.scenario_entries();
        let mut events = self.interventions.event_entries();
        events.retain(|event| !self.manifest.events.contains(event));
        Manifest {
            start: instant(self.window.start),
            end: instant(self.settings.end),
            version: Some(VersionEntry {
                name: self.name.clone(),
                of: self.manifest.fingerprint.clone(),
                run_start: self.manifest.start.clone(),
                run_end: self.manifest.end.clone(),
                from: instant(self.window.start),
                to: instant(self.window.end),
                scenarios: scenarios[self.scenarios..].to_vec(),
                events,
            }),
            // What was usual in the run, which is no baseline of its own.
            baseline: None,
            entities,
            files,
            ..self.manifest.clone()
        }
    }

    fn print(&self, made: &Made, stopwatch: Stopwatch) -> Result<(), Failure> {
        let rows: u64 = made.manifest.streams.iter().map(|stream| stream.rows).sum();
        let began = match made.began {
            Some(time) => format!("from the snapshot of {}", instant(time)),
            None => "from the beginning, since the run has no snapshot before the window (see `run --snapshot-every`)"
                .to_owned(),
        };
        let out = self.args.out.display();
        print(&format!(
            "version {} of {out}: {} events in {} from {} to {}, played {began}\n\
             {:.1} s, {} rows/s; {} in {}\n\
             fingerprint {}\n\
             `causeflow diff {out} --version {}` shows what it changed\n",
            self.name,
            count(rows),
            some(made.manifest.streams.len(), "stream"),
            made.manifest.start,
            made.manifest.end,
            stopwatch.seconds(),
            short(stopwatch.rate(rows)),
            some(made.manifest.files.len(), "file"),
            versions::place(&self.args.out, &self.name).display(),
            made.manifest.fingerprint,
            self.name,
        ))
    }

    fn print_json(&self, made: &Made, stopwatch: Stopwatch) -> Result<(), Failure> {
        let place = versions::place(&self.args.out, &self.name);
        print_json(&json!({
            "version": self.name,
            "folder": place.display().to_string(),
            "manifest": place.join(MANIFEST_NAME).display().to_string(),
            "start": made.manifest.start,
            "end": made.manifest.end,
            "snapshot": made.began.map(instant),
            "rows": made.manifest.streams.iter().map(|stream| stream.rows).sum::<u64>(),
            "elapsed_seconds": stopwatch.seconds(),
            "fingerprint": made.manifest.fingerprint,
        }))
    }
}

/// The window, and how far the version goes.
fn times(
    args: &RegenerateArgs,
    settings: &Settings,
    clock: &Clock,
) -> Result<(Range<Time>, Time), Failure> {
    let (start, end) = (settings.start, settings.end);
    let time = |flag: &str, text: &str| -> Result<Time, Failure> {
        let time = match text {
            "end" => end,
            text => clock.time(text)?,
        };
        if (start..=end).contains(&time) {
            return Ok(time);
        }
        Err(Failure::input(
            format!("{flag} {text} is {time}, and the run goes from {start} to {end}"),
            "choose a time of the run",
        ))
    };
    let (from, to) = (time("--from", &args.from)?, time("--to", &args.to)?);
    if from >= to {
        return Err(Failure::input(
            format!("the window ends at {to}, and begins only at {from}"),
            "give --to a later time than --from",
        ));
    }
    let until = args.until.as_deref().map(|text| time("--until", text));
    let until = until.transpose()?.unwrap_or(to);
    if until < to {
        return Err(Failure::input(
            format!("--until is {until}, before the end of the window at {to}"),
            "leave --until out, or give it a later time",
        ));
    }
    Ok((from..to, until))
}

/// What is to be put in.
fn request(args: &RegenerateArgs, clock: &Clock) -> Result<Request, Failure> {
    if args.scenario.is_empty() && args.event.is_empty() {
        return Err(Failure::input(
            "nothing is put into the window, so the version would be what the run has already",
            "add --scenario ID@TIME or --event TEMPLATE@TIME",
        ));
    }
    let mut request = Request::default();
    let errors = parse(&mut request, (&args.scenario, &args.event), clock);
    match errors.is_empty() {
        true => Ok(request),
        false => Err(gathered(errors).into()),
    }
}
