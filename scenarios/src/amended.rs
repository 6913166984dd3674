//! Putting something into the past of a run: its plan, with more in it for a window of its time.

use std::collections::BTreeSet;
use std::ops::Range;

use causeflow_engine::program::{Backlog, Modifier, Program};
use causeflow_engine::time::Time;
use causeflow_models::Diagnostics;

use crate::activation::Activation;
use crate::conflicts::conflicts;
use crate::event::ExternalEvent;
use crate::library::Library;
use crate::plan::{Intervention, Plan, Request};
use crate::planner::Planner;
use crate::report::{gathered, warning};

/// A run that is amended: what it was planned from.
#[derive(Clone, Copy, Debug)]
pub struct Original<'a> {
    /// Its plan.
    pub plan: &'a Plan,
    /// The scenarios that it was asked for.
    pub activations: &'a [Activation],
    /// Its seed.
    pub seed: u64,
}

impl Plan {
    /// The same run with more scenarios and events, which act in a window only: they begin in it, and have let go
    /// of everything at its end, settled or not. Their interventions come after those that the run had, so
    /// that these keep their places.
    ///
    /// # Errors
    /// All at once: as with [`Plan::new`], and what begins outside of the window.
    pub fn amended(
        original: Original<'_>,
        library: &Library,
        program: &Program,
        request: &Request,
        window: Range<Time>,
    ) -> Result<Plan, Diagnostics> {
        let Original { plan, seed, .. } = original;
        together(original, library, program, request)?;
        let mut planner = Planner::new(library, program, plan.range.start, seed);
        planner.knows(plan);
        let mut new = planner.scenarios(&request.activations, &window);
        planner.requested(&request.events, &window);
        let (of_events, events, mut warnings) = planner.finish()?;
        new.extend(of_events);
        check_begins(request, &new, &events, &window)?;
        for intervention in &mut new {
            warnings
                .list
                .extend(cut(intervention, window.end).map(warning));
        }
        let mut amended = plan.clone();
        let known = conflicts(&amended.interventions);
        amended.interventions.extend(new);
        let more = conflicts(&amended.interventions);
        let more = more
            .into_iter()
            .filter(|conflict| !known.contains(conflict));
        warnings.list.extend(more.map(warning));
        amended.events.extend(events);
        amended.events.sort_by_key(|event| (event.time, event.id));
        amended.warnings = warnings;
        Ok(amended)
    }
}

/// Refuses what begins, or begins to act, outside of the window.
fn check_begins(
    request: &Request,
    new: &[Intervention],
    events: &[ExternalEvent],
    window: &Range<Time>,
) -> Result<(), Diagnostics> {
    let scenarios = request.activations.iter();
    let scenarios = scenarios.map(|one| (one.to_string(), one.start));
    let events = events.iter().filter(|event| event.injected_by.is_none());
    let events = events.map(|one| (format!("{}@{}", one.template, one.time), one.time));
    let acting = new.iter().flat_map(|one| {
        let starts = one.modifiers.iter().map(|(_, m)| m.envelope.start);
        starts.map(|start| (one.name.clone(), start))
    });
    let begins = scenarios.chain(events).chain(acting);
    let outside = begins.filter(|(_, time)| !window.contains(time));
    let names: BTreeSet<String> = outside.map(|(name, _)| name).collect();
    let wrong = names.into_iter().map(|name| {
        Diagnostics::general(
            format!(
                "`{name}` does not begin to act in the window from {} to {}",
                window.start, window.end
            ),
            Some("choose a time in the window, or another window".into()),
        )
    });
    let wrong: Vec<Diagnostics> = wrong.collect();
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(gathered(wrong)),
    }
}

/// Scenarios exclude each other, whenever they were asked for.
fn together(
    original: Original<'_>,
    library: &Library,
    program: &Program,
    request: &Request,
) -> Result<(), Diagnostics> {
    let all: Vec<Activation> = original
        .activations
        .iter()
        .chain(&request.activations)
        .cloned()
        .collect();
    let range = &original.plan.range;
    let mut planner = Planner::new(library, program, range.start, original.seed);
    planner.scenarios(&all, range);
    planner.finish().map(|_| ())
}

/// Ends what an intervention does at a time. Tells if it would have gone on for longer.
fn cut(intervention: &mut Intervention, end: Time) -> Option<String> {
    let settled = |(_, modifier): &(_, Modifier)| modifier.envelope.settled();
    let last = intervention.modifiers.iter().map(settled).max()?;
    for (_, modifier) in &mut intervention.modifiers {
        modifier.envelope.until = Some(end);
    }
    intervention.backlog = intervention.backlog.map(|backlog| Backlog {
        from: backlog.from.min(end),
        ..backlog
    });
    (last > end).then(|| {
        format!(
            "`{}` would act until {last}, and is cut off at the end of the window, {end}",
            intervention.name
        )
    })
}
