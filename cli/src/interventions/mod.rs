//! What a run has besides its model, scenarios and external events: from the arguments to a bent program.

use std::fs;
use std::ops::Range;
use std::path::Path;

use causeflow_engine::program::Program;
use causeflow_engine::time::Time;
use causeflow_engine::world::Settings;
use causeflow_models::{Diagnostics, Model, SourceFile};
use causeflow_scenarios::tables::of_plan;
use causeflow_scenarios::{Activation, Clock, EventRequest, Library, Original, Plan, Request};

use crate::args::RunArgs;
use crate::errors::{Failure, colour};
use crate::output::say;

pub mod entries;
pub mod files;
pub mod reach;

/// What was asked for, and what comes of it.
pub struct Interventions {
    pub library: Library,
    pub plan: Plan,
    /// The scenarios that were asked for, in the order of their start.
    pub activations: Vec<Activation>,
    /// How many external events were asked for.
    pub events: usize,
    /// Whether external events come by themselves.
    pub timeline: bool,
}

impl Interventions {
    /// Plans what the arguments ask for. Everything that is wrong with them is told at once.
    pub fn of(args: &RunArgs, model: &Model, settings: &Settings) -> Result<Self, Failure> {
        let program = &model.compiled.program;
        let mut library = library(model, args.scenarios.as_deref())?;
        let mut errors = Vec::new();
        let request = request(args, program, settings, &mut library, &mut errors);
        let planned = Interventions::planned(library, request, program, settings, errors)?;
        if !args.quiet {
            let clock = Clock::new(program, settings.start);
            tell_doubts(&clock, when(&args.scenario));
            warn(&planned.library, &planned.plan, args.model());
        }
        Ok(planned)
    }

    /// Plans what is asked for. `errors` are those that were found on the way to the request.
    pub fn planned(
        library: Library,
        request: Request,
        program: &Program,
        settings: &Settings,
        mut errors: Vec<Diagnostics>,
    ) -> Result<Self, Failure> {
        let range = settings.start..settings.end;
        let plan = match Plan::new(&library, program, &request, range, settings.seed) {
            Ok(plan) if errors.is_empty() => plan,
            Ok(_) => return Err(gathered(errors).into()),
            Err(error) => {
                errors.push(error);
                return Err(gathered(errors).into());
            }
        };
        check_texts(&plan)?;
        let mut activations = request.activations;
        activations.sort_by(|a, b| (a.start, &a.scenario).cmp(&(b.start, &b.scenario)));
        let timed = library.event_templates().any(|t| t.timing.is_some());
        Ok(Interventions {
            timeline: timed && !request.without_timeline,
            events: request.events.len(),
            library,
            plan,
            activations,
        })
    }

    /// The same with more put into a window of the past, which is played up to a time.
    pub fn amended(
        mut self,
        program: &Program,
        seed: u64,
        request: Request,
        window: Range<Time>,
        until: Time,
    ) -> Result<Self, Failure> {
        let original = Original {
            plan: &self.plan,
            activations: &self.activations,
            seed,
        };
        self.plan = Plan::amended(original, &self.library, program, &request, window, until)?;
        check_texts(&self.plan)?;
        self.events += request.events.len();
        self.activations.extend(request.activations);
        Ok(self)
    }

    /// Whether anything was asked for besides what comes by itself.
    pub fn are_asked_for(&self) -> bool {
        !self.activations.is_empty() || self.events > 0
    }

    /// The model's program, bent by all that happens in the run.
    pub fn bend(&self, program: &Program) -> Result<Program, Failure> {
        bent(&self.plan, program)
    }
}

fn bent(plan: &Plan, program: &Program) -> Result<Program, Failure> {
    let mut program = program.clone();
    plan.apply(&mut program)?;
    Ok(program)
}

/// Refuses a plan whose tables cannot be written before it is played. They are made again at the end of the run, so that
/// they need not be kept as long.
fn check_texts(plan: &Plan) -> Result<(), Failure> {
    of_plan(plan).map(drop).ok_or_else(too_many)
}

/// The tables of a plan have no room for so many texts.
pub fn too_many() -> Failure {
    Failure::input(
        "there are more external events than a table can name",
        "play a shorter range, or leave them out with --no-events",
    )
}

