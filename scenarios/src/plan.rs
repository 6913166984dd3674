//! What happens in a run besides its model: scenarios, and external events.

use std::ops::Range;

use causeflow_engine::base::time::Time;
use causeflow_engine::streams::program::{Backlog, Modifier, ModifyError, Program};
use causeflow_models::Diagnostics;

use crate::activation::Activation;
use crate::conflicts::{Conflict, conflicts};
use crate::event::{EventRequest, ExternalEvent};
use crate::library::Library;
use crate::planner::Planner;
use crate::report::warning;
use crate::rule::Rule;

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
    pub(crate) interventions: Vec<Intervention>,
    pub(crate) events: Vec<ExternalEvent>,
    pub(crate) warnings: Diagnostics,
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
        let mut planner = Planner::new(library, program, range.start, seed);
        if !request.without_timeline {
            planner.timeline(&range);
        }
        let mut interventions = planner.scenarios(&request.activations, &range);
        planner.requested(&request.events, &range);
        let (of_events, events, mut warnings) = planner.finish()?;
        interventions.extend(of_events);
        let conflicts = conflicts(&interventions);
        let conflicts = conflicts.into_iter().map(|one| warning(one.message));
        warnings.list.extend(conflicts);
        Ok(Plan {
            range,
            interventions,
            events,
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
        let acting = self.interventions.iter();
        let acting = acting.filter(|it| !it.modifiers.is_empty() || it.backlog.is_some());
        let named = acting.clone().map(|it| (&*it.name, !it.of_timeline));
        let labels = program.add_interventions(&named.collect::<Vec<_>>())?;
        for (by, intervention) in labels.into_iter().zip(acting) {
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

    /// The same run without one of its interventions, and the events that it has made known.
    pub fn without(&self, name: &str) -> Plan {
        let mut twin = self.clone();
        twin.interventions.retain(|other| other.name != name);
        twin.events.retain(|event| {
            event.attribution.as_deref() != Some(name) && event.injected_by.as_deref() != Some(name)
        });
        twin.warnings.list.clear();
        twin
    }

    /// What of it touches a part of the run's range, as the plan of a run over that.
    pub fn part(&self, range: Range<Time>) -> Plan {
        let meets = |from: Time, to: Time| from < range.end && range.start < to;
        let mut part = self.clone();
        part.interventions.retain(|intervention| {
            let modifiers = intervention.modifiers.iter().map(|(_, m)| m.envelope);
            let acts = modifiers.map(|e| (e.start, e.settled()));
            let releases = intervention.backlog.map(|b| (b.from, b.from + b.within));
            acts.chain(releases).any(|(from, to)| meets(from, to))
        });
        part.events.retain(|event| {
            let begins = event.time + event.delay;
            range.contains(&event.time) || meets(begins, begins + event.duration)
        });
        part.range = range;
        part
    }

    /// The time that it is made for.
    pub fn range(&self) -> Range<Time> {
        self.range.clone()
    }

    /// The interventions, in the order in which they act.
    pub fn interventions(&self) -> &[Intervention] {
        &self.interventions
    }

    /// The external events, in the order of their time. Those that were asked for may lie outside of the range.
    pub fn external_events(&self) -> &[ExternalEvent] {
        &self.events
    }

    /// Interventions that exclude each other where they meet.
    pub fn conflicts(&self) -> Vec<Conflict> {
        conflicts(&self.interventions)
    }

    /// Warnings: those of the scenarios' files, scenarios that do not touch the run, and conflicts.
    pub fn warnings(&self) -> &Diagnostics {
        &self.warnings
    }
}
