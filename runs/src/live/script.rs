//! From a journal to what happens in a session: its plan, as a run would have it that knew all commands from the start.
//!
//! Interventions stand in the order in which a session comes to know them, by virtual time: what it is begun with, the timeline of
//! each stretch of time, and each command. So those that a snapshot had are the first ones of those that come later, however
//! often it is gone back.

use std::sync::{Arc, OnceLock};

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::Program;
use causeflow_engine::streams::world::Settings;
use causeflow_models::{Model, SourceFile, duration, yaml};
use causeflow_scenarios::{Activation, Clock, EventRequest, Library, Original, Plan, Request};

use super::journal::{Command, Entry, Injection};
use crate::error::{Error, Result};
use crate::interventions::Interventions;
use crate::numbers::instant;
use crate::spec::RunSpec;

/// The timeline of external events is looked up for so long at once.
pub(super) const STRETCH: Span = Span(32 * Span::DAY.0);

/// Later than anything that happens.
const FAR: Time = Time(i64::MAX / 4);

/// A command of a journal, with its time.
#[derive(Clone, Debug)]
pub(super) struct Timed {
    pub at: Time,
    pub command: Command,
}

/// What sessions of a model are planned from.
pub(super) struct Script<'a> {
    pub model: &'a Model,
    pub spec: &'a RunSpec,
    pub settings: &'a Settings,
    /// What is there without what was defined on the way.
    pub library: &'a OnceLock<Library>,
}

/// What happens in a session.
pub(super) struct Planned {
    pub interventions: Arc<Interventions>,
    pub program: Arc<Program>,
    /// Up to here.
    pub end: Time,
}

impl Script<'_> {
    /// Reads the time of an entry.
    pub fn timed(&self, entry: &Entry) -> Result<Timed> {
        let clock = Clock::new(&self.model.compiled.program, self.settings.start);
        Ok(Timed {
            at: clock.time(&entry.at)?,
            command: entry.command.clone(),
        })
    }

    /// Reads the times of all entries.
    pub fn all_timed(&self, entries: &[Entry]) -> Result<Vec<Timed>> {
        entries.iter().map(|entry| self.timed(entry)).collect()
    }

    /// The plan after these commands, up to the end of the stretch of time in which `until` lies.
    ///
    /// # Errors
    /// All that is wrong with the last command, as long as the others are fine.
    pub fn plan(&self, commands: &[Timed], until: Time) -> Result<Planned> {
        let base = &self.model.compiled.program;
        let library = self.library(commands)?;
        let mut todo = epoch(commands, &library)?;
        todo.sort_by_key(|timed| timed.at);
        let mut todo = todo.into_iter().peekable();
        let first = self.settings.start + STRETCH;
        let first_settings = Settings {
            end: first,
            ..self.settings.clone()
        };
        let request = Request {
            without_timeline: !self.spec.timeline,
            ..Request::default()
        };
        let mut known =
            Interventions::planned(library, request, base, &first_settings, Vec::new())?;
        let mut end = first;
        loop {
            while let Some(next) = todo.next_if(|next| next.at < end) {
                known = self.amended(known, next)?;
            }
            if end >= until {
                break;
            }
            end += STRETCH;
            let seed = self.settings.seed;
            let original = Original {
                plan: &known.plan,
                activations: &known.activations,
                seed,
            };
            known.plan = Plan::lengthened(original, &known.library, base, end, self.spec.timeline)?;
        }
        Ok(Planned {
            program: Arc::new(known.bend(base)?),
            interventions: Arc::new(known),
            end,
        })
    }

    /// The model's scenarios and templates with those of the session.
    fn library(&self, commands: &[Timed]) -> Result<Library> {
        let mut more: Vec<SourceFile> = Vec::new();
        for (number, timed) in commands.iter().enumerate() {
            match &timed.command {
                Command::Define { text } => {
                    let path = format!("{}.yaml", defined_id(text)?);
                    // A later text of the same scenario takes the place of the earlier one.
                    more.retain(|file| file.path != path);
                    more.push(SourceFile {
                        path,
                        text: text.clone(),
                    });
                }
                Command::Inject { event } => {
                    if let Some(definition) = &event.definition {
                        more.push(template_file(event, definition, number)?);
                    }
                }
                Command::Scenario { .. } | Command::Stop | Command::Reset => {}
            }
        }
        let folder = self.spec.scenario_folder.as_deref();
        if more.is_empty() {
            // It is read and compiled once.
            let library = match self.library.get() {
                Some(library) => library.clone(),
                None => Library::load(self.model, folder)?,
            };
            return Ok(self.library.get_or_init(|| library).clone());
        }
        let files: Vec<String> = more.iter().map(|file| file.path.clone()).collect();
        let library = Library::load_with(self.model, folder, more)?;
        // What is wrong with the model's own scenarios is known; what came in here is refused.
        let mut wrong = library.problems();
        wrong.list.retain(|diagnostic| {
            let file = diagnostic.file.and_then(|at| wrong.files.get(at));
            let own = file.is_some_and(|file| files.contains(&file.path));
            own && diagnostic.severity == causeflow_models::Severity::Error
        });
        match wrong.list.is_empty() {
            true => Ok(library),
            false => Err(wrong.into()),
        }
    }

    /// The same with one more thing in it.
    fn amended(&self, known: Interventions, next: Next) -> Result<Interventions> {
        let had = known.plan.interventions().len();
        let base = &self.model.compiled.program;
        let mut amended =
            known.amended(base, self.settings.seed, next.request, next.at..FAR, FAR)?;
        // What a scenario would have made known before has not been; it begins now.
        amended.plan.begin_from(had, next.at);
        Ok(amended)
    }
}

