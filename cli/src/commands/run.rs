//! `causeflow run`: plays a model and writes what comes out.

use causeflow_engine::program::Program;
use causeflow_engine::run::{Progress, RunResult, run as play};
use causeflow_engine::simulation::Simulation;
use causeflow_engine::world::Settings;
use causeflow_models::Model;
use causeflow_outputs::Options;
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::args::{FormatArg, RunArgs};
use crate::baselines::Reference;
use crate::errors::Failure;
use crate::interventions::Interventions;
use crate::output::say;
use crate::progress::{Clock, Watch};
use crate::{interrupt, model, settings};

mod attributed;
pub mod counterfactual;
mod dry_run;
mod keep;
mod manifest;
mod peopled;
mod report;
mod resume;
mod state;
mod write;

pub use manifest::streams as stream_entries;
use report::Outcome;
use resume::Left;

/// A run as it was asked for.
pub struct Job<'a> {
    pub args: &'a RunArgs,
    pub model: &'a Model,
    pub settings: &'a Settings,
    pub options: Options,
    pub interventions: &'a Interventions,
    /// The model's program, bent by the interventions.
    pub program: &'a Program,
    pub out: &'a std::path::Path,
    /// What the run is scored against, if not its own untouched side.
    pub baseline: Option<Reference>,
}

/// Runs the command.
pub fn run(args: &RunArgs) -> Result<(), Failure> {
    match args.resume {
        true => {
            let (args, left) = resume::open(args)?;
            carry_out(&args, Some(left))
        }
        false => carry_out(args, None),
    }
}

/// Plays what is asked for, or goes on with what was left of it.
fn carry_out(args: &RunArgs, left: Option<Left>) -> Result<(), Failure> {
    let format = args.format.unwrap_or(FormatArg::Parquet).into();
    let options = Options::new(format, args.compression.map(Into::into))?;
    let model = model::load(args.model(), args.quiet)?;
    let settings = settings::settings(
        args.seed,
        &args.range,
        &args.streams,
        &model.compiled.program,
    )?;
    let interventions = Interventions::of(args, &model, &settings)?;
    if args.counterfactual.is_some() {
        check_counterfactual(&interventions)?;
    }
    let program = interventions.bend(&model.compiled.program)?;
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| model::default_out(&model.compiled.program.name, args.seed));
    let baseline = Reference::asked_for(args.baseline.as_deref(), &model, &settings)?;
    let job = Job {
        args,
        model: &model,
        settings: &settings,
        options,
        interventions: &interventions,
        program: &program,
        out: &out,
        baseline,
    };
    keep::check_span(&job)?;
    let pool = pool(args.range.threads)?;
    interrupt::listen()?;
    if args.dry_run {
        return pool.install(|| dry_run::show(&job));
    }
    let clock = Clock::start();
    let (result, written) = pool.install(|| match args.no_output {
        true => job.simulate().map(|result| (result, None)),
        false => write::write(&job, left).map(|(result, written)| (result, Some(written))),
    })?;
    let outcome = Outcome {
        job: &job,
        result: &result,
        clock,
        threads: pool.current_num_threads(),
        written: written.as_ref(),
    };
    match args.json {
        true => outcome.print_json()?,
        false => outcome.print()?,
    }
    if !args.quiet {
        outcome.warnings().iter().for_each(|warning| say(warning));
    }
    Ok(())
}

/// Refuses to play a run again that would not differ.
fn check_counterfactual(interventions: &Interventions) -> Result<(), Failure> {
    if !interventions.are_asked_for() {
        return Err(Failure::input(
            "--counterfactual compares the run with one without scenarios and events, and none is asked for",
            "add --scenario ID@TIME, --event TEMPLATE@TIME or --events FILE",
        ));
    }
    Ok(())
}

/// So many threads, or one for each core.
pub fn pool(threads: Option<usize>) -> Result<ThreadPool, Failure> {
    let builder = ThreadPoolBuilder::new().num_threads(threads.unwrap_or(0));
    builder
        .build()
        .map_err(|error| Failure::Machine(format!("cannot start the threads: {error}")))
}

impl Job<'_> {
    /// Watches a run of this length; `what` stands before its progress where there are several.
    fn watch(&self, what: &'static str) -> Watch {
        let warmup = self.program.warmup;
        let settings = self.settings;
        Watch::new(what, settings.start, settings.end, warmup, self.args.quiet)
    }

    /// Lets a simulation keep what it takes to explain a difference, if one is asked for.
    fn prepare(&self, simulation: Simulation) -> Simulation {
        match self.args.counterfactual {
            Some(_) => simulation.keep_parted(),
            None => simulation,
        }
    }

    /// What a twin is to be played of.
    fn played(&self) -> counterfactual::Played<'_> {
        counterfactual::Played {
            model: self.model,
            settings: self.settings,
            interventions: self.interventions,
            program: self.program,
            options: self.options,
            quiet: self.args.quiet,
        }
    }

    /// Plays without output.
    fn simulate(&self) -> Result<RunResult, Failure> {
        let mut watch = self.watch("");
        let mut note = |progress: Progress| watch.note(progress);
        Ok(play(self.program.clone(), self.settings, None, &mut note)?)
    }
}
