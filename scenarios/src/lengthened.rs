//! Going on with a run after its end: its plan, with the timeline of the time that is added.

use causeflow_engine::base::time::Time;
use causeflow_engine::streams::program::Program;
use causeflow_models::Diagnostics;

use crate::amended::Original;
use crate::library::Library;
use crate::plan::Plan;
use crate::planner::Planner;

impl Plan {
    /// Lets what the interventions from this one on do begin at a time at the earliest: what would have begun before that
    /// is known only now.
    pub fn begin_from(&mut self, first: usize, time: Time) {
        let new = self.interventions.iter_mut().skip(first);
        for (_, modifier) in new.flat_map(|one| &mut one.modifiers) {
            let envelope = &mut modifier.envelope;
            envelope.start = envelope.start.max(time);
        }
    }

    /// The same run up to a later end. What the timeline brings until then comes after what the run has had, so that this
    /// keeps its place; it is what a run of that length has.
    ///
    /// # Errors
    /// None that the original has not had.
    pub fn lengthened(
        original: Original<'_>,
        library: &Library,
        program: &Program,
        end: Time,
        with_timeline: bool,
    ) -> Result<Plan, Diagnostics> {
        let Original { plan, seed, .. } = original;
        let mut planner = Planner::new(library, program, plan.range.start, seed);
        planner.knows(plan);
        if with_timeline {
            planner.timeline(&(plan.range.end..end));
        }
        let (interventions, events, _) = planner.finish()?;
        let mut longer = plan.clone();
        longer.range.end = end;
        longer.interventions.extend(interventions);
        longer.events.extend(events);
        longer.events.sort_by_key(|event| (event.time, event.id));
        longer.warnings.list.clear();
        Ok(longer)
    }
}
