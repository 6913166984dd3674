//! How many rows are because of what: scenarios, events that were asked for, events that came by themselves.

use causeflow_engine::program::JOINT;
use causeflow_engine::run::RunResult;
use causeflow_scenarios::{Intervention, Kind, Plan};
use serde_json::{Value, json};

use crate::output::{count, some};

/// The rows of one kind of intervention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Share {
    interventions: usize,
    rows: u64,
}

/// The rows that would not be there, or not so, without interventions.
#[derive(Debug, Default)]
pub struct Attributed {
    scenarios: Share,
    /// Events that were asked for, and those of scenarios that have an impact of their own.
    events: Share,
    timeline: Share,
    /// Rows in which several interventions have a part.
    joint: u64,
    /// Rows that differ only because something scarce was there for others, whoever is named for them.
    contention: u64,
}

impl Attributed {
    /// Counts the rows of a finished run.
    pub fn of(plan: &Plan, result: &RunResult) -> Attributed {
        let labels = &result.world.program.interventions;
        let mut rows = vec![0; labels.len()];
        let mut attributed = Attributed::default();
        let streams = result.streams.iter();
        for ((account, _), difference) in streams.flat_map(|s| s.effects.differences()) {
            // What was removed has no row; what has moved was added at its new time.
            let there = difference.added + difference.changed;
            match account.label() {
                Some(_) if account.is_scarcity() => attributed.contention += there,
                Some(JOINT) => attributed.joint += there,
                Some(label) => rows[usize::from(label) - 1] += there,
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

    /// One line; nothing where nobody intervened.
    pub fn text(&self, all_rows: u64) -> String {
        let kinds = [
            (self.scenarios, "scenario"),
            (self.events, "event that was asked for"),
            (self.timeline, "external event"),
        ];
        let mut parts: Vec<String> = kinds
            .iter()
            .filter(|(share, _)| share.interventions > 0)
            .map(|(share, what)| {
                let percent = share.rows as f64 / all_rows.max(1) as f64 * 100.0;
                let what = match (share.interventions, *what) {
                    (1, _) | (_, "scenario" | "external event") => some(share.interventions, what),
                    (several, _) => format!("{several} events that were asked for"),
                };
                format!("{} ({percent:.1} %) because of {what}", count(share.rows))
            })
            .collect();
        for (rows, how) in [
            (self.joint, "of several"),
            (self.contention, "of contention"),
        ] {
            if rows > 0 {
                let percent = rows as f64 / all_rows.max(1) as f64 * 100.0;
                parts.push(format!("{} ({percent:.1} %) because {how}", count(rows)));
            }
        }
        match parts.is_empty() {
            true => String::new(),
            false => format!("rows that differ: {}\n", parts.join(", ")),
        }
    }

    /// The same for programs.
    pub fn as_json(&self) -> Value {
        let share =
            |share: Share| json!({"interventions": share.interventions, "rows": share.rows});
        json!({
            "scenarios": share(self.scenarios),
            "events": share(self.events),
            "timeline": share(self.timeline),
            "joint": {"rows": self.joint},
            "contention": {"rows": self.contention},
        })
    }
}
