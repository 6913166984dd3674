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
use super::version::Version;
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
    /// Its place in the journal: what it makes is named by that.
    pub number: usize,
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
    /// What times of the session are read by.
    pub fn clock(&self) -> Clock {
        Clock::new(&self.model.compiled.program, self.settings.start)
    }

    /// Reads the time of the entry in a place of the journal.
    pub fn timed(&self, number: usize, entry: &Entry) -> Result<Timed> {
        Ok(Timed {
            number,
            at: self.clock().time(&entry.at)?,
            command: entry.command.clone(),
        })
    }

    /// Reads the times of all entries by which the session goes, and what versions of its past there are.
    pub fn all_timed(&self, entries: &[Entry]) -> Result<(Vec<Timed>, Vec<Version>)> {
        let (mut commands, mut versions): (Vec<Timed>, Vec<Version>) = (Vec::new(), Vec::new());
        for (number, entry) in entries.iter().enumerate() {
            let timed = self.timed(number, entry)?;
            match (&entry.version, &entry.command) {
                (Some(of), _) => {
                    let to = self.clock().time(&of.to)?;
                    versions.push(Version::of(&of.name, to, timed, commands.len()));
                }
                (None, Command::Drop { name }) => versions.retain(|one| one.name != *name),
                (None, command) => {
                    if *command == Command::Reset {
                        // They are of a past that is no more.
                        versions.clear();
                    }
                    commands.push(timed);
                }
            }
        }
        Ok((commands, versions))
    }

    /// What happened up to the end of a version, without and with what was put in: the rest of the plan is as in the session, and
    /// what is new comes behind it and is cut off at the end, as in a version of a run.
    ///
    /// # Errors
    /// What is wrong with the command.
    pub fn plan_version(
        &self,
        commands: &[Timed],
        version: &Version,
        until: Time,
    ) -> Result<[Planned; 2]> {
        let base = &self.model.compiled.program;
        let Version { timed, to, .. } = version;
        let given = commands[..version.commands.min(commands.len())].iter();
        let holds = |command: &Command| matches!(command, Command::Reset | Command::Define { .. });
        let due = given.filter(|one| one.at < *to || holds(&one.command));
        let due: Vec<Timed> = due.cloned().collect();
        let plain = self.plan(&due, until)?;
        let all = [&due[..], std::slice::from_ref(timed)].concat();
        let library = self.library(&all)?;
        let begun = epoch(std::slice::from_ref(timed), &library)?.pop();
        let Next { at, request } = begun.ok_or_else(|| {
            Error::input(
                format!("`{}` cannot be put into the past", timed.command.name()),
                "put in a scenario or an external event",
            )
        })?;
        check_alone(&plain.interventions, &request, *to)?;
        let known = self.plan_with(library, &due, until)?;
        let had = known.plan.interventions().len();
        let mut with = known.amended(base, self.settings.seed, request, at..*to, *to)?;
        with.plan.begin_from(had, at);
        let with = Planned {
            program: Arc::new(with.bend(base)?),
            interventions: Arc::new(with),
            end: plain.end,
        };
        Ok([plain, with])
    }

    /// The plan after these commands, up to the end of the stretch of time in which `until` lies.
    ///
    /// # Errors
    /// All that is wrong with the last command, as long as the others are fine.
    pub fn plan(&self, commands: &[Timed], until: Time) -> Result<Planned> {
        let base = &self.model.compiled.program;
        let known = self.plan_with(self.library(commands)?, commands, until)?;
        Ok(Planned {
            program: Arc::new(known.bend(base)?),
            end: known.plan.range().end,
            interventions: Arc::new(known),
        })
    }

    /// The same with scenarios and templates that are known.
    fn plan_with(
        &self,
        library: Library,
        commands: &[Timed],
        until: Time,
    ) -> Result<Interventions> {
        let base = &self.model.compiled.program;
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
        Ok(known)
    }

    /// The model's scenarios and templates with those of the session.
    pub fn library(&self, commands: &[Timed]) -> Result<Library> {
        let mut more: Vec<SourceFile> = Vec::new();
        for timed in commands {
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
                        more.push(template_file(event, definition, timed.number)?);
                    }
                }
                Command::Scenario { .. }
                | Command::Stop { .. }
                | Command::Reset
                | Command::Drop { .. } => {}
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

/// Only one scenario is active at a time, also together with those that the session has had.
fn check_alone(had: &Interventions, request: &Request, to: Time) -> Result<()> {
    for new in &request.activations {
        let end = new
            .duration
            .map_or(to, |duration| to.min(new.start + duration));
        let scheduled = had.scheduled().into_iter();
        let mut meets = scheduled.filter(|one| one.activation.start < end && new.start < one.end);
        if let Some(other) = meets.next() {
            return Err(Error::conflict(
                format!(
                    "`{}` was active until {}, and only one scenario is active at a time",
                    other.activation,
                    instant(other.end)
                ),
                "choose another time, or a shorter duration",
            ));
        }
    }
    Ok(())
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
    for (_, timed) in commands {
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
            Command::Stop { intervention } => stops.push((at, intervention.as_deref())),
            Command::Inject { event } => {
                let request = Request {
                    events: vec![event_request(event, timed.number, at)?],
                    ..Request::default()
                };
                next.push(Next { at, request });
            }
            Command::Reset | Command::Define { .. } | Command::Drop { .. } => {}
        }
    }
    for (at, name) in stops {
        let events = next
            .iter_mut()
            .flat_map(|one| one.request.events.iter_mut().map(|event| (one.at, event)));
        if !stop_scenario(&mut activations, at, name) && !stop_event(events, library, at, name)? {
            return Err(nothing_to_stop(at, name));
        }
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

/// Lets the scenario that is active at a time go from then on, if it is the one that is meant.
fn stop_scenario(activations: &mut [Activation], at: Time, name: Option<&str>) -> bool {
    let active = activations.iter_mut().find(|one| {
        let end = one.duration.map(|duration| one.start + duration);
        let is_meant = name.is_none_or(|name| one.to_string() == name);
        is_meant && one.start <= at && end.is_some_and(|end| at < end)
    });
    active
        .map(|one| one.duration = Some(at - one.start))
        .is_some()
}

/// Lets the impact of an event that has happened go from a time on, if it has one that does not let go already.
fn stop_event<'a>(
    mut events: impl Iterator<Item = (Time, &'a mut EventRequest)>,
    library: &Library,
    at: Time,
    name: Option<&str>,
) -> Result<bool> {
    let named = |event: &EventRequest, time| format!("{}@{time}", event.template);
    let found = events.find(|(time, event)| name == Some(&*named(event, *time)));
    let Some((time, event)) = found.filter(|(time, event)| *time <= at && event.causal) else {
        return Ok(false);
    };
    let template = library.template(&event.template)?;
    let end = event
        .until
        .unwrap_or(time + template.delay + template.duration);
    let acts = !template.rules.is_empty() && at < end;
    if acts {
        event.until = Some(at);
    }
    Ok(acts)
}

fn nothing_to_stop(at: Time, name: Option<&str>) -> Error {
    let at = instant(at);
    match name {
        None => Error::conflict(format!("no scenario is active at {at}"), "start one first"),
        Some(name) => Error::conflict(
            format!("nothing called `{name}` acts at {at}"),
            "give the name of one of the state's `interventions`",
        )
        .in_field("intervention"),
    }
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
        until: None,
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