/// The scenarios and event templates of a model.
pub fn library(model: &Model, folder: Option<&Path>) -> Result<Library, Failure> {
    match folder {
        Some(folder) if !folder.is_dir() => {
            let shown = folder.display().to_string();
            let help = match shown.contains('@') {
                true => format!("to start a scenario, write `--scenario {shown}`"),
                false => "give a folder with files of scenarios and external events".to_owned(),
            };
            let message = format!("--scenarios: there is no folder {shown}");
            Err(Failure::input(message, help))
        }
        folder => Ok(Library::load(model, folder)?),
    }
}

/// Adds scenarios `ID@TIME` and events `TEMPLATE@TIME` to a request; returns what is wrong with them.
pub fn parse(
    request: &mut Request,
    (scenarios, events): (&[String], &[String]),
    clock: &Clock,
) -> Vec<Diagnostics> {
    let mut errors = Vec::new();
    for text in scenarios {
        match Activation::parse(text, clock) {
            Ok(activation) => request.activations.push(activation),
            Err(error) => errors.push(error),
        }
    }
    for text in events {
        match EventRequest::parse(text) {
            Ok(event) => request.events.push(event),
            Err(error) => errors.push(error),
        }
    }
    errors
}

/// What can be read of the arguments; the rest becomes errors.
fn request(
    args: &RunArgs,
    program: &Program,
    settings: &Settings,
    library: &mut Library,
    errors: &mut Vec<Diagnostics>,
) -> Request {
    let clock = Clock::new(program, settings.start);
    let mut request = Request {
        without_timeline: args.no_events,
        ..Request::default()
    };
    errors.extend(parse(&mut request, (&args.scenario, &args.event), &clock));
    for path in &args.events {
        let events = read(path).and_then(|source| library.add_events(program, source));
        match events {
            Ok(events) => request.events.extend(events),
            Err(error) => errors.push(error),
        }
    }
    request
}

/// The times in arguments such as `SCENARIO@TIME+DURATION`.
pub fn when(scenarios: &[String]) -> impl Iterator<Item = &str> {
    let times = scenarios.iter();
    times
        .filter_map(|text| Some(text.split_once('@')?.1))
        // What follows may be a duration.
        .map(|when| match when.rsplit_once('+') {
            Some((time, length)) if length.ends_with(|c: char| c.is_ascii_alphabetic()) => time,
            _ => when,
        })
}

/// Says which instant is taken for a time that clocks never show, or twice.
pub fn tell_doubts<'a>(clock: &Clock, times: impl Iterator<Item = &'a str>) {
    for remark in times.filter_map(|time| clock.remark(time)) {
        say(&format!(
            "warning: {remark}\n  help: to choose, write an instant such as `2026-02-14T10:00:00Z`"
        ));
    }
}

/// Reads a file of one's own.
pub fn read(path: &Path) -> Result<SourceFile, Diagnostics> {
    let shown = path.display().to_string();
    match fs::read_to_string(path) {
        Ok(text) => Ok(SourceFile { path: shown, text }),
        Err(error) => {
            let message = format!("cannot read {shown}: {error}");
            let help = "give a YAML file that exists and that you may read";
            Err(Diagnostics::general(message, Some(help.into())))
        }
    }
}

/// Says on stderr what somebody should know about a plan.
pub fn warn(library: &Library, plan: &Plan, model: &str) {
    if !plan.warnings().list.is_empty() {
        say(&plan.warnings().render(colour()));
    }
    if library.problems().has_errors() {
        say(&format!(
            "warning: some scenarios or external events have errors, and the run goes without them\n  \
             help: `causeflow check {model}` tells what is wrong"
        ));
    }
}

/// Findings about different files as one report.
pub fn gathered(reports: Vec<Diagnostics>) -> Diagnostics {
    let mut all = Diagnostics::default();
    for Diagnostics { files, list } in reports {
        let before = all.files.len();
        all.files.extend(files);
        for mut diagnostic in list {
            diagnostic.file = diagnostic.file.map(|file| file + before);
            if !all.list.contains(&diagnostic) {
                all.list.push(diagnostic);
            }
        }
    }
    all
}
