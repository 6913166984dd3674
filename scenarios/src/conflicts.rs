//! Warnings about interventions that act on one parameter at the same time in ways that exclude each other.

use causeflow_engine::streams::program::{Modifier, Operation};

use crate::plan::Intervention;
use crate::rule::Rule;

/// Two interventions that exclude each other where they meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Their names.
    pub between: [String; 2],
    /// What that means, in a sentence that names both.
    pub message: String,
}

/// All that there are.
pub(crate) fn conflicts(interventions: &[Intervention]) -> Vec<Conflict> {
    let mut found: Vec<Conflict> = Vec::new();
    let is_override = |modifier: &Modifier| matches!(modifier.operation, Operation::Override(_));
    for (at, one) in interventions.iter().enumerate() {
        for (rule, modifier) in one.modifiers.iter().filter(|(_, m)| is_override(m)) {
            for (place, other) in interventions
                .iter()
                .enumerate()
                .filter(|(place, _)| *place != at)
            {
                for (theirs, their) in &other.modifiers {
                    if !rule.target.overlaps(&theirs.target) || !meet(modifier, their) {
                        continue;
                    }
                    // Of two overrides one is told about, the one that comes first.
                    let message = if is_override(their) {
                        (at < place).then(|| both(one, other, rule))
                    } else {
                        let later = (modifier.precedence, at) > (their.precedence, place);
                        (later && rule.precedence.is_none()).then(|| moot(one, other, rule, theirs))
                    };
                    let conflict = message.map(|message| Conflict {
                        between: [one.name.clone(), other.name.clone()],
                        message,
                    });
                    found.extend(conflict.filter(|conflict| !found.contains(conflict)));
                }
            }
        }
    }
    found
}

/// Whether two modifiers act at the same time.
fn meet(a: &Modifier, b: &Modifier) -> bool {
    a.envelope.start < b.envelope.settled() && b.envelope.start < a.envelope.settled()
}

fn both(one: &Intervention, other: &Intervention, rule: &Rule) -> String {
    format!(
        "`{}` and `{}` both override `{}` at the same time; the one that comes later in the sequence has its way",
        one.name, other.name, rule.target.address
    )
}

fn moot(one: &Intervention, other: &Intervention, rule: &Rule, theirs: &Rule) -> String {
    format!(
        "`{}` overrides `{}`, so that what `{}` does to `{}` has no effect meanwhile; a `precedence` says that this is \
         meant",
        one.name, rule.target.address, other.name, theirs.target.address
    )
}
