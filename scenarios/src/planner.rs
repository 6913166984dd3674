//! Puts a plan together from what is asked for and what comes by itself.

use std::collections::BTreeSet;
use std::ops::Range;

use causeflow_engine::base::draw::{Key, purpose};
use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::{Backlog, Program};
use causeflow_engine::streams::sides::Label;
use causeflow_models::Diagnostics;

use crate::activation::Activation;
use crate::clock::Clock;
use crate::event::{EventRequest, ExternalEvent};
use crate::library::Library;
use crate::plan::{Intervention, Plan};
use crate::report::{gathered, warning};
use crate::scenario::{Injection, Scenario};
use crate::template::Template;
use crate::timeline::{Occurrence, Timeline};

/// Gathers what happens in a run, and what is wrong with what is asked for.
pub(crate) struct Planner<'a> {
    library: &'a Library,
    clock: Clock,
    seed: u64,
    errors: Vec<Diagnostics>,
    warnings: Diagnostics,
    names: BTreeSet<String>,
    /// Ids of the external events that the run has already.
    known: BTreeSet<Key>,
    of_events: Vec<(Time, Key, Intervention)>,
    events: Vec<ExternalEvent>,
}

impl<'a> Planner<'a> {
    /// For a run of the seed that begins at `start`.
    pub fn new(library: &'a Library, program: &Program, start: Time, seed: u64) -> Self {
        Planner {
            library,
            clock: Clock::new(program, start),
            seed,
            errors: Vec::new(),
            warnings: Diagnostics {
                files: library.files().to_vec(),
                list: Vec::new(),
            },
            names: BTreeSet::new(),
            known: BTreeSet::new(),
            of_events: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Takes note of what a run has already: nothing new may have the same name, or be the same.
    pub fn knows(&mut self, plan: &Plan) {
        let names = plan.interventions().iter().map(|i| i.name.clone());
        self.names.extend(names);
        self.known
            .extend(plan.external_events().iter().map(|event| event.id));
    }

    /// Everything in order: the interventions of events, the events, and the warnings.
    ///
    /// # Errors
    /// All that is wrong.
    pub fn finish(
        mut self,
    ) -> Result<(Vec<Intervention>, Vec<ExternalEvent>, Diagnostics), Diagnostics> {
        if !self.errors.is_empty() {
            return Err(gathered(self.errors));
        }
        self.of_events.sort_by_key(|(time, id, _)| (*time, *id));
        self.events.sort_by_key(|event| (event.time, event.id));
        let interventions = self
            .of_events
            .into_iter()
            .map(|(.., intervention)| intervention);
        Ok((interventions.collect(), self.events, self.warnings))
    }

    /// Adds what comes by itself.
    pub fn timeline(&mut self, range: &Range<Time>) {
        let timeline = Timeline::new(self.seed, self.clock.zone(), self.library.candidates())
            .with_weekend(self.clock.weekend());
        for Occurrence {
            id,
            time,
            template,
            is_causal,
        } in timeline.between(range.start, range.end)
        {
            let mut event = ExternalEvent::of(template, id, time, is_causal);
            event.of_timeline = true;
            self.event(event, template, is_causal, None);
        }
    }

    /// Adds an event, with its template's impact if it has it, which lets go at a time at the latest.
    fn event(
        &mut self,
        mut event: ExternalEvent,
        template: &Template,
        impact: bool,
        until: Option<Time>,
    ) {
        if impact {
            let name = self.name(&event);
            let start = event.time + template.delay;
            let end = start + template.duration;
            let end = until.map_or(end, |until| until.min(end));
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

    /// Adds scenarios and their events; the scenarios' interventions, in the order of their start.
    pub fn scenarios(
        &mut self,
        activations: &[Activation],
        range: &Range<Time>,
    ) -> Vec<Intervention> {
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
                let sooner = activation.start - other.start;
                let help = match sooner > Span(0) {
                    true => format!(
                        "start it at {until} or later, or end the other one sooner: `{other}+{sooner}`"
                    ),
                    false => format!("start it at {until} or later"),
                };
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
            by: Label::NONE,
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
        self.event(event, template, injection.own_impact, None);
    }

    /// Adds events that are asked for.
    pub fn requested(&mut self, requests: &[EventRequest], range: &Range<Time>) {
        let mut seen: Vec<(&str, Time)> = Vec::new();
        for request in requests {
            if let Some(remark) = self.clock.remark(&request.at) {
                self.warn(remark);
            }
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
            let id = Key::new(self.seed, purpose("requested event"));
            let id = id.child(purpose(&request.template), time.0 as u64);
            if seen.contains(&(&request.template, time)) || self.known.contains(&id) {
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
            let mut event = ExternalEvent::of(template, id, time, request.causal);
            event.title = request.title.clone().unwrap_or(event.title);
            event.description = request.description.clone().unwrap_or(event.description);
            event.severity = request.severity.unwrap_or(event.severity);
            if let Some(until) = request.until {
                let lasts = (until - (event.time + event.delay)).max(Span(0));
                event.duration = event.duration.min(lasts);
            }
            self.event(event, template, request.causal, request.until);
        }
    }

    fn warn(&mut self, message: String) {
        self.warnings.list.push(warning(message));
    }
}