/// Something that begins.
struct Next {
    at: Time,
    request: Request,
}

/// What is to begin after the last reset, each scenario for as long as it was let.
fn epoch(commands: &[Timed], library: &Library) -> Result<Vec<Next>> {
    let reset = commands
        .iter()
        .rposition(|timed| timed.command == Command::Reset);
    let from = reset.map(|at| commands[at].at);
    let counts = |&(number, timed): &(usize, &Timed)| {
        reset.is_none_or(|at| number > at || from.is_some_and(|from| timed.at > from))
    };
    let commands = commands.iter().enumerate().filter(counts);
    let (mut next, mut activations): (Vec<Next>, Vec<Activation>) = (Vec::new(), Vec::new());
    let mut stops = Vec::new();
    for (number, timed) in commands {
        let at = timed.at;
        match &timed.command {
            Command::Scenario { scenario, duration } => {
                let own = library.scenario(scenario)?.duration;
                let asked = duration.as_deref().map(span).transpose()?;
                activations.push(Activation {
                    scenario: scenario.clone(),
                    start: at,
                    duration: Some(asked.unwrap_or(own)),
                });
            }
            Command::Stop => stops.push(at),
            Command::Inject { event } => {
                let request = Request {
                    events: vec![event_request(event, number, at)?],
                    ..Request::default()
                };
                next.push(Next { at, request });
            }
            Command::Reset | Command::Define { .. } => {}
        }
    }
    for at in stops {
        let active = activations.iter_mut().find(|one| {
            let end = one.duration.map(|duration| one.start + duration);
            one.start <= at && end.is_some_and(|end| at < end)
        });
        let active = active.ok_or_else(|| {
            let message = format!("no scenario is active at {}", instant(at));
            Error::input(message, "start one, or wait until the next one has begun")
        })?;
        active.duration = Some(at - active.start);
    }
    activations.retain(|one| one.duration.is_none_or(|duration| duration > Span(0)));
    next.extend(activations.into_iter().map(|activation| Next {
        at: activation.start,
        request: Request {
            activations: vec![activation],
            ..Request::default()
        },
    }));
    Ok(next)
}

fn span(text: &str) -> Result<Span> {
    match duration(text) {
        Ok(span) if span > Span(0) => Ok(span),
        Ok(_) => Err(Error::input(
            "a scenario takes some time",
            "write a duration such as `6h`",
        )),
        Err(error) => Err(Error::input(error, "write a duration such as `6h`")),
    }
    .map_err(|error| error.in_field("duration"))
}

fn event_request(event: &Injection, number: usize, at: Time) -> Result<EventRequest> {
    Ok(EventRequest {
        template: template_id(event, number)?,
        at: instant(at),
        title: event.title.clone(),
        description: event.description.clone(),
        severity: event.severity,
        causal: event.causal,
    })
}

/// The id of the template of an event, which is made up for one that brings its own.
fn template_id(event: &Injection, number: usize) -> Result<String> {
    match (&event.template, &event.definition) {
        (Some(template), _) => Ok(template.clone()),
        (None, Some(_)) => Ok(format!("injected-{}", number + 1)),
        (None, None) => Err(Error::input(
            "an external event needs a template",
            "give `template`, the id of one that there is, or `definition`, one of its own",
        )
        .in_field("template")),
    }
}

/// A template of an event's own, as a file.
fn template_file(
    event: &Injection,
    definition: &serde_json::Value,
    number: usize,
) -> Result<SourceFile> {
    let id = template_id(event, number)?;
    // As the file that people would write, so that it is checked like one.
    let file = serde_json::json!({ "templates": { id.as_str(): definition } });
    Ok(SourceFile {
        path: format!("event-{:06}.yaml", number + 1),
        text: file.to_string(),
    })
}

/// The id of the scenario in a text.
pub(super) fn defined_id(text: &str) -> Result<String> {
    let tree = yaml::parse(text).map_err(|errors| {
        let found: Vec<String> = errors.into_iter().map(|error| error.message).collect();
        Error::input(
            format!("the text is no YAML: {}", found.join("; ")),
            "write it as a file of a scenario",
        )
        .in_field("text")
    })?;
    let json = tree.to_json();
    let id = json.get("id").and_then(serde_json::Value::as_str);
    id.map(str::to_owned).ok_or_else(|| {
        Error::input(
            "the text does not say the id of the scenario",
            "begin it with a line such as `id: my-scenario`",
        )
        .in_field("text")
    })
}
