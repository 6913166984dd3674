//! How many rows are because of what: scenarios, events that were asked for, events that came by themselves.

use causeflow_engine::streams::play::RunResult;
use causeflow_scenarios::{Intervention, Kind, Plan};
use schemars::JsonSchema;
use serde::Serialize;

/// The rows of one kind of intervention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Share {
    /// How many of that kind have rows of their own to their name.
    pub interventions: usize,
    /// Those rows.
    pub rows: u64,
}

/// A number of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rows {
    /// The number.
    pub rows: u64,
}

/// The rows that would not be there, or not so, without interventions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Attributed {
    /// Those because of scenarios.
    pub scenarios: Share,
    /// Events that were asked for, and those of scenarios that have an impact of their own.
    pub events: Share,
    /// Events that came by themselves.
    pub timeline: Share,
    /// Rows in which several interventions have a part.
    pub joint: Rows,
    /// Rows that differ only because something scarce was there for others, whoever is named for them.
    pub contention: Rows,
}

impl Attributed {
    /// Counts the rows of a finished run.
    pub fn of(plan: &Plan, result: &RunResult) -> Attributed {
        let labels = &result.world.program.interventions;
        let mut rows = vec![0; labels.len()];
        let mut attributed = Attributed::default();
        let streams = result.streams.iter();
        for ((account, _), difference) in streams.flat_map(|s| s.impact.differences()) {
            // What was removed has no row; what has moved was added at its new time.
            let there = difference.added + difference.changed;
            match account.label() {
                Some(_) if account.is_scarcity() => attributed.contention.rows += there,
                Some(label) => match label.intervention() {
                    Some(at) => rows[at] += there,
                    None => attributed.joint.rows += there,
                },
                None => {}
            }
        }
        for (label, rows) in labels.iter().zip(rows) {
            let mut interventions = plan.interventions().iter();
            if let Some(intervention) = interventions.find(|i| i.name == label.name) {
                let share = attributed.share(intervention);
                share.interventions += 1;
                share.rows += rows;
            }
        }
        attributed
    }

    fn share(&mut self, intervention: &Intervention) -> &mut Share {
        let rules = &intervention.modifiers;
        if intervention.of_timeline {
            &mut self.timeline
        } else if !rules.is_empty() && rules.iter().all(|(rule, _)| rule.kind == Kind::Event) {
            &mut self.events
        } else {
            &mut self.scenarios
        }
    }
}
