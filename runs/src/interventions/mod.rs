//! What a run has besides its model, scenarios and external events: from what is asked for to a bent program.

use std::fs;
use std::ops::Range;
use std::path::Path;

use causeflow_engine::base::time::Time;
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use causeflow_models::{Diagnostics, Model, SourceFile};
use causeflow_scenarios::tables::of_plan;
use causeflow_scenarios::{Activation, Clock, EventRequest, Library, Original, Plan, Request};

use crate::control::{Control, Remark};
use crate::error::{Advice, Error};
use crate::spec::RunSpec;

mod entries;
pub(crate) mod files;
pub(crate) mod reach;

pub use entries::Scheduled;
pub use files::holds_events;

/// What was asked for, and what comes of it.
pub struct Interventions {
    /// The scenarios and event templates that there are.
    pub library: Library,
    /// What intervenes.
    pub plan: Plan,
    /// The scenarios that were asked for, in the order of their start.
    pub activations: Vec<Activation>,
    /// How many external events were asked for.
    pub events: usize,
    /// Whether external events come by themselves.
    pub timeline: bool,
}

impl Interventions {
    /// Plans what is asked for. Everything that is wrong with it is told at once.
    pub(crate) fn of(
        spec: &RunSpec,
        model: &Model,
        settings: &Settings,
        control: &dyn Control,
    ) -> Result<Self, Error> {
        let program = &model.compiled.program;
        let mut library = library(model, spec.scenario_folder.as_deref())?;
        let mut errors = Vec::new();
        let request = request(spec, program, settings, &mut library, &mut errors);
        let planned = Interventions::planned(library, request, program, settings, errors)?;
        let clock = Clock::new(program, settings.start);
        tell_doubts(&clock, when(&spec.scenarios), control);
        warn(&planned.library, &planned.plan, &spec.model, control);
        if spec.counterfactual.is_some() && !planned.are_asked_for() {
            return Err(Error::advised(
                "it compares the run with one without scenarios and events, and none is asked for",
                &[Advice::Intervene],
            )
            .in_field("counterfactual"));
        }
        Ok(planned)
    }

    /// Plans a request. `errors` are those that were found on the way to it.
    pub(crate) fn planned(
        library: Library,
        request: Request,
        program: &Program,
        settings: &Settings,
        mut errors: Vec<Diagnostics>,
    ) -> Result<Self, Error> {
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
    pub(crate) fn amended(
        mut self,
        program: &Program,
        seed: u64,
        request: Request,
        window: Range<Time>,
        until: Time,
    ) -> Result<Self, Error> {
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
    pub(crate) fn bend(&self, program: &Program) -> Result<Program, Error> {
        bent(&self.plan, program)
    }
}

fn bent(plan: &Plan, program: &Program) -> Result<Program, Error> {
    let mut program = program.clone();
    plan.apply(&mut program)?;
    Ok(program)
}

/// Refuses a plan whose tables cannot be written before it is played. They are made again at the end of the run, so that
/// they need not be kept as long.
fn check_texts(plan: &Plan) -> Result<(), Error> {
    of_plan(plan).map(drop).ok_or_else(too_many)
}

/// The tables of a plan have no room for so many texts.
pub(crate) fn too_many() -> Error {
    Error::input(
        "there are more external events than a table can name",
        "play a shorter range",
    )
    .advising(&[Advice::NoTimeline])
}

/// The scenarios and event templates of a model, or of a folder in place of the model's own.
///
/// # Errors
/// When there is no such folder, or it cannot be read.
pub fn library(model: &Model, folder: Option<&Path>) -> Result<Library, Error> {
    match folder {
        Some(folder) if !folder.is_dir() => {
            let shown = folder.display().to_string();
            let help = "give a folder with files of scenarios and external events";
            let error = Error::input(format!("there is no folder {shown}"), help);
            let error = match shown.contains('@') {
                true => error.advising(&[Advice::StartScenario]),
                false => error,
            };
            Err(error.in_field("scenario_folder"))
        }
        folder => Ok(Library::load(model, folder)?),
    }
}

/// Adds scenarios `ID@TIME` and events `TEMPLATE@TIME` to a request; returns what is wrong with them.
pub(crate) fn parse(
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

/// What can be read of what is asked for; the rest becomes errors.
fn request(
    spec: &RunSpec,
    program: &Program,
    settings: &Settings,
    library: &mut Library,
    errors: &mut Vec<Diagnostics>,
) -> Request {
    let clock = Clock::new(program, settings.start);
    let mut request = Request {
        without_timeline: !spec.timeline,
        ..Request::default()
    };
    errors.extend(parse(&mut request, (&spec.scenarios, &spec.events), &clock));
    for path in &spec.event_files {
        let events = read(path).and_then(|source| library.add_events(program, source));
        match events {
            Ok(events) => request.events.extend(events),
            Err(error) => errors.push(error),
        }
    }
    request
}

/// The times in arguments such as `SCENARIO@TIME+DURATION`.
pub(crate) fn when(scenarios: &[String]) -> impl Iterator<Item = &str> {
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
pub(crate) fn tell_doubts<'a>(
    clock: &Clock,
    times: impl Iterator<Item = &'a str>,
    control: &dyn Control,
) {
    for remark in times.filter_map(|time| clock.remark(time)) {
        control.tell(Remark::Warning {
            message: &remark.to_string(),
            help: "to choose, write an instant such as `2026-02-14T10:00:00Z`",
        });
    }
}

/// Reads a file of one's own.
///
/// # Errors
/// When it cannot be read.
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

/// Tells what somebody should know about a plan.
pub(crate) fn warn(library: &Library, plan: &Plan, model: &str, control: &dyn Control) {
    if !plan.warnings().list.is_empty() {
        control.tell(Remark::Warnings(plan.warnings()));
    }
    if library.problems().has_errors() {
        control.tell(Remark::Warning {
            message: "some scenarios or external events have errors, and the run goes without them",
            help: &format!("`causeflow check {model}` tells what is wrong"),
        });
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
