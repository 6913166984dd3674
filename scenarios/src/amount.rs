//! What a modifier does, as files write it: `multiply: 1.8`, `add: 60/h`, `override: 0.95`, `shift: +0.10`.

use causeflow_engine::base::time::Span;
use causeflow_engine::streams::program::Operation;
use causeflow_models::units::{duration, share, unit_us};

use crate::address::{Domain, Wrong};

/// Larger factors are slips of the pen, and would fill the machine before anybody noticed.
pub(crate) const LARGEST_FACTOR: f64 = 1000.0;

/// An operation and how it reads in a table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Amount {
    /// What it does at full strength; rates are events an hour, delays microseconds.
    pub operation: Operation,
    /// `multiply`, `add`, `override` or `shift`.
    pub name: &'static str,
    /// The number: events an hour for rates, seconds for delays, otherwise as it is.
    pub value: f64,
    /// `per_hour`, `s`, or nothing.
    pub unit: Option<&'static str>,
}

impl Amount {
    /// Whether it leaves every value as it is.
    pub fn does_nothing(&self) -> bool {
        matches!(self.operation, Operation::Multiply(x) if x == 1.0)
            || matches!(self.operation, Operation::Add(x) if x == 0.0)
    }

    /// A factor.
    pub(crate) fn multiply(factor: f64) -> Result<Amount, Wrong> {
        if !(0.0..=LARGEST_FACTOR).contains(&factor) {
            let message = format!("found the factor {factor}, expected 0 to {LARGEST_FACTOR}");
            let help =
                (factor < 0.0).then(|| "to make something less, write a factor below 1".into());
            return Err((message, help));
        }
        Ok(Amount {
            operation: Operation::Multiply(factor),
            name: "multiply",
            value: factor,
            unit: None,
        })
    }

    /// What is added to a parameter.
    pub(crate) fn add(text: &str, domain: Domain) -> Result<Amount, Wrong> {
        let amount = |value: f64, scale: f64, unit| Amount {
            operation: Operation::Add(value * scale),
            name: "add",
            value,
            unit,
        };
        match domain {
            Domain::Rate => Ok(amount(rate(text)?, 1.0, Some("per_hour"))),
            Domain::Delay => Ok(amount(seconds(text)?, 1e6, Some("s"))),
            Domain::Number | Domain::Count => Ok(amount(number(text)?, 1.0, None)),
            Domain::Volume => Err(only_multiplied()),
            Domain::Probability => {
                let message = "`add` is not for probabilities".into();
                Err((message, Some(format!("write `shift: {text}`"))))
            }
        }
    }

    /// What a parameter is instead.
    pub(crate) fn override_with(text: &str, domain: Domain) -> Result<Amount, Wrong> {
        let (value, scale, unit) = match domain {
            Domain::Rate => (rate(text)?, 1.0, Some("per_hour")),
            Domain::Delay => (seconds(text)?, 1e6, Some("s")),
            Domain::Number | Domain::Count => (number(text)?, 1.0, None),
            Domain::Probability => (within(text, 0.0)?, 1.0, None),
            Domain::Volume => return Err(only_multiplied()),
        };
        if value < 0.0 && domain != Domain::Number {
            return Err((
                format!("`{text}` is below 0"),
                Some("write 0 for none at all".into()),
            ));
        }
        Ok(Amount {
            operation: Operation::Override(value * scale),
            name: "override",
            value,
            unit,
        })
    }

    /// What is added to a probability.
    pub(crate) fn shift(text: &str, domain: Domain) -> Result<Amount, Wrong> {
        if domain != Domain::Probability {
            let message = "`shift` is for probabilities only".into();
            let help = match domain {
                Domain::Volume => "write `multiply`",
                _ => "write `add`",
            };
            return Err((message, Some(help.into())));
        }
        let value = within(text, -1.0)?;
        Ok(Amount {
            operation: Operation::Add(value),
            name: "shift",
            value,
            unit: None,
        })
    }
}

fn only_multiplied() -> Wrong {
    let message = "a volume can only be multiplied".to_owned();
    let help = "write `multiply`, or aim at `/rate` or `/probability` alone";
    (message, Some(help.into()))
}

/// Events an hour of `60/h` or `1440/d`.
fn rate(text: &str) -> Result<f64, Wrong> {
    let Some((count, unit)) = text.split_once('/') else {
        return Err(match number(text) {
            Ok(_) => {
                let help = format!("write `{text}/h` or `{text}/d`");
                (format!("the rate `{text}` has no unit"), Some(help))
            }
            Err(_) => {
                let help = "write one such as `60/h`, or `multiply: 1.5` for half as much again";
                let message = format!("`{text}` is not a rate: so many events in some time");
                (message, Some(help.into()))
            }
        });
    };
    let unit = unit.trim();
    let Some(us) = unit_us(unit) else {
        let message = format!("`{unit}` is not a unit of time");
        return Err((message, Some(format!("write `{count}/h` or `{count}/d`"))));
    };
    Ok(number(count)? * (Span::HOUR.0 as f64 / us as f64))
}

/// Seconds of a duration, which may have a sign.
fn seconds(text: &str) -> Result<f64, Wrong> {
    signed_duration(text)
        .map(|span| span.0 as f64 / 1e6)
        .map_err(|message| {
            (
                message,
                Some("write a duration such as `30m` or `2h`".into()),
            )
        })
}

/// A duration with or without a sign.
pub(crate) fn signed_duration(text: &str) -> Result<Span, String> {
    let text = text.trim();
    match text.strip_prefix('-') {
        Some(text) => duration(text).map(|span| Span(-span.0)),
        None => duration(text.strip_prefix('+').unwrap_or(text)),
    }
}

fn number(text: &str) -> Result<f64, Wrong> {
    let number = text.trim().parse::<f64>().ok().filter(|x| x.is_finite());
    number.ok_or_else(|| {
        let message = format!("`{text}` is not a number");
        (message, Some("write a number such as `-1.2`".into()))
    })
}

/// A share from `low` to 1.
fn within(text: &str, low: f64) -> Result<f64, Wrong> {
    let value = share(text).map_err(|message| (message, None))?;
    if (low..=1.0).contains(&value) {
        return Ok(value);
    }
    let message = format!("found {text}, expected {low} to 1");
    let help = match text.trim().ends_with('%') {
        true => Some("a probability is 100% at most".to_owned()),
        false => (value > 1.0).then(|| format!("a share of {text} per cent is `{text}%`")),
    };
    Err((message, help))
}
