//! What happens in a run besides its model: scenarios, and external events.

use std::collections::BTreeSet;
use std::ops::Range;

use causeflow_engine::draw::{Key, purpose};
use causeflow_engine::program::{Backlog, Modifier, ModifyError, Program};
use causeflow_engine::time::{Span, Time};
use causeflow_models::{Diagnostic, Diagnostics, Severity};

use crate::activation::Activation;
use crate::clock::Clock;
use crate::conflicts::conflicts;
use crate::event::{EventRequest, ExternalEvent};
use crate::library::Library;
use crate::rule::Rule;
use crate::scenario::{Injection, Scenario};
use crate::template::Template;
use crate::timeline::Timeline;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The scenarios to start, in any order.
    pub activations: Vec<Activation>,
    /// External events, in any order.
    pub events: Vec<EventRequest>,
    /// Leaves out the timeline of external events that a run otherwise has.
    pub without_timeline: bool,
}

/// Something that bends the model: an activated scenario, or an external event with an impact.
#[derive(Clone, Debug, PartialEq)]
pub struct Intervention {
    /// The name that rows are attributed to.
    pub name: String,
    /// Whether the run has it without being asked for it.
    pub of_timeline: bool,
    /// What it does, in sequence; the modifiers' label is given only when the plan is applied.
    pub modifiers: Vec<(Rule, Modifier)>,
    /// What it releases after its end; the label is given only when the plan is applied.
    pub backlog: Option<Backlog>,
}

/// All that happens in a run besides its model.
///
/// Modifiers act in the order of their interventions: scenarios by their start, then external events by their time.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) range: Range<Time>,
    interventions: Vec<Intervention>,
    events: Vec<ExternalEvent>,
    warnings: Diagnostics,
}

impl Plan {
    /// Plans a run of the seed over a range.
    ///
    /// Scenarios and requested events may begin before the range or last longer. The timeline is that of the range: in
    /// the warm-up before it nothing happens besides the model.
    ///
    /// # Errors
    /// All at once: a scenario or template that does not exist or is wrong, a time that cannot be read, a scenario
    /// that would begin while another one is active.
    pub fn new(
        library: &Library,
        program: &Program,
        request: &Request,
        range: Range<Time>,
        seed: u64,
    ) -> Result<Plan, Diagnostics> {
        let mut planner = Planner {
            library,
            clock: Clock::new(program, range.start),
            seed,
            errors: Vec::new(),
            warnings: Diagnostics {
                files: library.problems().files,
                list: Vec::new(),
            },
            names: BTreeSet::new(),
            of_events: Vec::new(),
            events: Vec::new(),
        };
        if !request.without_timeline {
            planner.timeline(&range);
        }
        let mut interventions = planner.scenarios(&request.activations, &range);
        planner.requested(&request.events, &range);
        if !planner.errors.is_empty() {
            return Err(gathered(planner.errors));
        }
        planner.of_events.sort_by_key(|(time, id, _)| (*time, *id));
        interventions.extend(
            planner
                .of_events
                .into_iter()
                .map(|(.., intervention)| intervention),
        );
        planner.events.sort_by_key(|event| (event.time, event.id));
        let mut warnings = planner.warnings;
        warnings
            .list
            .extend(conflicts(&interventions).into_iter().map(warning));
        Ok(Plan {
            range,
            interventions,
            events: planner.events,
            warnings,
        })
    }

    /// Bends a program, which must be the one that it was made for.
    ///
    /// # Errors
    /// When there are more interventions or modified parameters than the engine can tell apart.
    pub fn apply(&self, program: &mut Program) -> Result<(), Diagnostics> {
        self.aim(program).map_err(|error| {
            let message = match error {
                ModifyError::TooMany => {
                    "there are more external events than can be told apart".to_owned()
                }
                other => format!("the plan was made for another program: {other:?}"),
            };
            Diagnostics::general(message, Some("play a shorter range".into()))
        })
    }

    fn aim(&self, program: &mut Program) -> Result<(), ModifyError> {
        let mut backlogs = Vec::new();
        for intervention in &self.interventions {
            if intervention.modifiers.is_empty() && intervention.backlog.is_none() {
                continue;
            }
            let by = program.intervene(&intervention.name)?;
            for (rule, modifier) in &intervention.modifiers {
                let modifier = Modifier { by, ..*modifier };
                program.modify(rule.target.stream, &rule.target.parameter, modifier)?;
            }
            backlogs.extend(
                intervention
                    .backlog
                    .map(|backlog| Backlog { by, ..backlog }),
            );
        }
        // Last, so that modifiers of what causes a stream do not take a release for a cause.
        backlogs
            .iter()
            .try_for_each(|backlog| program.release(backlog))
    }

