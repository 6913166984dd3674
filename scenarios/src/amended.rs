//! Putting something into the past of a run: its plan, with more in it that begins in a window of its time.

use std::collections::BTreeSet;
use std::ops::Range;

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::{Modifier, Program};
use causeflow_models::Diagnostics;

use crate::activation::Activation;
use crate::conflicts::conflicts;
use crate::event::ExternalEvent;
use crate::library::Library;
use crate::plan::{Intervention, Plan, Request};
use crate::planner::Planner;
use crate::report::{gathered, warning};
use crate::rule::Rule;

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
    /// The same run with more scenarios and events, which begin in a window. What of them acts later, be it a cascade or an
    /// impact that comes with a delay, is played on up to `until`, and then cut off, settled or not; warnings tell which. Their
    /// interventions come after those that the run had, so that these keep their places.
    ///
    /// # Errors
    /// All at once: as with [`Plan::new`], and what begins outside of the window.
    pub fn amended(
        original: Original<'_>,
        library: &Library,
        program: &Program,
        request: &Request,
        window: Range<Time>,
        until: Time,
    ) -> Result<Plan, Diagnostics> {
        let Original { plan, seed, .. } = original;
        together(original, library, program, request, until)?;
        let mut planner = Planner::new(library, program, plan.range.start, seed);
        planner.knows(plan);
        let mut new = planner.scenarios(&request.activations, &window);
        planner.requested(&request.events, &window);
        let (of_events, mut events, mut warnings) = planner.finish()?;
        new.extend(of_events);
        check_begins(request, &events, &window)?;
        for intervention in &mut new {
            let told = cut(intervention, window.end, until, plan.range.end);
            warnings.list.extend(told.map(warning));
            let acts = !intervention.modifiers.is_empty();
            for event in events.iter_mut().filter(|_| !acts) {
                if event.attribution.as_ref() == Some(&intervention.name) {
                    (event.is_causal, event.attribution) = (false, None);
                }
            }
        }
        let mut amended = plan.clone();
        let known = conflicts(&amended.interventions);
        amended.interventions.extend(new);
        let more = conflicts(&amended.interventions);
        let more = more
            .into_iter()
            .filter(|conflict| !known.contains(conflict));
        warnings
            .list
            .extend(more.map(|conflict| warning(conflict.message)));
        amended.events.extend(events);
        amended.events.sort_by_key(|event| (event.time, event.id));
        amended.warnings = warnings;
        Ok(amended)
    }
}

/// Refuses what begins outside of the window.
fn check_begins(
    request: &Request,
    events: &[ExternalEvent],
    window: &Range<Time>,
) -> Result<(), Diagnostics> {
    let scenarios = request.activations.iter();
    let scenarios = scenarios.map(|one| (one.to_string(), one.start));
    let events = events.iter().filter(|event| event.injected_by.is_none());
    let events = events.map(|one| (format!("{}@{}", one.template, one.time), one.time));
    let begins = scenarios.chain(events);
    let outside = begins.filter(|(_, time)| !window.contains(time));
    let names: BTreeSet<String> = outside.map(|(name, _)| name).collect();
    let wrong = names.into_iter().map(|name| {
        Diagnostics::general(
            format!(
                "`{name}` does not begin in the window from {} to {}",
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

/// Scenarios exclude each other, whenever they were asked for. What is new is active until it is cut off.
fn together(
    original: Original<'_>,
    library: &Library,
    program: &Program,
    request: &Request,
    until: Time,
) -> Result<(), Diagnostics> {
    let cut = |new: &Activation| {
        let scenario = library.scenario(&new.scenario).ok();
        let own = new.duration.or(scenario.map(|scenario| scenario.duration));
        // One that begins later is refused for that.
        let left = Some(until - new.start).filter(|left| *left > Span(0));
        let duration = own.map(|own| left.map_or(own, |left| own.min(left)));
        Activation {
            duration,
            ..new.clone()
        }
    };
    let had = original.activations.iter().cloned();
    let all: Vec<Activation> = had.chain(request.activations.iter().map(cut)).collect();
    let range = &original.plan.range;
    let mut planner = Planner::new(library, program, range.start, original.seed);
    planner.scenarios(&all, range);
    planner.finish().map(|_| ())
}

/// Ends what an intervention does at the end of a version. Tells what of it acts after the window.
fn cut(
    intervention: &mut Intervention,
    window_end: Time,
    until: Time,
    run_end: Time,
) -> Option<String> {
    let name = &intervention.name;
    let acting = intervention.modifiers.iter();
    let acting = acting.map(|(_, modifier)| modifier.envelope.settled());
    let releasing = intervention.backlog.iter();
    let releasing = releasing.map(|backlog| backlog.from + backlog.within);
    let last = acting.chain(releasing).max()?;
    let begins_later = |(_, modifier): &&(Rule, Modifier)| modifier.envelope.start >= until;
    let left_out = intervention.modifiers.iter().filter(begins_later);
    let first_left_out = left_out.clone().map(|(_, m)| m.envelope.start).min();
    let mut addresses: Vec<&str> = left_out.map(|(rule, _)| &rule.target.address[..]).collect();
    addresses.dedup();
    let left_out = first_left_out.map_or(String::new(), |time| {
        format!(
            "; what it does to {} would begin at {time}, and is left out",
            addresses.join(", ")
        )
    });
    let longer = match until < run_end {
        true => "; a later end of the version plays it on",
        false => "; there the run ends",
    };
    let told = match last {
        last if last <= window_end => None,
        last if last <= until => Some(format!(
            "`{name}` acts until {last}, and is played on after the window, which ends at {window_end}"
        )),
        last => Some(format!(
            "`{name}` would act until {last}, and is cut off at the end of the version, {until}{left_out}{longer}"
        )),
    };
    let modifiers = &mut intervention.modifiers;
    modifiers.retain(|(_, modifier)| modifier.envelope.start < until);
    for (_, modifier) in modifiers {
        modifier.envelope.until = Some(until);
    }
    intervention.backlog = intervention.backlog.filter(|backlog| backlog.from < until);
    told
}
