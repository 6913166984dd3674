//! What a plan does, as rows for tables.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::{Phase, Settling};

use crate::clock::hour_from;
use crate::plan::Plan;
use crate::rule::Kind;

/// A modifier of a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct ModifierRow<'a> {
    /// Who does it, by the name rows are attributed to.
    pub intervention: &'a str,
    /// Whether a scenario does it from its start, or later, or an external event does it.
    pub kind: Kind,
    /// The parameter's address.
    pub address: &'a str,
    /// `multiply`, `add`, `override` or `shift`.
    pub operation: &'static str,
    /// The amount: events an hour for rates, seconds for delays, otherwise as it is.
    pub value: f64,
    /// `per_hour`, `s`, or nothing.
    pub unit: Option<&'static str>,
    /// Modifiers with a higher one act later.
    pub precedence: i32,
    /// When it begins.
    pub start: Time,
    /// When it has risen to full strength.
    pub onset_end: Time,
    /// When it begins to let go.
    pub end: Time,
    /// From when on it has no effect any more.
    pub settled: Time,
    /// How it lets go, such as `linear 12h`.
    pub settling: String,
}

/// How strongly a modifier acts at some time.
#[derive(Clone, Debug, PartialEq)]
pub struct StateRow<'a> {
    /// When.
    pub time: Time,
    /// Who does it, by the name rows are attributed to.
    pub intervention: &'a str,
    /// The parameter's address.
    pub address: &'a str,
    /// `active`, `settling` or `settled`.
    pub state: &'static str,
    /// 0 to 1.
    pub strength: f64,
}

impl Plan {
    /// The modifiers, in the order in which they were aimed.
    pub fn modifier_rows(&self) -> Vec<ModifierRow<'_>> {
        let mut rows = Vec::new();
        for intervention in self.interventions() {
            for (rule, modifier) in &intervention.modifiers {
                let envelope = &modifier.envelope;
                rows.push(ModifierRow {
                    intervention: &intervention.name,
                    kind: rule.kind,
                    address: &rule.target.address,
                    operation: rule.amount.name,
                    value: rule.amount.value,
                    unit: rule.amount.unit,
                    precedence: modifier.precedence,
                    start: envelope.start,
                    onset_end: (envelope.start + envelope.onset).min(envelope.end),
                    end: envelope.end,
                    settled: envelope.settled(),
                    settling: settling_text(envelope.settling),
                });
            }
        }
        rows
    }

    /// How strongly each modifier acts within the range: when it begins, at every full hour, when it begins to let
    /// go, and when it has settled.
    pub fn state_rows(&self) -> Vec<StateRow<'_>> {
        let mut rows = Vec::new();
        for intervention in self.interventions() {
            for (rule, modifier) in &intervention.modifiers {
                let envelope = &modifier.envelope;
                let settled = envelope.settled();
                let (from, until) = (
                    envelope.start.max(self.range.start),
                    settled.min(self.range.end),
                );
                let mut times = vec![envelope.start, envelope.end, settled];
                let mut hour = hour_from(from);
                while hour < until {
                    times.push(hour);
                    hour += Span::HOUR;
                }
                times.retain(|&time| self.range.start <= time && time < self.range.end);
                times.sort_unstable();
                times.dedup();
                rows.extend(times.into_iter().map(|time| StateRow {
                    time,
                    intervention: &intervention.name,
                    address: &rule.target.address,
                    state: state(envelope.phase(time)),
                    strength: envelope.at(time),
                }));
            }
        }
        rows
    }
}

fn state(phase: Phase) -> &'static str {
    match phase {
        Phase::Waiting => "waiting",
        Phase::Active => "active",
        Phase::Settling => "settling",
        Phase::Settled => "settled",
    }
}

/// A settling as tables write it.
pub(crate) fn settling_text(settling: Settling) -> String {
    match settling {
        Settling::Immediate => "immediate".to_owned(),
        Settling::Linear(length) => format!("linear {length}"),
        Settling::Exponential(half_life) => format!("half-life {half_life}"),
    }
}
