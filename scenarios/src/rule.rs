//! Rules: modifiers that are known to fit a program, but not yet when they begin.

use causeflow_engine::base::time::{Span, Time};
use causeflow_engine::streams::program::{Envelope, Modifier, Operation, Parameter, Settling};
use causeflow_engine::streams::sides::Label;
use causeflow_models::duration;

use crate::address::{Addresses, Target};
use crate::amount::Amount;
use crate::definition::{ModifierDef, SettlingDef};
use crate::report::{Report, Sited};

/// Where a modifier comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A scenario, from its start on.
    Direct,
    /// A scenario, later on.
    Cascade,
    /// An external event.
    Event,
}

impl Kind {
    /// As tables write it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Direct => "direct",
            Kind::Cascade => "cascade",
            Kind::Event => "event",
        }
    }
}

/// A modifier that fits the program.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Where it comes from.
    pub kind: Kind,
    /// The parameter.
    pub target: Target,
    /// What it does.
    pub amount: Amount,
    /// How long after the start it begins.
    pub after: Span,
    /// How long it takes to rise to full strength.
    pub onset: Span,
    /// How it lets go.
    pub settling: Settling,
    /// Which come later; `None` where the file does not say.
    pub precedence: Option<i32>,
}

impl Rule {
    /// The modifier of somebody who is active from `start` to `end`; the label is 0. `None` when it would begin
    /// only after the end.
    pub fn modifier(&self, start: Time, end: Time) -> Option<Modifier> {
        let envelope = Envelope {
            start: start + self.after,
            onset: self.onset,
            end,
            settling: self.settling,
            until: None,
        };
        (envelope.start < end).then_some(Modifier {
            by: Label::NONE,
            operation: self.amount.operation,
            envelope,
            precedence: self.precedence.unwrap_or(0),
        })
    }
}

/// What holds for all modifiers of a list that do not say otherwise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Defaults {
    pub kind: Kind,
    pub after: Span,
    pub onset: Span,
    pub settling: Settling,
}

/// Makes a rule of a definition; `None` when something is wrong with it.
pub(crate) fn rule(
    modifier: &Sited<ModifierDef>,
    defaults: Defaults,
    addresses: &Addresses<'_>,
    report: &mut Report,
) -> Option<Rule> {
    let def = &modifier.def;
    let resolved = addresses.resolve(&def.on);
    let onset = def
        .onset
        .as_ref()
        .map(|d| span(&modifier.part(&["onset"], d.0.clone()), report));
    let settling = def.settling.as_ref();
    let settling = settling.map(|s| curve(&modifier.part(&["settling"], s.clone()), report));
    let written = [
        ("multiply", def.multiply.is_some()),
        ("add", def.add.is_some()),
        ("override", def.r#override.is_some()),
        ("shift", def.shift.is_some()),
    ];
    let written: Vec<&str> = written
        .iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| *name)
        .collect();
    let [operation] = written[..] else {
        let message = match written.is_empty() {
            true => "this modifier does nothing".to_owned(),
            false => format!("this modifier has {} at once", written.join(" and ")),
        };
        let help = "write exactly one of `multiply`, `add`, `override` and `shift`";
        report.error(modifier, &["on"], message, help.to_owned());
        return None;
    };
    let (target, domain) = match resolved {
        Ok(resolved) => resolved,
        Err((message, help)) => {
            report.error(modifier, &["on"], message, help);
            return None;
        }
    };
    let amount = match (def.multiply, &def.add, &def.r#override, &def.shift) {
        (Some(factor), ..) => Amount::multiply(factor),
        (_, Some(text), ..) => Amount::add(&text.0, domain),
        (_, _, Some(text), _) => Amount::override_with(&text.0, domain),
        (_, _, _, Some(text)) => Amount::shift(&text.0, domain),
        // One of them is there, as was seen above.
        (None, None, None, None) => return None,
    };
    let amount = match amount {
        Ok(amount) => amount,
        Err((message, help)) => {
            report.error(modifier, &[operation], message, help);
            return None;
        }
    };
    warn_of_no_effect(modifier, operation, &target, &amount, addresses, report);
    Some(Rule {
        kind: defaults.kind,
        target,
        amount,
        after: defaults.after,
        onset: onset.unwrap_or(Some(defaults.onset))?,
        settling: settling.unwrap_or(Some(defaults.settling))?,
        precedence: def.precedence,
    })
}

fn warn_of_no_effect(
    modifier: &Sited<ModifierDef>,
    operation: &str,
    target: &Target,
    amount: &Amount,
    addresses: &Addresses<'_>,
    report: &mut Report,
) {
    let factor = match amount.operation {
        Operation::Multiply(factor) => factor,
        _ => 1.0,
    };
    let what = &target.address;
    let base = addresses.constant(target);
    let why = match (&target.parameter, base) {
        _ if amount.does_nothing() => format!("`{what}` stays as it is with this"),
        (Parameter::Delay(_), Some(base)) if base <= 0.0 && operation == "multiply" => {
            format!("the delay `{what}` is 0, and stays 0 when it is multiplied")
        }
        (Parameter::Probability(_), Some(base)) if base >= 1.0 && factor > 1.0 => {
            format!("the probability `{what}` is 1 already")
        }
        _ => return,
    };
    report.warning(
        modifier,
        &[operation],
        why,
        "remove it, or write another amount".to_owned(),
    );
}

/// A duration; `None` when it is none.
pub(crate) fn span(text: &Sited<String>, report: &mut Report) -> Option<Span> {
    match duration(&text.def) {
        Ok(span) => Some(span),
        Err(message) => {
            let help = "write a number with a unit, such as `30m`, `12h` or `3d`".to_owned();
            report.error(text, &[], message, help);
            None
        }
    }
}

/// A settling; `None` when something is wrong with it.
pub(crate) fn curve(settling: &Sited<SettlingDef>, report: &mut Report) -> Option<Settling> {
    let SettlingDef::Curve(def) = &settling.def else {
        return Some(Settling::Immediate);
    };
    let (key, text) = match (&def.linear, &def.half_life) {
        (Some(text), None) => ("linear", text),
        (None, Some(text)) => ("half_life", text),
        _ => {
            let help = "write `immediate`, `{linear: 12h}` or `{half_life: 3d}`".to_owned();
            report.error(
                settling,
                &[],
                "a settling is either linear or has a half-life",
                help,
            );
            return None;
        }
    };
    let length = span(&settling.part(&[key], text.0.clone()), report)?;
    if length <= Span(0) {
        report.error(
            settling,
            &[key],
            "a settling takes some time",
            "write `immediate`".to_owned(),
        );
        return None;
    }
    Some(match key {
        "linear" => Settling::Linear(length),
        _ => Settling::Exponential(length),
    })
}