    /// The same run without scenarios and without the events that they or somebody asked for: the twin that a
    /// comparison needs. The timeline stays.
    pub fn without_scenarios(&self) -> Plan {
        let mut twin = self.clone();
        twin.interventions
            .retain(|intervention| intervention.of_timeline);
        twin.events.retain(|event| event.of_timeline);
        twin.warnings.list.clear();
        twin
    }

    /// The interventions, in the order in which they act.
    pub fn interventions(&self) -> &[Intervention] {
        &self.interventions
    }

    /// The external events, in the order of their time. Those that were asked for may lie outside of the range.
    pub fn external_events(&self) -> &[ExternalEvent] {
        &self.events
    }

    /// Warnings: those of the scenarios' files, scenarios that do not touch the run, and conflicts.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }
}

struct Planner<'a> {
    library: &'a Library,
    clock: Clock,
    seed: u64,
    errors: Vec<Diagnostics>,
    warnings: Diagnostics,
    names: BTreeSet<String>,
    of_events: Vec<(Time, Key, Intervention)>,
    events: Vec<ExternalEvent>,
}

impl Planner<'_> {
    fn timeline(&mut self, range: &Range<Time>) {
        let library = self.library;
        let clock = self.clock.clone();
        let timeline = Timeline::new(self.seed, clock.zone(), library.event_templates());
        for occurrence in timeline.between(range.start, range.end) {
            let Some(template) = library
                .event_templates()
                .find(|t| t.id == occurrence.template.id)
            else {
                continue;
            };
            let mut event = ExternalEvent::of(
                template,
                occurrence.id,
                occurrence.time,
                occurrence.is_causal,
            );
            event.of_timeline = true;
            self.event(event, template, occurrence.is_causal);
        }
    }

    /// Adds an event, with its template's impact if it has it.
    fn event(&mut self, mut event: ExternalEvent, template: &Template, impact: bool) {
        if impact {
            let name = self.name(&event);
            let start = event.time + template.delay;
            let end = start + template.duration;
            let modifiers = template.rules.iter();
            let modifiers =
                modifiers.filter_map(|rule| Some((rule.clone(), rule.modifier(start, end)?)));
            let intervention = Intervention {
                name: name.clone(),
                of_timeline: event.of_timeline,
                modifiers: modifiers.collect(),
                backlog: None,
            };
            event.attribution = Some(name);
            self.of_events.push((event.time, event.id, intervention));
        }
        self.events.push(event);
    }

    /// A name for an event with an impact that no other one has.
    fn name(&mut self, event: &ExternalEvent) -> String {
        let plain = format!("{}@{}", event.template, event.time);
        let numbered = (2..).map(|number| format!("{plain}#{number}"));
        let free = std::iter::once(plain.clone())
            .chain(numbered)
            .find(|name| !self.names.contains(name));
        let name = free.unwrap_or(plain);
        self.names.insert(name.clone());
        name
    }

    fn scenarios(&mut self, activations: &[Activation], range: &Range<Time>) -> Vec<Intervention> {
        let mut found: Vec<(&Activation, &Scenario)> = Vec::new();
        for activation in activations {
            match self.library.scenario(&activation.scenario) {
                Ok(scenario) => found.push((activation, scenario)),
                Err(error) => self.errors.push(error),
            }
        }
        found.sort_by_key(|(activation, scenario)| (activation.start, scenario.id.clone()));
        let mut interventions = Vec::new();
        let mut active: Option<(&Activation, Time)> = None;
        for (activation, scenario) in found {
            let end = activation.start + activation.duration.unwrap_or(scenario.duration);
            if let Some((other, until)) = active.filter(|(_, until)| activation.start < *until) {
                let message = format!(
                    "`{activation}` would begin while `{other}` is active, which it is until {until}; only one scenario \
                     is active at a time"
                );
                let help = format!(
                    "start it at {until} or later, or end the other one sooner: `{other}+{}`",
                    activation.start - other.start
                );
                self.errors.push(Diagnostics::general(message, Some(help)));
            }
            if active.is_none_or(|(_, until)| until < end) {
                active = Some((activation, end));
            }
            interventions.push(self.scenario(activation, scenario, end, range));
        }
        interventions
    }

    fn scenario(
        &mut self,
        activation: &Activation,
        scenario: &Scenario,
        end: Time,
        range: &Range<Time>,
    ) -> Intervention {
        let name = activation.to_string();
        self.names.insert(name.clone());
        let problems = self.library.problems_of(&scenario.id);
        self.warnings.list.extend(problems.list);
        let mut modifiers = Vec::new();
        for rule in &scenario.rules {
            match rule.modifier(activation.start, end) {
                Some(modifier) => modifiers.push((rule.clone(), modifier)),
                None => self.warn(format!(
                    "`{name}` is over before its cascade begins that moves `{}`",
                    rule.target.address
                )),
            }
        }
        let settled = modifiers
            .iter()
            .map(|(_, m)| m.envelope.settled())
            .max()
            .unwrap_or(end)
            .max(end);
        if activation.start >= range.end || settled <= range.start {
            self.warn(format!(
                "`{name}` does not touch the run, which is from {} to {}",
                range.start, range.end
            ));
        }
        let backlog = scenario.backlog.as_ref().map(|rule| Backlog {
            by: 0,
            held: rule.held,
            released: rule.released,
            share: rule.share,
            from: end,
            within: rule.within,
        });
        for (at, injection) in scenario.events.iter().enumerate() {
            let id =
                Key::new(self.seed, purpose(&name)).child(purpose(&injection.template), at as u64);
            let causal = !scenario.rules.is_empty() || injection.own_impact;
            self.injected(
                injection,
                id,
                activation.start + injection.at,
                &name,
                causal,
            );
        }
        Intervention {
            name,
            of_timeline: false,
            modifiers,
            backlog,
        }
    }

    fn injected(&mut self, injection: &Injection, id: Key, time: Time, by: &str, causal: bool) {
        // The library has checked that the template is there.
        let Ok(template) = self.library.template(&injection.template) else {
            return;
        };
        let mut event = ExternalEvent::of(template, id, time, causal);
        event.title = injection.title.clone().unwrap_or(event.title);
        event.description = injection.description.clone().unwrap_or(event.description);
        event.severity = injection.severity.unwrap_or(event.severity);
        event.injected_by = Some(by.to_owned());
        event.attribution = causal.then(|| by.to_owned());
        self.event(event, template, injection.own_impact);
    }

    fn requested(&mut self, requests: &[EventRequest], range: &Range<Time>) {
        let mut seen: Vec<(&str, Time)> = Vec::new();
        for request in requests {
            let (template, time) = (
                self.library.template(&request.template),
                request.time(&self.clock),
            );
            let (template, time) = match (template, time) {
                (Ok(template), Ok(time)) => (template, time),
                (template, time) => {
                    self.errors
                        .extend([template.err(), time.err()].into_iter().flatten());
                    continue;
                }
            };
            if seen.contains(&(&request.template, time)) {
                let message = format!("the event `{}@{time}` is asked for twice", request.template);
                self.errors.push(Diagnostics::general(
                    message,
                    Some("leave one of them out".into()),
                ));
                continue;
            }
            seen.push((&request.template, time));
            let reach = template.rules.iter().filter_map(|rule| {
                let start = time + template.delay;
                Some(
                    rule.modifier(start, start + template.duration)?
                        .envelope
                        .settled(),
                )
            });
            if time >= range.end || reach.max().unwrap_or(time + Span(1)) <= range.start {
                self.warn(format!(
                    "`{}@{time}` does not touch the run",
                    request.template
                ));
            }
            let id = Key::new(self.seed, purpose("requested event"));
            let id = id.child(purpose(&request.template), time.0 as u64);
            let mut event = ExternalEvent::of(template, id, time, request.causal);
            event.title = request.title.clone().unwrap_or(event.title);
            event.description = request.description.clone().unwrap_or(event.description);
            event.severity = request.severity.unwrap_or(event.severity);
            self.event(event, template, request.causal);
        }
    }

    fn warn(&mut self, message: String) {
        self.warnings.list.push(warning(message));
    }
}

/// A warning that no file is to blame for.
fn warning(message: String) -> Diagnostic {
    Diagnostic {
        severity: Severity::Warning,
        file: None,
        span: 0..0,
        message,
        help: None,
    }
}

/// All errors in one; those with files are all about the library's.
fn gathered(errors: Vec<Diagnostics>) -> Diagnostics {
    let files = errors
        .iter()
        .find(|e| !e.files.is_empty())
        .map(|e| e.files.clone());
    let mut list: Vec<Diagnostic> = Vec::new();
    for diagnostic in errors.into_iter().flat_map(|error| error.list) {
        if !list.contains(&diagnostic) {
            list.push(diagnostic);
        }
    }
    Diagnostics {
        files: files.unwrap_or_default(),
        list,
    }
}
